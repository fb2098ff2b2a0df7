"""What every simulated assay is: a tidy table, its truth, and how it was asked for."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fxyd3.data.simulate.checks import MOST_SEED, VERSION, whole
from fxyd3.data.simulate.dials import planted
from fxyd3.files import replacing, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


@dataclass(frozen=True)
class Assay:
    """A simulated assay with known truth.

    Attributes
    ----------
    name
        Such as ``"limiting_dilution"``.
    table
        Tidy: one row per observation; ``table.attrs["twin"]`` says that it is simulated.
    truth
        What was planted, as nested dictionaries of numbers and text.
    twin
        What was asked for: simulated (True), version, seed, null, effect, and the design.

    Examples
    --------
    A table and what was planted in it:

    >>> from fxyd3.data.simulate import spheres
    >>> assay = spheres()
    >>> assay.name, assay.twin["simulated"], round(assay.truth["one_in"]["unsorted"])
    ('spheres', True, 133)
    """

    name: str
    table: pd.DataFrame
    truth: dict[str, Any]
    twin: dict[str, Any]

    def write(self, folder: str | Path) -> Path:
        """Write ``NAME-simulated.csv`` and ``NAME-simulated.json`` (twin and truth); returns the path of the table."""
        path = Path(folder) / f"{self.name}-simulated.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path.with_suffix(".json"), {"twin": self.twin, "truth": self.truth})
        with replacing(path) as partial:
            self.table.to_csv(partial, index=False, lineterminator="\n")
        return path


@dataclass(frozen=True)
class Start:
    """The common beginning of every assay: checked seed and dials, and its own random numbers."""

    name: str
    seed: int
    null: bool
    effect: Mapping[str, float]
    dials: dict[str, float]
    rng: np.random.Generator

    def finish(self, table: pd.DataFrame, truth: Mapping[str, Any], **design: object) -> Assay:
        """Return the assay, its table marked as simulated."""
        twin = {"simulated": True, "version": VERSION, "assay": self.name, "seed": self.seed, "null": self.null}
        twin |= {"effect": dict(self.effect), "design": design}
        table.attrs["twin"] = twin
        return Assay(self.name, table, dict(truth), twin)


def start(name: str, *, seed: int, null: bool, effect: Mapping[str, float] | None) -> Start:
    """Check what every assay takes; random numbers come from the seed and the assay's name."""
    checked = whole("seed", seed, 0, MOST_SEED)
    rng = np.random.default_rng([checked, zlib.crc32(name.encode())])
    return Start(name, checked, null, dict(effect or {}), planted(null=null, effect=effect), rng)
