"""How many genes a cell speaks of, as a stand-in for how many fates it has left."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array
from scipy.stats import rankdata, spearmanr

from fxyd3.cells._halves import patients
from fxyd3.cells._passes import log_values
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

Floats = NDArray[np.float64]
KEEP = 0.9  # share of a cell's value taken from its neighbours in each round, as CytoTRACE has it


@dataclass(frozen=True)
class Potency:
    """Two gene-count potencies and how much of each is depth.

    ``depth`` is the number of counts to which deeper cells were thinned, ``shallower`` the percent of cells that had
    fewer to begin with. ``table`` has two rows, ``all counts`` and ``equal depth``, over cells that had ``depth`` or
    more: ``with_total`` (Spearman correlation of the potency with the cell's total counts, mean over patients),
    ``genes_with_total`` (the same for genes detected, before any smoothing) and ``lowest``, ``highest``
    (``with_total`` in the lowest and highest patient). ``genes`` are those most correlated with genes detected at equal
    depth, the strongest first.
    """

    depth: int
    shallower: float
    table: pd.DataFrame
    genes: tuple[str, ...]


def potency(adata: "AnnData", *, n_genes: int = 200, quantile: float = 0.1, seed: int = 1) -> Potency:
    """Rank cells by the genes that rise with the number of genes detected, after CytoTRACE.

    Genes detected are counted per cell and ranked within patients. The ``n_genes`` genes whose log values correlate
    most with that rank are averaged, the mean is smoothed over the neighbour graph, and the result is ranked. This is
    done twice: on all counts, and on counts thinned at random so that every cell has about the same depth. Believe the
    second: a cell read more deeply shows more genes, whatever its fate.

    Writes ``obs["potency"]`` (equal depth) and ``obs["potency_all_counts"]``, both float64 from 0 to 1.

    Parameters
    ----------
    adata
        Raw counts in ``layers["counts"]``, cells x genes; ``obsp["connectivities"]``, see ``embed``.
    n_genes
        Genes to average.
    quantile
        Of total counts: the depth to which deeper cells are thinned. Shallower cells stay as they are.
    seed
        Of the thinning.

    Raises
    ------
    InputError
        If there are no counts or no neighbours, ``n_genes`` is not from 1 to the number of genes, or ``quantile`` is
        not between 0 and 1.

    Notes
    -----
    It mixes up potency with depth (which is why it is done twice), with cell size (a large cell gives more RNA, and
    thinning cannot tell that from depth), with cycling, and with doublets, which speak of two cells' genes. Unlike
    CytoTRACE it ranks within patients, and smooths over the graph in hand rather than one of its own.

    When not to use: as evidence of stemness. It was calibrated on normal development, not on tumours.

    References
    ----------
    Gulati 2020, doi:10.1126/science.aax0249 (CytoTRACE).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=(), umap=False)
    >>> found = cells.potency(adata)
    >>> found.table.shape[0]
    2
    """
    if "counts" not in adata.layers or "connectivities" not in adata.obsp:
        raise InputError("potency needs raw counts and neighbours: run qc, normalise and embed first.")
    if not 1 <= n_genes <= adata.n_vars:
        raise InputError(f"n_genes is {n_genes}: give 1 to {adata.n_vars}, the number of genes in the data.")
    if not 0 < quantile < 1:
        raise InputError(f"quantile is {quantile}: give a share between 0 and 1, such as 0.1.")
    counts = csr_matrix(adata.layers["counts"])
    patient = patients(adata).to_numpy()
    total = _sums(counts)
    depth = int(np.quantile(total, quantile))
    graph = csr_matrix(adata.obsp["connectivities"], dtype=np.float64)

    rows, deep = {}, total >= depth
    for name, column, own in (
        ("all counts", "potency_all_counts", counts),
        ("equal depth", "potency", _thin(counts, total, depth, seed)),
    ):
        detected = np.diff(own.indptr).astype(np.float64)
        values, best = _activity(own, _within(detected, patient), n_genes)
        adata.obs[column] = rankdata(smoothed(graph, values)) / adata.n_obs
        potent = within_patients(adata.obs[column].to_numpy()[deep], total[deep], patient[deep])
        rows[name] = {
            "with_total": potent.mean(),
            "genes_with_total": within_patients(detected[deep], total[deep], patient[deep]).mean(),
            "lowest": potent.min(),
            "highest": potent.max(),
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "counts"
    shallower = 100 * float((total < depth).mean())
    return Potency(depth, shallower, table, tuple(str(gene) for gene in adata.var_names[best]))


def _sums(matrix: csr_matrix) -> Floats:
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()


def _thin(counts: csr_matrix, total: Floats, depth: int, seed: int) -> csr_matrix:
    """Draw each count with the chance that brings its cell to ``depth``."""
    share = np.repeat(np.minimum(depth / np.maximum(total, 1), 1), np.diff(counts.indptr))
    drawn = np.random.default_rng(seed).binomial(counts.data.astype(np.int64), share).astype(np.float32)
    thinned = csr_matrix((drawn, counts.indices.copy(), counts.indptr.copy()), shape=counts.shape)
    thinned.eliminate_zeros()
    return thinned


def _within(values: Floats, patient: NDArray[np.object_]) -> Floats:
    """Rank within patients, from -0.5 to 0.5, so that no patient's depth or size takes part."""
    ranks = pd.Series(values).groupby(patient).rank(pct=True)
    return (ranks - ranks.groupby(patient).transform("mean")).to_numpy(dtype=np.float64)


def _activity(counts: csr_matrix, rank: Floats, n_genes: int) -> tuple[Floats, NDArray[np.intp]]:
    """Average the log values of the genes that correlate most with ``rank``; also return those genes."""
    total = np.maximum(_sums(counts), 1)
    logs = log_values(counts, np.median(total) / total)
    n = counts.shape[0]
    mean = np.asarray(logs.sum(axis=0, dtype=np.float64)).ravel() / n
    square = np.asarray(logs.multiply(logs).sum(axis=0, dtype=np.float64)).ravel() / n
    spread = np.sqrt(np.maximum(square - mean**2, 0))
    correlation = np.full(counts.shape[1], -np.inf)
    np.divide(np.asarray(logs.T @ rank).ravel() / n, spread, out=correlation, where=spread > 1e-9)
    best = np.argsort(-correlation, kind="stable")[:n_genes]
    return np.asarray(logs[:, best].mean(axis=1), dtype=np.float64).ravel(), best


def smoothed(graph: csr_matrix, start: Floats) -> Floats:
    """Walk the graph with restart until the values stay: most of a cell's value comes from its neighbours."""
    step = csr_matrix(diags_array(1 / np.maximum(_sums(graph), 1e-12)) @ graph)
    value = start
    for _ in range(200):
        before, value = value, KEEP * (step @ value) + (1 - KEEP) * start
        if np.abs(value - before).max() < 1e-6 * max(np.abs(start).max(), 1e-12):
            break
    return value


def within_patients(one: Floats, two: Floats, patient: NDArray[np.object_]) -> "pd.Series[float]":
    """Return Spearman's correlation within each patient, where both vary over ten cells or more."""
    found = {}
    for name in np.unique(patient):
        here = patient == name
        if here.sum() >= 10 and np.ptp(one[here]) > 0 and np.ptp(two[here]) > 0:
            found[str(name)] = float(spearmanr(one[here], two[here]).statistic)
    return pd.Series(found, dtype=np.float64)
