"""What all tests share."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

ROOT = Path(__file__).resolve().parents[1]
Fxyd3 = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real public data; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("FXYD3_DATA_DIR", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the real public data are not beside the project; set FXYD3_DATA_DIR to their folder")
    return folder


@pytest.fixture(scope="session")
def fxyd3() -> Fxyd3:
    """The command line, as a user runs it: ``fxyd3("check", path)`` gives the finished process."""

    def call(*arguments: object, cwd: Path | None = None, **environment: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "fxyd3", *map(str, arguments)]
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("FXYD3_RUNS", "FXYD3_OUT"))}
        env = clean | {"COLUMNS": "200", "NO_COLOR": "1"} | environment
        return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, check=False, timeout=900)

    return call


@pytest.fixture(scope="session")
def published(fxyd3: Fxyd3, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of the published book, made once for all tests that read it."""
    out = tmp_path_factory.mktemp("published") / "twin"
    done = fxyd3("run", "--data", "twin", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr + logs(out)
    return out


def logs(out: Path) -> str:
    """What the steps of a run printed, for the message of a failed test."""
    return "\n".join(f"--- {path.name}\n{path.read_text()[-3000:]}" for path in sorted((out / "logs").rglob("*.log")))


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests of a file, and all that read the published book, on one processor: what they share is made once.

    The long ones go first, so that no processor waits for the other at the end.
    """
    groups = {
        item: "book" if {"published", "site"} & set(item.fixturenames) else item.nodeid.partition("::")[0]
        for item in items
    }
    long = {group for item, group in groups.items() if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (groups[item] != "book", groups[item] not in long))
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was skipped and why, as a table."""
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    terminalreporter.section("skipped, and why")
    reasons: dict[str, int] = {}
    for report in skipped:
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason.removeprefix("Skipped: ")] = reasons.get(reason.removeprefix("Skipped: "), 0) + 1
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{count:4d}  {reason}")
