"""`fxyd3 run`: check everything, let Snakemake run the chapter graph, show progress, write provenance."""

import datetime
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fxyd3.data.assays import ASSAYS, read_assay
from fxyd3.data.sources import fingerprint
from fxyd3.errors import InputError
from fxyd3.files import read_json, write_json
from fxyd3.rerun import report
from fxyd3.rerun.chapters import CHAPTERS, Chapter
from fxyd3.rerun.parameters import NO_CELLS, TABLE_PARAMETERS, RunParameters, StudyParameters, validate
from fxyd3.rerun.provenance import code_hash, digest, machine, versions
from fxyd3.rerun.step import INPUT_ERRORS
from fxyd3.rerun.view import Run, compared, read_data, run_folder, study_key

STATES = {"waiting": "·", "running": "▶", "done": "✔", "left out": "–", "failed": "✘"}
FINISHED = ("done", "left out")


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its folder, what went wrong by step, and whether that was the input alone."""

    out: Path
    errors: Mapping[str, str]
    bad_input: bool = False


def run(values: Mapping[str, Any], *, where: str = "", dry: bool = False) -> Outcome:
    """Run all chapters on some data and build their book.

    Parameters
    ----------
    values
        Parameters by name (see :class:`~fxyd3.rerun.parameters.RunParameters`); those not given keep their default.
    where
        Where the values come from, for messages.
    dry
        Only check the parameters and the data, and print what would be done; nothing is written.

    Returns
    -------
    Outcome
        The folder of the run, and what went wrong by step.

    Raises
    ------
    InputError
        Before any kernel starts: for parameters, data or columns that are wrong, and for a folder in use.

    Examples
    --------
    What would be done with the smallest twin; nothing is written:

    >>> from fxyd3.rerun import run
    >>> outcome = run({"data": "twin:tiny", "out": "my-run"}, dry=True)
    Dry run: nothing is written.
    Run folder: ...my-run
    Data: twin:tiny, 400 cells, ... genes.
    ...
      03-cells: would run with data='twin:tiny'
    ...
    >>> outcome.out.name, outcome.errors
    ('my-run', {})
    """
    parameters = validate(RunParameters, values, where=where)
    if parameters.without_cells and not parameters.own_tables():
        ways = ", ".join(f"--{name}" for name in TABLE_PARAMETERS)
        raise InputError(f"Without cells (data: {NO_CELLS}) there is nothing to run: give a table ({ways}) or --data.")
    out = run_folder(parameters)
    if dry:
        _describe(parameters, out)
        return Outcome(out, {})
    fresh = not out.exists()
    try:
        with _only_run_in(out) as lock:
            return _run(parameters, out, lock)
    except (InputError, OSError):
        if fresh:
            _remove_empty(out)
        raise


def _run(parameters: RunParameters, out: Path, lock: int) -> Outcome:
    from fxyd3.claims import write_ledger

    started = time.time()
    print(f"Run folder: {_short(out)}")
    planned = plan(parameters)
    study = Run(CHAPTERS["cells"], parameters)
    print(f"{study}  ({time.time() - started:.0f} s)")
    _forget_unfinished(out, planned)
    write_json(out / "plan.json", planned)
    code = _snakemake(out, parameters.cores, lock)
    errors, kinds = {}, set()
    for step in (*(c.page for c in CHAPTERS.values()), "book"):
        status = read_json(out / "status" / f"{step}.json")
        if status.get("state") == "failed":
            error = status["error"]
            place = f"stopped in cell {error['cell']}: " if error.get("cell") else ""
            kinds.add(error.get("kind"))
            errors[step] = f"{place}{error['message'].splitlines()[0] if error['message'] else error.get('kind')}"
    if code and not errors:
        errors["run"] = f"Snakemake ended with code {code}; see {_short(out / 'logs' / 'snakemake.log')}"
    write_ledger(out / "evidence", out / "ledger.json")
    _write_provenance(parameters, out, started)
    return Outcome(out, errors, bad_input=bool(kinds) and kinds <= INPUT_ERRORS)


def plan(parameters: StudyParameters) -> dict[str, Any]:
    """Return the chapter graph: for each step its needs, its parameters, and a hash of all it depends on.

    Own assay tables are read for it, and what other runs found: a chapter depends on what they hold.
    """
    from fxyd3.claims import read_ledger

    tables = {name: read_assay(name, path).about for name, path in parameters.tables().items()}
    found = {name: [record.to_dict() for record in read_ledger(path)] for name, path in compared(parameters).items()}
    others = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    steps = {}
    for chapter in CHAPTERS.values():
        own = changed(chapter, parameters)
        hashes = [tables[name]["hash"] for name in tables if ASSAYS[name].parameter in own]
        files = ["cohort", "contrasts", "signatures", "layout", *(["plates"] if "layout" in own else [])]
        hashes += [fingerprint([Path(str(own[name]))]) for name in files if name in own]
        hashes += [others] if chapter.slug == "scorecard" else []
        depends_on = [study_key(parameters), own, digest([chapter.notebook], base=chapter.notebook.parent), hashes]
        steps[chapter.page] = {
            "needs": [CHAPTERS[slug].page for slug in chapter.needs],
            "parameters": own,
            "depends_on": json.dumps(depends_on, sort_keys=True),
        }
    book = json.dumps([report.book_hash(), code_hash()])
    study = [] if parameters.without_cells else ["stages/study.h5ad"]
    return {
        "python": sys.executable, "cwd": str(Path.cwd()), "study": study, "tables": tables, "steps": steps,
        "book_depends_on": book,
    }  # fmt: skip


def changed(chapter: Chapter, parameters: StudyParameters) -> dict[str, Any]:
    """Return a chapter's parameters that differ from its defaults; the folder reaches it by the environment."""
    fields = chapter.parameters.model_fields
    given = parameters.model_dump(include=fields.keys() - {"out"})
    return {name: value for name, value in given.items() if value != fields[name].default}


def _describe(parameters: RunParameters, out: Path) -> None:
    planned = plan(parameters)
    print(f"Dry run: nothing is written.\nRun folder: {_short(out)}")
    if parameters.without_cells:
        print("Data: no cells.")
    else:
        adata, _ = read_data(parameters)
        print(f"Data: {adata.uns['fxyd3']['source']}, {adata.n_obs:,} cells, {adata.n_vars:,} genes.")
    for table in planned["tables"].values():
        print(f"Table: {table['source']}, {table['what']}, {table['rows']:,} rows.")
    left_out = {chapter.page for chapter in CHAPTERS.values() if chapter.cells and parameters.without_cells}
    kept = _up_to_date(out, planned)
    for page, step in planned["steps"].items():
        given = ", ".join(f"{name}={value!r}" for name, value in step["parameters"].items())
        would = "would be left out" if page in left_out else "would run"
        print(f"  {page}: {'is up to date' if page in kept else would}{f' with {given}' if given else ''}")


@contextmanager
def _only_run_in(out: Path) -> Iterator[int]:
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = (out / ".lock").open("w")
    except OSError as error:
        raise InputError(
            f"The run folder {out} cannot be written ({error.strerror}): choose another with --out."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"Another run is working in {out}: wait for it, or choose another folder with --out."
            ) from None
        yield lock.fileno()


def _remove_empty(out: Path) -> None:
    if out.is_dir():
        (out / ".lock").unlink(missing_ok=True)
    for folder in (out / "stages", out):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _up_to_date(out: Path, planned: Mapping[str, Any]) -> set[str]:
    """Return the steps that are finished and depend on what they depended on when they ran, as do those they need."""
    old = read_json(out / "plan.json")
    before = {page: step["depends_on"] for page, step in old.get("steps", {}).items()}
    pages = {page for page, step in planned["steps"].items() if step["depends_on"] == before.get(page)}
    kept = {page for page in pages if _state(out, page) in FINISHED}
    for page, step in planned["steps"].items():  # each after those it needs
        if not kept.issuperset(step["needs"]):
            kept.discard(page)
    same_book = kept == planned["steps"].keys() and old.get("book_depends_on") == planned["book_depends_on"]
    return kept | {"book"} if same_book and _state(out, "book") in FINISHED else kept


def _forget_unfinished(out: Path, planned: Mapping[str, Any]) -> None:
    """Let failed, interrupted and outdated steps run again, and keep the others."""
    kept = _up_to_date(out, planned)
    for step in (*(c.page for c in CHAPTERS.values()), "book"):
        status = out / "status" / f"{step}.json"
        if step not in kept:
            status.unlink(missing_ok=True)
            (out / "notebooks" / f"{step}.ipynb").unlink(missing_ok=True)
            if step == "book":
                report.html(out).unlink(missing_ok=True)


def _state(out: Path, step: str) -> str:
    return str(read_json(out / "status" / f"{step}.json").get("state", "waiting"))


def _snakemake(out: Path, cores: int, lock: int) -> int:
    """Run Snakemake in the run folder; returns its exit code. Ctrl-C ends it and all its steps.

    It holds the folder's lock too: if only this process is killed, no second run starts beside the orphan.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(Path(__file__).with_name("Snakefile")),
               "--configfile", "plan.json", "--cores", str(cores), "--nolock", "--rerun-incomplete", "--keep-going",
               "--rerun-triggers", "params", "input", "--nocolor"]  # fmt: skip
    (out / "logs").mkdir(exist_ok=True)
    with (out / "logs" / "snakemake.log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=out, stdout=log, stderr=subprocess.STDOUT, start_new_session=True, pass_fds=(lock,)
        )
        try:
            _follow(process, out)
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
    return process.returncode


def _follow(process: "subprocess.Popen[Any]", out: Path) -> None:
    """Show one line for each step until Snakemake ends: its state and elapsed time."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    steps = [*(c.page for c in CHAPTERS.values()), "book"]
    console = Console()

    def line(step: str) -> str:
        status = read_json(out / "status" / f"{step}.json")
        state = status.get("state", "waiting")
        seconds = status.get("seconds", time.time() - status.get("started", time.time()))
        return f"  {STATES[state]} {step:<14} {state}" + (f"  {seconds:.0f} s" if state != "waiting" else "")

    if console.is_terminal:
        with Live(console=console, refresh_per_second=4) as live:
            while process.poll() is None:
                live.update(Text("\n".join(map(line, steps))))
                time.sleep(0.25)
            live.update(Text("\n".join(map(line, steps))))
        return
    told: set[str] = set()
    while True:
        ended = process.poll() is not None
        for step in steps:
            if step not in told and _state(out, step) in (*FINISHED, "failed"):
                told.add(step)
                print(line(step), flush=True)
        if ended:
            return
        time.sleep(0.25)


def _write_provenance(parameters: RunParameters, out: Path, started: float) -> None:
    study = read_json(out / "stages" / "study.json")
    tables = read_json(out / "plan.json")["tables"]
    steps = [read_json(out / "status" / f"{step}.json") for step in (*(c.page for c in CHAPTERS.values()), "book")]
    content = {
        "input": study["about"],
        "tables": tables,
        "report": study["report"],
        "parameters": parameters.model_dump(),
        "versions": versions(),
        "machine": machine(),
        "code": code_hash(),
        "started": datetime.datetime.fromtimestamp(started, datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(time.time() - started, 1),
        "steps": [{k: s.get(k) for k in ("step", "state", "seconds", "peak_mib", "error")} for s in steps],
    }
    write_json(out / "provenance.json", content)


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
