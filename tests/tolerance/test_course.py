"""The course under 5-FU: what is computed from the cells equals the authors' counts, and closed forms on made cells."""

from pathlib import Path

import pandas as pd
import pytest

from fxyd3.errors import InputError
from fxyd3.tolerance import course_bottleneck, course_shares, read_course

SAMPLES = {"L_chemonaive": 100, "L_5FU1_day33": 60}


@pytest.fixture
def made(tmp_path: Path) -> Path:
    rows = []
    for sample, n in SAMPLES.items():
        for i in range(n):
            cluster = "C1" if i < (n if "naive" in sample else n // 4) else "C2"
            rows.append((f"{sample}{i}", sample, cluster, "G1" if i % 2 else "S", f"b{i % 50}" if i < 50 else None))
    columns = ["cell_id", "sample", "cluster", "cell_cycle", "lineage_barcode"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "cells.csv", index=False)
    return tmp_path / "cells.csv"


def test_arm_and_day_are_read_from_the_name_of_the_sample(made: Path) -> None:
    course = read_course(made)
    assert set(zip(course["arm"], course["day"], strict=True)) == {("untreated", 0), ("5FU1", 33)}
    assert course["barcode"].notna().sum() == 100


def test_shares_are_counts_with_wilsons_interval(made: Path) -> None:
    table = course_shares(read_course(made)).set_index(["day", "cluster"])
    assert table.loc[(33, "C1"), "cells"] == 15
    assert table.loc[(33, "C1"), "share"] == 0.25
    z, n, p = 1.959964, 60, 0.25
    middle, half = (p + z**2 / (2 * n)), z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    assert table.loc[(33, "C1"), "lower"] == pytest.approx((middle - half) / (1 + z**2 / n), abs=1e-6)
    assert table.loc[(33, "C1"), "upper"] == pytest.approx((middle + half) / (1 + z**2 / n), abs=1e-6)
    assert table.loc[(0, "C2"), ["cells", "share", "lower"]].tolist() == [0, 0, 0]
    assert table.groupby("day")["share"].sum().tolist() == [1, 1]


def test_the_bottleneck_is_compared_in_the_same_number_of_cells(made: Path) -> None:
    found = course_bottleneck(read_course(made), fewest=10, resamples=5)
    all_clones = found[found["order"] == 0].set_index("day")
    assert all_clones.loc[0, "observed"] == 50
    assert set(found["at"]) == {50}
    few = course_bottleneck(read_course(made).query("barcode != 'b1'"), fewest=1000, resamples=5)
    assert few["standardised"].isna().all()


def test_rows_in_another_order_give_the_same(made: Path) -> None:
    course = read_course(made)
    other = course.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(course_shares(other), course_shares(course))
    pd.testing.assert_frame_equal(course_bottleneck(other, fewest=10), course_bottleneck(course, fewest=10))


@pytest.mark.real
def test_the_real_course_has_the_counts_made_from_the_authors_files(real_data: Path) -> None:
    course = read_course(real_data / "mm468_5fu_persister_cells.csv.gz")
    counts = pd.read_csv(real_data / "mm468_5fu_counts.tsv", sep="\t").set_index("day")
    for by in ("cluster", "phase"):
        wide = course_shares(course, by=by).pivot_table("cells", index="day", columns=by)
        pd.testing.assert_frame_equal(
            wide, counts[wide.columns], check_dtype=False, check_names=False, check_index_type=False
        )
    assert course.groupby("day").size().tolist() == counts["n_cells"].tolist()
    c2 = course_shares(course).query("cluster == 'C2'").set_index("day")["share"]
    assert c2[0] == pytest.approx(0.0018, abs=5e-5)
    assert (c2[[33, 50, 67, 77]] > 0.4).all()
    assert c2[[171, 202, 214]].max() <= 0.017


@pytest.mark.real
def test_clones_are_lost_over_the_real_course(real_data: Path) -> None:
    found = course_bottleneck(read_course(real_data / "mm468_5fu_persister_cells.csv.gz"), resamples=5)
    dominant = found[(found["order"] == 2)].set_index("day")["standardised"]
    assert dominant[0] > dominant[50] > dominant[202]
    assert found["barcodes"].gt(found["cells"]).sum() == 0


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda t: t.drop(columns="cluster"), "no column 'cluster'"),
        (lambda t: t.assign(sample="MM468_week5"), "samples MM468_week5 tell no day"),
    ],
)
def test_a_wrong_file_is_told_in_one_sentence(made: Path, spoil, told) -> None:  # type: ignore[no-untyped-def]
    spoil(pd.read_csv(made)).to_csv(made, index=False)
    with pytest.raises(InputError, match=told):
        read_course(made)


def test_other_bad_input(made: Path, tmp_path: Path) -> None:
    course = read_course(made)
    with pytest.raises(InputError, match=r"no column 'clusters'.*did you mean 'cluster'"):
        course_shares(course, by="clusters")
    with pytest.raises(InputError, match="confidence is 0"):
        course_shares(course, confidence=0)
    with pytest.raises(InputError, match="No cell has a barcode"):
        course_bottleneck(course.assign(barcode=None))
    with pytest.raises(InputError, match=r"nowhere\.csv cannot be read"):
        read_course(tmp_path / "nowhere.csv")
