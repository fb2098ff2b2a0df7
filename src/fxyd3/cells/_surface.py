"""Whether another gene of the cell surface would sort the ancestral cells better."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fxyd3.cells._ancestry import UNKNOWN, Interval
from fxyd3.cells._halves import half, lacking_patients, patients
from fxyd3.cells._sortability import auroc, limits
from fxyd3.errors import InputError
from fxyd3.paths import book_file

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True)
class BestSurface:
    """A marker beside the best single gene of the cell surface, chosen on the other patients.

    ``per_patient`` has one row per patient with enough cells: ``gene`` (the best of the other patients), ``kept``
    (``high`` or ``low``: which of its cells to keep), ``best`` (its area under the ROC curve in this patient),
    ``marker`` (that of the marker) and ``difference`` (``marker`` less ``best``). ``ranking`` has one row per gene,
    the marker among them, by mean area over all patients, best first: ``auroc``, ``kept``, ``in_signature``; its first
    rows are the winners of many, and flattered by that. ``candidates`` is the number of genes searched. ``marker``,
    ``best`` and ``difference`` are estimate, lower and upper limit over patients, unknown where ``missing`` says why.
    """

    per_patient: pd.DataFrame
    ranking: pd.DataFrame
    candidates: int
    marker: Interval
    best: Interval
    difference: Interval
    missing: str


def surface_genes() -> tuple[str, ...]:
    """Return the genes of ``data/surface.csv``: proteins that mass spectrometry found on the surface of human cells.

    Notes
    -----
    The atlas was made from cell lines and some primary cells, so that a protein it lacks may well be on the surface.

    When not to use: as a list of antibodies, or of all surface proteins.

    References
    ----------
    Bausch-Fluck 2015, doi:10.1371/journal.pone.0121314.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> "FXYD3" in cells.surface_genes()
    False
    """
    return tuple(pd.read_csv(book_file("data", "surface.csv"), comment="#")["gene"])


def best_surface(
    adata: "AnnData",
    *,
    marker: str = "FXYD3",
    candidates: Sequence[str] | None = None,
    signature: Sequence[str] = (),
    min_cells: int = 10,
) -> BestSurface:
    """Search the surface genes for the one that ranks ancestral cells best, and compare it with a marker.

    The groups were made on the training half of the counts, so all genes are measured on the test half, the marker
    with them: areas of half counts are lower than those of ``sortability``. For each patient the best gene is the one
    with the highest mean area in the *other* patients; its area is then taken in this patient. The highest of some
    hundred genes is partly luck, and the patient left out does not share it. Writes nothing.

    Parameters
    ----------
    adata
        ``layers["test"]``, see ``regroup``; ``obs["ancestral_train"]``, see ``progenitor_difference``.
    marker
        The gene to compare with.
    candidates
        Genes to search; those the data lack, or that no cell holds in the test half, are left out. By default
        ``surface_genes()``.
    signature
        Genes that named the ancestral groups. They stay candidates, which is no favour to the marker; ``ranking`` says
        which they are.
    min_cells
        Ancestral and other cells a patient must have.

    Raises
    ------
    InputError
        If the ancestral cells have not been named, the marker is not in the data, or no candidate is.

    Notes
    -----
    A gene may also sort by its absence: where its mean area in the other patients is below one half, cells low in it
    are kept, and its area is counted from one down. The marker is taken as claimed: high.

    Halving adds noise in proportion to a gene's spread, which ``split`` fits over all groups at once. So the genes that
    differ most between groups lose most, the marker among them: differences here are too small rather than too large.

    When not to use: to choose an antibody. RNA is not protein, and no gate of two genes is tried.

    References
    ----------
    Neufeld 2023, doi:10.48550/arXiv.2307.12985 (halves of the counts).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data import gene_set
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> progenitor = gene_set("LIM_MAMMARY_LUMINAL_PROGENITOR_UP")
    >>> genes = cells.held_out(adata, signature=progenitor, n_control=5)
    >>> _ = cells.regroup(adata, n_groups=4, held_out=genes.genes)
    >>> _ = cells.progenitor_difference(adata, progenitor, min_cells=5)
    >>> found = cells.best_surface(adata, candidates=["FXYD3", "EPCAM", "KIT"], signature=progenitor, min_cells=5)
    >>> type(found).__name__
    'BestSurface'
    """
    if "ancestral_train" not in adata.obs:
        raise InputError('there is no obs["ancestral_train"]: run progenitor_difference first.')
    if marker not in adata.var_names:
        raise InputError(f"{marker} is not among the {adata.n_vars} genes of the data: give another marker.")
    named = [gene for gene in dict.fromkeys(candidates or surface_genes()) if gene != marker]
    test = half(adata, "test", log=True)
    held = pd.Series(np.asarray((test.X > 0).sum(axis=0)).ravel() > 0, index=test.var_names)
    genes = [gene for gene in named if held.get(gene, False)]
    if not genes:
        raise InputError(f"none of the {len(named)} surface genes is in the data: give candidates that are.")
    values = test[:, [marker, *genes]].X.toarray()
    ancestral, patient = adata.obs["ancestral_train"].to_numpy(dtype=bool), patients(adata).to_numpy()
    areas = {}
    for name in np.unique(patient):
        here = patient == name
        inside = int(ancestral[here].sum())
        if min(inside, int(here.sum()) - inside) >= min_cells:
            areas[name] = auroc(values[here], ancestral[here])
    each = pd.DataFrame.from_dict(areas, orient="index", columns=[marker, *genes])
    each.index.name = "patient"
    missing = lacking_patients(adata, len(each))
    if not ancestral.any():
        missing = "no group could be named ancestral, so there is nothing to sort"
    ranking = _ranking(each, marker, signature) if len(each) else pd.DataFrame()
    if len(each) < 2:
        return BestSurface(pd.DataFrame(), ranking, len(genes), UNKNOWN, UNKNOWN, UNKNOWN, missing)
    rows = {}
    for name in each.index:
        others = each[genes].drop(index=name).mean()
        gene = (others - 0.5).abs().idxmax()
        low = others[gene] < 0.5
        own, best = each.loc[name, marker], 1 - each.loc[name, gene] if low else each.loc[name, gene]
        rows[name] = {
            "gene": gene,
            "kept": "low" if low else "high",
            "best": best,
            "marker": own,
            "difference": own - best,
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "patient"
    if missing:
        return BestSurface(table, ranking, len(genes), UNKNOWN, UNKNOWN, UNKNOWN, missing)
    marker_area, best_area = limits(table["marker"], (0, 1)), limits(table["best"], (0, 1))
    return BestSurface(table, ranking, len(genes), marker_area, best_area, limits(table["difference"], (-1, 1)), "")


def _ranking(each: pd.DataFrame, marker: str, signature: Sequence[str]) -> pd.DataFrame:
    """Order the genes by their mean area over patients, each counted in the direction that sorts."""
    mean = each.mean()
    low = (mean < 0.5) & (mean.index != marker)
    table = pd.DataFrame(
        {
            "auroc": mean.where(~low, 1 - mean),
            "kept": np.where(low, "low", "high"),
            "in_signature": mean.index.isin(list(signature)),
        }
    )
    table.index.name = "gene"
    return table.sort_values("auroc", ascending=False, kind="stable")
