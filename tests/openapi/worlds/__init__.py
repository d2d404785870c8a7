"""One module for each document: the world of its operations."""
