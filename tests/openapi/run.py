#!/usr/bin/env python3
"""Holds every REST document of a running node against what the node answers.

    NATTER_BIN=natter run.py [PLUGIN ...]

Each operation is called with sound requests (a caller and ids that are there, see `worlds`), with generated ones that
its schema allows, and with generated ones that it does not. No answer may be a 5xx, and each has to be one that the
document describes, in status, media type and schema. Every operation needs a 2xx. The same seed gives the same requests: NATTER_OPENAPI_SEED,
and NATTER_OPENAPI_EXAMPLES for how many.

The last line printed is `PASSED FAILED`, in operations.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

# Read when the library is loaded: it notes things in a folder, which is not to be in the repository.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", tempfile.mkdtemp(prefix="natter-openapi-"))

import requests  # noqa: E402
import schemathesis  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "clients/python"))

from apis import APIS  # noqa: E402
from natter import Natter, free_port  # noqa: E402
from operation import Verdict, judge  # noqa: E402
from worlds import connectnow  # noqa: E402

LIMITS = ("TOKENS", "MESSAGES", "REQUESTS")
"""ChatSDK's limits, which would otherwise answer for the operations."""


def node() -> tuple[Natter, str]:
    """A node with one listener more, which serves everything, and limits that no test meets."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    settings = {
        "NATTER__LISTENERS__1__ADDRESS": f"127.0.0.1:{port}",
        "NATTER__SERVER__PUBLIC_URL": base,
        # What is on disk when is not the question here, and thousands of calls wait for it.
        "NATTER__STORE__DURABILITY": "async",
        "NATTER__WEBHOOKS__ALLOW_HOSTS__0": "127.0.0.1",
        "NATTER__LINK_PREVIEWS__ENABLED": "false",
        "NATTER__PLUGINS__CHATIFY__REGISTRATIONS_PER_MINUTE": "1000000",
        "NATTER__PLUGINS__OPENCHAT__REGISTRATIONS_PER_MINUTE": "1000000",
    }
    settings |= {f"NATTER__PLUGINS__CHATSDK__LIMITS__{name}_PER_MINUTE": "1000000" for name in LIMITS}
    natter = Natter(settings=settings)
    os.environ[connectnow.OUTBOX] = str(natter.folder / "outbox")
    return natter, base


def unlisted(base: str) -> set[str]:
    """Plugins of the node that nobody has listed in `APIS`."""
    document = requests.get(f"{base}/openapi.json", timeout=10).json()
    items = (item for path in document["paths"].values() for item in path.values() if isinstance(item, dict))
    return {item["operationId"].partition("_")[0] for item in items if "operationId" in item} - set(APIS)


def judge_document(base: str, plugin: str) -> list[Verdict]:
    """A verdict for each operation of a plugin's document."""
    schema = schemathesis.openapi.from_url(f"{base}/openapi/{plugin}.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    return [judge(base, operation, APIS[plugin]) for operation in operations]


def convicts(base: str) -> bool:
    """Whether a document that says something else than the node is found guilty, so that an acquittal means something."""
    document = requests.get(f"{base}/openapi/chatsdk.json", timeout=10).json()
    path = "/api/channels/unread-count"
    wrong = document | {"paths": {path: document["paths"][path]}}
    wrong["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"] = {"type": "string"}
    (operation,) = (result.ok() for result in schemathesis.openapi.from_dict(wrong).get_all_operations())
    return bool(judge(base, operation, APIS["chatsdk"]).problems())


def report(plugin: str, verdicts: list[Verdict], seconds: float) -> int:
    """Prints what there is to say of a plugin; answers with the number of operations that failed."""
    calls = sum(verdict.calls for verdict in verdicts)
    print(f"\n{plugin}: {len(verdicts)} operations, {calls} calls in {seconds:.0f} s", flush=True)
    for verdict in verdicts:
        print(f"  {verdict.line()}")
        for problem in verdict.problems():
            print("    " + problem.replace("\n", "\n      "))
    return sum(1 for verdict in verdicts if verdict.problems())


def main(plugins: list[str]) -> int:
    # Whoever ends this ends the node with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    natter, base = node()
    passed = failed = 0
    try:
        natter.start()
        if not convicts(base):
            print("a document that is wrong has been acquitted")
            failed += 1
        for plugin in unlisted(base):
            print(f"{plugin} has operations, but no line in apis.py")
            failed += 1
        for plugin in plugins or APIS:
            started = time.monotonic()
            verdicts = judge_document(base, plugin)
            bad = report(plugin, verdicts, time.monotonic() - started)
            passed, failed = passed + len(verdicts) - bad, failed + bad + (not verdicts)
    finally:
        natter.remove()
        shutil.rmtree(os.environ["HYPOTHESIS_STORAGE_DIRECTORY"], ignore_errors=True)
    print(f"{passed} {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
