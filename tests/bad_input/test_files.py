"""Bad files, counts, genes, annotations and selections: each gives one sentence that names the thing and the remedy."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import io, sparse

from fxyd3.data import examine, load, prepare, read
from fxyd3.errors import InputError

GENES = ["FXYD3", "KIT", "ELF5", "CSN2", "CSN3", "LALBA", "KRT5", "KRT14", "C3", "XDH"]
CELLS = [f"cell{i}" for i in range(6)]


def counts() -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(3).poisson(2.0, (len(CELLS), len(GENES))), index=CELLS, columns=GENES)


def study(X: Any = None, genes: list[str] | None = None, **obs: Any) -> ad.AnnData:
    X = counts().to_numpy(np.float32) if X is None else X
    return ad.AnnData(X, obs=pd.DataFrame(obs, index=CELLS), var=pd.DataFrame(index=genes or GENES))


def says(error: pytest.ExceptionInfo[InputError], *words: str) -> None:
    message = str(error.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert len(re.findall(r"\w+", message.split(": ", 1)[1])) >= 3, "the remedy is missing"
    for word in words:
        assert word in message


def folder(path: Path, matrix: str | None = None, genes: int = len(GENES)) -> Path:
    target = path / "sample"
    target.mkdir()
    io.mmwrite(target / "matrix.mtx", sparse.coo_matrix(counts().to_numpy().T))
    if matrix is not None:
        (target / "matrix.mtx").write_text(matrix)
    (target / "features.tsv").write_text("".join(f"ENSG{i:011d}\t{gene}\n" for i, gene in enumerate(GENES[:genes])))
    (target / "barcodes.tsv").write_text("\n".join(CELLS))
    return target


def text(name: str, content: str) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        (path / name).write_text(content)
        return path / name

    return write


def cut(name: str, keep: float) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        if name.endswith(".h5ad"):
            study().write_h5ad(path / name)
        else:
            rng = np.random.default_rng(1)  # numbers that do not pack well, so that a cut falls among them
            pd.DataFrame(rng.integers(0, 999, (len(GENES), 500)), index=GENES).to_csv(path / name)
        whole = (path / name).read_bytes()
        (path / name).write_bytes(whole[: int(len(whole) * keep)])
        return path / name

    return write


def empty_folder(path: Path) -> Path:
    (path / "nothing").mkdir()
    return path / "nothing"


def outer_folder(path: Path) -> Path:
    folder(path)
    return path


def no_barcodes(path: Path) -> Path:
    target = folder(path)
    (target / "barcodes.tsv").unlink()
    return target


def other_hdf5(path: Path) -> Path:
    with h5py.File(path / "a.h5", "w") as file:
        file["something"] = [1, 2]
    return path / "a.h5"


HEADER = "%%MatrixMarket matrix coordinate integer general\n"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: p / "absent.h5ad", ["There is no file", "absent.h5ad"]),
        (empty_folder, ["holds no matrix.mtx"]),
        (outer_folder, ["name the folder inside it (sample)"]),
        (text("a.h5ad", ""), ["a.h5ad is empty"]),
        (text("a.h5ad", "FXYD3,1,2\n"), ["a.h5ad cannot be read"]),
        (cut("a.h5ad", 0.6), ["a.h5ad cannot be read", "again"]),
        (cut("a.csv.gz", 0.6), ["a.csv.gz is cut short"]),
        (text("a.csv.gz", "g,a\nKIT,1\n"), ["not packed with gzip"]),
        (text("a.csv", "g,a,b\n"), ["no rows below its header"]),
        (text("a.csv", "g,a,b\nKIT,1,2\nFXYD3,1\n"), ["Line 3 of a.csv has 1 values where the header has 2"]),
        (text("a.csv", "g,a,b\nKIT,1,2\nFXYD3,1,2,3\n"), ["Line 3 of a.csv has 3 values"]),
        (text("a.csv", "g,a,b\nKIT,1,2\nFXYD3\n"), ["Line 3 of a.csv has 0 values"]),
        (text("a.csv", "g,a,b,c\nKIT,1,2\n"), ["first two lines do not agree"]),
        (text("a.csv", "g,a,b\nKIT,1,2\nFXYD3,1,\n"), ["Line 3", "holds ''"]),
        (text("a.csv", "g,a,b\nKIT,1,2\nFXYD3,1,many\n"), ["Line 3", "'many'", "not a number"]),
        (text("a.csv", "g,a,b\nzz1,1,2\nzz2,1,3\n"), ["gene names neither in its rows (such as zz1, zz2)"]),
        (text("a.csv", "g,a\nKIT,x\nFXYD3,y\n"), ["holds no numbers"]),
        (lambda p: folder(p, HEADER + "10 6 500\n1 1 3\n"), ["matrix.mtx cannot be read"]),
        (lambda p: folder(p, HEADER + "10 6 1\n11 1 3\n"), ["matrix.mtx cannot be read"]),
        (lambda p: folder(p, HEADER + "11 6 1\n1 1 3\n"), ["11 rows and 6 columns", "10 genes and 6 cells"]),
        (lambda p: folder(p, genes=9), ["10 rows and 6 columns", "9 genes and 6 cells"]),
        (no_barcodes, ["no barcodes.tsv beside matrix.mtx"]),
        (other_hdf5, ["HDF5 file of no known layout", "something"]),
        (text("a.rds", "x"), ["a.rds has a format", "zellkonverter"]),
        (text("a.xlsx", "x"), ["save the sheet as .csv"]),
        (text("a.tar.gz", "x"), ["unpack it"]),
        (text("a.docx", "x"), [".h5ad, .zarr, .loom"]),
    ],
)
def test_files_that_cannot_be_read(make: Callable[[Path], Path], words: list[str], tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read(make(tmp_path))
    says(error, *words)


def test_a_misspelled_file_is_answered_with_the_nearest(tmp_path: Path) -> None:
    study().write_h5ad(tmp_path / "tumour.h5ad")
    for way in (read, load, examine):
        with pytest.raises(InputError) as error:
            way(str(tmp_path / "tumor.h5ad"))
        says(error, "did you mean 'tumour.h5ad'?")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission(tmp_path: Path) -> None:
    study().write_h5ad(tmp_path / "a.h5ad")
    (tmp_path / "a.h5ad").chmod(0)
    with pytest.raises(InputError) as error:
        read(tmp_path / "a.h5ad")
    says(error, "may not be read")


def test_samples_without_a_common_gene_or_with_one_name(tmp_path: Path) -> None:
    counts().iloc[:, :4].T.to_csv(tmp_path / "a.csv")
    counts().iloc[:, 4:].T.to_csv(tmp_path / "b.csv")
    with pytest.raises(InputError) as error:
        read([tmp_path / "a.csv", tmp_path / "b.csv"])
    says(error, "no gene in common")
    with pytest.raises(InputError) as error:
        read([tmp_path / "a.csv", tmp_path / "a.csv"])
    says(error, "same name")
    with pytest.raises(InputError) as error:
        read([])
    says(error, "No file was named")


def lognormal() -> ad.AnnData:
    return study(np.log1p(counts().to_numpy(np.float32) * 3.3))


def with_nan() -> ad.AnnData:
    X = counts().to_numpy(np.float32)
    X[1, 2] = np.nan
    return study(sparse.csr_matrix(X))


def with_counts_elsewhere() -> ad.AnnData:
    adata = lognormal()
    adata.layers["umi"] = counts().to_numpy(np.float32)
    return adata


@pytest.mark.parametrize(
    ("adata", "words"),
    [
        (lognormal, ["X holds fractions", "as log-normalised data do", "raw counts", "layers['counts'] or raw"]),
        (lambda: study(counts().to_numpy(np.float32) - 1.5), ["negative values", "scaled"]),
        (lambda: study(counts().to_numpy(np.float32) * 1000.3), ["CPM, TPM"]),
        (with_nan, ["NaN"]),
        (lambda: study(np.zeros((6, 10), np.float32)), ["no count above zero"]),
        (with_counts_elsewhere, ["copy layers['umi']"]),
        (lambda: study(genes=[gene.title() for gene in GENES]), ["mouse symbols", "Fxyd3", "human orthologues"]),
        (lambda: study(genes=[f"ENSMUSG{i:011d}" for i in range(10)]), ["not human", "orthologues"]),
        (lambda: study(genes=[*GENES[:5], *(f"mm10___{gene}" for gene in GENES[5:])]), ["human cells and genes only"]),
        (lambda: study(genes=[str(i) for i in range(10)]), ["numbered, not named"]),
        (lambda: study()[:0].copy(), ["0 cells and 10 genes"]),
    ],
)  # fmt: skip
def test_data_that_break_the_contract(adata: Callable[[], ad.AnnData], words: list[str]) -> None:
    with pytest.raises(InputError) as error:
        prepare(adata())
    says(error, *words)


@pytest.mark.filterwarnings("ignore:Observation names are not unique")  # which is what is tried
def test_cells_named_twice() -> None:
    adata = study()
    adata.obs_names = ["a", "a", "b", "b", "c", "d"]
    with pytest.raises(InputError) as error:
        prepare(adata)
    says(error, "2 cell names occur more than once", "a, b")


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("doner_id", ["no column 'doner_id' for the patient", "did you mean 'donor_id'?"]),
        ("barcode", ["cannot be the patient", "different in each cell"]),
        ("nothing", ["cannot be the patient", "empty"]),
    ],
)
def test_columns_that_cannot_play_their_role(column: str, words: list[str]) -> None:
    adata = study(donor_id=list("aabbcc"), barcode=list("abcdef"), nothing=np.full(6, np.nan))
    with pytest.raises(InputError) as error:
        prepare(adata, roles={"patient": column})
    says(error, *words)


@pytest.mark.parametrize(
    ("select", "words"),
    [
        ("celltype ==", ["cannot be understood"]),
        ("celltype = 'T'", ["cannot be understood"]),
        ("celtype == 'T'", ["the column 'celtype'", "did you mean 'celltype'?"]),
        ("`percent.mt` < 3", ["'percent.mt'", "did you mean 'percent.mito'?"]),
        ("__import__('os').system('touch harm')", ["more than comparisons"]),
        ("celltype.str.len() > 1", ["more than comparisons"]),
        ("@os == 1", ["cannot be understood"]),
        ("[x for x in celltype]", ["more than comparisons"]),
        ("(lambda: True)()", ["more than comparisons"]),
        ("celltype[0] == 'T'", ["more than comparisons"]),
        ("f'{celltype}' == 'T'", ["more than comparisons"]),
        ("celltype == 'NK'", ["keeps no cell", "celltype 'T', 'B'"]),
        ("`percent.mito` > 90", ["keeps no cell", "percent.mito"]),
        ("celltype > 3", ["does not fit its columns"]),
        ("`percent.mito`", ["does not say yes or no"]),
        ("True", ["does not say yes or no"]),
        ("1 == 1", ["does not say yes or no"]),
        ("'T' in celltype", ["selection"]),
        ("not `percent.mito`", ["selection"]),
        ("-celltype == 'T'", ["selection"]),
        ("~celltype", ["selection"]),
        ("celltype == ['T', ['B']]", ["selection"]),
        ("celltype in 3", ["selection"]),
        ("celltype is None", ["selection"]),
        ("``", ["selection"]),
        ("'" * 3, ["selection"]),
        ("(" * 300 + "celltype" + ")" * 300, ["selection"]),
    ],
)
def test_selections_that_cannot_be_followed(
    select: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    adata = study(celltype=pd.Categorical(list("TBTBTB")), **{"percent.mito": np.arange(6.0)})
    with pytest.raises(InputError) as error:
        prepare(adata, select=select)
    says(error, *words)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\n1,2\n", ["has the columns a, b", "symbol"]),
        ("symbol,other\nKIT,2\n", ["gene_id"]),
        ("gene_id,symbol\nENSG99999999999,KIT\n", ["knows none of the genes"]),
        ("gene_id\tsymbol,x\n", ["no rows below its header"]),
    ],
)
def test_tables_of_genes_that_do_not_help(content: str, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "genes.csv").write_text(content)
    with pytest.raises(InputError) as error:
        prepare(study(genes=[f"ENSG{i:011d}" for i in range(10)]), genes=str(tmp_path / "genes.csv"))
    says(error, *words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("cell,patient\nother1,P1\nother2,P2\n", ["None of the cells (such as 'cell0')", "such as 'other1'"]),
        ("cell,patient\ncell0,P1\ncell0,P2\n", ["names the cell 'cell0' twice"]),
        ("cell,a,a\ncell0,1,2\n", ["two columns named 'a'"]),
        ("cell,a\ncell0,1,2,3\n", ["first two lines do not agree"]),
        ("cell,a\ncell0,1\ncell1,1,2,3\n", ["cells.csv cannot be read"]),
    ],
)
def test_annotations_that_do_not_fit(content: str, words: list[str], tmp_path: Path) -> None:
    counts().T.to_csv(tmp_path / "a.csv")
    (tmp_path / "cells.csv").write_text(content)
    with pytest.raises(InputError) as error:
        read(tmp_path / "a.csv", obs=str(tmp_path / "cells.csv"))
    says(error, *words)


def test_examine_collects_all_that_is_wrong(tmp_path: Path) -> None:
    lognormal().write_h5ad(tmp_path / "a.h5ad")
    (tmp_path / "cells.csv").write_text("cell,patient\nother,P1\n")
    report = examine(
        str(tmp_path / "a.h5ad"), obs=str(tmp_path / "cells.csv"), genes=str(tmp_path / "absent.csv"),
        roles={"patient": "p", "batch": "b"}, select="celltype == 'T'",
    )  # fmt: skip
    wrong = [finding for finding in report.findings if finding.level == "wrong"]
    assert len(wrong) == 6
    assert all(finding.remedy for finding in wrong)


@pytest.mark.filterwarnings("ignore")  # old pickles and formats of the packaged data set
def test_scaled_blood_cells_are_told_for_what_they_are(tmp_path: Path) -> None:
    import scanpy as sc

    sc.datasets.pbmc68k_reduced().write_h5ad(tmp_path / "blood.h5ad")
    report = examine(str(tmp_path / "blood.h5ad"))
    wrong = [finding.what for finding in report.findings if finding.level == "wrong"]
    assert len(wrong) == 1
    assert "X holds negative values" in wrong[0]
    assert "raw holds fractions" in wrong[0]
