import anndata
import numpy as np
import pandas as pd
import pytest

from fxyd3 import cells
from fxyd3.cells._tree import branches
from fxyd3.errors import InputError


def test_by_hand() -> None:
    labels = pd.DataFrame({0.1: [1, 1, 1, 1, 1], 0.5: [1, 1, 1, 2, 2], 1.0: [1, 1, 2, 2, 3]})
    found = cells.tree(labels)
    rows = found.set_index(["resolution", "group", "finer", "into"])
    assert rows["cells"].to_dict() == {
        (0.1, 1, 0.5, 1): 3, (0.1, 1, 0.5, 2): 2,
        (0.5, 1, 1.0, 1): 2, (0.5, 1, 1.0, 2): 1, (0.5, 2, 1.0, 2): 1, (0.5, 2, 1.0, 3): 1,
    }  # fmt: skip
    assert rows.loc[(0.5, 1, 1.0, 2), "share"] == 0.5  # made of two groups
    assert rows.loc[(0.5, 1, 1.0, 1), "share"] == 1


def test_every_cell_is_followed_once(prepared: anndata.AnnData) -> None:
    labels = cells.stability(prepared, n_subsamples=2).labels
    found = cells.tree(labels)
    assert (found.groupby("resolution")["cells"].sum() == prepared.n_obs).all()
    np.testing.assert_allclose(found.groupby(["finer", "into"])["share"].sum(), 1)


def test_how_well_groups_hold_by_hand() -> None:
    labels = pd.DataFrame({0.1: [1, 1, 1, 1, 1], 0.5: [1, 1, 1, 2, 2], 1.0: [1, 1, 2, 2, 3]})
    found = branches(labels).set_index(["resolution", "group"])
    assert found["cells"].to_dict() == {
        (0.1, 1): 5, (0.5, 1): 3, (0.5, 2): 2, (1.0, 1): 2, (1.0, 2): 2, (1.0, 3): 1,
    }  # fmt: skip
    assert found.loc[(0.1, 1), "held"] == pytest.approx(((1 + 1) / 2**2 + (1 + 1 + 1) / 3**2) / 2)
    assert found.loc[(0.5, 1), "held"] == pytest.approx((3 / 5 + (1 + 1 / 2) / 2**2) / 2)
    assert found.loc[(1.0, 2), "held"] == pytest.approx((2 / 5 + (1 / 3 + 1 / 2) / 2**2) / 2)


def test_groups_that_are_the_same_everywhere_hold_wholly_in_any_order_of_cells() -> None:
    labels = pd.DataFrame({r: [1, 1, 2, 2, 3] for r in (0.1, 0.2, 0.3)})
    assert (branches(labels)["held"] == 1).all()
    mixed = labels.iloc[[4, 0, 2, 1, 3]].assign(more=[1, 1, 2, 2, 2])
    pd.testing.assert_frame_equal(branches(mixed), branches(mixed.sample(frac=1, random_state=0)))
    pd.testing.assert_frame_equal(cells.tree(mixed), cells.tree(mixed.sample(frac=1, random_state=0)))


@pytest.mark.parametrize("labels", [pd.DataFrame({0.1: [1, 2]}), pd.DataFrame({0.1: [], 0.2: []})])
def test_nothing_to_follow(labels: pd.DataFrame) -> None:
    for each in (cells.tree, branches):
        with pytest.raises(InputError, match="give some cells at 2 or more resolutions"):
            each(labels)
