import anndata
import numpy as np
import pandas as pd

from fxyd3 import cells


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
