"""The cohort: everything that is fixed before a single count is drawn."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from fxyd3.data.simulate.design import ANCESTRAL, ARMS, FRACTIONS, OTHERS, PULL, RATES, STATES, Array, Design, unit
from fxyd3.data.simulate.dials import DIALS
from fxyd3.paths import book_file

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("genes", "libraries", "activities", "programmes")  # in data/twin
OWN_PROGRAMME = ("secretory", "quiescent", "mesenchymal", "hypoxic", "cycling")
MARKER = ("NRP1", "IGF1R")
SORT_LOG2FC = 2.0  # the sorted marker's own RNA; scaled with dial C1

# Nuisance: present in every twin, the null included.
PATIENT_SD, PATIENT_SHARE = 0.5, 0.15  # log2, on this share of the genes
BATCH_SD = 0.15  # log2, on every gene
COMPOSITION_SD = 0.3  # log, each state in each sample
STRENGTH_SD = 0.1  # patients show the planted effects more or less strongly; zero times anything is still zero
LEAST_DISPERSION, LEAST_SHARE = 0.05, 0.001  # the share: counts per 10,000, as in genes.csv


@dataclass(frozen=True)
class Cohort:
    """Patients, profiles and mixtures; kinds of cells are the states, then stroma and immune cells."""

    design: Design
    genes: pd.Index[str]
    profile: Array  # tumour, stroma, immune x genes: mean share
    ambient: Array  # genes: share of the soup
    dispersion: Array  # genes: what is left when the programmes' own variance is taken out
    library: Array  # tumour, stroma, immune x (mu, sigma) of log counts
    mito: Array  # genes
    state: Array  # states x genes, log2
    sorting: Array  # fractions x genes, log2
    programme: Array  # genes: name of the activity that moves the gene, or ""
    loading: Array  # genes: log2 per standard deviation of that activity
    patient: Array  # patients x genes, log2: patient and batch
    strength: Array  # patients
    batch: Array  # patients
    expected: Array  # arms x states: tumour cells, without patient and sample noise
    mixture: Array  # patients x arms x kinds

    def shares(self, patient: int, fraction: int, kind: int) -> Array:
        """Return the expected share of each gene in one patient's cells of one fraction and kind."""
        log2 = self.patient[patient]
        if kind < len(STATES):
            log2 = log2 + self.strength[patient] * (self.state[kind] + self.sorting[fraction])
        return unit(self.profile[max(kind - len(STATES) + 1, 0)] * np.exp2(log2))

    @property
    def programmes(self) -> list[str]:
        """Names of the activities, in the order in which they are drawn."""
        return sorted({str(name) for name in self.programme} - {""})


@lru_cache(maxsize=2)
def cohort(design: Design) -> Cohort:
    """Draw the cohort of a design: the same design, the same cohort, in any process."""
    rng = np.random.default_rng(np.random.SeedSequence(design.seed).spawn(3)[0])
    genes, libraries, activities, table = _tables()
    n, patients, planted = len(genes), design.patients, design.dials
    own = {str(name): _placed(rows["log2fc"], genes.index) for name, rows in table.groupby("programme")}
    state = planted["C2"] * np.array([own[name] for name in OWN_PROGRAMME])
    state[ANCESTRAL] += planted["C3"] * own["progenitor"]
    state[ANCESTRAL, genes.index.get_loc("FXYD3")] += planted["C5"]
    sorting = np.zeros((len(FRACTIONS), n))
    for i, marker in enumerate(MARKER):
        sorting[i, genes.index.get_loc(marker)] = SORT_LOG2FC * planted["C1"] / DIALS["C1"].default

    batch = np.arange(patients) % 2
    touched = rng.random((patients, n)) < PATIENT_SHARE
    patient = rng.normal(0, PATIENT_SD, (patients, n)) * touched + rng.normal(0, BATCH_SD, (2, n))[batch]
    strength = np.maximum(rng.normal(1, STRENGTH_SD, patients), 0.3)
    noise = rng.normal(0, COMPOSITION_SD, (patients, len(ARMS), len(STATES)))
    # log weight of ancestral states: the pull of the sort, and survival where the sample was taken after treatment
    shift = np.array([planted["C1"] * PULL[f] + planted["C4"] * (when == "after") for when, f in ARMS])[:, None]
    shift = shift * ANCESTRAL
    proportions = np.array(design.proportions)
    loading = _placed(activities["loading"], genes.index)
    dispersion = (1 + genes["dispersion"].to_numpy()) / np.exp((math.log(2) * loading) ** 2) - 1
    return Cohort(
        design=design,
        genes=genes.index,
        profile=np.array([_own(genes[name], genes["all_cells"]) for name in ("epithelial", *OTHERS)]),
        ambient=unit(genes["all_cells"].to_numpy()),
        dispersion=np.maximum(dispersion, LEAST_DISPERSION),
        library=libraries.loc[["epithelial", *OTHERS], ["mu", "sigma"]].to_numpy(dtype=float),
        mito=genes.index.str.startswith("MT-"),
        state=state,
        sorting=sorting,
        programme=activities["programme"].reindex(genes.index, fill_value="").to_numpy(dtype=str),
        loading=loading,
        patient=patient,
        strength=strength,
        batch=batch,
        expected=unit(proportions * np.exp(shift)),
        mixture=_mixture(design, unit(proportions * np.exp(strength[:, None, None] * shift + noise))),
    )


def truth(cohort: Cohort) -> dict[str, Any]:
    """Return what was planted, as nested dictionaries of numbers and text."""
    planted = cohort.design.dials
    average = [unit(cohort.profile[0] * np.exp2(row)) for row in cohort.state]
    marker = np.array([share[cohort.genes.get_loc("FXYD3")] for share in average])
    implied = float(np.log2(cohort.expected[3] @ marker / (cohort.expected[2] @ marker)))
    arms = [f"{condition}-{FRACTIONS[fraction]}" for condition, fraction in ARMS]
    return {
        "effects": {
            **{claim: {**asdict(dial), "value": planted[claim]} for claim, dial in DIALS.items()},
            "C8": {
                "name": "FXYD3 in unsorted tumour cells, after against before",
                "unit": "log2 fold change",
                "value": implied,
                "reason": "follows from C4 and C5, in a patient of average strength",
            },
        },
        "proportions": {arm: dict(zip(STATES, map(float, row), strict=True))
                        for arm, row in zip(arms, cohort.expected, strict=True)},
        "tumour_cells": dict(zip(arms, map(float, _tumour(cohort.design)), strict=True)),
        "response": {name: "pCR" if complete else "residual"
                     for name, complete in zip(cohort.design.names, cohort.design.complete, strict=True)},
        "relative_survival": {
            state: math.exp(planted["C4"]) if old else 1.0 for state, old in zip(STATES, ANCESTRAL, strict=True)
        },
        "library_shift": {
            state: -float(np.log2(cohort.profile[0] @ np.exp2(row)))
            for state, row in zip(STATES, cohort.state, strict=True)
        },
        "sorting_log2fc": {
            FRACTIONS[i]: {gene: float(cohort.sorting[i, cohort.genes.get_loc(gene)])}
            for i, gene in enumerate(MARKER)
        },
        "programmes": cohort.programmes,
        "strength": dict(zip(cohort.design.names, map(float, cohort.strength), strict=True)),
        "nuisance": {
            **cohort.design.rate,
            "patient_log2_sd": PATIENT_SD,
            "patient_share_of_genes": PATIENT_SHARE,
            "batch_log2_sd": BATCH_SD,
            "composition_log_sd": COMPOSITION_SD,
        },
    }  # fmt: skip


@cache
def _tables() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    import pandas as pd

    genes, libraries, activities, programmes = (
        pd.read_csv(book_file("data", "twin", f"{name}.csv"), index_col=0, keep_default_na=False) for name in TABLES
    )
    return genes, libraries, activities, programmes


def _own(share: pd.Series[float], soup: pd.Series[float]) -> Array:
    """Take out of the real cells' mean share the ambient RNA that they carry too, or the twin would have it twice."""
    return unit(np.maximum(share.to_numpy() - RATES["ambient"] * soup.to_numpy(), LEAST_SHARE))


def _placed(values: pd.Series[float], genes: pd.Index[str]) -> Array:
    """Spread the values of some genes over all genes; zero elsewhere."""
    placed = np.zeros(len(genes))
    placed[genes.get_indexer(values.index)] = values
    return placed


def _tumour(design: Design) -> Array:
    """Return the share of tumour cells in each arm; a residue holds fewer of them than the tumour it is left from."""
    rate = design.rate
    share = 1 - rate["stroma"] - rate["immune"]
    return np.array([share**2 if when == "after" else share if f == 2 else 1 - rate["impurity"] for when, f in ARMS])


def _mixture(design: Design, states: Array) -> Array:
    """Join tumour states and other kinds of cells; after complete response there are no tumour cells."""
    others = np.array([design.rate[name] for name in OTHERS])
    others = unit(others) if others.any() else np.full(len(OTHERS), 1 / len(OTHERS))
    tumour = np.tile(_tumour(design), (design.patients, 1))
    after = np.array([when == "after" for when, _ in ARMS])
    tumour[np.ix_(design.complete, after)] = 0
    return np.concatenate([tumour[..., None] * states, (1 - tumour)[..., None] * others], axis=-1)
