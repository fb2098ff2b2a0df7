"""The input contract: what every chapter may rely on."""

from collections.abc import Mapping
from typing import Any

import anndata as ad
import pandas as pd

from fxyd3.data.cells import assign_roles, choose_cells, tidy
from fxyd3.data.counts import find_counts
from fxyd3.data.files import is_simulated
from fxyd3.data.genes import GeneTable, leave_out_spike_ins, merge_genes, name_genes
from fxyd3.data.report import DataError, Findings, Report, few


def prepare(
    adata: ad.AnnData, *, source: str = "", genes: str = "", roles: Mapping[str, str] | None = None, select: str = ""
) -> tuple[ad.AnnData, Report]:
    """Bring data into the form that every chapter relies on, or say why that cannot be done.

    Parameters
    ----------
    adata
        Cells x genes, as from :func:`fxyd3.data.read`. It is not changed; the result may share memory with its counts.
    source
        Name of the data for people; empty: the one that is known already.
    genes
        Table of gene names: ``gene_id`` and ``symbol``, and ``prev_symbol`` or ``alias_symbol`` (separated by ``|``)
        to bring symbols up to date; empty: none.
    roles
        Role (``patient``, ``sample``, ``batch``, ``condition``, ``fraction``, ``cell_type``) to column of `obs`; what
        is not named is guessed from usual column names.
    select
        Which cells to keep, such as ``"celltype_major in ['Cancer Epithelial'] and `percent.mito` < 20"``; empty: all.

    Returns
    -------
    AnnData
        ``X`` raw counts (CSR, float32 holding whole numbers), ``var_names`` unique symbols where they are known, else
        Ensembl ids, ``var["gene_id"]`` where ids are known, ``obs`` with a categorical column for each role, and
        ``uns["fxyd3"]`` with `source`, `hash`, `simulated`, `counts_from`, `symbols`, `roles`, `select`. The twin's
        truth (``uns["twin"]``, ``uns["truth"]``) is kept; layers, ``raw``, embeddings and the rest of ``uns`` are not.
    Report
        What was recognised and mended.

    Raises
    ------
    InputError
        At the first thing that is wrong: no raw counts, cells named twice, genes of another species, a column that is
        not there, a selection that cannot be understood or keeps no cell.

    When not to use
    ---------------
    On corrected, imputed or integrated values: they are not counts, and the models here need counts.

    Examples
    --------
    Made-up counts; the column of the patients has a name of its own:

    >>> import anndata as ad
    >>> import numpy as np
    >>> import pandas as pd
    >>> from fxyd3.data import prepare
    >>> cells = ad.AnnData(np.array([[0, 3], [2, 1], [5, 0]]), var=pd.DataFrame(index=["FXYD3", "ATP1A1"]))
    >>> cells.obs["who"] = ["A", "A", "B"]
    >>> study, report = prepare(cells, source="made up", roles={"patient": "who"})
    >>> study.X.dtype, study.obs["patient"].tolist(), report.patients
    (dtype('float32'), ['A', 'A', 'B'], 2)
    """
    study, report = apply_contract(
        adata, Findings(strict=True), source=source, genes=genes, roles=roles or {}, select=select
    )
    if study is None:
        raise AssertionError("a strict check ends at the first wrong finding")
    return study, report


def apply_contract(
    adata: ad.AnnData, found: Findings, *, source: str, genes: str, roles: Mapping[str, str], select: str
) -> tuple[ad.AnnData | None, Report]:
    """Check and mend; where `found` is not strict, go on after what is wrong, and return no data then."""
    known = dict(adata.uns.get("fxyd3", {}))
    source = source or str(known.get("source", ""))
    where = source or "the data"
    for level in ("recognised", "mended"):
        for note in known.get(level, ()):
            getattr(found, level)(str(note))
    counts_from, symbols, columns = "", "", dict[str, str]()
    obs, keep, X, var = adata.obs, None, None, adata.var
    with found.step():
        _check_cells(adata, where)
    with found.step():
        obs, columns = assign_roles(obs, roles, found, where)
    if select:
        with found.step():
            keep = choose_cells(obs, select, found)
            obs = obs[keep]
    with found.step():
        X, counts_from, var = find_counts(adata, keep, found, where)
    table = None
    if genes:
        with found.step():
            table = GeneTable(genes)
    if X is not None:
        X, var = leave_out_spike_ins(X, var, found)
    with found.step():
        names, ids, symbols = name_genes(var, found, table=table, where=where)
        var = var.set_axis(pd.Index(names, dtype=object), axis=0)
        if ids is not None:
            var = var.assign(gene_id=ids)
        if X is not None:
            X, var = merge_genes(X, var, found)
    obs, var = tidy(obs), tidy(var)
    levels = {role: [str(level) for level in obs[role].cat.categories] for role in columns}
    for role, occurring in levels.items():
        if len(occurring) == 1:
            found.recognised(f"{role.replace('_', ' ')} is the same for every cell: {occurring[0]}")
    if "patient" not in levels:
        found.recognised(
            "no column names the patient; what compares patients cannot be tested",
            "name the column with --patient"
            + (f" (the sample is in '{columns['sample']}')" if "sample" in levels else ""),
        )
    about: dict[str, Any] = {
        "source": source,
        "hash": str(known.get("hash", "")),
        "simulated": is_simulated(adata),
        "counts_from": counts_from,
        "symbols": symbols,
        "roles": columns,
        "select": select,
    }
    findings = tuple(found.found)
    report = Report(
        n_cells=len(obs), n_genes=len(var), levels=levels, findings=findings, genes=frozenset(var.index), **about
    )
    if any(finding.level == "wrong" for finding in findings):
        return None, report
    uns = {key: adata.uns[key] for key in ("twin", "truth") if key in adata.uns}
    return ad.AnnData(X, obs=obs, var=var, uns=uns | {"fxyd3": about}), report


def _check_cells(adata: ad.AnnData, where: str) -> None:
    if not adata.n_obs or not adata.n_vars:
        raise DataError(
            f"There are {adata.n_obs:,} cells and {adata.n_vars:,} genes in {where}", "give a matrix of counts"
        )
    names = adata.obs_names
    if not names.is_unique:
        twice = names[names.duplicated()].unique()
        raise DataError(
            f"{len(twice):,} cell names occur more than once in {where} ({few(twice, 3)})",
            "leave out the copies, or put the sample before the names of the cells",
        )
