"""What the rescue chapter promises about speed: seconds of each, without the start of Python.

``python -m benchmarks.rescue`` prints them as JSON.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from fxyd3 import rescue
from fxyd3.data.simulate import two_drugs

BOUNDS = {
    "a plate of 384 wells: read, normalised and fitted": 2.0,
    "1,000 dose curves with intervals": 20.0,
    "a surface of 10 by 10 doses: six models, 200 resamples": 60.0,
    "24 hours of the pump-leak model": 0.05,
}


def plate(folder: Path) -> Callable[[], object]:
    """Read a plate of 16 curves of 22 doses, and fit each."""
    rng = np.random.default_rng(1)
    dose = 10_000 / 1.8 ** np.arange(22)
    rows = [np.append([1_000, 100_000], 1_000 + 99_000 / (1 + dose / (100 * (1 + i)))) for i in range(16)]
    values = np.array(rows) * np.exp(rng.normal(0, 0.04, (16, 24)))
    lines = [",".join(["", *map(str, range(1, 25))])]
    lines += [",".join([chr(65 + i), *map(str, row.round())]) for i, row in enumerate(values)]
    (folder / "plate.csv").write_text("\n".join(lines))
    letters = [chr(65 + i) for i in range(16)]
    layout = pd.DataFrame(
        [(f"{c}1", "blank", "", "", "", "", "") for c in letters]
        + [(f"{c}2", "control", c, "", "", "", "") for c in letters]
        + [(f"{c}3:{c}24", "drug", c, "x", 10_000, "nM", 1.8) for c in letters],
        columns=["wells", "role", "cells", "drug", "top_dose", "unit", "dilution"],
    )
    return lambda: rescue.fit_curves(rescue.viability(rescue.read_plate(folder / "plate.csv", layout).wells))


def curves() -> Callable[[], object]:
    """Fit 1,000 curves of nine doses in triplicate, with controls."""
    rng = np.random.default_rng(1)
    dose = np.tile(np.append(0, 10_000 / 3.0 ** np.arange(9)), 3)
    each = [
        pd.DataFrame({"cells": f"c{i}", "drug": "x", "plate": "p", "dose_nM": dose,
                      "viability": 0.1 + 0.9 / (1 + dose / rng.lognormal(5, 1)) + rng.normal(0, 0.05, dose.size)})
        for i in range(1000)
    ]  # fmt: skip
    table = pd.concat(each)
    return lambda: rescue.fit_curves(table)


def surface() -> Callable[[], object]:
    """Ask six models of a surface of four experiments in duplicate."""
    doses = {"chemotherapy_nM": 10_000 / 2.0 ** np.arange(9), "glycoside_nM": 160 / 2.0 ** np.arange(9)}
    table = two_drugs(seed=1, **doses).table
    own = table[table["cells"] == "FXYD3-high"]
    return lambda: rescue.combine(own, resamples=200)


def main() -> None:
    """Print the seconds of each; the median of three, of the pump of twenty."""
    cell = rescue.PumpLeak()
    with tempfile.TemporaryDirectory() as folder:
        works = [(plate(Path(folder)), 3), (curves(), 1), (surface(), 1), (lambda: cell.run(24, block=0.8), 20)]
        found = {}
        for what, (work, repeats) in zip(BOUNDS, works, strict=True):
            seconds = []
            for _ in range(repeats):
                started = time.perf_counter()
                work()
                seconds.append(time.perf_counter() - started)
            found[what] = {"seconds": float(f"{statistics.median(seconds):.2g}"), "repeats": repeats}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
