"""Published gene sets are read by name."""

import pytest

from fxyd3.data import gene_set
from fxyd3.errors import InputError


def test_published_set() -> None:
    genes = gene_set("LIM_MAMMARY_LUMINAL_PROGENITOR_UP")
    assert len(genes) == 58
    assert {"KIT", "ELF5"} <= set(genes)
    assert "FXYD3" not in genes


def test_an_unknown_set_is_told_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"did you mean 'LIM_MAMMARY_LUMINAL_MATURE_UP'.*choose one of"):
        gene_set("LIM_MAMMARY_LUMINAL_MATURE")
