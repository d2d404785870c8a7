#!/usr/bin/env python3
"""Counts a suite's tests and holds the list of those that pass against the committed one.

    suite.py junit REPORT.xml LIST.txt       node's and pytest's reports
    suite.py cargo OUTPUT.txt                what `cargo test` printed; no list

The last line printed is `PASSED FAILED`. Exit code 1: something failed, nothing ran, or the committed list names a test
that did not pass. `NATTER_WRITE_LISTS=1` writes the list instead of comparing it.
"""

from __future__ import annotations

import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

CARGO_RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", re.MULTILINE)


def junit_names(report: Path) -> tuple[set[str], set[str]]:
    """The names of the tests that passed, and of those that did not (a skipped one did not)."""
    passed: set[str] = set()
    failed: set[str] = set()
    for case in ElementTree.parse(report).iter("testcase"):
        unhappy = any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
        (failed if unhappy else passed).add(case_name(case))
    return passed - failed, failed


def case_name(case: ElementTree.Element) -> str:
    file = Path(case.get("file") or "").name
    group = file or (case.get("classname") or "").rpartition(".")[2]
    return f"{group}: {case.get('name')}"


def missing(passed: set[str], committed: Path) -> list[str]:
    """Tests that the committed list promises and that did not pass."""
    if os.environ.get("NATTER_WRITE_LISTS") == "1":
        committed.write_text("".join(f"{name}\n" for name in sorted(passed)))
    promised = {line for line in committed.read_text().splitlines() if line and not line.startswith("#")}
    return sorted(promised - passed)


def judge_junit(report: Path, committed: Path) -> bool:
    passed, failed = junit_names(report)
    gone = missing(passed, committed)
    for name in gone:
        print(f"{committed.name} promises a test that did not pass: {name}")
    failures = len(failed | set(gone))
    print(f"{len(passed)} {failures}")
    return bool(passed) and failures == 0


def judge_cargo(output: Path) -> bool:
    results = [tuple(map(int, each)) for each in CARGO_RESULT.findall(output.read_text())]
    passed, failed, ignored = (sum(column) for column in zip(*results)) if results else (0, 0, 0)
    if ignored:
        print(f"{ignored} tests are ignored: that counts as failed")
    print(f"{passed} {failed + ignored}")
    return passed > 0 and failed + ignored == 0


def main() -> int:
    kind, report, *rest = sys.argv[1:]
    good = judge_cargo(Path(report)) if kind == "cargo" else judge_junit(Path(report), Path(rest[0]))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
