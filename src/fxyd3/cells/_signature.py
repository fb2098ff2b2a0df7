"""How active a set of genes is in each cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData


Places = NDArray[np.intp]

PROGENITOR = "LIM_MAMMARY_LUMINAL_PROGENITOR_UP"
N_BINS, N_CONTROLS = 25, 50  # scanpy's defaults
BLOCK = 10_000  # cells


@dataclass(frozen=True)
class Signature:
    """A gene set as found in the data: its name, the genes used and those the data lack."""

    name: str
    genes: tuple[str, ...]
    missing: tuple[str, ...]


def signature(adata: "AnnData", genes: Sequence[str], *, name: str, key: str = "signature", seed: int = 0) -> Signature:
    """Score every cell: mean log value of the genes, less that of control genes of similar expression.

    Writes ``obs[key]`` (float64, natural-log units).

    Parameters
    ----------
    adata
        Log values in ``X``; see ``normalise``.
    genes
        Symbols.
    name
        What to call the set.
    key
        Column to write.
    seed
        Of the choice of control genes (50 from each expression bin the set touches).

    Raises
    ------
    InputError
        If none of the genes is in the data, or no gene is left to compare with.

    Notes
    -----
    When not to use: to compare different sets with each other, or signed sets; a score has no absolute zero.

    References
    ----------
    Tirosh 2016, doi:10.1126/science.aad0501. Lim 2010, doi:10.1186/bcr2560 (the progenitor genes).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data import gene_set
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> progenitor = gene_set("LIM_MAMMARY_LUMINAL_PROGENITOR_UP")
    >>> found = cells.signature(adata, progenitor, name="luminal progenitor")
    >>> len(found.genes), "signature" in adata.obs
    (42, True)
    """
    found = _found(adata, genes, name)
    adata.obs[key] = signatures(adata, {name: found.genes}, seed=seed)[name]
    return found


def signatures(adata: "AnnData", sets: Mapping[str, Sequence[str]], *, seed: int = 0) -> pd.DataFrame:
    """Score every cell on several sets at once, with the numbers of ``scanpy.tl.score_genes``.

    Control genes are drawn as scanpy draws them, each set from the same seed; all scores then come from one sparse
    product, in blocks of cells. Writes nothing.

    Parameters
    ----------
    adata
        Log values in ``X``; see ``normalise``.
    sets
        Symbols by name.
    seed
        Of the choice of control genes.

    Returns
    -------
    One row per cell, one column per set (float64, natural-log units).

    Raises
    ------
    InputError
        As for ``signature``.

    Notes
    -----
    The draw goes by the order of the genes in the data: as in scanpy, another order draws other controls.

    When not to use: to compare different sets with each other, or signed sets; see ``activity``.

    References
    ----------
    Tirosh 2016, doi:10.1126/science.aad0501.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data import gene_set
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> progenitor = gene_set("LIM_MAMMARY_LUMINAL_PROGENITOR_UP")
    >>> cells.signatures(adata, {"luminal progenitor": progenitor}).shape == (adata.n_obs, 1)
    True
    """
    total = adata.X.sum(axis=0, dtype=np.float64)
    mean = pd.Series(np.asarray(total).ravel() / adata.n_obs, index=adata.var_names)
    level = mean.rank(method="min").to_numpy() // max(round(len(mean) / (N_BINS - 1)), 1)
    weight = np.zeros((adata.n_vars, len(sets)))
    for column, (name, genes) in enumerate(sets.items()):
        own = adata.var_names.get_indexer(list(_found(adata, genes, name).genes))
        control = _controls(level, own, np.random.RandomState(seed))
        if not len(control):
            raise InputError(f"{name} holds every gene of its expression levels: nothing is left to compare it with.")
        weight[own, column] = 1 / len(own)
        weight[control, column] = -1 / len(control)
    used = np.flatnonzero(weight.any(axis=1))
    scores = [
        np.asarray(adata.X[start : start + BLOCK][:, used] @ weight[used]) for start in range(0, adata.n_obs, BLOCK)
    ]
    return pd.DataFrame(np.vstack(scores), index=adata.obs_names, columns=list(sets))


def _found(adata: "AnnData", genes: Sequence[str], name: str) -> Signature:
    present = tuple(gene for gene in dict.fromkeys(genes) if gene in adata.var_names)
    missing = tuple(gene for gene in dict.fromkeys(genes) if gene not in adata.var_names)
    if not present:
        raise InputError(
            f"none of the {len(missing)} genes of {name} is among the {adata.n_vars} genes of the data: give gene "
            "symbols (option --genes), or another signature."
        )
    if len(present) == adata.n_vars:
        raise InputError(f"{name} holds every gene of the data: nothing is left to compare it with.")
    return Signature(name, present, missing)


def _controls(level: NDArray[np.floating[Any]], own: Places, rng: np.random.RandomState) -> Places:
    """Draw 50 genes from each expression level the set touches, and leave out those of the set itself."""
    drawn = []
    for each in np.unique(level[own]):
        pool = np.flatnonzero(level == each)
        drawn.append(rng.choice(pool, N_CONTROLS, replace=False) if len(pool) > N_CONTROLS else pool)
    return np.setdiff1d(np.concatenate(drawn), own)


def matched_genes(
    adata: "AnnData", genes: Sequence[str], *, exclude: Sequence[str] = (), n_sets: int, seed: int
) -> list[list[str]]:
    """Draw random gene sets with the expression of a given one: the negative control of a signature.

    Parameters
    ----------
    adata
        Any matrix in ``X`` whose column means rank the genes by expression.
    genes
        The set to match, all present in ``adata``; each gene is replaced by one of the 50 nearest in mean.
    exclude
        Genes never drawn, besides ``genes``.
    n_sets, seed
        Sets to draw, and the seed of the draw.

    Returns
    -------
    ``n_sets`` lists; a list is shorter than ``genes`` only where too few genes are left.

    Notes
    -----
    When not to use: where expression level itself is in question.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data import gene_set
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> progenitor = gene_set("LIM_MAMMARY_LUMINAL_PROGENITOR_UP")
    >>> sets = cells.matched_genes(adata, progenitor, n_sets=2, seed=1)
    >>> len(sets), bool(set(sets[0]) & set(progenitor))
    (2, False)
    """
    rng = np.random.default_rng(seed)
    mean = np.asarray(adata.X.mean(axis=0)).ravel()
    order = np.argsort(mean, kind="stable")
    barred = adata.var_names.isin([*genes, *exclude])
    pool = order[~barred[order] & (mean[order] > 0)]
    if not len(pool):
        raise InputError("no expressed gene is left to draw a control from: keep more genes.")
    place = np.searchsorted(mean[pool], mean[adata.var_names.get_indexer(list(genes))])
    sets = []
    for _ in range(n_sets):
        drawn: dict[str, None] = {}
        for middle in place:
            start = int(np.clip(middle - 25, 0, max(len(pool) - 50, 0)))
            near = [adata.var_names[i] for i in pool[start : start + 50] if adata.var_names[i] not in drawn]
            if near:
                drawn[str(rng.choice(near))] = None
        sets.append(list(drawn))
    return sets
