"""Figures of persister signatures show the numbers of their tables, name what is absent, and carry their label."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from fxyd3.errors import InputError
from fxyd3.plots._persisters import cycle_both_ways, forest, signature_agreement_map, signature_change_forest
from fxyd3.tolerance._meta import meta_analysis
from fxyd3.tolerance._signatures import Agreement, SignatureChange

LABEL = "Simulated data (twin)"
NAMES = ["alpha-2020_dtp", "beta-2021_dtp_mesenchymal_all", "gamma-2022_dtp"]


def texts(axes: Axes) -> list[str]:
    """All text inside the axes, after the figure was drawn and found to carry its label inside its edges."""
    figure = axes.figure
    figure.canvas.draw()
    assert LABEL in [text.get_text() for text in figure.texts]
    width, height = figure.canvas.get_width_height()
    for text in [*axes.texts, axes.xaxis.label, axes.title, *axes.get_yticklabels()]:
        box = text.get_window_extent()
        assert box.x0 >= -1, text.get_text()
        assert box.x1 <= width + 1, text.get_text()
        assert box.y0 >= -1, text.get_text()
        assert box.y1 <= height + 1, text.get_text()
    return [text.get_text() for text in axes.texts]


def apart(axes: Axes) -> bool:
    """Whether the names of the rows stand clear of each other."""
    boxes = sorted((t.get_window_extent() for t in axes.get_yticklabels()), key=lambda box: box.y0)
    return all(low.y1 <= high.y0 + 1 for low, high in itertools.pairwise(boxes))


@pytest.fixture
def agreement() -> Agreement:
    table = pd.DataFrame(
        [(NAMES[0], NAMES[1], 0.62, 0.5, 0.7, 4, 1200, 0.1, 800), (NAMES[0], NAMES[2], -0.2, -0.5, 0.1, 4, 0, 0.0, 0),
         (NAMES[1], NAMES[2], np.nan, np.nan, np.nan, 0, 3, 0.01, 1)],
        columns=["one", "other", "spearman", "lower", "upper", "patients", "shared", "jaccard", "same_sign"],
    )  # fmt: skip
    genes = pd.Series([2114, 1226, 20], index=NAMES)
    return Agreement(table, pd.DataFrame(), genes, 4, "")


def test_the_map_has_correlations_below_and_shared_genes_above_the_diagonal(agreement: Agreement) -> None:
    axes = signature_agreement_map(agreement, label=LABEL)
    texts(axes)
    shown = {tuple(map(int, text.get_position())): text.get_text() for text in axes.texts}
    assert shown == {
        (0, 1): "+0.62★", (0, 2): "−0.20", (1, 2): "–", (1, 0): "1,200\n(800)", (2, 0): "0\n(0)", (2, 1): "3\n(1)",
        (0, 0): "2,114", (1, 1): "1,226", (2, 2): "20",
    }  # fmt: skip
    colours = np.ma.filled(axes.images[0].get_array(), np.nan)
    assert colours[1, 0] == pytest.approx(0.62)
    assert np.isnan(colours[0, 1])
    assert apart(axes)


@pytest.mark.parametrize(("patients", "said"), [(1, "cells of one patient"), (4, "mean of 4 patients")])
def test_the_map_says_what_was_averaged(agreement: Agreement, patients: int, said: str) -> None:
    without = agreement.table.assign(lower=np.nan, upper=np.nan)
    axes = signature_agreement_map(Agreement(without, pd.DataFrame(), agreement.genes, patients, ""), label=LABEL)
    title = axes.figure.get_suptitle()
    assert said in title
    assert "★" not in title


def test_both_ways_are_joined_and_told_apart_without_colour() -> None:
    table = pd.DataFrame(
        {"name": ["a_b and c", "d", "e"], "plain": [0.1, 0.6, np.nan], "plain_lower": [0, 0.5, np.nan],
         "plain_upper": [0.2, 0.7, np.nan], "regressed": [0.05, 0.2, np.nan], "regressed_lower": [-0.1, 0.1, np.nan],
         "regressed_upper": [0.1, 0.3, np.nan]}
    )  # fmt: skip
    axes = cycle_both_ways(
        table, xlabel="a long name of what is drawn, with its unit, over patients (95 %)", label=LABEL
    )
    texts(axes)
    plain, regressed = (line for line in axes.lines if line.get_label() in ("as it is", "cell cycle regressed out"))
    assert np.asarray(plain.get_xdata())[:2].tolist() == [0.6, 0.1]
    assert np.asarray(regressed.get_xdata())[:2].tolist() == [0.2, 0.05]
    assert plain.get_marker() != regressed.get_marker()
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["d", "a b\nand c", "e"]
    assert {text.get_text() for text in axes.figure.legends[0].get_texts()} == {"as it is", "cell cycle regressed out"}


@pytest.fixture
def change() -> SignatureChange:
    table = pd.DataFrame(
        [("pseudobulk", name, 0.5 * i, 0.5 * i - 1, 0.5 * i + 1, 0.01, 0.03, 4) for i, name in enumerate(NAMES)],
        columns=["measure", "signature", "change", "lower", "upper", "p", "p_holm", "patients"],
    )
    each = pd.DataFrame(
        [
            ("pseudobulk", name, f"P{p}", 0.0, i + 0.1 * p, i + 0.1 * p)
            for i, name in enumerate(NAMES)
            for p in range(4)
        ],
        columns=["measure", "signature", "patient", "before", "after", "change"],
    )
    return SignatureChange(table, each, "")


def test_changes_show_every_patient_the_mean_and_holms_p(change: SignatureChange) -> None:
    axes = signature_change_forest(change, xlabel="change of activity (t)", label=LABEL)
    said = texts(axes)
    assert said.count("0.03  (4)") == 3
    points = [line for line in axes.lines if len(line.get_xdata()) == 3]
    assert [np.asarray(line.get_xdata()).tolist() for line in points] == [
        [i + 0.1 * p for i in range(3)] for p in range(4)
    ]
    assert len({line.get_marker() for line in points}) == 4
    means = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "d"]
    assert means == [0, 0.5, 1.0]
    assert apart(axes)


def test_too_few_patients_have_no_interval_but_points(change: SignatureChange) -> None:
    table = change.table.assign(lower=np.nan, upper=np.nan, p=np.nan, p_holm=np.nan, patients=2)
    axes = signature_change_forest(SignatureChange(table, change.per_patient, "few"), xlabel="t", label=LABEL)
    assert texts(axes).count("–  (2)") == 3


def test_a_measure_that_is_not_there_is_told(change: SignatureChange) -> None:
    with pytest.raises(InputError, match="no measure 'cells' in the table: choose one of 'pseudobulk'"):
        signature_change_forest(change, xlabel="t", label=LABEL, measure="cells")


STUDIES = pd.DataFrame(
    {"study": ["A_Org-drug_VS_A_Org-vehicle", "B_Org-drug_washout_VS_B_Org-vehicle", "C"],
     "log2fc": [-1.0, 0.4, 1.2], "se": [0.1, 0.2, 0.4]}
)  # fmt: skip


def test_the_forest_shows_studies_means_and_absent_ones() -> None:
    found = meta_analysis(STUDIES, absent=["D_Org-drug_VS_D_Org-vehicle", "E"])
    axes = forest(found, xlabel="log2 fold change", label=LABEL, title="FXYD3")
    said = texts(axes)
    assert f"−1.00 [−1.20, −0.80]  {found.studies['weight'][0]:.0f} %" in said
    assert "No estimate: D Org-drug VS D Org-vehicle, E" in axes.get_xlabel()
    assert "I²" in axes.get_xlabel()
    (diamond,) = (patch for patch in axes.patches if isinstance(patch, Polygon))
    corners = diamond.get_xy()[:, 0]
    assert (corners.min(), corners[1], corners.max()) == pytest.approx(
        (found.interval.lower, found.interval.estimate, found.interval.upper)
    )
    squares = [line for line in axes.lines if line.get_marker() == "s"]
    assert [line.get_xdata()[0] for line in squares] == STUDIES["log2fc"].tolist()
    sizes = [line.get_markersize() for line in squares]
    assert sorted(sizes, reverse=True) == sizes  # as their weights
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    assert names[2:] == ["C", "random effects\n(mean)", "a further study\n(prediction)", "fixed effect"]
    assert apart(axes)


def test_intervals_that_leave_the_forest_end_in_arrows() -> None:
    axes = forest(meta_analysis(STUDIES[:2]), xlabel="log2 fold change", label=LABEL)
    texts(axes)
    low, high = axes.get_xlim()
    arrows = {line.get_marker(): line.get_xdata()[0] for line in axes.lines if line.get_marker() in "<>"}
    assert arrows == {"<": low, ">": high}
    assert not any("further" in tick.get_text() for tick in axes.get_yticklabels())
    assert "No estimate" not in axes.get_xlabel()
