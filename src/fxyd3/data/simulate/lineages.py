"""Lineages: barcoded cells before and after chemotherapy, of clones that are selected or cells that have switched."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fxyd3.data.simulate.assay import Assay, start
from fxyd3.data.simulate.checks import number, whole
from fxyd3.data.simulate.design import ancestral_share, unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

CONDITIONS = ("before", "after")
STATES = ("ancestral", "other")
CLONE_SIZE_SD = 1.0  # log

# Nuisance: present in every twin, the null included.
TREATED_SD = 0.3  # log, cells under treatment; between experiments
SURVIVAL_SD = 0.15  # log, survival of ancestral cells against the others; between experiments

Array = np.ndarray[Any, Any]


def lineage_barcodes(
    *,
    seed: int = 1,
    null: bool = False,
    effect: Mapping[str, float] | None = None,
    experiments: int = 4,
    arms: int = 3,
    clones: int = 500,
    selection: float = 0.5,
    survival: float = 0.1,
    treated: int = 20_000,
    read_before: int = 500,
    read_after: int = 300,
    dropout: float = 0.05,
) -> Assay:
    """Simulate barcoded tumour cells that are split into parallel arms, read, treated, and read again.

    A cell keeps the state of its clone's founder with probability ``selection``; else it has switched since, and its
    state is drawn anew (ancestral with the share that ancestral cells have in the cohort). Survival depends on the
    cell's own state alone. So a clone is selected as far as its cells share a state, and ``selection`` is the share of
    the ancestral survivors that inherited their state.

    Parameters
    ----------
    seed, null, effect
        As for `twin`; dial C4 is the log ratio of survival, ancestral cells to others.
    experiments
        Independent barcoded populations; the unit of replication.
    arms
        Parts of one population that are treated in parallel.
    clones
        Barcodes in each population.
    selection
        From 0 (each cell draws its state anew: survivors come from all clones alike) to 1 (all cells of a clone share
        the founder's state).
    survival
        Share of ancestral cells that survive, from 0.0001 to 0.5.
    treated
        Cells in each arm when treatment starts (median over experiments).
    read_before, read_after
        Barcoded cells read from each arm; all survivors where fewer are left.
    dropout
        Share of the barcodes that are lost from a sample, from 0 to 0.5.

    Returns
    -------
    Assay
        ``table``, one row for each barcode and state that was read in a sample (no row: no cell was read):
        ``experiment`` ("E1", ...), ``arm`` ("A1", ...), ``condition`` ("before", "after"), ``barcode`` ("E1-B001", ...;
        the same in all arms of an experiment), ``state`` ("ancestral", "other"), ``cells`` (int64), ``truth_founder``
        ("ancestral", "other"). For Hill numbers, sum the cells of both states. ``truth``: what was planted; survival by
        state; ``log_clone_survival_ratio``, the selection coefficient of clones with an ancestral founder against the
        rest; ``ancestral_share`` expected before and after. For each experiment: Hill numbers of the planted
        frequencies before, and of the expected frequencies after; the clones expected to survive in an arm; and
        ``overlap``, how many of these are expected to survive in another given arm (share).

    Raises
    ------
    InputError
        For a value out of range or an unknown dial.

    Notes
    -----
    ==================  =====================================================================================
    default             reason (all are assumptions, chosen for the scale named)
    ==================  =====================================================================================
    3 arms; 500 and     a course of MDA-MB-468 cells under 5-FU had 3 arms and up to 395 barcoded cells a
    300 cells read      sample (Marsolier 2022, doi:10.1038/s41588-022-01047-6; counted from the authors' files)
    500 clones, log     of 197 cells, about 136 barcodes are expected; that course had 144 before treatment
    SD 1 in size
    selection 0.5       between both ends: one study finds fate mostly set by a state inherited for two or three
                        generations (doi:10.1371/journal.pcbi.1013446), one that tolerance is soon lost (Lee 2014)
    survival 0.1        one ancestral cell in ten, so one other cell in fifty
    20,000 treated      about one survivor for each clone: chance alone loses many clones in each arm
    dropout 0.05        a few barcodes fail in each sample
    SD between          experiments differ by a third in cells, by a seventh in relative survival
    experiments
    ==================  =====================================================================================

    When not to use: to study growth. Survivors are read at once, clones do not differ but in their states, states are
    read without error, and no cell switches under the drug; `time_kill` plants that.

    Examples
    --------
    Two experiments; an arm is read before and after treatment:

    >>> from fxyd3.data.simulate import lineage_barcodes
    >>> table = lineage_barcodes(experiments=2, arms=2).table
    >>> table.groupby(["experiment", "condition"])["arm"].nunique().to_dict()
    {('E1', 'after'): 2, ('E1', 'before'): 2, ('E2', 'after'): 2, ('E2', 'before'): 2}
    """
    begun = start("lineages", seed=seed, null=null, effect=effect)
    design = {
        "experiments": whole("number of experiments", experiments, 1, 100),
        "arms": whole("number of arms", arms, 1, 100),
        "clones": whole("number of clones", clones, 20, 10_000),
        "selection": number("selection", selection, 0, 1),
        "survival": number("survival", survival, 0.0001, 0.5),
        "treated": whole("number of treated cells", treated, 1000, 10**8),
        "read_before": whole("number of cells read before", read_before, 10, 10**6),
        "read_after": whole("number of cells read after", read_after, 10, 10**6),
        "dropout": number("dropout", dropout, 0, 0.5),
    }
    rng, ratio, share = begun.rng, begun.dials["C4"], ancestral_share()

    frequency = unit(rng.lognormal(0, CLONE_SIZE_SD, (experiments, clones)))
    old = np.tile(np.arange(clones) < round(share * clones), (experiments, 1))
    founder = rng.permuted(old, axis=1)
    p = selection * founder + (1 - selection) * share  # a cell of the clone is ancestral
    mixture = frequency[..., None] * np.stack([p, 1 - p], axis=-1)  # experiments x clones x states
    relative = np.exp(-ratio + SURVIVAL_SD * rng.standard_normal(experiments))
    survives = survival * np.stack([np.ones(experiments), relative], axis=-1)
    under_drug = treated * np.exp(TREATED_SD * rng.standard_normal(experiments))
    left = mixture * (under_drug[:, None] * survives)[:, None]  # expected survivors in an arm

    before = rng.multinomial(read_before, np.repeat(mixture.reshape(experiments, 1, -1), arms, axis=1))
    survivors = rng.poisson(np.repeat(left.reshape(experiments, 1, -1), arms, axis=1))
    after = np.apply_along_axis(_read, -1, survivors, read_after, rng)
    cells = np.stack([before, after], axis=2).reshape(experiments, arms, 2, clones, 2)
    cells *= rng.random((*cells.shape[:-1], 1)) >= dropout

    truth = {
        "selection": design["selection"],
        "survival": {"ancestral": design["survival"], "other": design["survival"] * math.exp(-ratio)},
        "log_survival_ratio": ratio,
        "log2_survival_ratio": ratio / math.log(2),
        "log_clone_survival_ratio": _clone_ratio(selection, share, ratio),
        "ancestral_share": {"before": share, "after": ancestral_share(ratio)},
        "experiments": {f"E{i + 1}": _expected(frequency[i], left[i].sum(axis=-1)) for i in range(experiments)},
        "nuisance": {
            "clone_size_log_sd": CLONE_SIZE_SD,
            "treated_log_sd": TREATED_SD,
            "survival_ratio_log_sd": SURVIVAL_SD,
        },
    }
    return begun.finish(_table(cells, founder), truth, **design)


def _read(survivors: Array, most: int, rng: np.random.Generator) -> Array:
    """Read at most so many of the survivors, without replacement."""
    return rng.multivariate_hypergeometric(survivors, min(most, survivors.sum()), method="marginals")


def _clone_ratio(selection: float, share: float, ratio: float) -> float:
    """Return the log ratio of survival, clones with an ancestral founder to the rest, relative to one common rate."""
    kept, drawn = selection + (1 - selection) * share, (1 - selection) * share
    other = math.exp(-ratio)
    return math.log((kept + (1 - kept) * other) / (drawn + (1 - drawn) * other))


def _expected(frequency: Array, left: Array) -> dict[str, Any]:
    """Return what one experiment holds: Hill numbers, and the clones that live on in an arm and in another one."""
    alive = -np.expm1(-left)
    return {
        "hill": {"before": _hill(frequency), "after": _hill(unit(left))},
        "surviving_clones": float(alive.sum()),
        "overlap": float(alive @ alive / alive.sum()),
    }


def _hill(p: Array) -> dict[str, float]:
    """Return the Hill numbers of order 0, 1 and 2 of frequencies that are all above zero."""
    return {"0": float(len(p)), "1": float(np.exp(-p @ np.log(p))), "2": float(1 / (p @ p))}


def _table(cells: Array, founder: Array) -> pd.DataFrame:
    import pandas as pd

    experiments, arms, _, clones, _ = cells.shape
    barcodes = [[f"E{e + 1}-B{b + 1:0{len(str(clones))}d}" for b in range(clones)] for e in range(experiments)]
    e, a, condition, b, state = np.nonzero(cells)
    return pd.DataFrame(
        {
            "experiment": _names("E", experiments)[e],
            "arm": _names("A", arms)[a],
            "condition": np.array(CONDITIONS, dtype=object)[condition],
            "barcode": np.array(barcodes, dtype=object)[e, b],
            "state": np.array(STATES, dtype=object)[state],
            "cells": cells[e, a, condition, b, state],
            "truth_founder": np.array(STATES, dtype=object)[1 - founder[e, b]],
        }
    )


def _names(letter: str, n: int) -> Array:
    return np.array([f"{letter}{i + 1}" for i in range(n)], dtype=object)
