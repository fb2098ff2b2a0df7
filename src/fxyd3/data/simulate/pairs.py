"""Simulated dose matrices of two drugs: chemotherapy with a cardiac glycoside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.data.simulate.assay import Assay, start
from fxyd3.data.simulate.checks import number, numbers, whole
from fxyd3.data.simulate.plates import CELLS_EC50_SD, CHEMOTHERAPY, EC50_SD, GLYCOSIDE, Hill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

CELLS = ("FXYD3-high", "FXYD3-low")
CHEMOTHERAPY_NM = tuple(10_000.0 / 2**i for i in reversed(range(7)))
GLYCOSIDE_NM = (0.64, 2.56, 10.24, 40.96, 163.84)


@dataclass(frozen=True)
class Surface:
    """A MuSyC surface in detailed balance: how two drugs act together on one kind of cell.

    Without drug viability is 1; at the full effect of chemotherapy, glycoside and both it is ``e1``, ``e2`` and ``e3``.
    ``log2_alpha`` is the fall of the half-effective dose of chemotherapy, in doublings, at the full effect of the
    glycoside.
    """

    chemotherapy: Hill
    glycoside: Hill
    e3: float
    log2_alpha: float

    def viability(self, chemotherapy_nM: ArrayLike, glycoside_nM: ArrayLike,
                  shift: ArrayLike = (0.0, 0.0)) -> NDArray[np.float64]:  # fmt: skip
        """Return the viability at each pair of doses; ``shift`` adds to the log of the two half-effective doses."""
        one, two = self.chemotherapy, self.glycoside
        shift = np.asarray(shift)
        x = (np.asarray(chemotherapy_nM) / (one.ec50_nM * np.exp(shift[..., 0]))) ** one.hill
        y = (np.asarray(glycoside_nM) / (two.ec50_nM * np.exp(shift[..., 1]))) ** two.hill
        xy = 2 ** (self.log2_alpha * one.hill) * x * y
        return np.asarray((1 + x * one.bottom + y * two.bottom + xy * self.e3) / (1 + x + y + xy))

    def fall(self, glycoside_nM: ArrayLike) -> NDArray[np.float64]:
        """Return by how many doublings each glycoside dose lowers the half-effective dose of chemotherapy."""
        y = (np.asarray(glycoside_nM) / self.glycoside.ec50_nM) ** self.glycoside.hill
        h = self.chemotherapy.hill
        return np.asarray(np.log2((1 + 2 ** (self.log2_alpha * h) * y) / (1 + y)) / h)

    def bliss_excess(self, chemotherapy_nM: ArrayLike, glycoside_nM: ArrayLike) -> NDArray[np.float64]:
        """Return the share of cells killed at each pair of doses beyond what independent drugs would kill."""
        alone = self.chemotherapy.viability(chemotherapy_nM) * self.glycoside.viability(glycoside_nM)
        return np.asarray(alone - self.viability(chemotherapy_nM, glycoside_nM))


def two_drugs(
    *,
    seed: int = 1,
    null: bool = False,
    effect: Mapping[str, float] | None = None,
    experiments: int = 4,
    replicates: int = 2,
    chemotherapy_nM: Sequence[float] = CHEMOTHERAPY_NM,
    glycoside_nM: Sequence[float] = GLYCOSIDE_NM,
    noise: float = 0.05,
) -> Assay:
    """Simulate the viability of FXYD3-high and FXYD3-low cells under every pair of doses of two drugs.

    With x and y the doses over the half-effective doses, to the power of the Hill slopes, viability is
    ``(1 + x e1 + y e2 + w x y e3) / (1 + x + y + w x y)``, where w is alpha to the power of chemotherapy's slope: a
    MuSyC surface in detailed balance. With ``alpha = 1`` and ``e3 = e1 e2`` the drugs are exactly Bliss-independent, so
    that a null twin holds no synergy; FXYD3-low cells never do.

    Parameters
    ----------
    seed, null, effect
        As in `twin`. In FXYD3-high cells dial C6 is ``log2 alpha``, and dial C7 the log ratio of ``e1 e2`` to ``e3``.
        Dial C4 makes them tolerant: it is the log ratio, to FXYD3-low cells, of the half-effective dose of
        chemotherapy, and of the odds to survive its full effect.
    experiments
        Units of replication; each has one plate for each kind of cell.
    replicates
        Wells of each pair of doses on a plate.
    chemotherapy_nM, glycoside_nM
        Doses above zero; each drug alone, and wells with neither, are always there.
    noise
        Standard deviation of the wells, on the log scale.

    Returns
    -------
    Assay
        Table: experiment, plate, cells ("FXYD3-high", "FXYD3-low"), chemotherapy_nM (float), glycoside_nM (float),
        replicate (int), viability (float, as a share of the mean of the plate's wells without drug). Truth: ``surface``
        by cells (e0, e1, e2, e3, half-effective doses in nM, Hill slopes, log2 potency shift of each drug by the
        other), ``bliss_excess_mean`` and ``bliss_excess_max`` by cells over the pairs with both doses above zero (share
        of cells), ``log2_fall`` of the half-effective chemotherapy dose by glycoside dose and cells, and
        ``log2_fall_beyond_low``: that of FXYD3-high cells less that of FXYD3-low ones, at the full effect of the
        glycoside (``saturating``) and at its highest dose (``highest``).

    Raises
    ------
    InputError
        For doses not above zero or repeated, or a number of experiments, replicates or noise that cannot be.

    Notes
    -----
    Single drugs act as in `viability_plates`, with the same spread of half-effective doses between experiments; their
    parameters are assumptions, told there. More assumptions:

    ======================  ============================================================================================
    chemotherapy doses      two-fold from 156 nM to 10 uM: around the half-effective doses of both kinds of cell
    glycoside doses         four-fold from 0.64 nM: the first two are the ends of the clinical range of digoxin
                            (0.5 to 2.0 ng/mL); the three above it show what a plate can and a patient cannot have. What
                            happens at clinical doses is an assumption too
    plate                   96 wells, as 8 x 6 pairs of doses in duplicate, in each experiment and kind of cell
    ======================  ============================================================================================

    When not to use: as evidence that any pair of drugs is synergistic; the synergy here is planted.

    MuSyC: Meyer 2019, doi:10.1016/j.cels.2019.01.003.

    Examples
    --------
    One plate of each kind of cells; each drug alone is always there:

    >>> from fxyd3.data.simulate import two_drugs
    >>> table = two_drugs(experiments=1, replicates=1, chemotherapy_nM=[100, 1000], glycoside_nM=[2, 20]).table
    >>> table.pivot_table("viability", "glycoside_nM", "chemotherapy_nM").shape, table["cells"].unique().tolist()
    ((3, 3), ['FXYD3-high', 'FXYD3-low'])
    """
    import pandas as pd

    begun = start("two_drugs", seed=seed, null=null, effect=effect)
    experiments = whole("number of experiments", experiments, 1, 1_000)
    replicates = whole("number of replicates", replicates, 1, 100)
    one, two = (
        np.sort(numbers(f"{drug} doses in nM", doses, above=True))
        for drug, doses in (("chemotherapy", chemotherapy_nM), ("glycoside", glycoside_nM))
    )
    noise = number("noise", noise, 0, 0.5)
    tolerant = CHEMOTHERAPY.tolerant(begun.dials["C4"])
    e3 = tolerant.bottom * GLYCOSIDE.bottom * math.exp(-begun.dials["C7"])
    surfaces = {
        "FXYD3-high": Surface(tolerant, GLYCOSIDE, e3, begun.dials["C6"]),
        "FXYD3-low": Surface(CHEMOTHERAPY, GLYCOSIDE, CHEMOTHERAPY.bottom * GLYCOSIDE.bottom, 0.0),
    }

    rng = begun.rng
    doses = np.append(0.0, one)[:, None, None], np.append(0.0, two)[:, None]
    shift = rng.normal(0, EC50_SD, (experiments, 1, 2)) + rng.normal(0, CELLS_EC50_SD, (experiments, 2, 2))
    planted = np.stack(
        [s.viability(*doses, shift[:, i, None, None, None]) for i, s in enumerate(surfaces.values())], axis=1
    )
    shape = (experiments, len(CELLS), len(one) + 1, len(two) + 1, replicates)
    wells = planted * np.exp(rng.normal(0, noise, shape))
    viability = wells / wells[:, :, :1, :1].mean(axis=-1, keepdims=True)

    names = [f"E{i + 1}" for i in range(experiments)]
    columns = {
        "experiment": np.array(names, dtype=object)[:, None, None, None, None],
        "plate": np.array([[f"{name}-{who}" for who in CELLS] for name in names], dtype=object)[..., None, None, None],
        "cells": np.array(CELLS, dtype=object)[:, None, None, None],
        "chemotherapy_nM": doses[0],
        "glycoside_nM": doses[1],
        "replicate": np.arange(1, replicates + 1),
        "viability": viability,
    }
    table = pd.DataFrame({name: np.broadcast_to(values, shape).ravel() for name, values in columns.items()})

    high, low = surfaces.values()
    excess = {who: s.bliss_excess(one[:, None], two) for who, s in surfaces.items()}
    truth = {
        "surface": {who: _parameters(s) for who, s in surfaces.items()},
        "bliss_excess_mean": {who: float(e.mean()) for who, e in excess.items()},
        "bliss_excess_max": {who: float(e.max()) for who, e in excess.items()},
        "log2_fall": [
            {"glycoside_nM": float(dose), **{who: float(s.fall(dose)) for who, s in surfaces.items()}} for dose in two
        ],
        "log2_fall_beyond_low": {
            "saturating": high.log2_alpha - low.log2_alpha,
            "highest": float(high.fall(two[-1]) - low.fall(two[-1])),
        },
    }
    return begun.finish(
        table,
        truth,
        experiments=experiments,
        replicates=replicates,
        chemotherapy_nM=one.tolist(),
        glycoside_nM=two.tolist(),
        noise=noise,
    )


def _parameters(surface: Surface) -> dict[str, float]:
    one, two = surface.chemotherapy, surface.glycoside
    return {
        "e0": 1.0,
        "e1": one.bottom,
        "e2": two.bottom,
        "e3": surface.e3,
        "chemotherapy_ec50_nM": one.ec50_nM,
        "chemotherapy_hill": one.hill,
        "glycoside_ec50_nM": two.ec50_nM,
        "glycoside_hill": two.hill,
        "chemotherapy_log2_shift": surface.log2_alpha,
        "glycoside_log2_shift": surface.log2_alpha * one.hill / two.hill,
    }
