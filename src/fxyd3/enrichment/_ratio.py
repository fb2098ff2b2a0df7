"""How much a sort enriched stem cells, over experiments."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.claims import Interval, t_interval
from fxyd3.data.report import few, nearest
from fxyd3.enrichment._elda import COLUMNS, check_confidence, check_wells, lay_out
from fxyd3.enrichment._single_hit import fit_firth, limits

if TYPE_CHECKING:
    import pandas as pd

FEWEST_EXPERIMENTS = 3


@dataclass(frozen=True, eq=False)
class EnrichmentRatio:
    """Stem-cell frequency of sorted cells relative to unsorted ones; see ``enrichment_ratio``.

    Attributes
    ----------
    per_experiment
        One row per experiment and sorted group: experiment, group, log2_ratio, lower, upper. The interval is about the
        wells of this experiment only.
    by_group
        One row per sorted group: group, n (experiments), estimate, lower, upper (log2, Student's over experiments; NaN
        with one).
    interval
        Mean over experiments of the mean of their sorted groups, log2; None with fewer than two experiments.
    control
        Negative control: the same of unsorted wells dealt at random into two groups; None where it cannot be had.
    dealt
        The control by experiment: experiment, log2_ratio.
    n
        Experiments with both sorted and unsorted wells.
    missing
        What a test of the claim lacks; empty: nothing.
    """

    per_experiment: "pd.DataFrame"
    by_group: "pd.DataFrame"
    interval: Interval | None
    control: Interval | None
    dealt: "pd.DataFrame"
    n: int
    missing: str

    def summary(self) -> "pd.DataFrame":
        """Return what was found as folds: cells, experiments, fold, lower, upper; the control is the last row."""
        import pandas as pd

        rows = list(self.by_group.itertuples(index=False, name=None))
        if self.interval:
            rows.append(("all sorts together", self.n, *self.interval))
        if self.control:
            rows.append(("unsorted wells, dealt at random", len(self.dealt), *self.control))
        table = pd.DataFrame(rows, columns=["cells", "experiments", "fold", "lower", "upper"])
        folds = ["fold", "lower", "upper"]
        return table.assign(**{name: np.exp2(table[name].astype(float)) for name in folds})


def enrichment_ratio(
    table: "pd.DataFrame",
    *,
    unsorted: str = "unsorted",
    experiment: str = "experiment",
    group: str = "group",
    dose: str = COLUMNS[0],
    tested: str = COLUMNS[1],
    positive: str = COLUMNS[2],
    confidence: float = 0.95,
    seed: int = 1,
) -> EnrichmentRatio:
    """Estimate how many times more stem cells sorted cells hold than unsorted ones of the same experiment.

    Every frequency is estimated with Firth's penalty, so that it is finite whatever the wells show. The log2 ratios of
    the sorted groups are averaged in each experiment; Student's interval runs over experiments, the units.

    Parameters
    ----------
    table
        Limiting dilution, see ``elda``. Without the column ``experiment`` all wells are one experiment.
    unsorted
        What unsorted cells are called in ``group``; all else is sorted.
    experiment, group
        Columns.
    dose, tested, positive, confidence
        As in ``elda``.
    seed
        Of the random deal of the control.

    Returns
    -------
    EnrichmentRatio
        Where something is ``missing``, the numbers that can be had are given as a description.

    Raises
    ------
    InputError
        As ``elda``.

    Notes
    -----
    The interval within an experiment joins the limits of its two frequencies (method of variance estimates recovery).
    A doubling of all doses, or a plating efficiency common to all wells, leaves the ratio as it is.

    References
    ----------
    Hu & Smyth 2009, doi:10.1016/j.jim.2009.06.008. Firth 1993, doi:10.1093/biomet/80.1.27. Zou & Donner 2008,
    doi:10.1002/sim.3095 (limits of a difference).

    When not to use
    ---------------
    Where sorted and unsorted cells survive the sort differently: run unsorted cells through the sorter too, or the
    ratio measures the damage. Where cells cooperate: see ``Elda.slopes``.

    Examples
    --------
    The twin's wells, in which sorted cells hold more stem cells:

    >>> from fxyd3.data.simulate import limiting_dilution
    >>> from fxyd3.enrichment import enrichment_ratio
    >>> found = enrichment_ratio(limiting_dilution(seed=1).table)
    >>> found.interval.lower > 0
    True
    """
    import pandas as pd

    keyed = experiment in table
    keys = [experiment, group] if keyed else [group]
    checked = check_wells(table, dose=dose, tested=tested, positive=positive, keys=keys)
    check_confidence(confidence)
    checked["_experiment"] = checked[experiment].astype(str) if keyed else "all wells"
    checked["_group"] = checked[group].astype(str)
    added = checked.groupby(["_experiment", "_group", COLUMNS[0]])[list(COLUMNS[1:])].sum().reset_index()
    added["assay"] = added.groupby(["_experiment", "_group"]).ngroup()
    _, wells = lay_out(added, "assay")
    found = limits(wells, "firth", confidence)
    assays = added.drop_duplicates("assay")[["_experiment", "_group"]].set_axis(["experiment", "group"], axis=1)
    assays = assays.assign(at=found.estimate, low=found.lower, high=found.upper).reset_index(drop=True)

    plain = assays["group"] == unsorted
    pairs = assays[~plain].merge(assays[plain].drop(columns="group"), on="experiment", suffixes=("", "_unsorted"))
    change = pairs["at"] - pairs["at_unsorted"]
    down = np.hypot(pairs["at"] - pairs["low"], pairs["high_unsorted"] - pairs["at_unsorted"])
    up = np.hypot(pairs["high"] - pairs["at"], pairs["at_unsorted"] - pairs["low_unsorted"])
    per_experiment = pairs[["experiment", "group"]].assign(
        log2_ratio=change / np.log(2), lower=(change - down) / np.log(2), upper=(change + up) / np.log(2)
    )
    each = per_experiment.groupby("experiment")["log2_ratio"].mean()
    by_group = pd.DataFrame(
        [
            (name, len(ratios), *(_over(ratios, confidence) or (ratios.mean(), np.nan, np.nan)))
            for name, ratios in per_experiment.groupby("group")["log2_ratio"]
        ],
        columns=["group", "n", "estimate", "lower", "upper"],
    )
    dealt = _deal(added[added["_group"] == unsorted], seed)
    return EnrichmentRatio(
        per_experiment=per_experiment,
        by_group=by_group,
        interval=_over(each, confidence),
        control=_over(dealt["log2_ratio"], confidence),
        dealt=dealt,
        n=len(each),
        missing=_missing(assays, unsorted, experiment, group, keyed=keyed),
    )


def _over(ratios: "pd.Series[float]", confidence: float) -> Interval | None:
    return t_interval(ratios, confidence) if len(ratios) > 1 else None


def _deal(wells: "pd.DataFrame", seed: int) -> "pd.DataFrame":
    """Deal the unsorted wells of each experiment and dose into two halves, and return the log2 ratio of these."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    n, y = wells[COLUMNS[1]].to_numpy(), wells[COLUMNS[2]].to_numpy()
    half = (n + rng.integers(0, 2, len(n))) // 2  # an odd well falls to either side
    first = rng.hypergeometric(y, n - y, half)
    halves = pd.concat(
        [
            wells.assign(side=side, **dict(zip(COLUMNS[1:], counts, strict=True)))
            for side, counts in enumerate([(half, first), (n - half, y - first)])
        ]
    )
    halves = halves[halves[COLUMNS[1]] > 0]
    halves = halves[halves.groupby("_experiment")["side"].transform("nunique") == 2]
    if halves.empty:
        return pd.DataFrame({"experiment": pd.Series(dtype=str), "log2_ratio": pd.Series(dtype=float)})
    halves["assay"] = halves.groupby(["_experiment", "side"]).ngroup()
    at = fit_firth(lay_out(halves, "assay")[1])
    names = halves.drop_duplicates("_experiment")["_experiment"].to_list()
    return pd.DataFrame({"experiment": names, "log2_ratio": (at[1::2] - at[::2]) / np.log(2)})


def _missing(assays: "pd.DataFrame", unsorted: str, experiment: str, group: str, *, keyed: bool) -> str:
    """Return what a test over experiments lacks, in a few words."""
    names = sorted(assays["group"].unique())
    if unsorted not in names:
        return f"no group '{unsorted}' in column '{group}'{nearest(unsorted, names)}: there are {few(names)}"
    if len(names) == 1:
        return f"no sorted group in column '{group}': there is '{unsorted}' only"
    if not keyed:
        return f"no column '{experiment}': all wells count as one experiment, and three are needed"
    plain = assays.groupby("experiment")["group"].agg(lambda there: unsorted in set(there) and len(there) > 1)
    if plain.sum() < FEWEST_EXPERIMENTS:
        return f"three experiments with both sorted and unsorted wells: there are {plain.sum()}"
    return ""
