"""The command line, when all is well."""

import json
from pathlib import Path

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


def test_the_catalogue_is_listed(fxyd3: Fxyd3) -> None:
    said = fxyd3("data", "list").stdout
    assert "GSE176078" in said


def test_a_dry_run_writes_nothing(fxyd3: Fxyd3, tmp_path: Path) -> None:
    done = fxyd3("run", "--data", "twin:tiny", "--out", tmp_path / "run", "--dry-run")
    assert done.returncode == 0
    assert "would run" in done.stdout
    assert not (tmp_path / "run").exists()
