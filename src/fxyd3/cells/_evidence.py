"""What this chapter found, in the form that the claims are judged by."""

import math

from fxyd3.cells._ancestry import Difference, Interval
from fxyd3.cells._sortability import Sortability
from fxyd3.cells._stability import Stability
from fxyd3.claims import Control, Evidence


def evidence_groups(found: Stability, *, scope: str, missing: str = "") -> Evidence:
    """Evidence for C2: the number of stable groups, and the same for one population.

    Examples
    --------
    Few subsamples and two resolutions, so that it is fast:

    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=(), umap=False)
    >>> found = cells.stability(adata, resolutions=(0.2, 0.5), n_subsamples=2, max_cells=200)
    >>> cells.evidence_groups(found, scope="tumour cells").n
    2
    """
    null = sorted(found.null_groups)
    return Evidence(
        claim="C2",
        estimate=float(found.groups),
        lower=found.lower,
        upper=found.upper,
        n=len(found.subsamples),
        unit="subsamples",
        method="groups found again in subsamples and in halves of the counts, more firmly than in one population",
        scope=scope,
        control=Control("one population, drawn", float(null[len(null) // 2]), float(null[0]), float(null[-1])),
        missing=missing,
        details={"resolution": found.resolution, "cells": found.cells},
    )


def evidence_progenitors(found: Difference | None, *, scope: str, missing: str = "") -> Evidence:
    """Evidence for C3: the difference in progenitor activity over patients, and the same for random genes.

    Examples
    --------
    Without what the test needs there is no interval, and the evidence says why:

    >>> from fxyd3 import cells
    >>> cells.evidence_progenitors(None, scope="sorted cells", missing="there are no patients").missing
    'there are no patients'
    """
    return _over_patients(
        "C3",
        found,
        "progenitor activity of the ancestral groups less that of the others, in standard deviations within patients, "
        "on counts and patients that did not choose the groups",
        "random genes of the same expression",
        scope,
        missing,
    )


def evidence_sortability(found: Sortability | None, *, scope: str, missing: str = "") -> Evidence:
    """Evidence for C5: the area under the ROC curve of the marker over patients, and the same for random genes.

    Examples
    --------
    Without what the test needs there is no interval, and the evidence says why:

    >>> from fxyd3 import cells
    >>> cells.evidence_sortability(None, scope="sorted cells", missing="FXYD3 is not among the genes").missing
    'FXYD3 is not among the genes'
    """
    return _over_patients(
        "C5",
        found,
        "area under the ROC curve of the marker for ancestral cells, which were grouped without it",
        "random genes of the same expression",
        scope,
        missing,
    )


def _over_patients(
    claim: str, found: Difference | Sortability | None, method: str, control: str, scope: str, missing: str
) -> Evidence:
    missing = missing or (found.missing if found else "")
    interval: tuple[float, float, float] | tuple[None, None, None] = (None, None, None)
    if found and not missing:
        interval = found.interval
    return Evidence(
        claim=claim,
        estimate=interval[0],
        lower=interval[1],
        upper=interval[2],
        n=len(found.per_patient) if found else 0,
        unit="patients",
        method=method,
        scope=scope,
        control=_control(control, found.control) if found else None,
        missing=missing,
    )


def _control(what: str, interval: Interval) -> Control | None:
    return None if math.isnan(interval[0]) else Control(what, *interval)
