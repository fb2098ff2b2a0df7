"""Simulated schedules: sensitive and tolerant cells under chemotherapy, with a glycoside before, with or after it.

Every effect is put in by hand: the simulation tests no claim (C9 stays not testable), and no schedule in it is advice.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

from fxyd3.claims import load_claims
from fxyd3.data.report import nearest
from fxyd3.data.simulate.design import ancestral_share
from fxyd3.data.simulate.dials import DIALS
from fxyd3.data.simulate.killing import MOST_DEATH, rate_matrix, two_states
from fxyd3.data.simulate.plates import CHEMOTHERAPY, GLYCOSIDE
from fxyd3.errors import InputError
from fxyd3.rescue._dosing import Concentrations, Schedule
from fxyd3.rescue._kinetics import DIGOXIN, Array, Regimen, check, effect

if TYPE_CHECKING:
    import pandas as pd

SHARE = "tolerant_share"
MAY_BE_ZERO = ("growth", "induction", "reversion", "kill_sensitive", "kill_tolerant", "glycoside_kill")
TOLERANCE = math.exp(DIALS["C4"].default)
ASSUMED: Mapping[str, float] = MappingProxyType(
    {
        "growth": 0.02,
        "kill_sensitive": 0.06,
        "kill_tolerant": 0.06 / TOLERANCE,
        "induction": 0.01 * ancestral_share() / (1 - ancestral_share()),
        "reversion": 0.01,
        SHARE: ancestral_share(),
        "chemotherapy_ec50_nM": CHEMOTHERAPY.ec50_nM,
        "chemotherapy_hill": CHEMOTHERAPY.hill,
        "glycoside_ec50_nM": GLYCOSIDE.ec50_nM,
        "glycoside_hill": GLYCOSIDE.hill,
        "glycoside_fold": TOLERANCE,
        "glycoside_kill": 0.0,
    }
)
"""What is taken where nothing is given: the assumptions of the twin (see ``simulate_schedule``)."""

Rates = Mapping[str, float | tuple[float, float, float]]
STEP = 4.0  # hours
FEWEST = 1e-300  # share of the start; below it logs end


@dataclass(frozen=True, eq=False)
class ResidualCells:
    """Cells left by simulated schedules; see ``residual``.

    Attributes
    ----------
    table
        One row per schedule: schedule, left (cells at its end), left_lower, left_upper, fold (cells left, times those
        left by ``against`` with the same draw), fold_lower, fold_upper, regrowth_hours (from hour zero until there are
        as many cells as at the start again; 0: there were never fewer), regrowth_lower, regrowth_upper.
    against
        The schedule that folds are relative to.
    start
        Cells at the start.
    missing
        What a test of the claim (C9) lacks: always there, since a simulation tests nothing.

    Examples
    --------
    From simulated schedules:

    >>> from fxyd3.rescue import orders, residual
    >>> found = residual(orders(mean_nM=1.5, chemotherapy_nM=500), draws=10)
    >>> found.against, found.start
    ('chemotherapy alone', 1000000.0)
    >>> print(found.missing)
    a randomised trial that follows patients until recurrence; it is a hypothesis, shown as a simulation only
    """

    table: "pd.DataFrame"
    against: str
    start: float
    missing: str

    def summary(self) -> "pd.DataFrame":
        """Return ``table`` with the cells left as a share of the start and the hours as days."""
        import pandas as pd

        ends = ("", "_lower", "_upper")
        found = {"schedule": self.table["schedule"]}
        found |= {f"left_share{end}": self.table[f"left{end}"] / self.start for end in ends}
        found |= {f"fold{end}": self.table[f"fold{end}"] for end in ends}
        hours = ("regrowth_hours", "regrowth_lower", "regrowth_upper")
        days = {f"regrowth_days{end}": self.table[name] / 24 for name, end in zip(hours, ends, strict=True)}
        return pd.DataFrame(found | days)


def simulate_schedule(
    schedule: Schedule, *, rates: Rates | None = None, start: float = 1e6, step: float = STEP
) -> "pd.DataFrame":
    """Simulate sensitive and tolerant cells over time under a schedule. No schedule here is advice.

    Sensitive cells S and tolerant cells T follow

        dS/dt = (g (1 - c) - k_S c - e d - a) S + b T
        dT/dt = a S + (g (1 - c) - k_T c (1 + (f - 1) d) - e d - b) T

    where c and d, from 0 to 1, are Hill functions of the two concentrations. Under the full effect of chemotherapy no
    cell divides; the glycoside raises the death rate of tolerant cells under chemotherapy up to f-fold.

    Parameters
    ----------
    schedule
        See ``Schedule`` and ``orders``.
    rates
        Numbers that differ from ``ASSUMED``, each as a number or as (estimate, lower, upper), of which the estimate is
        used. Per hour: growth (g), kill_sensitive (k_S) and kill_tolerant (k_T) at the full effect of chemotherapy,
        induction (a), reversion (b), glycoside_kill (e, of both kinds of cells by the glycoside alone). Without a unit:
        tolerant_share (at the first hour), glycoside_fold (f), chemotherapy_hill, glycoside_hill. In nM:
        chemotherapy_ec50_nM, glycoside_ec50_nM. In ``fxyd3.tolerance.fit_switching(...).table`` the rates have the
        names they have here, and tolerant_share is the row ``share``.
    start
        Cells at hour zero, had no drug been given before it.
    step
        Hours between rows, at most.

    Returns
    -------
    One row per time: hours, sensitive, tolerant, total (cells), tolerant_share, chemotherapy_nM, glycoside_nM.

    Raises
    ------
    InputError
        For an unknown name, a number that cannot be, or growth beyond any number of cells.

    Notes
    -----
    A matrix exponential for each piece between two times (Magnus, of fourth order). Where concentrations are constant
    it is exact whatever the step; where they decay the error falls with its fourth power.

    =========================  =========================================================================================
    growth 0.02, kill 0.06,    assumptions of the twin (``time_kill``), for a dish; tumours in people grow more slowly
    reversion 0.01 per hour
    kill of tolerant cells,    dial C4 of the twin: five times slower
    tolerant share             15%; induction keeps it in balance without drug
    half-effective doses       assumptions of the twin (``viability_plates``): 330 nM and 10 nM
    and slopes
    glycoside_fold 5           assumption: at its full effect tolerant cells die as fast as sensitive ones
    glycoside_kill 0           assumption: alone it kills no cell; sweep it, for glycosides do kill human cells
    all of these               the same in every cell and over time; cells are counted by their mean, so that below one
                               cell a number is the chance that one is left
    =========================  =========================================================================================

    References
    ----------
    Balaban 2004, doi:10.1126/science.1099390 (two states that switch). Blanes 2009, Phys Rep 470:151,
    arXiv:0810.5488 (Magnus).

    When not to use
    ---------------
    To choose or to judge a treatment: there is no patient, organ or toxicity in it.

    Examples
    --------
    Three simulated days of chemotherapy; of the cells left more are tolerant:

    >>> from fxyd3.rescue import Pulses, Schedule, simulate_schedule
    >>> course = simulate_schedule(Schedule(chemotherapy=Pulses(starts=(0.0,), hours=72.0, nM=1000.0), until=72.0))
    >>> ends = course.iloc[[0, -1]]
    >>> ends["total"].round(-3).tolist(), ends["tolerant_share"].round(2).tolist()
    ([1000000.0, 136000.0], [0.15, 0.54])
    """
    import pandas as pd

    check("number of cells at the start", start)
    at = {name: value[:1] for name, value in _draw(rates, 0, 1, 0.95).items()}
    times = schedule.times(step)
    cells = start * _run(at, schedule, times)[0]
    doses = schedule.seen(times)
    total = cells.sum(axis=1)
    return pd.DataFrame(
        {"hours": times, "sensitive": cells[:, 0], "tolerant": cells[:, 1], "total": total,
         "tolerant_share": cells[:, 1] / total, "chemotherapy_nM": doses[0], "glycoside_nM": doses[1]}
    )  # fmt: skip


def residual(
    schedules: Mapping[str, Schedule],
    *,
    rates: Rates | None = None,
    against: str = "",
    start: float = 1e6,
    draws: int = 400,
    seed: int = 1,
    confidence: float = 0.95,
) -> ResidualCells:
    """Compare the cells that simulated schedules leave, and when they are back, with the uncertainty of the rates.

    Parameters
    ----------
    schedules
        By name; see ``orders``.
    rates, start
        As in ``simulate_schedule``; each (estimate, lower, upper) is drawn from a log-normal distribution with the
        estimate as its median and the width of the interval (tolerant_share: normal in log odds), independently of the
        others. Plain numbers are held. tolerant_share is that at one hour in all schedules: when the first drug of any
        comes, if before zero. Else cells that wait longer for chemotherapy would switch longer, drug or not.
    against
        Name of the schedule that others are compared with; the first if not given. All schedules see the same draws.
    draws, seed
        Of the rates.
    confidence
        Of the intervals given, and of those returned (quantiles over draws).

    Returns
    -------
    ResidualCells

    Raises
    ------
    InputError
        As ``simulate_schedule``; for an interval without limits; for no schedules, or an unknown ``against``.

    When not to use
    ---------------
    To choose a treatment. And the intervals are too narrow: they hold what is known of the rates given with an
    interval, nothing of the rates held, and nothing of what the model leaves out.

    Examples
    --------
    Simulated schedules, with one rate that is known to an interval (no order is advice):

    >>> from fxyd3.rescue import orders, residual
    >>> schedules = orders(mean_nM=1.5, chemotherapy_nM=500)
    >>> found = residual(schedules, rates={"kill_sensitive": (0.06, 0.05, 0.07)}, draws=50)
    >>> found.table[["schedule", "fold", "fold_lower", "fold_upper"]].round(1).head(4)
                 schedule  fold  fold_lower  fold_upper
    0  chemotherapy alone   1.0         1.0         1.0
    1    glycoside before   1.0         1.0         1.0
    2      glycoside with   0.9         0.9         0.9
    3     glycoside after   1.0         1.0         1.0
    """
    import pandas as pd

    if not schedules:
        raise InputError("There are no schedules: give at least one, by name.")
    against = against or next(iter(schedules))
    if against not in schedules:
        raise InputError(
            f"There is no schedule '{against}'{nearest(against, list(schedules))} to compare with: "
            f"there are {', '.join(schedules)}."
        )
    check("number of cells at the start", start)
    check("number of draws", draws, whole=True)
    drawn = _draw(rates, draws, seed, confidence)
    begin = min(each.begin for each in schedules.values())
    ends = {name: _end(drawn, each, begin=begin) for name, each in schedules.items()}
    tail = (1 - confidence) / 2
    rows = []
    for name, (left, hours) in ends.items():
        row: dict[str, object] = {"schedule": name}
        for what, values in (("left", start * left), ("fold", left / ends[against][0]), ("regrowth_hours", hours)):
            low, high = np.quantile(values[1:], [tail, 1 - tail], method="nearest")
            short = what.removesuffix("_hours")
            row |= {what: values[0], f"{short}_lower": min(low, values[0]), f"{short}_upper": max(high, values[0])}
        rows.append(row)
    return ResidualCells(pd.DataFrame(rows), against=against, start=start, missing=load_claims()["C9"].lacking)


def schedule_map(
    schedule: Schedule,
    *,
    chemotherapy_nM: Sequence[float],
    glycoside_nM: Sequence[float],
    rates: Rates | None = None,
    start: float = 1e6,
    window: tuple[float, float] = DIGOXIN.clinical_nM,
) -> "pd.DataFrame":
    """Map the cells that a simulated schedule leaves over the doses of both drugs, its hours kept.

    Parameters
    ----------
    schedule
        With both drugs; their concentrations are replaced by those of the map (of a ``Regimen``: the mean).
    chemotherapy_nM, glycoside_nM
        Concentrations, above zero.
    rates, start
        As in ``simulate_schedule``.
    window
        Clinical range of the glycoside, nM; digoxin's if not given.

    Returns
    -------
    One row per pair: chemotherapy_nM, glycoside_nM, left (cells at the end), regrowth_hours, fold (cells left, times
    those of the same chemotherapy without glycoside), clinical (bool: glycoside within the window).

    Raises
    ------
    InputError
        As ``simulate_schedule``; for a schedule without one of the drugs, or a dose that is not above zero.

    When not to use
    ---------------
    To choose doses. The axis of chemotherapy has no window: concentrations in a dish have no plain equal in a person.

    Examples
    --------
    A simulated schedule at one dose of chemotherapy and two of the glycoside, of which one is clinical:

    >>> from fxyd3.rescue import orders, schedule_map
    >>> schedule = orders(mean_nM=1.5, chemotherapy_nM=500)["glycoside with"]
    >>> found = schedule_map(schedule, chemotherapy_nM=[500], glycoside_nM=[1, 10])
    >>> found[["glycoside_nM", "fold", "clinical"]].round(1)
       glycoside_nM  fold  clinical
    0           1.0   0.9      True
    1          10.0   0.4     False
    """
    import pandas as pd

    if schedule.chemotherapy is None or schedule.glycoside is None:
        raise InputError("The schedule of a map needs both drugs: give Pulses of chemotherapy and a glycoside.")
    for dose in (*chemotherapy_nM, *glycoside_nM):
        check("concentration on the map in nM (its axes are logarithmic)", dose)
    check("number of cells at the start", start)
    drug = schedule.glycoside
    one = replace(drug, mean_nM=1.0) if isinstance(drug, Regimen) else replace(drug, nM=1.0)
    unit = replace(schedule, chemotherapy=replace(schedule.chemotherapy, nM=1.0), glycoside=one)
    x, y = np.meshgrid(np.asarray(chemotherapy_nM, dtype=float), np.append(0.0, glycoside_nM), indexing="ij")
    at = {name: value[:1] for name, value in _draw(rates, 0, 1, 0.95).items()}
    left, hours = _end(at, unit, (x.ravel(), y.ravel()))
    left = left.reshape(x.shape)
    table = pd.DataFrame(
        {
            "chemotherapy_nM": x[:, 1:].ravel(),
            "glycoside_nM": y[:, 1:].ravel(),
            "left": start * left[:, 1:].ravel(),
            "regrowth_hours": hours.reshape(x.shape)[:, 1:].ravel(),
            "fold": (left[:, 1:] / left[:, :1]).ravel(),
        }
    )
    return table.assign(clinical=table["glycoside_nM"].between(*window))


def _draw(rates: Rates | None, draws: int, seed: int, confidence: float) -> dict[str, Array]:
    """Return each number as its estimate, followed by draws."""
    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence}: it must lie between 0 and 1.")
    given = rates or {}
    for name in given:
        if name not in ASSUMED:
            raise InputError(
                f"There is no rate '{name}'{nearest(name, list(ASSUMED))}: the rates are {', '.join(ASSUMED)}."
            )
    rng, z = np.random.default_rng(seed), norm.ppf((1 + confidence) / 2)
    drawn = {}
    for name, assumed in ASSUMED.items():
        noise = rng.standard_normal(draws)  # drawn for all, so that a number given does not change the others
        value = given.get(name, assumed)
        try:
            ends = np.asarray(value if isinstance(value, tuple) else (value, value, value), dtype=float)
        except (TypeError, ValueError):
            ends = np.empty(0)
        zero = name in MAY_BE_ZERO and not ends.any()
        fits = ends.shape == (3,) and np.isfinite(ends).all() and ends[1] <= ends[0] <= ends[2]
        if not fits or (ends[1] <= 0 and not zero) or (name == SHARE and ends[2] >= 1):
            allowed = "between 0 and 1" if name == SHARE else "above zero"
            raise InputError(
                f"The rate '{name}' is {value!r}: give a number {allowed}, or its estimate with the lower and the "
                "upper limit, in this order."
            )
        if ends[1] == ends[2]:
            drawn[name] = np.full(draws + 1, ends[0])
            continue
        there, back = (logit, expit) if name == SHARE else (np.log, np.exp)
        middle, low, high = there(ends)
        drawn[name] = np.append(ends[0], back(middle + noise * (high - low) / (2 * z)))
    return drawn


def _run(p: dict[str, Array], schedule: Schedule, times: Array, scale: Concentrations | None = None) -> Array:
    """Return the cells at all times, as shares of the start, shape (k, n, 2); ``scale`` multiplies concentrations."""
    grown = p["growth"] * (times[-1] - times[0])
    if grown.max() > MOST_DEATH:
        raise InputError(
            f"Cells that grow by {p['growth'].max():g} per hour for {times[-1] - times[0]:g} hours are more than any "
            "number can hold: give a rate per hour, or fewer hours."
        )
    q = {name: value[:, None] for name, value in p.items()}
    middle, width = (times[1:] + times[:-1]) / 2, np.diff(times)

    def matrix(hours: Array) -> Array:
        one, two = schedule.seen(hours)
        if scale:
            one, two = one * scale[0][:, None], two * scale[1][:, None]
        c = effect(one, q["chemotherapy_ec50_nM"], q["chemotherapy_hill"])
        d = effect(two, q["glycoside_ec50_nM"], q["glycoside_hill"])
        both = q["growth"] * (1 - c) - q["glycoside_kill"] * d
        return rate_matrix(
            induction=q["induction"],
            reversion=q["reversion"],
            sensitive=both - q["kill_sensitive"] * c,
            tolerant=both - q["kill_tolerant"] * c * (1 + (q["glycoside_fold"] - 1) * d),
        )

    first, last = (matrix(middle + side * width / math.sqrt(12)) for side in (-1, 1))
    mean = (first + last) / 2 + (width * math.sqrt(3) / 12)[:, None, None] * (last @ first - first @ last)
    cells = np.empty((len(mean), len(times), 2))
    cells[:, 0] = np.exp(p["growth"] * times[0])[:, None] * np.stack([1 - p[SHARE], p[SHARE]], axis=-1)
    for i, hours in enumerate(width):
        cells[:, i + 1] = two_states([hours], cells[:, i], mean[:, i])[:, 0]
    return cells


def _end(
    p: dict[str, Array], schedule: Schedule, scale: Concentrations | None = None, begin: float | None = None
) -> tuple[Array, Array]:
    """Return the share of cells left, and the hours until all are back."""
    times = schedule.times(STEP, begin)
    logs = np.log(np.maximum(_run(p, schedule, times, scale).sum(axis=-1), FEWEST))
    with np.errstate(divide="ignore"):
        later = times[-1] + np.maximum(-logs[:, -1], 0) / p["growth"]  # without drug both kinds grow alike
    below = logs < -1e-9
    i = np.minimum(len(times) - 1 - below[:, ::-1].argmax(axis=1), len(times) - 2)  # the last time below
    here, there = (logs[np.arange(len(logs)), at] for at in (i, i + 1))
    crossed = times[i] + np.diff(times)[i] * here / np.where(here == there, 1.0, here - there)
    back = np.where(below.any(axis=1), np.maximum(crossed, 0), 0.0)
    return np.exp(logs[:, -1]), np.where(below[:, -1], later, back)
