"""Whether sorted cells carry more of a signature than unsorted cells of the same patient."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fxyd3.claims import Interval, t_interval
from fxyd3.data.lineages import raw_counts
from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

Floats = NDArray[np.float64]

FEWEST_GENES = 5
PRIOR_COUNT = 2.0
NEAREST = 50  # genes of similar expression from which controls are drawn


@dataclass(frozen=True)
class SignatureShift:
    """How far sorting shifts a signature; see ``signature_shift``.

    Attributes
    ----------
    per_patient
        One row per patient (and condition, where there is one) and sorted fraction: patient, condition, fraction (str),
        signature, control (log2 sorted less unsorted, of the signature and of random genes), shift (their difference),
        cells_sorted, cells_unsorted (int).
    interval
        Mean shift over patients, with Student's interval; log2 units.
    control
        The same of random genes: what the shift is measured from.
    exceeded
        Negative control: share of single random sets that change at least as much as the signature. It is no p-value:
        genes of a signature vary together, and those of a random set do not.
    n
        Patients.
    genes, missing, excluded
        Of the signature: genes used, those the data lack, and those left out because cells were sorted on them.
    left_out
        Sorted samples that could not be compared, with the numbers of their cells and of the unsorted ones.
    """

    per_patient: "pd.DataFrame"
    interval: Interval
    control: Interval
    exceeded: float
    n: int
    genes: tuple[str, ...]
    missing: tuple[str, ...]
    excluded: tuple[str, ...]
    left_out: tuple[str, ...]

    def summary(self) -> "pd.DataFrame":
        """Return log2_change, lower, upper, patients for the signature beyond random genes, and for random genes."""
        import pandas as pd

        rows = {"signature beyond random genes": self.interval, "random genes": self.control}
        table = pd.DataFrame.from_dict(rows, orient="index", columns=["log2_change", "lower", "upper"])
        return table.assign(patients=self.n)


def signature_shift(
    adata: "AnnData",
    genes: Iterable[str],
    *,
    fraction: str = "fraction",
    unsorted: str = "unsorted",
    patient: str = "patient",
    condition: str = "condition",
    exclude: Iterable[str] = ("NRP1", "IGF1R"),
    min_cells: int = 20,
    n_controls: int = 200,
    confidence: float = 0.95,
    seed: int = 1,
) -> SignatureShift:
    """Compare a signature between sorted and unsorted cells of the same patients.

    The counts of all cells of a patient and fraction are added up, and expressed as log2 counts per million. The change
    is sorted less unsorted, averaged over the genes of the signature; the shift is this change less that of random
    genes of like expression. Several sorted fractions of a patient are averaged. The interval runs over patients.

    Parameters
    ----------
    adata
        Raw counts in ``X``; the cells to compare, see ``epithelial``.
    genes
        Symbols of the signature.
    fraction, patient
        Columns of ``obs``.
    unsorted
        What unsorted cells are called in ``fraction``; all else is sorted.
    condition
        Column of ``obs``. Where the data have it, cells are compared within it only: a sort before treatment says
        nothing when set against unsorted cells from after it.
    exclude
        Genes that the cells were sorted on. A sort raises them by itself, so that they would prove only themselves.
    min_cells
        Fewest cells of a sample (patient, condition, fraction); smaller ones are left out, and named in the result.
    n_controls
        Random sets: each gene is replaced by one of the 50 nearest in mean expression.
    confidence
        Of the intervals.
    seed
        Of the random sets.

    Returns
    -------
    SignatureShift

    Raises
    ------
    InputError
        Without raw counts, a column named, unsorted cells, three patients with both, or five genes of the signature.

    Notes
    -----
    log2 counts per million as edgeR gives them, without factors for composition: two counts are added to a sample of
    average size, and in proportion to others. The log of few counts is low on average, so that small samples seem to
    lose rarely expressed genes: on the twin 0.09 with a quarter of the cells. Random genes lose nearly the same (all
    but 0.02), and it is taken off.

    References
    ----------
    Robinson 2010, doi:10.1093/bioinformatics/btp616 (edgeR). Squair 2021, doi:10.1038/s41467-021-25960-2 (why
    pseudobulk).

    When not to use
    ---------------
    As proof of stemness: a signature is expression, not function. On all cells of a tumour: it would measure purity.

    Examples
    --------
    On the smallest twin, with few random gene sets, so that it is fast:

    >>> from fxyd3.data import gene_set
    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.enrichment import signature_shift
    >>> adata = twin(1500)
    >>> found = signature_shift(adata, gene_set("LIM_MAMMARY_LUMINAL_PROGENITOR_UP"), n_controls=20)
    >>> found.n, found.interval.lower < found.interval.estimate
    (6, True)
    """
    import pandas as pd

    counts = raw_counts(adata)
    for column in (fraction, patient):
        if column not in adata.obs:
            raise InputError(
                f"There is no column '{column}' in obs{nearest(column, map(str, adata.obs.columns))}: name those "
                "that hold the sorted fractions and the patients."
            )
    fractions = adata.obs[fraction].dropna().astype(str).unique()
    if unsorted not in fractions:
        raise InputError(
            f"No cell is '{unsorted}' in column '{fraction}'{nearest(unsorted, fractions)}: there are "
            f"{few(fractions)}; say what unsorted cells are called."
        )
    barred = set(exclude)
    used, missing, excluded = _choose(genes, barred, adata.var_names)

    within = [patient, *([condition] if condition in adata.obs else [])]
    groups = adata.obs[[*within, fraction]].astype("string").groupby([*within, fraction])
    samples = groups.size().rename("cells").reset_index().reset_index(names="row")
    plain = samples[fraction] == unsorted
    pairs = samples[~plain].join(samples[plain].set_index(within)[["row", "cells"]], on=within, rsuffix="_unsorted")
    pairs = pairs.fillna({"row_unsorted": 0, "cells_unsorted": 0})
    enough = pairs[["cells", "cells_unsorted"]].min(axis=1) >= min_cells
    left_out = [
        f"{' '.join(row[[*within, fraction]])} ({row['cells']} sorted, {row['cells_unsorted']:.0f} unsorted)"
        for _, row in pairs[~enough].iterrows()
    ]
    pairs = pairs[enough]
    if pairs[patient].nunique() < 3:
        raise InputError(
            f"There are {pairs[patient].nunique()} patients with at least {min_cells} sorted and as many unsorted cells"
            f"{' of one condition' if condition in within else ''}: an interval over patients needs 3."
        )

    rows, place_of = np.unique(pairs[["row", "row_unsorted"]].to_numpy(int), return_inverse=True)
    sums = _add_up(counts, groups.ngroup().to_numpy(), len(samples))[rows]
    bulk = log_cpm(sums)
    sorted_row, unsorted_row = place_of.reshape(-1, 2).T
    change = bulk[sorted_row] - bulk[unsorted_row]
    place = adata.var_names.get_indexer(used)
    pool = (sums.sum(axis=0) > 0) & ~adata.var_names.isin([*used, *barred])
    random = _controls(change, bulk.mean(axis=0), place, np.flatnonzero(pool), n_controls, seed)
    per_patient = pd.DataFrame(
        {
            "patient": pairs[patient].astype(str),
            **({"condition": pairs[condition].astype(str)} if condition in within else {}),
            "fraction": pairs[fraction].astype(str),
            "signature": change[:, place].mean(axis=1),
            "control": random.mean(axis=1),
            "shift": change[:, place].mean(axis=1) - random.mean(axis=1),
            "cells_sorted": pairs["cells"].astype(int),
            "cells_unsorted": pairs["cells_unsorted"].astype(int),
        }
    ).reset_index(drop=True)
    mean = per_patient.groupby("patient")[["signature", "control", "shift"]].mean()
    each = pd.DataFrame(random).groupby(per_patient["patient"]).mean().mean()
    return SignatureShift(
        per_patient=per_patient,
        interval=t_interval(mean["shift"], confidence),
        control=t_interval(mean["control"], confidence),
        exceeded=float((each >= mean["signature"].mean()).mean()),
        n=len(mean),
        genes=used,
        missing=missing,
        excluded=excluded,
        left_out=tuple(left_out),
    )


def log_cpm(counts: Floats) -> Floats:
    """Return log2 counts per million, samples by genes, with a prior count in proportion to the size of the sample."""
    size = counts.sum(axis=1, keepdims=True)
    prior = PRIOR_COUNT * size / size.mean()
    return np.asarray(np.log2((counts + prior) / (size + 2 * prior) * 1e6))


def _choose(
    genes: Iterable[str], exclude: set[str], there: "pd.Index[str]"
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the genes of the signature to use, those the data lack, and those left out."""
    given = dict.fromkeys(genes)
    excluded = tuple(gene for gene in given if gene in exclude)
    used = tuple(gene for gene in given if gene in there and gene not in exclude)
    missing = tuple(gene for gene in given if gene not in there and gene not in exclude)
    if len(used) < FEWEST_GENES:
        raise InputError(
            f"{len(used)} of the {len(given)} genes of the signature can be used (the data lack "
            f"{few(missing) or 'none'}): give gene symbols, at least {FEWEST_GENES} of them in the data."
        )
    return used, missing, excluded


def _add_up(counts: sparse.csr_matrix, group: NDArray[np.int64], n: int) -> Floats:
    """Return the counts summed by group, groups by genes; cells of group -1 belong to none."""
    known = np.flatnonzero(group >= 0)
    member = sparse.csr_matrix((np.ones(len(known)), (group[known], known)), shape=(n, counts.shape[0]))
    return np.asarray((member @ counts).todense(), dtype=float)


def _controls(
    change: Floats, mean: Floats, place: NDArray[np.int64], pool: NDArray[np.int64], n: int, seed: int
) -> Floats:
    """Return the mean change of random gene sets, pairs by sets: for each gene one of those nearest in mean."""
    if not len(pool):
        raise InputError("No expressed gene is left to draw a control from: keep all genes, not only the signature.")
    ordered = pool[np.argsort(mean[pool], kind="stable")]
    width = min(NEAREST, len(ordered))
    start = np.clip(np.searchsorted(mean[ordered], mean[place]) - width // 2, 0, len(ordered) - width)
    drawn = ordered[start + np.random.default_rng(seed).integers(width, size=(n, len(place)))]
    return np.stack([change[:, genes].mean(axis=1) for genes in drawn], axis=1)
