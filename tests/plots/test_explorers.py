"""Interactive figures by what they hold: the numbers of their tables and their data are those that were given."""

import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from fxyd3.errors import InputError
from fxyd3.plots import STATES, TREATMENTS, explore_cells, explore_dose, explore_schedule
from fxyd3.rescue import fit_hill


@pytest.fixture
def cells() -> AnnData:
    rng = np.random.default_rng(2)
    obs = pd.DataFrame(
        {
            "cluster": pd.Categorical(np.repeat(["1", "2", "3"], (600, 300, 100))),
            "patient": pd.Categorical(np.tile(["P1", "P2"], 500)),
            "condition": pd.Categorical(np.tile(["before", "after"], 500)),
        },
        index=[f"c{i}" for i in range(1000)],
    )
    found = AnnData(rng.gamma(1, 1, (1000, 3)), obs=obs, var=pd.DataFrame(index=["FXYD3", "NRP1", "KIT"]))
    found.obsm["X_umap"] = rng.normal(size=(1000, 2))
    return found


def test_cells_are_drawn_from_each_group_by_its_share_and_told_as_they_are(cells: AnnData) -> None:
    shown = explore_cells(cells, ["FXYD3", "NOSUCH", "KIT"], label="as given", most=200)
    kept = pd.read_csv(io.StringIO(shown.spec["datasets"]["cells"]), dtype={"group": str})
    assert kept["group"].value_counts().to_dict() == {"1": 120, "2": 60, "3": 20}
    assert {"FXYD3", "KIT", "patient", "treatment"} <= set(kept)
    assert "NOSUCH" not in kept
    told = shown.table.set_index("group")
    assert told["cells shown"].to_dict() == {"1": 120, "2": 60, "3": 20}
    mean = kept.groupby("group")["FXYD3"].mean()
    assert np.allclose(told["mean FXYD3"], mean.loc[told.index], atol=0.006)


def test_the_same_seed_shows_the_same_cells(cells: AnnData) -> None:
    one, same, other = (explore_cells(cells, ["FXYD3"], label="", most=50, seed=seed) for seed in (1, 1, 2))
    assert one.spec == same.spec != other.spec


def test_colours_are_those_of_the_book(cells: AnnData) -> None:
    levels = explore_cells(cells, ["FXYD3"], label="").spec["datasets"]["levels"]
    of = {(one["of"], one["level"]): one["colour"] for one in levels}
    assert [of["group", name] for name in ("1", "2", "3")] == list(STATES[:3])
    assert [of["treatment", name] for name in ("before", "after")] == [TREATMENTS["before"], TREATMENTS["after"]]


def test_no_map_or_no_gene_is_refused(cells: AnnData) -> None:
    with pytest.raises(InputError, match="none of the genes"):
        explore_cells(cells, ["NOSUCH"], label="")
    del cells.obsm["X_umap"]
    with pytest.raises(InputError, match="no map"):
        explore_cells(cells, ["FXYD3"], label="")


def test_the_sliders_of_a_curve_start_at_the_fit() -> None:
    dose = np.repeat([0.0, 1, 3, 10, 30, 100, 300], 3)
    table = pd.DataFrame({"dose_nM": dose, "viability": 0.2 + 0.8 / (1 + (dose / 20) ** 1.5)})
    fit = fit_hill(table["dose_nM"], table["viability"])
    shown = explore_dose(fit, table, label="as given", clinical={"digoxin": (0.64, 2.56), "far": (1e4, 1e5)})
    at = {param["name"]: param["value"] for param in shown.spec["params"]}
    assert at["ec50"] == pytest.approx(np.log10(20), abs=0.05)
    assert at["slope"] == pytest.approx(1.5, abs=0.1)
    assert at["bottom"] == pytest.approx(0.2, abs=0.02)
    for param in shown.spec["params"]:
        assert param["bind"]["min"] <= param["value"] <= param["bind"]["max"]
    assert len(shown.table) == 6  # controls left out
    assert "digoxin" in json.dumps(shown.spec)
    assert '"far"' not in json.dumps(shown.spec)


def test_a_schedule_holds_every_dose_of_the_grid() -> None:
    pairs = [(a, b, a / 100 * b) for a in (100.0, 200.0, 400.0) for b in (1.0, 10.0)]
    grid = pd.DataFrame(pairs, columns=["chemotherapy_nM", "glycoside_nM", "fold"])
    shown = explore_schedule(grid, label="as given")
    rows = pd.DataFrame(shown.spec["datasets"]["grid"])
    assert sorted(rows["fold"]) == sorted(grid["fold"])
    assert shown.spec["params"][0]["bind"]["max"] == 2
    assert [step["nM"] for step in shown.spec["datasets"]["steps"]] == [100, 200, 400]


def test_without_scripts_there_is_a_label_and_a_table_and_the_spec_cannot_end_the_script(cells: AnnData) -> None:
    cells.obs["patient"] = pd.Categorical(np.tile(["</script><b>", "P2"], 500))
    html = explore_cells(cells, ["FXYD3"], label="Simulated <data>", most=50)._repr_html_()
    assert "Simulated &lt;data&gt;" in html
    assert "<table" in html
    script = re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    assert script
    assert "</script><b>" in json.loads(script[1])["datasets"]["cells"]
