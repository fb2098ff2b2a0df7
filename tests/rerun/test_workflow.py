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

from fxyd3.data.simulate import limiting_dilution
from fxyd3.files import read_json
from fxyd3.rerun import workflow
from fxyd3.rerun.chapters import CHAPTERS, Chapter
from fxyd3.rerun.parameters import EnrichmentParameters, RunParameters, validate
from fxyd3.rerun.workflow import changed, plan

pytestmark = pytest.mark.slow


def start(out: Path, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "fxyd3", "run", "--data", "twin:tiny", "--out", str(out), *more]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # as in a terminal, wherever the tests run
    )  # fmt: skip


def wait_for(out: Path, step: str, state: str, process: "subprocess.Popen[str]") -> None:
    for _ in range(6000):
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
    assert not {"C2", "C3", "C5"} & {path.stem for path in (out / "evidence").glob("*.json")}


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


def test_wells_alone_make_a_book_whose_chapters_on_cells_say_what_they_wait_for(tmp_path: Path) -> None:
    wells, out = tmp_path / "mine.csv", tmp_path / "run"
    limiting_dilution(seed=7).table.to_csv(wells, index=False)
    command = [sys.executable, "-m", "fxyd3", "run", "--wells", str(wells), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = out / "book" / "_build" / "html" / "chapters"
    assert "left out" in (pages / "03-cells.html").read_text()
    front = (pages / "index.html").read_text()
    assert "rerun on measured data" in front
    assert "mine.csv" in front
    assert "No cells were given" in front
    assert not {"C2", "C3", "C5"} & {path.stem for path in (out / "evidence").glob("*.json")}
    told = read_json(out / "provenance.json")
    assert told["input"]["cells"] == 0
    assert told["tables"]["limiting_dilution"]["source"] == "mine.csv"
    assert {step["step"]: step["state"] for step in told["steps"]}["03-cells"] == "left out"

    again = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, check=True, timeout=120)
    assert again.stdout.count("is up to date") == len(CHAPTERS)

    def written() -> dict[str, int]:
        return {
            chapter.page: (out / "notebooks" / f"{chapter.page}.ipynb").stat().st_mtime_ns
            for chapter in CHAPTERS.values()
        }

    before = written()
    limiting_dilution(seed=8).table.to_csv(wells, index=False)
    subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    changed_pages = {page for page, time in written().items() if time != before[page]}
    assert changed_pages == {"02-enrichment", "06-scorecard"}, (
        "the chapter on wells, and the one that reads its evidence"
    )


def test_only_parameters_that_differ_reach_a_chapter() -> None:
    parameters = RunParameters(data="twin:tiny", out="somewhere", min_genes=300)
    assert changed(CHAPTERS["cells"], parameters) == {"data": "twin:tiny", "min_genes": 300}
    assert changed(CHAPTERS["scorecard"], parameters) == {"data": "twin:tiny"}


def test_the_plan_changes_with_the_parameters_of_that_chapter_only() -> None:
    one, other = (plan(RunParameters(min_genes=value))["steps"] for value in (200, 300))
    assert one["03-cells"]["depends_on"] != other["03-cells"]["depends_on"]
    assert one["06-scorecard"]["depends_on"] == other["06-scorecard"]["depends_on"]


def test_a_changed_table_runs_the_chapters_again_that_take_it_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    takes = Chapter("enrichment", "06-scorecard", EnrichmentParameters)
    monkeypatch.setattr(workflow, "CHAPTERS", {"enrichment": takes, "cells": CHAPTERS["cells"]})
    wells = tmp_path / "mine.csv"

    def planned() -> dict[str, str]:
        steps = plan(validate(RunParameters, {"wells": str(wells), "data": "twin"}))["steps"]
        return {page: step["depends_on"] for page, step in steps.items()}

    limiting_dilution(seed=7).table.to_csv(wells, index=False)
    first = planned()
    os.utime(wells, ns=(1, 1))
    assert planned() == first, "what it holds counts, not when it was written"
    limiting_dilution(seed=8).table.to_csv(wells, index=False)
    other = planned()
    assert other["06-scorecard"] != first["06-scorecard"]
    assert other["03-cells"] == first["03-cells"]
