//! What carries publications between natter nodes: the Engine trait
