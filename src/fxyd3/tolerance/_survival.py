"""Whether the ancestral states survive treatment better than the other tumour cells, with patients as replicates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from fxyd3.claims import Interval, t_interval
from fxyd3.data.report import few, nearest
from fxyd3.tolerance._composition import (
    Array,
    Floats,
    Pairs,
    absences,
    check_confidence,
    over_patients,
    read_pairs,
    with_limits,
)

if TYPE_CHECKING:
    import pandas as pd

HALF = 0.5  # cells added to each count (Haldane and Anscombe)
DEALS = 5


@dataclass(frozen=True, eq=False)
class AncestralSurvival:
    """Survival of ancestral cells relative to the other tumour cells; see ``ancestral_survival``.

    Attributes
    ----------
    per_patient
        One row per patient: patient, ancestral_before, other_before, ancestral_after, other_after (cells), log2_ratio,
        lower, upper. The interval is about the cells of these samples only.
    interval
        Mean log2 ratio with Student's interval over patients; None with fewer than two patients.
    control
        Negative control: the same of samples before treatment, dealt at random into "before" and "after"; None where
        it cannot be had.
    dealt
        The control by patient: patient, log2_ratio (mean over several deals).
    left_out
        Patients that do not count: patient, why.
    n
        Patients that count.
    missing
        What a test of the claim lacks; empty: nothing.

    Examples
    --------
    From simulated cells; two patients have no tumour cells left after treatment:

    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import ancestral_survival, state_counts
    >>> adata = twin(600, sorted_cells=0)
    >>> tumour = adata[adata.obs["truth_type"] == "tumour"]
    >>> found = ancestral_survival(state_counts(tumour, state="truth_ancestral"), ancestral=["True"])
    >>> found.n, found.left_out["patient"].tolist()
    (4, ['P3', 'P6'])
    >>> round(found.interval.estimate, 1)
    2.5
    """

    per_patient: "pd.DataFrame"
    interval: Interval | None
    control: Interval | None
    dealt: "pd.DataFrame"
    left_out: "pd.DataFrame"
    n: int
    missing: str

    def summary(self) -> "pd.DataFrame":
        """Return survival and its control as folds: what, patients, fold, lower, upper."""
        import pandas as pd

        rows = [
            (name, self.n, *np.exp2(interval))
            for name, interval in (
                ("ancestral against other tumour cells", self.interval),
                ("the same before treatment, dealt at random", self.control),
            )
            if interval
        ]
        return pd.DataFrame(rows, columns=["what", "patients", "fold", "lower", "upper"])


@dataclass(frozen=True, eq=False)
class StateSurvival:
    """Survival of each state relative to all other tumour cells; see ``state_survival``.

    Attributes
    ----------
    per_patient
        One row per patient and state: patient, state, log2_ratio.
    table
        One row per state: state, n (patients), estimate, lower, upper (log2), p, p_holm (over the states), note.
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
    >>> from fxyd3.tolerance import state_counts, state_survival
    >>> adata = twin(600, sorted_cells=0)
    >>> tumour = adata[adata.obs["truth_type"] == "tumour"]
    >>> found = state_survival(state_counts(tumour, state="truth_state"))
    >>> found.n, found.missing
    (4, '')
    >>> sorted(found.table["state"])
    ['ancestral-quiescent', 'ancestral-secretory', 'cycling', 'hypoxic', 'mesenchymal']
    """

    per_patient: "pd.DataFrame"
    table: "pd.DataFrame"
    left_out: "pd.DataFrame"
    n: int
    missing: str

    def summary(self) -> "pd.DataFrame":
        """Return relative survival as folds: state, patients, fold, lower, upper, p (Holm's), note."""
        of = self.table
        folds = of[["estimate", "lower", "upper"]].apply(np.exp2).rename(columns={"estimate": "fold"})
        return of[["state"]].assign(patients=of["n"]).join(folds).assign(p=of["p_holm"], note=of["note"])


def ancestral_survival(
    table: "pd.DataFrame",
    *,
    patient: str = "patient",
    condition: str = "condition",
    state: str = "state",
    count: str = "cells",
    ancestral: Sequence[str] = ("ancestral",),
    before: str = "before",
    after: str = "after",
    confidence: float = 0.95,
    min_cells: int = 20,
    seed: int = 1,
) -> AncestralSurvival:
    """Estimate how many times better ancestral cells survive treatment than the other tumour cells.

    In each patient: the log2 odds of ancestral cells among tumour cells after treatment, less those before. If each
    cell lives or dies by its state, the ratio of the odds is the ratio of survival, however many cells were read.
    Student's interval runs over patients.

    Parameters
    ----------
    table
        Tumour cells only: one row per patient, condition and state; rows of the same three are added up.
    patient, condition, state, count, before, after, confidence, min_cells
        As in ``composition_change``.
    ancestral
        The ancestral states, one or more; all other states are compared with them together.
    seed
        Of the random deals of the control.

    Returns
    -------
    AncestralSurvival
        Where something is ``missing``, the numbers that can be had are given as a description.

    Raises
    ------
    InputError
        As ``composition_change``.

    Notes
    -----
    Half a cell is added to each count. For the control, the cells of each patient before treatment are dealt at random
    into halves, one called after; this is done five times, and averaged in the patient.

    Patients without tumour cells after treatment (complete response) cannot count: the estimate speaks of residual
    disease.

    References
    ----------
    Haldane 1956, doi:10.1111/j.1469-1809.1955.tb01285.x, and Anscombe 1956, doi:10.1093/biomet/43.3-4.461 (half a
    cell). Student 1908, doi:10.1093/biomet/6.1.1.

    When not to use
    ---------------
    For absolute survival: shares are relative, and how many cells of either kind are left needs cell numbers. As the
    fate of cells: it is the abundance of a state, and cells that change their state under the drug, or grow back after
    it, change that too (see ``selection_coefficient``). Where samples before and after differ in how they were taken.

    Examples
    --------
    Made-up counts of three patients:

    >>> from itertools import product
    >>> import pandas as pd
    >>> from fxyd3.tolerance import ancestral_survival
    >>> keys = product(["P1", "P2", "P3"], ["before", "after"], ["ancestral", "other"])
    >>> table = pd.DataFrame(keys, columns=["patient", "condition", "state"])
    >>> table["cells"] = [20, 80, 30, 20, 15, 85, 25, 25, 30, 70, 60, 40]
    >>> ancestral_survival(table).summary().round(1)
                                             what  patients  fold  lower  upper
    0        ancestral against other tumour cells         3   4.8    2.3    9.8
    1  the same before treatment, dealt at random         3   1.0    1.0    1.1
    """
    import pandas as pd

    check_confidence(confidence)
    pairs = read_pairs(
        table, patient=patient, condition=condition, state=state, count=count, before=before, after=after,
        min_cells=min_cells,
    )  # fmt: skip
    names = [ancestral] if isinstance(ancestral, str) else [str(name) for name in ancestral]
    old = np.isin(pairs.states, names)
    counts = np.stack([pairs.counts[..., old].sum(axis=-1), pairs.counts[..., ~old].sum(axis=-1)], axis=-1)
    lacking, possible = _lacking(pairs, names, state), bool(counts.any(axis=(0, 1)).all())
    counts, who = (counts, pairs.patients) if possible else (counts[:0], [])
    ratio = log2_odds_ratio(counts)[:, 0]
    half = stats.norm.ppf((1 + confidence) / 2) * np.sqrt((1 / (counts + HALF)).sum(axis=(1, 2))) / np.log(2)
    cells = dict(zip(["ancestral_before", "other_before", "ancestral_after", "other_after"],
                     counts.reshape(-1, 4).T, strict=True))  # fmt: skip
    dealt = _deal(counts[:, 0], seed)
    return AncestralSurvival(
        per_patient=pd.DataFrame(
            {"patient": who, **cells, "log2_ratio": ratio, "lower": ratio - half, "upper": ratio + half}
        ),
        interval=t_interval(ratio, confidence) if len(who) > 1 else None,
        control=t_interval(dealt, confidence) if len(who) > 1 else None,
        dealt=pd.DataFrame({"patient": who, "log2_ratio": dealt}),
        left_out=pairs.left_out,
        n=len(who),
        missing=lacking or pairs.missing,
    )


def state_survival(
    table: "pd.DataFrame",
    *,
    patient: str = "patient",
    condition: str = "condition",
    state: str = "state",
    count: str = "cells",
    before: str = "before",
    after: str = "after",
    confidence: float = 0.95,
    min_cells: int = 20,
) -> StateSurvival:
    """Estimate for each state how many times better its cells survive treatment than all other tumour cells.

    Parameters
    ----------
    table, patient, condition, state, count, before, after, confidence, min_cells
        As in ``composition_change``; tumour cells only.

    Returns
    -------
    StateSurvival
        Where something is ``missing``, the numbers that can be had are given as a description.

    Raises
    ------
    InputError
        As ``composition_change``.

    Notes
    -----
    As ``ancestral_survival``. The ratios of the states depend on each other: where one state survives well, all others
    are compared with it among the rest, and fall.

    References
    ----------
    As ``ancestral_survival``. Holm 1979, Scandinavian Journal of Statistics 6:65.

    When not to use
    ---------------
    As ``ancestral_survival``: it is the abundance of a state relative to the others, neither the number of cells that
    live nor their fate.

    Examples
    --------
    Made-up counts of three patients:

    >>> from itertools import product
    >>> import pandas as pd
    >>> from fxyd3.tolerance import state_survival
    >>> keys = product(["P1", "P2", "P3"], ["before", "after"], ["ancestral", "cycling", "other"])
    >>> table = pd.DataFrame(keys, columns=["patient", "condition", "state"])
    >>> table["cells"] = [10, 30, 60, 30, 20, 50, 15, 20, 65, 30, 15, 55, 20, 25, 55, 45, 10, 45]
    >>> state_survival(table).summary()[["state", "fold", "lower", "upper"]].round(1)
           state  fold  lower  upper
    0  ancestral   3.1    1.7    5.4
    1    cycling   0.5    0.2    1.3
    2      other   0.7    0.7    0.7
    """
    import pandas as pd

    check_confidence(confidence)
    pairs = read_pairs(
        table, patient=patient, condition=condition, state=state, count=count, before=before, after=after,
        min_cells=min_cells,
    )  # fmt: skip
    ratio = log2_odds_ratio(pairs.counts)
    index = pd.MultiIndex.from_product([pairs.patients, pairs.states], names=["patient", "state"])
    found = with_limits(*over_patients(ratio), confidence, name="estimate")
    n = len(pairs.patients)
    return StateSurvival(
        per_patient=pd.DataFrame({"log2_ratio": ratio.ravel()}, index=index).reset_index(),
        table=pd.DataFrame(
            {"state": pairs.states, "n": n, **found, "note": absences(pairs.counts, before, after, HALF)}
        ),
        left_out=pairs.left_out,
        n=n,
        missing=pairs.missing,
    )


def log2_odds_ratio(counts: Array) -> Floats:
    """Return the log2 odds ratio of each state against all others, after to before: (..., 2, states) to (..., states).

    Half a cell is added to each count.
    """
    odds = np.log2((counts + HALF) / (counts.sum(axis=-1, keepdims=True) - counts + HALF))
    return np.asarray(odds[..., 1, :] - odds[..., 0, :])


def _lacking(pairs: Pairs, names: list[str], state: str) -> str:
    """Say which state a comparison lacks."""
    for name in names:
        if name not in pairs.known:
            return f"no '{name}' in column '{state}'{nearest(name, pairs.known)}: there are {few(pairs.known)}"
    if not set(pairs.known) - set(names):
        return f"tumour cells in another state: all are ancestral in column '{state}'"
    there = set(pairs.states)
    if there and (not names or not there & set(names)):
        return "ancestral cells in the patients with both conditions"
    if there and not there - set(names):
        return "cells in another state in the patients with both conditions"
    return ""


def _deal(before: Array, seed: int) -> Floats:
    """Deal the cells before treatment, patients x (ancestral, other), into halves; return the mean log2 odds ratio."""
    rng = np.random.default_rng(seed)
    shape = (DEALS, len(before))
    half = (before.sum(axis=-1) + rng.integers(0, 2, shape)) // 2  # an odd cell falls to either side
    first = rng.hypergeometric(*np.broadcast_arrays(before[:, 0], before[:, 1], half))
    after = np.stack([first, half - first], axis=-1)
    return np.asarray(log2_odds_ratio(np.stack([before - after, after], axis=-2))[..., 0].mean(axis=0))
