"""Whether one could sort the ancestral cells by a single gene."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from fxyd3.cells._ancestry import UNKNOWN, Interval
from fxyd3.cells._halves import lacking_patients, patients
from fxyd3.cells._signature import matched_genes
from fxyd3.claims import t_interval
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

COMPARE = ("NRP1", "IGF1R", "CD44", "CD24", "ALDH1A3", "EPCAM")


@dataclass(frozen=True)
class HeldOut:
    """Genes kept out of the groups so that they can be tested: the marker, others to compare, random controls.

    ``named`` are those of ``compare`` that are in the signature. They had no part in the groups, but helped to choose
    which of them to call ancestral, and are flattered by that.
    """

    marker: str
    compare: tuple[str, ...]
    control: tuple[str, ...]
    named: tuple[str, ...] = ()

    @property
    def genes(self) -> tuple[str, ...]:
        """All of them."""
        return (self.marker, *self.compare, *self.control)


@dataclass(frozen=True)
class Sortability:
    """How well a gene's expression tells ancestral cells from the others.

    ``per_patient`` has one row per patient with enough cells: ``ancestral`` and ``others`` (cells), ``auroc``,
    ``control`` (mean over the control genes), ``gate`` (log value, chosen on the other patients), ``purity`` (percent
    of cells above the gate that are ancestral), ``before`` (the same without a gate) and ``recovered`` (percent of
    ancestral cells above the gate). ``genes`` has one row per gene: ``auroc``, ``lower``, ``upper``; ``less``,
    ``less_lower``, ``less_upper`` (area of the marker less that of the gene in the same patient), ``in_signature``.
    ``curve`` has one row per patient and threshold: ``patient``, ``gate`` (log value), ``purity``, ``recovered``
    (percent, of the marker, in the patient's own cells). ``interval`` and ``control`` are estimate, lower and upper
    limit over patients, unknown where ``missing`` says why.
    """

    per_patient: pd.DataFrame
    genes: pd.DataFrame
    interval: Interval
    control: Interval
    missing: str
    curve: pd.DataFrame = field(default_factory=pd.DataFrame)


def held_out(
    adata: "AnnData",
    *,
    marker: str = "FXYD3",
    compare: Sequence[str] = COMPARE,
    signature: Sequence[str] = (),
    n_control: int = 20,
    seed: int = 1,
) -> HeldOut:
    """Choose the genes to keep out of the groups: a marker, genes to compare, and random genes of like expression.

    Parameters
    ----------
    adata
        Log values in ``X``.
    marker, compare
        Genes to test; those in ``compare`` that the data lack are left out.
    signature
        Genes that name the ancestral groups; never drawn as controls.
    n_control
        Controls to draw among the 50 genes nearest to the marker in mean expression.
    seed
        Of the draw.

    Raises
    ------
    InputError
        If the marker is not among the genes.

    Notes
    -----
    When not to use: with a marker that is itself part of the signature; the test would be circular.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data import gene_set
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> progenitor = gene_set("LIM_MAMMARY_LUMINAL_PROGENITOR_UP")
    >>> found = cells.held_out(adata, signature=progenitor, n_control=5)
    >>> len(found.genes) >= 6
    True
    """
    if marker not in adata.var_names:
        raise InputError(
            f"{marker} is not among the {adata.n_vars} genes left after quality control: give another marker, a table "
            "of gene symbols (option --genes), or more cells."
        )
    if marker in signature:
        raise InputError(f"{marker} is part of the signature that names the ancestral groups: choose another marker.")
    present = tuple(gene for gene in compare if gene in adata.var_names and gene != marker)
    drawn = matched_genes(adata, [marker], exclude=[*present, *signature], n_sets=2 * n_control, seed=seed)
    control = tuple(dict.fromkeys(gene for one in drawn for gene in one))[:n_control]
    return HeldOut(marker, present, control, tuple(gene for gene in present if gene in signature))


def sortability(adata: "AnnData", *, genes: HeldOut, min_cells: int = 10) -> Sortability:
    """Measure per patient how well a gene ranks ancestral cells above the others, and what a gate would yield.

    The groups were made without these genes (``regroup(held_out=...)``), and named on other patients
    (``progenitor_difference``), so the full counts of the genes are independent of them. The gate is the threshold with
    the greatest sum of sensitivity and specificity in the other patients. Writes nothing.

    Parameters
    ----------
    adata
        Log values of the full counts in ``X``; ``obs["ancestral_train"]``; ``uns["held_out"]``.
    genes
        See ``held_out``.
    min_cells
        Ancestral and other cells a patient must have.

    Raises
    ------
    InputError
        If a gene helped to make the groups, or the ancestral cells have not been named.

    Notes
    -----
    When not to use: as a promise about antibodies. RNA is not protein at the membrane.

    References
    ----------
    Hanley 1982, doi:10.1148/radiology.143.1.7063747 (area under the ROC curve).

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
    >>> found = cells.sortability(adata, genes=genes, min_cells=5)
    >>> list(found.per_patient.columns)[:2]
    ['ancestral', 'others']
    """
    if "ancestral_train" not in adata.obs:
        raise InputError('there is no obs["ancestral_train"]: run progenitor_difference first.')
    used = [gene for gene in genes.genes if gene not in adata.uns["held_out"]]
    if used:
        raise InputError(f"{', '.join(used)} helped to make the groups: pass held_out= to regroup, then test them.")
    values = adata[:, list(genes.genes)].X.toarray()
    ancestral, patient = adata.obs["ancestral_train"].to_numpy(dtype=bool), patients(adata).to_numpy()
    n_compare = 1 + len(genes.compare)
    rows, areas = {}, {}
    for name in np.unique(patient):
        here = patient == name
        inside, outside = here & ancestral, here & ~ancestral
        if min(inside.sum(), outside.sum()) < min_cells:
            continue
        area = auroc(values[here], ancestral[here])
        areas[name] = area[:n_compare]
        rows[name] = {
            "ancestral": int(inside.sum()),
            "others": int(outside.sum()),
            "auroc": float(area[0]),
            "control": float(area[n_compare:].mean()) if genes.control else float("nan"),
            **_gate(values[:, 0], ancestral, here),
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "patient"
    missing = lacking_patients(adata, len(table))
    if not ancestral.any():
        missing = "no group could be named ancestral, so there is nothing to sort"
    if table.empty:
        return Sortability(table, pd.DataFrame(), UNKNOWN, UNKNOWN, missing)
    each = pd.DataFrame.from_dict(areas, orient="index", columns=[genes.marker, *genes.compare])
    by_gene = pd.DataFrame.from_dict(
        {gene: _row(each[gene], each[genes.marker] - each[gene], missing) for gene in each.columns},
        orient="index",
        columns=["auroc", "lower", "upper", "less", "less_lower", "less_upper"],
    )
    by_gene["in_signature"] = by_gene.index.isin(genes.named)
    by_gene.index.name = "gene"
    curve = _curve(values[:, 0], ancestral, patient, table.index)
    if missing:
        return Sortability(table, by_gene, UNKNOWN, UNKNOWN, missing, curve)
    control = limits(table["control"], (0, 1)) if genes.control else UNKNOWN
    return Sortability(table, by_gene, limits(table["auroc"], (0, 1)), control, "", curve)


def auroc(values: NDArray[np.floating[Any]], positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Probability that a positive cell exceeds another one, ties counting half; per column of ``values``.

    Examples
    --------
    >>> import numpy as np
    >>> from fxyd3 import cells
    >>> cells.auroc(np.array([[3.0], [2.0], [1.0], [2.0]]), np.array([True, True, False, False]))
    array([0.875])
    """
    ranks = rankdata(values, axis=0)
    n = int(positive.sum())
    wins: NDArray[np.float64] = ranks[positive].sum(axis=0) - n * (n + 1) / 2
    return wins / (n * (len(positive) - n))


def limits(values: "pd.Series[float]", between: tuple[float, float]) -> Interval:
    """Return mean and t interval over patients, kept within the values that can be."""
    estimate, lower, upper = t_interval(values)
    return estimate, max(lower, between[0]), min(upper, between[1])


def _row(area: "pd.Series[float]", less: "pd.Series[float]", missing: str) -> tuple[float, ...]:
    if missing:
        return (area.mean(), *UNKNOWN[1:], less.mean(), *UNKNOWN[1:])
    return (*limits(area, (0, 1)), *limits(less, (-1, 1)))


def _curve(
    value: NDArray[np.floating[Any]], ancestral: NDArray[np.bool_], patient: NDArray[np.object_], names: Iterable[str]
) -> pd.DataFrame:
    """Give purity and recovery of every gate, patient by patient, from the strictest to none."""
    parts = []
    for name in names:
        here = patient == name
        gates, first = np.unique(-value[here], return_inverse=True)
        above = np.bincount(first).cumsum()
        inside = np.bincount(first, weights=ancestral[here]).cumsum()
        parts.append(
            pd.DataFrame(
                {
                    "patient": name,
                    "gate": -gates,
                    "purity": 100 * inside / above,
                    "recovered": 100 * inside / inside[-1],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _gate(value: NDArray[np.floating[Any]], ancestral: NDArray[np.bool_], here: NDArray[np.bool_]) -> dict[str, float]:
    """Choose the threshold on the other patients and apply it to this one; nothing without others."""
    learn, truth = value[~here], ancestral[~here]
    base = 100 * float(ancestral[here].mean())
    if truth.all() or not truth.any():
        return {"gate": np.nan, "purity": np.nan, "before": base, "recovered": np.nan}
    order = np.argsort(-learn, kind="stable")
    ends = np.flatnonzero(np.diff(learn[order], append=-np.inf))  # the last cell of each run of ties
    gain = np.cumsum(truth[order])[ends] / truth.sum() - np.cumsum(~truth[order])[ends] / (~truth).sum()
    gate = float(learn[order][ends[np.argmax(gain)]])
    above = value[here] >= gate
    inside = int((above & ancestral[here]).sum())
    return {
        "gate": gate,
        "purity": 100 * inside / int(above.sum()) if above.any() else np.nan,
        "before": base,
        "recovered": 100 * inside / int(ancestral[here].sum()),
    }
