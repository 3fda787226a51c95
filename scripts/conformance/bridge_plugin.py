"""pytest plugin of `npm run conformance`: puts bridge_engine in the place of coremltools' native module, makes coremltools take this machine for
a recent Mac, and writes down the outcome of every test that asked for a prediction or was refused something."""
import hashlib
import json
import os
import sys
from pathlib import Path

import bridge_engine
import classic
import pytest

sys.modules["coremltools.libcoremlpython"] = bridge_engine
if "BRIDGE_CLASSIC" in os.environ:
    classic.provide(Path(os.environ["BRIDGE_CLASSIC"]))
import coremltools  # noqa: E402, F401
import coremltools._deps  # noqa: E402, F401
import coremltools.models.utils  # noqa: E402, F401

MAC = {"_is_macos": lambda: True, "_macos_version": lambda: (26, 0), "_IS_MACOS": True}
for name, module in list(sys.modules.items()):
    if name.split(".")[0] == "coremltools":
        for attribute in MAC.keys() & vars(module).keys():
            setattr(module, attribute, MAC[attribute])


def pytest_collection_modifyitems(config, items):
    share = float(os.environ.get("BRIDGE_SAMPLE", "1"))
    if share >= 1:
        return
    chosen = lambda item: int(hashlib.sha1(item.nodeid.encode()).hexdigest()[:8], 16) < share * 2**32
    config.hook.pytest_deselected(items=[item for item in items if not chosen(item)])
    items[:] = filter(chosen, items)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    counts = bridge_engine.counts
    counts["asked"], counts["refused"] = 0, []
    yield
    item.user_properties.append(("bridge", {"asked": counts["asked"], "refused": counts["refused"][:1]}))


def pytest_runtest_logreport(report):
    if os.environ.get("PYTEST_XDIST_WORKER") or report.when not in ("call", "???"):
        return
    seen = dict(report.user_properties).get("bridge", {"asked": 0, "refused": []})
    refused = "".join(seen["refused"])
    died = report.when == "???"
    if not (seen["asked"] or refused or died):
        return
    outcome, reason = report.outcome, ""
    if report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        reason = refused or (crash.message if crash else str(report.longrepr))
    elif report.skipped:
        outcome = "xfailed" if hasattr(report, "wasxfail") else "skipped"
    elif refused:
        # The test caught the error and went on.
        outcome, reason = "failed", f"refused, and the test went on without: {refused}"
    with open(os.environ["BRIDGE_RESULTS"], "a") as file:
        file.write(json.dumps({"test": report.nodeid, "outcome": outcome, "reason": reason[:2000]}) + "\n")
