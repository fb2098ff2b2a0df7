"""The twin: a simulated cohort with known truth, drawn from the tables in ``data/twin``."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from fxyd3.data.simulate.assay import VERSION
from fxyd3.data.simulate.design import ANCESTRAL, FRACTIONS, PROPORTIONS, PULL, STATES, unit
from fxyd3.data.simulate.dials import DIALS
from fxyd3.data.simulate.dials import planted as turned
from fxyd3.errors import InputError
from fxyd3.paths import book_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from anndata import AnnData
    from scipy.sparse import csr_matrix

SIZES = {"tiny": 400, "book": 6_000, "atlas": 200_000}
SMALLEST, LARGEST, PER_PATIENT, MOST_PATIENTS = 200, 1_000_000, 20, 500
BLOCK = 500  # cells drawn at a time, each block from its own seed

OWN_PROGRAMME = ("secretory", "quiescent", "mesenchymal", "hypoxic", "cycling")
QUALITIES = ("intact", "dying", "doublet")
MARKER = ("NRP1", "IGF1R")
SORT_LOG2FC = 2.0  # the sorted marker's own RNA; scaled with dial C1
ARMS = (("before", 0), ("before", 1), ("before", 2), ("after", 2))  # condition, fraction: four samples per patient

# Nuisance: present in every twin, the null included.
PATIENT_SD, PATIENT_SHARE = 0.5, 0.15  # log2, on this share of the genes
BATCH_SD = 0.15  # log2, on every gene
COMPOSITION_SD = 0.3  # log, each state in each sample
STRENGTH_SD = 0.1  # patients show the planted effects more or less strongly; zero times anything is still zero
DYING, DOUBLET, AMBIENT = 0.04, 0.05, 0.03
DYING_LIBRARY, DYING_MITO = 0.35, 8.0


@dataclass(frozen=True)
class _Cohort:
    """Everything that is fixed before a single count is drawn."""

    genes: pd.DataFrame
    base: np.ndarray[Any, Any]
    ambient: np.ndarray[Any, Any]
    dispersion: np.ndarray[Any, Any]
    library: tuple[float, float]
    mito: np.ndarray[Any, Any]
    state: np.ndarray[Any, Any]  # states x genes, log2
    sorting: np.ndarray[Any, Any]  # fractions x genes, log2
    patient: np.ndarray[Any, Any]  # patients x genes, log2: patient and batch
    strength: np.ndarray[Any, Any]  # patients
    batch: np.ndarray[Any, Any]  # patients
    mixture: np.ndarray[Any, Any]  # patients x arms x states
    expected: np.ndarray[Any, Any]  # arms x states: the mixture without patient and sample noise

    def shares(self, patient: int, fraction: int, state: int) -> np.ndarray[Any, Any]:
        """Return the expected share of each gene in one patient's cells of one fraction and state."""
        log2 = self.patient[patient] + self.strength[patient] * (self.state[state] + self.sorting[fraction])
        return unit(self.base * np.exp2(log2))


def twin(
    size: str | int = "book",
    *,
    seed: int = 1,
    null: bool = False,
    effect: Mapping[str, float] | None = None,
    patients: int = 6,
) -> AnnData:
    """Simulate a cohort of triple-negative tumours whose truth is known.

    Real gene names, mean shares, dispersions and library sizes (fitted to the epithelial cells of one tumour; see
    ``data/twin/README.md``); simulated cells. Each patient gives four samples: two sorted fractions (NRP1-high,
    IGF1R-high) and unsorted cells before treatment, and unsorted cells after it. Counts are negative binomial. The
    seed changes the patients and the cells; the biology, which genes mark which state, stays.

    Parameters
    ----------
    size
        "tiny" (400 cells), "book" (6,000), "atlas" (200,000), or a number of cells from 200 to 1,000,000.
    seed
        Same seed, same bytes.
    null
        Plant nothing: state labels mean nothing, while patients, batches, ambient RNA, dying cells and doublets stay.
    effect
        Multiples of the planted effects by claim, such as ``{"C5": 0.5}``. The dials are in `DIALS`: C1 to C5. C8
        (residual cells are FXYD3-high) has no dial, since it follows from C4 and C5.
    patients
        How many; at least 20 cells each. Two batches: patients 1, 3, 5, ... and 2, 4, 6, ...

    Returns
    -------
    AnnData
        ``X``: raw counts (CSR, float32, one index dtype). ``obs``: patient, sample, batch, condition ("before",
        "after"), fraction, truth_state, truth_ancestral, truth_quality ("intact", "dying", "doublet"; the truth of a
        doublet is that of its first cell). ``var``: ``truth_log2fc_STATE`` (planted, in patients of average strength,
        before dividing by the library size). ``uns["twin"]``: what was asked for. ``uns["truth"]``: what was planted.

    Raises
    ------
    InputError
        If the size, the seed, the number of patients or an effect is impossible, or a claim has no dial.

    Notes
    -----
    When not to use: to learn anything about tumours. Easier than life: no stroma or immune cells, no copy-number
    clones, independent genes within a state, and the same dispersion in every cell.

    Source of the calibration: Wu 2021, doi:10.1038/s41588-021-00911-1.
    """
    import pandas as pd
    from anndata import AnnData
    from scipy.sparse import csr_matrix, vstack

    cells = _cells(size)
    planted = turned(null=null, effect=effect)
    if not _whole(seed) or seed < 0:
        raise InputError(f"The twin's seed is {seed!r}; give a whole number, zero or more.")
    most = min(cells // PER_PATIENT, MOST_PATIENTS)
    if not _whole(patients) or not 1 <= patients <= most:
        raise InputError(
            f"A twin of {cells:,} cells cannot have {patients!r} patients; "
            f"give a whole number from 1 to {most} (each needs at least {PER_PATIENT} cells)."
        )
    for_cohort, for_cells, for_counts = np.random.SeedSequence(int(seed)).spawn(3)
    cohort = _cohort(planted, patients, np.random.default_rng(for_cohort))
    obs = _annotate(cohort, cells, np.random.default_rng(for_cells))
    blocks: list[csr_matrix] = [
        _counts(cohort, {k: v[start : start + BLOCK] for k, v in obs.items()}, np.random.default_rng(child))
        for start, child in zip(range(0, cells, BLOCK), for_counts.spawn(math.ceil(cells / BLOCK)), strict=True)
    ]
    names = [f"P{i + 1}" for i in range(patients)]
    samples = [f"{name}-{condition}-{FRACTIONS[fraction]}" for name in names for condition, fraction in ARMS]
    adata = AnnData(
        X=csr_matrix(vstack(blocks, format="csr")),
        obs=pd.DataFrame(
            {
                "patient": _categorical(obs["patient"], names),
                "sample": _categorical(obs["patient"] * len(ARMS) + obs["arm"], samples),
                "batch": _categorical(cohort.batch[obs["patient"]], ["batch-1", "batch-2"][:patients]),
                "condition": _categorical((obs["arm"] == len(ARMS) - 1).astype(int), ["before", "after"]),
                "fraction": _categorical(obs["fraction"], FRACTIONS),
                "truth_state": _categorical(obs["state"], STATES),
                "truth_ancestral": ANCESTRAL[obs["state"]],
                "truth_quality": _categorical(obs["quality"], QUALITIES),
            },
            index=pd.Index([f"cell-{i + 1:07d}" for i in range(cells)]),
        ),
        var=pd.DataFrame(
            {f"truth_log2fc_{state}": cohort.state[i] for i, state in enumerate(STATES)},
            index=pd.Index(cohort.genes.index.to_numpy(dtype=str)),
        ),
    )
    adata.uns["twin"] = {
        "simulated": True,
        "version": VERSION,
        "size": size if isinstance(size, str) else cells,
        "cells": cells,
        "seed": int(seed),
        "null": null,
        "effect": {claim: float(value) for claim, value in (effect or {}).items()},
        "patients": patients,
    }
    adata.uns["truth"] = _truth(cohort, planted)
    return adata


def _cells(size: str | int) -> int:
    if isinstance(size, str):
        if size not in SIZES:
            raise InputError(f"There is no twin of size {size!r}; use {', '.join(SIZES)} or a number of cells.")
        return SIZES[size]
    if not _whole(size) or not SMALLEST <= size <= LARGEST:
        raise InputError(f"The twin's size is {size!r}; give a whole number from {SMALLEST} to {LARGEST:,} cells.")
    return int(size)


@cache
def _tables() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    import pandas as pd

    folder = book_file("data", "twin")
    genes, libraries, programmes = (
        pd.read_csv(folder / f"{name}.csv", index_col=0, keep_default_na=False)
        for name in ("genes", "libraries", "programmes")
    )
    return genes, libraries, programmes


def _cohort(planted: Mapping[str, float], patients: int, rng: np.random.Generator) -> _Cohort:
    genes, libraries, table = _tables()
    n = len(genes)
    programmes = {}
    for name, rows in table.groupby("programme"):
        log2fc = np.zeros(n)
        log2fc[genes.index.get_indexer(rows.index)] = rows["log2fc"]
        programmes[str(name)] = log2fc
    state = planted["C2"] * np.array([programmes[name] for name in OWN_PROGRAMME])
    state[ANCESTRAL] += planted["C3"] * programmes["progenitor"]
    state[ANCESTRAL, genes.index.get_loc("FXYD3")] += planted["C5"]
    sort = np.zeros((len(FRACTIONS), n))
    for i, marker in enumerate(MARKER):
        sort[i, genes.index.get_loc(marker)] = SORT_LOG2FC * planted["C1"] / DIALS["C1"].default

    mu, sigma = (float(libraries[column].iloc[0]) for column in ("mu", "sigma"))  # the first row: epithelial cells
    batch = np.arange(patients) % 2
    touched = rng.random((patients, n)) < PATIENT_SHARE
    patient = rng.normal(0, PATIENT_SD, (patients, n)) * touched + rng.normal(0, BATCH_SD, (2, n))[batch]
    strength = np.maximum(rng.normal(1, STRENGTH_SD, patients), 0.3)
    noise = rng.normal(0, COMPOSITION_SD, (patients, len(ARMS), len(STATES)))
    # log weight of ancestral states: the pull of the sort, and survival where the sample was taken after treatment
    pull = np.array([planted["C1"] * PULL[f] + planted["C4"] * (condition == "after") for condition, f in ARMS])
    shift = pull[:, None] * ANCESTRAL
    return _Cohort(
        genes=genes,
        base=unit(genes["epithelial"].to_numpy()),
        ambient=unit(genes["all_cells"].to_numpy()),
        dispersion=genes["dispersion"].to_numpy(),
        library=(mu, sigma),
        mito=genes.index.str.startswith("MT-"),
        state=state,
        sorting=sort,
        patient=patient,
        strength=strength,
        batch=batch,
        mixture=unit(PROPORTIONS * np.exp(strength[:, None, None] * shift + noise)),
        expected=unit(PROPORTIONS * np.exp(shift)),
    )


def _annotate(cohort: _Cohort, cells: int, rng: np.random.Generator) -> dict[str, np.ndarray[Any, Any]]:
    """Draw what each cell is; cells stand in the order of their samples."""
    samples = len(cohort.strength) * len(ARMS)
    patient, arm = np.divmod(np.sort(np.arange(cells) % samples), len(ARMS))
    ladder = cohort.mixture[patient, arm].cumsum(axis=1)[:, :-1]
    mu, sigma = cohort.library
    quality = np.searchsorted([1 - DYING - DOUBLET, 1 - DOUBLET], rng.random(cells), side="right")
    return {
        "patient": patient,
        "arm": arm,
        "fraction": np.array([fraction for _, fraction in ARMS])[arm],
        "state": (rng.random((cells, 1)) > ladder).sum(axis=1),
        "partner": (rng.random((cells, 1)) > ladder).sum(axis=1),
        "quality": quality,
        "library": rng.lognormal(mu, sigma, cells) * np.where(quality == 1, DYING_LIBRARY, 1.0),
        "partner_library": rng.lognormal(mu, sigma, cells),
    }


def _counts(cohort: _Cohort, cell: Mapping[str, np.ndarray[Any, Any]], rng: np.random.Generator) -> csr_matrix:
    """Draw the counts of one block of cells: own RNA, the second cell of a doublet, ambient RNA."""
    from scipy.sparse import csr_matrix

    shape = (1 / cohort.dispersion).astype(np.float32)

    def draw(mean: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        mean *= rng.standard_gamma(shape, mean.shape, dtype=np.float32) / shape
        return rng.poisson(mean).astype(np.float32)

    counts = draw(_means(cohort, cell, cell["state"], cell["library"]))
    doublet = np.flatnonzero(cell["quality"] == 2)
    second = {name: values[doublet] for name, values in cell.items()}
    counts[doublet] += draw(_means(cohort, second, second["partner"], second["partner_library"]))
    own = csr_matrix(counts)
    soup = rng.poisson(AMBIENT * cell["library"])
    gene = np.searchsorted(cohort.ambient.cumsum()[:-1], rng.random(soup.sum()), side="right")
    row = np.repeat(np.arange(len(soup)), soup)
    return csr_matrix(own + csr_matrix((np.ones(len(gene), np.float32), (row, gene)), shape=own.shape))


def _means(
    cohort: _Cohort,
    cell: Mapping[str, np.ndarray[Any, Any]],
    state: np.ndarray[Any, Any],
    library: np.ndarray[Any, Any],
) -> np.ndarray[Any, Any]:
    keys = np.column_stack([cell["patient"], cell["fraction"], state, cell["quality"] == 1])
    groups, which = np.unique(keys, axis=0, return_inverse=True)
    shares = np.zeros((len(groups), len(cohort.base)), np.float32)
    for i, (patient, fraction, s, dying) in enumerate(groups):
        share = cohort.shares(patient, fraction, s)
        shares[i] = unit(share * np.where(cohort.mito, DYING_MITO, 1.0)) if dying else share
    return np.asarray(shares[which] * ((1 - AMBIENT) * library[:, None]).astype(np.float32))


def _truth(cohort: _Cohort, planted: Mapping[str, float]) -> dict[str, Any]:
    """Return what was planted, as nested dictionaries of numbers and text."""
    average = [unit(cohort.base * np.exp2(row)) for row in cohort.state]
    marker = np.array([share[cohort.genes.index.get_loc("FXYD3")] for share in average])
    implied = float(np.log2(cohort.expected[3] @ marker / (cohort.expected[2] @ marker)))
    return {
        "effects": {
            **{claim: {**asdict(dial), "value": planted[claim]} for claim, dial in DIALS.items()},
            "C8": {
                "name": "FXYD3 in unsorted cells, after against before",
                "unit": "log2 fold change",
                "value": implied,
                "reason": "follows from C4 and C5, in a patient of average strength",
            },
        },
        "proportions": {
            f"{condition}-{FRACTIONS[fraction]}": dict(zip(STATES, map(float, row), strict=True))
            for (condition, fraction), row in zip(ARMS, cohort.expected, strict=True)
        },
        "relative_survival": {
            state: math.exp(planted["C4"]) if old else 1.0 for state, old in zip(STATES, ANCESTRAL, strict=True)
        },
        "library_shift": {
            state: -float(np.log2(cohort.base @ np.exp2(row))) for state, row in zip(STATES, cohort.state, strict=True)
        },
        "sorting_log2fc": {
            FRACTIONS[i]: {gene: float(cohort.sorting[i, cohort.genes.index.get_loc(gene)])}
            for i, gene in enumerate(MARKER)
        },
        "strength": {f"P{i + 1}": float(value) for i, value in enumerate(cohort.strength)},
        "nuisance": {
            "ambient": AMBIENT,
            "dying": DYING,
            "doublet": DOUBLET,
            "patient_log2_sd": PATIENT_SD,
            "patient_share_of_genes": PATIENT_SHARE,
            "batch_log2_sd": BATCH_SD,
            "composition_log_sd": COMPOSITION_SD,
        },
    }


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _categorical(codes: np.ndarray[Any, Any], names: Sequence[str]) -> pd.Categorical[str]:
    import pandas as pd

    return pd.Categorical.from_codes(codes, pd.Index(names))
