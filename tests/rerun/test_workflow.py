"""The runner on real runs: it finishes, resumes, survives a failing chapter, and refuses to run twice in one place."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import psutil
import pytest

from fxyd3.files import read_json
from fxyd3.rerun.chapters import CHAPTERS
from fxyd3.rerun.parameters import RunParameters
from fxyd3.rerun.workflow import changed, plan

pytestmark = pytest.mark.slow


def start(out: Path, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "fxyd3", "run", "--data", "twin:tiny", "--out", str(out), *more]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # as in a terminal, wherever the tests run
    )  # fmt: skip


def wait_for(out: Path, step: str, state: str, process: "subprocess.Popen[str]") -> None:
    for _ in range(1200):
        if read_json(out / "status" / f"{step}.json").get("state") == state:
            return
        assert process.poll() is None, f"the run ended before {step} was {state}: {process.stdout.read()}"
        time.sleep(0.1)
    raise AssertionError(f"{step} was never {state}")


def pull_the_plug(process: "subprocess.Popen[str]") -> None:
    """Kill the runner, Snakemake, the step and its kernel at once."""
    runner = psutil.Process(process.pid)
    for running in (runner, *runner.children(recursive=True)):
        running.kill()
    process.communicate()


def test_a_killed_run_goes_on_without_repeating_finished_steps(tmp_path: Path) -> None:
    out = tmp_path / "run"
    first = start(out)
    wait_for(out, "06-scorecard", "running", first)
    pull_the_plug(first)
    assert not (out / "book" / "_build" / "html" / "index.html").exists()
    finished = (out / "notebooks" / "03-cells.ipynb").stat().st_mtime_ns
    study = (out / "stages" / "study.h5ad").stat().st_mtime_ns

    second = start(out)
    said, _ = second.communicate(timeout=600)
    assert second.returncode == 0, said
    assert (out / "notebooks" / "03-cells.ipynb").stat().st_mtime_ns == finished, "the finished chapter was kept"
    assert (out / "stages" / "study.h5ad").stat().st_mtime_ns == study
    assert (out / "book" / "_build" / "html" / "index.html").is_file()

    third = start(out, "--dry-run")
    said, _ = third.communicate(timeout=120)
    assert said.count("is up to date") == len(CHAPTERS)
    steps = {step["step"]: step for step in read_json(out / "provenance.json")["steps"]}
    assert all(step["state"] == "done" for step in steps.values())
    assert steps["03-cells"]["peak_mib"] > 100


def test_two_runs_cannot_share_a_folder(tmp_path: Path) -> None:
    out = tmp_path / "run"
    first = start(out)
    wait_for(out, "03-cells", "running", first)
    second = start(out)
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 2
    assert "Another run is working in" in said
    os.killpg(first.pid, signal.SIGINT)
    first.communicate(timeout=60)
    assert first.returncode == 130


def test_a_failed_chapter_leaves_a_page_that_says_why(tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = start(out, "-p", "min_genes=100000")
    said, _ = process.communicate(timeout=600)
    assert process.returncode == 2, said
    assert "03-cells stopped in cell" in said
    assert "min_genes" in said
    assert "Traceback" not in said
    page = (out / "book" / "_build" / "html" / "chapters" / "03-cells.html").read_text()
    assert "This chapter stopped in cell" in page
    assert "min_genes" in page
    assert (out / "book" / "_build" / "html" / "chapters" / "06-scorecard.html").is_file(), "the others are kept"
    ledger = json.loads((out / "ledger.json").read_text())
    assert {row["claim"] for row in ledger} == {f"C{i}" for i in range(1, 10)}
    assert not list((out / "evidence").glob("*.json"))


def test_a_kernel_that_dies_is_told_apart_from_bad_input(tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = start(out)
    wait_for(out, "03-cells", "running", process)
    kernels: list[psutil.Process] = []
    while not kernels:
        with contextlib.suppress(psutil.NoSuchProcess):  # steps come and go
            running = psutil.Process(process.pid).children(recursive=True)
            steps = [child for child in running if child.cmdline()[-2:] == ["fxyd3.rerun.step", "03-cells"]]
            kernels = [
                kernel for step in steps for kernel in step.children() if "ipykernel_launcher" in kernel.cmdline()
            ]
        time.sleep(0.1)
    time.sleep(6)
    kernels[0].kill()
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 1, said
    assert "03-cells" in said
    assert "too little memory" in said
    page = (out / "book" / "_build" / "html" / "chapters" / "03-cells.html").read_text()
    assert "This chapter stopped while it ran" in page


def test_only_parameters_that_differ_reach_a_chapter() -> None:
    parameters = RunParameters(data="twin:tiny", out="somewhere", min_genes=300)
    assert changed(CHAPTERS["cells"], parameters) == {"data": "twin:tiny", "min_genes": 300}
    assert changed(CHAPTERS["scorecard"], parameters) == {"data": "twin:tiny"}


def test_the_plan_changes_with_the_parameters_of_that_chapter_only() -> None:
    one, other = (plan(RunParameters(min_genes=value))["steps"] for value in (200, 300))
    assert one["03-cells"]["depends_on"] != other["03-cells"]["depends_on"]
    assert one["06-scorecard"]["depends_on"] == other["06-scorecard"]["depends_on"]
