"""What two drugs leave of tolerant and other cells, alone, together, and one after the other, over experiments."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit

from fxyd3.claims import Interval
from fxyd3.claims._holm import holm
from fxyd3.data.assays import ARMS
from fxyd3.data.report import few, nearest
from fxyd3.errors import InputError
from fxyd3.rescue._combine import check_confidence
from fxyd3.rescue._excess import FEWEST_EXPERIMENTS, described, over

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

Array = NDArray[np.float64]

NEEDED, ORDERS = ARMS[:4], ARMS[3:]
TOGETHER = "both"
HALF = 0.5  # cell added to every mean where one is zero
ROUNDING = 1e-9  # range of logs below which experiments do not differ
LIMITS = ["lower", "upper", "n"]


@dataclass(frozen=True, eq=False)
class DosingOrders:
    """Tolerant and other cells that two drugs leave, by arm and order; see ``dosing_orders``.

    Attributes
    ----------
    tolerant, other
        Names of the two kinds of cells.
    fractions
        One row per arm: arm, fraction (of tolerant cells among the living of both kinds), lower, upper, n
        (experiments). Mean and Student's interval are of log odds over experiments, turned back; NaN limits with one.
    survival
        One row per treated arm and kind of cells: arm, cells, survival (share of the untreated cells of the same
        experiment; geometric mean), lower, upper, n.
    interactions
        One row per order of both drugs and kind of cells: order, cells (the third is ``beyond``: tolerant less other),
        estimate (natural log of the living cells over those that independent drugs would leave; negative: more are
        killed), lower, upper, n.
    orders
        One row per sequence: order, estimate (its interaction, tolerant less other, less that of both drugs together in
        the same experiment), lower, upper, n, p (paired t test, two-sided; NaN where experiments do not differ, or with
        one), p_adjusted (Holm). Empty without sequences.
    per_experiment
        One row per experiment and arm: experiment, arm, tolerant_cells, other_cells (mean over dishes), fraction;
        tolerant, other, beyond (interactions; NaN in arms without both drugs).
    left_out
        Experiments that do not count: experiment, why.
    interval
        Both drugs together: interaction of tolerant cells less that of others, with Student's interval over
        experiments; None with fewer than two.
    n
        Experiments that count.
    missing
        What a test lacks; empty: nothing.
    notes
        What was done or left out, in sentences.

    Examples
    --------
    From simulated dishes:

    >>> from fxyd3.data.simulate import dosing_order
    >>> from fxyd3.rescue import dosing_orders
    >>> found = dosing_orders(dosing_order().table)
    >>> found.n, found.beyond, found.missing
    (4, 'ancestral beyond other', '')
    >>> found.orders["order"].tolist()
    ['chemotherapy then glycoside', 'glycoside then chemotherapy']
    """

    tolerant: str
    other: str
    fractions: "pd.DataFrame"
    survival: "pd.DataFrame"
    interactions: "pd.DataFrame"
    orders: "pd.DataFrame"
    per_experiment: "pd.DataFrame"
    left_out: "pd.DataFrame"
    interval: Interval | None
    n: int
    missing: str
    notes: tuple[str, ...]

    @property
    def beyond(self) -> str:
        """What the difference between the two kinds of cells is called in tables."""
        return f"{self.tolerant} beyond {self.other}"

    def summary(self) -> "pd.DataFrame":
        """Return interactions as ratios, living cells to those of independent drugs.

        Columns: order, cells, experiments, ratio, lower, upper; a ratio of 0.25: a quarter of them live.
        """
        found = self.interactions.rename(columns={"n": "experiments", "estimate": "ratio"})
        ratios = ["ratio", "lower", "upper"]
        return found[["order", "cells", "experiments", *ratios]].assign(
            **{name: np.exp(found[name].astype(float)) for name in ratios}
        )


def dosing_orders(
    table: "pd.DataFrame",
    *,
    tolerant: str = "ancestral",
    other: str = "other",
    experiment: str = "experiment",
    arm: str = "arm",
    cells: str = "cells",
    replicate: str = "replicate",
    viable: str = "viable",
    confidence: float = 0.95,
) -> DosingOrders:
    """Estimate what two drugs leave of tolerant cells, and how far they kill these together beyond other cells.

    Living cells are averaged over the dishes of each experiment, arm and kind of cells. The interaction is
    ``log both - log chemotherapy - log glycoside + log none``: zero where the drugs act independently (each leaves the
    same share whether the other is there or not), negative where they kill more. The number of interest is that of
    tolerant cells less that of other cells in the same experiment; Student's intervals run over experiments, the units.
    In the two sequences, the arm of that order stands in the place of ``both``.

    Parameters
    ----------
    table
        One row per dish and kind of cells (``data/templates/dosing_order.csv``): arms "none", "chemotherapy",
        "glycoside" and "both", and where they were done "chemotherapy then glycoside" and "glycoside then
        chemotherapy"; living cells as whole numbers, 0 where none was counted.
    tolerant, other
        Values of the column ``cells``.
    experiment, arm, cells, replicate, viable
        Columns. Without ``experiment`` all dishes are one; ``replicate`` may be missing.
    confidence
        Of the intervals.

    Returns
    -------
    DosingOrders
        Where something is ``missing``, the numbers that can be had are given as a description.

    Raises
    ------
    InputError
        For a column, kind of cells or arm that is not there, an unknown arm, counts that are negative, missing or not
        whole, a dish given twice or for one kind of cells only, no experiment with the four arms, or a confidence
        outside (0, 1).

    Notes
    -----
    How many cells were seeded, and growth that is the same in all arms, leave the interaction as it is; growth that
    differs between the kinds of cells does too. Where a mean is zero, half a cell is added to every mean, and a note
    says so; it pulls interactions towards zero where few cells are left. Two sequences are compared with both drugs
    together, so p is adjusted after Holm.

    References
    ----------
    Bliss 1939, doi:10.1111/j.1744-7348.1939.tb06990.x (independence). Student 1908, doi:10.1093/biomet/6.1.1.

    When not to use
    ---------------
    Where a dish holds a handful of living cells: count more of it. To ask which dose does it: see ``bliss_excess`` and
    ``ec50_fall``. Where a drug changes the marker of tolerant cells: cells then change their name, not their fate.

    Examples
    --------
    Simulated dishes; a ratio below 1: fewer cells live than independent drugs would leave:

    >>> from fxyd3.data.simulate import dosing_order
    >>> from fxyd3.rescue import dosing_orders
    >>> found = dosing_orders(dosing_order().table)
    >>> found.summary().query("order == 'both'")[["cells", "ratio", "lower", "upper"]].round(1)
                        cells  ratio  lower  upper
    0               ancestral    0.3    0.2    0.5
    1                   other    0.9    0.7    1.2
    2  ancestral beyond other    0.3    0.2    0.5
    """
    import pandas as pd

    check_confidence(confidence)
    names = {"tolerant": tolerant, "other": other}
    counted, notes = _checked(table, names, experiment=experiment, arm=arm, cells=cells,
                              replicate=replicate, viable=viable)  # fmt: skip
    means = {
        name: counted[counted["cells"] == name]
        .pivot_table(index="experiment", columns="arm", values="viable")
        .reindex(columns=list(ARMS))
        for name in names
    }
    lacks = means["tolerant"].isna()
    less = lacks[lacks[list(NEEDED)].any(axis=1)]
    left_out = pd.DataFrame(
        [(name, "no arm " + ", ".join(f"'{one}'" for one in NEEDED if row[one])) for name, row in less.iterrows()],
        columns=["experiment", "why"],
    )
    kept = lacks.index.difference(less.index)
    if kept.empty:
        raise InputError(f"No experiment has all four arms ({', '.join(NEEDED)}): add those that are missing.")
    means = {name: each.loc[kept] for name, each in means.items()}
    if any((each == 0).any(axis=None) for each in means.values()):
        means = {name: each + HALF for name, each in means.items()}
        notes.append("No living cell was counted in some arm: half a cell is added to every mean.")
    there = (~lacks.loc[kept]).sum()
    notes += [
        f"The arm '{name}' is there in {there[name] or 'none'} of {len(kept)} experiments."
        for name in ORDERS
        if there[name] < len(kept)
    ]

    log = {name: each.apply(np.log) for name, each in means.items()}
    effect = {
        name: each[list(ORDERS)].sub(each["chemotherapy"] + each["glycoside"] - each["none"], axis=0)
        for name, each in log.items()
    }
    effect["beyond"] = effect["tolerant"] - effect["other"]
    odds = log["tolerant"] - log["other"]
    shown = {f"{name}_cells": each for name, each in means.items()} | {"fraction": expit(odds)} | effect
    per_experiment = pd.DataFrame(
        {"experiment": np.repeat(kept, len(ARMS)), "arm": np.tile(np.array(ARMS, dtype=object), len(kept))}
        | {name: each.reindex(columns=list(ARMS)).to_numpy().ravel() for name, each in shown.items()}
    )
    told = names | {"beyond": f"{tolerant} beyond {other}"}
    arms = [name for name in ARMS if there[name]]
    done = [name for name in ORDERS if there[name]]
    return DosingOrders(
        tolerant=tolerant,
        other=other,
        fractions=_rows({(name,): odds[name] for name in arms}, ["arm", "fraction", *LIMITS], confidence, expit),
        survival=_rows(
            {(name, told[kind]): log[kind][name] - log[kind]["none"] for name in arms[1:] for kind in names},
            ["arm", "cells", "survival", *LIMITS], confidence, np.exp,
        ),
        interactions=_rows(
            {(name, told[kind]): effect[kind][name] for name in done for kind in told},
            ["order", "cells", "estimate", *LIMITS], confidence,
        ),
        orders=_compared(effect["beyond"][done], confidence),
        per_experiment=per_experiment.dropna(subset="fraction").reset_index(drop=True),
        left_out=left_out,
        interval=over(effect["beyond"][TOGETHER].to_numpy(), confidence),
        n=len(kept),
        missing=_missing(len(kept), experiment, keyed=experiment in table),
        notes=tuple(notes),
    )  # fmt: skip


def _checked(
    table: "pd.DataFrame", names: "Mapping[str, str]", *, experiment: str, arm: str, cells: str, replicate: str,
    viable: str,
) -> "tuple[pd.DataFrame, list[str]]":  # fmt: skip
    """Return the dishes (experiment, arm, cells as the keys of ``names``, viable), and what is left out of them."""
    import pandas as pd

    for column in (arm, cells, viable):
        if column not in table:
            near = nearest(column, map(str, table.columns))
            raise InputError(f"The table of dosing orders has no column '{column}'{near}: add it.")
    if names["tolerant"] == names["other"]:
        raise InputError(f"The tolerant and the other cells are both '{names['other']}': name two kinds of cells.")
    kinds = table[cells].astype(str)
    there = sorted(kinds.unique())
    for name in names.values():
        if name not in there:
            raise InputError(
                f"There are no cells '{name}' in column '{cells}'{nearest(name, there)}: there are {few(there)}."
            )
    counts = pd.to_numeric(table[viable], errors="coerce")
    fits = (counts >= 0) & (counts < np.inf) & (counts == counts.round())
    if not fits.all():
        raise InputError(f"The column '{viable}' holds {few(table[viable][~fits])}: give whole numbers, 0 or more.")
    dishes = pd.DataFrame(
        {
            "experiment": table[experiment].astype(str) if experiment in table else "all dishes",
            "arm": table[arm].astype(str),
            "cells": kinds.map({name: key for key, name in names.items()}),
            "viable": counts.astype(float),
        }
    )
    notes = [f"Cells '{name}' are left out." for name in there if name not in names.values()]
    for name in sorted(set(dishes["arm"]) - set(ARMS)):
        raise InputError(f"There is no arm '{name}'{nearest(name, ARMS)}: the arms are {', '.join(ARMS)}.")
    for name in NEEDED:
        if name not in set(dishes["arm"]):
            raise InputError(f"There are no dishes of the arm '{name}': the arms {', '.join(NEEDED)} are needed.")
    keys = ["experiment", "arm", "cells"]
    if replicate in table:
        twice = dishes.assign(replicate=table[replicate])[dishes["cells"].notna().to_numpy()]
        for row in twice[twice.duplicated([*keys, "replicate"])].itertuples(index=False):
            raise InputError(
                f"Dish {row.replicate} of arm '{row.arm}' in experiment {row.experiment} is given twice for "
                f"{names[str(row.cells)]} cells: number the dishes of an arm."
            )
    dishes = dishes.dropna(subset="cells")
    read = dishes.pivot_table(index=keys[:2], columns="cells", values="viable", aggfunc="count", fill_value=0)
    uneven = read[read["tolerant"] != read["other"]].reset_index().to_dict("records")
    if uneven:
        first = uneven[0]
        raise InputError(
            f"Arm '{first['arm']}' of experiment {first['experiment']} has {first['tolerant']} counts of "
            f"{names['tolerant']} and {first['other']} of {names['other']} cells: give both for every dish, 0 where "
            "none was counted."
        )
    return dishes, notes


def _rows(
    values: "Mapping[tuple[str, ...], pd.Series[float]]",
    columns: list[str],
    confidence: float,
    turn: np.ufunc | None = None,
) -> "pd.DataFrame":
    """Describe each of some values over experiments; ``turn`` takes mean and limits back from the log scale."""
    import pandas as pd

    rows = []
    for key, each in values.items():
        known = _known(each)
        limits: Array = np.array(described(known, confidence), dtype=np.float64)
        rows.append((*key, *(limits if turn is None else turn(limits)), len(known)))
    return pd.DataFrame(rows, columns=columns)


def _compared(beyond: "pd.DataFrame", confidence: float) -> "pd.DataFrame":
    """Compare each sequence with both drugs together, within experiments."""
    less: dict[tuple[str, ...], pd.Series[float]] = {
        (str(order),): each - beyond[TOGETHER] for order, each in beyond.items() if order != TOGETHER
    }
    found = _rows(less, ["order", "estimate", *LIMITS], confidence)
    t = [_t(_known(each)) for each in less.values()]
    found["p"] = 2 * stats.t.sf(np.abs(np.asarray(t, dtype=float)), np.maximum(found["n"].to_numpy() - 1, 1))
    found["p_adjusted"] = holm(found["p"])
    return found


def _known(values: "pd.Series[float]") -> Array:
    return np.asarray(values.dropna(), dtype=np.float64)


def _t(values: Array) -> float:
    """Return Student's t of a mean against zero; NaN where it has none."""
    if len(values) < 2 or np.ptp(values) < ROUNDING:
        return np.nan
    return float(values.mean() / values.std(ddof=1) * np.sqrt(len(values)))


def _missing(n: int, experiment: str, *, keyed: bool) -> str:
    """Return what a test over experiments lacks, in a few words."""
    if not keyed:
        return f"no column '{experiment}': all dishes count as one experiment, and three are needed"
    return (
        ""
        if n >= FEWEST_EXPERIMENTS
        else f"three experiments with all four arms: there {'is' if n == 1 else 'are'} {n}"
    )
