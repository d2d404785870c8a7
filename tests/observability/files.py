"""What stands in grafana/: panels, alerts and the names of metrics, read from the files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DASHBOARDS = sorted((ROOT / "grafana/dashboards").glob("*.json"))
ALERTS = ROOT / "grafana/alerts.yml"
ALERT_TESTS = Path(__file__).with_name("alerts_test.yml")
RUNBOOKS = ROOT / "docs/operations.md"
SOURCES = ("broker", "plugins")

METRIC = re.compile(r"\b(?:natter|process)_[a-z0-9_]+")
HISTOGRAM_PART = re.compile(r"_(bucket|count|sum)$")
REGISTERED = re.compile(r'\b(?:counter|gauge|histogram)!\(\s*"([a-z0-9_]+)"')


class Query(NamedTuple):
    """One expression and where it stands."""

    place: str
    expression: str


def panels() -> Iterator[tuple[str, dict]]:
    """Every panel that shows something, with its dashboard's name."""
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            if panel["type"] != "row":
                yield path.stem, panel


def panel_queries() -> Iterator[Query]:
    for dashboard, panel in panels():
        for target in panel["targets"]:
            yield Query(f"{dashboard}: {panel['title']} {target['refId']}", filled_in(target["expr"]))


def filled_in(expression: str) -> str:
    """An expression with Grafana's variables given a value."""
    values = {"$__rate_interval": "15s", "$node": ".*", "$quantile": "0.99"}
    for name, value in values.items():
        expression = expression.replace(name, value)
    return expression


def rules() -> list[dict[str, str]]:
    """The rules: `alert` or `record`, and every other key of one line or one block; the file's layout is ours."""
    found: list[dict[str, str]] = []
    block: list[str] | None = None
    for line in ALERTS.read_text().splitlines():
        if match := re.match(r"      - (alert|record): (\S+)", line):
            found.append({match[1]: match[2]})
            block = None
        elif match := re.match(r"        expr: (.+)", line):
            block = [] if match[1] == "|" else None
            found[-1]["expr"] = "" if match[1] == "|" else match[1]
        elif match := re.match(r"          (runbook|dashboard|summary): (.+)", line):
            found[-1][match[1]] = match[2]
        elif block is not None and line.startswith("          "):
            block.append(line.strip())
            found[-1]["expr"] = " ".join(block)
    return found


def alerts() -> list[dict[str, str]]:
    return [rule for rule in rules() if "alert" in rule]


def metric_names(expression: str) -> set[str]:
    return set(METRIC.findall(expression))


def registered_names() -> set[str]:
    """Names that the code really counts, not only describes."""
    sources = (path for folder in SOURCES for path in (ROOT / folder).rglob("*.rs"))
    return {name for path in sources for name in REGISTERED.findall(path.read_text())}
