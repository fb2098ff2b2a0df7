"""What else could raise a gene after treatment: stroma, fewer cycling cells, dying cells, depth."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fxyd3.data.lineages import EPITHELIAL, OTHER
from fxyd3.data.pseudobulk import whole_counts
from fxyd3.data.signatures import gene_set
from fxyd3.tolerance._paired import log_per_million, pair_up
from fxyd3.tolerance._residual import absent_gene, over_patients

if TYPE_CHECKING:
    from anndata import AnnData

Array = NDArray[np.float64]

FEWEST_GENES = 5
CYCLING = "WU2021_GARNETT_EPITHELIAL_CYCLING"
N_MADS = 3.0
SHALLOW = 0.1  # of the cells of a sample are left out at the most, at the common depth
LOG2, POINTS = "log2 ratio of their share of the counts", "percentage points of the cells"
PLAIN, STROMA, CYCLE, DYING, DEPTH = "as it is", "stroma and immune cells", "cycling cells", "dying cells", "depth"
READS = {
    PLAIN: "nothing is accounted for: this is what the others are compared with",
    STROMA: "if other cells were left among the tumour cells and are fewer after treatment, the gene rises without any "
    "change in tumour cells; the change then goes away among cells that look epithelial",
    CYCLE: "if treatment spares resting cells and these hold more of the gene, it rises with them; the change then "
    "goes away among cells that do not cycle",
    DYING: "if dying cells, full of mitochondrial RNA, hold less of the gene and are fewer after treatment, it rises; "
    "the change then goes away without cells of high mitochondrial share",
    DEPTH: "if deep cells, which weigh most in a sum, differ from the shallow ones, or are more frequent at one time, "
    "the gene changes with them; the change then goes away when all cells have one depth",
}
"""What each explanation would look like, if it held."""


NEEDS = {
    STROMA: {"epithelial": FEWEST_GENES, "other": FEWEST_GENES},
    CYCLE: {"cycling": FEWEST_GENES},
    DYING: {"mitochondrial": 1},
}


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Neighbouring explanations of the change of a gene, each checked; see ``neighbours``.

    Attributes
    ----------
    table
        One row per explanation, the first for the change as it is. explanation; nuisance, nuisance_lower,
        nuisance_upper (its own change, after less before, mean over patients) and unit; gene_change, lower, upper (of
        the gene with it accounted for, log2); taken, taken_lower, taken_upper (how much of the change as it is goes
        away, in the same patients); n (patients); cells_left (percent); reads (what it would look like if it held, or
        why it could not be checked). Limits are NaN with fewer than two patients.
    per_patient
        One row per explanation and patient: explanation, patient, nuisance, gene_change, taken, cells_before,
        cells_after (left).
    n
        Patients measured.
    missing
        What a test lacks; empty: nothing.
    left_out
        Patients without enough cells at both times.
    gene
        The gene.

    Examples
    --------
    From simulated cells; two patients have no tumour cells left after treatment:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import neighbours
    >>> adata = twin(600, sorted_cells=0)
    >>> found = neighbours(adata[adata.obs["truth_type"] == "tumour"])
    >>> found.gene, found.n, found.left_out
    ('FXYD3', 4, ('P3 (47 before, 0 after)', 'P6 (45 before, 0 after)'))
    """

    table: pd.DataFrame
    per_patient: pd.DataFrame
    n: int
    missing: str
    left_out: tuple[str, ...]
    gene: str

    def summary(self) -> pd.DataFrame:
        """Return the change of the gene under each accounting: explanation, gene_change, lower, upper, taken, n."""
        return self.table[["explanation", "gene_change", "lower", "upper", "taken", "n"]]


@dataclass(frozen=True, eq=False)
class _Check:
    """One explanation: its nuisance in each sample, and the counts that are left when it is accounted for."""

    unit: str
    nuisance: Array  # samples
    keep: NDArray[np.bool_]  # cells
    gene: Array  # counts of each cell
    total: Array


def neighbours(
    adata: "AnnData",
    *,
    gene: str = "FXYD3",
    patient: str = "patient",
    condition: str = "condition",
    before: str = "before",
    after: str = "after",
    layer: str | None = None,
    min_cells: int = 10,
    confidence: float = 0.95,
    seed: int = 1,
) -> Neighbours:
    """Check what else could change a gene after treatment, and whether the change goes away without it.

    Each check leaves cells out by a rule that does not look at the gene, then measures the change again, as
    ``residual_change`` does.

    - ``stroma and immune cells``: only cells with more counts of epithelial genes than of other lineages' genes.
    - ``cycling cells``: only cells in which the share of cycling genes is at most twice the lower quartile of the
      patient's cells.
    - ``dying cells``: only cells whose mitochondrial share lies at most three median absolute deviations (scaled to a
      standard deviation) above the median of the patient's cells before treatment.
    - ``depth``: all cells thinned at random to one depth, which nine in ten cells of every sample have; shallower cells
      are left out.

    Parameters
    ----------
    adata, gene, patient, condition, before, after, layer
        As in ``residual_change``.
    min_cells
        Cells that a patient must have at both times, also after cells were left out.
    confidence
        Of the intervals (Student's, over patients).
    seed
        Of the thinning; the draw does not depend on the order of the cells.

    Returns
    -------
    Neighbours
        A check whose genes the data lack has no numbers, and ``reads`` says so.

    Raises
    ------
    InputError
        As ``residual_change``.

    Notes
    -----
    Thinning each count of a cell alike leaves the gene and the rest two binomial draws: no other gene needs one. The
    rules are rough: cells of few counts fall on either side by chance, and some cycling cells stay. A check that takes
    nothing away does not exclude its explanation; one that takes the change away shows that the two go together, not
    which is the cause.

    References
    ----------
    Wu 2021, doi:10.1038/s41588-021-00911-1 (epithelial, cycling and other genes). McCarthy 2017,
    doi:10.1093/bioinformatics/btw777 (median absolute deviations).

    When not to use
    ---------------
    To choose the accounting that fits a claim. After a quality control or a selection that has used the same rules,
    whose check then takes away nothing.

    Examples
    --------
    Simulated cells; the change that is left under each accounting:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import neighbours
    >>> adata = twin(600, sorted_cells=0)
    >>> found = neighbours(adata[adata.obs["truth_type"] == "tumour"])
    >>> found.summary()[["explanation", "gene_change", "n"]].round(1)
                   explanation  gene_change  n
    0                 as it is          1.0  4
    1  stroma and immune cells          1.0  4
    2            cycling cells          0.8  4
    3              dying cells          1.0  4
    4                    depth          1.2  4
    """
    pairs = pair_up(adata.obs, patient=patient, condition=condition, before=before, after=after, min_cells=min_cells,
                    confidence=confidence)  # fmt: skip
    counts, there = whole_counts(adata, layer), gene in adata.var_names
    missing = pairs.missing or ("" if there else absent_gene(adata, gene))
    if not pairs.patients or not there:
        return Neighbours(pd.DataFrame(columns=_TABLE), pd.DataFrame(columns=_PER_PATIENT), 0, missing, pairs.left_out,
                          gene)  # fmt: skip
    chosen = np.flatnonzero(pairs.sample >= 0)
    chosen = chosen[np.argsort(adata.obs_names[chosen], kind="stable")]
    sample, n = pairs.sample[chosen], 2 * len(pairs.patients)
    members = _members(adata.var_names, gene)
    here = members.sum()
    each = (counts @ members.to_numpy(dtype=np.float32))[chosen].astype(float)
    of = dict(zip(map(str, members), each.T, strict=True))
    checks = {name: _check(name, of, sample, n, seed) for name in READS if not _lacking(name, here)}
    parts = []
    for name, check in checks.items():
        left, x, total = (
            np.bincount(sample[check.keep], weights=weights, minlength=n)
            for weights in (None, check.gene[check.keep], check.total[check.keep])
        )
        level = np.where(left >= min_cells, log_per_million(x, total), np.nan)
        parts.append(
            pd.DataFrame(
                {"explanation": name, "patient": pairs.patients, "nuisance": check.nuisance[1::2] - check.nuisance[::2],
                 "gene_change": level[1::2] - level[::2], "cells_before": left[::2], "cells_after": left[1::2]}
            )
        )  # fmt: skip
    per_patient = pd.concat(parts, ignore_index=True).astype({"cells_before": int, "cells_after": int})
    per_patient["taken"] = np.tile(parts[0]["gene_change"], len(parts)) - per_patient["gene_change"]
    rows = []
    for name, told in READS.items():
        own = per_patient[per_patient["explanation"] == name]
        measured = own["gene_change"].notna()
        numbers = [_mean(own.loc[measured, what], confidence) for what in ("nuisance", "gene_change", "taken")]
        known = name in checks
        unit, cells = (checks[name].unit, 100 * float(checks[name].keep.mean())) if known else ("", np.nan)
        reads = told if known else f"could not be checked: the data hold {_lacking(name, here)}"
        rows.append((name, *numbers[0], unit, *numbers[1], *numbers[2], int(measured.sum()), cells, reads))
    return Neighbours(
        table=pd.DataFrame(rows, columns=_TABLE),
        per_patient=per_patient[_PER_PATIENT],
        n=len(pairs.patients),
        missing=missing,
        left_out=pairs.left_out,
        gene=gene,
    )


_TABLE = [
    "explanation", "nuisance", "nuisance_lower", "nuisance_upper", "unit", "gene_change", "lower", "upper", "taken",
    "taken_lower", "taken_upper", "n", "cells_left", "reads",
]  # fmt: skip
_PER_PATIENT = ["explanation", "patient", "nuisance", "gene_change", "taken", "cells_before", "cells_after"]


def _members(names: "pd.Index[str]", gene: str) -> pd.DataFrame:
    """Say of each gene of the data for what it is counted; the gene in question is no part of any rule."""
    rules = {
        "epithelial": names.isin(gene_set(EPITHELIAL)),
        "other": names.isin([name for genes in OTHER.values() for name in genes]),
        "cycling": names.isin(gene_set(CYCLING)),
        "mitochondrial": names.str.upper().str.startswith("MT-"),
    }
    asked = names == gene
    return pd.DataFrame(
        {"gene": asked, "total": True, **{name: inside & ~asked for name, inside in rules.items()}}, index=names
    )


def _lacking(name: str, here: "pd.Series[int]") -> str:
    """Say which genes a check lacks; empty: none."""
    short = [
        f"{here[kind]} {kind} genes, {least} are needed"
        for kind, least in NEEDS.get(name, {}).items()
        if here[kind] < least
    ]
    return "; ".join(short).replace("other genes", "genes of stroma and immune cells")


def _check(name: str, of: dict[str, Array], sample: NDArray[np.intp], n: int, seed: int) -> _Check:
    """Measure the nuisance of an explanation in each sample, and leave out cells, or counts, to account for it."""
    gene, total = of["gene"], of["total"]
    keep = np.ones(len(total), dtype=bool)
    if name == PLAIN:
        return _Check("", np.full(n, np.nan), keep, gene, total)
    if name == STROMA:
        other, everything = (np.bincount(sample, weights=of[kind], minlength=n) for kind in ("other", "total"))
        return _Check(LOG2, log_per_million(other, everything), of["epithelial"] > of["other"], gene, total)
    if name == DEPTH:
        cells = np.bincount(sample, minlength=n)
        nuisance = np.log2(np.bincount(sample, weights=total, minlength=n) / cells)
        common = max(1.0, min(np.quantile(total[sample == i], SHALLOW, method="lower") for i in range(n)))
        keep = total >= common
        share = np.where(keep, common / np.maximum(total, 1), 1)
        rng = np.random.default_rng(seed)
        thinned, rest = (rng.binomial(values.astype(np.int64), share) for values in (gene, total - gene))
        return _Check("log2 ratio of counts per cell", nuisance, keep, thinned.astype(float), thinned + rest * 1.0)
    share = of["cycling" if name == CYCLE else "mitochondrial"] / np.maximum(total, 1)
    limit = np.empty(n)
    for i in range(0, n, 2):
        if name == CYCLE:
            limit[i : i + 2] = 2 * np.quantile(share[sample // 2 == i // 2], 0.25)
        else:
            own = share[sample == i]
            limit[i : i + 2] = np.median(own) + N_MADS * 1.4826 * np.median(np.abs(own - np.median(own)))
    keep = share <= limit[sample]
    high = np.bincount(sample, weights=~keep, minlength=n) / np.bincount(sample, minlength=n)
    return _Check(POINTS, 100 * high, keep, gene, total)


def _mean(values: "pd.Series[float]", confidence: float) -> tuple[float, float, float]:
    mean = float(values.mean()) if len(values) else np.nan
    return tuple(over_patients(values, confidence) or (mean, np.nan, np.nan))  # type: ignore[return-value]
