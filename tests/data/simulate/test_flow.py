"""The simulated sort: its files read back, and its events against what was planted."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import flowio
import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from fxyd3.data.simulate.flow import CHANNELS, DYES, Sort, cell_sort
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

LIGHT = list(DYES)


@pytest.fixture(scope="module")
def sort() -> Sort:
    return cell_sort(seed=5, events=30_000)


@pytest.fixture(scope="module")
def many() -> Sort:
    """Enough replicates to see what varies between them."""
    return cell_sort(seed=6, events=2_000, replicates=40)


def files(sort: Sort, sample: str) -> list[pd.DataFrame]:
    return [sort.events[file] for file in sort.table.loc[sort.table["sample"] == sample, "file"]]


def matrix(sort: Sort) -> np.ndarray:
    return np.array([list(row.values()) for row in sort.truth["spillover"].values()])


def compensated(sort: Sort, events: pd.DataFrame) -> np.ndarray:
    return events[LIGHT].to_numpy(np.float64) @ np.linalg.inv(matrix(sort))


def test_flowio_reads_back_what_was_written(tmp_path: Path) -> None:
    sort = cell_sort(seed=2, events=500, replicates=2)
    sheet = sort.write(tmp_path)
    assert sheet.name == "sort-simulated.csv"
    table = pd.read_csv(sheet, keep_default_na=False)
    assert list(table) == ["file", "sample", "replicate", "stain"]
    assert {path.name for path in tmp_path.iterdir()} == {*table["file"], sheet.name, "sort-simulated.json"}
    for file in table["file"]:
        assert "simulated" in file
        read = flowio.FlowData(tmp_path / file)
        values = np.reshape(np.array(read.events, dtype=np.float32), (-1, len(CHANNELS)))
        assert np.array_equal(values, sort.events[file][list(CHANNELS)].to_numpy())
        assert read.version == "3.1"
        assert read.pnn_labels == list(CHANNELS)
        assert read.pns_labels == ["", "", "", "NRP1", "IGF1R", "viability", ""]
        assert (read.text["tot"], read.text["byteord"], read.text["datatype"]) == ("500", "1,2,3,4", "F")
        assert all(read.text[f"p{i}r"] == "262144" for i in range(1, 8))
        assert "simulated" in read.text["cyt"]
        count, *rest = read.text["spillover"].split(",")
        assert (int(count), rest[:3]) == (3, LIGHT)
        assert np.array_equal(np.reshape(rest[3:], (3, 3)).astype(float), matrix(sort))
    stored = json.loads((tmp_path / "sort-simulated.json").read_text(encoding="utf-8"))
    assert stored["truth"] == sort.truth
    assert stored["twin"]["simulated"] is True


def test_a_file_that_cannot_be_finished_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(file: Any, *_: object) -> None:
        file.write(b"FCS3.1")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(flowio, "create_fcs", stop)
    with pytest.raises(OSError, match="No space"):
        cell_sort(events=10).write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_controls_run_once_and_samples_in_each_replicate(sort: Sort) -> None:
    runs = sort.table.groupby("sample")["replicate"].agg(list)
    assert set(sort.table["file"]) == set(sort.events)
    assert runs["stained"] == runs["isotype"] == runs["fmo-NRP1"] == runs["fmo-IGF1R"] == [1, 2, 3]
    assert runs["unstained"] == runs["single-NRP1"] == runs["single-IGF1R"] == runs["single-viability"] == [1]
    stain = sort.table.set_index("sample")["stain"]
    assert "NRP1" not in stain["fmo-NRP1"].iloc[0]
    assert "IGF1R" in stain["fmo-NRP1"].iloc[0]


def test_same_seed_same_events_and_another_seed_others() -> None:
    one, same, other = (cell_sort(seed=seed, events=200) for seed in (1, 1, 2))
    for file, events in one.events.items():
        pd.testing.assert_frame_equal(events, same.events[file])
        assert not events.equals(other.events[file])
    assert one.truth == same.truth == other.truth


@pytest.mark.parametrize(("sample", "dye"), [("single-NRP1", 0), ("single-IGF1R", 1), ("single-viability", 2)])
def test_compensation_with_the_planted_matrix_clears_the_single_stained_controls(
    sort: Sort, sample: str, dye: int
) -> None:
    (unstained,), (single,) = files(sort, "unstained"), files(sort, sample)
    kind = "dead" if sample == "single-viability" else "live"
    flowing = (single["truth_event"] == kind) & ~single["truth_clogged"]
    bright = flowing if dye == 2 else flowing & single[f"truth_{DYES[LIGHT[dye]]}"]
    plain = (unstained["truth_event"] == kind) & ~unstained["truth_clogged"]
    others = [i for i in range(3) if i != dye]
    before = np.median(unstained.loc[plain, LIGHT] @ np.linalg.inv(matrix(sort)), axis=0)
    found = compensated(sort, single)[bright]
    assert np.median(found[:, dye]) > 10_000
    error = 1.25 * found.std(axis=0) / math.sqrt(bright.sum()) + 1.25 * 150 / math.sqrt(plain.sum())
    widening = 5  # noise that grows with the light shifts the median of a skewed distribution a little
    assert (np.abs(np.median(found, axis=0) - before)[others] < 4 * error[others] + widening).all()


@pytest.mark.parametrize(("sample", "dye"), [("single-NRP1", 0), ("single-IGF1R", 1)])
def test_the_planted_matrix_can_be_read_off_the_single_stained_controls(sort: Sort, sample: str, dye: int) -> None:
    (single,) = files(sort, sample)
    live = single[(single["truth_event"] == "live") & ~single["truth_clogged"]]
    carries = live[f"truth_{DYES[LIGHT[dye]]}"]
    assert carries.mean() == pytest.approx(0.5, abs=4 * math.sqrt(0.25 / len(live)))
    apart = (live.loc[carries, LIGHT].median() - live.loc[~carries, LIGHT].median()).to_numpy()
    assert apart / apart[dye] == pytest.approx(matrix(sort)[dye], abs=0.002)


def test_events_are_what_the_truth_says(sort: Sort) -> None:
    events = pd.concat(files(sort, "stained"))
    n = len(events)
    for kind in ("debris", "doublet", "dead"):
        share = sort.truth["share"][kind]
        assert (events["truth_event"] == kind).mean() == pytest.approx(share, abs=4 * math.sqrt(share / n))
    assert not events.loc[events["truth_event"] == "debris", ["truth_NRP1", "truth_IGF1R", "truth_ancestral"]].any(
        axis=None
    )
    medians = events[~events["truth_clogged"]].groupby("truth_event", observed=True)[list(CHANNELS)].median()
    assert medians.loc["debris", "FSC-A"] < 0.3 * medians.loc["live", "FSC-A"]
    assert medians.loc["doublet", "FSC-A"] == pytest.approx(2 * medians.loc["live", "FSC-A"], rel=0.03)
    assert medians.loc["doublet", "FSC-H"] < 1.2 * medians.loc["live", "FSC-H"]
    assert medians.loc["dead", "DAPI-A"] > 20 * medians.loc["live", "DAPI-A"]
    assert (events[list(CHANNELS)].to_numpy() <= 262_144).all()


def test_signals_fall_while_the_flow_is_clogged(sort: Sort) -> None:
    begin, end = sort.truth["clog"]
    for events in files(sort, "stained"):
        assert events["Time"].is_monotonic_increasing
        assert events["Time"].iloc[0] >= 0
        when = events.loc[events["truth_clogged"], "Time"] / 30  # 30,000 events at 1,000 a second
        assert when.between(begin - 1e-5, end + 1e-5).all()
        assert len(when) == pytest.approx(0.03 * 30_000, abs=4 * math.sqrt(0.03 * 30_000))
        live = events[events["truth_event"] == "live"].groupby("truth_clogged")["FSC-A"].median()
        assert live[True] / live[False] == pytest.approx(0.5, abs=0.02)
    assert not any(each["truth_clogged"].any() for each in cell_sort(events=500, clogged=0).events.values())


def test_dim_events_lie_around_and_below_zero(sort: Sort) -> None:
    (unstained,) = files(sort, "unstained")
    light = compensated(sort, unstained)
    assert ((light < 0).mean(axis=0) > 0.001).all()
    assert ((light > 0).mean(axis=0) > 0.5).all()


def test_the_isotype_lies_a_little_above_unstained(sort: Sort) -> None:
    (unstained,), isotype = files(sort, "unstained"), files(sort, "isotype")[0]
    gap = [np.median(compensated(sort, each)[each["truth_event"] == "live"], axis=0) for each in (unstained, isotype)]
    assert ((gap[1] - gap[0])[:2] > 50).all()
    assert ((gap[1] - gap[0])[:2] < 200).all()


@pytest.mark.parametrize("marker", ["NRP1", "IGF1R"])
def test_positive_cells_are_as_many_and_as_ancestral_as_planted(many: Sort, marker: str) -> None:
    single = [each[each["truth_event"].isin(["live", "dead"])] for each in files(many, "stained")]
    for found, planted in (
        (np.array([each[f"truth_{marker}"].mean() for each in single]), many.truth["share_positive"][marker]),
        (
            np.array([each.loc[each[f"truth_{marker}"], "truth_ancestral"].mean() for each in single]),
            many.truth["ancestral_share"][f"{marker}-high"],
        ),
        (np.array([each["truth_ancestral"].mean() for each in single]), many.truth["ancestral_share"]["all"]),
    ):
        assert found.mean() == pytest.approx(planted, abs=4 * found.std() / math.sqrt(len(found)))


def test_replicates_vary_more_than_events_do(many: Sort) -> None:
    share = np.array([each["truth_NRP1"].mean() for each in files(many, "stained")])
    assert share.var(ddof=1) > 1.5 * share.mean() * (1 - share.mean()) / 2_000


@pytest.mark.parametrize("multiple", [0.5, 1.0])
def test_the_dial_sets_how_bright_positive_cells_are(multiple: float) -> None:
    sort = cell_sort(events=2_000, replicates=25, effect={"C1": multiple})
    for i, (marker, pull) in enumerate((("NRP1", 1.1), ("IGF1R", 0.9))):
        separation = 2 * pull * 2.0 * multiple
        assert sort.truth["log_separation"][marker] == pytest.approx(separation)
        found = []
        for without, stained in zip(files(sort, f"fmo-{marker}"), files(sort, "stained"), strict=True):
            light = [compensated(sort, each)[:, i] for each in (without, stained)]
            live = [(each["truth_event"] == "live") & ~each["truth_clogged"] for each in (without, stained)]
            dim = np.median(light[0][live[0]])  # its own light only: no antibody, no background
            bright = np.median(light[1][live[1] & stained[f"truth_{marker}"]])
            found.append(math.log((bright - dim) / 100))
        assert np.mean(found) == pytest.approx(separation, abs=0.1)


def test_null_cells_look_like_the_isotype_control_and_others_do_not() -> None:
    null, planted = cell_sort(seed=3, null=True, events=20_000), cell_sort(seed=3, events=20_000)
    for sort, same in ((null, True), (planted, False)):
        for isotype, stained in zip(files(sort, "isotype"), files(sort, "stained"), strict=True):
            for i, marker in enumerate(("NRP1", "IGF1R")):
                p = ks_2samp(compensated(sort, isotype)[:, i], compensated(sort, stained)[:, i]).pvalue
                assert (p > 0.001) == same
                assert stained[f"truth_{marker}"].any() != same
    assert set(null.truth["share_positive"].values()) == {0.0}
    assert set(null.truth["log_separation"].values()) == {0.0}
    assert files(null, "single-NRP1")[0]["PE-A"].max() > 10_000  # so that it can still be compensated


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"events": 0}, "number of events is 0"),
        ({"events": 1_000_001}, "1,000,000"),
        ({"replicates": 0}, "number of replicates is 0"),
        ({"nrp1": 0.3}, "NRP1-positive cells is 0.3; give a number from 0 to 0.15"),
        ({"igf1r": -0.1}, "IGF1R-positive cells is -0.1"),
        ({"debris": 0.5}, "share of debris is 0.5"),
        ({"doublets": math.nan}, "share of doublets is nan"),
        ({"dead": "some"}, "share of dead cells is 'some'"),
        ({"clogged": 0.5}, "clogged share is 0.5"),
        ({"effect": {"C1": 6}}, "from 0 to 5"),
    ],
)
def test_a_design_that_cannot_be_says_so_in_one_sentence(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        cell_sort(**wrong)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_extreme_designs_are_drawn() -> None:
    crowded = cell_sort(events=300, debris=0.25, doublets=0.25, dead=0.25, effect={"C1": 5}, nrp1=0.15, igf1r=0)
    assert all(np.isfinite(each[list(CHANNELS)].to_numpy()).all() for each in crowded.events.values())
    assert all(len(each) == 1 for each in cell_sort(events=1, replicates=1).events.values())
