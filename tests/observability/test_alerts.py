"""Alerts ask for metrics that exist, have a runbook, a test that fires them and one that does not, and are quiet here."""

from __future__ import annotations

import re

import pytest

from files import ALERT_TESTS, DASHBOARDS, HISTOGRAM_PART, RUNBOOKS, alerts, metric_names, registered_names, rules

NAMES = [alert["alert"] for alert in alerts()]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_expression_is_answered(prometheus, rule):
    prometheus.query(rule["expr"])


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_metrics_exist(prometheus, rule):
    known = prometheus.names() | registered_names()
    for name in metric_names(rule["expr"]):
        assert name in known or HISTOGRAM_PART.sub("", name) in known, f"nothing counts {name}"


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_alert_has_summary_runbook_and_dashboard(alert):
    assert alert["summary"]
    anchor = re.fullmatch(r"docs/operations\.md#(\w+)", alert["runbook"])
    assert anchor and anchor[1] == alert["alert"].lower()
    assert f"### {alert['alert']}" in RUNBOOKS.read_text().splitlines()
    assert alert["dashboard"] in {path.stem for path in DASHBOARDS}


@pytest.mark.parametrize("name", NAMES)
def test_alert_is_tested_both_ways(name):
    tests = ALERT_TESTS.read_text()
    assert f"name: {name} fires" in tests
    assert name == "NatterWatchdog" or f"name: {name} stays silent" in tests


def test_a_healthy_node_fires_nothing_but_the_watchdog(prometheus):
    firing = {series["metric"]["alertname"] for series in prometheus.query('ALERTS{alertstate="firing"}')}
    assert firing == {"NatterWatchdog"}
