"""The figures of dose response by their data and labels, not by their pixels."""

import numpy as np
import pandas as pd
import pytest

from fxyd3.data.simulate import viability_plates
from fxyd3.plots._dose import clinical_band, dose_response, gr_against_viability
from fxyd3.rescue._gr import gr_metrics, gr_table, gr_values
from fxyd3.rescue._hill import HillFit, fit_hill
from fxyd3.rescue._quality import normalise

LABEL = "Simulated data (twin)"


@pytest.fixture(scope="module")
def plates() -> pd.DataFrame:
    return viability_plates(seed=1).table


def fitted(plates: pd.DataFrame, drug: str) -> tuple[dict[str, HillFit], pd.DataFrame]:
    wells = normalise(plates).wells
    own = wells[wells["plate"].str.startswith(drug) & wells["role"].isin(["control", "drug"])]
    fits = {str(name): fit_hill(each["dose_nM"], each["viability"], experiment=each["plate"])
            for name, each in own.groupby("cells")}  # fmt: skip
    return fits, own


def test_curves_and_points_are_those_fitted_and_controls_stand_at_zero(plates: pd.DataFrame) -> None:
    fits, wells = fitted(plates, "chemotherapy")
    axes = dose_response(fits, wells, label=LABEL)
    assert LABEL in [text.get_text() for text in axes.figure.texts]
    drawn = {str(line.get_label()): np.asarray(line.get_xydata()) for line in axes.lines}
    for name, fit in fits.items():
        line = next(data for told, data in drawn.items() if told.startswith(f"{name}: EC50"))
        np.testing.assert_allclose(line[:, 1], 100 * fit.predict(line[:, 0]))
    points = [np.asarray(line.get_ydata()) for line in axes.lines if line.get_linestyle() == "None"]
    means = wells[wells["cells"] == "other"].groupby(["plate", "dose_nM"])["viability"].mean()
    assert any(len(each) == len(means) and np.allclose(np.sort(each), np.sort(100 * means)) for each in points)
    assert axes.get_xticklabels()[0].get_text() == "0"
    assert axes.get_xticks()[0] < wells.loc[wells["dose_nM"] > 0, "dose_nM"].min()
    assert "//" in [text.get_text() for text in axes.texts]


def test_clinical_ranges_are_drawn_where_they_lie_and_named(plates: pd.DataFrame) -> None:
    fits, wells = fitted(plates, "glycoside")
    axes = dose_response(fits, wells, label=LABEL, clinical={"digoxin": (0.64, 2.56)})
    clinical_band(axes, drug="digitoxin", nM=(18.3, 34.0))
    bands = [patch.get_window_extent() for patch in axes.patches if patch.get_gid() == "clinical"]
    ends = [axes.transData.inverted().transform([(box.x0, box.y0), (box.x1, box.y1)])[:, 0] for box in bands]
    np.testing.assert_allclose(ends, [(0.64, 2.56), (18.3, 34.0)])
    told = {text.get_text() for text in axes.texts}
    assert {"digoxin in plasma, 0.64–2.56 nM", "digitoxin in plasma, 18.3–34 nM"} <= told


def test_a_flat_curve_is_drawn_flat_and_called_so() -> None:
    doses = np.repeat([0.0, 1, 10, 100, 1000], 4)
    y = 1 + 0.05 * np.random.default_rng(1).normal(size=doses.size)
    fit = fit_hill(doses, y)
    wells = pd.DataFrame({"cells": "a", "plate": "p", "dose_nM": doses, "viability": y})
    axes = dose_response({"a": fit}, wells, label=LABEL)
    line = next(line for line in axes.lines if line.get_label() == f"a: {fit.shape}")
    assert np.ptp(line.get_ydata()) == 0


def test_viability_and_growth_rate_stand_beside_each_other(plates: pd.DataFrame) -> None:
    fits, _ = fitted(plates, "chemotherapy")
    table = gr_table(plates)
    values = gr_values(table[table["agent"] == "chemotherapy"])
    metrics = gr_metrics(values)
    left, right = gr_against_viability(fits, values, metrics, label=LABEL)
    told = [text.get_text() for text in right.get_legend().get_texts()]
    assert told[0] == "ancestral: GR50 not reached"
    assert "GR50" in told[1]
    points = next(np.asarray(line.get_ydata()) for line in right.lines if line.get_linestyle() == "None")
    np.testing.assert_allclose(points, values.loc[values["cell_line"] == "ancestral", "GRvalue"])
    assert left.get_title(loc="left") == "Viability"
