"""FCS files against flowio and the twin, compensation against algebra, and broken files in one sentence."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from flowio import FlowData
from numpy.typing import NDArray

from fxyd3.data.simulate import cell_sort
from fxyd3.data.simulate.flow import Sort
from fxyd3.enrichment import Events, compensate, read_fcs, spillover_matrix
from fxyd3.errors import InputError

CHANNELS = ["FSC-A", "FSC-H", "SSC-A", "PE-A", "APC-A", "DAPI-A", "Time"]
DYES = ["PE-A", "APC-A", "DAPI-A"]
SMALL = np.arange(12, dtype="<f4").reshape(4, 3)  # events by channels
NAMES = ("FSC-A", "PE-A", "Time")
MATRIX = "2,FSC-A,PE-A,1,0.1,0.2,1"

Channel = Mapping[str, str]


def fcs(
    values: NDArray[np.generic] = SMALL,
    names: Sequence[str] = NAMES,
    *,
    version: str = "FCS3.1",
    keywords: Channel | None = None,
) -> bytes:
    """An FCS file, written here from the standard: header, keywords, events."""
    text_begin, room = 58, 2000
    data_begin = text_begin + room
    data_end = data_begin + values.nbytes - 1
    kind = {"f": "F", "u": "I"}[values.dtype.kind] if values.dtype.itemsize < 8 else "D"
    words = {"$BEGINDATA": data_begin, "$ENDDATA": data_end, "$BYTEORD": "1,2,3,4", "$DATATYPE": kind, "$MODE": "L"}
    words |= {"$NEXTDATA": 0, "$PAR": values.shape[1], "$TOT": len(values)}
    if values.dtype.byteorder == ">":
        words["$BYTEORD"] = "4,3,2,1"
    for i, name in enumerate(names, start=1):
        words |= {f"$P{i}N": name, f"$P{i}B": 8 * values.dtype.itemsize, f"$P{i}E": "0,0", f"$P{i}R": 262144}
    words |= keywords or {}
    text = "/" + "".join(f"{key}/{value}/" for key, value in words.items() if value != "")
    places = (text_begin, text_begin + len(text) - 1, data_begin, data_end, 0, 0)
    header = f"{version:<10}" + "".join(f"{place:>8}" for place in places)
    return (header + text).ljust(data_begin).encode() + values.tobytes()


Write = Callable[[bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: bytes) -> Path:
        path = tmp_path / "cells.fcs"
        path.write_bytes(content)
        return path

    return write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sort")


@pytest.fixture(scope="module")
def sort(folder: Path) -> Sort:
    made = cell_sort(seed=1, events=2000, replicates=1)
    made.write(folder)
    return made


def tube(sort: Sort, sample: str) -> Events:
    """A tube as simulated, without a file in between."""
    file = f"sort-{sample}-1-simulated.fcs"
    markers = {"PE-A": "NRP1", "APC-A": "IGF1R", "DAPI-A": "viability"}
    tops = dict.fromkeys(CHANNELS, 262144.0)
    return Events(sort.events[file][CHANNELS], markers, tops, None, file, simulated=True)


def planted(sort: Sort) -> pd.DataFrame:
    matrix: pd.DataFrame = pd.DataFrame(sort.truth["spillover"]).T
    return matrix.loc[DYES, DYES]


def test_a_written_sort_is_read_bit_by_bit(sort: Sort, folder: Path) -> None:
    for file, simulated in sort.events.items():
        events = read_fcs(folder / file)
        assert list(events.data) == CHANNELS
        assert set(events.data.dtypes) == {np.dtype("float32")}
        assert events.data.to_numpy().tobytes() == simulated[CHANNELS].to_numpy(np.float32).tobytes()
        peer = FlowData(folder / file)
        assert events.data.to_numpy().ravel().tolist() == peer.events.tolist()
        assert len(events) == peer.event_count == 2000
        assert (events.source, events.simulated, events.compensated) == (file, True, False)
        assert events.markers == {"PE-A": "NRP1", "APC-A": "IGF1R", "DAPI-A": "viability"}
        assert events.tops == dict.fromkeys(CHANNELS, 262144.0)


@pytest.mark.parametrize("version", ["FCS2.0", "FCS3.0", "FCS3.1"])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<u2", "<u4", ">u4"])
def test_versions_types_and_byte_orders(write: Write, version: str, dtype: str) -> None:
    events = read_fcs(write(fcs(SMALL.astype(dtype), version=version)))
    assert events.data.to_numpy().tolist() == SMALL.tolist()
    assert tuple(events.data) == NAMES
    assert not events.simulated


def test_gain_logarithm_and_time_step_are_undone(write: Write) -> None:
    words = {"$P1G": "2.0", "$P2E": "4,1", "$P2R": "1024", "$P3G": "8", "$TIMESTEP": "0.01"}
    path = write(fcs(SMALL, keywords=words))
    read = read_fcs(path).data.to_numpy()
    assert read == pytest.approx(FlowData(path).as_array(preprocess=True))
    gained, amplified, seconds = SMALL.astype(float).T
    assert read == pytest.approx(np.column_stack([gained / 2, 10 ** (4 * amplified / 1024), seconds * 0.01]))


@pytest.mark.parametrize("keyword", ["$SPILLOVER", "SPILL", "spillover"])
def test_the_matrix_of_the_file(write: Write, keyword: str) -> None:
    assert read_fcs(write(fcs())).spillover is None
    matrix = read_fcs(write(fcs(keywords={keyword: "2, FSC-A, PE-A, 1, 0.1, 0.2, 1"}))).spillover
    assert matrix is not None
    assert matrix.loc["FSC-A", "PE-A"] == 0.1  # light of the first dye in the second detector
    assert matrix.loc["PE-A", "FSC-A"] == 0.2
    assert np.diag(matrix).tolist() == [1, 1]


def test_the_matrix_of_the_twin(sort: Sort, folder: Path) -> None:
    matrix = read_fcs(folder / "sort-stained-1-simulated.fcs").spillover
    pd.testing.assert_frame_equal(matrix, planted(sort), check_names=False)


def test_detectors_by_marker_and_case(write: Write) -> None:
    events = read_fcs(write(fcs(keywords={"$P2S": "NRP1"})))
    assert [events.detector(name) for name in ("NRP1", "nrp1", "PE-A", "pe-a", "time")] == ["PE-A"] * 4 + ["Time"]
    assert events.channel("Nrp1").tolist() == SMALL[:, 1].tolist()
    assert events.keep(np.array([True, False, False, True])).channel("Time").tolist() == [2, 11]
    with pytest.raises(InputError, match=r"^cells\.fcs has no channel 'NRP2' \(did you mean 'NRP1'\?\): it has .*\.$"):
        events.detector("NRP2")


def test_compensation_is_the_inverse_of_spill(write: Write) -> None:
    light = np.array([[100.0, 0.0], [0.0, 1000.0], [50.0, 20.0]])
    spill = np.array([[1.0, 0.1], [0.2, 1.0]])
    seen = np.column_stack([light @ spill, [1, 2, 3]]).astype("<f4")
    events = read_fcs(write(fcs(seen, keywords={"$SPILLOVER": MATRIX})))
    done = compensate(events)
    assert done.data[["FSC-A", "PE-A"]].to_numpy() == pytest.approx(light, abs=1e-3)
    assert done.channel("Time").tolist() == [1, 2, 3]
    assert done.compensated
    assert not events.compensated
    assert events.channel("PE-A").tolist() == seen[:, 1].tolist()  # the events given stay as they were
    turned = pd.DataFrame(spill, ["FSC-A", "PE-A"], ["FSC-A", "PE-A"]).iloc[::-1, ::-1]
    pd.testing.assert_frame_equal(compensate(events, turned).data, done.data, rtol=1e-5, atol=1e-3)
    with pytest.raises(InputError, match="are compensated: do it once only"):
        compensate(done)


def test_no_matrix_or_a_bad_one_is_refused(write: Write) -> None:
    events = read_fcs(write(fcs()))
    with pytest.raises(InputError, match="holds no spill-over matrix"):
        compensate(events)
    names = ["FSC-A", "PE-A"]
    for shares in ([[1, 1], [1, 1]], [[1, np.nan], [0, 1]]):
        with pytest.raises(InputError, match="cannot be inverted"):
            compensate(events, pd.DataFrame(shares, names, names))
    with pytest.raises(InputError, match="cannot be inverted"):
        compensate(events, pd.DataFrame([[1.0, 0.5]], ["FSC-A"], names))
    with pytest.raises(InputError, match=r"no channel 'APC-A'"):
        compensate(events, pd.DataFrame(np.eye(2), ["FSC-A", "APC-A"], ["FSC-A", "APC-A"]))


@pytest.mark.parametrize("seed", range(1, 6))
def test_single_stained_tubes_tell_the_matrix_and_undo_the_spill(seed: int) -> None:
    """Half of the live cells carry the dye: once compensated, they are no brighter elsewhere than those without it.

    Elsewhere a cell varies by about 150 units (autofluorescence, detector, noise of the spill), so the difference of
    two medians of 950 cells has a standard error of 1.25 x 150 x sqrt(2 / 950) = 9: five of them are allowed, and an
    error of 0.002 in the share, of 20,000 units.
    """
    sort = cell_sort(seed=seed, events=2000, replicates=1, doublets=0, debris=0, dead=0)
    single = {name: tube(sort, f"single-{name}") for name in ("NRP1", "IGF1R", "viability")}
    found = spillover_matrix(single, tube(sort, "unstained"))
    truth = planted(sort)
    assert np.diag(found).tolist() == [1, 1, 1]
    assert (found.loc[DYES, DYES] - truth).abs().to_numpy().max() < 0.01
    for name in ("NRP1", "IGF1R"):
        done = compensate(single[name], found)
        own = done.detector(name)
        kind = sort.events[done.source]
        live = (kind["truth_event"] == "live") & ~kind["truth_clogged"]
        carries = kind[f"truth_{name}"]
        for other in set(DYES) - {own}:
            raised = [
                np.median(each.channel(other)[live & carries]) - np.median(each.channel(other)[live & ~carries])
                for each in (single[name], done)
            ]
            spill = truth.loc[own, other]
            assert raised[0] == pytest.approx(20_000 * spill, abs=0.2 * 20_000 * spill + 60)
            assert abs(raised[1]) < 5 * 9 + 0.002 * 20_000


def test_the_matrix_from_tubes_with_debris_and_doublets() -> None:
    for seed in range(1, 6):
        sort = cell_sort(seed=seed, events=10_000, replicates=1)
        single = {name: tube(sort, f"single-{name}") for name in ("NRP1", "IGF1R", "viability")}
        found = spillover_matrix(single, tube(sort, "unstained"))
        assert (found - planted(sort)).abs().to_numpy().max() < 0.01


def test_a_control_without_its_dye_is_refused(sort: Sort) -> None:
    unstained = tube(sort, "unstained")
    with pytest.raises(InputError, match="holds no cells brighter in PE-A than unstained ones: check its dye"):
        spillover_matrix({"NRP1": unstained}, unstained)


def test_a_missing_file_is_named_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "stained-1.fcs").touch()
    with pytest.raises(InputError, match=r"There is no file .*stained-2\.fcs \(did you mean 'stained-1\.fcs'\?\)"):
        read_fcs(tmp_path / "stained-2.fcs")
    with pytest.raises(InputError, match="check its name and folder"):
        read_fcs(tmp_path / "nowhere" / "stained-2.fcs")


WHOLE = fcs(keywords={"$SPILLOVER": MATRIX})
BAD = {
    "no FCS file": (b"sample,cells\n1,2\n", "is not an FCS file"),
    "an empty file": (b"", "is not an FCS file"),
    "another version": (fcs(version="FCS4.0"), "is of version FCS4.0"),
    "cut in the header": (WHOLE[:30], "may be truncated"),
    "cut in the keywords": (WHOLE[:200], "may be truncated"),
    "cut in the data": (WHOLE[:-20], "truncated"),
    "fewer events than promised": (fcs(keywords={"$TOT": "9"}), "it holds 4 of the 9 events it promises"),
    "no events": (fcs(SMALL[:0]), "holds no events"),
    "several data sets": (fcs(keywords={"$NEXTDATA": "9999"}), "holds several data sets"),
    "no number of events": (fcs(keywords={"$TOT": ""}), "cannot be read as an FCS file"),
    "no word for the number": (fcs(keywords={"$TOT": "many"}), "cannot be read as an FCS file"),
    "two of the same name": (fcs(names=("FSC-A", "PE-A", "PE-A")), "has two channels of the same name"),
    "two that differ in case": (fcs(names=("FSC-A", "PE-A", "pe-a")), "has two channels of the same name"),
    "a channel without a name": (fcs(keywords={"$P2N": ""}), "or one without|cannot be read"),
    "an unusable delimiter": (fcs().replace(b"/", b"+"), "cannot be read as an FCS file"),
    "no keywords": (fcs()[:10] + b"      58      57" + fcs()[26:], "cannot be read as an FCS file"),
    "an offset below zero": (fcs()[:42] + b"      -9       0" + fcs()[58:], "cannot be read as an FCS file"),
    "a histogram": (fcs(keywords={"$MODE": "U"}), "holds no plain list of events|cannot be read"),
    "a matrix of no dyes": (fcs(keywords={"$SPILLOVER": "0"}), "is broken"),
    "a matrix with one dye twice": (fcs(keywords={"$SPILLOVER": "2,PE-A,PE-A,1,0,0,1"}), "is broken"),
    "values that are no numbers": (fcs(np.where(SMALL == 5, np.nan, SMALL).astype("<f4")), "no numbers"),
    "a matrix too short": (fcs(keywords={"$SPILLOVER": "2,FSC-A,PE-A,1,0.1,0.2"}), "is broken"),
    "a matrix without a size": (fcs(keywords={"$SPILLOVER": "FSC-A,PE-A,1,0,0,1"}), "is broken"),
    "words in the matrix": (fcs(keywords={"$SPILLOVER": "2,FSC-A,PE-A,1,none,0,1"}), "is broken"),
    "an unknown channel": (
        fcs(keywords={"$SPILLOVER": "2,FSC-A,PE-H,1,0,0,1"}),
        r"names PE-H, which is no channel of it \(did you mean 'PE-A'\?\): mend \$SPILLOVER",
    ),
}


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_fcs(path)
    return str(caught.value)


def one_sentence(said: str) -> bool:
    return said.endswith(".") and ". " not in said and "\n" not in said


@pytest.mark.parametrize("bad", BAD)
def test_bad_files_are_refused_in_one_sentence(write: Write, bad: str) -> None:
    content, message = BAD[bad]
    said = refusal(write(content))
    assert re.search(message, said)
    assert said.startswith(("cells.fcs", "The spill-over matrix in cells.fcs"))
    assert one_sentence(said)


@pytest.mark.parametrize("cut", [*range(0, len(WHOLE), len(WHOLE) // 40), len(WHOLE) - 1])
def test_wherever_a_file_is_cut_it_is_refused(write: Write, cut: int) -> None:
    assert one_sentence(refusal(write(WHOLE[:cut])))
