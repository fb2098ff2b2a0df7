"""Data by name, fingerprints, and how fast the package is imported."""

import subprocess
import sys
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from fxyd3.data import entries, examine, fingerprint, load
from fxyd3.errors import InputError

GENES = ["FXYD3", "KIT", "ELF5", "CSN2"]


def table(path: Path, seed: int = 1) -> Path:
    counts = np.random.default_rng(seed).poisson(2.0, (4, 5))
    pd.DataFrame(counts, index=GENES, columns=[f"c{i}" for i in range(5)]).to_csv(path)
    return path


def test_files_are_loaded_with_their_fingerprint(tmp_path: Path) -> None:
    one, two = table(tmp_path / "P1.csv"), table(tmp_path / "P2.csv", seed=2)
    single, report = load(str(one))
    assert single.uns["fxyd3"]["source"] == report.source == "P1.csv"
    assert single.uns["fxyd3"]["hash"] == report.hash == fingerprint(one)
    both, report = load(f"{one}, {two}", select="sample == 'P2'")
    assert both.n_obs == 5
    assert report.hash == fingerprint([one, two])
    assert report.source == "P1.csv, P2.csv"
    assert not report.simulated


def test_a_comma_in_a_file_name_is_no_separator(tmp_path: Path) -> None:
    assert load(str(table(tmp_path / "a, b.csv")))[0].n_obs == 5


def test_examine_tells_the_same_as_load(tmp_path: Path) -> None:
    path = str(table(tmp_path / "P1.csv"))
    assert examine(path) == load(path)[1]


def test_fingerprints_follow_the_content(tmp_path: Path) -> None:
    one, two, copy = table(tmp_path / "1.csv"), table(tmp_path / "2.csv", seed=2), table(tmp_path / "copy.csv")
    assert fingerprint(one) == fingerprint(copy) != fingerprint(two)
    assert fingerprint([one, two]) != fingerprint([two, one])
    assert fingerprint(str(one)) == subprocess.run(["sha256sum", one], capture_output=True, text=True).stdout.split()[0]
    before = fingerprint(tmp_path)
    two.rename(tmp_path / "3.csv")
    assert fingerprint(tmp_path) != before, "names inside a folder count"


def test_no_fingerprint_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        fingerprint(tmp_path / "absent")


def test_the_twin_is_simulated_and_its_hash_follows_its_parameters() -> None:
    adata, report = load("twin:tiny", seed=3)
    assert report.simulated
    assert adata.uns["fxyd3"]["simulated"]
    assert report.counts_from == "X"
    assert {"patient", "sample", "batch", "condition", "fraction"} <= set(report.roles)
    assert set(report.conditions) == {"before", "after"}
    assert "truth" in adata.uns
    assert report.hash == examine("twin:tiny", seed=3).hash != examine("twin:tiny", seed=4).hash
    null = load("twin:tiny:null", seed=3)[1]
    assert null.hash != report.hash


@pytest.mark.parametrize("name", ["twin:tiny:book", "twin:null:null", "twin:huge"])
def test_a_twin_that_does_not_exist(name: str) -> None:
    with pytest.raises(InputError):
        load(name)


def test_a_name_that_is_neither_file_nor_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a file nor a name in the catalogue"):
        load(str(tmp_path / "absent"))
    known = next(iter(entries()))
    with pytest.raises(InputError, match=f"did you mean '{known}'"):
        load(known + "x")


@pytest.mark.parametrize("name", ["", " ", ",", "x" * 5000])
def test_names_that_no_data_can_have(name: str) -> None:
    with pytest.raises(InputError, match=r"No data were named|neither a file"):
        load(name)


def test_the_package_is_imported_without_what_takes_seconds() -> None:
    code = "import fxyd3.data, sys; print(sorted({'anndata', 'scanpy', 'pandas', 'numpy', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_public_name_is_there() -> None:
    import fxyd3.data as data

    assert all(callable(getattr(data, name)) for name in data.__all__)
    with pytest.raises(AttributeError):
        _ = data.absent


@pytest.mark.real
def test_the_real_tumour(real_data: Path) -> None:
    path = real_data / "wu2021_cid4465_tnbc.h5ad"
    adata, report = load(str(path), select="celltype_major in ['Cancer Epithelial', 'Normal Epithelial']")
    whole = ad.read_h5ad(path)
    kept = whole[whole.obs["celltype_major"].isin(["Cancer Epithelial", "Normal Epithelial"])]
    assert adata.n_obs == 134
    assert adata.n_vars == whole.n_vars
    np.testing.assert_array_equal(adata.X.toarray(), kept.X.toarray())
    np.testing.assert_allclose(adata.X.sum(axis=1).A1, adata.obs["nCount_RNA"])
    assert report.roles == {"sample": "orig.ident", "cell_type": "celltype_major"}
    assert report.patients == 0
    assert any("MFI2 (now MELTF)" in finding.what for finding in report.findings)
