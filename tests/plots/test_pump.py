"""The figures of the pump by their data and labels, not by their pixels."""

import matplotlib.pyplot as plt
import numpy as np

from fxyd3.plots._pump import MODEL, PARAMETERS, pump_cell, pump_run, pump_sensitivity
from fxyd3.rescue._pump import PumpLeak
from fxyd3.rescue._sensitivity import sensitivity


def told(axes: plt.Axes) -> list[str]:
    return [text.get_text() for text in axes.figure.texts]


def test_a_run_is_drawn_in_four_panels_as_it_stands_in_its_table() -> None:
    cell = PumpLeak()
    runs = {"no drug": cell.run(24).table, "all pumps stopped": cell.run(24, block=1.0).table}
    panels = pump_run(runs)
    assert MODEL in told(panels[0])
    for axes, column in zip(panels, ("sodium_mM", "voltage_mV", "volume", "pump"), strict=True):
        for name, table in runs.items():
            line = next(line for line in axes.lines if line.get_label() == name)
            np.testing.assert_allclose(line.get_xydata(), table[["hours", column]])
    thin = [line for line in panels[0].lines if line.get_linewidth() == 1]
    for line, table in zip(thin, runs.values(), strict=True):
        np.testing.assert_allclose(line.get_ydata(), table["potassium_mM"])
    strokes = [line.get_linestyle() for line in panels[1].lines]
    assert len(set(strokes)) == len(runs)  # told apart without colour
    assert [text.get_text() for text in panels[0].figure.legends[0].get_texts()] == list(runs)


def test_sensitivity_is_drawn_with_the_most_important_parameter_on_top() -> None:
    table = sensitivity(("sodium", "voltage"), samples=64)
    panels = pump_sensitivity(table, label="as given")
    assert "as given" in told(panels[0])
    assert [axes.get_title(loc="left") for axes in panels] == ["sodium", "voltage"]
    names = [tick.get_text() for tick in panels[0].get_yticklabels()]
    assert names[-1] == PARAMETERS[table.groupby("parameter")["total"].max().idxmax()]
    assert names[0] == PARAMETERS["g_cl"]  # which has no effect at rest
    points = next(line for line in panels[0].lines if len(line.get_xdata()) == len(names))
    own = table[table["output"] == "sodium"]
    np.testing.assert_allclose(sorted(points.get_xdata()), sorted(own["total"]))


def test_the_drawing_names_its_parts_and_says_what_it_is() -> None:
    axes = pump_cell()
    words = " ".join(text.get_text() for text in axes.texts)
    for part in ("pump", "FXYD3", "glycoside", "3 Na⁺", "2 K⁺", "Cl⁻", "water", "leaks", "cannot leave"):
        assert part in words
    assert MODEL in told(axes)
    assert min(text.get_fontsize() for text in axes.texts) >= 9
