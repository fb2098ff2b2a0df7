"""The single cells of the twin: what each one is, and its counts, drawn in blocks."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from fxyd3.data.simulate.cohort import Cohort, cohort
from fxyd3.data.simulate.design import ANCESTRAL, ARMS, FRACTIONS, OTHERS, STATES, Array, Design, unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd
    from scipy.sparse import csr_matrix

BLOCK = 500  # cells drawn at a time, each block from its own seed
AT_ONCE = 8  # blocks per process between two writes
QUALITIES = ("intact", "dying", "doublet")
TYPES = ("tumour", *OTHERS)
DYING_LIBRARY, DYING_MITO = 0.35, 8.0


def blocks(design: Design, processes: int = 1) -> Iterator[csr_matrix]:
    """Yield the counts (CSR, float32) in order, some blocks at a time; the bytes do not depend on ``processes``."""
    from joblib import Parallel, delayed
    from scipy.sparse import vstack

    number = math.ceil(design.cells / BLOCK)
    step = AT_ONCE * processes
    with Parallel(n_jobs=processes) as pool:
        for start in range(0, number, step):
            some = pool(delayed(_block)(design, i) for i in range(start, min(start + step, number)))
            yield vstack(some, format="csr")


def observations(design: Design) -> pd.DataFrame:
    """Return what is known of each cell, and its truth; cells stand in the order of their samples."""
    import pandas as pd

    fixed, cell = cohort(design), _cells(design)
    samples = [f"{name}-{when}-{FRACTIONS[f]}" for name in design.names for when, f in ARMS]
    kind = cell["kind"]
    table = pd.DataFrame(
        {
            "patient": _categorical(cell["patient"], design.names),
            "sample": _categorical(cell["patient"] * len(ARMS) + cell["arm"], samples),
            "batch": _categorical(fixed.batch[cell["patient"]], ["batch-1", "batch-2"][: design.patients]),
            "condition": _categorical((cell["arm"] == len(ARMS) - 1).astype(int), ["before", "after"]),
            "fraction": _categorical(cell["fraction"], FRACTIONS),
            "response": _categorical(design.complete[cell["patient"]].astype(int), ["residual", "pCR"]),
            "truth_type": _categorical(np.maximum(kind - len(STATES) + 1, 0), TYPES),
            "truth_state": _categorical(kind, [*STATES, *OTHERS]),
            "truth_ancestral": np.append(ANCESTRAL, [False] * len(OTHERS))[kind],
            "truth_quality": _categorical(cell["quality"], QUALITIES),
            "truth_ambient": cell["ambient"],
        },
        index=pd.Index([f"cell-{i + 1:07d}" for i in range(design.cells)]),
    )
    for name in ("sample", "fraction", "response"):
        table[name] = table[name].cat.remove_unused_categories()
    return table


@lru_cache(maxsize=2)
def _cells(design: Design) -> dict[str, Array]:
    """Draw what each cell is."""
    rng = np.random.default_rng(np.random.SeedSequence(design.seed).spawn(3)[1])
    fixed, n, rate = cohort(design), design.cells, design.rate
    fraction = np.array([f for _, f in ARMS])
    size = np.zeros((design.patients, len(ARMS)), dtype=int)
    size[:, fraction < 2] = _dealt(design.sorted_cells, design.patients, 2)
    size[:, fraction == 2] = _dealt(n - design.sorted_cells, design.patients, 2)
    patient, arm = np.divmod(np.repeat(np.arange(size.size), size.ravel()), len(ARMS))
    ladder = fixed.mixture[patient, arm].cumsum(axis=1)[:, :-1]
    kind, partner = ((rng.random((n, 1)) > ladder).sum(axis=1) for _ in range(2))
    steps = [1 - rate["dying"] - rate["doublet"], 1 - rate["doublet"]]
    quality = np.searchsorted(steps, rng.random(n), side="right")

    def library(kind: Array) -> Array:
        mu, sigma = fixed.library[np.maximum(kind - len(STATES) + 1, 0)].T
        return np.asarray(np.exp(mu + sigma * rng.standard_normal(n)))

    own, second = library(kind) * np.where(quality == 1, DYING_LIBRARY, 1.0), library(partner)
    return {
        "patient": patient,
        "arm": arm,
        "fraction": fraction[arm],
        "kind": kind,
        "partner": partner,
        "quality": quality,
        "library": own,
        "partner_library": second,
        "ambient": rng.poisson(rate["ambient"] * own),
    }


def _block(design: Design, number: int) -> csr_matrix:
    """Draw the counts of one block of cells: own RNA, the second cell of a doublet, ambient RNA."""
    from scipy.sparse import csr_matrix

    fixed, ambient = cohort(design), design.rate["ambient"]
    seed = np.random.SeedSequence(design.seed, spawn_key=(2, number))
    rng = np.random.default_rng(seed)
    part = slice(number * BLOCK, (number + 1) * BLOCK)
    cell = {name: values[part] for name, values in _cells(design).items()}
    shape = (1 / fixed.dispersion).astype(np.float32)

    def draw(cell: Mapping[str, Array], kind: Array, library: Array) -> Array:
        mean = _means(fixed, cell, kind, (1 - ambient) * library, rng)
        mean *= rng.standard_gamma(shape, mean.shape, dtype=np.float32) / shape
        return rng.poisson(mean).astype(np.float32)

    counts = draw(cell, cell["kind"], cell["library"])
    doublet = np.flatnonzero(cell["quality"] == 2)
    second = {name: values[doublet] for name, values in cell.items()}
    counts[doublet] += draw(second, second["partner"], second["partner_library"])
    own = csr_matrix(counts)
    gene = np.searchsorted(fixed.ambient.cumsum()[:-1], rng.random(cell["ambient"].sum()), side="right")
    row = np.repeat(np.arange(len(own.indptr) - 1), cell["ambient"])
    return csr_matrix(own + csr_matrix((np.ones(len(gene), np.float32), (row, gene)), shape=own.shape))


def _means(fixed: Cohort, cell: Mapping[str, Array], kind: Array, library: Array, rng: np.random.Generator) -> Array:
    """Return the mean count of each gene in each cell (float32): its group's profile, moved by its own activities."""
    keys = np.column_stack([cell["patient"], cell["fraction"], kind, cell["quality"] == 1])
    groups, which = np.unique(keys, axis=0, return_inverse=True)
    shares = np.zeros((len(groups), len(fixed.genes)), np.float32)
    for i, (patient, fraction, k, dying) in enumerate(groups):
        share = fixed.shares(patient, fraction, k)
        shares[i] = unit(share * np.where(fixed.mito, DYING_MITO, 1.0)) if dying else share
    mean = shares[which] * library[:, None].astype(np.float32)
    moved = np.flatnonzero(fixed.loading)
    names = fixed.programmes
    activity = rng.standard_normal((len(kind), len(names)))[:, [names.index(p) for p in fixed.programme[moved]]]
    log = math.log(2) * fixed.loading[moved]
    factor = np.exp(activity * log - log**2 / 2)  # of mean one: an activity changes no average
    mean[:, moved] *= np.where(kind[:, None] < len(STATES), factor, 1).astype(np.float32)
    return np.asarray(mean)


def _dealt(cells: int, patients: int, samples: int) -> Array:
    """Deal cells out to samples as evenly as they go."""
    number = patients * samples
    return (cells // number + (np.arange(number) < cells % number)).reshape(patients, samples)


def _categorical(codes: Array, names: Sequence[str]) -> pd.Categorical[str]:
    import pandas as pd

    return pd.Categorical.from_codes(codes, pd.Index(names))
