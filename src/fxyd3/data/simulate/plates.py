"""Simulated 96-well viability plates, read as raw luminescence."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fxyd3.data.simulate.assay import Assay, start
from fxyd3.data.simulate.checks import number, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

CELLS = ("ancestral", "other")
ROWS, COLUMNS = tuple("ABCDEFGH"), np.arange(1, 13)
HOURS = 72.0  # from adding the drug to reading the plate
SEEDED = 20_000.0  # luminescence of the wells when the drug is added
BLANK, BLANK_SD = 2_000.0, 500.0
PLATE_SD, GRADIENT_SD = 0.05, 0.03  # log; a gradient runs from one side of the plate to the other
EC50_SD, CELLS_EC50_SD = 0.15, 0.08  # log; between plates (experiments), and between cells on the same plate


@dataclass(frozen=True)
class Hill:
    """How one drug acts on one kind of cell: viability falls from ``top`` to ``bottom``, halfway at ``ec50_nM``."""

    ec50_nM: float  # noqa: N815
    hill: float
    bottom: float
    top: float = 1.0

    def viability(self, dose_nM: ArrayLike, shift: ArrayLike = 0.0) -> NDArray[np.float64]:
        """Return the viability at each dose; ``shift`` adds to the log of the half-effective dose."""
        relative = np.asarray(dose_nM) / (self.ec50_nM * np.exp(shift))
        return np.asarray(self.bottom + (self.top - self.bottom) / (1 + relative**self.hill))

    def tolerant(self, log_ratio: float) -> Hill:
        """Return the same drug on cells with ``exp(log_ratio)`` times the half-effective dose and odds of survival."""
        odds = math.exp(log_ratio) * self.bottom / (1 - self.bottom)
        return replace(self, ec50_nM=self.ec50_nM * math.exp(log_ratio), bottom=odds / (1 + odds))

    def gr50_nM(self, divisions: float) -> float | None:  # noqa: N802
        """Return the dose that halves the growth rate, where a control cell divides ``divisions`` times; or None."""
        left = 0.75**divisions  # GR = 2 viability ** (1 / divisions) - 1 is one half
        if left <= self.bottom:
            return None
        return float(self.ec50_nM * ((self.top - left) / (left - self.bottom)) ** (1 / self.hill))


CHEMOTHERAPY = Hill(ec50_nM=330.0, hill=1.0, bottom=0.2)
GLYCOSIDE = Hill(ec50_nM=10.0, hill=1.5, bottom=0.6)
TOP_DOSE = {"chemotherapy": 100_000.0, "glycoside": 1_000.0}  # nM


def viability_plates(
    *,
    seed: int = 1,
    null: bool = False,
    effect: Mapping[str, float] | None = None,
    plates: int = 4,
    ancestral_doubling_hours: float = 36.0,
    other_doubling_hours: float = 28.0,
    noise: float = 0.05,
    edge: float = 0.08,
) -> Assay:
    """Simulate the raw readings of viability plates: ancestral and other cells, two drugs, and the start of treatment.

    The layout follows the real doxorubicin plates of the book, with the rim filled so that its effect can be seen:
    rows A to D hold ancestral cells and rows E to H the others; column 1 holds blanks; columns 2 to 10 hold the drug,
    falling three-fold from column to column; columns 11 and 12 hold controls. Each replicate is one plate per drug,
    read after 72 hours, and one plate without drug, read when the drug is added, from which growth rates follow.

    A reading is ``blank + plate * edge * gradient * noise * seeded * 2 ** divisions * viability``, where viability
    follows a four-parameter Hill curve.

    Parameters
    ----------
    seed, null, effect
        As in `twin`; dial C4 is the log ratio, ancestral to other cells, of the half-effective dose of chemotherapy,
        and of the odds to survive its full effect.
    plates
        Plates for each drug, one in each experiment: the units of replication.
    ancestral_doubling_hours, other_doubling_hours
        Without drug. A difference in growth is no planted effect: it stays in the null twin, where it moves growth-rate
        metrics but not the half-effective dose of viability.
    noise
        Standard deviation of the wells, on the log scale.
    edge
        Share of the signal lost on the rim, to evaporation.

    Returns
    -------
    Assay
        Table: experiment, plate, row (A to H), column (1 to 12), role ("blank", "control", "drug", "time_zero"), cells
        ("ancestral", "other"; "none" in blanks), drug ("chemotherapy", "glycoside", "none"), dose_nM (float, 0 without
        drug), hours (float, 0 or 72), luminescence (int, arbitrary units). Truth: the ``response`` of each cells to
        each drug (``ec50_nM``, ``hill``, ``top``, ``bottom``, ``gr50_nM`` or None where the growth rate is never
        halved), ``log2_ec50_ratio`` by drug, ``divisions``, ``plate_factor``, ``edge_effect``, and ``z_prime`` expected
        of wells off the rim on a plate without a gradient.

    Raises
    ------
    InputError
        For a number of plates, a doubling time, noise or an edge effect that cannot be.

    Notes
    -----
    ==============================  ====================================================================================
    chemotherapy, half at 330 nM,   doxorubicin on real plates of MDA-MB-231 lines is half effective at 0.27 to 0.36 uM,
    Hill slope 1                    with slopes of 0.8 to 1.0 (four-parameter fits to the book's real plates)
    bottom 0.2                      assumption: some cells live at any dose; odds 1 to 4, and 5 to 4 in ancestral cells
                                    (on the real plates only a few percent of the signal are left)
    glycoside, half at 10 nM,       assumption: the class acts at nanomolar doses; four times the upper end of the
    slope 1.5, bottom 0.6           clinical range of digoxin (2.56 nM), so that little happens within it
    blank 2,000 +- 500; control     assumption, after the real plates: blanks 1,058 to 2,991, controls about 120,000
    about 120,000
    noise 0.05                      untreated wells of the real plates vary by 4 to 6%
    100 uM and 1 uM at the top      assumption: high enough for both kinds of cell to show where the curve ends
    edge 0.08; plate factor 0.05;   assumptions: visible on a plate map, small against the effect of a drug
    gradient 0.03
    doubling in 36 and 28 hours     assumption: tolerant cells divide more slowly
    half-effective dose 0.15        assumption: log standard deviation between plates, and 0.08 between the cells of one
    ==============================  ====================================================================================

    When not to use: as evidence on any real drug; the drugs here are simulated.

    Growth-rate metrics: Hafner 2016, doi:10.1038/nmeth.3853.

    Examples
    --------
    A plate with each drug and one of the start; ancestral cells stand more chemotherapy:

    >>> from fxyd3.data.simulate import viability_plates
    >>> assay = viability_plates(plates=1)
    >>> assay.table["plate"].unique().tolist(), assay.truth["log2_ec50_ratio"]["chemotherapy"] > 0
    (['chemotherapy-1', 'glycoside-1', 'time-zero-1'], True)
    """
    import pandas as pd

    begun = start("viability_plates", seed=seed, null=null, effect=effect)
    plates = whole("number of plates", plates, 1, 1_000)
    noise, edge = number("noise", noise, 0, 0.5), number("edge effect", edge, 0, 0.5)
    doubling = [
        number(f"doubling time of {who} cells in hours", hours, 6, 1_000)
        for who, hours in zip(CELLS, (ancestral_doubling_hours, other_doubling_hours), strict=True)
    ]
    divisions = HOURS / np.array(doubling)
    response = {
        "chemotherapy": (CHEMOTHERAPY.tolerant(begun.dials["C4"]), CHEMOTHERAPY),
        "glycoside": (GLYCOSIDE, GLYCOSIDE),
    }

    draw = begun.rng.normal
    kinds = (*response, "time-zero")
    shape = (plates, len(kinds), len(ROWS), len(COLUMNS))
    each = (plates, len(kinds), 1, 1)
    plate_factor = np.exp(draw(0, PLATE_SD, each))
    ec50_shift = draw(0, EC50_SD, each) + np.repeat(draw(0, CELLS_EC50_SD, (plates, len(kinds), 2, 1)), 4, axis=2)
    gradient = draw(0, GRADIENT_SD, each) * np.linspace(-0.5, 0.5, 8)[:, None]
    gradient = gradient + draw(0, GRADIENT_SD, each) * np.linspace(-0.5, 0.5, 12)

    rim = np.isin(np.arange(8), (0, 7))[:, None] | np.isin(COLUMNS, (1, 12))
    series = (COLUMNS >= 2) & (COLUMNS <= 10)
    dose = np.zeros(shape[1:])
    signal = np.empty(shape)
    grown = np.repeat(SEEDED * 2**divisions, 4)[:, None]
    for k, (drug, curves) in enumerate(response.items()):
        dose[k][:, series] = TOP_DOSE[drug] / 3.0 ** np.arange(series.sum())
        for rows, curve in zip((slice(0, 4), slice(4, 8)), curves, strict=True):
            signal[:, k, rows] = grown[rows] * curve.viability(dose[k, rows], ec50_shift[:, k, rows])
    signal[:, -1] = SEEDED
    signal[..., 0] = 0
    signal *= plate_factor * np.where(rim, 1 - edge, 1) * np.exp(gradient + draw(0, noise, shape))
    blank = begun.rng.gamma((BLANK / BLANK_SD) ** 2, BLANK_SD**2 / BLANK, shape)

    role = np.full(shape[1:], "control", dtype=object)
    role[:2, :, series], role[-1], role[..., 0] = "drug", "time_zero", "blank"
    names = np.array([[f"{kind}-{i + 1}" for kind in kinds] for i in range(plates)], dtype=object)
    experiment = np.array([f"E{i + 1}" for i in range(plates)], dtype=object)
    columns: dict[str, Any] = {
        "experiment": experiment[:, None, None, None],
        "plate": names[..., None, None],
        "row": np.array(ROWS, dtype=object)[:, None],
        "column": COLUMNS,
        "role": role,
        "cells": np.where(COLUMNS == 1, "none", np.repeat(np.array(CELLS, dtype=object), 4)[:, None]),
        "drug": np.where(role == "drug", np.array(kinds, dtype=object)[:, None, None], "none"),
        "dose_nM": dose,
        "hours": np.array([HOURS, HOURS, 0.0])[:, None, None],
        "luminescence": np.rint(signal + blank).astype(np.int64),
    }
    table = pd.DataFrame({name: np.broadcast_to(values, shape).ravel() for name, values in columns.items()})
    truth = {
        "response": {
            drug: {
                who: {**asdict(curve), "gr50_nM": curve.gr50_nM(float(n))}
                for who, curve, n in zip(CELLS, curves, divisions, strict=True)
            }
            for drug, curves in response.items()
        },
        "log2_ec50_ratio": {drug: math.log2(one.ec50_nM / two.ec50_nM) for drug, (one, two) in response.items()},
        "divisions": dict(zip(CELLS, map(float, divisions), strict=True)),
        "plate_factor": dict(zip(names.ravel(), map(float, plate_factor.ravel()), strict=True)),
        "edge_effect": -edge,
        "z_prime": {
            who: 1 - 3 * (noise * full + BLANK_SD) / full
            for who, full in zip(CELLS, map(float, SEEDED * 2**divisions), strict=True)
        },
    }
    return begun.finish(
        table,
        truth,
        plates=plates,
        ancestral_doubling_hours=doubling[0],
        other_doubling_hours=doubling[1],
        noise=noise,
        edge=edge,
    )
