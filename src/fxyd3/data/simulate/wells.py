"""Simulated sphere and limiting-dilution wells of sorted and unsorted cells."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fxyd3.data.simulate.assay import Assay, Start, start
from fxyd3.data.simulate.checks import number, numbers, whole
from fxyd3.data.simulate.design import FRACTIONS, PULL, ancestral_share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

DOSES = (5.0, 15.0, 45.0, 135.0, 405.0)
EFFICIENCY = 0.05  # spheres per ancestral cell
EXPERIMENT_SD, GROUP_SD = 0.3, 0.12  # log frequency: experiments, and groups within an experiment


def limiting_dilution(
    *,
    seed: int = 1,
    null: bool = False,
    effect: Mapping[str, float] | None = None,
    experiments: int = 4,
    doses: Sequence[float] = DOSES,
    wells: int = 24,
    efficiency: float = EFFICIENCY,
    cooperation: float = 1.0,
) -> Assay:
    """Simulate how many wells grow at each number of cells per well, for sorted and unsorted cells.

    A well is positive with probability ``1 - exp(-(f * dose) ** cooperation)``, where f is the stem-cell frequency: the
    share of ancestral cells times ``efficiency``. On the complementary log-log scale this is a line in log dose with
    slope ``cooperation``. At 1 it is the single-hit Poisson model; above 1 cells help each other. Whatever the slope,
    63% of the wells are positive at ``1 / f`` cells.

    Parameters
    ----------
    seed, null, effect
        As in `twin`; dial C1 sets the share of ancestral cells in the two sorted groups.
    experiments
        Units of replication.
    doses
        Mean numbers of cells per well.
    wells
        Tested in each experiment, group and dose.
    efficiency
        Spheres per ancestral cell.
    cooperation
        Slope on the complementary log-log scale.

    Returns
    -------
    Assay
        Table: experiment (str), group ("NRP1-high", "IGF1R-high", "unsorted"), cells_per_well (float), wells_tested,
        wells_positive (int). Truth, by group: ``ancestral_share``, ``frequency`` (stem cells per cell) and ``one_in``
        (its inverse), both for an experiment in the middle of the spread; ``log2_frequency_ratio`` of each sorted group
        to unsorted cells, and ``pooled``, their mean; ``frequency_by_experiment``; ``cooperation``; ``efficiency``;
        ``spread`` (standard deviations of log frequency).

    Raises
    ------
    InputError
        For doses not above zero or repeated, an efficiency outside 0 to 1, a cooperation outside 0.2 to 5, or numbers
        of experiments or wells that cannot be.

    Notes
    -----
    ======================  ============================================================================================
    efficiency 0.05         assumption: one sphere per 20 ancestral cells, so that one in 133 unsorted cells makes one
    doses 5 to 405          three-fold steps: in the middle of them lie 1 / f of all three groups (33, 39 and 133)
    24 wells per dose       as in the published example of the ELDA program, with five doses
    spread                  assumptions, log standard deviations: 0.3 between experiments, common to their groups, and
                            0.12 between the groups of an experiment (a sort is never twice the same)
    ======================  ============================================================================================

    When not to use: as stem-cell frequencies of any real tumour; those of the paper were not read.

    Limiting dilution as a binomial regression: Hu & Smyth 2009, doi:10.1016/j.jim.2009.06.008.

    Examples
    --------
    One in so many unsorted cells grows; in the null twin no group is enriched:

    >>> from fxyd3.data.simulate import limiting_dilution
    >>> assay = limiting_dilution(experiments=2)
    >>> assay.table.shape, round(assay.truth["one_in"]["unsorted"])
    ((30, 5), 133)
    >>> limiting_dilution(null=True).truth["log2_frequency_ratio"]["pooled"]
    0.0
    """
    import pandas as pd

    begun = start("limiting_dilution", seed=seed, null=null, effect=effect)
    cells = np.sort(numbers("cells per well", doses, 0, 1_000_000, above=True))
    wells = whole("number of wells per dose", wells, 1, 10_000)
    cooperation = number("cooperation", cooperation, 0.2, 5)
    frequency, truth = _frequencies(begun, experiments, efficiency)

    positive = begun.rng.binomial(wells, -np.expm1(-((frequency[..., None] * cells) ** cooperation)))
    columns = _experiments_and_groups(frequency, each=len(cells))
    columns |= {
        "cells_per_well": np.tile(cells, frequency.size),
        "wells_tested": np.full(positive.size, wells),
        "wells_positive": positive.ravel(),
    }
    return begun.finish(
        pd.DataFrame(columns),
        truth | {"cooperation": cooperation},
        experiments=len(frequency),
        doses=cells.tolist(),
        wells=wells,
        efficiency=truth["efficiency"],
        cooperation=cooperation,
    )


def spheres(
    *,
    seed: int = 1,
    null: bool = False,
    effect: Mapping[str, float] | None = None,
    experiments: int = 4,
    wells: int = 6,
    cells_plated: int = 500,
    efficiency: float = EFFICIENCY,
    dispersion: float = 0.1,
) -> Assay:
    """Simulate sphere counts of sorted and unsorted cells.

    Each sphere grows from one cell; none comes from cells that met. Counts are negative binomial, with mean
    ``f * cells_plated`` (f as in `limiting_dilution`) and variance ``mean + dispersion * mean ** 2``.

    Parameters
    ----------
    seed, null, effect, experiments, efficiency
        As in `limiting_dilution`.
    wells
        In each experiment and group.
    cells_plated
        In each well.
    dispersion
        Squared coefficient of variation between wells, beyond counting.

    Returns
    -------
    Assay
        Table: experiment (str), group ("NRP1-high", "IGF1R-high", "unsorted"), well (int, from 1 in each experiment and
        group), cells_plated, spheres (int). Truth: that of `limiting_dilution`, with ``dispersion`` in place of
        ``cooperation``.

    Raises
    ------
    InputError
        For an efficiency outside 0 to 1, a dispersion not above 0 or larger than 10, or numbers of experiments, wells
        or cells that cannot be.

    Notes
    -----
    Assumptions beyond those of `limiting_dilution`: 500 cells in a well, for about 4 spheres of unsorted and 15 of
    NRP1-high cells, few enough to be counted; six wells; dispersion 0.1, a third of the mean from well to well.

    When not to use: to study spheres that arise from clumps; here they never do.

    Examples
    --------
    Three groups of wells in each experiment:

    >>> from fxyd3.data.simulate import spheres
    >>> spheres(experiments=2, wells=3).table.groupby("group").size().to_dict()
    {'IGF1R-high': 6, 'NRP1-high': 6, 'unsorted': 6}
    """
    import pandas as pd

    begun = start("spheres", seed=seed, null=null, effect=effect)
    wells = whole("number of wells", wells, 1, 10_000)
    cells_plated = whole("number of cells plated", cells_plated, 1, 1_000_000)
    dispersion = number("dispersion", dispersion, 0, 10, above=True)
    frequency, truth = _frequencies(begun, experiments, efficiency)

    between = begun.rng.gamma(1 / dispersion, dispersion, (*frequency.shape, wells))
    counts = begun.rng.poisson(frequency[..., None] * cells_plated * between)
    columns = _experiments_and_groups(frequency, each=wells)
    columns |= {
        "well": np.tile(np.arange(1, wells + 1), frequency.size),
        "cells_plated": np.full(counts.size, cells_plated),
        "spheres": counts.ravel(),
    }
    return begun.finish(
        pd.DataFrame(columns),
        truth | {"dispersion": dispersion},
        experiments=len(frequency),
        wells=wells,
        cells_plated=cells_plated,
        efficiency=truth["efficiency"],
        dispersion=dispersion,
    )


def _frequencies(begun: Start, experiments: int, efficiency: float) -> tuple[NDArray[np.float64], dict[str, Any]]:
    """Return the stem-cell frequency in each experiment and group, and its truth."""
    experiments = whole("number of experiments", experiments, 1, 1_000)
    efficiency = number("spheres per ancestral cell", efficiency, 0, 1, above=True)
    share = np.array([ancestral_share(pull * begun.dials["C1"]) for pull in PULL])
    shift = begun.rng.normal(0, EXPERIMENT_SD, (experiments, 1)) + begun.rng.normal(
        0, GROUP_SD, (experiments, len(share))
    )
    frequency = share * efficiency * np.exp(shift)
    ratio = dict(zip(FRACTIONS[:-1], np.log2(share[:-1] / share[-1]).tolist(), strict=True))

    def by_group(values: NDArray[np.float64]) -> dict[str, float]:
        return dict(zip(FRACTIONS, values.tolist(), strict=True))

    return frequency, {
        "ancestral_share": by_group(share),
        "efficiency": efficiency,
        "frequency": by_group(share * efficiency),
        "one_in": by_group(1 / (share * efficiency)),
        "log2_frequency_ratio": ratio | {"pooled": math.fsum(ratio.values()) / len(ratio)},
        "frequency_by_experiment": {f"E{i + 1}": by_group(each) for i, each in enumerate(frequency)},
        "spread": {"experiments": EXPERIMENT_SD, "groups_within_experiment": GROUP_SD},
    }


def _experiments_and_groups(frequency: NDArray[np.float64], *, each: int) -> dict[str, Any]:
    """Return the first two columns of a table with ``each`` rows per experiment and group."""
    experiments = np.array([f"E{i + 1}" for i in range(len(frequency))], dtype=object)
    groups = np.tile(np.array(FRACTIONS, dtype=object), len(frequency))
    return {"experiment": np.repeat(experiments, len(FRACTIONS) * each), "group": np.repeat(groups, each)}
