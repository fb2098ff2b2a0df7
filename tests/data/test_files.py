"""Every format gives back the same counts; several files, annotations, memory."""

import gzip
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import io, sparse

from fxyd3.data import prepare, read

GENES = ["FXYD3", "KIT", "ELF5", "CSN2", "CSN3", "LALBA", "KRT5", "KRT14", "HLA-B", "XDH", "C3"]


@pytest.fixture
def truth() -> pd.DataFrame:
    """Counts of seven cells, with an empty cell and a gene that is not expressed."""
    counts = np.random.default_rng(1).poisson(1.5, (7, len(GENES)))
    counts[2] = 0
    counts[:, 4] = 0
    return pd.DataFrame(counts, index=[f"ACGTACGT-{i}" for i in range(7)], columns=GENES)


def study(truth: pd.DataFrame) -> ad.AnnData:
    return ad.AnnData(
        sparse.csr_matrix(truth.to_numpy(np.float32)),
        pd.DataFrame(index=truth.index),
        pd.DataFrame(index=truth.columns),
    )


def h5ad(truth: pd.DataFrame, path: Path) -> Path:
    study(truth).write_h5ad(path / "a.h5ad")
    return path / "a.h5ad"


def dense_h5ad(truth: pd.DataFrame, path: Path) -> Path:
    adata = study(truth)
    adata.X = adata.X.toarray()
    adata.write_h5ad(path / "a.h5ad")
    return path / "a.h5ad"


def csc_h5ad(truth: pd.DataFrame, path: Path) -> Path:
    adata = study(truth)
    adata.X = adata.X.tocsc()
    adata.write_h5ad(path / "a.h5ad")
    return path / "a.h5ad"


def zarr(truth: pd.DataFrame, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # anndata announces its next default formats
        study(truth).write_zarr(path / "a.zarr")
    return path / "a.zarr"


def _tenx(group: h5py.Group, truth: pd.DataFrame) -> None:
    by_gene = sparse.csc_matrix(truth.to_numpy().T)
    group["data"] = by_gene.data.astype("int32")
    group["indices"] = by_gene.indices.astype("int64")
    group["indptr"] = by_gene.indptr.astype("int64")
    group["shape"] = np.array(by_gene.shape, dtype="int32")
    group["barcodes"] = np.array(truth.index, dtype="S")


def tenx_h5_v3(truth: pd.DataFrame, path: Path) -> Path:
    with h5py.File(path / "a.h5", "w") as file:
        wider = truth.assign(CD44_antibody=9)
        _tenx(file.create_group("matrix"), wider)
        features = file["matrix"].create_group("features")
        features["id"] = np.array([f"ENSG{i:011d}" for i in range(wider.shape[1])], dtype="S")
        features["name"] = np.array(wider.columns, dtype="S")
        features["feature_type"] = np.array(["Gene Expression"] * truth.shape[1] + ["Antibody Capture"], dtype="S")
        features["genome"] = np.array(["GRCh38"] * wider.shape[1], dtype="S")
    return path / "a.h5"


def tenx_h5_v2(truth: pd.DataFrame, path: Path) -> Path:
    with h5py.File(path / "a.h5", "w") as file:
        group = file.create_group("GRCh38")
        _tenx(group, truth)
        group["genes"] = np.array([f"ENSG{i:011d}" for i in range(truth.shape[1])], dtype="S")
        group["gene_names"] = np.array(truth.columns, dtype="S")
    return path / "a.h5"


def _folder(truth: pd.DataFrame, path: Path, matrix: str, genes: str, cells: str, columns: int = 3) -> Path:
    def write(name: str, text: str) -> None:
        (path / name).write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())

    plain = path / "plain.mtx"
    io.mmwrite(plain, sparse.coo_matrix(truth.to_numpy().T))
    write(matrix, plain.read_text())
    plain.unlink()
    rows = [[f"ENSG{i:011d}", gene, "Gene Expression"][:columns] for i, gene in enumerate(truth.columns)]
    write(
        genes,
        "".join(
            "\t".join(row if columns > 1 else [gene]) + "\n" for row, gene in zip(rows, truth.columns, strict=True)
        ),
    )
    write(cells, "".join(f"{cell}\n" for cell in truth.index))
    return path


def tenx_folder(truth: pd.DataFrame, path: Path) -> Path:
    return _folder(truth, path, "matrix.mtx.gz", "features.tsv.gz", "barcodes.tsv.gz")


def tenx_old_folder(truth: pd.DataFrame, path: Path) -> Path:
    return _folder(truth, path, "matrix.mtx", "genes.tsv", "barcodes.tsv", columns=2)


def tenx_prefixed(truth: pd.DataFrame, path: Path) -> Path:
    return _folder(truth, path, "GSM1_A_matrix.mtx.gz", "GSM1_A_features.tsv.gz", "GSM1_A_barcodes.tsv.gz")


def wu_folder(truth: pd.DataFrame, path: Path) -> Path:
    return _folder(
        truth, path, "count_matrix_sparse.mtx", "count_matrix_genes.tsv", "count_matrix_barcodes.tsv", columns=1
    )


def mtx_itself(truth: pd.DataFrame, path: Path) -> Path:
    return tenx_folder(truth, path) / "matrix.mtx.gz"


def loom(truth: pd.DataFrame, path: Path) -> Path:
    with h5py.File(path / "a.loom", "w") as file:
        file["matrix"] = truth.to_numpy("float32").T
        file["row_attrs/Gene"] = np.array(truth.columns, dtype="S")
        file["col_attrs/CellID"] = np.array(truth.index, dtype=object)
        file["col_attrs/pca"] = np.zeros((7, 2))
    return path / "a.loom"


def csv_by_gene(truth: pd.DataFrame, path: Path) -> Path:
    truth.T.to_csv(path / "a.csv")
    return path / "a.csv"


def csv_by_cell(truth: pd.DataFrame, path: Path) -> Path:
    truth.to_csv(path / "a.csv.gz")
    return path / "a.csv.gz"


def tsv_of_r(truth: pd.DataFrame, path: Path) -> Path:
    lines = truth.T.to_csv(sep="\t", quoting=2).splitlines()
    (path / "a.tsv").write_text("\n".join([lines[0].removeprefix('""\t'), *lines[1:]]) + "\n")
    return path / "a.tsv"


def txt_with_spaces(truth: pd.DataFrame, path: Path) -> Path:
    truth.T.to_csv(path / "a.txt", sep=" ")
    return path / "a.txt"


def csv_with_text_columns(truth: pd.DataFrame, path: Path) -> Path:
    table = truth.T.reset_index(names="gene_name")
    table.insert(0, "probe", [f"p{i}" for i in range(len(table))])
    table.to_csv(path / "a.csv", index=False)
    return path / "a.csv"


@pytest.mark.parametrize(
    "write",
    [h5ad, dense_h5ad, csc_h5ad, zarr, tenx_h5_v3, tenx_h5_v2, tenx_folder, tenx_old_folder, tenx_prefixed, wu_folder,
     mtx_itself, loom, csv_by_gene, csv_by_cell, tsv_of_r, txt_with_spaces, csv_with_text_columns],
)  # fmt: skip
def test_every_format_gives_the_same_counts(
    write: Callable[[pd.DataFrame, Path], Path], truth: pd.DataFrame, tmp_path: Path
) -> None:
    adata = read(write(truth, tmp_path))
    assert sparse.issparse(adata.X)
    assert list(adata.obs_names) == list(truth.index)
    assert list(adata.var_names) == GENES
    np.testing.assert_array_equal(adata.X.toarray(), truth)
    ready, _ = prepare(adata)
    np.testing.assert_array_equal(ready.X.toarray(), truth)
    assert ready.X.format == "csr"
    assert ready.X.dtype == np.float32
    assert ready.X.indices.dtype == ready.X.indptr.dtype


def test_tables_are_read_in_blocks(truth: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read(csv_by_gene(truth, tmp_path)).X.toarray()
    monkeypatch.setattr("fxyd3.data.tables.VALUES_AT_ONCE", 14)
    monkeypatch.setattr("fxyd3.data.loom.VALUES_AT_ONCE", 14)
    np.testing.assert_array_equal(read(csv_by_gene(truth, tmp_path)).X.toarray(), whole)
    np.testing.assert_array_equal(read(loom(truth, tmp_path)).X.toarray(), whole)


def test_other_features_are_left_out_and_it_is_said(truth: pd.DataFrame, tmp_path: Path) -> None:
    _, report = prepare(read(tenx_h5_v3(truth, tmp_path)))
    assert any(f.level == "mended" and "1 Antibody Capture" in f.what for f in report.findings)


def test_ids_of_10x_features_are_kept(truth: pd.DataFrame, tmp_path: Path) -> None:
    ready, _ = prepare(read(tenx_folder(truth, tmp_path)))
    assert list(ready.var["gene_id"]) == [f"ENSG{i:011d}" for i in range(len(GENES))]


def test_a_folder_of_several_samples(truth: pd.DataFrame, tmp_path: Path) -> None:
    for sample, cells in (("A", slice(0, 3)), ("B", slice(3, 7))):
        _folder(
            truth.iloc[cells], tmp_path, f"GSM_{sample}-matrix.mtx.gz", f"{sample}.gz", f"GSM_{sample}-barcodes.tsv.gz"
        )
        (tmp_path / f"{sample}.gz").rename(tmp_path / "GSE_features.tsv.gz")
    ready, report = prepare(read(tmp_path))
    assert ready.obs["sample"].value_counts().to_dict() == {"GSM_A": 3, "GSM_B": 4}
    np.testing.assert_array_equal(ready.X.toarray(), truth)
    assert report.roles["sample"] == "sample"


def test_several_files_keep_the_genes_they_share_in_one_order(truth: pd.DataFrame, tmp_path: Path) -> None:
    truth.T.to_csv(tmp_path / "P1.csv")
    truth[GENES[::-1][1:]].T.to_csv(tmp_path / "P2.csv")
    ready, report = prepare(read([tmp_path / "P1.csv", tmp_path / "P2.csv"]))
    assert ready.shape == (14, len(GENES) - 1)
    assert ready.obs_names.is_unique
    np.testing.assert_array_equal(ready.X.toarray()[:7], truth[ready.var_names])
    np.testing.assert_array_equal(ready.X.toarray()[7:], truth[ready.var_names])
    told = " ".join(finding.what for finding in report.findings)
    assert "10 genes that all of them have (of 11)" in told
    assert "the sample was put before them" in told


def test_samples_may_keep_their_counts_in_different_places(truth: pd.DataFrame, tmp_path: Path) -> None:
    other = study(truth)
    other.layers["counts"] = other.X
    other.X = other.X.log1p()
    other.uns["fxyd3"] = {"simulated": True}
    other.write_h5ad(tmp_path / "b.h5ad")
    adata = read([h5ad(truth, tmp_path), tmp_path / "b.h5ad"])
    np.testing.assert_array_equal(adata.X.toarray(), np.vstack([truth, truth]))
    assert prepare(adata)[1].simulated, "simulated cells stay simulated in company"
    assert any("b: raw counts stand in layers['counts']" in note for note in adata.uns["fxyd3"]["mended"])


def test_samples_of_the_same_file_name_are_named_by_their_folders(truth: pd.DataFrame, tmp_path: Path) -> None:
    for folder in ("A", "B"):
        (tmp_path / folder).mkdir()
    paths = [h5ad(truth, tmp_path / folder) for folder in ("A", "B")]
    assert list(read(paths).obs["sample"].unique()) == ["A_a", "B_a"]


def test_annotations_join_by_cell_name_in_any_order(truth: pd.DataFrame, tmp_path: Path) -> None:
    table = pd.DataFrame({"donor_id": [f"P{i % 2}" for i in range(7)], "depth": range(7)}, index=truth.index)
    table.iloc[::-1].iloc[:-1].rename_axis("cell").to_csv(tmp_path / "cells.tsv.gz", sep="\t")
    adata = read(csv_by_gene(truth, tmp_path), obs=str(tmp_path / "cells.tsv.gz"))
    assert adata.obs["depth"].isna().to_list() == [True] + [False] * 6
    assert adata.obs["donor_id"].to_list()[1:] == table["donor_id"].to_list()[1:]
    ready, report = prepare(adata)
    assert any("6 of 7 cells annotated" in finding.what for finding in report.findings)
    ready.write_h5ad(tmp_path / "ready.h5ad")
    assert ad.read_h5ad(tmp_path / "ready.h5ad").obs["patient"].isna().sum() == 1


def test_cell_names_are_found_in_any_column_of_the_annotations(truth: pd.DataFrame, tmp_path: Path) -> None:
    pd.DataFrame({"donor": "P1", "barcode": truth.index}).to_csv(tmp_path / "cells.csv")
    assert set(read(csv_by_gene(truth, tmp_path), obs=str(tmp_path / "cells.csv")).obs["donor"]) == {"P1"}


def test_metadata_beside_a_10x_folder_are_joined(truth: pd.DataFrame, tmp_path: Path) -> None:
    pd.DataFrame({"celltype_major": ["T", "B", "T", "B", "T", "B", "T"]}, index=truth.index).to_csv(
        tmp_path / "metadata.csv"
    )
    ready, _ = prepare(read(wu_folder(truth, tmp_path)), select="celltype_major == 'B'")
    np.testing.assert_array_equal(ready.X.toarray(), truth.iloc[1::2])


MEASURE = """
import resource, sys
import anndata, scanpy
from fxyd3.data import prepare, read
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
adata, _ = prepare(read(sys.argv[1]))
print(adata.n_obs, int(adata.X.sum()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_fifty_thousand_cells_are_never_dense(tmp_path: Path) -> None:
    cells, genes, each = 50_000, 20_000, 60
    rng = np.random.default_rng(1)
    with h5py.File(tmp_path / "big.h5", "w") as file:
        group = file.create_group("matrix")
        group["data"] = np.ones(cells * each, dtype="int32")
        start = np.sort(rng.integers(0, genes // each, (cells, each)), axis=1)
        group["indices"] = (start // 2 + np.arange(each) * (genes // each)).ravel().astype("int64")
        group["indptr"] = np.arange(cells + 1, dtype="int64") * each
        group["shape"] = np.array([genes, cells], dtype="int32")
        group["barcodes"] = np.array([f"C{i}" for i in range(cells)], dtype="S")
        group["features/id"] = np.array([f"ENSG{i:011d}" for i in range(genes)], dtype="S")
        group["features/name"] = np.array([f"GENE{i}" for i in range(genes)], dtype="S")
        group["features/feature_type"] = np.array(["Gene Expression"] * genes, dtype="S")
        group["features/genome"] = np.array(["GRCh38"] * genes, dtype="S")
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path / "big.h5"], capture_output=True, text=True, check=True
    )
    n_obs, total, grown_kib = map(int, run.stdout.split())
    assert (n_obs, total) == (cells, cells * each)
    assert grown_kib * 1024 < 0.1 * cells * genes * 4  # a tenth of the dense matrix in float32


@pytest.mark.real
@pytest.mark.parametrize(("name", "cells", "genes"), [("sc_celseq2", 274, 28_204), ("sc_celseq2_5cl_p1", 297, 15_564)])
def test_real_tables_of_counts(real_data: Path, name: str, cells: int, genes: int) -> None:
    folder = real_data / "sc_mixology"
    adata = read(folder / f"{name}.count.csv.gz", obs=str(folder / f"{name}.metadata.csv.gz"))
    plain = pd.read_csv(folder / f"{name}.count.csv.gz")
    assert adata.shape == (cells, genes) == plain.shape[::-1]
    assert adata.X.sum() == plain.to_numpy().sum()
    ready, report = prepare(adata, select="demuxlet_cls == 'SNG'")
    table = pd.read_csv(folder / f"{name}.metadata.csv.gz")
    assert ready.n_obs == (table["demuxlet_cls"] == "SNG").sum()
    assert report.symbols == "ensembl"
    assert not ready.var_names.str.startswith("ERCC-").any()
