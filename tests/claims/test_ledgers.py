"""All nine claims side by side."""

import json
from pathlib import Path

import pytest
from tests.claims.conftest import Make

from fxyd3.claims import ledger, load_claims, read_ledger, record, write_ledger
from fxyd3.errors import InputError

TWIN = {"source": "twin", "simulated": True, "hash": "ab12", "versions": {}}


@pytest.fixture
def evidence(make: Make, tmp_path: Path) -> Path:
    """A run that tested C5 (not testable) and then C3 (supported)."""
    folder = tmp_path / "evidence"
    record(make(None, None, None, claim="C5", n=1, control=None, missing="needs at least 3 patients"), folder, TWIN)
    record(make(0.8, 0.55, 1.05), folder, TWIN)
    (folder / "notes.txt").write_text("not evidence")
    return folder


def test_all_nine_are_written_and_those_without_evidence_say_why(evidence: Path, tmp_path: Path) -> None:
    rows = write_ledger(evidence, tmp_path / "ledger.json")
    assert json.loads((tmp_path / "ledger.json").read_text()) == rows
    verdicts = {row["claim"]: row["verdict"] for row in rows}
    assert verdicts == dict.fromkeys(load_claims()) | {"C3": "supported", "C5": "not testable", "C9": "not testable"}
    by_id = {row["claim"]: row for row in rows}
    assert "'tolerance'" in by_id["C4"]["reason"]
    assert "has not run" in by_id["C4"]["reason"]
    assert "randomised trial" in by_id["C9"]["reason"]
    assert by_id["C3"]["estimate"] == 0.8


def test_records_come_in_the_order_of_the_claims(evidence: Path) -> None:
    assert [r.evidence.claim for r in ledger(evidence)] == ["C3", "C5"]


def test_a_run_without_evidence_has_nine_rows_too(tmp_path: Path) -> None:
    assert ledger(tmp_path / "absent") == []
    assert len(write_ledger(tmp_path / "absent", tmp_path / "l.json")) == 9


def test_a_run_is_read_from_its_folder_its_evidence_and_its_ledger_alike(evidence: Path, tmp_path: Path) -> None:
    write_ledger(evidence, tmp_path / "ledger.json")
    read = [read_ledger(path) for path in (tmp_path, evidence, tmp_path / "ledger.json")]
    assert read[0] == read[1] == read[2] == ledger(evidence)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent", None, "no run at"),
        ("empty", "", "no evidence in"),
        ("text.json", "{", "is no ledger"),
        ("other.json", '[{"context": {}}]', "is no ledger"),
        ("number.json", "3", "is no ledger"),
        ("none.json", "[]", "no evidence in"),
    ],
)
def test_what_is_no_run_is_refused(name: str, content: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if path.suffix:
        path.write_text(content or "")
    elif content is not None:
        path.mkdir()
    with pytest.raises(InputError, match=said):
        read_ledger(path)


def test_a_broken_evidence_file_stops_the_ledger_and_leaves_the_old_one(evidence: Path, tmp_path: Path) -> None:
    write_ledger(evidence, tmp_path / "ledger.json")
    before = (tmp_path / "ledger.json").read_text()
    (evidence / "C3.json").write_text("{")
    with pytest.raises(InputError, match=r"C3\.json"):
        write_ledger(evidence, tmp_path / "ledger.json")
    assert (tmp_path / "ledger.json").read_text() == before
