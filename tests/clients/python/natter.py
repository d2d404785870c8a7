"""A natter of the suite's own: free ports, a data folder that is removed afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

CONFIG = Path(__file__).resolve().parent.parent / "natter.toml"
START_ATTEMPTS = 200
START_PAUSE_SECONDS = 0.05


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Natter:
    """One node; `settings` are further NATTER__… variables."""

    def __init__(self, config: Path = CONFIG, settings: dict[str, str] | None = None) -> None:
        self.program = os.path.abspath(os.environ["NATTER_BIN"])
        self.config = config
        self.settings = settings or {}
        self.folder = Path(tempfile.mkdtemp(prefix="natter-python-"))
        self.port = free_port()
        self.internal_port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/connection/websocket"

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def internal(self) -> str:
        return f"http://127.0.0.1:{self.internal_port}"

    def start(self) -> None:
        environment = os.environ | {
            "NATTER__LISTENERS__0__ADDRESS": f"127.0.0.1:{self.port}",
            "NATTER__SERVER__INTERNAL_ADDRESS": f"127.0.0.1:{self.internal_port}",
            "NATTER__SERVER__PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "NATTER__STORE__PATH": str(self.folder / "data"),
        } | self.settings
        with (self.folder / "log").open("ab") as log:
            command = [self.program, "serve", "--config", str(self.config)]
            self.process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        for _ in range(START_ATTEMPTS):
            if self.process.poll() is not None:
                break
            if status(f"{self.internal}/readyz") == 200:
                return
            time.sleep(START_PAUSE_SECONDS)
        raise RuntimeError(f"natter did not become ready:\n{(self.folder / 'log').read_text()}")

    def crash(self) -> None:
        """Ends the process as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def shut_down(self) -> int:
        """Ends the process as an operator would; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def remove(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)


def status(url: str) -> int | None:
    """The status of a GET, None without an answer."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None
