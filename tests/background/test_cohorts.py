"""The patients: who they are, and what a reader's own table must hold."""

from pathlib import Path

import numpy as np
import pytest

from fxyd3.background import clinical_numbers, cohorts, cohorts_label, gbsg2, gse7390, read_cohort
from fxyd3.errors import InputError


def test_the_public_cohorts_are_those_of_their_papers() -> None:
    """Sizes and events as the documentation of scikit-survival gives them."""
    first, second = cohorts()
    assert (len(first.patients), int(first.patients["event"].sum())) == (686, 299)
    assert (len(second.patients), int(second.patients["event"].sum())) == (198, 51)
    assert cohorts_label([first, second]).startswith("Measured data: GBSG2 (686 patients)")
    for cohort in (first, second):
        assert set(cohort.patients["er"]) == {"ER-negative", "ER-positive"}
        assert cohort.patients["time"].between(0, 30).all()  # years, not days
        assert set(cohort.covariates) <= set(cohort.patients)
        assert not cohort.patients.isna().any().any()


def test_a_higher_cut_off_makes_more_tumours_negative() -> None:
    negative = [int((gbsg2(cut_off=value).patients["er"] == "ER-negative").sum()) for value in (5, 10, 20, 100)]
    assert negative == sorted(negative)
    assert negative[0] < negative[-1]
    with pytest.raises(InputError, match="cut-off"):
        gbsg2(cut_off=0)


def test_years_end_where_few_are_followed() -> None:
    for cohort in cohorts():
        followed = (cohort.patients["time"] >= cohort.years).mean()
        later = (cohort.patients["time"] >= cohort.years + 1).mean()
        assert followed >= 0.045 > later
        assert cohort.times(3)[:4] == [0, 1, 2, 3]
        assert cohort.times(3)[-1] <= cohort.years
    assert np.diff(gse7390().times(3)).max() == 2


def test_own_patients_are_read_as_people_write_them(tmp_path: Path) -> None:
    rows = "Time;Event;ER;Age\n1.5;1;neg;40\n4;0;Positive;51\n3;1;-;62\n"
    (tmp_path / "mine.csv").write_text(rows)
    mine = read_cohort(tmp_path / "mine.csv")
    assert mine.name == "mine"
    assert mine.covariates == ("age",)
    assert mine.patients["er"].tolist() == ["ER-negative", "ER-positive", "ER-negative"]
    assert [each.name for each in cohorts(str(tmp_path / "mine.csv"))] == ["mine"]
    (tmp_path / "numbers.tsv").write_text("time\tevent\ter\n1\t1\t0\n2\t0\t1\n")
    assert read_cohort(tmp_path / "numbers.tsv").patients["er"].tolist() == ["ER-negative", "ER-positive"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,event\n1,1\n", "no column 'er'"),
        ("time,event,er\n1,1,perhaps\n", "'perhaps' in row 0"),
        ("time,event,er\n1,2,pos\n", "must hold 0 or 1"),
        ("time,event,er\n-1,1,pos\n", "-1 in row 0"),
        ("time,event,er\n,1,pos\n", "empty in row 0"),
        ("time,event,er\nsoon,1,pos\n", "holds text"),
        ("time,event,er\n1,0,pos\n", "no event"),
    ],
)
def test_a_table_that_cannot_be_used_gets_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.csv").write_text(text)
    with pytest.raises(InputError, match=message) as stopped:
        read_cohort(tmp_path / "mine.csv")
    assert "\n" not in str(stopped.value)


def test_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no table of patients"):
        read_cohort(tmp_path / "nowhere.csv")


def test_every_clinical_number_has_a_source_and_says_how_far_it_was_checked() -> None:
    numbers = clinical_numbers()
    assert (numbers["source"] != "").all()
    assert set(numbers["checked"]) <= {"source read", "abstract or opening of the article", "secondary source"}
    limits = numbers[numbers["lower"] != ""]
    inside = limits["lower"].astype(float).lt(limits["value"].astype(float)) & limits["value"].astype(float).lt(
        limits["upper"].astype(float)
    )
    assert inside.all()
