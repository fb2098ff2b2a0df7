"""The runner on real runs: it finishes, resumes, survives a failing chapter, and refuses to run twice in one place."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
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


@dataclass
class Ended:
    """How a run ended: its exit code, what it said, and what stood in its folder then."""

    code: int
    said: str
    page: str
    ledger: list[dict[str, object]]
    evidence: set[str]


def ended(out: Path, process: "subprocess.Popen[str]", *, within: int = 600) -> Ended:
    said, _ = process.communicate(timeout=within)
    page = out / "book" / "_build" / "html" / "chapters" / "03-cells.html"
    found = {path.stem for path in (out / "evidence").glob("*.json")}
    return Ended(process.returncode, said, page.read_text(), json.loads((out / "ledger.json").read_text()), found)


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """The first of the runs that go on in one folder, each from where the one before stopped: no cell is kept."""
    out = tmp_path_factory.mktemp("workflow") / "run"
    return out, ended(out, start(out, "-p", "min_genes=100000"))


@pytest.fixture(scope="module")
def interrupted(failed: tuple[Path, Ended]) -> tuple[Path, int, "subprocess.CompletedProcess[str]"]:
    """The second, stopped from the keyboard; meanwhile another was started in the same folder."""
    out, _ = failed
    process = start(out)
    wait_for(out, "03-cells", "running", process)
    other = start(out)
    said, _ = other.communicate(timeout=60)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    return out, process.returncode, subprocess.CompletedProcess(other.args, other.returncode, said)


@pytest.fixture(scope="module")
def died(interrupted: tuple[Path, int, "subprocess.CompletedProcess[str]"]) -> tuple[Path, Ended]:
    """The third, whose kernel was killed while it read the cells, as by a system that is out of memory."""
    out, *_ = interrupted
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
    return out, ended(out, process, within=300)


def test_a_failed_chapter_leaves_a_page_that_says_why(failed: tuple[Path, Ended]) -> None:
    out, run = failed
    assert run.code == 2, run.said
    assert "03-cells stopped in cell" in run.said
    assert "min_genes" in run.said
    assert "Traceback" not in run.said
    assert "This chapter stopped in cell" in run.page
    assert "min_genes" in run.page
    assert (out / "book" / "_build" / "html" / "chapters" / "06-scorecard.html").is_file(), "the others are kept"
    assert {row["claim"] for row in run.ledger} == {f"C{i}" for i in range(1, 10)}
    assert not {"C2", "C3", "C5"} & run.evidence


def test_two_runs_cannot_share_a_folder(
    interrupted: tuple[Path, int, "subprocess.CompletedProcess[str]"],
) -> None:
    _, first, second = interrupted
    assert second.returncode == 2
    assert "Another run is working in" in second.stdout
    assert first == 130


def test_a_kernel_that_dies_is_told_apart_from_bad_input(died: tuple[Path, Ended]) -> None:
    _, run = died
    assert run.code == 1, run.said
    assert "03-cells" in run.said
    assert "too little memory" in run.said
    assert "This chapter stopped while it ran" in run.page


def test_a_killed_run_goes_on_without_repeating_finished_steps(died: tuple[Path, Ended]) -> None:
    out, _ = died

    def written() -> dict[str, int]:
        kept = [*(out / "notebooks").glob("0[1-5]*.ipynb"), out / "stages" / "study.h5ad"]
        return {path.name: path.stat().st_mtime_ns for path in kept}

    begun = time.time_ns()
    first = start(out)
    wait_for(out, "06-scorecard", "running", first)
    pull_the_plug(first)
    book = out / "book" / "_build" / "html"
    assert not (book / "index.html").exists(), "the book of the run before was no longer true"
    finished = written()
    assert {name for name, at in finished.items() if at > begun} >= {"03-cells.ipynb", "04-tolerance.ipynb"}
    assert finished["02-enrichment.ipynb"] < begun, "what three runs before had finished was kept"

    second = start(out)
    said, _ = second.communicate(timeout=600)
    assert second.returncode == 0, said
    assert written() == finished
    assert (book / "index.html").is_file()
    assert "This chapter stopped" not in (book / "chapters" / "03-cells.html").read_text()

    third = start(out, "--dry-run")
    said, _ = third.communicate(timeout=120)
    assert said.count("is up to date") == len(CHAPTERS)
    steps = {step["step"]: step for step in read_json(out / "provenance.json")["steps"]}
    assert all(step["state"] == "done" for step in steps.values())
    assert steps["03-cells"]["peak_mib"] > 100


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
    other = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, check=True, timeout=120).stdout
    kept = {chapter.page for chapter in CHAPTERS.values() if f"{chapter.page}: is up to date" in other}
    announced = {chapter.page for chapter in CHAPTERS.values()} - kept
    assert announced == {"02-enrichment", "06-scorecard"}, "the chapter on wells, and the one that reads its evidence"
    subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    assert {page for page, time in written().items() if time != before[page]} == announced


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
