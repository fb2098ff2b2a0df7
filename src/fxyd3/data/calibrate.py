"""Fit the twin's tables to a real tumour: ``python -m fxyd3.data.calibrate wu2021_cid4465_tnbc.h5ad``.

Only computed numbers are written: shares, dispersions, library sizes, loadings of programmes, and what is planted.
"""

from __future__ import annotations

import re
import sys
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from fxyd3.errors import InputError
from fxyd3.paths import book_file

if TYPE_CHECKING:
    from anndata import AnnData

SOURCE = "Wu 2021, doi:10.1038/s41588-021-00911-1, GSE176078, sample CID4465"
EPITHELIAL = ("Cancer Epithelial", "Normal Epithelial")
STROMA = ("CAFs", "PVL", "Endothelial")
IMMUNE = ("T-cells", "B-cells", "Myeloid", "Plasmablasts")
GROUPS = {
    "epithelial": EPITHELIAL,
    "stroma": STROMA,
    "immune": IMMUNE,
    "all_cells": (*EPITHELIAL, *STROMA, *IMMUNE),
}
LEAST = 50  # cells of each of these groups
MIN_CELLS = 3  # epithelial cells in which a gene must be seen, unless it is named below or in a signature
PRIOR_COUNTS = 5_000  # pseudo-counts, spread as in all cells: how far the share of a rarely seen gene is pulled
FLOOR = 0.001  # lowest share, counts per 10,000; also the share of named genes that the sample lacks
PRIOR_LOADING = 100  # counts at which a gene's own loading weighs as much as the mean of its programme
PROGENITOR_LOG2FC, OWN_LOG2FC = 1.2, 1.7
NAMED = (
    "FXYD1 FXYD2 FXYD3 FXYD4 FXYD5 FXYD6 FXYD7 ATP1A1 ATP1A2 ATP1A3 ATP1A4 ATP1B1 ATP1B2 ATP1B3 "
    "NRP1 IGF1R CD44 CD24 EPCAM ALDH1A3 ABCG2"
)
LINEAGE = "CD3E CD79A MS4A1 NKG7 C1QA PECAM1 CDH5 PDGFRA PDGFRB MCAM"  # to know stroma and immune cells by
HYPOXIA = (
    "ADM ALDOA ANGPTL4 ANKRD37 BNIP3 BNIP3L CA9 DDIT4 EGLN3 ENO1 ENO2 ERO1A FAM162A GAPDH GBE1 HILPDA HK2 "
    "INSIG2 KDM3A LDHA LOX MXI1 NDRG1 P4HA1 P4HA2 PDK1 PFKFB3 PFKFB4 PFKP PGAM1 PGK1 PPFIA4 SERPINE1 SLC16A3 "
    "SLC2A1 SLC2A3 STC2 TPI1 VEGFA VLDLR"
)
SECRETORY = (
    "ANXA8 AQP5 BTN1A1 CEL CIDEA CLDN4 CLU CSN1S1 ELF3 FASN FOLR1 KRT7 LCN2 LPIN1 MFGE8 MUC1 MUC15 "
    "MUC4 OLAH PIGR PLIN2 PROM1 SCD SLPI SPP1 STC1 TF WFDC2 XBP1 XDH"
)
OWN = ("secretory", "quiescent", "mesenchymal", "hypoxic", "cycling")  # the programmes of the five states
ACTIVE = ("progenitor", "mesenchymal", "hypoxic", "stress", "secretory", "cycling", "ribosomal")  # vary within a state


def signature(name: str) -> list[str]:
    """Return the genes of one set of ``data/signatures.gmt``; dots that stand for dashes are kept as they are."""
    for line in book_file("data", "signatures.gmt").read_text(encoding="utf-8").splitlines():
        fields = line.split("\t")
        if fields[0] == name:
            return fields[2:]
    raise InputError(f"data/signatures.gmt has no set {name!r}; use one of the names in its first column.")


def calibrate(adata: AnnData) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Fit gene shares, dispersions and library sizes.

    Shares are counts per 10,000. Few cells make them noisy, so that those of a group of cells are pulled towards the
    share in all cells, as if 5,000 more counts had been read. The dispersion is the moment estimate
    ``sum((x - m)**2 - m) / sum(m**2)`` with ``m`` = library size times share. It is pulled, on the log scale, towards
    the mean of genes with a similar share, with weight ``counts / (counts + 100)``; below 20 counts a gene takes the
    trend alone. The dispersion contains the differences between the real cells' own states.

    Parameters
    ----------
    adata
        Raw counts in ``X`` (CSR); cell labels in ``obs["celltype_major"]``; gene symbols in ``var_names``.

    Returns
    -------
    genes
        Index ``gene``; mean shares ``epithelial``, ``all_cells``, ``stroma``, ``immune`` (counts per 10,000); of
        epithelial cells ``dispersion`` and ``detected`` (share of cells with at least one count), of all cells
        ``dispersion_all`` and ``detected_all``.
    libraries
        Index ``cells`` (epithelial, stroma, immune, all_cells); ``mu`` and ``sigma`` of log counts over the kept
        genes, ``n``.
    trend
        Index ``cells`` (epithelial, all_cells), a row per tenth of the genes with at least 20 counts; their median
        ``share`` (counts per 10,000) and mean ``dispersion``.

    Raises
    ------
    InputError
        If the labels are missing or there are fewer than 50 epithelial, stroma or immune cells.

    Notes
    -----
    When not to use: as a general fit of single-cell counts; it serves a small sample and one purpose.
    The squares weigh large cells most: of 134 epithelial cells some six decide the dispersions.
    Data: Wu 2021, doi:10.1038/s41588-021-00911-1.
    """
    groups = {name: _cells(adata, name) for name in GROUPS}
    counts = groups["epithelial"]
    everywhere = np.asarray(groups["all_cells"].sum(axis=0)).ravel()
    share_all = everywhere / everywhere.sum()
    share = {"epithelial": share_all, "all_cells": share_all}
    for name in ("epithelial", "stroma", "immune"):
        per_gene = np.asarray(groups[name].sum(axis=0)).ravel()
        share[name] = (per_gene + PRIOR_COUNTS * share_all) / (per_gene.sum() + PRIOR_COUNTS)
    dispersion, trend = _dispersion(counts)
    dispersion_all, trend_all = _dispersion(groups["all_cells"])
    seen = {name: np.asarray((groups[name] > 0).mean(axis=0)).ravel() for name in ("epithelial", "all_cells")}
    genes = pd.DataFrame(
        {
            **{name: 1e4 * values for name, values in share.items()},
            "dispersion": dispersion,
            "detected": seen["epithelial"],
            "dispersion_all": dispersion_all,
            "detected_all": seen["all_cells"],
        },
        index=pd.Index(adata.var_names, name="gene"),
    )
    wanted = _wanted(set(adata.var_names))
    known = genes.index.isin(wanted) | genes.index.str.startswith("MT-")
    keep = known | ((counts > 0).sum(axis=0).A1 >= MIN_CELLS)
    genes = genes[keep]
    absent = pd.DataFrame(
        {column: genes[column].median() if column.startswith("dispersion") else 0.0 for column in genes},
        index=sorted(wanted - set(genes.index)),
    )
    genes = pd.concat([genes, absent]).rename_axis("gene")
    genes[list(GROUPS)] = genes[list(GROUPS)].clip(lower=FLOOR)
    libraries = pd.DataFrame(
        [_library(group[:, keep]) for group in groups.values()], index=pd.Index(groups, name="cells")
    )
    trends = pd.concat({"epithelial": trend, "all_cells": trend_all}, names=["cells"]).droplevel(1)
    return genes, libraries, trends


def activities(adata: AnnData, genes: pd.DataFrame) -> pd.DataFrame:
    """Fit how strongly each gene follows the activity of its programme across epithelial cells.

    Seven programmes: progenitor, mesenchymal, hypoxic, stress, secretory, cycling, and the genes of ribosomal proteins,
    whose share varies between real cells more than between independent genes. In a cell with activity ``z``
    (mean 0, SD 1) gene ``g`` has ``2 ** (loading_g * z)`` times its share. Two genes then covary, relative to their
    means, by ``exp(ln(2)**2 * loading_g * loading_h) - 1``, which gives the moment estimates: the mean loading from
    all pairs of a set's genes, the loading of one gene from its pairs with the others. A cell weighs by the inverse
    of its library size, a gene by the inverse of its variance in a mean cell. A gene's loading is shrunk to the mean
    of its programme, with weight ``counts / (counts + 100)``, and kept from zero to twice that mean. A programme
    whose genes do not covary positively is left out.

    Parameters
    ----------
    adata
        As for `calibrate`.
    genes
        Table made by `calibrate`.

    Returns
    -------
    DataFrame
        ``gene`` (once, in the programme that it follows most), ``programme``, ``loading`` (log2 per SD of activity).

    Raises
    ------
    InputError
        As `calibrate`.

    Notes
    -----
    When not to use: to score programmes in cells, or as evidence that a tumour has them. The correlations contain
    the real cells' differences between states, of which the twin plants its own on top. The genes of interest stay
    out, so that only a dial moves them; stress contains what dissociation does to cells.
    """
    counts = _cells(adata, "epithelial")
    size = counts.sum(axis=1).A1
    mean = counts.sum(axis=0).A1 / size.sum()
    sets, named = _sets(), set(NAMED.split())
    sets["ribosomal"] = [g for g in genes.index if re.fullmatch(r"RP[LS]\d+[AXYL]?\d*", g)]
    rows: list[tuple[str, str, float]] = []
    for programme in ACTIVE:
        listed = pd.Index([g for g in dict.fromkeys(sets[programme]) if g in adata.var_names and g not in named])
        column = adata.var_names.get_indexer(listed)
        share = mean[column]
        weight = 1 / (1 + size.mean() * share * genes.loc[listed, "dispersion"].to_numpy())
        rest = (counts[:, column].toarray() - np.outer(size, share)) * weight
        covariance, product = (rest / size[:, None]).T @ rest / size.sum(), np.outer(share * weight, share * weight)
        for each in (covariance, product):
            np.fill_diagonal(each, 0)
        average = np.log1p(max(covariance.sum(), 0) / max(product.sum(), np.finfo(float).tiny)) ** 0.5
        if average == 0:
            continue
        own = np.divide(covariance.sum(axis=1), product.sum(axis=1), where=share > 0, out=np.zeros_like(share))
        trust = share * size.sum() / (share * size.sum() + PRIOR_LOADING)
        loading = trust * np.log1p(np.maximum(own, 0)) / average + (1 - trust) * average
        rows += zip(listed, repeat(programme), np.minimum(loading, 2 * average) / np.log(2), strict=False)
    table = pd.DataFrame(rows, columns=["gene", "programme", "loading"])
    strongest = table.sort_values("loading", ascending=False, kind="stable").drop_duplicates("gene")
    return strongest.sort_index().reset_index(drop=True)


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
    sets = _sets()
    progenitor = sets["progenitor"]
    protected = {*progenitor, *NAMED.split()} | {g for g in genes.index if g.startswith("MT-")}
    up = {name: sets[name] for name in OWN}
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


def tables(adata: AnnData) -> dict[str, pd.DataFrame]:
    """Return every table of ``data/twin`` that this script writes, by the name of its file, indexed by first column."""
    genes, libraries, trend = calibrate(adata)
    return {
        "genes": genes,
        "libraries": libraries,
        "trend": trend,
        "activities": activities(adata, genes).set_index("gene"),
        "programmes": programmes(genes).set_index("gene"),
    }


def main(path: str) -> None:
    """Write the tables to ``data/twin``."""
    import anndata

    if not Path(path).is_file():
        raise InputError(f"There is no file {path}; give the h5ad of Wu 2021, sample CID4465.")
    for name, table in tables(anndata.read_h5ad(path)).items():
        target = book_file("data", "twin", f"{name}.csv")
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_suffix(".tmp")
        table.to_csv(temporary, float_format="%.4g", lineterminator="\n")
        temporary.replace(target)


def _cells(adata: AnnData, group: str) -> csr_matrix:
    """Return the counts of one group of cells."""
    if "celltype_major" not in adata.obs:
        raise InputError(
            "The calibration sample has no column 'celltype_major'; give the file with the authors' labels."
        )
    mine = adata.obs["celltype_major"].isin(GROUPS[group]).to_numpy()
    if mine.sum() < LEAST:
        raise InputError(f"The calibration sample has {mine.sum()} {group} cells; at least {LEAST} are needed.")
    return csr_matrix(adata.X[mine], dtype=float)


def _sets() -> dict[str, list[str]]:
    """Return the listed genes of each programme: published sets, and two short lists of labels."""
    return {
        "progenitor": signature("LIM_MAMMARY_LUMINAL_PROGENITOR_UP"),
        "secretory": SECRETORY.split(),
        "quiescent": signature("REHMAN2021_DIAPAUSE_UP"),
        "mesenchymal": [
            *signature("CHEMOPERSISTANCE_HALLMARK_EMT"),
            *signature("LIM_MAMMARY_STEM_CELL_UP_SHORTLIST"),
            *signature("CHEMOPERSISTANCE_KRT_SIGNATURE"),
        ],
        "hypoxic": HYPOXIA.split(),
        "cycling": signature("WU2021_GARNETT_EPITHELIAL_CYCLING"),
        "stress": signature("CHEMOPERSISTANCE_HALLMARK_TNFA"),
    }


def _wanted(present: set[str]) -> set[str]:
    """Return the genes that are kept whatever their counts, in the sample's spelling where it has them."""
    listed = set(f"{NAMED} {LINEAGE} {HYPOXIA} {SECRETORY}".split())
    for line in book_file("data", "signatures.gmt").read_text(encoding="utf-8").splitlines():
        listed.update(line.split("\t")[2:])
    spelled = {g: (g, g.replace(".", "-"), g.replace(".", "-", 1)) for g in listed if g}
    return {next((s for s in ways if s in present), ways[1]) for ways in spelled.values()}


def _dispersion(counts: csr_matrix) -> tuple[np.ndarray[Any, Any], pd.DataFrame]:
    """Return each gene's dispersion, and the trend over shares that it is pulled to."""
    size, total = counts.sum(axis=1).A1, counts.sum(axis=0).A1
    share = total / size.sum()
    squares = share**2 * (size**2).sum()  # of the means
    excess = counts.multiply(counts).sum(axis=0).A1 - 2 * share * (size @ counts) + squares - total
    raw = excess / np.maximum(squares, 1e-12)
    seen = total >= 20
    which = np.searchsorted(np.quantile(total[seen], np.linspace(0, 1, 11)[1:-1]), total, side="right")
    bins = [seen & (which == i) for i in np.unique(which[seen])]
    middle = np.array([np.median(total[b]) for b in bins])
    height = np.array([max(float(raw[b].mean()), 0.05) for b in bins])
    trend = np.exp(np.interp(np.log(np.maximum(total, 1)), np.log(middle), np.log(height)))
    weight = np.where(seen, total / (total + 100), 0)
    log = weight * np.log(np.clip(raw, trend / 10, 10 * trend)) + (1 - weight) * np.log(trend)
    return np.exp(log), pd.DataFrame({"share": 1e4 * middle / size.sum(), "dispersion": height})


def _library(counts: csr_matrix) -> dict[str, float]:
    totals = counts.sum(axis=1).A1
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
