"""Student's interval."""

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fxyd3.claims import t_interval
from fxyd3.errors import InputError

values = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20)


def test_two_values_by_hand() -> None:
    """With one degree of freedom the t quantile is tan(pi (p - 1/2)), here 12.706 at 95%."""
    found = t_interval([1.0, 3.0])
    half = math.tan(math.pi * 0.475) * math.sqrt(2) / math.sqrt(2)
    assert found == pytest.approx((2, 2 - half, 2 + half))


@given(values, st.floats(0.01, 100), st.floats(-100, 100))
def test_it_moves_with_the_values(x: list[float], factor: float, shift: float) -> None:
    plain, moved = t_interval(x), t_interval([factor * v + shift for v in x])
    assert moved == pytest.approx([factor * v + shift for v in plain], rel=1e-6, abs=1e-6)


@given(values, st.randoms(use_true_random=False))
def test_order_does_not_matter(x: list[float], random: Random) -> None:
    turned = list(x)
    random.shuffle(turned)
    assert t_interval(turned) == pytest.approx(t_interval(x), abs=1e-6)


def test_it_covers_the_mean_as_often_as_it_says() -> None:
    rng, runs = np.random.default_rng(1), 4000
    covered = sum(i.lower <= 0 <= i.upper for i in (t_interval(rng.normal(size=4), 0.9) for _ in range(runs)))
    assert covered / runs == pytest.approx(0.9, abs=4 * math.sqrt(0.9 * 0.1 / runs))


def test_equal_values_give_a_point() -> None:
    assert t_interval([2.0, 2.0, 2.0]) == (2.0, 2.0, 2.0)


@pytest.mark.parametrize(
    ("x", "confidence", "said"),
    [
        ([1.0], 0.95, "at least 2"),
        ([], 0.95, "at least 2"),
        ([1.0, math.nan], 0.95, "finite"),
        ([1.0, 2.0], 95, "0 and 1"),
    ],
)
def test_bad_input(x: list[float], confidence: float, said: str) -> None:
    with pytest.raises(InputError, match=said):
        t_interval(x, confidence)
