"""The design of the cohort: states, sorted fractions, samples, and who responds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

STATES = ("ancestral-secretory", "ancestral-quiescent", "mesenchymal", "hypoxic", "cycling")
ANCESTRAL = np.array([True, True, False, False, False])
PROPORTIONS = np.array([0.08, 0.07, 0.30, 0.27, 0.28])  # unsorted, before treatment
FRACTIONS = ("NRP1-high", "IGF1R-high", "unsorted")
PULL = np.array([1.1, 0.9, 0.0])  # how strongly each fraction follows dial C1


def ancestral_share(log_odds: float = 0.0) -> float:
    """Return the share of ancestral cells, ``log_odds`` above that of unsorted cells before treatment.

    ``log_odds`` is, for example, ``PULL[fraction] * dials["C1"]`` for a sorted fraction, or ``dials["C4"]`` after
    treatment. Both ancestral states move together, and no state is moved against the others.
    """
    share = float(PROPORTIONS[ANCESTRAL].sum())
    return 1 / (1 + math.exp(-(math.log(share / (1 - share)) + log_odds)))


def unit(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Scale the last axis to sum to one."""
    return np.asarray(x / x.sum(axis=-1, keepdims=True))
