"""A run as a chapter sees it: parameters, study, assay tables, stages, evidence."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import threadpoolctl

from fxyd3.data.assays import ASSAYS, AssayTable, assay_kind, data_label, read_assay, twin_assay
from fxyd3.data.report import Report
from fxyd3.errors import InputError
from fxyd3.files import read_json, replacing, write_json
from fxyd3.paths import book_file, runs_root
from fxyd3.rerun.chapters import CHAPTERS, Chapter, chapter, claim_links
from fxyd3.rerun.parameters import StudyParameters, unknown_name, validate
from fxyd3.rerun.provenance import code_hash, versions

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from fxyd3.claims import Evidence, Record, Scorecard

NO_STUDY = {"source": "", "hash": "", "simulated": False, "cells": 0, "genes": 0, "select": ""}
_begun: set[str] = set()


def begin(slug: str, namespace: Mapping[str, object]) -> "Run":
    """Check a chapter's parameters and open its run; the cell right after the parameters calls it.

    Parameters
    ----------
    slug
        The chapter, for example ``"cells"``.
    namespace
        The notebook's ``globals()``. A plain value in it that is no parameter is a misspelt one (papermill only warns).

    Returns
    -------
    Run
        In the folder that the parameters, the runner, or the name of the data say.

    Raises
    ------
    InputError
        For an unknown chapter or parameter, a wrong type, or a value out of range.

    Examples
    --------
    In a notebook ``globals()`` takes the place of the dictionary; nothing is read yet:

    >>> from fxyd3.rerun import begin
    >>> run = begin("cells", {"data": "twin:tiny", "out": "my-run"})
    >>> run.out.name, run.parameters.data
    ('my-run', 'twin:tiny')
    """
    from fxyd3.rerun.figures import keep_figures

    _one_blas_thread()
    _show_tables_whole()
    this = chapter(slug)
    known = this.parameters.model_fields
    if slug not in _begun:
        plain = (str, int, float, bool, list, dict)
        given = {k: v for k, v in namespace.items() if not k.startswith("_") and type(v) in plain}
        for name in given.keys() - known.keys() - {"In", "Out"}:
            raise InputError(unknown_name(name, known))
        _begun.add(slug)
    run = Run(this, validate(this.parameters, {k: namespace[k] for k in known if k in namespace}))
    keep_figures(run.out / "figures")
    return run


def _one_blas_thread() -> None:
    """Do linear algebra on one thread: matrices are small here, and threads that wait for each other took longer."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # for libraries that are not loaded yet
    threadpoolctl.threadpool_limits(1, user_api="blas")


def _show_tables_whole() -> None:
    """Let tables on a page show whole sentences, and a dash where there is nothing."""
    import pandas as pd
    from IPython.core.getipython import get_ipython

    pd.set_option("display.max_colwidth", None)
    display = getattr(get_ipython(), "display_formatter", None)
    if display is not None:
        display.formatters["text/html"].for_type(pd.DataFrame, lambda table: table.to_html(na_rep="–", notebook=True))


def run_folder(parameters: StudyParameters) -> Path:
    """Return the folder of a run: the one named, else the runner's, else ``runs/`` and the name of the data."""
    named = parameters.out or os.environ.get("FXYD3_OUT", "")
    if named:
        return Path(named).expanduser().resolve()
    first = next(iter(parameters.tables().values()), "") if parameters.without_cells else ""
    first = first or parameters.data.split(",")[0].strip()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(first).name).strip("-.") or "data"
    return runs_root() / name


class Run:
    """One chapter's view of a run.

    Attributes
    ----------
    parameters
        The checked parameters.
    out
        The run folder: ``stages/`` (h5ad), ``evidence/`` (JSON), and what the runner adds.

    Examples
    --------
    What a chapter does with its run, here on the smallest twin:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.rerun import begin
    >>> with TemporaryDirectory() as folder:
    ...     run = begin("cells", {"data": "twin:tiny", "out": folder})
    ...     study, label = run.study(), run.label
    ...     print(run.stage("study").name, run.stage("study").is_file())
    study.h5ad True
    >>> study.n_obs, label
    (400, 'Simulated data (twin)')
    """

    def __init__(self, this: Chapter, parameters: StudyParameters) -> None:
        self.chapter = this
        self.parameters = parameters
        self.out = run_folder(parameters)
        self._assays: dict[str, AssayTable | None] = {}

    @property
    def about(self) -> dict[str, Any]:
        """What is known of the input: source, hash, simulated, cells, genes; without cells, of the own tables."""
        tables = self.tables.values() if self.parameters.without_cells else ()
        self._ensure_study()
        about: dict[str, Any] = read_json(self.out / "stages" / "study.json")["about"]
        if self.parameters.without_cells:
            about["source"] = ", ".join(table["source"] for table in tables) or "nothing"
            about["hash"] = " ".join(table["hash"] for table in tables)
            about["simulated"] = any(table["simulated"] for table in tables)
        return about

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        """What is known of the reader's own assay tables: by kind, as in `AssayTable.about`.

        A chapter that takes no tables knows those of the run.
        """
        own = {name: table.about for name in self.parameters.tables() if (table := self.assay(name))}
        return own or read_json(self.out / "plan.json").get("tables", {})

    @property
    def label(self) -> str:
        """What every figure on the cells carries: where its data come from, and whether they are simulated."""
        about = self.about
        return data_label(about["source"], simulated=about["simulated"])

    def assay(self, name: str) -> AssayTable | None:
        """Return an assay table: the reader's own, else the twin's if the data are the twin, else None.

        The twin's table and its files are written into the run's stages and read as any other.

        Parameters
        ----------
        name
            A kind of :data:`fxyd3.data.assays.ASSAYS`, whose parameter this chapter has.

        Raises
        ------
        InputError
            When there is no such kind, or the table does not keep its schema.
        """
        if name not in self._assays:
            path = self.parameters.tables().get(assay_kind(name).name) or self._twin_assay(name)
            self._assays[name] = read_assay(name, path) if path else None
        return self._assays[name]

    def _twin_assay(self, name: str) -> Path | None:
        twin, *words = self.parameters.data.split(":")
        if twin != "twin":
            return None
        null = "null" in words
        key = [self.parameters.seed, null, code_hash()]
        folder = self.out / "stages" / name
        kept = read_json(folder.with_suffix(".json"))
        if kept.get("key") == key and (folder / kept["table"]).is_file():
            return folder / str(kept["table"])
        path = twin_assay(name, seed=self.parameters.seed, null=null).write(folder)
        write_json(folder.with_suffix(".json"), {"key": key, "table": path.name})
        return path

    def study(self) -> "AnnData | None":
        """Return the prepared study (raw counts in ``X``); it is made and kept on disk if it is not there yet.

        None in a run without cells.

        Raises
        ------
        InputError
            When the data cannot be read or do not keep the input contract.
        """
        import anndata

        made = self._ensure_study()
        if made is None and not self.parameters.without_cells:
            made = anndata.read_h5ad(self.stage("study"))
        return made

    def _ensure_study(self) -> "AnnData | None":
        if self.parameters.without_cells:
            self.stage("study").unlink(missing_ok=True)
            write_json(self.out / "stages" / "study.json", {"about": NO_STUDY, "report": Report("").to_dict()})
            return None
        key = study_key(self.parameters)
        if read_json(self.out / "stages" / "study.json").get("key") == key and self.stage("study").is_file():
            return None
        adata, report = read_data(self.parameters)
        about = {k: adata.uns["fxyd3"][k] for k in ("source", "hash", "simulated", "counts_from", "symbols", "select")}
        about |= {"cells": adata.n_obs, "genes": adata.n_vars}
        self.save(adata, "study")
        write_json(self.out / "stages" / "study.json", {"key": key, "about": about, "report": report.to_dict()})
        return adata

    def stage(self, name: str) -> Path:
        """Return the path of a stage file."""
        return self.out / "stages" / f"{name}.h5ad"

    def save(self, adata: "AnnData", name: str) -> Path:
        """Write a stage file, whole or not at all; returns its path."""
        with replacing(self.stage(name)) as partial:
            adata.write_h5ad(partial, compression="lzf")
        if name != "study":
            made_from = read_json(self.out / "stages" / "study.json").get("key")
            write_json(self.stage(name).with_suffix(".json"), {"key": made_from})
        return self.stage(name)

    def grouped(self) -> "AnnData | None":
        """Return the tumour cells with their groups, as chapter 3 left them; it runs now if they are not there yet.

        None in a run without cells.

        Raises
        ------
        InputError
            When chapter 3 stopped; its page says why.
        """
        import anndata

        if self.parameters.without_cells:
            return None
        self._ensure_study()
        made_from = read_json(self.out / "stages" / "study.json")["key"]
        if read_json(self.out / "stages" / "cells.json").get("key") != made_from or not self.stage("cells").is_file():
            page = CHAPTERS["cells"].page
            status = self.out / "status" / f"{page}.json"
            if read_json(status).get("state") != "failed":
                self._run_now(page)
            if error := read_json(status).get("error"):
                raise InputError(f"The groups of cells are not there, for chapter {page} stopped: {error['message']}")
        return anndata.read_h5ad(self.stage("cells"))

    def _run_now(self, page: str) -> None:
        from fxyd3.rerun.workflow import plan

        write_json(self.out / "plan.json", plan(self.parameters))
        step = [sys.executable, "-m", "fxyd3.rerun.step", page]
        subprocess.run(step, cwd=self.out, capture_output=True, check=True)  # noqa: S603

    def record(self, evidence: "Evidence", assay: AssayTable | None = None) -> "Record":
        """Decide a claim by its rule and keep the evidence as ``evidence/<claim>.json``; shows the verdict.

        Parameters
        ----------
        evidence
            What the chapter found.
        assay
            The table that it rests on; None: the cells.
        """
        from fxyd3 import claims

        about = self.about | (assay.about if assay else {})
        context = {k: about[k] for k in ("source", "simulated", "hash")}
        context |= {"versions": versions(), "choices": self.parameters.choices()}
        return claims.record(evidence, self.out / "evidence", context)

    def scorecard(self) -> "Scorecard":
        """Return the nine claims with what this run and those it is compared with found.

        A chapter without evidence in this folder runs now.

        Raises
        ------
        InputError
            When a run to compare with is not there.
        """
        from fxyd3 import claims

        found = {record.evidence.claim for record in claims.ledger(self.out / "evidence")}
        for needed in (CHAPTERS[slug] for slug in self.chapter.needs):
            own = {claim.id for claim in claims.load_claims().values() if claim.chapter == needed.slug}
            tried = (self.out / "status" / f"{needed.page}.json").is_file()
            if own and not tried and not own & found:
                self._run_now(needed.page)
        runs = {"this run": claims.ledger(self.out / "evidence")}
        runs |= {name: claims.read_ledger(path) for name, path in compared(self.parameters).items()}
        return claims.Scorecard(runs, claim_links())

    def findings(self, *, cells: bool = True) -> "pd.DataFrame":
        """Return what was recognised and mended in the assay tables, and in the cells, when they were read."""
        import pandas as pd

        found: list[dict[str, str]] = []
        if cells:
            self._ensure_study()
            found = read_json(self.out / "stages" / "study.json")["report"]["findings"]
        asked = [kind.name for kind in ASSAYS.values() if kind.parameter in self.chapter.parameters.model_fields]
        tables = self.tables | {name: table.about for name in asked if (table := self.assay(name))}
        found = sum((table["findings"] for table in tables.values()), found)
        rows = [list(finding.values()) for finding in found]
        return pd.DataFrame(rows, columns=["", "found", "what you can do"]).set_index("")

    def versions(self) -> "pd.DataFrame":
        """Return the versions this page ran with."""
        import pandas as pd

        return pd.DataFrame(versions().items(), columns=["package", "version"]).set_index("package")

    def _repr_markdown_(self) -> str:
        about = self.about
        chosen = f", the cells with `{about['select']}`" if about["select"] else ""
        cells = f"{_kind(about)}: {about['source']}{chosen}. {about['cells']:,} cells, {about['genes']:,} genes."
        tables = [f"{_kind(table)}: {table['source']}. A {table['what']}." for table in self.tables.values()]
        return " ".join([cells if about["cells"] else "No cells were given.", *tables])

    def __repr__(self) -> str:
        return self._repr_markdown_().replace("**", "").replace("`", "")


def compared(parameters: StudyParameters) -> dict[str, Path]:
    """Return the runs that the scorecard sets beside this one, by name: those named, else those kept with the book."""
    named = [Path(part.strip()).expanduser() for part in getattr(parameters, "compare", "").split(",") if part.strip()]
    paths = named or sorted(book_file("data", "ledgers").glob("*.json"))
    return {path.parent.name if path.name == "ledger.json" else path.stem: path for path in paths}


def _kind(about: Mapping[str, Any]) -> str:
    return "**Simulated** data" if about["simulated"] else "Measured data"


def read_data(parameters: StudyParameters) -> "tuple[AnnData, Report]":
    """Read and prepare the data that the parameters name; see :func:`fxyd3.data.load`."""
    from fxyd3.data import load

    p = parameters
    return load(p.data, genes=p.genes, obs=p.obs, roles=p.roles(), select=p.select, seed=p.seed)


def study_key(parameters: StudyParameters) -> str:
    """Return what the study stage depends on, as one hash: the input files, how they are read, and the code.

    Files are told by path, size and time of change, so that a large one is not read again to find it unchanged.
    """
    files = []
    for name in {parameters.data, *parameters.data.split(","), parameters.genes, parameters.obs}:
        path = Path(name.strip()).expanduser()
        if name.strip() and path.exists():
            inside = [path, *sorted(path.rglob("*"))] if path.is_dir() else [path]
            files += [(str(p.resolve()), p.stat().st_size, p.stat().st_mtime_ns) for p in inside]
    how = parameters.model_dump(include={"data", "genes", "obs", "select", "seed"}) | parameters.roles()
    return hashlib.sha256(json.dumps([how, sorted(files), code_hash()], sort_keys=True).encode()).hexdigest()
