"""Forest plots of claims show every run, its interval and its verdict."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from fxyd3.claims import load_claims
from fxyd3.plots import VERDICTS, claim_forests


def table(**rows: tuple[str, str, float, float, float, bool]) -> pd.DataFrame:
    """One row for each run: claim, verdict, estimate, lower, upper, simulated."""
    made = pd.DataFrame.from_dict(
        rows, orient="index", columns=["claim", "verdict", "estimate", "lower", "upper", "simulated"]
    )
    made[["control_estimate", "control_lower", "control_upper"]] = np.nan
    return made.rename_axis("run").reset_index()


@pytest.fixture
def found() -> pd.DataFrame:
    return table(
        twin=("C3", "supported", 0.8, 0.6, 1.0, True),
        tumours=("C3", "contradicted", 0.1, -0.1, 0.3, False),
        one=("C3", "not testable", np.nan, np.nan, np.nan, False),
        groups=("C2", "supported", 5.0, 5.0, 5.0, True),
    )


def test_a_claim_has_a_row_for_each_run(found: pd.DataFrame) -> None:
    groups, progenitors = claim_forests(found, label="Simulated and measured data")
    assert groups.get_title(loc="left").startswith("C2")
    assert [text.get_text() for text in progenitors.get_yticklabels()] == ["twin", "tumours", "one", "groups"]
    assert [text.get_text() for text in progenitors.texts] == ["✔ supported", "✘ contradicted", "– not testable"]
    assert progenitors.get_xlabel() == load_claims()["C3"].scale


def test_points_say_verdict_and_whether_they_are_simulated(found: pd.DataFrame) -> None:
    axes = claim_forests(found, label="Simulated and measured data")[1]
    points = {line.get_xdata()[0]: line for line in axes.lines if line.get_marker() == "o"}
    assert to_hex(points[0.8].get_color()) == VERDICTS["supported"].lower()
    assert to_hex(points[0.1].get_color()) == VERDICTS["contradicted"].lower()
    assert to_hex(points[0.8].get_markerfacecolor()) == "#ffffff"
    assert to_hex(points[0.1].get_markerfacecolor()) == VERDICTS["contradicted"].lower()


def test_the_rule_is_drawn(found: pd.DataFrame) -> None:
    groups, progenitors = claim_forests(found, label="x")
    verticals = {line.get_xdata()[0] for line in progenitors.lines if line.get_linestyle() in (":", "--")}
    assert verticals == {0.0, 0.5}
    assert [round(patch.get_x(), 2) for patch in groups.patches] == [4.5]


def test_without_an_estimate_there_is_no_figure(found: pd.DataFrame) -> None:
    assert claim_forests(found[found["run"] == "one"], label="x") == []
    assert claim_forests(found[:0], label="x") == []
