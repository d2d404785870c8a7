"""Every panel shows data on a live node, and every panel tells what it shows and where to read on."""

from __future__ import annotations

import math
import re

import pytest

from files import RUNBOOKS, panel_queries, panels


@pytest.mark.parametrize("query", list(panel_queries()), ids=lambda query: query.place)
def test_panel_has_data(prometheus, query):
    values = [float(series["value"][1]) for series in prometheus.query(query.expression)]
    assert any(not math.isnan(value) for value in values), f"no data: {query.expression}"


@pytest.mark.parametrize(("dashboard", "panel"), list(panels()), ids=lambda value: value if isinstance(value, str) else value["title"])
def test_panel_explains_itself(dashboard, panel):
    assert panel["fieldConfig"]["defaults"]["unit"]
    anchor = re.search(r"Runbook: docs/operations\.md#(\w+)$", panel["description"])
    assert anchor, panel["description"]
    headings = {line.removeprefix("### ").lower() for line in RUNBOOKS.read_text().splitlines()}
    assert anchor[1] in headings


def test_panels_do_not_overlap():
    taken: dict[tuple[str, int, int], str] = {}
    for dashboard, panel in panels():
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert x < 24
                assert taken.setdefault((dashboard, x, y), panel["title"]) == panel["title"]
