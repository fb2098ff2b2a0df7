"""Clonal diversity: Hill numbers of barcoded cells, compared at equal size or at equal coverage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from fxyd3.claims import Interval, t_interval
from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Level = Literal["coverage", "size"]
Floats = NDArray[np.float64]
Counts = NDArray[np.integer[Any]]

FEWEST_EXPERIMENTS = 3
SAMPLE = ["experiment", "arm", "condition"]
SAME_ORDER = 1e-8  # so near to order 1 its limit is more exact than the power
NAMES = {0: "all clones", 1: "common clones", 2: "dominant clones"}


def hill_numbers(counts: ArrayLike, *, orders: Sequence[float] = (0, 1, 2), cells: int | None = None) -> Floats:
    """Return the effective number of clones in a sample, or that expected in fewer of its cells.

    Parameters
    ----------
    counts
        Cells of each clone (whole numbers; zeros count for nothing).
    orders
        Each at least 0. Order 0 counts all clones alike, 1 weighs them by their cells, 2 counts the dominant ones.
    cells
        Expected in so many cells drawn without replacement (individual-based rarefaction, exact); None: all.

    Returns
    -------
    ndarray of float64, one value per order

    Raises
    ------
    InputError
        For counts that are negative or not whole, no cell at all, fewer than one cell to draw, or an order below 0.

    References
    ----------
    Hill 1973, doi:10.2307/1934352. Hurlbert 1971, doi:10.2307/1934145. Chao 2014, doi:10.1890/13-0133.1.

    When not to use
    ---------------
    For all clones of a population: those that were not read are not counted.

    Examples
    --------
    Twelve clones of seven cells, then five clones of unequal size, by the numbers of order 0, 1 and 2:

    >>> from fxyd3.tolerance import hill_numbers
    >>> hill_numbers([7] * 12).round(2).tolist()
    [12.0, 12.0, 12.0]
    >>> hill_numbers([8, 4, 2, 1, 1]).round(2).tolist()
    [5.0, 3.67, 2.98]

    Expected of the same five in eight of their cells:

    >>> hill_numbers([8, 4, 2, 1, 1], cells=8).round(2).tolist()
    [3.73, 3.08, 2.63]
    """
    _check_orders(orders)
    size, times = _sizes(counts, cells)
    n = int(size @ times)
    if cells is None or cells >= n:
        return _effective(size / n, times, orders)
    # expected number of clones with k cells among so many, for each size of clone and k
    most = np.minimum(size, cells)
    k = np.arange(1, most.sum() + 1) - np.repeat(np.cumsum(most) - most, most)
    x, weight = np.repeat(size, most), np.repeat(times, most)
    possible = cells - k <= n - x
    k, x, weight = k[possible], x[possible], weight[possible]
    expected = weight * np.exp(_log_choose(x, k) + _log_choose(n - x, cells - k) - _log_choose(n, cells))
    return _effective(k / cells, expected, orders)


def sample_coverage(counts: ArrayLike, *, cells: int | None = None) -> float:
    """Estimate which share of all cells belongs to clones that were read in this sample, or would be in fewer cells.

    Parameters
    ----------
    counts
        Cells of each clone (whole numbers; zeros count for nothing).
    cells
        Coverage of so many cells drawn without replacement; None: all.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    InputError
        For counts that are negative or not whole, no cell at all, or fewer than one cell to draw.

    References
    ----------
    Chao & Jost 2012, doi:10.1890/11-1952.1.

    When not to use
    ---------------
    On a sample where every clone has one cell: nothing then tells how many more there are.

    Examples
    --------
    Sixteen cells of five clones, two of which were read once; then half of the cells:

    >>> from fxyd3.tolerance import sample_coverage
    >>> round(sample_coverage([8, 4, 2, 1, 1]), 2)
    0.88
    >>> round(sample_coverage([8, 4, 2, 1, 1], cells=8), 2)
    0.8
    """
    size, times = _sizes(counts, cells)
    n = int(size @ times)
    if cells is None or cells >= n:
        once, twice = (int(times[size == k].sum()) for k in (1, 2))
        pairs = (n - 1) * once if twice else (n - 1) * (once - 1)
        rest = 2 * twice if twice else 2
        return 1 - once / n * pairs / (pairs + rest) if once else 1.0
    left = size <= n - cells
    unseen = np.exp(_log_choose(n - size[left], cells) - _log_choose(n - 1, cells))
    return float(1 - (times[left] * size[left] / n) @ unseen)


def _sizes(counts: ArrayLike, cells: int | None) -> tuple[Counts, Counts]:
    """Return the sizes of clones above zero, and how many clones have each."""
    given = np.asarray(counts)
    bad = ~(np.isfinite(given) & (given >= 0) & (given == np.rint(given)))
    if bad.any():
        raise InputError(f"The counts hold {given[bad][0]}: give the cells of each clone as whole numbers, 0 or more.")
    if not given.any():
        raise InputError("No clone has a cell: give the cells of each clone.")
    if cells is not None and cells < 1:
        raise InputError(f"The number of cells to draw is {cells}: draw at least 1.")
    return np.unique(given[given > 0].astype(np.int64), return_counts=True)


def _check_orders(orders: Sequence[float]) -> None:
    if not len(orders) or not all(0 <= order < np.inf for order in orders):
        raise InputError(f"The orders are {few(orders) or 'none'}: give one or more numbers, none below 0.")


def _log_choose(n: ArrayLike, k: ArrayLike) -> Floats:
    n, k = np.asarray(n, dtype=float), np.asarray(k, dtype=float)
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))


def _effective(share: Floats, times: ArrayLike, orders: Sequence[float]) -> Floats:
    times = np.asarray(times, dtype=float)
    entropy = -(times * share) @ np.log(share)
    return np.array(
        [np.exp(entropy) if abs(q - 1) < SAME_ORDER else (times @ share**q) ** (1 / (1 - q)) for q in orders]
    )


def _at_coverage(counts: Counts, target: float, orders: Sequence[float]) -> tuple[float, Floats]:
    """Return the cells that reach a coverage (linear between whole numbers, at most all), and Hill numbers there."""
    low, high = 1, int(counts.sum())
    if sample_coverage(counts) <= target or high == 1:
        return high, hill_numbers(counts, orders=orders)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if sample_coverage(counts, cells=middle) <= target else (low, middle)
    ends = [sample_coverage(counts, cells=cells) for cells in (low, high)]
    part = float(np.clip((target - ends[0]) / (ends[1] - ends[0]), 0, 1))
    below, above = (hill_numbers(counts, orders=orders, cells=cells) for cells in (low, high))
    return low + part, (1 - part) * below + part * above


def _resampled(counts: Counts, rng: np.random.Generator) -> Counts:
    """Draw a sample of the same size from the estimated population, clones not read included (Chao 2014)."""
    n, once, twice = counts.sum(), (counts == 1).sum(), (counts == 2).sum()
    unread = (n - 1) / n * (once**2 / (2 * twice) if twice else once * (once - 1) / 2)
    lost = 1 - sample_coverage(counts) if unread else 0.0
    p = counts / n
    chance = p * (1 - p) ** n
    p = p - lost * chance / chance.sum() if lost else p
    drawn = rng.multinomial(n, np.append(p, lost) / (p.sum() + lost))
    new = rng.integers(0, int(np.ceil(unread)), drawn[-1]) if drawn[-1] else np.empty(0, dtype=int)
    return np.concatenate([drawn[:-1], np.unique(new, return_counts=True)[1]]).astype(np.int64)


def diversity_of_samples(
    samples: "pd.Series[int]",
    *,
    orders: Sequence[float],
    level: Level,
    fewest: int,
    confidence: float,
    resamples: int,
    seed: int,
) -> tuple["pd.DataFrame", float]:
    """Return Hill numbers of each sample at what is common to all, see ``lineage_diversity``; and the common level.

    ``samples`` holds cells, indexed by the names of the sample (all levels but the last) and by barcode.
    """
    import pandas as pd

    if level not in get_args(Level):
        raise InputError(f"The level is '{level}'{nearest(str(level), get_args(Level))}: it is 'coverage' or 'size'.")
    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence}: it must lie between 0 and 1.")
    _check_orders(orders)
    if resamples < 2 or seed < 0:
        raise InputError(f"{resamples} resamples with seed {seed}: take at least 2, and a seed that is not negative.")
    names = samples.index.names[:-1]
    groups = samples.groupby(level=names if len(names) > 1 else names[0], sort=True)
    read = {name if isinstance(name, tuple) else (name,): np.sort(own.to_numpy(np.int64)) for name, own in groups}
    reach = [_reach(own, level) for own in read.values() if own.sum() >= fewest]
    common = min(reach) if reach else np.nan
    z, rows = stats.norm.ppf((1 + confidence) / 2), []
    for i, (name, counts) in enumerate(read.items()):
        n, observed = int(counts.sum()), hill_numbers(counts, orders=orders)
        at, value = np.nan, np.full(len(orders), np.nan)
        error = value
        if n >= fewest:
            at, value = _standard(counts, common, orders, level)
            rng = np.random.default_rng([seed, i])
            drawn = [_standard(_resampled(counts, rng), common, orders, level)[1] for _ in range(resamples)]
            error = np.std(drawn, axis=0, ddof=1)
        for j, order in enumerate(orders):
            ends = max(value[j] - z * error[j], 1.0), value[j] + z * error[j]
            ends = ends if n >= fewest else (np.nan, np.nan)
            rows.append((*name, order, n, len(counts), sample_coverage(counts), observed[j], at, value[j], *ends))
    columns = ["order", "cells", "barcodes", "coverage", "observed", "at", "standardised", "lower", "upper"]
    return pd.DataFrame(rows, columns=[*names, *columns]), float(common)


def _reach(counts: Counts, level: Level) -> float:
    """Return what samples are made equal in."""
    return float(counts.sum()) if level == "size" else sample_coverage(counts)


def _standard(counts: Counts, common: float, orders: Sequence[float], level: Level) -> tuple[float, Floats]:
    if level == "coverage":
        return _at_coverage(counts, common, orders)
    return common, hill_numbers(counts, orders=orders, cells=int(common))


@dataclass(frozen=True, eq=False)
class LineageDiversity:
    """Clonal diversity before and after treatment; see ``lineage_diversity``.

    Attributes
    ----------
    samples
        One row per sample and order: experiment, arm, condition, order, cells, barcodes, coverage, observed (Hill
        number of all cells), at (cells that it is compared at), standardised, lower, upper (over the cells of this
        sample). NaN from ``at`` on where the sample has too few cells.
    per_experiment
        One row per experiment and order: experiment, order, observed, standardised (log2 ratio, after to before).
    table
        One row per order: order, n (experiments), observed, estimate, lower, upper (log2 ratio of standardised
        numbers, Student's over experiments; NaN with one).
    level, common
        What samples are made equal in, and its value: share of the cells, or cells.
    n
        Experiments with both conditions.
    missing
        What a comparison lacks; empty: nothing.

    Examples
    --------
    From simulated clones:

    >>> from fxyd3.data.simulate import lineage_barcodes
    >>> from fxyd3.tolerance import lineage_diversity
    >>> found = lineage_diversity(lineage_barcodes(arms=1).table, orders=(2,), resamples=10)
    >>> found.n, found.level, found.missing
    (4, 'coverage', '')
    >>> found.samples[["experiment", "condition", "cells", "barcodes"]].head(2)
      experiment condition  cells  barcodes
    0         E1     after    286       154
    1         E1    before    490       222
    """

    samples: "pd.DataFrame"
    per_experiment: "pd.DataFrame"
    table: "pd.DataFrame"
    level: Level
    common: float
    n: int
    missing: str

    def summary(self) -> "pd.DataFrame":
        """Return the fold after treatment: order, counts, experiments, observed, fold, lower, upper."""
        folds = self.table[["observed", "estimate", "lower", "upper"]].apply(np.exp2)
        said = self.table[["order"]].assign(
            counts=self.table["order"].map(NAMES).fillna(""), experiments=self.table["n"]
        )
        return said.join(folds.rename(columns={"estimate": "fold"}))


def lineage_diversity(
    table: "pd.DataFrame",
    *,
    experiment: str = "experiment",
    arm: str = "arm",
    condition: str = "condition",
    barcode: str = "barcode",
    count: str = "cells",
    before: str = "before",
    after: str = "after",
    orders: Sequence[float] = (0, 1, 2),
    level: Level = "coverage",
    fewest: int = 20,
    confidence: float = 0.95,
    resamples: int = 100,
    seed: int = 1,
) -> LineageDiversity:
    """Compare the clonal diversity after treatment with that before, with experiments as the replicates.

    More cells hold more clones, so samples are first made equal: in the share of cells whose clone was read
    (``coverage``, of the least complete sample) or in the number of cells (``size``, of the smallest sample). Log2
    ratios of the arms are averaged in each experiment; Student's interval runs over experiments.

    Parameters
    ----------
    table
        One row per barcode in a sample; rows of the same barcode are added up. See ``lineage_table``.
    experiment, arm, condition, barcode, count
        Columns. A sample is one arm of one experiment in one condition.
    before, after
        What these are called in ``condition``; other conditions are described at the same level, not compared.
    orders
        Of the Hill numbers, see ``hill_numbers``.
    level
        ``"coverage"`` or ``"size"``.
    fewest
        Samples with fewer barcoded cells are described, not compared, and do not set the common level.
    confidence
        Of all intervals.
    resamples, seed
        Of the intervals of samples.

    Returns
    -------
    LineageDiversity
        Where something is ``missing``, the numbers that can be had are given as a description.

    Raises
    ------
    InputError
        For a column that is not there, counts that are negative or not whole, no barcode at all, or settings out of
        range.

    Notes
    -----
    Rarefaction is exact, not a random draw: the expected Hill number of fewer cells for order 0, of the expected
    frequency counts for the others. Intervals of samples resample an estimated population that includes clones not
    read; they tell what other cells of the same culture would show, and nothing about other cultures. Resamples are
    not extrapolated beyond their cells, so that intervals of the least complete sample are somewhat short at equal
    coverage. What is compared are the clones found at that level, not all that there are: where frequencies become more
    uneven, all orders fall, order 0 included, even if no clone was lost.

    References
    ----------
    Hill 1973, doi:10.2307/1934352. Hurlbert 1971, doi:10.2307/1934145 (rarefaction). Chao & Jost 2012,
    doi:10.1890/11-1952.1 (coverage). Chao 2014, doi:10.1890/13-0133.1 (Hill numbers and resampling).

    When not to use
    ---------------
    Where barcodes collide (two clones share one) or are read with errors: both change the number of clones. To tell
    selection from chance: a bottleneck alone lowers diversity, see ``shared_barcodes`` and ``selection_coefficient``.

    Examples
    --------
    Simulated clones, before and after treatment:

    >>> from fxyd3.data.simulate import lineage_barcodes
    >>> from fxyd3.tolerance import lineage_diversity
    >>> found = lineage_diversity(lineage_barcodes(arms=1).table, resamples=10)
    >>> found.summary()[["counts", "fold", "lower", "upper"]].round(2)
                counts  fold  lower  upper
    0       all clones  0.92   0.82   1.02
    1    common clones  0.92   0.81   1.04
    2  dominant clones  0.92   0.78   1.09
    """
    import pandas as pd

    cells = read_lineages(table, experiment=experiment, arm=arm, condition=condition, barcode=barcode, count=count)
    samples, common = diversity_of_samples(
        cells.set_index([*SAMPLE, "barcode"])["cells"],
        orders=orders, level=level, fewest=fewest, confidence=confidence, resamples=resamples, seed=seed,
    )  # fmt: skip
    keys = ["experiment", "order"]
    pairs = samples[samples["condition"].isin([before, after]) & samples["standardised"].notna()]
    logs = pairs.assign(**{name: np.log2(pairs[name]) for name in ("observed", "standardised")})
    measures = ["observed", "standardised"]
    means = logs.groupby([*keys, "condition"])[measures].mean()
    sides = [means.loc[means.index.get_level_values("condition") == when].droplevel("condition") for when in
             (before, after)]  # fmt: skip
    change = sides[1] - sides[0]
    per_experiment = change.dropna().reset_index()
    rows = []
    for order in orders:
        own = per_experiment[per_experiment["order"] == order]
        found = over_experiments(own["standardised"], confidence)
        rows.append((order, len(own), own["observed"].mean(), *found))
    n = per_experiment["experiment"].nunique()
    return LineageDiversity(
        samples=samples,
        per_experiment=per_experiment,
        table=pd.DataFrame(rows, columns=["order", "n", "observed", "estimate", "lower", "upper"]),
        level=level,
        common=common,
        n=n,
        missing=absent_conditions(cells, condition, before, after)
        or few_experiments(n, f"both conditions and {fewest} barcoded cells in each"),
    )


def over_experiments(values: "pd.Series[float]", confidence: float) -> Interval:
    """Return the mean with Student's interval; with one value its ends are unknown, with none all is."""
    if len(values) > 1:
        return t_interval(values, confidence)
    return Interval(float(values.iloc[0]) if len(values) else np.nan, np.nan, np.nan)


def absent_conditions(cells: "pd.DataFrame", condition: str, *levels: str) -> str:
    """Say which condition is not there, and what is; refuse two conditions that are the same."""
    if len(set(levels)) < len(levels):
        raise InputError(f"before and after are both '{levels[0]}': name the two conditions to compare.")
    there = sorted(set(cells["condition"]))
    for level in levels:
        if level not in there:
            return f"no '{level}' in column '{condition}'{nearest(level, there)}: there are {few(there)}"
    return ""


def few_experiments(n: int, having: str) -> str:
    """Say how many experiments there are where they are too few."""
    return f"three experiments with {having}: there are {n}" if n < FEWEST_EXPERIMENTS else ""


def read_lineages(
    table: "pd.DataFrame", *, experiment: str, arm: str, condition: str, barcode: str, count: str, **more: str
) -> "pd.DataFrame":
    """Check a table of lineages and add up its cells.

    Returns
    -------
    DataFrame
        One row per sample, barcode and value of the ``more`` columns: experiment, arm, condition, barcode, (more),
        cells (int64, above zero), sorted.
    """
    import pandas as pd

    columns = {"experiment": experiment, "arm": arm, "condition": condition, "barcode": barcode, **more, "cells": count}
    for column in columns.values():
        if column not in table:
            hint = nearest(column, list(map(str, table.columns)))
            raise InputError(f"The table has no column '{column}'{hint}: it has {few(table.columns, 12)}.")
    cells = pd.DataFrame({name: table[column] for name, column in columns.items()})
    named = cells["barcode"].notna() & (cells["barcode"].astype(str) != "")
    cells, row = cells[named], 1 + np.flatnonzero(named)
    if cells.empty:
        raise InputError(f"No cell has a barcode in column '{barcode}': give a table with barcoded cells.")
    number: Any = pd.to_numeric(cells["cells"], errors="coerce")
    bad = ~(np.isfinite(number) & (number >= 0) & (number == np.rint(number)))
    if bad.any():
        raise InputError(
            f"Column '{count}' holds {cells['cells'][bad].iloc[0]} in row {row[bad.to_numpy()][0]}: give "
            "whole numbers of cells, 0 or more."
        )
    cells = cells.assign(cells=number.astype(np.int64))[number > 0]
    if cells.empty:
        raise InputError(f"Column '{count}' is 0 in every row: give the cells of each barcode.")
    keys = [name for name in columns if name != "cells"]
    check_filled(cells, columns)
    cells[keys] = cells[keys].astype(str)
    added: pd.DataFrame = cells.groupby(keys, sort=True, as_index=False)["cells"].sum()
    return added


def check_filled(table: "pd.DataFrame", columns: Mapping[str, str]) -> None:
    """Raise an error for a column with empty values; the columns are given with their names for people."""
    for column, name in columns.items():
        if table[column].isna().any():
            raise InputError(f"Column '{name}' is empty in {table[column].isna().sum()} rows: fill it, or drop these.")
