"""Simulated dishes of ancestral and other cells under two drugs: alone, together, and one after the other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.data.assays import ARMS
from fxyd3.data.simulate.assay import Assay, start
from fxyd3.data.simulate.checks import number, whole
from fxyd3.data.simulate.design import ancestral_share
from fxyd3.data.simulate.plates import CELLS, CHEMOTHERAPY, GLYCOSIDE

if TYPE_CHECKING:
    from collections.abc import Mapping

# Nuisance: present in every twin, the null included.
SEEDED_SD, SHARE_SD = 0.2, 0.2  # log cells, and log odds that a cell is ancestral; between experiments
DRUG_SD = 0.15  # log survival under each drug, of both kinds of cells alike; between experiments
ARM_SD = 0.1  # log survival of each kind of cells in each treated arm; between experiments
DISH_SD = 0.1  # log, cells; between dishes


def dosing_order(
    *,
    seed: int = 1,
    null: bool = False,
    effect: Mapping[str, float] | None = None,
    experiments: int = 4,
    replicates: int = 3,
    counted: int = 4_000,
    chemotherapy_first: float = 0.5,
    glycoside_first: float = 0.0,
) -> Assay:
    """Simulate dishes of ancestral and other cells, treated in two periods with two drugs in every order.

    A dish holds both kinds of cells; a marker tells them apart when the living are counted, at the end of the second
    period. Each drug is given for one period, at full effect. In arm "both" they are given in the same period; in the
    two last arms one follows the other, washed out. Of other cells every pair of drugs leaves the product of what each
    leaves alone. Of ancestral cells "both" leaves ``exp(-C7)`` times the product, and a sequence ``exp(-share C7)``.

    Parameters
    ----------
    seed, null, effect
        As for `twin`; dial C4 is the log ratio, ancestral to other cells, of the odds to survive chemotherapy, and C7
        the killing of ancestral cells by both drugs beyond independence.
    experiments
        Independent experiments; the unit of replication.
    replicates
        Dishes for each arm in each experiment.
    counted
        Living cells of both kinds counted in an untreated dish (median over experiments).
    chemotherapy_first, glycoside_first
        Share of the interaction that a sequence keeps, from 0 (none) to 1 (that of both together), by what is first.

    Returns
    -------
    Assay
        ``table``, one row for each dish and kind of cells: ``experiment`` ("E1", ...), ``arm`` ("none", "chemotherapy",
        "glycoside", "both", "chemotherapy then glycoside", "glycoside then chemotherapy"), ``cells`` ("ancestral",
        "other"), ``replicate`` (int64, from 1), ``viable`` (int64). ``truth``: ``survival`` (share of untreated) by arm
        and cells; ``interaction`` (log ratio of the survivors to those of independent drugs; negative: more are
        killed) by arm and cells, with the ``difference``, ancestral less other; ``tolerant_fraction``, the share of
        ancestral cells among those left, by arm (medians over experiments).

    Raises
    ------
    InputError
        For a value out of range or an unknown dial.

    Notes
    -----
    Survival of each drug alone is that of `viability_plates` at full effect. The rest are assumptions:

    ==================  ============================================================================================
    default             reason
    ==================  ============================================================================================
    4,000 counted       a sample of usual size in a cytometer; few enough that chance in counting is seen
    chemotherapy first  half of the interaction is left: cells damaged by chemotherapy are still there when the pump is
    0.5                 blocked, but some have recovered
    glycoside first 0   the block is washed out before chemotherapy starts, and nothing of it stays
    SD between          experiments differ by a fifth in cells and in the odds to be ancestral, by a seventh in what a
    experiments         drug kills, and by a tenth in what it kills of one kind of cells in one arm
    SD between dishes   a tenth, of both kinds of cells alike: they share the pipette
    ==================  ============================================================================================

    When not to use: as evidence that one order is better than another: the orders differ as assumed here. To study
    growth: it is the same in all arms and both kinds of cells, so it does not show.

    Examples
    --------
    Six arms; ancestral cells are killed beyond independence by both drugs together:

    >>> from fxyd3.data.simulate import dosing_order
    >>> assay = dosing_order(experiments=2)
    >>> assay.table["arm"].unique().tolist()[:4]
    ['none', 'chemotherapy', 'glycoside', 'both']
    >>> assay.truth["interaction"]["both"]["difference"] < 0
    True
    """
    import pandas as pd

    begun = start("dosing_order", seed=seed, null=null, effect=effect)
    design = {
        "experiments": whole("number of experiments", experiments, 1, 1_000),
        "replicates": whole("number of replicates", replicates, 1, 100),
        "counted": whole("number of cells counted", counted, 20, 10**8),
        "chemotherapy_first": number("share of the interaction with chemotherapy first", chemotherapy_first, 0, 1),
        "glycoside_first": number("share of the interaction with the glycoside first", glycoside_first, 0, 1),
    }
    rng, c7 = begun.rng, begun.dials["C7"]
    share = ancestral_share()

    # arms x drugs, arms x cells, drugs x cells
    given = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [1, 1], [1, 1]])
    kept = [0, 0, 0, 1, design["chemotherapy_first"], design["glycoside_first"]]
    interaction = 0.0 - c7 * np.outer(kept, [1, 0])
    alone = np.log(
        [
            [CHEMOTHERAPY.tolerant(begun.dials["C4"]).bottom, CHEMOTHERAPY.bottom],
            [GLYCOSIDE.bottom, GLYCOSIDE.bottom],
        ]
    )
    survival = given @ alone + interaction

    log_odds = math.log(share / (1 - share)) + SHARE_SD * rng.standard_normal(experiments)
    seeded = np.log(counted) + SEEDED_SD * rng.standard_normal(experiments)
    mixed = seeded[:, None] - np.logaddexp(0, np.stack([-log_odds, log_odds], axis=-1))  # experiments x cells
    drugs = DRUG_SD * rng.standard_normal((experiments, 2)) @ given.T  # experiments x arms
    arms = ARM_SD * rng.standard_normal((experiments, *survival.shape)) * given.max(axis=1, keepdims=True)
    shape = (experiments, len(ARMS), len(CELLS), replicates)
    dishes = DISH_SD * rng.standard_normal((experiments, len(ARMS), 1, replicates))
    mean = (mixed[:, None] + survival + drugs[..., None] + arms)[..., None] + dishes
    columns = {
        "experiment": np.array([f"E{i + 1}" for i in range(experiments)], dtype=object)[:, None, None, None],
        "arm": np.array(ARMS, dtype=object)[:, None, None],
        "cells": np.array(CELLS, dtype=object)[:, None],
        "replicate": np.arange(1, replicates + 1),
        "viable": rng.poisson(np.exp(mean)),
    }
    table = pd.DataFrame({name: np.broadcast_to(values, shape).ravel() for name, values in columns.items()})

    left = np.exp(survival) * [share, 1 - share]
    truth = {
        "survival": _by(np.exp(survival)),
        "interaction": {
            arm: each | {"difference": each["ancestral"] - each["other"]}
            for arm, each in _by(interaction).items()
            if arm in ARMS[3:]
        },
        "tolerant_fraction": dict(zip(ARMS, map(float, left[:, 0] / left.sum(axis=1)), strict=True)),
        "nuisance": {
            "seeded_log_sd": SEEDED_SD,
            "share_log_odds_sd": SHARE_SD,
            "drug_log_sd": DRUG_SD,
            "arm_log_sd": ARM_SD,
            "dish_log_sd": DISH_SD,
        },
    }
    return begun.finish(table, truth, **design)


def _by(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> dict[str, dict[str, float]]:
    """Return values (arms, cells) by name."""
    return {arm: dict(zip(CELLS, map(float, row), strict=True)) for arm, row in zip(ARMS, values, strict=True)}
