"""Holm's correction against statsmodels, and p values that are missing."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from fxyd3.claims._holm import holm


@pytest.mark.parametrize("n", [1, 2, 7, 50])
def test_it_is_that_of_statsmodels(n: int) -> None:
    p = np.random.default_rng(n).beta(0.3, 1, n).round(2)  # with ties
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])


def test_missing_values_stay_and_do_not_count() -> None:
    p = np.array([0.04, np.nan, 0.01, np.nan, 0.5])
    found = holm(p)
    assert np.isnan(found).tolist() == np.isnan(p).tolist()
    np.testing.assert_allclose(found[~np.isnan(p)], multipletests(p[~np.isnan(p)], method="holm")[1])


def test_nothing_to_correct() -> None:
    assert holm([]).size == 0
    assert np.isnan(holm([np.nan])).all()
