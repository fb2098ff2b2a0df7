"""The notice on the front page says which part of a book is simulated and which is measured."""

from typing import Any

import pytest

from fxyd3.paths import book_file
from fxyd3.rerun.report import this_run

TWIN = {"source": "twin", "simulated": True, "cells": 6000, "genes": 20000, "select": ""}
TUMOUR = TWIN | {"source": "mine.h5ad", "simulated": False, "select": "donor == 'a'"}
NOTHING = TWIN | {"source": "", "simulated": False, "cells": 0, "genes": 0}
WELLS = {"what": "limiting-dilution table", "source": "wells.csv", "simulated": False, "rows": 60}
SIMULATED_WELLS = WELLS | {"source": "wells-simulated.csv", "simulated": True}
PUBLISHED = book_file("chapters", "this-run.txt").read_text()


def notice(cells: dict[str, Any], *tables: dict[str, Any]) -> str:
    return this_run(cells, {str(i): table for i, table in enumerate(tables)})


@pytest.mark.parametrize("given", [(TWIN,), (TWIN, SIMULATED_WELLS), (NOTHING, SIMULATED_WELLS)])
def test_what_is_simulated_throughout_says_so(given: tuple[dict[str, Any], ...]) -> None:
    assert notice(*given) == PUBLISHED


@pytest.mark.parametrize("given", [(TUMOUR,), (TUMOUR, WELLS), (NOTHING, WELLS)])
def test_what_is_measured_throughout_names_all_of_it(given: tuple[dict[str, Any], ...]) -> None:
    said = notice(*given)
    assert "rerun on measured data" in said
    assert "imulated" not in said
    assert all(part["source"] in said for part in given)
    assert ("No cells were given" in said) is (given[0] is NOTHING)
    assert ("donor == 'a'" in said) is (given[0] is TUMOUR)


@pytest.mark.parametrize(
    ("given", "measured", "simulated"),
    [((TWIN, WELLS), "wells.csv", "twin"), ((TUMOUR, SIMULATED_WELLS), "mine.h5ad", "wells-simulated.csv")],
)
def test_a_mixture_says_which_is_which(given: tuple[dict[str, Any], ...], measured: str, simulated: str) -> None:
    lines = notice(*given).splitlines()
    assert "measured and simulated data" in lines[0]
    assert f"**{measured}**" in next(line for line in lines if line.startswith("Measured:"))
    assert f"**{simulated}**" in next(line for line in lines if line.startswith("**Simulated**"))
