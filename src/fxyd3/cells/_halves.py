"""Groups made on one half of the counts, so that the other half can test them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fxyd3.cells._cluster import cluster
from fxyd3.cells._embed import embed
from fxyd3.cells._graph import leiden
from fxyd3.cells._normalise import normalise
from fxyd3.cells._split import split
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData


def regroup(
    adata: "AnnData",
    *,
    n_groups: int,
    held_out: Sequence[str] = (),
    n_top_genes: int = 2000,
    n_comps: int = 30,
    n_neighbors: int = 15,
    seed: int = 1,
) -> "pd.Series[int]":
    """Split the counts and make the groups again on the training half alone.

    Writes what ``split`` writes, ``obs["cluster_train"]`` ("1" the largest group), ``var["variable_train"]`` (genes
    that vary in the training half, and the held-out ones) and ``uns["held_out"]``, the genes that had no part in the
    groups and whose full counts may therefore be compared between them.

    Parameters
    ----------
    adata
        Raw counts in ``layers["counts"]``.
    n_groups
        As chosen by ``stability``. Half the counts blur groups, so the resolution is sought anew: the middle
        one of those between 0.1 and 3 that give this number, or the number nearest to it.
    held_out
        Genes to keep out of the variable genes; those the data lack are passed over.
    n_top_genes, n_comps, n_neighbors, seed
        As for ``normalise`` and ``embed``.

    Returns
    -------
    Cells per group.

    Notes
    -----
    When not to use: on very shallow counts, where half of them no longer tell groups apart.

    References
    ----------
    Neufeld 2023, doi:10.48550/arXiv.2307.12985.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> sizes = cells.regroup(adata, n_groups=4, held_out=["FXYD3"])
    >>> len(sizes), int(sizes.sum()) == adata.n_obs
    (4, True)
    """
    split(adata, seed=seed)
    train = half(adata, "train")
    normalise(train, n_top_genes=n_top_genes, exclude=held_out)
    embed(train, n_comps=n_comps, n_neighbors=n_neighbors, seed=seed, umap=False)
    sizes = cluster(train, resolution=_resolution(train, n_groups, seed), seed=seed)
    adata.obs["cluster_train"] = train.obs["cluster"]
    adata.var["variable_train"] = train.var["highly_variable"].to_numpy() | adata.var_names.isin(list(held_out))
    adata.uns["held_out"] = [gene for gene in held_out if gene in adata.var_names]
    return sizes


def _resolution(adata: "AnnData", n_groups: int, seed: int) -> float:
    """Find the resolution that gives so many groups."""
    if n_groups == 1:
        return 0.0
    grid = tuple(float(r) for r in np.geomspace(0.1, 3, 18).round(3))
    numbers = [int(labels.max()) for labels in leiden(adata.obsp["connectivities"], resolutions=grid, seed=seed)]
    off = min(abs(number - n_groups) for number in numbers)
    fits = [r for r, number in zip(grid, numbers, strict=True) if abs(number - n_groups) == off]
    return fits[(len(fits) - 1) // 2]


def half(adata: "AnnData", name: str, *, log: bool = False) -> "AnnData":
    """Return one half of the counts, ``train`` or ``test``, as an object of its own; with log values if asked.

    Raises
    ------
    InputError
        If the counts have not been split.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.split(adata)
    >>> test = cells.half(adata, "test", log=True)
    >>> test.shape == adata.shape
    True
    """
    import anndata
    import scanpy as sc

    if name not in adata.layers:
        raise InputError("the counts have not been split: run regroup first.")
    own = anndata.AnnData(adata.layers[name].copy(), obs=adata.obs.copy(), var=pd.DataFrame(index=adata.var_names))
    if log:
        sc.pp.normalize_total(own)
        sc.pp.log1p(own)
    return own


def patients(adata: "AnnData") -> "pd.Series[str]":
    """Name the patient of each cell; one unnamed patient where the data do not say."""
    if "patient" in adata.obs:
        named: pd.Series[str] = adata.obs["patient"].astype(str)
        return named
    return pd.Series("not named", index=adata.obs_names)


def lacking_genes(adata: "AnnData", *, signature: Sequence[str], marker: str) -> str:
    """Say what is missing to name ancestral groups and test a marker; empty if nothing is.

    Parameters
    ----------
    adata
        The study; ``uns["fxyd3"]["symbols"]`` tells whether gene symbols are known.
    signature, marker
        Genes that name the groups, and the gene to test.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data import gene_set
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> progenitor = gene_set("LIM_MAMMARY_LUMINAL_PROGENITOR_UP")
    >>> cells.lacking_genes(adata, signature=progenitor, marker="NOSUCH")
    'NOSUCH is not among the 8823 genes left after quality control'
    """
    if adata.uns.get("fxyd3", {}).get("symbols") == "ensembl":
        return "the genes have Ensembl ids but no symbols (give a table of ids and symbols with --genes)"
    if not adata.var_names.isin(list(signature)).any():
        return f"none of the {len(signature)} signature genes is left after quality control"
    if marker not in adata.var_names:
        return f"{marker} is not among the {adata.n_vars} genes left after quality control"
    return ""


def lacking_patients(adata: "AnnData", found: int) -> str:
    """Say what is missing for an interval over patients; empty if at least three are found."""
    if "patient" not in adata.obs:
        return "the data do not name the patient of each cell (give the column with --patient)"
    if found < 3:
        return f"an interval over patients needs at least 3 with enough cells of both kinds, here there are {found}"
    return ""
