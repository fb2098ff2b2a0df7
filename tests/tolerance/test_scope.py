"""The cells that are compared, and how they are counted."""

import anndata
import numpy as np
import pandas as pd
import pytest

from fxyd3.errors import InputError
from fxyd3.tolerance._scope import compared_cells, state_counts


@pytest.fixture
def cells() -> anndata.AnnData:
    obs = pd.DataFrame(
        {
            "patient": ["P1", "P1", "P1", "P2", "P2", "P2"],
            "condition": ["before", "after", "before", "before", "after", "later"],
            "fraction": ["unsorted", "unsorted", "NRP1-high", "unsorted", "unsorted", "unsorted"],
            "cluster": pd.Categorical(["1", "2", "1", "1", "1", "2"]),
        },
        index=[f"c{i}" for i in range(6)],
    )
    return anndata.AnnData(np.ones((6, 1), np.float32), obs=obs)


def test_sorted_cells_and_other_conditions_are_left_out(cells: anndata.AnnData) -> None:
    chosen, scope, missing = compared_cells(cells)
    assert chosen is not None
    assert list(chosen.obs_names) == ["c0", "c1", "c3", "c4"]
    assert (scope, missing) == ("unsorted tumour cells before and after treatment", "")


def test_without_a_column_of_fractions_no_cell_was_sorted(cells: anndata.AnnData) -> None:
    del cells.obs["fraction"]
    chosen, scope, _ = compared_cells(cells)
    assert chosen is not None
    assert chosen.n_obs == 5
    assert scope == "tumour cells before and after treatment"


@pytest.mark.parametrize(
    ("spoil", "given", "told"),
    [
        (lambda a: None, {}, "no cells were given"),
        (lambda a: a[:, :].copy(), {"after": "aftr"}, "'aftr', did you mean 'after'?: there are after, before, later"),
        (lambda a: a[a.obs["condition"] == "before"].copy(), {}, "the condition 'after'"),
        (lambda a: a[a.obs["fraction"] == "NRP1-high"].copy(), {}, "unsorted tumour cells with the condition 'before'"),
    ],
)
def test_what_is_missing_is_told_and_is_no_error(cells, spoil, given, told) -> None:  # type: ignore[no-untyped-def]
    chosen, _, missing = compared_cells(spoil(cells), **given)
    assert chosen is None
    assert told.split(":")[0].split(",")[0] in missing


@pytest.mark.parametrize("column", ["condition", "patient"])
def test_a_column_that_is_not_there_is_named(cells: anndata.AnnData, column: str) -> None:
    del cells.obs[column]
    chosen, _, missing = compared_cells(cells)
    assert chosen is None
    assert f"--{column}" in missing


def test_counts_by_hand_whatever_the_order(cells: anndata.AnnData) -> None:
    table = state_counts(cells)
    by_hand = {("P1", "before", "1"): 2, ("P1", "after", "2"): 1, ("P2", "before", "1"): 1, ("P2", "after", "1"): 1,
               ("P2", "later", "2"): 1}  # fmt: skip
    assert {tuple(row[:3]): row[3] for row in table.itertuples(index=False)} == by_hand
    pd.testing.assert_frame_equal(table, state_counts(cells[::-1].copy()))


def test_an_unknown_state_is_one_sentence(cells: anndata.AnnData) -> None:
    with pytest.raises(InputError, match=r"no column 'clusters' in obs.*did you mean 'cluster'"):
        state_counts(cells, state="clusters")
