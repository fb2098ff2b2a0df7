"""A run as a chapter sees it: parameters, study, stages, evidence."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fxyd3.errors import InputError
from fxyd3.files import read_json, replacing, write_json
from fxyd3.paths import runs_root
from fxyd3.rerun.chapters import CHAPTERS, Chapter, chapter
from fxyd3.rerun.parameters import StudyParameters, unknown_name, validate
from fxyd3.rerun.provenance import code_hash, versions

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from fxyd3.claims import Evidence, Record
    from fxyd3.data import Report

_begun: set[str] = set()


def begin(slug: str, namespace: Mapping[str, object]) -> "Run":
    """Check a chapter's parameters and open its run; the cell right after the parameters calls it.

    Parameters
    ----------
    slug
        The chapter, for example ``"cells"``.
    namespace
        The notebook's ``globals()``. A plain value in it that is no parameter is a misspelt one (papermill only warns).

    Raises
    ------
    InputError
        For an unknown chapter or parameter, a wrong type, or a value out of range.
    """
    _show_tables_whole()
    this = chapter(slug)
    known = this.parameters.model_fields
    if slug not in _begun:
        plain = (str, int, float, bool, list, dict)
        given = {k: v for k, v in namespace.items() if not k.startswith("_") and type(v) in plain}
        for name in given.keys() - known.keys() - {"In", "Out"}:
            raise InputError(unknown_name(name, known))
        _begun.add(slug)
    return Run(this, validate(this.parameters, {k: namespace[k] for k in known if k in namespace}))


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
    first = parameters.data.split(",")[0].strip()
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
    """

    def __init__(self, this: Chapter, parameters: StudyParameters) -> None:
        self.chapter = this
        self.parameters = parameters
        self.out = run_folder(parameters)

    @property
    def about(self) -> dict[str, Any]:
        """What is known of the input: source, hash, simulated, cells, genes; read from the study's report."""
        self._ensure_study()
        return read_json(self.out / "stages" / "study.json")["about"]  # type: ignore[no-any-return]

    @property
    def label(self) -> str:
        """What every figure carries: where its data come from, and whether they are simulated."""
        return "Simulated data (twin)" if self.about["simulated"] else f"Measured data: {self.about['source']}"

    def study(self) -> "AnnData":
        """Return the prepared study (raw counts in ``X``); it is made and kept on disk if it is not there yet.

        Raises
        ------
        InputError
            When the data cannot be read or do not keep the input contract.
        """
        import anndata

        return self._ensure_study() or anndata.read_h5ad(self.out / "stages" / "study.h5ad")

    def _ensure_study(self) -> "AnnData | None":
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
        return self.stage(name)

    def record(self, evidence: "Evidence") -> "Record":
        """Decide a claim by its rule and keep the evidence as ``evidence/<claim>.json``; shows the verdict."""
        from fxyd3 import claims

        about = self.about
        context = {k: about[k] for k in ("source", "simulated", "hash")} | {"versions": versions()}
        return claims.record(evidence, self.out / "evidence", context)

    def ledger(self) -> "pd.DataFrame":
        """Return the nine claims with what this run found; a chapter without evidence in this folder runs now."""
        from fxyd3 import claims
        from fxyd3.rerun.workflow import plan

        found = {record.evidence.claim for record in claims.ledger(self.out / "evidence")}
        for needed in (CHAPTERS[slug] for slug in self.chapter.needs):
            own = {claim.id for claim in claims.load_claims().values() if claim.chapter == needed.slug}
            tried = (self.out / "status" / f"{needed.page}.json").is_file()
            if not tried and not own & found:
                write_json(self.out / "plan.json", plan(self.parameters))
                step = [sys.executable, "-m", "fxyd3.rerun.step", needed.page]
                subprocess.run(step, cwd=self.out, capture_output=True, check=True)  # noqa: S603
        return claims.ledger_table(self.out / "evidence")

    def findings(self) -> "pd.DataFrame":
        """Return what was recognised and mended in the data when they were read."""
        import pandas as pd

        self._ensure_study()
        found = read_json(self.out / "stages" / "study.json")["report"]["findings"]
        return pd.DataFrame(found).set_axis(["", "found", "what you can do"], axis=1).set_index("")

    def versions(self) -> "pd.DataFrame":
        """Return the versions this page ran with."""
        import pandas as pd

        return pd.DataFrame(versions().items(), columns=["package", "version"]).set_index("package")

    def _repr_markdown_(self) -> str:
        about = self.about
        kind = "**Simulated** data" if about["simulated"] else "Measured data"
        chosen = f", the cells with `{about['select']}`" if about["select"] else ""
        return f"{kind}: {about['source']}{chosen}. {about['cells']:,} cells, {about['genes']:,} genes."

    def __repr__(self) -> str:
        return self._repr_markdown_().replace("**", "").replace("`", "")


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
