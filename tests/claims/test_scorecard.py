"""The nine claims over several runs."""

import json
import re
from base64 import b64decode
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from tests.claims.conftest import Make

from fxyd3.claims import Evidence, Record, Scorecard, decide, load_claims, read_ledger
from fxyd3.errors import InputError
from fxyd3.paths import book_file

KEPT = sorted(book_file("data", "ledgers").glob("*.json"))


def judged(evidence: Evidence, **context: object) -> Record:
    given = {"source": "twin", "simulated": True, "hash": "ab12", "versions": {"fxyd3": "0.1.0"}} | context
    return Record(evidence, decide(load_claims()[evidence.claim], evidence), **given)  # type: ignore[arg-type]


@pytest.fixture
def card(make: Make) -> Scorecard:
    """A run that tested C3, C5 and C8; the same data with another choice; other data."""
    lacking = make(None, None, None, claim="C5", n=1, control=None, missing="needs at least 3 <patients>")
    open_ = make(1.2, -0.4, 2.8, claim="C8", n=4, unit="patients", control=None)
    first = [judged(make(0.8, 0.55, 1.05)), judged(lacking), judged(open_)]
    finer = [judged(make(0.3, 0.1, 0.45), choices={"n_comps": 15}), judged(open_)]
    tumours = [judged(make(0.7, 0.4, 1.0), source="tumours.h5ad", simulated=False, hash="cd34")]
    return Scorecard({"this run": first, "finer": finer, "tumours": tumours}, {"C3": "03-cells.html#claim-c3"})


def test_the_page_shows_nine_claims_and_what_the_evidence_says(card: Scorecard) -> None:
    soup = BeautifulSoup(card._repr_html_(), "html.parser")
    rows = {row.th.get_text(): [cell.get_text() for cell in row.select("td")] for row in soup.select("tbody tr")}
    assert list(rows) == list(load_claims())
    claim, verdict, estimate, n, control, scope = rows["C3"]
    assert claim == load_claims()["C3"].claim
    assert (verdict, estimate) == ("✔\xa0supported in simulated data", "0.8 [0.55 to 1.05] within-patient SD")
    assert (n, control) == ("6 patients", "0 [−0.1 to 0.1]")
    assert scope == "sorted cells, before treatment"
    assert rows["C5"][1] == "–\xa0not testable", "what needs no data is not called simulated"
    assert "<patients>" in rows["C5"][-1], "markup in evidence is shown, not obeyed"
    assert rows["C1"][1] == "not run"
    assert rows["C9"][1] == "–\xa0not testable"
    assert [a["href"] for a in soup.select("a")] == ["03-cells.html#claim-c3"]


def test_measured_data_are_not_called_simulated(card: Scorecard) -> None:
    alone = Scorecard({"tumours": card.runs["tumours"]})
    assert "simulated" not in alone._repr_html_()
    assert (alone.label, card.label) == ("Measured data", "Simulated and measured data")


def test_there_is_a_sentence_for_each_claim_and_it_holds_the_verdict(card: Scorecard) -> None:
    said = dict(zip(load_claims(), card.sentences(), strict=True))
    assert said["C3"] == card.first["C3"].sentence()
    assert said["C1"].startswith("C1 has no verdict here")
    assert said["C9"].startswith("C9 is not testable: it needs a randomised trial")


def test_other_choices_are_runs_of_the_same_data_only(card: Scorecard) -> None:
    table = card.robustness()
    assert list(table["run"]) == ["this run", "finer"]
    assert list(table["choices"]) == ["defaults", "n_comps = 15"]
    assert list(table["same verdict"]) == ["yes", "no"]
    assert set(table.index) == {"C3"}, "C8 was found with the same choices"
    assert set(card.same_data["run"]) == {"this run", "finer"}
    assert set(card.data_sets["run"]) == {"this run", "tumours"}


def test_what_was_downloaded_holds_what_was_found(card: Scorecard, tmp_path: Path) -> None:
    links = dict(re.findall(r'download="([^"]+)" href="data:[^,]+base64,([^"]+)"', card.downloads()))
    table = pd.read_csv(StringIO(b64decode(links["scorecard.csv"]).decode()))
    assert table.loc[(table["run"] == "tumours") & (table["claim"] == "C3"), "estimate"].item() == 0.7
    assert len(table) == 6
    content = json.loads(b64decode(links["scorecard.json"]))
    assert [Record.from_dict(row) for row in content["finer"]] == list(card.runs["finer"])
    written = card.write(tmp_path)
    assert [path.name for path in written] == ["scorecard.csv", "scorecard.json"]
    assert json.loads(written[1].read_text()) == content


def test_what_would_change_a_verdict_is_told_for_effects_only(card: Scorecard) -> None:
    table = card.needed()
    assert list(table.index) == ["C3", "C5", "C8"]
    assert "not testable" in table.loc["C5", "note"]
    few, many = (int(table.loc[c, "n to decide it, if as estimated"].split()[0].strip("over ")) for c in ("C3", "C8"))
    assert few <= 6 < many, "what was decided would be decided again; what was open needs more"


def test_sources_name_data_and_choices(card: Scorecard) -> None:
    table = card.sources()
    assert table.loc[("tumours", "tumours.h5ad"), "data are"] == "measured"
    assert table.loc[("finer", "twin"), "choices"] == "n_comps = 15"


def test_no_run_is_no_scorecard() -> None:
    with pytest.raises(InputError, match="at least one run"):
        Scorecard({})
    assert len(Scorecard({"this run": []}).sentences()) == 9


def test_there_are_runs_to_compare_with() -> None:
    assert {"null-twin", "wu2021-one-tumour"} <= {path.stem for path in KEPT}


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_kept_runs_were_judged_by_the_rules_of_today(path: Path) -> None:
    for record in read_ledger(path):
        assert record.verdict is decide(load_claims()[record.evidence.claim], record.evidence), record.evidence.claim
        assert record.simulated is ("twin" in path.stem)


def test_where_nothing_is_planted_no_effect_is_supported() -> None:
    found = {
        record.evidence.claim: record.verdict for record in read_ledger(book_file("data", "ledgers", "null-twin.json"))
    }
    assert found
    assert "supported" not in found.values()
