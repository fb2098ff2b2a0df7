"""Which states gain and which lose cells under treatment, with patients as the replicates."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from fxyd3.claims._holm import holm
from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError
from fxyd3.tolerance._diversity import absent_conditions

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[Any]
Floats = NDArray[np.float64]

FEWEST_PATIENTS = 3
ROUNDS, CLOSE = 200, 1e-9  # of the count model, and how close its totals must come (relative)


class Pairs(NamedTuple):
    """Patients with cells before and after: counts (patients, 2, states), and what was left out."""

    counts: Array
    patients: list[str]
    states: list[str]
    known: list[str]  # states of all patients
    left_out: "pd.DataFrame"
    missing: str


@dataclass(frozen=True, eq=False)
class CompositionChange:
    """Change of the composition under treatment; see ``composition_change``.

    Attributes
    ----------
    per_patient
        One row per patient and state: patient, state, before, after (cells), before_share, after_share (0 to 1),
        change (log2).
    table
        One row per state: state, n (patients), before, after (mean share over patients); change, lower, upper, p,
        p_holm (log2 ratios, paired over patients); count_change, count_lower, count_upper, count_p, count_p_holm (count
        model, the same scale); same_sign, overlap (whether the two agree in sign, and their intervals overlap; NA
        without intervals); cells_p (chi-square over cells: not valid, shown as a lesson); note.
    left_out
        Patients that do not count: patient, why.
    n
        Patients that count.
    missing
        What a test lacks; empty: nothing.

    Examples
    --------
    From simulated cells:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import composition_change, state_counts
    >>> adata = twin(600, sorted_cells=0)
    >>> tumour = adata[adata.obs["truth_type"] == "tumour"]
    >>> found = composition_change(state_counts(tumour, state="truth_state"))
    >>> found.n, found.missing
    (4, '')
    >>> found.left_out
      patient                   why
    0      P3  before without after
    1      P6  before without after
    """

    per_patient: "pd.DataFrame"
    table: "pd.DataFrame"
    left_out: "pd.DataFrame"
    n: int
    missing: str

    def summary(self) -> "pd.DataFrame":
        """Return shares in percent and changes as folds.

        Columns: state, patients, before, after, fold, lower, upper, p (Holm's), count_fold, count_lower, count_upper,
        count_p (Holm's), note.
        """
        of = self.table
        told = of[["state"]].assign(patients=of["n"], before=100 * of["before"], after=100 * of["after"])
        for start, name in (("", "fold"), ("count_", "count_fold")):
            told[name] = np.exp2(of[f"{start}change"])
            for end in ("lower", "upper"):
                told[start + end] = np.exp2(of[start + end])
            told[f"{start}p"] = of[f"{start}p_holm"]
        return told.assign(note=of["note"])


def composition_change(
    table: "pd.DataFrame",
    *,
    patient: str = "patient",
    condition: str = "condition",
    state: str = "state",
    count: str = "cells",
    before: str = "before",
    after: str = "after",
    confidence: float = 0.95,
    pseudo: float = 0.5,
    min_cells: int = 20,
) -> CompositionChange:
    """Compare the composition after treatment with that before, in the same patients.

    The change of a state in a patient is that of its centred log2 ratio: the log of its cells, less the mean of the
    logs of all states. Student's interval runs over patients. Beside it stands a count model fitted to the same table.

    Parameters
    ----------
    table
        One row per patient, condition and state; rows of the same three are added up.
    patient, condition, state, count
        Columns; the last holds whole numbers of cells.
    before, after
        What these are called in ``condition``; other conditions are not looked at.
    confidence
        Of all intervals.
    pseudo
        Cells added to each count, so that states without cells have a log.
    min_cells
        Cells that a patient must have before and after; others are left out and named.

    Returns
    -------
    CompositionChange
        Where something is ``missing``, the numbers that can be had are given as a description. States without cells in
        the patients that count have no row.

    Raises
    ------
    InputError
        For a column that is not there, a table without rows or cells, an empty value, counts that are negative or not
        whole, or settings out of range.

    Notes
    -----
    Count model: log mean = patient and sample + patient and state + condition and state, with the variance of the
    Dirichlet-multinomial, whose overdispersion is found by Pearson's chi-square (Williams' quasi-likelihood). Centred
    over states, its coefficients are mean log2 odds ratios of a state against all states: the scale of ``change``. Its
    error is that of leaving out one patient in turn, and its p and interval Student's, with the degrees of freedom that
    the weights of the patients leave (Satterthwaite; fewer than one less than the patients). Samples with more cells
    weigh more in it, whereas all patients weigh the same in ``change``: where they disagree, look at the patients.

    Chi-square over cells takes each cell for a replicate. Two samples of one patient differ by more than the drawing
    of cells, so it finds a change in most states where there is none; see ``null_rejections``.

    References
    ----------
    Aitchison 1982, doi:10.1111/j.2517-6161.1982.tb01195.x (log ratios). Mosimann 1962, doi:10.1093/biomet/49.1-2.65
    (Dirichlet-multinomial). Williams 1982, Applied Statistics 31:144 (quasi-likelihood). Mancl & DeRouen 2001,
    doi:10.1111/j.0006-341X.2001.00126.x (few clusters). Phipson 2022, doi:10.1093/bioinformatics/btac582 (samples, not
    cells, as replicates of proportions). Holm 1979, Scandinavian Journal of Statistics 6:65.

    When not to use
    ---------------
    For absolute numbers: if one state is killed, the share of the others rises though none of their cells divided. The
    mean of the logs is the yardstick, and moves if most states do. Where a state has next to no cells, ``pseudo``
    decides: see ``note``.

    Examples
    --------
    Made-up counts of three patients:

    >>> from itertools import product
    >>> import pandas as pd
    >>> from fxyd3.tolerance import composition_change
    >>> keys = product(["P1", "P2", "P3"], ["before", "after"], ["ancestral", "cycling", "other"])
    >>> table = pd.DataFrame(keys, columns=["patient", "condition", "state"])
    >>> table["cells"] = [10, 30, 60, 30, 20, 50, 15, 20, 65, 30, 15, 55, 20, 25, 55, 45, 10, 45]
    >>> composition_change(table).table[["state", "before", "after", "change"]].round(2)
           state  before  after  change
    0  ancestral    0.15   0.35    1.15
    1    cycling    0.25   0.15   -0.82
    2      other    0.60   0.50   -0.33
    """
    import pandas as pd

    check_confidence(confidence)
    if not (np.isfinite(pseudo) and pseudo > 0):
        raise InputError(f"The pseudo-count is {pseudo}: it must be above 0.")
    pairs = read_pairs(
        table, patient=patient, condition=condition, state=state, count=count, before=before, after=after,
        min_cells=min_cells,
    )  # fmt: skip
    counts, n = pairs.counts, len(pairs.patients)
    shares = counts / counts.sum(axis=-1, keepdims=True)
    change = log_ratio_change(counts, pseudo)
    index = pd.MultiIndex.from_product([pairs.patients, pairs.states], names=["patient", "state"])
    per_patient = pd.DataFrame(
        {"before": counts[:, 0].ravel(), "after": counts[:, 1].ravel(), "before_share": shares[:, 0].ravel(),
         "after_share": shares[:, 1].ravel(), "change": change.ravel()}, index=index,
    ).reset_index()  # fmt: skip
    paired = with_limits(*over_patients(change), confidence, name="change")
    modelled = with_limits(*count_model(counts, pseudo), confidence, name="change", start="count_")
    found = pd.DataFrame(
        {"state": pairs.states, "n": n, "before": shares[:, 0].sum(axis=0) / max(n, 1),
         "after": shares[:, 1].sum(axis=0) / max(n, 1), **paired, **modelled}
    )  # fmt: skip
    found["same_sign"] = np.sign(found["change"]) == np.sign(found["count_change"])
    apart = (found["lower"] > found["count_upper"]) | (found["upper"] < found["count_lower"])
    known = found[["lower", "count_lower"]].notna().all(axis=1)
    found["overlap"] = (~apart).astype("boolean").where(known)
    found["cells_p"] = chi_square_over_cells(counts)
    found["note"] = absences(counts, before, after, pseudo)
    return CompositionChange(per_patient=per_patient, table=found, left_out=pairs.left_out, n=n, missing=pairs.missing)


def read_pairs(
    table: "pd.DataFrame",
    *,
    patient: str,
    condition: str,
    state: str,
    count: str,
    before: str,
    after: str,
    min_cells: int,
) -> Pairs:
    """Check a table of cells by patient, condition and state, and lay out the patients with both conditions."""
    import pandas as pd

    columns = {patient: "patient", condition: "condition", state: "state", count: "cells"}
    if len(columns) < 4 or before == after:
        raise InputError("Two of the columns, or the two conditions, have the same name: give each its own.")
    for column in columns:
        if column not in table:
            hint = nearest(column, list(map(str, table.columns)))
            raise InputError(f"The table has no column '{column}'{hint}: it has {few(table.columns, 12)}.")
    if min_cells < 1:
        raise InputError(f"The fewest cells of a sample are {min_cells}: give 1 or more.")
    if table.empty:
        raise InputError("The table has no rows: give one row per patient, condition and state with its cells.")
    cells = table[list(columns)].set_axis(list(columns.values()), axis=1)
    for given, name in columns.items():
        if cells[name].isna().any():
            raise InputError(f"Column '{given}' is empty in {cells[name].isna().sum()} rows: fill it, or drop these.")
    number: Any = pd.to_numeric(cells["cells"], errors="coerce")
    bad = ~(np.isfinite(number) & (number >= 0) & (number == np.rint(number)))
    if bad.any():
        raise InputError(
            f"Column '{count}' holds {cells.loc[bad, 'cells'].iloc[0]} in row {bad.to_numpy().argmax() + 1}: give "
            "whole numbers of cells, 0 or more."
        )
    if not number.any():
        raise InputError(f"Column '{count}' is 0 in every row: give the cells of each state.")
    keys = ["patient", "condition", "state"]
    cells = cells.assign(**{key: cells[key].astype(str) for key in keys}, cells=number.astype(np.int64))
    wide = cells.pivot_table("cells", index=keys[:2], columns="state", aggfunc="sum", fill_value=0)
    patients, states = list(wide.index.unique("patient")), list(wide.columns)
    samples = pd.MultiIndex.from_product([patients, [before, after]])
    counts = wide.reindex(samples, fill_value=0).to_numpy().reshape(len(patients), 2, len(states))

    why = [_why(int(first), int(then), before, after, min_cells) for first, then in counts.sum(axis=-1)]
    left_out = pd.DataFrame({"patient": patients, "why": why}, dtype=str).query("why != ''").reset_index(drop=True)
    counts = counts[[not said for said in why]]
    seen = counts.sum(axis=(0, 1)) > 0
    counts, there = counts[..., seen], list(wide.columns[seen])
    missing = absent_conditions(cells, condition, before, after)
    if not missing and len(there) == 1:
        missing = f"two states or more: there is only '{there[0]}' in column '{state}'"
    if not missing and len(counts) < FEWEST_PATIENTS:
        missing = f"three patients with {min_cells} cells {before} and {after}: there are {len(counts)}"
    counted = [who for who, said in zip(patients, why, strict=True) if not said]
    return Pairs(counts, counted, there, states, left_out, missing)


def _why(first: int, then: int, before: str, after: str, min_cells: int) -> str:
    """Say why a patient does not count; empty: it does."""
    if not first and not then:
        return f"neither {before} nor {after}"
    if not first or not then:
        return f"{before} without {after}" if first else f"{after} without {before}"
    if min(first, then) < min_cells:
        return f"too few cells: {first} {before}, {then} {after} ({min_cells} needed)"
    return ""


def check_confidence(confidence: float) -> None:
    """Refuse a confidence out of range."""
    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence}: it must lie between 0 and 1.")


def absences(counts: Array, before: str, after: str, pseudo: float) -> list[str]:
    """Say for each state in how many patients it has no cells."""
    notes = []
    for own in np.moveaxis(counts, -1, 0) == 0:
        said = []
        for when, gone in ((before, own[:, 0]), (after, own[:, 1])):
            if gone.any():
                said.append(
                    f"no cells {when} in {'any patient' if gone.all() else f'{gone.sum()} of {len(gone)} patients'}"
                )
            if gone.all():
                said.append(f"so that the {pseudo:g} cells added decide the change")
        notes.append(", ".join(said))
    return notes


# What follows is laid out for many data sets at once: (..., patients, 2, states).


def log_ratio_change(counts: Array, pseudo: float) -> Floats:
    """Return the change of the centred log2 ratios, (..., patients, states)."""
    logs = np.log2(counts + pseudo)
    centred = logs - logs.sum(axis=-1, keepdims=True) / max(logs.shape[-1], 1)
    return np.asarray(centred[..., 1, :] - centred[..., 0, :])


def over_patients(change: Array) -> tuple[Floats, Floats, Floats]:
    """Return mean, standard error and degrees of freedom over patients, from (..., patients, measures)."""
    n = change.shape[-2]
    mean = change.sum(axis=-2) / max(n, 1) if n else np.full(change.shape[-1:], np.nan)
    squares = ((change - mean[..., None, :]) ** 2).sum(axis=-2)
    error = np.sqrt(squares / (n * (n - 1))) if n > 1 else np.full_like(mean, np.nan)
    return mean, error, np.full_like(mean, n - 1 if n > 1 else np.nan)


def count_model(counts: Array, pseudo: float) -> tuple[Floats, Floats, Floats]:
    """Fit the Dirichlet-multinomial with patients as blocks; return estimate (log2), error and degrees of freedom."""
    y = counts + pseudo
    n, (patients, _, states) = y.sum(axis=-1, keepdims=True), y.shape[-3:]
    if patients < 2 or states < 2:
        unknown = np.full((*y.shape[:-3], states), np.nan)
        return log_ratio_change(counts, pseudo)[..., 0, :] if patients == 1 else unknown, unknown, unknown
    spread, fitted = np.zeros((*y.shape[:-3], 1, 1, 1)), np.ones_like(y)
    for _ in range(ROUNDS):
        inflation = 1 + (n - 1) * spread
        effective = y / inflation
        fitted = _without_interaction(effective, fitted)
        misfit = ((effective - fitted) ** 2 / fitted).sum(axis=-1, keepdims=True) * inflation
        last, spread = spread, _overdispersion(misfit, n, (patients - 1) * (states - 1))
        if np.allclose(spread, last, rtol=1e-4, atol=1e-8):
            break
    logs = np.log2(fitted[..., 0, 1, :] / fitted[..., 0, 0, :])
    estimate = logs - logs.mean(axis=-1, keepdims=True)

    score = (effective - fitted)[..., 1, :]
    pairs = fitted.prod(axis=-2) / fitted.sum(axis=-2)
    own = pairs[..., None] * np.eye(states)
    own -= pairs[..., None] * pairs[..., None, :] / pairs.sum(axis=-1)[..., None, None]  # information of each patient
    whole = own.sum(axis=-3, keepdims=True)
    whole = whole + np.trace(whole, axis1=-2, axis2=-1)[..., None, None] / states**2  # states sum to nothing: fill that
    shift = np.linalg.solve(whole - own, score[..., None])[..., 0] / np.log(2)  # of the estimate without this patient
    error = np.sqrt((patients - 1) / patients * (shift**2).sum(axis=-2))
    weight = np.diagonal(np.linalg.solve(whole, own), axis1=-2, axis2=-1) * states / (states - 1)
    odds = weight / (1 - weight)
    squares = (odds**2).sum(axis=-2)
    freedom = odds.sum(axis=-2) ** 2 / (squares + squares**2 - (odds**4).sum(axis=-2))
    return estimate, error, freedom


def _without_interaction(counts: Floats, fitted: Floats) -> Floats:
    """Fit two-way totals of patient, condition and state by iterated scaling, from a fit without interaction."""
    for _ in range(ROUNDS):
        for axis in (-1, -2, -3):
            fitted = fitted * (counts.sum(axis=axis, keepdims=True) / fitted.sum(axis=axis, keepdims=True))
        if np.allclose(fitted.sum(axis=-1), counts.sum(axis=-1), rtol=CLOSE, atol=0):
            break
    return fitted


def _overdispersion(misfit: Floats, n: Floats, freedom: int) -> Floats:
    """Return the intraclass correlation that brings Pearson's chi-square to its degrees of freedom, at least 0."""
    low, high = np.zeros_like(misfit[..., :1, :1, :]), np.ones_like(misfit[..., :1, :1, :])
    for _ in range(40):
        middle = (low + high) / 2
        above = (misfit / (1 + (n - 1) * middle)).sum(axis=(-3, -2), keepdims=True) > freedom
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(low > 0, high, 0.0)


def chi_square_over_cells(counts: Array) -> Floats:
    """Return p of each state against all others, after against before, as if each cell were a replicate."""
    pooled = counts.sum(axis=-3).astype(float)
    others = pooled.sum(axis=-1, keepdims=True) - pooled
    cross = pooled[..., 1, :] * others[..., 0, :] - pooled[..., 0, :] * others[..., 1, :]
    either = pooled.sum(axis=-2) * others.sum(axis=-2)
    size = pooled.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        square = cross**2 * size.sum(axis=-1)[..., None] / (either * size.prod(axis=-1)[..., None])
    return np.asarray(stats.chi2.sf(square, 1))


def student(estimate: Floats, error: Floats, freedom: Floats) -> Floats:
    """Return the two-sided p of estimates against 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(estimate == 0, 0.0, np.abs(estimate) / error)
    return np.asarray(2 * stats.t.sf(t, freedom))


def with_limits(
    estimate: Floats, error: Floats, freedom: Floats, confidence: float, *, name: str, start: str = ""
) -> dict[str, Floats]:
    """Return estimates with limits, p and Holm's p, as columns whose names begin with ``start``."""
    half = stats.t.ppf((1 + confidence) / 2, freedom) * error
    p = student(estimate, error, freedom)
    corrected = holm(p) if np.isfinite(p).all() else np.full_like(p, np.nan)
    columns = {name: estimate, "lower": estimate - half, "upper": estimate + half, "p": p, "p_holm": corrected}
    return {start + column: values for column, values in columns.items()}
