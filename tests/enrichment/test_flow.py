"""Scales, cleaning, gates and whole sorts against the twin's planted truth, definitions and independent programs."""

import re
import time
from array import array
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from flowio import create_fcs
from numpy.typing import NDArray
from scipy import optimize, stats

from fxyd3.data.assays import read_assay
from fxyd3.data.simulate import cell_sort
from fxyd3.data.simulate.flow import Sort
from fxyd3.enrichment import Cleaned, Events, FlowSort, Scale, _scale, clean, compensate, gate, read_fcs, read_sort
from fxyd3.errors import InputError
from fxyd3.plots import flow_density

CHANNELS = ["FSC-A", "FSC-H", "SSC-A", "PE-A", "APC-A", "DAPI-A", "Time"]
STAINS = {"PE-A": "NRP1", "APC-A": "IGF1R", "DAPI-A": "viability"}
MARKERS = ("NRP1", "IGF1R")
TOP = 262_144.0


def tube(sort: Sort, sample: str = "stained", replicate: int = 1) -> Events:
    """A tube as simulated, without a file in between."""
    file = f"sort-{sample}-{replicate}-simulated.fcs"
    spill = pd.DataFrame(sort.truth["spillover"]).T
    return Events(sort.events[file][CHANNELS], STAINS, dict.fromkeys(CHANNELS, TOP), spill, file, simulated=True)


def cleaned(sort: Sort, sample: str = "stained") -> tuple[Cleaned, pd.DataFrame]:
    """The cleaning of a tube, and the truth of its events."""
    raw = tube(sort, sample)
    return clean(compensate(raw)), sort.events[raw.source]


def write(folder: Path, sort: Sort, *, spillover: bool = True, leave_out: str = "nothing") -> Path:
    """Write a sort; with files that hold no matrix, or a sheet without some samples."""
    sheet = sort.write(folder)
    table = pd.read_csv(sheet)
    table[~table["sample"].str.fullmatch(leave_out)].to_csv(sheet, index=False)
    if not spillover:
        for file, events in sort.events.items():
            write_fcs(folder / file, events[CHANNELS].to_numpy(np.float32))
    return folder


def write_fcs(path: Path, values: NDArray[np.float32], keywords: dict[str, str] | None = None) -> None:
    with path.open("wb") as file:
        names = [STAINS.get(channel, "") for channel in CHANNELS]
        create_fcs(file, array("f", values.tobytes()), CHANNELS, names, keywords)


def sorted_in(folder: Path) -> FlowSort:
    return read_sort(read_assay("cell_sort", folder))


@pytest.fixture(scope="module")
def sort() -> Sort:
    return cell_sort(seed=1, events=3000)


@pytest.fixture(scope="module")
def found(sort: Sort, tmp_path_factory: pytest.TempPathFactory) -> FlowSort:
    return sorted_in(write(tmp_path_factory.mktemp("sort"), sort))


def biexponential(top: float, width: float, decades: float) -> Callable[[float], float]:
    """The value at a place on the logicle scale, from its definition (Parks 2006; Moore & Parks 2012) with A = 0.

    a e^(bx) - c e^(-dx) + f, where d balances the two exponentials, zero lies at w = W / M, the top at 1, and places
    below zero mirror those above.
    """
    w, b = width / decades, decades * np.log(10)
    d = optimize.brentq(lambda d: 2 * np.log(d / b) + w * (d + b), 1e-12, b, xtol=1e-15) if w else b
    c = np.exp(2 * w * (b + d))  # by a
    f = c * np.exp(-d * w) - np.exp(b * w)
    a = top / (np.exp(b) - c * np.exp(-d) + f)

    def value(x: float) -> float:
        if x < w:
            return -value(2 * w - x)
        return float(a * (np.exp(b * x) - c * np.exp(-d * x) + f))

    return value


@pytest.mark.parametrize("top", [1000.0, 10_000.0, 262_144.0])
@pytest.mark.parametrize("width", [0.0, 0.3, 0.5, 1.0, 2.0])
def test_logicle_solves_its_equation(top: float, width: float) -> None:
    value, scale = biexponential(top, width, 4.5), Scale("logicle", top, width)
    values = np.array([-top / 20, -100, -1, -0.01, 0, 0.01, 1, 30, 100, top / 3, top])
    solved = [optimize.brentq(lambda x, v=v: value(x) - v, -3, 2, xtol=1e-14) for v in values]
    assert scale(values) == pytest.approx(solved, abs=1e-6)
    places = np.linspace(-0.1, 1, 45)
    assert scale.inverse(places) == pytest.approx([value(x) for x in places], rel=1e-6, abs=1e-6 * top)


def test_logicle_matches_the_published_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Table 8 of the Gating-ML 2.0 specification (ISAC, 2013), T = 1000, W = 1, M = 4, A = 0, as FlowUtils tests it."""
    monkeypatch.setattr(_scale, "DECADES", 4.0)
    published = {
        -10: 0.067574, -5: 0.147986, -1: 0.228752, 0: 0.25, 0.3: 0.256384, 1: 0.271248, 3: 0.312897, 10: 0.432426,
        100: 0.739548, 1000: 1.0,
    }  # fmt: skip
    assert Scale("logicle", 1000, 1)([*published]) == pytest.approx([*published.values()], abs=1e-6)


@pytest.mark.parametrize("scale", [Scale(), Scale(width=0), Scale(width=1.3), Scale(top=1000), Scale("arcsinh")])
def test_a_scale_is_monotone_symmetric_and_can_be_undone(scale: Scale) -> None:
    values = np.linspace(-scale.top / 50, scale.top, 999).reshape(3, 333)
    places = scale(values)
    assert places.shape == (3, 333)
    assert (np.diff(places.ravel()) > 0).all()
    assert scale.inverse(places) == pytest.approx(values, rel=1e-6, abs=1e-6 * scale.top)
    zero = scale(0.0)
    assert zero == pytest.approx(scale.width / 4.5 if scale.method == "logicle" else 0, abs=1e-9)
    assert scale(scale.top) == pytest.approx(1)
    assert scale(-values) - zero == pytest.approx(zero - places, abs=1e-9)


def test_arcsinh_by_its_formula() -> None:
    values = np.array([-1000.0, 0, 150, 20_000])
    assert Scale("arcsinh", 1e4)(values) == pytest.approx(np.arcsinh(values / 150) / np.arcsinh(1e4 / 150))


def test_the_width_follows_the_events_below_zero() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 200, 20_000)
    lowest = np.quantile(values[values < 0], 0.05)
    assert Scale.of(values).width == pytest.approx((4.5 - np.log10(TOP / -lowest)) / 2)
    assert 0 < Scale.of(values)(lowest) < Scale.of(values)(0)
    assert Scale.of(np.abs(values)).width == Scale.of(values[values < 0][:19]).width == 0.5
    assert Scale.of(values / 1e4).width == 0
    assert Scale.of(values * 1e6).width == 2.25


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"method": "log"}, "There is no scale 'log': choose logicle or arcsinh."),
        ({"top": 0.0}, "The top of the scale is 0: it must be above 0."),
        ({"top": np.inf}, "The top of the scale is inf: it must be above 0."),
        ({"width": -0.1}, "The width of the scale is -0.1: it must lie from 0 to 2.25."),
        ({"width": 3.0}, "The width of the scale is 3: it must lie from 0 to 2.25."),
    ],
)
def test_bad_scales(given: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        Scale(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(1, 9))
@pytest.mark.parametrize("sample", ["stained", "isotype"])
def test_cleaning_leaves_living_single_cells(seed: int, sample: str) -> None:
    done, truth = cleaned(cell_sort(seed=seed, replicates=1), sample)
    living = ((truth["truth_event"] == "live") & ~truth["truth_clogged"]).to_numpy()
    assert done.keep[living].mean() >= 0.97
    assert 1 - living[done.keep].mean() <= 0.02
    for kind in ("dead", "doublet"):
        assert (~done.keep)[truth["truth_event"] == kind].mean() >= 0.95
    steps = done.steps.set_index("step")
    assert list(steps.index) == ["time", "margin", "debris", "doublets", "dead"]
    assert [*steps["removed"]] == [(done.removed_by == step).sum() for step in steps.index]
    assert [*steps["left"]] == [*(10_000 - steps["removed"].cumsum())]
    assert len(done.kept) == done.keep.sum() == steps["left"].iloc[-1]


def test_a_run_without_disturbance_loses_next_to_nothing_to_time() -> None:
    for seed in range(1, 6):
        done, _ = cleaned(cell_sort(seed=seed, replicates=1, clogged=0))
        assert (done.removed_by == "time").mean() <= 0.01


def test_the_order_of_events_does_not_matter() -> None:
    raw = compensate(tube(cell_sort(seed=2, replicates=1)))
    order = np.random.default_rng(0).permutation(len(raw))
    shuffled = replace(raw, data=raw.data.iloc[order].reset_index(drop=True))
    assert (clean(shuffled).removed_by == clean(raw).removed_by[order]).all()


@pytest.mark.parametrize(
    ("lacks", "steps"),
    [
        ("Time", ["time"]),
        ("FSC-H", ["doublets"]),
        ("DAPI-A", ["dead"]),
        ("FSC-A", ["time", "margin", "debris", "doublets"]),
    ],
)
def test_a_step_without_its_channel_says_so(sort: Sort, lacks: str, steps: list[str]) -> None:
    raw = compensate(tube(sort))
    markers = {detector: marker for detector, marker in raw.markers.items() if detector != lacks}
    done = clean(replace(raw, data=raw.data.drop(columns=lacks), markers=markers))
    notes = done.steps.set_index("step").loc[steps]
    named = "viability" if lacks == "DAPI-A" else lacks
    assert notes["note"].str.fullmatch(rf"not done: the file has no {named}( and no .*)?").all()
    assert notes["removed"].sum() == 0
    assert (notes["limit"] == "–").all()
    assert done.steps["removed"].sum() > 0  # the others are done


def test_too_few_events_for_the_time_step() -> None:
    done, _ = cleaned(cell_sort(seed=1, events=4999, replicates=1))
    first = done.steps.iloc[0]
    assert (first["removed"], first["note"]) == (0, "not done: it needs 5,000 events")
    enough, _ = cleaned(cell_sort(seed=1, events=5000, replicates=1))
    assert enough.steps.iloc[0]["removed"] > 0


def test_one_hump_is_left_whole() -> None:
    done, truth = cleaned(cell_sort(seed=1, replicates=1, debris=0, dead=0, doublets=0, clogged=0))
    assert (truth["truth_event"] == "live").all()
    notes = done.steps.set_index("step")["note"]
    assert notes["debris"] == notes["dead"] == "one hump, nothing removed"
    assert done.keep.mean() > 0.99


def test_the_share_positive_lies_in_its_interval(tmp_path: Path) -> None:
    """At least 34 of 40 sorts: of 95% intervals, fewer would cover the truth once in 300 times (binomial)."""
    sorts, least = 40, 34
    assert stats.binom.cdf(least - 1, sorts, 0.95) < 1 / 250
    rows = []
    for seed in range(1, sorts + 1):
        small = cell_sort(seed=seed, events=1500, replicates=4)
        found = sorted_in(write(tmp_path / str(seed), small))
        table = found.positive_share([found.gate(marker) for marker in MARKERS])
        rows.append(table.assign(truth=100 * table["marker"].map(small.truth["share_positive"])))
    table = pd.concat(rows)
    covered = (table["lower"] <= table["truth"]) & (table["truth"] <= table["upper"])
    assert covered.groupby(table["marker"]).sum().min() >= least
    off = (table["percent"] - table["truth"]).groupby(table["marker"]).mean()
    assert off.abs().max() < 0.5  # percentage points; sorts vary by about 1.5, so their mean by 0.25


def test_the_interval_is_students_over_replicates(found: FlowSort) -> None:
    gates = {marker: found.gate(marker, quantile=0.95) for marker in MARKERS}
    table = found.positive_share(gates, confidence=0.9)
    assert list(table["marker"]) == list(MARKERS)
    for marker, row in zip(MARKERS, table.itertuples(), strict=True):
        control = np.concatenate([each.channel(marker) for each in found.tubes("isotype")])
        line = np.quantile(control, 0.95)
        background = (control > line).mean()
        seen = np.array([(each.channel(marker) > line).mean() for each in found.tubes("stained")])
        shares = 100 * (seen - background) / (1 - background)
        low, high = stats.t.interval(0.9, 2, shares.mean(), stats.sem(shares))
        assert row.threshold == pytest.approx(line)
        assert row.background == pytest.approx(100 * background)
        assert (row.percent, row.lower, row.upper) == pytest.approx((shares.mean(), low, high))
        assert row.replicates == 3


def test_a_gate_by_hand(found: FlowSort) -> None:
    """A control of 0 to 999 and cells of which a quarter lie far above it."""
    like = found.stained

    def with_values(values: NDArray[np.float64]) -> Events:
        return replace(like, data=pd.DataFrame({"PE-A": values}), markers={"PE-A": "NRP1"}, source="made.fcs")

    control = with_values(np.arange(1000.0))
    cells = with_values(np.append(np.arange(0, 1000, 4 / 3), np.full(250, 5000.0)))
    line = gate(cells, "nrp1", control=control, quantile=0.9)
    assert (line.marker, line.detector, line.method, line.control) == ("NRP1", "PE-A", "control", "made.fcs")
    assert line.threshold == pytest.approx(899.1)
    assert line.background == 0.1
    assert line.positive(cells).mean() == pytest.approx(0.25 + 0.1 * 0.75)
    assert line.share(cells) == pytest.approx(0.25)
    assert line.share(with_values(np.zeros(10))) == 0  # never below
    halves = [with_values(np.arange(500.0)), with_values(np.arange(500.0, 1000))]
    assert gate(cells, "PE-A", control=halves, quantile=0.9).threshold == pytest.approx(899.1)


def test_a_mixture_finds_the_positive_cells_and_refuses_where_there_are_none(tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        found = sorted_in(write(tmp_path / f"{seed}", cell_sort(seed=seed, events=4000)))
        null = sorted_in(write(tmp_path / f"null-{seed}", cell_sort(seed=seed, events=4000, null=True)))
        for marker in MARKERS:
            line = found.gate(marker, method="mixture")
            true = found.positive_share([found.gate(marker)])["percent"].iloc[0]
            assert line.background == 0
            assert line.control == ""
            assert found.positive_share([line])["percent"].iloc[0] == pytest.approx(true, abs=1)
            with pytest.raises(InputError, match=f"^{marker} in .* has no two humps that stand apart: [^.]*\\.$"):
                null.gate(marker, method="mixture")
        assert "mixture" not in set(null.sensitivity(quantiles=[0.99])["by"])


@pytest.mark.parametrize("seed", range(1, 5))
def test_without_positive_cells_the_isotype_finds_none_and_others_do(tmp_path: Path, seed: int) -> None:
    null = sorted_in(write(tmp_path, cell_sort(seed=seed, events=4000, replicates=4, null=True)))
    for marker in MARKERS:
        isotype, fmo, unstained = (
            null.positive_share([null.gate(marker, control=control)]).iloc[0]
            for control in ("isotype", "fmo", "unstained")
        )
        assert isotype["lower"] < 0.5
        assert isotype["percent"] < 0.5
        for wrong in (fmo, unstained):  # no antibody in it that could stick
            assert wrong["percent"] > 2
            assert wrong["lower"] > 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_spill_left_in_the_cells_makes_false_positives(tmp_path: Path, seed: int) -> None:
    """NRP1's dye sends 6% of its light into the detector of IGF1R; a compensated control does not know that."""
    made = cell_sort(seed=seed, events=4000)
    found = sorted_in(write(tmp_path, made))
    raw = {
        file: clean(replace(read_fcs(tmp_path / file), compensated=True)).kept if "-stained-" in file else cells
        for file, cells in found.cells.items()
    }
    line = found.gate("IGF1R")
    right, wrong = (each.positive_share([line]).iloc[0] for each in (found, replace(found, cells=raw)))
    assert wrong["percent"] > right["upper"]
    assert wrong["percent"] > 1.5 * right["percent"]
    truth = made.events["sort-stained-1-simulated.fcs"]
    live = (truth["truth_event"] == "live") & ~truth["truth_clogged"]
    false = (live & truth["truth_NRP1"] & ~truth["truth_IGF1R"]).to_numpy()
    seen = tube(made)
    assert line.positive(seen)[false].mean() > 0.5
    assert line.positive(compensate(seen))[false].mean() < 0.05


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, r"^A gate on NRP1 needs a control: give an FMO or isotype control, or take a mixture\.$"),
        ({"control": []}, r"^A gate on NRP1 needs a control"),
        ({"quantile": 0.3}, r"^The quantile of the gate is 0\.3: it must lie from 0\.5 to below 1\.$"),
        ({"quantile": 1.0}, r"^The quantile of the gate is 1: "),
        ({"quantile": np.nan}, r"^The quantile of the gate is nan: "),
        ({"method": "eye"}, r"^There is no gate 'eye': choose control or mixture\.$"),
        ({"control": "few"}, r"^The controls of NRP1 hold 99 clean events: a gate needs 100\.$"),
        ({"marker": "NRP2"}, r"has no channel 'NRP2' \(did you mean 'NRP1'\?\)"),
        ({"events": "few", "method": "mixture"}, r"^sort-.*\.fcs holds 99 clean events: a mixture needs 100\.$"),
    ],
)
def test_bad_gates(found: FlowSort, given: dict[str, object], message: str) -> None:
    (cells, *_), (control, *_) = found.tubes("stained"), found.tubes("isotype")
    few = cells.keep(np.arange(len(cells)) < 99)
    arguments: dict[str, object] = {"events": cells, "marker": "NRP1"}
    if "quantile" in given or "marker" in given:
        arguments["control"] = control
    arguments |= {name: few if isinstance(value, str) and value == "few" else value for name, value in given.items()}
    with pytest.raises(InputError, match=message):
        gate(**arguments)  # type: ignore[arg-type]


def test_a_sort_holds_the_cells_of_every_file(found: FlowSort, sort: Sort) -> None:
    assert set(found.cells) == set(sort.events)
    assert found.markers == MARKERS
    assert len(found.cleaning) == len(found.table) == 16
    for row, file in zip(found.cleaning.itertuples(), found.table["file"], strict=True):
        alone = clean(compensate(read_as_simulated(sort, file)))
        assert found.cells[file].data.equals(alone.kept.data)
        assert (
            row.kept == len(alone.kept) == row.events - (row.time + row.margin + row.debris + row.doublets + row.dead)
        )
    assert found.example.events.source == "sort-stained-1-simulated.fcs"
    assert [each.source for each in found.tubes("Isotype")] == [f"sort-isotype-{i}-simulated.fcs" for i in (1, 2, 3)]
    assert len(found.stained) == sum(map(len, found.tubes("stained")))


def read_as_simulated(sort: Sort, file: str) -> Events:
    sample, replicate = re.fullmatch(r"sort-(.*)-(\d+)-simulated\.fcs", file).groups()  # type: ignore[union-attr]
    return tube(sort, sample, int(replicate))


def test_the_order_of_the_sheet_does_not_matter(tmp_path: Path, found: FlowSort, sort: Sort) -> None:
    folder = write(tmp_path, sort)
    (sheet,) = folder.glob("*.csv")
    pd.read_csv(sheet).iloc[::-1].to_csv(sheet, index=False)
    turned = sorted_in(folder)
    gates = [found.gate(marker) for marker in MARKERS]
    again = [turned.gate(marker) for marker in MARKERS]
    assert again == gates
    pd.testing.assert_frame_equal(turned.positive_share(again), found.positive_share(gates))


def test_files_without_a_matrix_take_that_of_the_single_stained_tubes(
    tmp_path: Path, found: FlowSort, sort: Sort
) -> None:
    without = sorted_in(write(tmp_path, sort, spillover=False))
    assert all(events.spillover is None and events.compensated for events in without.cells.values())
    for marker in MARKERS:
        given, estimated = (each.positive_share([each.gate(marker)]).iloc[0] for each in (found, without))
        assert estimated["percent"] == pytest.approx(given["percent"], abs=1)


@pytest.mark.parametrize("leave_out", ["single-.*", "unstained"])
def test_no_way_to_compensate_is_refused(tmp_path: Path, sort: Sort, leave_out: str) -> None:
    folder = write(tmp_path, sort, spillover=False, leave_out=leave_out)
    with pytest.raises(
        InputError, match=r"hold no spill-over matrix: add the unstained and the single-stained tubes\.$"
    ):
        sorted_in(folder)


def test_missing_samples_are_named(tmp_path: Path, sort: Sort) -> None:
    with pytest.raises(InputError, match=r"names no sample 'stained': say which files hold the stained cells\.$"):
        sorted_in(write(tmp_path / "a", sort, leave_out="stained"))
    found = sorted_in(write(tmp_path / "b", sort, leave_out="isotype|fmo-IGF1R"))
    with pytest.raises(InputError, match=r"has no 'isotype': it has .*stained; add that control, or choose another\.$"):
        found.gate("NRP1")
    with pytest.raises(InputError, match=r"^The sample sheet has no 'fmo-IGF1R': it has [^.]*; add that control"):
        found.gate("IGF1R", control="fmo")
    with pytest.raises(InputError, match=r"has no 'unstaned' \(did you mean 'unstained'\?\)"):
        found.tubes("unstaned")
    assert set(found.sensitivity(quantiles=[0.99]).groupby("marker")["by"].agg(tuple).items()) == {
        ("NRP1", ("fmo", "mixture")), ("IGF1R", ("mixture",)),
    }  # fmt: skip


def test_one_replicate_has_no_interval(tmp_path: Path) -> None:
    found = sorted_in(write(tmp_path, cell_sort(seed=1, events=2000, replicates=1)))
    row = found.positive_share([found.gate("NRP1")]).iloc[0]
    assert row["replicates"] == 1
    assert row["percent"] > 0
    assert np.isnan([row["lower"], row["upper"]]).all()


def test_sensitivity_is_the_share_at_each_gate(found: FlowSort) -> None:
    quantiles = (0.9, 0.99)
    table = found.sensitivity(quantiles=quantiles)
    assert list(table.columns) == ["marker", "by", "quantile", "percent", "lower", "upper"]
    assert len(table) == len(MARKERS) * (2 * len(quantiles) + 1)
    for row in table.itertuples():
        line = (
            found.gate(row.marker, method="mixture")
            if row.by == "mixture"
            else found.gate(row.marker, control=row.by, quantile=row.quantile)
        )
        expected = found.positive_share([line]).iloc[0]
        assert (row.percent, row.lower, row.upper) == tuple(expected[["percent", "lower", "upper"]])


@pytest.mark.slow
def test_a_million_events_from_file_to_figure_in_five_seconds(tmp_path: Path) -> None:
    """One stained tube of a million events, and an isotype control: read, compensate, clean, gate and draw."""
    many = 1_000_000
    small = cell_sort(seed=1, events=100_000, replicates=1)
    matrix = ",".join(["3", *STAINS, *(f"{x:g}" for row in small.truth["spillover"].values() for x in row.values())])
    rows = []
    for sample, times in (("stained", 10), ("isotype", 1)):
        values = np.tile(small.events[f"sort-{sample}-1-simulated.fcs"][CHANNELS].to_numpy(np.float32), (times, 1))
        values[:, -1] += np.repeat(np.arange(times, dtype=np.float32) * 100, 100_000)  # one run after the other
        write_fcs(tmp_path / f"{sample}.fcs", values, {"spillover": matrix})
        rows.append((f"{sample}.fcs", sample, 1))
    pd.DataFrame(rows, columns=["file", "sample", "replicate"]).to_csv(tmp_path / "sheet.csv", index=False)
    sheet = read_assay("cell_sort", tmp_path)
    mpl.use("agg")
    begin = time.process_time()
    found = read_sort(sheet)
    gates = {marker: found.gate(marker) for marker in MARKERS}
    axes = flow_density(found, gates, label="Simulated data (twin)")
    axes.figure.canvas.draw()
    took = time.process_time() - begin
    plt.close("all")
    assert len(found.example.events) == many
    assert took < 5
