import numpy as np
import pytest

from fxyd3.plots._kinds import kinds_of_survival

LABEL = "Arithmetic, no data"


def test_each_kind_has_the_shape_that_the_text_gives_it() -> None:
    axes = kinds_of_survival(label=LABEL)
    named = {text.get_text() for text in axes.texts}
    assert named == {"sensitive", "tolerant", "persistent", "resistant", "99% killed"}
    slopes = [np.diff(np.log(line.get_ydata())) for line in axes.lines[:4]]
    sensitive, tolerant, persistent, resistant = slopes
    assert np.allclose(sensitive, sensitive[0]), "one rate"
    assert (tolerant > sensitive).all(), "all cells of a tolerant population die more slowly"
    assert persistent[0] < tolerant[0] - 1e-3, "a persistent population first falls nearly as the sensitive one"
    assert persistent[-1] == pytest.approx(tolerant[-1], rel=0.1), "and in the end nearly as slowly as the tolerant one"
    assert (resistant > 0).all()
    assert len({line.get_linestyle() for line in axes.lines[:4]}) == 4, "colour is not the only signal"
    assert LABEL in axes.figure.get_supxlabel()
