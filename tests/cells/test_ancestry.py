import math

import anndata
import numpy as np
import pandas as pd
import pytest

from fxyd3 import cells
from fxyd3.errors import InputError

SIGNATURE = [f"SIG{i}" for i in range(30)]
Halved = tuple[anndata.AnnData, cells.HeldOut]


def test_planted_groups_are_named(prepared: anndata.AnnData) -> None:
    own = prepared.copy()
    cells.signature(own, SIGNATURE, name="planted")
    table = cells.ancestry(own)
    assert table["ancestral"].sum() == 2
    assert (own.obs["ancestral"] == own.obs["truth"].isin(["0", "1"])).mean() > 0.95
    assert (table["lower"] < table["upper"]).all()
    assert (table["patients"] == 4).all()


def test_by_hand() -> None:
    study = anndata.AnnData(np.zeros((4, 1), dtype=np.float32))
    study.obs["cluster"] = pd.Categorical(["1", "1", "2", "3"])
    study.obs["signature"] = [0.0, 2.0, 5.0, 3.0]
    table = cells.ancestry(study, n_ancestral=1, min_cells=1)
    assert table["activity"].tolist() == [1.0, 5.0, 3.0]
    assert study.obs["ancestral"].tolist() == [False, False, True, False]
    assert not cells.ancestry(study, n_ancestral=3)["ancestral"].any()


def test_bad_input(prepared: anndata.AnnData) -> None:
    with pytest.raises(InputError, match="n_ancestral is 0"):
        cells.ancestry(prepared.copy(), n_ancestral=0)
    with pytest.raises(InputError, match="no 'signature'"):
        cells.ancestry(prepared.copy())


def test_difference_is_found_and_the_control_is_small(halved: Halved) -> None:
    own = halved[0].copy()
    found = cells.progenitor_difference(own, SIGNATURE, n_control=5)
    assert found.missing == ""
    assert len(found.per_patient) == 4
    assert found.interval[1] > 0.5
    assert abs(found.control[0]) < found.interval[0] / 3
    assert (own.obs["ancestral_train"] == own.obs["truth"].isin(["0", "1"])).mean() > 0.9


def test_no_signature_no_difference(halved: Halved) -> None:
    """Shuffling the test half over the cells of a patient leaves nothing to find, whatever named the groups."""
    own = halved[0].copy()
    rng = np.random.default_rng(0)
    order = np.arange(own.n_obs)
    for name in own.obs["patient"].cat.categories:
        here = np.flatnonzero(own.obs["patient"] == name)
        order[here] = rng.permutation(here)
    own.layers["test"] = own.layers["test"][order]
    found = cells.progenitor_difference(own, SIGNATURE, n_control=3)
    assert found.interval[1] < 0 < found.interval[2]


def test_unit_is_the_patient(halved: Halved) -> None:
    """Every cell twice changes neither the difference nor the number of patients."""
    own = halved[0].copy()
    once = cells.progenitor_difference(own, SIGNATURE, n_control=2)
    doubled = anndata.concat([own, own], index_unique="-", merge="same")
    twice = cells.progenitor_difference(doubled, SIGNATURE, n_control=2)
    assert len(twice.per_patient) == len(once.per_patient)
    np.testing.assert_allclose(twice.interval, once.interval, rtol=0.02)


def test_one_patient_is_described_not_tested(halved: Halved) -> None:
    own = halved[0][halved[0].obs["patient"] == "P0"].copy()
    found = cells.progenitor_difference(own, SIGNATURE, n_control=2)
    assert "at least 3" in found.missing
    assert len(found.per_patient) == 1
    assert math.isnan(found.interval[0])


def test_too_few_groups(halved: Halved) -> None:
    found = cells.progenitor_difference(halved[0].copy(), SIGNATURE, n_ancestral=4)
    assert "at least 5 groups" in found.missing


def test_not_split(prepared: anndata.AnnData) -> None:
    with pytest.raises(InputError, match="run regroup first"):
        cells.progenitor_difference(prepared.copy(), SIGNATURE)
