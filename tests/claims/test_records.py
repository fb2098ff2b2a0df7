"""What a chapter leaves behind."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.claims.conftest import Make

from fxyd3.claims import Control, Evidence, Record, Verdict, decide, ledger, load_claims, record
from fxyd3.errors import InputError

TWIN = {"source": "twin", "simulated": True, "hash": "ab12", "versions": {"fxyd3": "0.1.0"}}
REAL = TWIN | {"source": "tumour.h5ad", "simulated": False}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
triples = st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3).map(sorted)


@st.composite
def records(draw: st.DrawFn) -> Record:
    claim = draw(st.sampled_from(list(load_claims().values())))
    lower, estimate, upper = draw(triples)
    sham = draw(triples)
    control = draw(st.sampled_from([None, Control(draw(texts), sham[1], sham[0], sham[2])]))
    found = Evidence(
        claim.id, estimate, lower, upper, draw(st.integers(0, 99)), claim.unit, draw(texts), draw(texts), control,
        draw(texts), draw(st.floats(0.5, 0.99)), draw(st.dictionaries(texts, st.integers() | texts, max_size=3)),
    )  # fmt: skip
    return Record(found, decide(claim, found), draw(texts), draw(st.booleans()), "ab", {"fxyd3": "1"}, "2026-01-01")


@given(records())
def test_a_record_survives_json(made: Record) -> None:
    assert Record.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_what_is_written_is_read_again(make: Make, tmp_path: Path) -> None:
    made = record(make(0.8, 0.55, 1.05, details={"groups": 5}), tmp_path / "evidence", TWIN)
    assert made.verdict is Verdict.SUPPORTED
    assert ledger(tmp_path / "evidence") == [made]
    content = json.loads((tmp_path / "evidence" / "C3.json").read_text())
    assert (content["claim"], content["verdict"], content["estimate"]) == ("C3", "supported", 0.8)
    assert content["context"]["hash"] == "ab12"
    assert content["context"]["written"].endswith("+00:00")


def test_numpy_numbers_are_written_as_plain_ones(make: Make, tmp_path: Path) -> None:
    made = record(make(np.float32(0.5), np.float64(0.25), np.float32(1.5), n=np.int64(6)), tmp_path, TWIN)
    assert ledger(tmp_path) == [made]


def test_a_later_record_takes_the_place_of_the_first(make: Make, tmp_path: Path) -> None:
    record(make(0.8, 0.55, 1.05), tmp_path, TWIN)
    record(make(0.1, -0.1, 0.3), tmp_path, TWIN)
    assert [r.verdict for r in ledger(tmp_path)] == [Verdict.CONTRADICTED]
    assert [p.name for p in tmp_path.iterdir()] == ["C3.json"], "nothing else is left behind"


def test_the_sentence_tells_estimate_interval_n_and_that_data_are_simulated(make: Make, tmp_path: Path) -> None:
    said = record(make(0.8, 0.55, -0.0 + 1.05), tmp_path, TWIN).sentence()
    for part in ("simulated data (twin)", "0.8 within-patient SD", "95% interval 0.55 to 1.05", "n = 6 patients",
                 "C3 is supported"):  # fmt: skip
        assert part in said
    assert said.count(". ") == 0, "one sentence"
    measured = record(make(-0.8, -1.0, -0.5, confidence=0.9), tmp_path, REAL).sentence()
    assert "measured data (tumour.h5ad)" in measured
    assert "simulated" not in measured
    assert "90% interval −1 to −0.5" in measured


def test_the_sentence_names_what_is_missing(make: Make, tmp_path: Path) -> None:
    said = record(make(0.8, None, None, n=1, missing="needs at least 3 patients."), tmp_path, REAL).sentence()
    assert said.endswith("C3 is not testable: needs at least 3 patients.")


def test_a_failed_control_is_told(make: Make, tmp_path: Path) -> None:
    failing = Control("random genes", 0.8, 0.5, 1.1)
    assert "negative control passes" in record(make(0.8, 0.55, 1.05, control=failing), tmp_path, TWIN).sentence()
    assert "negative control passes" not in record(make(0.8, 0.55, 1.05), tmp_path, TWIN).sentence()


def test_a_notebook_shows_the_same_twice(make: Make, tmp_path: Path) -> None:
    """Times and versions are in the file only, so that committed outputs do not change with them."""
    first = record(make(0.8, 0.55, 1.05), tmp_path, TWIN)
    other = Record(first.evidence, first.verdict, "twin", True, "cd34", {"fxyd3": "9"}, "2031-01-01")
    assert first._repr_markdown_() == other._repr_markdown_()
    assert repr(first) == repr(other) == first.sentence()
    for part in ("C3 ✔ supported in simulated data", "random genes: 0 [−0.1 to 0.1]", "sorted cells, before treatment"):
        assert part in first._repr_markdown_()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"claim": "C3", "verdict": "maybe", "control": null}'])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "C3.json").write_text(text)
    with pytest.raises(InputError, match=r"C3\.json is broken"):
        ledger(tmp_path)


def test_nothing_is_left_half_written(make: Make, tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        record(make(0.8, 0.55, 1.05, details={"no": object()}), tmp_path, TWIN)
    assert not list(tmp_path.iterdir())
