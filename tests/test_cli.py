"""The command line, when all is well."""

import json
from pathlib import Path

import pytest

from fxyd3.data.simulate import (
    dosing_order,
    limiting_dilution,
    lineage_barcodes,
    time_kill,
    two_drugs,
    viability_plates,
)
from tests.conftest import Fxyd3


def test_help_names_the_three_doors(fxyd3: Fxyd3) -> None:
    said = fxyd3("--help").stdout
    assert all(door in said for door in ("Read", "Rerun", "Teach", "run", "check", "data"))


def test_help_imports_nothing_heavy(root: Path) -> None:
    import subprocess
    import sys

    heavy = "('numpy', 'pandas', 'anndata', 'pydantic', 'rich')"
    code = f"import sys, fxyd3.cli; print([m for m in sys.modules if m in {heavy}])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_check_of_the_real_tumour(fxyd3: Fxyd3, real_data: Path) -> None:
    done = fxyd3("check", real_data / "wu2021_cid4465_tnbc.h5ad", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["fits"] is True
    assert set(report["claims"]) == {f"C{i}" for i in range(1, 10)}
    assert not report["claims"]["C3"]["testable"]
    assert "patient" in report["claims"]["C3"]["missing"]
    table = fxyd3("check", real_data / "wu2021_cid4465_tnbc.h5ad").stdout
    assert "1,564" in table
    assert "not testable" in table


def test_check_of_wells_alone(fxyd3: Fxyd3, tmp_path: Path) -> None:
    limiting_dilution(seed=7).table.rename(columns={"wells_tested": "Wells tested"}).to_csv(tmp_path / "wells.csv")
    done = fxyd3("check", "--wells", tmp_path / "wells.csv", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["fits"] is True
    assert {name for name, claim in report["claims"].items() if claim["testable"]} == {"C1"}
    assert "needs cells" in report["claims"]["C3"]["missing"]
    assert report["tables"]["limiting_dilution"]["rows"] == 60
    assert "mended" in {finding["level"] for finding in report["findings"]}


@pytest.mark.parametrize(
    ("experiments", "groups", "named"),
    [(2, 3, "the table has 2"), (4, 1, "the table has 0")],
)
def test_check_says_what_wells_lack(fxyd3: Fxyd3, tmp_path: Path, experiments: int, groups: int, named: str) -> None:
    table = limiting_dilution(seed=7, experiments=experiments).table
    chosen = list(dict.fromkeys(table["group"]))[-groups:]
    table[table["group"].isin(chosen)].to_csv(tmp_path / "wells.csv", index=False)
    report = json.loads(fxyd3("check", "--wells", tmp_path / "wells.csv", "--json").stdout)
    assert report["fits"] is True
    assert named in report["claims"]["C1"]["missing"]


def test_check_tells_a_wrong_table_and_goes_on_with_the_rest(fxyd3: Fxyd3, tmp_path: Path) -> None:
    (tmp_path / "wells.csv").write_text("group,cells_per_well,wells_tested,wells_positive\nu,5,24,30\n")
    done = fxyd3("check", "twin:tiny", "--wells", tmp_path / "wells.csv", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 2
    assert any("Line 2 of wells.csv" in f["what"] for f in report["findings"] if f["level"] == "wrong")
    assert not report["claims"]["C1"]["testable"]
    assert report["claims"]["C3"]["testable"]
    assert fxyd3("check").returncode == 2


def test_check_of_the_twin_finds_its_wells(fxyd3: Fxyd3) -> None:
    report = json.loads(fxyd3("check", "twin:tiny", "--json").stdout)
    assert report["claims"]["C1"]["testable"]


def test_check_of_a_kill_curve_and_barcodes_alone(fxyd3: Fxyd3, tmp_path: Path) -> None:
    time_kill(seed=1).table.to_csv(tmp_path / "kill.csv", index=False)
    lineage_barcodes(seed=1).table.to_csv(tmp_path / "clones.csv", index=False)
    done = fxyd3("check", "--kill", tmp_path / "kill.csv", "--barcodes", tmp_path / "clones.csv", "--json")
    report = json.loads(done.stdout)
    assert report["fits"] is True
    assert report["tables"]["time_kill"]["rows"] == 112
    assert not report["claims"]["C4"]["testable"]
    spoilt = time_kill(seed=1).table.assign(hours=-1.0)
    spoilt.to_csv(tmp_path / "kill.csv", index=False)
    done = fxyd3("check", "--kill", tmp_path / "kill.csv", "--json")
    assert done.returncode == 2
    assert any("hours" in finding["what"] for finding in json.loads(done.stdout)["findings"])


def test_check_and_dry_run_of_plates_pairs_and_orders(fxyd3: Fxyd3, tmp_path: Path) -> None:
    made = {"plates": viability_plates(seed=1), "combination": two_drugs(seed=1), "orders": dosing_order(seed=1)}
    options: list[str | Path] = []
    for name, assay in made.items():
        assay.table.to_csv(tmp_path / f"{name}.csv", index=False)
        options += [f"--{name}", tmp_path / f"{name}.csv"]
    report = json.loads(fxyd3("check", *options, "--json").stdout)
    assert report["fits"] is True
    assert {name for name, claim in report["claims"].items() if claim["testable"]} == {"C6", "C7"}
    done = fxyd3("run", *options, "--out", tmp_path / "run", "--dry-run")
    assert "two-drug table, 768 rows" in done.stdout
    assert not (tmp_path / "run").exists()
    done = fxyd3("run", "--layout", tmp_path / "orders.csv", "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "name them with plates" in done.stderr
    done = fxyd3("run", "--plates", tmp_path, "--layout", "nowhere.csv", "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "nowhere.csv" in done.stderr


def test_tables_of_other_models_that_are_not_there_stop_a_run_before_it_begins(fxyd3: Fxyd3, tmp_path: Path) -> None:
    done = fxyd3("run", "--contrasts", "nowhere.csv", "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "nowhere.csv" in done.stderr
    assert not (tmp_path / "run").exists()


def test_templates_are_copied_and_never_over_a_file(fxyd3: Fxyd3, tmp_path: Path) -> None:
    done = fxyd3("data", "templates", tmp_path / "mine")
    assert done.returncode == 0
    copied = {path.name for path in (tmp_path / "mine").iterdir()}
    tables = {"cell_sort", "contrasts", "limiting_dilution", "lineage_barcodes", "persister_signatures", "sorted_cells",
              "time_kill", "viability_plates", "layout", "two_drugs", "dosing_order"}  # fmt: skip
    assert copied == {"README.md", *(f"{table}.csv" for table in tables)}
    (tmp_path / "mine" / "README.md").unlink()
    (tmp_path / "mine" / "cell_sort.csv").write_text("my own")
    again = fxyd3("data", "templates", tmp_path / "mine")
    assert again.returncode == 2
    assert "cell_sort.csv" in again.stderr
    assert (tmp_path / "mine" / "cell_sort.csv").read_text() == "my own"
    assert not (tmp_path / "mine" / "README.md").exists()


def test_the_catalogue_is_listed(fxyd3: Fxyd3) -> None:
    said = fxyd3("data", "list").stdout
    assert "GSE176078" in said


def test_a_dry_run_writes_nothing(fxyd3: Fxyd3, tmp_path: Path) -> None:
    done = fxyd3("run", "--data", "twin:tiny", "--out", tmp_path / "run", "--dry-run")
    assert done.returncode == 0
    assert "would run" in done.stdout
    assert not (tmp_path / "run").exists()
