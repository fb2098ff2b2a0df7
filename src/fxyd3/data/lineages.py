"""Which lineage a cell belongs to, by the marker file of a public atlas."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fxyd3.data.report import few
from fxyd3.data.signatures import gene_set
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

EPITHELIAL = "WU2021_GARNETT_EPITHELIAL"  # in data/signatures.gmt

OTHER = {
    "immune": ("PTPRC", "CD3D", "CD3E", "CD3G", "CD8A", "CD8B", "CD79A", "CD79B", "CD19", "MS4A1", "CD68", "TYROBP",
               "FCER1G", "AIF1", "LST1", "CSF1R", "JCHAIN"),
    "stroma": ("PDGFRA", "PDGFRB", "PDPN", "DCN", "COL1A1", "COL1A2", "FAP", "THY1", "CXCL12", "MCAM", "NOTCH3",
               "RGS5"),
    "endothelium": ("PECAM1", "VWF", "CLDN5", "EMCN", "KDR", "FLT1", "ACKR1", "SELE", "TIE1", "ROBO4"),
}  # fmt: skip
"""Markers of other cells in the atlas of Wu 2021, by lineage; see ``epithelial`` for those left out."""

FEWEST_GENES = 5


def epithelial(adata: "AnnData") -> NDArray[np.bool_]:
    """Return which cells look epithelial: more counts of epithelial genes than of other lineages' genes together.

    Unsorted samples hold stroma and immune cells, sorted ones hardly any. Compared as they are, they would differ by
    the purity of the sort. The rule has no threshold to tune, and does not depend on the depth of a cell.

    Parameters
    ----------
    adata
        Raw counts in ``layers["counts"]``, else in ``X``; genes named by symbols.

    Returns
    -------
    ndarray of bool, one value per cell

    Raises
    ------
    InputError
        With fewer than five of the epithelial genes or no gene of another lineage in the data, or without raw counts.

    Notes
    -----
    The genes are from the marker file of the atlas: all 26 of its epithelial cells, and the plainest of other lineages.
    Left out are genes of smooth muscle, which basal cells share (ACTA2, MYL9, TAGLN); those that its endothelial list
    shares with epithelium (KRT19, TACSTD2); and immunoglobulins, which leak from plasma cells into the counts of every
    cell: with them, half of the cancer cells of a real tumour were lost. The choice was made on that tumour (CID4465:
    116 of 124 cancer cells pass, and 24 of 1,430 that are not epithelial), and holds on the twin.

    References
    ----------
    Wu 2021, doi:10.1038/s41588-021-00911-1 (marker file of the public code: ``breast_cancer_TME_markers_v4``).

    When not to use
    ---------------
    To find cancer cells: normal epithelium passes too, and only copy numbers tell them apart. On tumours that have lost
    epithelial genes: their cells fail. Where the signature holds genes of the gate (ITGB4, LAMA3, LAMB3 and THY1 are in
    the basal list): the gate then chooses by the signature, in all fractions alike.

    Examples
    --------
    On the smallest twin, whose cell types are known:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.enrichment import epithelial
    >>> adata = twin(400)
    >>> found = epithelial(adata)
    >>> float(round((found == (adata.obs["truth_type"] == "tumour")).mean(), 1))
    1.0
    """
    own, other = lineage_counts(adata)
    return np.asarray(own > other)


def lineage_counts(adata: "AnnData") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count, in each cell, the epithelial genes and those of other lineages; see ``epithelial``.

    Raises
    ------
    InputError
        With fewer than five of the epithelial genes or no gene of another lineage in the data, or without raw counts.

    When not to use
    ---------------
    To measure how epithelial a cell is: the two lists differ in length and in how much their genes are expressed.
    """
    counts = raw_counts(adata)
    markers = gene_set(EPITHELIAL)
    inside = adata.var_names.isin(markers)
    if inside.sum() < FEWEST_GENES:
        raise InputError(
            f"The data hold {inside.sum()} of the {len(markers)} epithelial genes ({few(markers)}): give gene "
            f"symbols in var_names, and at least {FEWEST_GENES} of these genes."
        )
    for lineage, genes in OTHER.items():
        if not adata.var_names.isin(genes).any():
            raise InputError(
                f"The data hold no gene of {lineage} ({few(genes)}): without any, its cells cannot be told apart; keep "
                "all genes."
            )
    outside = adata.var_names.isin([gene for genes in OTHER.values() for gene in genes])
    own, other = (counts @ genes.astype(np.float64) for genes in (inside, outside))
    return own, other


def raw_counts(adata: "AnnData") -> sparse.csr_matrix:
    """Return ``layers["counts"]``, else ``X``, as sparse rows, if it holds counts."""
    counts = sparse.csr_matrix(adata.layers.get("counts", adata.X))
    if (counts.data < 0).any() or (counts.data != np.rint(counts.data)).any():
        raise InputError(
            "X does not hold raw counts (it has fractions or values below 0): put those before normalisation there."
        )
    return counts
