"""How much two drugs together kill beyond Bliss independence, over experiments and by pair of doses."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fxyd3.claims import Interval, t_interval
from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError
from fxyd3.rescue._combine import Matrix, check_confidence, read_matrix

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

FEWEST_EXPERIMENTS = 3
NULLS = 2000  # surfaces of independent drugs


@dataclass(frozen=True, eq=False)
class BlissExcess:
    """Killing of one kind of cells by two drugs beyond Bliss independence; see ``bliss_excess``.

    Attributes
    ----------
    cells
        Which cells.
    per_experiment
        One row per experiment: experiment, excess (share of its untreated cells; mean over the pairs), pairs.
    per_pair
        One row per pair of doses above zero: the two dose columns, excess (mean over experiments), lower, upper
        (Student's over experiments, of this pair alone; NaN with one), corrected (less the mean of the null), p and
        p_adjusted (over all pairs; NaN where ``note`` says why).
    interval
        Mean excess with Student's interval over experiments; None with fewer than two.
    control
        Negative control: each drug alone combined with its own solvent, from the wells of each dose dealt at random
        into two halves; None where it cannot be had.
    dealt
        The control by experiment: experiment, excess.
    n
        Experiments.
    missing
        What a test of the claim lacks; empty: nothing.
    note
        Why pairs have no p, one sentence; empty: they have.
    first, second
        Dose columns.

    Examples
    --------
    From simulated wells:

    >>> from fxyd3.data.simulate import two_drugs
    >>> from fxyd3.rescue import bliss_excess
    >>> found = bliss_excess(two_drugs().table)
    >>> found.cells, found.n, found.missing
    ('FXYD3-high', 4, '')
    >>> found.per_experiment[["experiment", "pairs"]]
      experiment  pairs
    0         E1     35
    1         E2     35
    2         E3     35
    3         E4     35
    """

    cells: str
    per_experiment: "pd.DataFrame"
    per_pair: "pd.DataFrame"
    interval: Interval | None
    control: Interval | None
    dealt: "pd.DataFrame"
    n: int
    missing: str
    note: str
    first: str
    second: str

    def summary(self) -> "pd.DataFrame":
        """Return the excess and its control: what, experiments, excess, lower, upper (share of untreated cells)."""
        import pandas as pd

        rows = [
            (name, n, *interval)
            for name, n, interval in (
                (f"{self.cells}, both drugs", self.n, self.interval),
                ("each drug with its own solvent", len(self.dealt), self.control),
            )
            if interval
        ]
        return pd.DataFrame(rows, columns=["what", "experiments", "excess", "lower", "upper"])


def bliss_excess(
    table: "pd.DataFrame",
    *,
    cells: str = "FXYD3-high",
    first: str = "chemotherapy_nM",
    second: str = "glycoside_nM",
    response: str = "viability",
    experiment: str = "experiment",
    group: str = "cells",
    confidence: float = 0.95,
    seed: int = 1,
) -> BlissExcess:
    """Estimate which share of the cells two drugs kill together beyond what they would kill independently.

    In each experiment and pair of doses: the share that survives the first drug alone, times that of the second, less
    the share that survives both. The mean over all pairs with both doses above zero is the excess of the experiment;
    Student's interval runs over experiments, the units.

    Parameters
    ----------
    table
        One row per well: see ``combine``; several kinds of cells may stand in it.
    cells
        Which kind of cells, a value of the column ``group``.
    first, second, response, experiment, group
        Columns. Without ``experiment`` all wells are one.
    confidence
        Of the intervals.
    seed
        Of the null and of the random deal of the control.

    Returns
    -------
    BlissExcess
        Where something is ``missing``, the numbers that can be had are given as a description.

    Raises
    ------
    InputError
        For cells that are not there, and as ``combine``.

    Notes
    -----
    The largest of many noisy excesses is large by chance. So 2,000 surfaces are drawn on which the drugs act
    independently: the product of each experiment's own single-drug means, times relative residuals of its wells
    (widened for the number of replicates), read in the same way. Each pair is corrected by the mean of this null and
    divided by its spread; its p, two-sided, is adjusted by the largest such number on each null surface (the max T
    procedure of Westfall and Young, in a single step). The null knows the noise of wells only: a small p says that
    these experiments, as they were, show an interaction; the intervals over experiments say what the next would show.
    Residuals are taken to grow with the signal; where they do not, the test calls too few pairs rather than too many.

    For the control one half of the wells of a dose stands for the drug alone, the other for the drug with solvent;
    untreated wells are dealt in the same way. It needs two wells of each.

    References
    ----------
    Bliss 1939, doi:10.1111/j.1744-7348.1939.tb06990.x. Rempala & Yang 2013,
    doi:10.4310/SII.2013.v6.n1.a8 (max T). Student 1908, doi:10.1093/biomet/6.1.1.

    When not to use
    ---------------
    To ask whether two drugs are more than one drug in two tubes: a steep drug with itself exceeds Bliss (see
    ``combine``). To compare studies with different doses: the mean is over the pairs that were chosen.

    Examples
    --------
    Simulated wells; two drugs together kill a larger share of these cells than independent drugs would:

    >>> from fxyd3.data.simulate import two_drugs
    >>> from fxyd3.rescue import bliss_excess
    >>> found = bliss_excess(two_drugs().table, cells="FXYD3-high")
    >>> found.summary()[["what", "excess", "lower", "upper"]].round(2)
                                 what  excess  lower  upper
    0          FXYD3-high, both drugs    0.19   0.14   0.24
    1  each drug with its own solvent   -0.01  -0.09   0.08
    """
    import pandas as pd

    check_confidence(confidence)
    own = of_cells(table, cells, group)
    matrix = read_matrix(own, first=first, second=second, response=response, experiment=experiment)
    excess = _excess(matrix.mean)
    one, two = np.meshgrid(matrix.first[1:], matrix.second[1:], indexing="ij")
    each = excess.mean(axis=(1, 2))
    n = len(each)
    limits = [described(pair, confidence) for pair in excess.reshape(n, -1).T]
    per_pair = pd.DataFrame({first: one.ravel(), second: two.ravel()}).join(
        pd.DataFrame(limits, columns=["excess", "lower", "upper"])
    )
    rng = np.random.default_rng(seed)
    dealt = _deal(matrix, rng)
    tested = _test(matrix, excess.mean(axis=0).ravel(), rng)
    return BlissExcess(
        cells=cells,
        per_experiment=pd.DataFrame({"experiment": matrix.experiments, "excess": each, "pairs": one.size}),
        per_pair=per_pair.assign(**dict(zip(["corrected", "p", "p_adjusted"], tested, strict=True))),
        interval=over(each, confidence),
        control=over(list(dealt.values()), confidence),
        dealt=by_experiment(dealt, "excess"),
        n=n,
        missing=too_few(n, experiment, keyed=experiment in table),
        note="" if np.isfinite(tested).all() else "an experiment without replicate wells: their noise is not known",
        first=first,
        second=second,
    )


def of_cells(table: "pd.DataFrame", cells: str, group: str) -> "pd.DataFrame":
    """Return the wells of one kind of cells, without the column of their names; InputError where there are none."""
    if group not in table:
        raise InputError(f"The two-drug table has no column '{group}'{nearest(group, map(str, table.columns))}.")
    names = sorted(table[group].astype(str).unique())
    if cells not in names:
        raise InputError(
            f"There are no cells '{cells}' in column '{group}'{nearest(cells, names)}: there are {few(names)}."
        )
    return table[table[group].astype(str) == cells].drop(columns=group)


def over(values: "Array | list[float]", confidence: float) -> Interval | None:
    """Return Student's interval over experiments; None with fewer than two."""
    return t_interval(values, confidence) if len(values) > 1 else None


def described(values: Array, confidence: float) -> tuple[float, float, float]:
    """Return mean and Student's limits over experiments, NaN where there are too few."""
    return over(values, confidence) or (float(values.mean()) if len(values) else np.nan, np.nan, np.nan)


def by_experiment(values: dict[str, float], name: str) -> "pd.DataFrame":
    """Return a table with the columns experiment and ``name``."""
    import pandas as pd

    return pd.DataFrame(values.items(), columns=["experiment", name]).astype({"experiment": object, name: float})


def too_few(n: int, experiment: str, *, keyed: bool) -> str:
    """Return what a test over experiments lacks, in a few words."""
    if not keyed:
        return f"no column '{experiment}': all wells count as one experiment, and three are needed"
    return "" if n >= FEWEST_EXPERIMENTS else f"three experiments: there {'is' if n == 1 else 'are'} {n}"


def _excess(mean: Array) -> Array:
    """Excess at the pairs with both drugs, from surfaces (..., first, second) of any unit."""
    share = mean / mean[..., :1, :1]
    return np.asarray(share[..., 1:, :1] * share[..., :1, 1:] - share[..., 1:, 1:])


def _test(matrix: Matrix, observed: Array, rng: np.random.Generator) -> Array:
    """Corrected excess, p and adjusted p of each pair (3, pairs), against surfaces of independent drugs."""
    total = np.zeros((NULLS, observed.size))
    for wells, mean in zip(matrix.wells, matrix.mean, strict=True):
        there = np.isfinite(wells)
        count = there.sum(axis=2, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            off = (wells / mean[..., None] - 1) * np.sqrt(count / (count - 1))
        off = np.sort(off[np.isfinite(off)])
        if not off.size:
            return np.full((3, observed.size), np.nan)
        noise = np.where(there, rng.choice(off, (NULLS, *wells.shape)), 0.0).sum(axis=-1) / count[..., 0]
        total += _excess(mean[:, :1] * mean[:1] * (1 + noise)).reshape(NULLS, -1)
    null = total / len(matrix.wells)
    corrected, spread = observed - null.mean(axis=0), null.std(axis=0)
    size = np.abs(np.stack([corrected, *(null - null.mean(axis=0))]))
    size = np.divide(size, spread, out=np.zeros_like(size), where=spread > 0)
    greatest = size[1:].max(axis=1)
    p, adjusted = (
        (1 + (drawn >= size[0] - 1e-12).sum(axis=0)) / (1 + NULLS) for drawn in (size[1:], greatest[:, None])
    )
    return np.stack([corrected, p, adjusted])


def _deal(matrix: Matrix, rng: np.random.Generator) -> dict[str, float]:
    """Excess of each drug alone with its own solvent, by experiment."""
    found = {}
    for name, wells in zip(matrix.experiments, matrix.wells, strict=True):
        halves = [_halves(each, rng) for each in (wells[0, 0], *wells[1:, 0], *wells[0, 1:])]
        if not np.isfinite(halves).all():
            continue
        (neither, solvent), *alone = halves
        found[name] = float(np.mean([drug * solvent / neither**2 - both / neither for drug, both in alone]))
    return found


def _halves(wells: Array, rng: np.random.Generator) -> tuple[float, float]:
    """Means of two random halves of some wells; an odd well falls to either side."""
    dealt = rng.permutation(wells[np.isfinite(wells)])
    at = (len(dealt) + rng.integers(0, 2)) // 2 if len(dealt) > 1 else 0
    return (float(dealt[:at].mean()), float(dealt[at:].mean())) if at else (np.nan, np.nan)
