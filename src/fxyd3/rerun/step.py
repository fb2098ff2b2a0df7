"""One step of a run, in a process of its own: ``python -m fxyd3.rerun.step STEP`` in the run folder.

A chapter that fails still ends as a page, which says where and why; the step's status says that it failed.
"""

import copy
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from fxyd3.files import read_json, replacing, write_json
from fxyd3.rerun.chapters import CHAPTERS, Chapter
from fxyd3.rerun.parameters import NO_CELLS

INPUT_ERRORS = {"InputError", "DataError"}  # told in one sentence, so their name is not shown
TIME_LIMIT = 24 * 3600  # seconds for one cell: a large study may take hours, a hung kernel must not take for ever


def main(step: str, out: Path) -> None:
    """Do one step in the run folder ``out`` and write its status."""
    status = out / "status" / f"{step}.json"
    started = time.time()
    write_json(status, {"step": step, "state": "running", "started": started})
    if step == "book":
        from fxyd3.rerun.report import build

        error = build(out)
    else:
        plan = read_json(out / "plan.json")
        chapter = next(c for c in CHAPTERS.values() if c.page == step)
        given = plan["steps"][step]["parameters"]
        if chapter.cells and given.get("data") == NO_CELLS:
            leave_out(chapter, out)
            write_json(status, {"step": step, "started": started, "state": "left out", "seconds": 0.0})
            return
        error = execute(chapter, out, parameters=given, cwd=Path(plan["cwd"]))
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    end: dict[str, Any] = {"state": "failed" if error else "done", "seconds": round(time.time() - started, 1)}
    write_json(status, {"step": step, "started": started, **end, "peak_mib": peak // 1024, "error": error})
    if step == "book" and error:
        raise SystemExit(error["message"])


def execute(chapter: Chapter, out: Path, *, parameters: dict[str, Any], cwd: Path) -> dict[str, Any]:
    """Run a chapter with papermill into ``out/notebooks``; returns what went wrong, or nothing.

    Parameters
    ----------
    chapter
        The chapter.
    out
        The run folder.
    parameters
        Only those that differ from the chapter's defaults; papermill writes them into the page.
    cwd
        The folder that relative paths in the parameters start from.
    """
    import papermill

    forget_evidence(chapter, out)
    os.environ["FXYD3_OUT"] = str(out)
    error: dict[str, Any] = {}
    with replacing(out / "notebooks" / f"{chapter.page}.ipynb") as partial:
        try:
            papermill.execute_notebook(
                chapter.notebook, partial, parameters=parameters, kernel_name="python3", cwd=cwd,
                progress_bar=False, log_output=True, autosave_cell_every=0, execution_timeout=TIME_LIMIT,
            )  # fmt: skip
        except papermill.PapermillExecutionError as failure:
            error = {"cell": failure.exec_count, "kind": failure.ename, "message": failure.evalue}
        except RuntimeError as failure:  # the kernel died: nbclient's DeadKernelError
            error = {"cell": None, "kind": type(failure).__name__,
                     "message": f"{failure} The usual cause is too little memory."}  # fmt: skip
        tidy(partial, error)
    return error


def leave_out(chapter: Chapter, out: Path) -> None:
    """Make the page of a chapter that needs cells in a run without them: its title, and how to give them."""
    import nbformat

    forget_evidence(chapter, out)
    book = nbformat.read(chapter.notebook, as_version=4)
    notice = (
        ":::{note}\n**This run has no cells, so this chapter was left out.** To read it about your own cells, give "
        "them too: `fxyd3 check FILE` says whether they fit, and `fxyd3 run --data FILE` runs it.\n:::"
    )
    book.cells = [*book.cells[:1], nbformat.v4.new_markdown_cell(notice, id="left-out")]
    with replacing(out / "notebooks" / f"{chapter.page}.ipynb") as partial:
        nbformat.write(book, partial)


def forget_evidence(chapter: Chapter, out: Path) -> None:
    """Take away what a chapter found when it ran before."""
    from fxyd3 import claims

    for claim in claims.load_claims().values():
        if claim.chapter == chapter.slug:
            (out / "evidence" / f"{claim.id}.json").unlink(missing_ok=True)


def tidy(path: Path, error: dict[str, Any]) -> None:
    """Take the runner's marks out of an executed notebook, and make a failed one a page that says where and why."""
    import nbformat

    book = nbformat.read(path, as_version=4)
    book.metadata.pop("papermill", None)
    cells = []
    for cell in book.cells:
        if "papermill-error-cell-tag" in cell.metadata.get("tags", []):
            continue
        for mark in ("papermill", "execution"):
            cell.metadata.pop(mark, None)
        failed = any(output.output_type == "error" for output in cell.get("outputs", []))
        if error and failed:
            cell = copy.deepcopy(cell)
            cell.outputs = []
            cells += [cell, nbformat.v4.new_markdown_cell(failure_notice(error), id="stopped-here")]
            break
        cells.append(cell)
    else:
        if error:
            cells = [*cells[:1], nbformat.v4.new_markdown_cell(failure_notice(error), id="stopped-here")]
    book.cells = cells
    nbformat.write(book, path)


def failure_notice(error: dict[str, Any]) -> str:
    """Return the admonition of a chapter that stopped."""
    where = f"in cell {error['cell']}" if error["cell"] else "while it ran"
    told = error["message"][:1].upper() + error["message"][1:]
    kind = "" if error["kind"] in INPUT_ERRORS else f"{error['kind']}: "
    return (
        f":::{{error}}\n**This chapter stopped {where}.** {kind}{told}\n\n"
        "What follows in the chapter was not run, so it is not shown. The other chapters are not affected.\n:::"
    )


if __name__ == "__main__":
    main(sys.argv[1], Path.cwd())
