"""Which genes change in the same patient from before to after treatment, with patients as the replicates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from fxyd3.data.pseudobulk import add_up, fit_counts, size_factors, whole_counts
from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

FEWEST_PATIENTS = 3
NAMED = ("FXYD3", "ATP1A1", "ATP1B1")
PRIOR_COUNT = 0.5
COLUMNS = ["gene", "log2fc", "lower", "upper", "p", "p_adjusted", "base_mean"]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which cells are compared; see ``pair_up``.

    Attributes
    ----------
    patients
        Those with enough cells at both times, in order.
    sample
        Of each cell: twice the place of its patient, plus 1 after treatment; -1 for cells that are not compared.
    cells
        One row per patient, also of those left out: patient, before, after (cells).
    left_out
        Patients without enough cells at both times, with their cells.
    missing
        What a test over patients lacks; empty: nothing.
    """

    patients: tuple[str, ...]
    sample: NDArray[np.intp]
    cells: pd.DataFrame
    left_out: tuple[str, ...]
    missing: str


def pair_up(
    obs: pd.DataFrame, *, patient: str, condition: str, before: str, after: str, min_cells: int, confidence: float
) -> Pairs:
    """Find the patients that have cells before and after treatment; cells of other conditions are passed over.

    Raises
    ------
    InputError
        If a column is missing or a cell lacks its value, or the conditions are called something else; if the
        confidence is outside (0, 1), or a sample may have no cells.
    """
    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence}: it must lie between 0 and 1.")
    if min_cells < 1:
        raise InputError(f"min_cells is {min_cells}: a sample needs 1 cell or more; 10 is usual.")
    if before == after:
        raise InputError(f"before and after are both {after!r}: name the two conditions to compare.")
    for column in (patient, condition):
        if column not in obs:
            raise InputError(
                f"there is no column {column!r} in obs{nearest(column, map(str, obs))}: name those that hold the "
                "patients and the conditions."
            )
        if obs[column].isna().any():
            raise InputError(f"{int(obs[column].isna().sum())} cells have no {column!r}: leave them out first.")
    who, when = (obs[column].astype(str).to_numpy() for column in (patient, condition))
    levels = sorted(set(when))
    absent = [name for name in (before, after) if name not in levels]
    if absent and set(levels) - {before, after}:
        raise InputError(
            f"no cell is {absent[0]!r} in column {condition!r}{nearest(absent[0], levels)}: there are {few(levels)}; "
            "say what the two conditions are called."
        )
    everyone = sorted(set(who), key=lambda name: (len(name), name))
    counted = pd.crosstab(who, when).reindex(index=everyone, columns=[before, after], fill_value=0)
    cells = counted.set_axis(["before", "after"], axis=1).rename_axis("patient", axis=0).reset_index()
    enough = cells[["before", "after"]].min(axis=1) >= min_cells
    place = {name: 2 * i for i, name in enumerate(cells["patient"][enough])}
    sample = np.array([place.get(name, -1) for name in who], dtype=np.intp) + (when == after)
    sample[~np.isin(who, list(place)) | ~np.isin(when, [before, after])] = -1
    missing = ""
    if absent:
        missing = f"cells of both times: no cell is {absent[0]!r} in column {condition!r}"
    elif len(place) < FEWEST_PATIENTS:
        have = "is" if len(place) == 1 else "are"
        missing = f"three patients with {min_cells} cells before and {min_cells} after: there {have} {len(place)}"
    return Pairs(
        patients=tuple(place),
        sample=sample,
        cells=cells,
        left_out=tuple(f"{row.patient} ({row.before} before, {row.after} after)"
                       for row in cells[~enough].itertuples(index=False)),
        missing=missing,
    )  # fmt: skip


def log_per_million(counts: NDArray[np.number], total: NDArray[np.number]) -> NDArray[np.float64]:
    """Return log2 counts per million, with half a count added to each and one to the total (Law 2014).

    Half a count makes the log of a Poisson count right on average, whatever the size of the sample, unless there are
    hardly any counts.
    """
    return np.asarray(np.log2((counts + PRIOR_COUNT) / (total + 2 * PRIOR_COUNT) * 1e6))


@dataclass(frozen=True, eq=False)
class PairedExpression:
    """Change of every gene in the same patients; see ``paired_expression``.

    Attributes
    ----------
    table
        One row per gene with enough counts: gene, log2fc (after less before), lower, upper, p, p_adjusted (Benjamini
        and Hochberg, over all these genes), base_mean (counts per sample of average depth).
    named
        The genes named in advance, in that order: gene, log2fc, lower, upper, p, p_holm (Holm, over those tested among
        the named), base_mean, note (why there is no test; empty: there is one).
    per_patient
        One row per named gene and patient: gene, patient, before, after (log2 counts per million), change,
        counts_before, counts_after.
    samples
        One row per patient, also of those left out: patient, before, after (cells).
    left_out
        Patients without enough cells at both times.
    n
        Patients with both.
    missing
        What a test lacks; empty: nothing. Else ``table`` describes: mean changes over patients, without interval or p.

    Examples
    --------
    From simulated cells, and few genes to be quick; two patients have no tumour cells left after treatment:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import paired_expression
    >>> adata = twin(600, sorted_cells=0)
    >>> tumour = adata[adata.obs["truth_type"] == "tumour", ["FXYD3", *adata.var_names[:60]]]
    >>> found = paired_expression(tumour, named=["FXYD3"])
    >>> found.n, found.left_out
    (4, ('P3 (47 before, 0 after)', 'P6 (45 before, 0 after)'))
    """

    table: pd.DataFrame
    named: pd.DataFrame
    per_patient: pd.DataFrame
    samples: pd.DataFrame
    left_out: tuple[str, ...]
    n: int
    missing: str

    def summary(self) -> pd.DataFrame:
        """Return the named genes with what was found, and the number of patients."""
        return self.named.assign(patients=self.n)


def paired_expression(
    adata: "AnnData",
    *,
    patient: str = "patient",
    condition: str = "condition",
    before: str = "before",
    after: str = "after",
    layer: str | None = None,
    named: Sequence[str] = NAMED,
    min_cells: int = 10,
    min_count: float = 10.0,
    confidence: float = 0.95,
) -> PairedExpression:
    """Test every gene for a change from before to after treatment in the same patients.

    The counts of a patient's cells at one time are one sample. The model is ``~ patient + condition``, fitted by
    PyDESeq2; samples are scaled by the median ratio over the genes found in all of them. Writes nothing.

    Parameters
    ----------
    adata
        The cells to compare, with raw counts: unsorted tumour cells, unless all samples were sorted alike.
    patient, condition, before, after
        Columns of ``obs``, and what the two conditions are called; cells of others are passed over.
    layer
        Where the counts are; if not given, ``layers["counts"]``, else ``X``.
    named
        Genes to ask about, named before looking; they are corrected among themselves only.
    min_cells
        Cells that a patient must have at both times.
    min_count
        Mean count per sample that a gene must have to be tested. The rule does not look at the conditions.
    confidence
        Of the intervals (normal).

    Returns
    -------
    PairedExpression

    Raises
    ------
    InputError
        If a column, layer or condition is not known, or the counts are not raw.

    Notes
    -----
    Only patients with tumour cells left can be compared: the change says nothing of those who responded fully. A change
    says that the cells left differ, not why; see ``decompose_change`` and ``neighbours``.

    The test is cautious where samples vary hardly more than counts must: on null twins 0.1 to 1.2 % of the p-values lie
    below 0.05 (4 to 10 pairs). With noise between samples (each gene and sample thinned by a factor of its own, of 20
    or 40 %) they are 1.4 to 2.6 %, or 3.7 to 5.0 %; a test of cells (``cells_as_replicates``) has 6 to 8 % without the
    noise, and 18 to 37 % with it. The price is power: on one twin with planted changes, 149 genes are called, all of
    them among the 321 that edgeR's quasi-likelihood calls.

    References
    ----------
    Love 2014, doi:10.1186/s13059-014-0550-8 (DESeq2). Muzellec 2023, doi:10.1093/bioinformatics/btad547 (PyDESeq2).
    Squair 2021, doi:10.1038/s41467-021-25960-2 (patients as replicates). Law 2014, doi:10.1186/gb-2014-15-2-r29 (log
    counts per million).

    When not to use
    ---------------
    On conditions from different patients, or to test genes that were chosen for their change in the same data.

    Examples
    --------
    Simulated cells, and few genes to be quick:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import paired_expression
    >>> adata = twin(600, sorted_cells=0)
    >>> tumour = adata[adata.obs["truth_type"] == "tumour", ["FXYD3", *adata.var_names[:60]]]
    >>> paired_expression(tumour, named=["FXYD3"]).named[["gene", "log2fc", "lower", "upper"]].round(1)
        gene  log2fc  lower  upper
    0  FXYD3     1.0    0.5    1.4
    """
    pairs = pair_up(adata.obs, patient=patient, condition=condition, before=before, after=after, min_cells=min_cells,
                    confidence=confidence)  # fmt: skip
    summed = add_up(whole_counts(adata, layer), pairs.sample, 2 * len(pairs.patients))
    about = pd.DataFrame(
        [(name, when) for name in pairs.patients for when in ("before", "after")], columns=["patient", "condition"]
    )
    counts = pd.DataFrame(summed, index=about.agg("|".join, axis=1), columns=adata.var_names)
    mean = counts.mean() if len(counts) else pd.Series(0.0, index=adata.var_names)
    tested, missing = mean >= min_count, pairs.missing
    if not missing and (tested.sum() < 2 or not (counts > 0).all().any()):
        missing = f"deeper counts: {tested.sum()} genes have {min_count:g} per sample on average"
    level = log_per_million(summed, summed.sum(axis=1, keepdims=True))
    change = pd.DataFrame(level[1::2] - level[::2], index=list(pairs.patients), columns=adata.var_names)
    if missing:
        own = change.loc[:, tested].mean() if len(change) else pd.Series(dtype=float)
        table = pd.DataFrame({"gene": own.index, "log2fc": own.to_numpy()}).reindex(columns=COLUMNS)
        table["base_mean"] = table["gene"].map(mean)
    else:
        contrast = {"change": {("condition", "after"): 1, ("condition", "before"): -1}}
        about = about.set_index(counts.index)
        table = fit_counts(counts.loc[:, tested], about, size=size_factors(counts), contrasts=contrast,
                           confidence=confidence)  # fmt: skip
        table["p_adjusted"] = stats.false_discovery_control(table["p"])
    each = [
        pd.DataFrame(
            {"gene": gene, "patient": pairs.patients, "before": level[::2, at], "after": level[1::2, at],
             "change": change[gene].to_numpy(), "counts_before": summed[::2, at], "counts_after": summed[1::2, at]}
        )
        for gene, at in zip(named, adata.var_names.get_indexer(list(named)), strict=True)
        if at >= 0
    ]  # fmt: skip
    columns = ["gene", "patient", "before", "after", "change", "counts_before", "counts_after"]
    return PairedExpression(
        table=table[COLUMNS].reset_index(drop=True),
        named=_named(table, named, mean, min_count),
        per_patient=pd.concat(each, ignore_index=True) if each else pd.DataFrame(columns=columns),
        samples=pairs.cells,
        left_out=pairs.left_out,
        n=len(pairs.patients),
        missing=missing,
    )


def _named(table: pd.DataFrame, named: Sequence[str], mean: "pd.Series[float]", least: float) -> pd.DataFrame:
    """Return a row for each named gene, tested or not."""
    from statsmodels.stats.multitest import multipletests

    rows = table.set_index("gene").reindex(list(named)).rename(columns={"p_adjusted": "p_holm"}).reset_index()
    rows["p_holm"] = np.nan
    known = rows["p"].notna()
    if known.any():
        rows.loc[known, "p_holm"] = multipletests(rows.loc[known, "p"], method="holm")[1]
    rows["note"] = [
        f"not in the data{nearest(gene, mean.index)}" if gene not in mean
        else f"too few counts: {mean[gene]:.1f} per sample, {least:g} are needed" if mean[gene] < least
        else "" if tested
        else "described only"
        for gene, tested in zip(named, known, strict=True)
    ]  # fmt: skip
    return rows[["gene", "log2fc", "lower", "upper", "p", "p_holm", "base_mean", "note"]]


def cells_as_replicates(
    adata: "AnnData",
    *,
    genes: Sequence[str],
    condition: str = "condition",
    before: str = "before",
    after: str = "after",
    layer: str | None = None,
) -> pd.DataFrame:
    """Test genes as if every cell were a replicate: Welch's test on log values. Here to show what it does wrong.

    Parameters
    ----------
    adata, condition, before, after, layer
        As in ``paired_expression``; every cell of both conditions counts, whoever it comes from.
    genes
        Symbols, such as those of ``PairedExpression.table``.

    Returns
    -------
    One row per gene: ``gene``, ``change`` (difference of mean ``log1p`` counts per 10,000), ``p``, ``p_adjusted``
    (Benjamini and Hochberg).

    Raises
    ------
    InputError
        As ``paired_expression``; if a gene is not in the data, or a condition has fewer than two cells.

    References
    ----------
    Squair 2021, doi:10.1038/s41467-021-25960-2.

    When not to use
    ---------------
    To test anything. Cells of a patient are alike, so that it takes differences between patients for effects of the
    treatment.

    Examples
    --------
    Made-up counts of two patients. Treatment changes nothing in either, but P1 gives most cells before, and P2 after:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from anndata import AnnData
    >>> from fxyd3.tolerance import cells_as_replicates
    >>> patient = np.array(["P1", "P2"]).repeat(40)
    >>> condition = ["before"] * 30 + ["after"] * 10 + ["before"] * 10 + ["after"] * 30
    >>> gene = np.where(patient == "P1", 30, 10)
    >>> obs = pd.DataFrame({"patient": patient, "condition": condition}).rename(index=str)
    >>> adata = AnnData(np.column_stack([gene, 1000 - gene]).astype("float32"), obs=obs)
    >>> adata.var_names = ["FXYD3", "others"]
    >>> bool(cells_as_replicates(adata, genes=["FXYD3"])["p"].iloc[0] < 0.001)
    True
    """
    absent = next((gene for gene in genes if gene not in adata.var_names), None)
    if absent is not None:
        raise InputError(f"{absent} is not among the {adata.n_vars} genes{nearest(absent, adata.var_names)}.")
    one = pair_up(adata.obs.assign(_all="all"), patient="_all", condition=condition, before=before, after=after,
                  min_cells=2, confidence=0.95)  # fmt: skip
    if not one.patients:
        raise InputError(f"there are {one.left_out[0].removeprefix('all (')[:-1]} cells: give two of each at least.")
    counts = whole_counts(adata, layer)
    depth = np.maximum(counts @ np.ones(adata.n_vars, dtype=np.float32), 1)
    values = counts[:, adata.var_names.get_indexer(list(genes))].multiply(1e4 / depth[:, None]).tocsr().log1p()
    sides = []
    for side in (0, 1):
        own = values[one.sample == side]
        mean, n = np.asarray(own.mean(axis=0)).ravel(), own.shape[0]
        variance = (np.asarray(own.power(2).mean(axis=0)).ravel() - mean**2) * n / (n - 1)
        sides.append((mean, np.sqrt(np.maximum(variance, 0)), n))
    with np.errstate(invalid="ignore", divide="ignore"):
        p = stats.ttest_ind_from_stats(*sides[1], *sides[0], equal_var=False).pvalue
    p = np.where(np.isfinite(p), p, 1.0)
    return pd.DataFrame(
        {"gene": list(genes), "change": sides[1][0] - sides[0][0], "p": p,
         "p_adjusted": stats.false_discovery_control(p)}
    )  # fmt: skip
