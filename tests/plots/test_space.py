"""The figures of the space show the numbers they were given."""

import anndata
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from fxyd3.cells._components import Components
from fxyd3.plots._space import maps, mixing, phases, spectrum

LABEL = "Simulated data (twin)"


def label_of(axes: Axes) -> str:
    return str(axes.figure.get_supxlabel())


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_spectrum_shows_edges_and_choice() -> None:
    values = np.r_[9.0, 5.0, np.linspace(2, 1, 80)]
    axes = spectrum(Components(values, 1.5, 3.0, 42, 2, 100, 90), chosen=30, label=LABEL, shown=40)
    over, under, *edges = axes.lines
    assert np.asarray(over.get_ydata()).tolist() == [9, 5]
    assert len(np.asarray(under.get_ydata())) == 38
    assert {float(np.asarray(line.get_ydata())[0]) for line in edges[:2]} == {1.5, 3.0}
    assert texts(axes) == ["permuted genes: 2 above", "Marchenko-Pastur: 42 above", "used: 30"]
    assert axes.get_yscale() == "log"
    assert label_of(axes) == LABEL


def test_mixing_places_before_and_after() -> None:
    columns = ["iLISI", "silhouette_batch", "cLISI", "silhouette_group"]
    table = pd.DataFrame([[0.1, 0.2, 0.9, 0.6], [0.8, 0.9, 0.95, 0.7]], ["before", "after"], columns).assign(n=50)
    axes = mixing(table, label=LABEL)
    before, after = axes.collections[1:]
    assert np.asarray(before.get_offsets())[:, 0].tolist() == table.loc["before", columns].tolist()
    assert np.asarray(after.get_offsets())[:, 0].tolist() == table.loc["after", columns].tolist()
    assert axes.get_title(loc="right") == "n = 50 cells"
    assert label_of(axes) == LABEL


def test_maps_draw_every_cell_name_every_group_and_say_what_is_kept() -> None:
    rng = np.random.default_rng(0)
    study = anndata.AnnData(
        np.zeros((60, 1), np.float32),
        obs=pd.DataFrame(
            {"cluster": pd.Categorical(np.repeat(["1", "2", "3"], 20))}, index=[f"c{i}" for i in range(60)]
        ),
        obsm={"X_umap": rng.normal(size=(60, 2)), "X_pacmap": rng.normal(size=(60, 2))},
    )
    table = pd.DataFrame(
        {"trustworthiness": [0.91, 0.92, 0.5], "preservation": [0.41, 0.42, 0.02], "distances": [0.6, 0.7, 0.0]},
        index=["X_umap", "X_pacmap", "random"],
    ).assign(n=60)
    drawn = maps(study, key="cluster", table=table, label=LABEL)
    assert [axes.get_title(loc="left") for axes in drawn] == ["UMAP", "PaCMAP"]
    for axes, name in zip(drawn, ("X_umap", "X_pacmap"), strict=True):
        placed = np.asarray(axes.collections[0].get_offsets())
        assert np.sort(placed[:, 0]) == pytest.approx(np.sort(study.obsm[name][:, 0]))
        assert texts(axes) == ["1", "2", "3"]
    assert "neighbours kept: 42% (random: 2.0%)" in drawn[1].get_xlabel()
    assert "trustworthiness: 0.91 (random: 0.50)" in drawn[0].get_xlabel()
    assert label_of(drawn[0]) == LABEL


def test_phases_fill_each_bar_in_order() -> None:
    shares = {"1": (0.5, 0.2, 0.3), "2": (0.1, 0.3, 0.6)}
    table = pd.DataFrame(
        [
            (group, phase, share, share - 0.05, share + 0.05, 4, 100)
            for group, each in shares.items()
            for phase, share in zip(("G1", "S", "G2M"), each, strict=True)
        ],
        columns=["group", "phase", "share", "lowest", "highest", "patients", "cells"],
    )
    axes = phases(table, label=LABEL)
    widths = np.array([[bar.get_width() for bar in bars] for bars in axes.containers]).T
    for drawn, given in zip(widths, shares.values(), strict=True):
        assert tuple(drawn) == pytest.approx(given)
    assert len({bars[0].get_hatch() for bars in axes.containers}) == 3
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["1  (n = 4)", "2  (n = 4)"]
    line = axes.collections[0].get_segments()[0]
    assert line[:, 0].tolist() == pytest.approx([0.45, 0.55])
    assert label_of(axes) == LABEL


def test_a_group_without_shares_keeps_its_row() -> None:
    columns = ["group", "phase", "share", "lowest", "highest", "patients", "cells"]
    known = [("1", phase, 1 / 3, 0.3, 0.4, 4, 100) for phase in ("G1", "S", "G2M")]
    unknown = [("2", phase, np.nan, np.nan, np.nan, 0, 0) for phase in ("G1", "S", "G2M")]
    axes = phases(pd.DataFrame([*known, *unknown], columns=columns), label=LABEL)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["1  (n = 4)", "2  (n = 0)"]
    assert [bars[1].get_width() for bars in axes.containers] == [0, 0, 0]
