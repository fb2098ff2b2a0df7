"""What the purity of a sort does to a frequency."""

import numpy as np
import pytest

from fxyd3.enrichment import fold_seen
from fxyd3.errors import InputError


def test_a_sort_as_pure_as_the_tumour_enriches_nothing() -> None:
    assert fold_seen(4, 0.12, share=0.12) == pytest.approx(1)


def test_a_pure_sort_shows_the_whole_enrichment_and_positive_and_negative_cells_make_up_the_tumour() -> None:
    pure, none = fold_seen(4, [1, 0], share=0.12)
    assert pure == pytest.approx(4)
    assert 0.12 * pure + 0.88 * none == pytest.approx(1)


def test_cells_counted_one_by_one_show_the_same() -> None:
    """A tumour of 100,000 cells, dealt by hand into a tube that is 70% pure."""
    rng = np.random.default_rng(1)
    positive = np.repeat([True, False], [20_000, 80_000])
    stem = rng.random(100_000) < np.where(positive, 0.30, 0.02)
    tube = np.concatenate([rng.choice(np.flatnonzero(positive), 14_000), rng.choice(np.flatnonzero(~positive), 6_000)])
    fold = stem[positive].mean() / stem.mean()
    assert stem[tube].mean() / stem.mean() == pytest.approx(float(fold_seen(fold, 0.7, share=0.2)), rel=0.05)


@pytest.mark.parametrize(
    ("fold", "purity", "share", "message"),
    [(4, 0.5, 0.0, "share of positive"), (4, 80, 0.1, "not a percentage"), (11, 0.5, 0.1, "at most 10 times")],
)
def test_what_cannot_be_is_refused_in_one_sentence(fold: float, purity: float, share: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fold_seen(fold, purity, share=share)
