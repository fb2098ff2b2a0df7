"""Figures of before and after show the numbers of their tables, name what is absent, and carry their label."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text

from fxyd3.data.simulate import twin
from fxyd3.plots._before_after import decomposition, explanations, paired_gene, volcano
from fxyd3.tolerance._neighbours import Neighbours, neighbours
from fxyd3.tolerance._paired import PairedExpression
from fxyd3.tolerance._residual import DecomposedChange, ResidualChange, decompose_change, residual_change

LABEL = "Simulated data (twin)"


@pytest.fixture(scope="module")
def found() -> tuple[ResidualChange, DecomposedChange, Neighbours]:
    study = twin(1800, seed=1, patients=9, sorted_cells=0)
    own = study[study.obs["truth_type"] == "tumour"].copy()
    return residual_change(own), decompose_change(own, state="truth_state"), neighbours(own)


def texts(axes: Axes) -> list[str]:
    """All text inside the axes, after the figure was drawn and found to carry its label, with no text cut or hidden."""
    figure = axes.figure
    figure.canvas.draw()
    assert LABEL in [text.get_text() for text in figure.texts]
    width, height = figure.canvas.get_width_height()
    low, high = sorted(axes.get_ylim())
    ticks = [tick for tick in axes.get_yticklabels() if low <= tick.get_position()[1] <= high]  # others are not drawn
    shown = [text for text in [*axes.texts, axes.xaxis.label, axes.title, *ticks] if text.get_text()]
    for text in shown:
        box = Text.get_window_extent(text)  # without the line to what it names
        assert box.x0 >= -1, text.get_text()
        assert box.x1 <= width + 1, text.get_text()
        assert box.y0 >= -1, text.get_text()
        assert box.y1 <= height + 1, text.get_text()
    for group in (axes.texts, ticks):
        for one, other in itertools.combinations([text for text in group if text.get_text()], 2):
            assert not Text.get_window_extent(one).overlaps(Text.get_window_extent(other)), (one, other)
    return [text.get_text() for text in axes.texts]


def test_every_patient_has_a_line_and_the_mean_its_interval(found: tuple[ResidualChange, object, object]) -> None:
    change = found[0]
    lines, changes = paired_gene(change, label=LABEL, smallest=1.0)
    assert texts(lines) == []
    assert texts(changes) == ["no change", "smallest\nof interest"]
    each = change.per_patient
    assert [list(line.get_ydata()) for line in lines.lines] == each[["before", "after"]].to_numpy().tolist()
    assert len({line.get_marker() for line in lines.lines}) == len(each)
    points = [float(np.asarray(line.get_ydata())[0]) for line in changes.lines if len(line.get_xdata()) == 1]
    assert set(points) >= {*each["change"], *each["control"]}
    for bar, interval in zip(changes.containers, (change.interval, change.control), strict=True):
        (segment,) = bar.lines[2][0].get_segments()
        assert segment[:, 1].tolist() == pytest.approx([interval.lower, interval.upper])
    assert [text.get_text() for text in lines.figure.legends[0].get_texts()] == each["patient"].tolist()


def test_one_patient_has_a_line_and_no_interval(found: tuple[ResidualChange, object, object]) -> None:
    one = ResidualChange(found[0].per_patient[:1], None, None, 1, "few", ())
    lines, changes = paired_gene(one, label=LABEL)
    assert len(lines.lines) == 1
    assert not changes.containers
    assert changes.get_title(loc="left") == "too few patients for an interval"


def test_no_patient_is_told(found: tuple[ResidualChange, DecomposedChange, Neighbours]) -> None:
    change, parts, checks = found
    none = change.per_patient[:0]
    lines, _ = paired_gene(ResidualChange(none, None, None, 0, "few", ()), label=LABEL)
    empty = DecomposedChange(parts.per_patient[:0], parts.by_state[:0], parts.table, 0, "", (), "FXYD3", "state")
    for axes in (
        lines,
        decomposition(empty, label=LABEL),
        explanations(Neighbours(checks.table[:0], checks.per_patient[:0], 0, "", (), "FXYD3"), label=LABEL),
    ):
        assert texts(axes) == ["no patient to compare"]


@pytest.fixture
def paired() -> PairedExpression:
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"gene": [f"G{i}" for i in range(300)], "log2fc": rng.normal(0, 0.3, 300),
                          "p": rng.uniform(0.01, 1, 300)})  # fmt: skip
    named = pd.DataFrame(
        {"gene": ["FXYD3", "ATP1A1", "ATP1B1", "FXYD5"], "log2fc": [1.2, 0.05, 0.06, np.nan],
         "p": [1e-9, 0.6, 0.61, np.nan], "p_holm": [3e-9, 1, 1, np.nan]}
    )  # fmt: skip
    table = pd.concat([table, named[:3]], ignore_index=True)
    table["p_adjusted"] = np.where(table["p"] < 0.001, 0.001, 0.9)
    return PairedExpression(table, named, pd.DataFrame(), pd.DataFrame(), (), 6, "")


def test_the_volcano_marks_and_names_genes_without_hiding_one_behind_the_other(paired: PairedExpression) -> None:
    axes = volcano(paired, label=LABEL)
    assert texts(axes) == ["called", "FXYD3\np 3e-09 (Holm)", "ATP1A1\np 1 (Holm)", "ATP1B1\np 1 (Holm)"]
    cloud, *marked = axes.collections
    height = -np.log10(paired.table["p"])
    assert np.asarray(cloud.get_offsets()) == pytest.approx(np.column_stack([paired.table["log2fc"], height]))
    assert [np.asarray(each.get_offsets())[0].tolist() for each in marked] == [
        pytest.approx([row.log2fc, -np.log10(row.p)]) for row in paired.named[:3].itertuples()
    ]
    assert len({each.get_paths()[0].vertices.tobytes() for each in marked}) == 3
    assert axes.get_title(loc="left") == "303 genes, 1 called, 6 patients"
    assert "not tested: FXYD5" in axes.get_xlabel()
    assert axes.lines[0].get_ydata()[0] == pytest.approx(9)


def test_a_volcano_without_calls_has_no_line_and_one_without_tests_says_so(paired: PairedExpression) -> None:
    quiet = paired.table.assign(p_adjusted=0.9)
    axes = volcano(PairedExpression(quiet, paired.named, pd.DataFrame(), pd.DataFrame(), (), 6, ""), label=LABEL)
    assert "called" not in texts(axes)
    untested = paired.table.assign(p=np.nan)
    axes = volcano(PairedExpression(untested, paired.named, pd.DataFrame(), pd.DataFrame(), (), 2, "few"), label=LABEL)
    assert texts(axes) == ["not tested: too few patients or counts"]


def test_many_named_genes_stay_apart(paired: PairedExpression) -> None:
    many = pd.DataFrame(
        {"gene": [f"GENE{i}" for i in range(8)], "log2fc": 0.1, "p": [0.9] * 4 + [1e-9] * 4, "p_holm": 1.0}
    )
    axes = volcano(PairedExpression(paired.table, many, pd.DataFrame(), pd.DataFrame(), (), 6, ""), label=LABEL)
    assert len(texts(axes)) == 9


def test_explanations_are_drawn_beside_the_plain_change(found: tuple[object, object, Neighbours]) -> None:
    checks = found[2]
    axes = explanations(checks, label=LABEL, smallest=1.0)
    said = texts(axes)
    table = checks.table
    ends = [np.asarray(line.get_xdata()).tolist() for line in axes.lines if line.get_marker() == "None"][: len(table)]
    assert ends == table[["lower", "upper"]].to_numpy().tolist()
    points = [(line.get_xdata()[0], line.get_marker()) for line in axes.lines if line.get_marker() in "do"]
    assert points == list(zip(table["gene_change"], "doooo", strict=True))
    first = table.iloc[0]
    told = f"{first['gene_change']:.2f} [{first['lower']:.2f}, {first['upper']:.2f}]  6".replace("-", "−")
    assert told in said
    names = [tick.get_text().split("\n")[0] for tick in axes.get_yticklabels()]
    assert names == ["as it is", "without stroma and immune cells", "without cycling cells", "without dying cells",
                     "at one depth"]  # fmt: skip


def test_a_check_that_was_not_made_is_named(found: tuple[object, object, Neighbours]) -> None:
    table = found[2].table.copy()
    table.loc[3, ["nuisance", "gene_change", "lower", "upper"]] = np.nan
    axes = explanations(Neighbours(table, found[2].per_patient, 6, "", (), "FXYD3"), label=LABEL)
    assert "not checked" in texts(axes)
    assert axes.get_yticklabels()[3].get_text() == "dying cells"


def test_bars_are_the_parts_of_each_patient_and_their_mean(found: tuple[object, DecomposedChange, object]) -> None:
    parts = found[1]
    axes = decomposition(parts, label=LABEL)
    texts(axes)
    mean = parts.table.set_index("part")["estimate"]
    for bars, part in zip(axes.containers, ("composition", "within", "interaction"), strict=True):
        assert [bar.get_width() for bar in bars] == pytest.approx([*parts.per_patient[part], mean[part]])
    assert len({bars[0].get_hatch() for bars in axes.containers}) == 3
    whole = next(line for line in axes.lines if line.get_marker() == "D")
    assert np.asarray(whole.get_xdata()) == pytest.approx([*parts.per_patient["change"], mean["change"]])
    assert [tick.get_text() for tick in axes.get_yticklabels()] == [*parts.per_patient["patient"], "mean"]
