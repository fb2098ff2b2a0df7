"""All nine claims side by side."""

import json
from pathlib import Path

import pytest
from tests.claims.conftest import Make

from fxyd3.claims import ledger, ledger_table, load_claims, record, write_ledger
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


def test_the_table_shows_what_the_evidence_says(evidence: Path) -> None:
    table = ledger_table(evidence)
    assert list(table.index) == list(load_claims())
    assert table.loc["C3", "verdict"] == "✔ supported in simulated data"
    assert table.loc["C3", "estimate [interval]"] == "0.8 [0.55 to 1.05] within-patient SD"
    assert table.loc["C3", "n"] == "6 patients"
    assert table.loc["C3", "negative control"] == "0 [−0.1 to 0.1]"
    assert table.loc["C5", "verdict"] == "– not testable"
    assert "needs at least 3 patients" in table.loc["C5", "scope"]
    assert table.loc["C5", "estimate [interval]"] == ""
    assert table.loc["C1", "verdict"] == "not run"
    assert table.loc["C9", "verdict"] == "– not testable"
    assert not table.isna().to_numpy().any()


def test_a_run_without_evidence_has_nine_rows_too(tmp_path: Path) -> None:
    assert ledger(tmp_path / "absent") == []
    assert len(ledger_table(tmp_path / "absent")) == len(write_ledger(tmp_path / "absent", tmp_path / "l.json")) == 9


def test_a_broken_evidence_file_stops_the_ledger_and_leaves_the_old_one(evidence: Path, tmp_path: Path) -> None:
    write_ledger(evidence, tmp_path / "ledger.json")
    before = (tmp_path / "ledger.json").read_text()
    (evidence / "C3.json").write_text("{")
    with pytest.raises(InputError, match=r"C3\.json"):
        write_ledger(evidence, tmp_path / "ledger.json")
    assert (tmp_path / "ledger.json").read_text() == before


def test_a_verdict_on_measured_data_is_not_called_simulated(make: Make, tmp_path: Path) -> None:
    record(make(0.8, 0.55, 1.05), tmp_path, TWIN | {"source": "tumours.h5ad", "simulated": False})
    assert ledger_table(tmp_path).loc["C3", "verdict"] == "✔ supported"
