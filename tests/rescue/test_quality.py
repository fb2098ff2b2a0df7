"""Viability, edges and Z' against plates computed by hand, the twin's truth, and least squares of another program."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from fxyd3.data.simulate import viability_plates
from fxyd3.errors import InputError
from fxyd3.rescue._quality import edge_effects, normalise, quality

SEEDS = range(1, 5)


def by_hand() -> pd.DataFrame:
    """Blanks 90, 100, 110; controls 900 to 1,300; one dose."""
    rows = [
        ("B", 2, "blank", "none", 0.0, 90),
        ("B", 3, "blank", "none", 0.0, 100),
        ("B", 4, "blank", "none", 0.0, 110),
    ]
    rows += [("C", 2 + i, "control", "MDA", 0.0, value) for i, value in enumerate((900, 1000, 1100, 1200, 1300))]
    rows += [("D", 2 + i, "drug", "MDA", 10.0, value) for i, value in enumerate((600, 350))]
    table = pd.DataFrame(rows, columns=["row", "column", "role", "cells", "dose_nM", "reading"])
    far = pd.DataFrame([("H", 12, "empty", "none", 0.0, 5)], columns=table.columns)
    return pd.concat([table, far], ignore_index=True).assign(plate="P", drug="dox", hours=72.0)


def test_a_plate_computed_by_hand() -> None:
    found = normalise(by_hand())
    assert found.controls.to_dict("records") == [
        {"plate": "P", "cells": "MDA", "blank": 100.0, "n_blanks": 3, "control": 1000.0, "n_controls": 5}
    ]
    treated = found.wells[found.wells["role"] == "drug"]
    assert treated["viability"].tolist() == [0.5, 0.25]
    assert found.summary()[["wells", "mean"]].to_numpy().tolist() == [[2, 0.375]]
    (row,) = quality(by_hand()).to_dict("records")
    spread = np.sqrt(25_000.0)  # of the controls; of the blanks it is 10
    assert row["z_prime"] == pytest.approx(1 - 3 * (spread + 10) / 1000)
    assert row["ssmd"] == pytest.approx(1000 / np.sqrt(25_000 + 100))
    assert row["z_prime_robust"] == pytest.approx(1 - 3 * 1.4826 * (100 + 10) / 1000)
    assert row["ssmd_robust"] == pytest.approx(1000 / (1.4826 * np.sqrt(100**2 + 10**2)))
    assert row["control_cv"] == pytest.approx(spread / 1000)
    assert (row["n_blanks"], row["n_controls"], row["n_positive"], row["n_top"]) == (3, 5, 0, 2)
    assert row["top_viability"] == pytest.approx(0.375)
    assert row["verdict"] == "marginal"
    assert row["lower"] < row["z_prime"] < row["upper"] < 1


def test_dead_cells_take_the_place_of_blanks() -> None:
    table = by_hand()
    table.loc[table["role"] == "drug", "role"] = "positive"
    (row,) = quality(table).to_dict("records")
    assert (row["reference"], row["n_positive"], row["n_top"]) == ("positive", 2, 0)
    assert row["z_prime"] == pytest.approx(1 - 3 * (np.sqrt(25_000) + np.std([600, 350], ddof=1)) / (1100 - 475))
    assert row["verdict"] == "not usable"


def test_one_well_has_no_spread() -> None:
    table = by_hand()
    (row,) = quality(table[~table["reading"].isin([100, 110])]).to_dict("records")
    assert np.isnan(row["z_prime"])
    assert row["verdict"] == "not known"
    assert row["reasons"].startswith("too few wells for a spread: 5 controls, 1 of dead cells")


def test_neither_order_nor_scale_nor_a_blank_taken_off_matter() -> None:
    table = viability_plates(seed=3).table
    first, told = normalise(table), quality(table)
    key = ["plate", "row", "column"]
    for other in (table.sample(frac=1, random_state=1), table.assign(luminescence=table["luminescence"] * 7.0)):
        found = normalise(other).wells.set_index(key)["viability"]
        pd.testing.assert_series_equal(found.sort_index(), first.wells.set_index(key)["viability"].sort_index())
        again = quality(other).drop(columns="reasons")
        pd.testing.assert_frame_equal(again, told.drop(columns="reasons"))
    off = first.wells.drop(columns=["rim", "signal", "viability"]).assign(reading=first.wells["signal"])
    np.testing.assert_allclose(normalise(off, blank=0).wells["viability"], first.wells["viability"])
    for plate, own in table.groupby("plate"):  # many at once are as one by one
        alone = normalise(own).wells.set_index(key)["viability"]
        pd.testing.assert_series_equal(alone, first.wells.set_index(key)["viability"].loc[[plate]])


def test_the_median_withstands_a_failed_control() -> None:
    table = by_hand()
    table.loc[table["reading"] == 1300, "reading"] = 130
    assert normalise(table, centre="median").controls["control"].item() == 900
    assert normalise(table).controls["control"].item() == pytest.approx(766)


def test_plates_at_the_start_have_signals_but_no_viability() -> None:
    wells = normalise(viability_plates(seed=1).table).wells
    start = wells[wells["role"] == "time_zero"]
    assert start["viability"].isna().all()
    assert start["signal"].notna().all()
    assert wells.loc[wells["role"] == "drug", "viability"].notna().all()


def test_the_edge_equals_least_squares_of_another_program() -> None:
    table = viability_plates(seed=5, plates=1).table
    wells = normalise(table).wells
    own = wells[(wells["role"] == "control") & (wells["plate"] == "chemotherapy-1")]
    own = own.assign(y=np.log(own["signal"]), at=own["row"].map("ABCDEFGH".index) / 7, edge=own["rim"].astype(float))
    fit = smf.ols("y ~ cells + edge", own).fit()
    row = edge_effects(table).set_index("plate").loc["chemotherapy-1"]
    assert row["edge"] == pytest.approx(np.expm1(fit.params["edge"]))
    assert row[["lower", "upper"]].tolist() == pytest.approx(np.expm1(fit.conf_int().loc["edge"]).tolist())
    assert row["p"] == pytest.approx(fit.pvalues["edge"])
    both = smf.ols("y ~ cells + edge + column + at", own).fit()
    assert row["row_gradient"] == pytest.approx(np.expm1(both.params["at"]))
    assert np.isnan(row["column_gradient"])  # controls stand in two neighbouring columns
    assert (row["n_inner"], row["n_rim"]) == (6, 10)


def test_intervals_of_the_edge_hold_the_truth_of_the_twin() -> None:
    held, p = [], []
    for seed in SEEDS:
        twin, flat = viability_plates(seed=seed, plates=25), viability_plates(seed=seed, plates=25, edge=0)
        edges = edge_effects(twin.table)
        held += list(edges["lower"].le(twin.truth["edge_effect"]) & edges["upper"].ge(twin.truth["edge_effect"]))
        p += list(edge_effects(flat.table)["p"])
        assert (edges["p_holm"] >= edges["p"]).all()
    assert 0.90 <= np.mean(held) <= 0.99  # 200 intervals at 95%
    assert 0.01 <= np.mean(np.array(p) < 0.05) <= 0.10


def test_intervals_of_z_prime_hold_the_truth_of_the_twin() -> None:
    held, worse = [], []
    for seed in SEEDS:
        flat = viability_plates(seed=seed, plates=25, edge=0)
        found = quality(flat.table)
        truth = found["cells"].map(flat.truth["z_prime"])
        held += list((found["lower"] <= truth) & (truth <= found["upper"]))
        worse.append(quality(viability_plates(seed=seed, plates=25).table)["z_prime"].mean() < found["z_prime"].mean())
    assert 0.92 <= np.mean(held) <= 0.99  # 400 intervals at 95%
    assert all(worse)  # an edge effect blurs the controls


@pytest.mark.parametrize("how", ["rim", "polish"])
def test_corrections_shrink_what_they_are_for_and_do_no_harm(how: str) -> None:
    before, after, even = [], [], []
    for seed in SEEDS:
        table = viability_plates(seed=seed, plates=8, edge=0.2, noise=0.03).table
        raw, mended = normalise(table), normalise(table, correct_edges=how)  # type: ignore[arg-type]
        pd.testing.assert_frame_equal(raw.edges, mended.edges)
        for found, kept in ((raw, before), (mended, after)):
            low = found.wells[(found.wells["role"] == "drug") & found.wells["row"].isin(list("AH"))]
            inner = found.wells[(found.wells["role"] == "drug") & ~found.wells["row"].isin(list("AH"))]
            by = ["plate", "cells", "dose_nM"]
            gap = low.set_index(by)["viability"] / inner.groupby(by)["viability"].mean() - 1
            kept.append(gap[gap.index.get_level_values("dose_nM") < 1000].mean())
        drug = mended.wells[mended.wells["role"] == "control"]
        even.append(drug.groupby("plate")["viability"].mean().sub(1).abs().max())
    assert np.mean(before) == pytest.approx(-0.2, abs=0.02)
    assert abs(np.mean(after)) < 0.05
    assert max(even) < 1e-9


def test_controls_only_in_the_rim_are_said() -> None:
    table = viability_plates(seed=1).table
    table = table[(table["role"] != "control") | (table["column"] == 12)]
    found = normalise(table, correct_edges="rim")
    assert found.edges["edge"].isna().all()
    assert found.edges["said"].str.startswith("controls only in the rim").all()
    np.testing.assert_allclose(found.wells["viability"], normalise(table).wells["viability"])
    assert quality(table)["reasons"].str.contains("controls only in the rim").all()


def without(table: pd.DataFrame, **roles: str) -> pd.DataFrame:
    return table.assign(role=table["role"].replace(roles))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: without(t, control="empty"), "There are no control wells: name"),
        (lambda t: t.assign(role="blank"), "All wells are blanks"),
        (lambda t: t.assign(role="empty"), "All wells are empty"),
        (lambda t: without(t, control="blank", blank="control").assign(cells="MDA"), "blanks are as bright"),
        (lambda t: without(t, blank="empty"), "Plate 'P' has no blank wells"),
        (lambda t: t.assign(cells=t["cells"].where(t["role"] != "drug", "LM2")), "no control wells with LM2 cells"),
        (lambda t: t.assign(role=t["role"].replace("drug", "durg")), "did you mean 'drug'"),
        (lambda t: t.rename(columns={"role": "rolle"}), r"no column 'role'.*did you mean 'rolle'"),
        (lambda t: t.assign(reading="high"), "'high' in column 'reading'"),
        (lambda t: t.assign(reading=np.inf), "'inf' in column 'reading'"),
        (lambda t: t.assign(dose_nM=-1.0), "dose -1 nM is negative"),
        (lambda t: t.assign(row="AG"), "Row 'AG', column 2 is no place"),
        (lambda t: t[t["column"] == 2].assign(column=60), "No plate has 4 rows and 60 columns"),
        (lambda t: pd.concat([t, t]), "Well B2 of plate 'P' occurs twice"),
    ],
)  # fmt: skip
def test_bad_wells_are_told_in_one_sentence(change: object, message: str) -> None:
    table = change(by_hand())  # type: ignore[operator]
    for function in (normalise, quality, edge_effects):
        with pytest.raises(InputError, match=message) as told:
            function(table)
        assert "\n" not in str(told.value)


def test_unknown_ways_are_told() -> None:
    with pytest.raises(InputError, match="centre is 'mode': it is one of mean, median"):
        normalise(by_hand(), centre="mode")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="correct_edges is 'loess'"):
        normalise(by_hand(), correct_edges="loess")  # type: ignore[arg-type]
