"""The steps of the tolerance chapter that grow with the cells, on one file of cells with their groups.

``python -m benchmarks.tolerance make FILE CELLS`` writes the file, as chapter 3 leaves it; ``... run FILE`` prints the
seconds of each step as JSON, reading included.
"""

import json
import sys
import time
from pathlib import Path

import anndata
import numpy as np

from fxyd3 import tolerance
from fxyd3.cells import cell_cycle, normalise
from fxyd3.data.simulate import twin
from fxyd3.data.simulate.design import ANCESTRAL, STATES

OLD = [name for name, ancestral in zip(STATES, ANCESTRAL, strict=True) if ancestral]
TUMOUR = 0.72  # share of the cells of a twin that are unsorted tumour cells, where none are sorted


def make(path: Path, cells: int) -> None:
    """Write so many unsorted tumour cells of a twin, with their planted states for groups and a barcode."""
    study = twin(round(cells / TUMOUR), sorted_cells=0)
    study = study[study.obs["truth_type"] == "tumour"][:cells].copy()
    study.obs["cluster"] = study.obs["truth_state"].astype(str)
    study.obs["ancestral"] = study.obs["cluster"].isin(OLD)
    rng = np.random.default_rng(1)
    study.obs["barcode"] = [f"B{i}" for i in rng.integers(0, 2000, study.n_obs)]
    normalise(study)
    cell_cycle(study)
    study.write_h5ad(path, compression="lzf")


def run(path: Path) -> dict[str, float]:
    """Run persister signatures, before and after treatment, and lineages; seconds by step."""
    seconds: dict[str, float] = {}

    def step(name: str, work):  # type: ignore[no-untyped-def]
        started = time.perf_counter()
        found = work()
        seconds[name] = round(time.perf_counter() - started, 1)
        return found

    cells, _, lacking = step("reading", lambda: tolerance.compared_cells(anndata.read_h5ad(path)))
    if lacking:
        raise SystemExit(lacking)
    by = ["patient", "condition"]
    activity = step("signatures", lambda: tolerance.signature_activity(cells, tolerance.persister_sets(), by=by))
    step("agreement", lambda: tolerance.signature_agreement(activity))
    step("cell cycle", lambda: tolerance.cycle_confounding(cells, found=activity))
    step(
        "change of signatures", lambda: tolerance.signature_change(activity, cycle=cells.obs[["S_score", "G2M_score"]])
    )
    table = tolerance.state_counts(cells)
    step("composition", lambda: tolerance.composition_change(table))
    step("survival", lambda: tolerance.ancestral_survival(table, ancestral=OLD))
    step("expression", lambda: tolerance.paired_expression(cells))
    step("FXYD3", lambda: tolerance.residual_change(cells))
    step("its parts", lambda: tolerance.decompose_change(cells, state="cluster"))
    step("other explanations", lambda: tolerance.neighbours(cells))
    names = {"barcode": "barcode", "condition": "condition", "experiment": "patient", "state": "cluster"}
    clones = step("table of lineages", lambda: tolerance.lineage_table(cells.obs, **names)).table
    step("diversity", lambda: tolerance.lineage_diversity(clones))
    step("shared clones", lambda: tolerance.shared_barcodes(clones))
    step("selection", lambda: tolerance.selection_coefficient(clones, ancestral=OLD[0]))
    return {"cells": cells.n_obs, **seconds}


if __name__ == "__main__":
    file = Path(sys.argv[2])
    if sys.argv[1] == "make":
        make(file, int(sys.argv[3]))
    else:
        print(json.dumps(run(file)))
