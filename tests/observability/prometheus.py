"""A Prometheus of the suite's own: it scrapes one natter every second and has natter's rules."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from natter import free_port, status

GRAFANA = Path(__file__).resolve().parents[2] / "grafana"
START_ATTEMPTS = 200
START_PAUSE_SECONDS = 0.1
SCRAPES_NEEDED = 12
CONFIG = """
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [ "%(rules)s" ]
scrape_configs:
  - job_name: natter
    static_configs: [ { targets: [ "127.0.0.1:%(target)d" ] } ]
"""


class Prometheus:
    """Runs while the context is open."""

    def __init__(self, target: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="natter-prometheus-"))
        self.port = free_port()
        config = self.folder / "prometheus.yml"
        config.write_text(CONFIG % {"rules": GRAFANA / "alerts.yml", "target": target})
        self.command = [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        ]

    def __enter__(self) -> Prometheus:
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        for _ in range(START_ATTEMPTS):
            if status(f"http://127.0.0.1:{self.port}/-/ready") == 200:
                return self
            time.sleep(START_PAUSE_SECONDS)
        raise RuntimeError(f"Prometheus did not start:\n{(self.folder / 'log').read_text()}")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query; raises with Prometheus' own words when it is refused."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{expression}: {json.load(error)['error']}") from error

    def has_seen_enough(self) -> bool:
        """Whether there are scrapes enough for every rate."""
        result = self.query("count_over_time(natter_build_info[5m])")
        return bool(result) and float(result[0]["value"][1]) >= SCRAPES_NEEDED

    def names(self) -> set[str]:
        """Names of all metrics that have been seen."""
        url = f"http://127.0.0.1:{self.port}/api/v1/label/__name__/values"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return set(json.load(answer)["data"])
