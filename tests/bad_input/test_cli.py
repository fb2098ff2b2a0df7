"""Bad input on the command line: one sentence, exit code 2, no traceback, nothing half-written."""

import json
from pathlib import Path

import anndata
import numpy as np
import pytest
from scipy import sparse
from tests.conftest import Fxyd3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of wrong data."""
    made = tmp_path_factory.mktemp("wrong")
    rng = np.random.default_rng(0)
    genes = [f"GENE{i}" for i in range(50)]
    counts = anndata.AnnData(sparse.csr_matrix(rng.poisson(1.0, (40, 50)).astype(np.float32)))
    counts.var_names, counts.obs["donor"] = genes, ["a", "b"] * 20
    counts.write_h5ad(made / "counts.h5ad")
    logged = counts.copy()
    logged.X = logged.X.log1p()
    logged.write_h5ad(made / "logged.h5ad")
    (made / "text.h5ad").write_text("not a matrix")
    (made / "short.h5ad").write_bytes((made / "counts.h5ad").read_bytes()[:4000])
    (made / "empty.csv").write_text("")
    (made / "list.yml").write_text("- 1\n- 2\n")
    (made / "broken.yml").write_text("data: [\n")
    (made / "typo.yml").write_text("data: twin\nmin_gene: 3\n")
    return made


CASES = [
    (["--data", "absent.h5ad"], "absent.h5ad"),
    (["--data", "text.h5ad"], "text.h5ad"),
    (["--data", "short.h5ad"], "short.h5ad"),
    (["--data", "empty.csv"], "empty.csv"),
    (["--data", "logged.h5ad"], "log"),
    (["--data", "counts.h5ad", "--patient", "doner"], "donor"),
    (["--data", "counts.h5ad", "--select", "donor == 'c'"], "donor"),
    (["--data", "counts.h5ad", "--select", "__import__('os')"], "select"),
    (["--data", "counts.h5ad", "--genes", "absent.csv"], "absent.csv"),
    (["--data", "counts.h5ad", "--obs", "absent.csv"], "absent.csv"),
    (["--data", "twin:huge"], "huge"),
    (["-p", "min_gene=3"], "min_genes"),
    (["-p", "min_genes"], "NAME=VALUE"),
    (["-p", "min_genes=-4"], "min_genes"),
    (["absent.yml"], "absent.yml"),
    (["list.yml"], "list.yml"),
    (["broken.yml"], "broken.yml"),
    (["typo.yml"], "min_genes"),
]


@pytest.mark.parametrize(("arguments", "named"), CASES, ids=lambda x: " ".join(x) if isinstance(x, list) else None)
def test_a_run_with_bad_input(folder: Path, fxyd3: Fxyd3, arguments: list[str], named: str) -> None:
    before = sorted(folder.rglob("*"))
    done = fxyd3("run", *arguments, "--out", "made", cwd=folder)
    said = done.stderr.strip()
    assert done.returncode == 2, done.stdout + said
    assert "Traceback" not in done.stdout + said
    assert said.startswith("fxyd3: ")
    assert said.count("\n") == 0, said
    assert named in said
    assert sorted(folder.rglob("*")) == before, "nothing is left behind"


def test_a_folder_that_cannot_be_made(folder: Path, fxyd3: Fxyd3) -> None:
    done = fxyd3("run", "--data", "twin:tiny", "--out", folder / "list.yml" / "made")
    assert done.returncode == 2
    assert "--out" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["text.h5ad", "short.h5ad", "absent.h5ad", "empty.csv"])
def test_check_of_what_cannot_be_read(folder: Path, fxyd3: Fxyd3, name: str) -> None:
    done = fxyd3("check", name, cwd=folder)
    assert done.returncode == 2
    assert name in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_check_of_log_values_says_how_to_mend_them_also_as_json(folder: Path, fxyd3: Fxyd3) -> None:
    done = fxyd3("check", "logged.h5ad", "--json", cwd=folder)
    assert done.returncode == 2
    report = json.loads(done.stdout)
    wrong = [finding for finding in report["findings"] if finding["level"] == "wrong"]
    assert report["fits"] is False
    assert any("log" in finding["what"] and "raw" in finding["remedy"] for finding in wrong)


def test_data_get_of_an_unknown_name(fxyd3: Fxyd3, tmp_path: Path) -> None:
    done = fxyd3("data", "get", "GSE176087", FXYD3_CACHE=str(tmp_path))
    assert done.returncode == 2
    assert "GSE176078" in done.stderr
    assert not list(tmp_path.iterdir())
