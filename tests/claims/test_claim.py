"""The claims file."""

import math
import statistics
from pathlib import Path

import pytest
import yaml

from fxyd3.claims import load_claims
from fxyd3.claims.claim import Equal, Greater, Untestable
from fxyd3.errors import InputError
from fxyd3.paths import book_file

CLAIMS = load_claims()


@pytest.fixture
def entry() -> dict[str, object]:
    """One entry of the shipped file, to break."""
    return yaml.safe_load(book_file("data", "claims.yml").read_text())["C3"]  # type: ignore[no-any-return]


def test_there_are_nine_claims_in_their_order() -> None:
    assert list(CLAIMS) == [f"C{i}" for i in range(1, 10)]
    assert all(claim.id == name for name, claim in CLAIMS.items())


def test_rules_are_those_of_the_design() -> None:
    assert CLAIMS["C2"].rule == Equal(kind="equal", target=5, margin=0.5)
    assert CLAIMS["C3"].rule == Greater(kind="greater", null=0, smallest=0.5)
    assert CLAIMS["C5"].rule == Greater(kind="greater", null=0.5, smallest=0.7)
    assert isinstance(CLAIMS["C9"].rule, Untestable)
    assert [name for name, claim in CLAIMS.items() if isinstance(claim.rule, Untestable)] == ["C9"]


def test_numbers_in_the_reasons_are_right() -> None:
    phi = statistics.NormalDist()
    best_gate = phi.cdf(phi.inv_cdf(0.7) / math.sqrt(2))
    assert f"{best_gate:.0%}" in CLAIMS["C5"].why
    assert f"{phi.cdf(0.5 / math.sqrt(2)):.0%}" in CLAIMS["C3"].why
    error = math.log(537.74 / 403.06) / phi.inv_cdf(0.975)
    assert f"standard error of {error:.2f}" in CLAIMS["C1"].why
    fold = math.exp((phi.inv_cdf(0.975) + phi.inv_cdf(0.8)) * error * math.sqrt(2))
    assert f"{fold:.1f}-fold" in CLAIMS["C1"].why
    assert pytest.approx(1 / 3) == 2 * 0.2 / (2 * 0.2 + 0.8), "C4: from one in five to one in three"


def test_no_claim_promises_anything() -> None:
    text = book_file("data", "claims.yml").read_text().lower()
    assert not any(word in text for word in ("cure", "breakthrough", "proven", "groundbreaking"))


def test_another_file_gives_the_same_claims_in_its_own_order(tmp_path: Path) -> None:
    content = yaml.safe_load(book_file("data", "claims.yml").read_text())
    path = tmp_path / "turned.yml"
    path.write_text(yaml.safe_dump(dict(reversed(content.items())), sort_keys=False))
    assert load_claims(path) == CLAIMS
    assert list(load_claims(path)) == list(CLAIMS)[::-1]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("rule", {"kind": "greater", "null": 0.5, "smallest": 0.5}, "smallest"),
        ("rule", {"kind": "greater", "null": 0, "smallest": float("nan")}, "smallest"),
        ("rule", {"kind": "larger"}, "kind"),
        ("rule", {"kind": "equal", "target": 5, "margin": 0}, "margin"),
        ("claim", "", "claim"),
        ("extra", 1, "extra"),
        ("needs", {"gene": ["FXYD3"]}, "gene"),
        ("needs", {"tables": ["two_drugs"]}, "lacking"),
    ],
)
def test_a_broken_entry_is_named(
    entry: dict[str, object], tmp_path: Path, field: str, value: object, said: str
) -> None:
    path = tmp_path / "claims.yml"
    path.write_text(yaml.safe_dump({"C3": entry | {field: value}}))
    with pytest.raises(InputError, match=said) as error:
        load_claims(path)
    assert "C3" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_entry_without_a_rule_is_named(entry: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "claims.yml"
    del entry["rule"]
    path.write_text(yaml.safe_dump({"C3": entry}))
    with pytest.raises(InputError, match=r"C3.*rule"):
        load_claims(path)


@pytest.mark.parametrize("text", ["- 1\n", "C1: 3\n", "C1: [\n", ""])
def test_a_file_that_is_no_claims_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "claims.yml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"claims\.yml"):
        load_claims(path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.yml cannot be read"):
        load_claims(tmp_path / "absent.yml")
