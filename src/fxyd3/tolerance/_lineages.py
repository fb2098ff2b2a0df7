"""Lineages: which clones survive together, and whether a tolerant state was inherited (selection) or adopted."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fxyd3.claims import Interval
from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError
from fxyd3.tolerance._diversity import (
    SAMPLE,
    _log_choose,
    absent_conditions,
    check_filled,
    few_experiments,
    over_experiments,
    read_lineages,
)

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Lineages:
    """Barcoded cells as a tidy table; see ``lineage_table``.

    Attributes
    ----------
    table
        One row per sample, barcode and state: experiment, arm, condition, barcode, (state), cells (int64).
    samples
        One row per sample: experiment, arm, condition, captured (cells), cells (with a barcode), barcodes (distinct).

    Examples
    --------
    Four made-up cells, one of them without a barcode:

    >>> import pandas as pd
    >>> from fxyd3.tolerance import lineage_table
    >>> obs = pd.DataFrame({"barcode": ["ACG", "ACG", "TTA", None], "condition": "before", "experiment": "E1"})
    >>> found = lineage_table(obs, barcode="barcode", condition="condition", experiment="experiment")
    >>> found.samples[["experiment", "condition", "captured", "cells", "barcodes"]]
      experiment condition  captured  cells  barcodes
    0         E1    before         4      3         2
    """

    table: "pd.DataFrame"
    samples: "pd.DataFrame"

    def summary(self) -> "pd.DataFrame":
        """Return the samples with the share of cells that have a barcode, in percent."""
        return self.samples.assign(percent=100 * self.samples["cells"] / self.samples["captured"])


def lineage_table(
    obs: "pd.DataFrame", *, barcode: str, condition: str, experiment: str, arm: str = "", state: str = ""
) -> Lineages:
    """Count the cells of each barcode, from one row per cell.

    Parameters
    ----------
    obs
        One row per cell, such as ``adata.obs``.
    barcode
        Column of the lineage barcode; cells where it is empty are counted and left out.
    condition, experiment, arm, state
        Columns; the patient may stand for the experiment. Without ``arm``, an experiment has one arm, "all".

    Returns
    -------
    Lineages

    Raises
    ------
    InputError
        For a column that is not there, an empty value in another column than the barcode, or no barcode in any cell.

    When not to use
    ---------------
    With barcodes of the droplet or the read: these name cells or molecules, not lineages.

    Examples
    --------
    Four made-up cells, one of them without a barcode:

    >>> import pandas as pd
    >>> from fxyd3.tolerance import lineage_table
    >>> obs = pd.DataFrame({"barcode": ["ACG", "ACG", "TTA", None], "condition": "before", "experiment": "E1"})
    >>> lineage_table(obs, barcode="barcode", condition="condition", experiment="experiment").table
      experiment  arm condition barcode  cells
    0         E1  all    before     ACG      2
    1         E1  all    before     TTA      1
    """
    given = {"experiment": experiment, "arm": arm, "condition": condition, "barcode": barcode, "state": state}
    columns = {name: column for name, column in given.items() if column}
    cells = obs.assign(**({} if arm else {"_arm": "all"}), _cells=1)
    table = read_lineages(
        cells, experiment=experiment, arm=arm or "_arm", condition=condition, barcode=barcode, count="_cells",
        **({"state": state} if state else {}),
    )  # fmt: skip
    named = {columns.get(name, "_arm"): name for name in SAMPLE}
    check_filled(cells, {column: column for column in named})
    keys = [cells[column].astype(str).rename(name) for column, name in named.items()]
    captured = cells.groupby(keys, sort=True).size().rename("captured")
    seen = table.groupby(SAMPLE).agg(cells=("cells", "sum"), barcodes=("barcode", "nunique"))
    samples = captured.to_frame().join(seen).fillna(0).astype(np.int64).reset_index()
    return Lineages(table, samples)


@dataclass(frozen=True, eq=False)
class SharedBarcodes:
    """Clones that survive in several arms, against chance; see ``shared_barcodes``.

    Attributes
    ----------
    per_experiment
        One row per experiment: experiment, pairs (of arms after treatment), cells (of each of them, at most),
        shared, shared_chance (barcodes in both of two arms, expected), overlap, chance (Jaccard index, 0 to 1),
        excess (overlap less chance).
    interval
        Mean excess with Student's interval over experiments; ends are NaN with one experiment.
    n
        Experiments compared.
    missing
        What a comparison lacks; empty: nothing.

    Examples
    --------
    From simulated clones:

    >>> from fxyd3.data.simulate import lineage_barcodes
    >>> from fxyd3.tolerance import shared_barcodes
    >>> found = shared_barcodes(lineage_barcodes().table)
    >>> found.n, found.missing
    (4, '')
    >>> found.per_experiment[["experiment", "pairs"]]
      experiment  pairs
    0         E1      3
    1         E2      3
    2         E3      3
    3         E4      3
    """

    per_experiment: "pd.DataFrame"
    interval: Interval
    n: int
    missing: str

    @property
    def table(self) -> "pd.DataFrame":
        """One row: n, overlap, chance, estimate, lower, upper (excess)."""
        import pandas as pd

        means = self.per_experiment[["overlap", "chance"]].mean()
        return pd.DataFrame([{"n": self.n, **means, **self.interval._asdict()}])

    def summary(self) -> "pd.DataFrame":
        """Return the same in percent of the barcodes: experiments, overlap, chance, excess, lower, upper."""
        told = self.table.rename(columns={"n": "experiments", "estimate": "excess"})
        return told.assign(**{name: 100 * told[name] for name in told.columns[1:]})


def shared_barcodes(
    table: "pd.DataFrame",
    *,
    experiment: str = "experiment",
    arm: str = "arm",
    condition: str = "condition",
    barcode: str = "barcode",
    count: str = "cells",
    before: str = "before",
    after: str = "after",
    fewest: int = 20,
    confidence: float = 0.95,
) -> SharedBarcodes:
    """Compare how many clones two arms share after treatment with what chance would give.

    Chance: the clones that are left in each arm are drawn at random, each by its share of the cells before. Two samples
    before treatment with as many barcodes share just so many of them; so they are the yardstick, and unread clones and
    lost barcodes weigh on both sides alike. More sharing than chance: the same clones survive again and again, by
    something their cells inherited. As much as chance: no such thing was seen, or it was too weak to be.

    Parameters
    ----------
    table, experiment, arm, condition, barcode, count, before, after, confidence
        As in ``lineage_diversity``.
    fewest
        Samples with fewer barcoded cells are left out.

    Returns
    -------
    SharedBarcodes
        Where something is ``missing``, the numbers that can be had are given as a description.

    Raises
    ------
    InputError
        As ``lineage_diversity``.

    Notes
    -----
    Arms are rarefied to the same number of cells, and for each of them the samples before to as many barcodes as it
    then holds, and not to as many cells: selection leaves fewer clones, which lowers the sharing that chance gives.
    Compared at the same number of cells, arms that were strongly selected can share fewer clones than before. Expected
    numbers are exact (hypergeometric, gamma functions between whole numbers of cells), so nothing is drawn and no seed
    is needed; pairs of arms are averaged in the experiment. Where all arms have one common sample before treatment, two
    parts of it that share no cell are compared, each at most half.

    References
    ----------
    Hurlbert 1971, doi:10.2307/1934145 (rarefaction).

    When not to use
    ---------------
    To find selection that is weak, or by a state that is soon lost: most clones are then left in every arm, selected or
    not; see the variance of ``selection_coefficient``. With barcodes that many cells had at the start by accident of
    infection. Where clones also differ in growth: those that grow well are read in all arms.

    Examples
    --------
    Simulated clones in which every cell keeps the state of its founder (percent of the barcodes):

    >>> from fxyd3.data.simulate import lineage_barcodes
    >>> from fxyd3.tolerance import shared_barcodes
    >>> found = shared_barcodes(lineage_barcodes(selection=1.0).table)
    >>> found.summary().round()
       experiments  overlap  chance  excess  lower  upper
    0            4     34.0    30.0     4.0    1.0    6.0
    """
    import pandas as pd

    cells = read_lineages(table, experiment=experiment, arm=arm, condition=condition, barcode=barcode, count=count)
    rows = []
    for name, counts in _by_experiment(cells, [before, after]):
        sides = [side[side.sum(axis=1) >= fewest] for side in counts.sum(axis=-1).swapaxes(0, 1)]
        if len(sides[0]) and len(sides[1]) > 1:
            size, overlap, chance = _sharing(*sides)
            pairs = len(sides[1]) * (len(sides[1]) - 1) // 2
            rows.append((name, pairs, size, overlap[0], chance[0], overlap[1], chance[1], overlap[1] - chance[1]))
    columns = ["experiment", "pairs", "cells", "shared", "shared_chance", "overlap", "chance", "excess"]
    per_experiment = pd.DataFrame(rows, columns=columns)
    return SharedBarcodes(
        per_experiment=per_experiment,
        interval=over_experiments(per_experiment["excess"], confidence),
        n=len(rows),
        missing=absent_conditions(cells, condition, before, after)
        or few_experiments(len(rows), f"two arms after treatment and {fewest} barcoded cells in each sample"),
    )


def _by_experiment(cells: "pd.DataFrame", conditions: list[str]) -> Iterator[tuple[str, Array]]:
    """Give the counts of each experiment: arms x conditions x barcodes x (ancestral, other)."""
    import pandas as pd

    cells = cells[cells["condition"].isin(conditions)]
    for name, own in cells.groupby("experiment", sort=True):
        arms, barcodes = (pd.factorize(own[key], sort=True) for key in ("arm", "barcode"))
        counts = np.zeros((len(arms[1]), 2, len(barcodes[1]), 2), dtype=np.int64)
        state = own["other"].to_numpy(int) if "other" in own else np.zeros(len(own), int)
        where = (own["condition"] == conditions[1]).to_numpy(int)
        np.add.at(counts, (arms[0], where, barcodes[0], state), own["cells"].to_numpy())
        yield str(name), counts


def _sharing(before: Array, after: Array) -> tuple[int, Array, Array]:
    """Return the cells of each arm, and what two arms share and what two samples before share with as many barcodes."""
    most = int(before.sum() // 2 if len(before) == 1 else before.sum(axis=1).min())
    size = int(min(most, after.sum(axis=1).min()))
    known = _barcodes(before, most)
    sizes = []
    for arm in after:
        barcodes = min(_barcodes(arm[None], size), known)
        sizes.append([_cells_with(barcodes, arm[None], size), _cells_with(barcodes, before, most)])
    of_arms, of_before = np.transpose(sizes)
    pairs = list(combinations(range(len(after)), 2))
    overlap = [_overlap(after[[i, j]], of_arms[[i, j]]) for i, j in pairs]
    sides = [(0,)] if len(before) == 1 else list(permutations(range(len(before)), 2))
    chance = [_overlap(before[list(side)], of_before[[i, j]]) for i, j in pairs for side in sides]
    return size, np.mean(overlap, axis=0), np.mean(chance, axis=0)


def _barcodes(samples: Array, size: float) -> float:
    """Return the expected number of barcodes in so many cells of a sample, mean over samples."""
    return float((1 - _absent(samples, size)).sum(axis=1).mean())


def _cells_with(barcodes: float, samples: Array, most: int) -> float:
    """Return the number of cells, at most so many, in which so many barcodes are expected."""
    from scipy.optimize import brentq

    if _barcodes(samples, most) <= barcodes:
        return most
    return float(brentq(lambda size: _barcodes(samples, size) - barcodes, 0, most))


def _overlap(samples: Array, sizes: Array) -> tuple[float, float]:
    """Return the barcodes that two samples, or two parts of one, of these sizes share, and their Jaccard index."""
    if len(samples) == 1:
        one, other, both = (_absent(samples, size)[0] for size in (*sizes, sizes.sum()))
    else:
        one, other = _absent(samples, sizes[:, None])
        both = one * other
    shared = float((1 - one - other + both).sum())
    return shared, shared / float((1 - both).sum())


def _absent(samples: Array, size: ArrayLike) -> Array:
    """Return the chance that each barcode is not among so many cells of its sample."""
    n = samples.sum(axis=1, keepdims=True)
    rest, some = n - samples, np.asarray(size, dtype=float)
    none_left = rest <= some - 1
    return np.where(none_left, 0.0, np.exp(_log_choose(np.where(none_left, some, rest), some) - _log_choose(n, some)))


WHAT = {
    "cells": "survival of ancestral cells, relative to the others",
    "clones": "survival of clones of ancestral cells, relative to the others",
    "variance": "variance of the survival of clones, beyond chance",
    "inherited": "ancestral survivors that inherited their state (selected)",
}


@dataclass(frozen=True, eq=False)
class CloneSelection:
    """What was selected and what adapted; see ``selection_coefficient``.

    Attributes
    ----------
    per_experiment
        One row per experiment: experiment, arms, before, after (cells), common (barcodes read in both), cells, clones
        (log2 ratio of survival), variance (of the survival of clones, relative to its squared mean), intraclass
        (correlation of the states of two cells of a clone), inherited (its root, from 0 to 1). NaN: cannot be had.
    table
        One row per measure, as index (cells, clones, variance, inherited): n (experiments), estimate, lower, upper
        (Student's over experiments; of ``inherited`` on the intraclass correlation, then the root).
    n
        Experiments with both conditions.
    missing
        What a test lacks; empty: nothing.

    Examples
    --------
    From simulated clones:

    >>> from fxyd3.data.simulate import lineage_barcodes
    >>> from fxyd3.tolerance import selection_coefficient
    >>> found = selection_coefficient(lineage_barcodes().table)
    >>> found.n, found.missing
    (4, '')
    >>> sorted(found.table.index)
    ['cells', 'clones', 'inherited', 'variance']
    """

    per_experiment: "pd.DataFrame"
    table: "pd.DataFrame"
    n: int
    missing: str

    def summary(self) -> "pd.DataFrame":
        """Return what was found: what, experiments, estimate, lower, upper, in (times, percent, squared mean)."""
        told = self.table.assign(what=[WHAT[str(name)] for name in self.table.index], experiments=self.table["n"])
        told["in"] = ["times", "times", "squared mean", "percent"]
        numbers = ["estimate", "lower", "upper"]
        told.loc[["cells", "clones"], numbers] = np.exp2(told.loc[["cells", "clones"], numbers])
        told.loc["inherited", numbers] *= 100
        return told[["what", "experiments", *numbers, "in"]].reset_index(drop=True)


def selection_coefficient(
    table: "pd.DataFrame",
    *,
    experiment: str = "experiment",
    arm: str = "arm",
    condition: str = "condition",
    barcode: str = "barcode",
    count: str = "cells",
    state: str = "state",
    ancestral: str = "ancestral",
    founder: str = "",
    before: str = "before",
    after: str = "after",
    confidence: float = 0.95,
) -> CloneSelection:
    """Tell how far tolerant cells were selected, by a state they inherited, and how far cells had switched into it.

    Parameters
    ----------
    table, experiment, arm, condition, barcode, count, before, after, confidence
        As in ``lineage_diversity``.
    state
        Column of the state of the cells; empty: unknown, and only the variance of the survival of clones is found.
    ancestral
        What ancestral cells are called in it; all else is other.
    founder
        Column of the state of the clone's founder, one value for each barcode in an experiment; empty: the state of
        most of the clone's cells before treatment stands for it.

    Returns
    -------
    CloneSelection
        Four measures. ``cells``: odds of ancestral cells after to those before, which is their ratio of survival
        whatever the clones. ``clones``: the same between clones, by founder. ``variance``: of the survival of clones,
        known without any state. ``inherited``: share of the ancestral cells that have their state from the founder;
        the rest switched into it. Where something is ``missing``, the numbers that can be had are a description.

    Raises
    ------
    InputError
        As ``lineage_diversity``, and for a barcode with two founders.

    Notes
    -----
    ``cells`` and ``clones`` are log odds ratios of the cells of all arms, with half a cell added to each count. Where
    most of its cells stand for the founder, clones are named in one arm and counted in the others, in turn, so that a
    chance excess in the naming cannot return as selection; clones without a majority are left out, and the ratio is
    smaller than that by founder, for a few cells name a clone badly. That takes two arms with cells before; where all
    have one common sample, name ``founder``.

    ``variance`` is J(after) J(before) / J(both)^2 - 1, where J sums, over barcodes and pairs of different samples, the
    product of their cells divided by all cells of the barcode, per pair of cells. Products of different samples hold no
    sampling noise, and whatever befalls one arm alone drops out; it is 0 on average if all clones survive alike, and
    may fall below. Cells after count in that sum too, so that strong selection is found somewhat too small.

    ``inherited`` supposes that a cell keeps its founder's state or draws it anew. Two cells of a clone both keep it
    with the square of that chance, which is the correlation of their states (Fleiss and Cuzick), before treatment.

    References
    ----------
    Fleiss & Cuzick 1979, Applied Psychological Measurement 3:537 (intraclass correlation of two states). Haldane's half
    cell as in ``fxyd3``'s other odds ratios.

    When not to use
    ---------------
    Where cells switch under the drug, or survivors have grown: both change the odds after treatment without survival.
    Where states are read with errors: ``inherited`` is then too low, for errors look like switching. Where the state is
    named by a gene that the drug induces.

    Examples
    --------
    Simulated clones; half of the ancestral cells have their state from the founder:

    >>> from fxyd3.data.simulate import lineage_barcodes
    >>> from fxyd3.tolerance import selection_coefficient
    >>> found = selection_coefficient(lineage_barcodes(selection=0.5).table, founder="truth_founder")
    >>> found.table.loc[["inherited"], ["n", "estimate", "lower", "upper"]].round(2)
               n  estimate  lower  upper
    inherited  4       0.5   0.44   0.56
    """
    import pandas as pd

    more = {"state": state} | ({"founder": founder} if founder else {}) if state else {}
    cells = read_lineages(
        table, experiment=experiment, arm=arm, condition=condition, barcode=barcode, count=count, **more
    )
    if state:
        cells["other"] = cells["state"] != ancestral
    rows = []
    for name, counts in _by_experiment(cells, [before, after]):
        total = counts.sum(axis=(0, 3))
        if (total.sum(axis=1) == 0).any():
            continue
        both = int((total > 0).all(axis=0).sum())
        found = [np.nan] * 3
        if state:
            founders = _founders(cells[cells["experiment"] == name], founder, ancestral) if founder else None
            found = [
                _log2_odds(counts.sum(axis=(0, 2))),
                _between_clones(counts, founders),
                _intraclass(counts[:, 0].sum(axis=0)),
            ]
        rows.append((name, len(counts), *total.sum(axis=1), both, *found[:2], _variance(counts.sum(axis=3)), found[2]))
    columns = ["experiment", "arms", "before", "after", "common", "cells", "clones", "variance", "intraclass"]
    per_experiment = pd.DataFrame(rows, columns=columns)
    per_experiment["inherited"] = _share(per_experiment["intraclass"].to_numpy(float))
    intervals = {}
    for measure in WHAT:
        values = per_experiment["intraclass" if measure == "inherited" else measure].dropna().astype(float)
        interval = np.array(over_experiments(values, confidence))
        intervals[measure] = (len(values), *(_share(interval) if measure == "inherited" else interval))
    return CloneSelection(
        per_experiment=per_experiment,
        table=pd.DataFrame.from_dict(intervals, orient="index", columns=["n", "estimate", "lower", "upper"]),
        n=len(rows),
        missing=absent_conditions(cells, condition, before, after)
        or few_experiments(int((per_experiment["common"] > 0).sum()), "barcodes read before and after")
        or _missing_state(cells, state, ancestral),
    )


def _missing_state(cells: "pd.DataFrame", state: str, ancestral: str) -> str:
    if not state:
        return "the state of each cell: name its column; only the variance of the survival of clones is known"
    there = sorted(set(cells["state"]))
    if ancestral not in there:
        return f"no '{ancestral}' in column '{state}'{nearest(ancestral, there)}: there are {few(there)}"
    return f"cells in another state: all are '{ancestral}' in column '{state}'" if len(there) == 1 else ""


def _log2_odds(counts: Array) -> float:
    """Return the log2 odds ratio of conditions x (one, other), with half a cell added to each."""
    n = np.log2(counts + 0.5)
    return float(n[1, 0] - n[1, 1] - n[0, 0] + n[0, 1])


def _founders(cells: "pd.DataFrame", column: str, ancestral: str) -> Array:
    """Return whether the founder of each barcode was ancestral, in the order of the barcodes."""
    kinds = cells.groupby("barcode", sort=True)["founder"].agg(["nunique", "first"])
    if (kinds["nunique"] > 1).any():
        name = kinds.index[kinds["nunique"] > 1][0]
        raise InputError(f"Barcode {name} has two founders in column '{column}': give one for each barcode.")
    return (kinds["first"] == ancestral).to_numpy()


def _between_clones(counts: Array, founders: Array | None) -> float:
    """Return the log2 odds ratio of clones by founder, or by most of their cells in an arm that is not counted."""
    clones = counts.sum(axis=3)
    if founders is not None:
        kinds = [(founders, ~founders, clones.sum(axis=0))]
    else:
        named = counts[:, 0]
        kinds = [
            (of[:, 0] > of[:, 1], of[:, 0] < of[:, 1], clones.sum(axis=0) - clones[i])
            for i, of in enumerate(named)
            if of.any() and np.delete(clones, i, axis=0).any(axis=(0, 2)).all()
        ]
    ratios = [
        _log2_odds(np.stack([each[:, one].sum(axis=1), each[:, other].sum(axis=1)], axis=1))
        for one, other, each in kinds
        if one.any() and other.any()
    ]
    return float(np.mean(ratios)) if ratios else np.nan


def _variance(counts: Array) -> float:
    """Return the relative variance of survival between clones, from arms x conditions x barcodes."""
    weight = 1 / counts.sum(axis=(0, 1))
    of, size = counts.sum(axis=0).astype(float), counts.sum(axis=2).astype(float)
    n = size.sum(axis=0)
    pairs = n**2 - (size**2).sum(axis=0)
    if (pairs == 0).any():
        return np.nan
    within = ((of**2 - (counts.astype(float) ** 2).sum(axis=0)) @ weight) / pairs
    across = (of[0] * of[1]) @ weight / n.prod()
    return float(within.prod() / across**2 - 1) if across else np.nan


def _intraclass(counts: Array) -> float:
    """Return the correlation between cells of a clone, from barcodes x states (Fleiss and Cuzick)."""
    counts = counts[counts.any(axis=1)]
    n = counts.sum(axis=1)
    p = counts.sum(axis=0) / max(n.sum(), 1)
    if n.sum() == len(n) or p.prod() == 0:
        return np.nan
    within = (counts.prod(axis=1) / n).sum() / (n.sum() - len(n))
    return float(1 - within / p.prod())


def _share(intraclass: Array) -> Array:
    return np.asarray(np.sqrt(np.clip(intraclass, 0, 1)))
