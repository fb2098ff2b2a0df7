"""The search for a better surface gene: planted winners, luck, and both directions."""

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics import roc_auc_score

from fxyd3.cells._surface import best_surface, surface_genes
from fxyd3.errors import InputError

NOISE = [f"S{i}" for i in range(300)]


def study(*, n: int = 600, fold: dict[str, float] | None = None, seed: int = 0) -> anndata.AnnData:
    """Half the cells ancestral; genes of ``fold`` differ by that factor, 300 others do not differ."""
    rng = np.random.default_rng(seed)
    genes = ["FXYD3", "A", "B", "never", "bulk", *NOISE]
    ancestral = rng.random(n) < 0.5
    mean = np.full((n, len(genes)), 2.0)
    mean[:, genes.index("bulk")] = 3000
    mean[:, genes.index("never")] = 0
    for gene, factor in (fold or {}).items():
        mean[ancestral, genes.index(gene)] *= factor
    counts = csr_matrix(rng.poisson(mean).astype(np.float32))
    own = anndata.AnnData(counts, layers={"test": counts}, var=pd.DataFrame(index=genes))
    own.obs["patient"] = pd.Categorical([f"P{i % 5}" for i in range(n)])
    own.obs["ancestral_train"] = ancestral
    return own


def test_the_list_is_of_surface_proteins() -> None:
    genes = surface_genes()
    assert len(genes) == len(set(genes)) > 700
    assert {"NRP1", "IGF1R", "CD44", "EPCAM", "KIT", "PROM1", "ITGA6", "ATP1A1"} <= set(genes)
    assert not {"FXYD3", "ACTB", "GAPDH", "ALDH1A3", "KRT5"} & set(genes)
    assert list(genes) == sorted(genes)


def test_the_planted_winner_is_found_in_every_patient() -> None:
    found = best_surface(study(fold={"FXYD3": 1.5, "A": 2.5}), candidates=["A", "B", *NOISE])
    assert set(found.per_patient["gene"]) == {"A"}
    assert found.difference[2] < 0
    assert found.candidates == 302
    assert found.ranking.index[0] == "A"


def test_the_marker_wins_where_it_is_the_better_one() -> None:
    found = best_surface(study(fold={"FXYD3": 2.5, "A": 1.5}), candidates=["A", *NOISE])
    assert found.difference[1] > 0
    difference = found.per_patient["marker"] - found.per_patient["best"]
    assert found.difference[0] == pytest.approx(difference.mean())


def test_luck_does_not_carry_over_to_the_patient_left_out() -> None:
    """Nothing differs: the best of 300 flatters itself, but not in a patient that did not choose it."""
    best, flattered = [], []
    for seed in range(8):
        found = best_surface(study(seed=seed), candidates=NOISE)
        best += found.per_patient["best"].tolist()
        flattered.append(found.ranking["auroc"].iloc[0])
    assert abs(np.mean(best) - 0.5) < 3 * np.std(best, ddof=1) / np.sqrt(len(best))
    assert min(flattered) > 0.55


def test_a_gene_may_sort_by_its_absence_but_the_marker_must_be_high() -> None:
    found = best_surface(study(fold={"A": 0.3, "FXYD3": 0.3}), candidates=["A", *NOISE])
    assert set(found.per_patient["kept"]) == {"low"}
    assert found.best[1] > 0.6
    assert found.marker[2] < 0.4
    assert found.ranking.loc["FXYD3", "kept"] == "high"


def test_areas_are_those_of_scikit_learn_on_the_test_half() -> None:
    own = study(fold={"A": 2})
    found = best_surface(own, candidates=["A"])
    here = (own.obs["patient"] == "P0").to_numpy()
    counts = own.layers["test"][here].toarray()
    total = counts.sum(axis=1)
    area = roc_auc_score(own.obs["ancestral_train"][here], counts[:, own.var_names.get_loc("A")] / total)
    assert found.per_patient.loc["P0", "best"] == pytest.approx(area, abs=1e-6)


def test_genes_of_the_signature_stay_and_are_marked() -> None:
    ranking = best_surface(study(), candidates=["A", "B"], signature=["B"]).ranking
    assert ranking["in_signature"].to_dict() == {"FXYD3": False, "A": False, "B": True}


def test_genes_without_counts_are_left_out_and_order_does_not_matter() -> None:
    own = study(fold={"A": 2})
    one = best_surface(own, candidates=["A", "never", "absent", *NOISE])
    two = best_surface(own[::-1].copy(), candidates=[*NOISE, "absent", "A"])
    assert one.candidates == two.candidates == 301
    pd.testing.assert_frame_equal(one.per_patient, two.per_patient)


def test_two_patients_are_described_not_tested() -> None:
    own = study()
    found = best_surface(own[own.obs["patient"].isin(["P0", "P1"])].copy(), candidates=["A"])
    assert "at least 3" in found.missing
    assert len(found.per_patient) == 2
    assert np.isnan(found.difference[0])


def test_nothing_ancestral_is_missing_not_an_error() -> None:
    own = study()
    own.obs["ancestral_train"] = False
    assert "nothing to sort" in best_surface(own, candidates=["A"]).missing


def test_bad_input() -> None:
    own = study()
    with pytest.raises(InputError, match="NOGENE is not among"):
        best_surface(own, marker="NOGENE")
    with pytest.raises(InputError, match="none of the 1 surface genes"):
        best_surface(own, candidates=["absent"])
    with pytest.raises(InputError, match="none of the"):
        best_surface(own)
    del own.obs["ancestral_train"]
    with pytest.raises(InputError, match="run progenitor_difference first"):
        best_surface(own)
