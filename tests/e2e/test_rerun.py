"""Real runs, as a researcher makes them, and the books that come out."""

import json
from pathlib import Path

import anndata
import numpy as np
import pytest
from bs4 import BeautifulSoup
from sklearn.metrics import adjusted_rand_score
from tests.conftest import Fxyd3, logs

pytestmark = [pytest.mark.real, pytest.mark.slow]


def chapter(out: Path, name: str = "03-cells") -> BeautifulSoup:
    return BeautifulSoup((out / "book/_build/html/chapters" / f"{name}.html").read_text(), "html.parser")


@pytest.fixture(scope="module")
def tumour(real_data: Path, fxyd3: Fxyd3, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wu") / "run"
    chosen = "celltype_major in ['Cancer Epithelial','Normal Epithelial']"
    done = fxyd3("run", "--data", real_data / "wu2021_cid4465_tnbc.h5ad", "--select", chosen, "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr + logs(out)
    return out


def test_the_book_of_a_real_tumour_shows_its_cells_figures_and_ledger(tumour: Path) -> None:
    page = chapter(tumour)
    text = page.get_text(" ")
    assert "134 cells" in text, "124 cancer and 10 normal epithelial cells were chosen"
    assert "Measured data: wu2021_cid4465_tnbc.h5ad" in text
    assert "Simulated data (twin)" not in text  # a null twin is drawn to show what naive tests do, and says so
    assert len(page.select("figure img")) >= 4
    rows = [row.get_text(" ") for row in chapter(tumour, "06-scorecard").find("table").select("tbody tr")]
    assert len(rows) == 9
    assert "wu2021_cid4465_tnbc.h5ad" in chapter(tumour, "index").get_text(" ")


def test_one_patient_is_not_enough_for_a_verdict_per_patient(tumour: Path) -> None:
    for claim in ("C3", "C5"):
        evidence = json.loads((tumour / "evidence" / f"{claim}.json").read_text())
        assert evidence["verdict"] == "not testable"
        assert "patient" in json.dumps(evidence)
    assert json.loads((tumour / "evidence" / "C2.json").read_text())["verdict"] == "not testable", "no sorted cells"


def test_provenance_tells_what_the_run_was_made_with(tumour: Path, real_data: Path) -> None:
    import hashlib

    made = json.loads((tumour / "provenance.json").read_text())
    source = real_data / "wu2021_cid4465_tnbc.h5ad"
    assert made["input"]["hash"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert made["input"]["simulated"] is False
    assert made["parameters"]["select"].startswith("celltype_major in")
    assert {"python", "scanpy", "fxyd3"} <= made["versions"].keys()
    assert all(step["peak_mib"] > 0 and step["seconds"] > 0 for step in made["steps"])


def test_the_stage_file_keeps_its_public_keys(tumour: Path) -> None:
    cells = anndata.read_h5ad(tumour / "stages" / "cells.h5ad")
    assert "cluster" in cells.obs
    assert {"X_pca", "X_umap"} <= set(cells.obsm)
    counts = cells.layers["counts"]
    assert (counts.data == np.round(counts.data)).all()


def test_known_lines_are_found_from_ensembl_ids_alone(real_data: Path, fxyd3: Fxyd3, tmp_path: Path) -> None:
    out = tmp_path / "run"
    folder = real_data / "sc_mixology"
    done = fxyd3("run", "--data", folder / "sc_celseq2.count.csv.gz", "--obs", folder / "sc_celseq2.metadata.csv.gz",
                 "--select", "demuxlet_cls == 'SNG'", "--out", out)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr + logs(out)
    cells = anndata.read_h5ad(out / "stages" / "cells.h5ad")
    assert adjusted_rand_score(cells.obs["cell_line_demuxlet"], cells.obs["cluster"]) >= 0.95
    for claim in ("C3", "C5"):
        evidence = json.loads((out / "evidence" / f"{claim}.json").read_text())
        assert evidence["verdict"] == "not testable"
        assert "--genes" in json.dumps(evidence), "the remedy is named"
