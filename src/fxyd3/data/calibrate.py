"""Fit the twin's tables to a real tumour: ``python -m fxyd3.data.calibrate wu2021_cid4465_tnbc.h5ad``.

Only computed numbers are written: shares, dispersions, library-size parameters and the planted programmes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fxyd3.errors import InputError
from fxyd3.paths import book_file

if TYPE_CHECKING:
    from anndata import AnnData

EPITHELIAL = ("Cancer Epithelial", "Normal Epithelial")
MIN_CELLS = 3  # epithelial cells in which a gene must be seen, unless it is named below or in a signature
PRIOR_COUNTS = 5_000  # pseudo-counts, spread as in all cells: how far the share of a rarely seen gene is pulled
FLOOR = 0.001  # lowest share, counts per 10,000; also the share of named genes that the sample lacks
PROGENITOR_LOG2FC, OWN_LOG2FC = 1.2, 1.7
NAMED = (
    "FXYD1 FXYD2 FXYD3 FXYD4 FXYD5 FXYD6 FXYD7 ATP1A1 ATP1A2 ATP1A3 ATP1A4 ATP1B1 ATP1B2 ATP1B3 "
    "NRP1 IGF1R CD44 CD24 EPCAM ALDH1A3 ABCG2"
)
HYPOXIA = (
    "ADM ALDOA ANGPTL4 ANKRD37 BNIP3 BNIP3L CA9 DDIT4 EGLN3 ENO1 ENO2 ERO1A FAM162A GAPDH GBE1 HILPDA HK2 "
    "INSIG2 KDM3A LDHA LOX MXI1 NDRG1 P4HA1 P4HA2 PDK1 PFKFB3 PFKFB4 PFKP PGAM1 PGK1 PPFIA4 SERPINE1 SLC16A3 "
    "SLC2A1 SLC2A3 STC2 TPI1 VEGFA VLDLR"
)
SECRETORY = (
    "ANXA8 AQP5 BTN1A1 CEL CIDEA CLDN4 CLU CSN1S1 ELF3 FASN FOLR1 KRT7 LCN2 LPIN1 MFGE8 MUC1 MUC15 "
    "MUC4 OLAH PIGR PLIN2 PROM1 SCD SLPI SPP1 STC1 TF WFDC2 XBP1 XDH"
)


def signature(name: str) -> list[str]:
    """Return the genes of one set of ``data/signatures.gmt``; dots that stand for dashes are kept as they are."""
    for line in book_file("data", "signatures.gmt").read_text(encoding="utf-8").splitlines():
        fields = line.split("\t")
        if fields[0] == name:
            return fields[2:]
    raise InputError(f"data/signatures.gmt has no set {name!r}; use one of the names in its first column.")


def calibrate(adata: AnnData) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit gene shares, dispersions and library sizes.

    Shares are counts per 10,000. The dispersion is the moment estimate
    ``sum((x - m)**2 - m) / sum(m**2)`` with ``m`` = library size times share. Few epithelial cells make it noisy, so
    it is pulled, on the log scale, towards the mean of genes with a similar share, with weight
    ``counts / (counts + 100)``; below 20 counts a gene takes the trend alone. The dispersion contains the
    differences between the real cells' own states.

    Parameters
    ----------
    adata
        Raw counts in ``X``; cell labels in ``obs["celltype_major"]``; gene symbols in ``var_names``.

    Returns
    -------
    genes
        Index ``gene``; ``epithelial`` and ``all_cells`` (counts per 10,000), ``dispersion``, ``detected``
        (share of epithelial cells with at least one count).
    libraries
        Index ``cells`` (epithelial, all_cells); ``mu`` and ``sigma`` of log counts over the kept genes, ``n``.

    Raises
    ------
    InputError
        If the labels are missing or there are fewer than 50 epithelial cells.

    Notes
    -----
    When not to use: as a general fit of single-cell counts; it serves a small sample and one purpose.
    Data: Wu 2021, doi:10.1038/s41588-021-00911-1.
    """
    if "celltype_major" not in adata.obs:
        raise InputError(
            "The calibration sample has no column 'celltype_major'; give the file with the authors' labels."
        )
    epithelial = adata.obs["celltype_major"].isin(EPITHELIAL).to_numpy()
    if epithelial.sum() < 50:
        raise InputError(f"The calibration sample has {epithelial.sum()} epithelial cells; at least 50 are needed.")
    counts = adata.X[epithelial].toarray().astype(float)
    everywhere = np.asarray(adata.X.sum(axis=0), dtype=float).ravel()
    per_gene = counts.sum(axis=0)
    share_all = everywhere / everywhere.sum()
    share = (per_gene + PRIOR_COUNTS * share_all) / (per_gene.sum() + PRIOR_COUNTS)
    genes = pd.DataFrame(
        {
            "epithelial": 1e4 * share,
            "all_cells": 1e4 * share_all,
            "dispersion": _dispersion(counts),
            "detected": (counts > 0).mean(axis=0),
        },
        index=pd.Index(adata.var_names, name="gene"),
    )
    wanted = _wanted(set(adata.var_names))
    known = genes.index.isin(wanted) | genes.index.str.startswith("MT-")
    keep = known | ((counts > 0).sum(axis=0) >= MIN_CELLS)
    libraries = pd.DataFrame(
        [_library(counts[:, keep].sum(axis=1)), _library(np.asarray(adata.X[:, keep].sum(axis=1)).ravel())],
        index=pd.Index(["epithelial", "all_cells"], name="cells"),
    )
    genes = genes[keep]
    absent = sorted(wanted - set(genes.index))
    trend = float(genes["dispersion"].median())
    floor = pd.DataFrame({"epithelial": FLOOR, "all_cells": FLOOR, "dispersion": trend, "detected": 0.0}, index=absent)
    genes = pd.concat([genes, floor]).rename_axis("gene")
    genes[["epithelial", "all_cells"]] = genes[["epithelial", "all_cells"]].clip(lower=FLOOR)
    return genes, libraries


def programmes(genes: pd.DataFrame, *, seed: int = 2023) -> pd.DataFrame:
    """Draw the planted programmes: which genes move in which state, in log2 fold change.

    Published sets give the direction. Genes drawn at random are added, since a state of a real tumour is never only
    its textbook genes. The progenitor genes and the markers of interest belong to no other programme.

    Parameters
    ----------
    genes
        Table made by `calibrate`.
    seed
        Seed of the drawing.

    Returns
    -------
    DataFrame
        ``gene``, ``programme``, ``log2fc``, ``source`` ("signature" or "random").

    Notes
    -----
    When not to use: as gene signatures of real cells. Half of each list is random.
    """
    rng = np.random.default_rng(seed)
    progenitor = signature("LIM_MAMMARY_LUMINAL_PROGENITOR_UP")
    protected = {*progenitor, *NAMED.split()} | {g for g in genes.index if g.startswith("MT-")}
    up = {
        "secretory": SECRETORY.split(),
        "quiescent": signature("REHMAN2021_DIAPAUSE_UP"),
        "mesenchymal": [
            *signature("CHEMOPERSISTANCE_HALLMARK_EMT"),
            *signature("LIM_MAMMARY_STEM_CELL_UP_SHORTLIST"),
            *signature("CHEMOPERSISTANCE_KRT_SIGNATURE"),
        ],
        "hypoxic": HYPOXIA.split(),
        "cycling": signature("WU2021_GARNETT_EPITHELIAL_CYCLING"),
    }
    down = {"quiescent": signature("REHMAN2021_DIAPAUSE_DOWN")}
    rows = [(g, "progenitor", _effect(rng, PROGENITOR_LOG2FC), "signature") for g in progenitor if g in genes.index]
    taken = protected | {g for lists in (up, down) for genes_ in lists.values() for g in genes_}
    free = [g for g in genes.index[genes["epithelial"] >= 0.3] if g not in taken]
    random = rng.permutation(np.array(free, dtype=object)).reshape(-1)
    for i, name in enumerate(up):
        for sign, listed in ((1, up[name]), (-1, down.get(name, []))):
            chosen = [g for g in dict.fromkeys(listed) if g in genes.index and g not in protected]
            rows += [(g, name, sign * _effect(rng, OWN_LOG2FC), "signature") for g in chosen]
        for g in random[i * 120 : (i + 1) * 120]:
            rows.append((g, name, (1 if rng.random() < 0.6 else -1) * _effect(rng, OWN_LOG2FC), "random"))
    return pd.DataFrame(rows, columns=["gene", "programme", "log2fc", "source"])


def main(path: str) -> None:
    """Write ``genes.csv``, ``libraries.csv`` and ``programmes.csv`` to ``data/twin``."""
    import anndata

    if not Path(path).is_file():
        raise InputError(f"There is no file {path}; give the h5ad of Wu 2021, sample CID4465.")
    genes, libraries = calibrate(anndata.read_h5ad(path))
    for name, table in (
        ("genes", genes),
        ("libraries", libraries),
        ("programmes", programmes(genes).set_index("gene")),
    ):
        target = book_file("data", "twin", f"{name}.csv")
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_suffix(".tmp")
        table.to_csv(temporary, float_format="%.4g", lineterminator="\n")
        temporary.replace(target)


def _wanted(present: set[str]) -> set[str]:
    """Return the genes that are kept whatever their counts, in the sample's spelling where it has them."""
    listed = set(f"{NAMED} {HYPOXIA} {SECRETORY}".split())
    for line in book_file("data", "signatures.gmt").read_text(encoding="utf-8").splitlines():
        listed.update(line.split("\t")[2:])
    spelled = {g: (g, g.replace(".", "-"), g.replace(".", "-", 1)) for g in listed if g}
    return {next((s for s in ways if s in present), ways[1]) for ways in spelled.values()}


def _dispersion(counts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    size, total = counts.sum(axis=1), counts.sum(axis=0)
    mean = np.outer(size, total / size.sum())
    raw = ((counts - mean) ** 2 - mean).sum(axis=0) / np.maximum((mean**2).sum(axis=0), 1e-12)
    seen = total >= 20
    which = np.searchsorted(np.quantile(total[seen], np.linspace(0, 1, 11)[1:-1]), total, side="right")
    bins = [seen & (which == i) for i in np.unique(which[seen])]
    x = np.log([np.median(total[b]) for b in bins])
    y = np.log([max(float(raw[b].mean()), 0.05) for b in bins])
    trend = np.exp(np.interp(np.log(np.maximum(total, 1)), x, y))
    weight = np.where(seen, total / (total + 100), 0)
    log = weight * np.log(np.clip(raw, trend / 10, 10 * trend)) + (1 - weight) * np.log(trend)
    return np.asarray(np.exp(log))


def _library(totals: np.ndarray[Any, Any]) -> dict[str, float]:
    log = np.log(totals[totals > 0])
    return {"mu": float(log.mean()), "sigma": float(log.std(ddof=1)), "n": len(log)}


def _effect(rng: np.random.Generator, size: float) -> float:
    """Draw a log2 fold change around ``size``, never below a third of it."""
    return max(float(rng.normal(size, 0.3 * size)), size / 3)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:2] or [""])
    except InputError as error:
        sys.exit(str(error))
