"""The input contract: where the counts stand, how genes are named, which columns play which role."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from fxyd3.data import Report, prepare
from fxyd3.errors import InputError

GENES = ["FXYD3", "KIT", "ELF5", "CSN2", "CSN3", "LALBA", "KRT5", "KRT14", "HLA-B", "XDH", "C3", "MT-CO1"]
IDS = [f"ENSG{i:011d}" for i in range(len(GENES))]


def study(cells: int = 8, genes: list[str] | None = None, **obs: Any) -> ad.AnnData:
    genes = genes or GENES
    counts = np.random.default_rng(2).poisson(2.0, (cells, len(genes))).astype(np.float32)
    names = [f"cell{i}" for i in range(cells)]
    return ad.AnnData(sparse.csr_matrix(counts), obs=pd.DataFrame(obs, index=names), var=pd.DataFrame(index=genes))


def told(report: Report, level: str) -> str:
    return " | ".join(f.what for f in report.findings if f.level == level)


def log_of(adata: ad.AnnData) -> sparse.csr_matrix:
    return adata.X.log1p() * np.float32(0.7)


def in_layer(adata: ad.AnnData) -> ad.AnnData:
    adata.layers["counts"] = adata.X
    adata.X = log_of(adata)
    return adata


def in_raw(adata: ad.AnnData) -> ad.AnnData:
    adata.raw = adata.copy()
    adata = adata[:, :5].copy()
    adata.X = log_of(adata)
    return adata


@pytest.mark.parametrize(("move", "where"), [(lambda a: a, "X"), (in_layer, "layers['counts']"), (in_raw, "raw")])
def test_counts_are_found_wherever_they_stand(move: Any, where: str) -> None:
    expected = study().X.toarray()
    ready, report = prepare(move(study()))
    assert report.counts_from == ready.uns["fxyd3"]["counts_from"] == where
    np.testing.assert_array_equal(ready.X.toarray(), expected)
    assert ready.raw is None
    assert not ready.layers
    assert ("log-normalised" in told(report, "mended")) == (where != "X")


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8, np.float64, np.float32])
@pytest.mark.parametrize("form", ["csr", "csc", "dense", "array"])
def test_the_form_of_the_counts_does_not_matter(dtype: Any, form: str) -> None:
    adata = study()
    expected = adata.X.toarray()
    forms = {"csr": sparse.csr_matrix, "csc": sparse.csc_matrix, "dense": np.asarray, "array": sparse.csr_array}
    adata.X = forms[form](expected.astype(dtype))
    ready, _ = prepare(adata)
    assert isinstance(ready.X, sparse.csr_matrix)
    assert ready.X.dtype == np.float32
    np.testing.assert_array_equal(ready.X.toarray(), expected)


def test_indices_and_indptr_get_one_dtype_and_explicit_zeros_go() -> None:
    adata = study()
    X = adata.X.copy()
    X.data[0] = 0
    X.indptr = X.indptr.astype(np.int64)
    adata.X = X
    before = X.toarray()
    ready, _ = prepare(adata)
    assert ready.X.indices.dtype == ready.X.indptr.dtype
    assert np.count_nonzero(ready.X.data) == ready.X.nnz == X.nnz - 1
    np.testing.assert_array_equal(adata.X.toarray(), before)
    assert adata.X.nnz == X.nnz, "the input must stay as it was"


def test_order_of_cells_and_genes_does_not_matter() -> None:
    adata = study(patient=list("aabbccdd"))
    turned = adata[::-1, ::-1].copy()
    one, first = prepare(adata)
    two, second = prepare(turned)
    np.testing.assert_array_equal(two[one.obs_names, one.var_names].X.toarray(), one.X.toarray())
    assert first.facts() == second.facts()


def test_preparing_twice_changes_nothing_and_simulated_stays_simulated(tmp_path: Path) -> None:
    adata = study(donor_id=list("aabbccdd"))
    adata.uns["fxyd3"] = {"source": "twin", "hash": "00", "simulated": True}
    once, first = prepare(adata)
    once.write_h5ad(tmp_path / "once.h5ad")
    twice, second = prepare(ad.read_h5ad(tmp_path / "once.h5ad"))
    np.testing.assert_array_equal(once.X.toarray(), twice.X.toarray())
    assert second.simulated
    assert twice.uns["fxyd3"]["hash"] == "00"
    assert first.levels == second.levels


@pytest.mark.filterwarnings("ignore:Variable names are not unique")  # which is what is tried
def test_repeated_genes_are_summed_and_named() -> None:
    adata = study(genes=["KIT", "FXYD3", "KIT", "C3", "KIT"])
    adata.var["gene_ids"] = IDS[:5]
    ready, report = prepare(adata)
    assert list(ready.var_names) == ["KIT", "FXYD3", "C3"]
    np.testing.assert_array_equal(ready[:, "KIT"].X.toarray()[:, 0], adata.X.toarray()[:, [0, 2, 4]].sum(axis=1))
    assert ready.X.sum() == adata.X.sum()
    assert ready.var["gene_id"]["KIT"] == "|".join([IDS[0], IDS[2], IDS[4]])
    assert "KIT" in told(report, "mended")


@pytest.mark.parametrize("column", ["feature_name", "gene_symbols", "Gene Symbol", "gene_short_name"])
def test_ensembl_ids_with_symbols_beside(column: str) -> None:
    adata = study(genes=[f"{i}.{n}" for n, i in enumerate(IDS, 1)])
    adata.var[column] = pd.Categorical(GENES)
    adata.var.loc[adata.var_names[1], column] = np.nan
    ready, report = prepare(adata)
    assert list(ready.var_names) == [GENES[0], IDS[1], *GENES[2:]]
    assert list(ready.var["gene_id"]) == IDS
    assert report.symbols == "symbols"
    assert f"{len(GENES) - 1} of {len(GENES)}" in told(report, "mended")


def test_ensembl_ids_alone_go_on_and_say_what_is_missing() -> None:
    ready, report = prepare(study(genes=[f"{i}.1" for i in IDS]))
    assert list(ready.var_names) == IDS
    assert report.symbols == ready.uns["fxyd3"]["symbols"] == "ensembl"
    assert not report.facts()["symbols"]
    assert any("--genes" in finding.remedy for finding in report.findings)


@pytest.mark.parametrize("headed", [True, False])
def test_ensembl_ids_with_a_table(tmp_path: Path, headed: bool) -> None:
    table = pd.DataFrame({"Gene stable ID": IDS, "Gene name": GENES, "type": "Gene Expression"})
    table.columns = pd.Index(["gene_id", "symbol", "type"])
    table.to_csv(tmp_path / "features.tsv.gz", sep="\t", index=False, header=headed)
    ready, _ = prepare(study(genes=IDS), genes=str(tmp_path / "features.tsv.gz"))
    assert list(ready.var_names) == GENES


def test_outdated_symbols_are_named_and_changed_only_from_a_table(tmp_path: Path) -> None:
    genes = ["FXYD3", "MFI2", "SEPT2", "IL8", "CXCL8", "OLD1", "OLD2", "1-Mar"]
    ready, report = prepare(study(genes=genes))
    assert list(ready.var_names) == genes
    assert "MFI2 (now MELTF)" in told(report, "recognised")
    assert "1-Mar (now MARCHF1 or MTARC1)" in told(report, "recognised")
    (tmp_path / "hgnc.tsv").write_text(
        "symbol\tprev_symbol\talias_symbol\nMELTF\tMFI2\tMTF1\nSEPTIN2\tDIFF6|SEPT2\t\nCXCL8\tIL8\t\nFXYD3\tPLML\tMAT8\n"
        "NEWA\tOLD1|OLD2\t\nNEWB\tFXYD3\t\n"
    )
    ready, report = prepare(study(genes=genes), genes=str(tmp_path / "hgnc.tsv"))
    # IL8: its new name is there already; OLD1 and OLD2: both would become NEWA; FXYD3: current, though once another's
    assert list(ready.var_names) == ["FXYD3", "MELTF", "SEPTIN2", "IL8", "CXCL8", "OLD1", "OLD2", "1-Mar"]
    assert "2 gene symbols brought up to date from hgnc.tsv: MFI2 to MELTF, SEPT2 to SEPTIN2" in told(report, "mended")


def test_spike_ins_are_left_out() -> None:
    ready, report = prepare(study(genes=[*GENES, "ERCC-00002"]))
    assert list(ready.var_names) == GENES
    assert "1 ERCC spike-in" in told(report, "mended")


def test_roles_are_guessed_by_name_named_by_the_reader_and_reported() -> None:
    adata = study(
        donor_id=list("aabbccdd"), **{"orig.ident": list("abcdabcd"), "Treatment": ["before", "after"] * 4},
        plate=[1.0, 2.0] * 4, batch=["x"] * 8, barcode=list("abcdefgh"),
    )  # fmt: skip
    ready, report = prepare(adata, roles={"batch": "plate"})
    assert report.roles == {"patient": "donor_id", "sample": "orig.ident", "batch": "plate", "condition": "Treatment"}
    assert report.levels["batch"] == ["1", "2"]
    assert report.patients == 4
    assert report.conditions == ["after", "before"]
    assert all(isinstance(ready.obs[role].dtype, pd.CategoricalDtype) for role in report.roles)
    assert "column 'donor_id' (guessed)" in told(report, "recognised")
    assert "column 'plate' (named)" in told(report, "recognised")
    assert "batch" in told(report, "mended"), "the file's own batch column was replaced"
    assert set(ready.obs) >= {"donor_id", "orig.ident", "Treatment", "plate", "barcode"}


def test_a_constant_column_is_reported_and_not_refused() -> None:
    _, report = prepare(study(patient=["P1"] * 8))
    assert report.patients == 1
    assert "patient is the same for every cell: P1" in told(report, "recognised")


def test_levels_that_the_selection_removed_are_gone() -> None:
    ready, report = prepare(study(patient=list("aabbccdd")), select="patient != 'a'")
    assert report.levels["patient"] == list(ready.obs["patient"].cat.categories) == ["b", "c", "d"]


@pytest.mark.parametrize(
    ("select", "kept"),
    [
        ("celltype == 'T'", [0, 2, 4, 6]),
        ("celltype in ['T'] and `percent.mito` < 3", [0, 2]),
        ("celltype not in ['T'] or `percent.mito` >= 6", [1, 3, 5, 6, 7]),
        ("not (celltype == 'T')", [1, 3, 5, 7]),
        ("(celltype == 'T') & ~(`percent.mito` == 0)", [2, 4, 6]),
        ("1 < `percent.mito` <= 3", [2, 3]),
        ("`percent.mito` > -1", list(range(8))),
        ("good", [0, 1, 2, 3]),
    ],
)
def test_selections_keep_the_cells_they_name(select: str, kept: list[int]) -> None:
    adata = study(celltype=pd.Categorical(["T", "B"] * 4), good=[True] * 4 + [False] * 4, **{"percent.mito": range(8)})
    ready, report = prepare(adata, select=select)
    assert list(ready.obs_names) == [f"cell{i}" for i in kept]
    np.testing.assert_array_equal(ready.X.toarray(), adata.X.toarray()[kept])
    assert f"{len(kept)} of 8 cells selected" in told(report, "recognised")


def test_annotations_of_every_kind_can_be_written(tmp_path: Path) -> None:
    adata = study(
        mixed=[True, None, "x", 1, 2.5, "y", None, False], text=pd.array(["a", None] * 4, dtype="string"),
        **{"a/b": range(8), "yes": [True, False] * 4, "day": pd.date_range("2024-01-01", periods=8)},
    )  # fmt: skip
    ready, _ = prepare(adata)
    ready.write_h5ad(tmp_path / "a.h5ad")
    back = ad.read_h5ad(tmp_path / "a.h5ad")
    assert back.obs["mixed"].isna().sum() == 2
    assert list(back.obs["a_b"]) == list(range(8))


def test_wrong_input_to_prepare_raises_at_once() -> None:
    with pytest.raises(InputError, match="'donor' is not a role"):
        prepare(study(), roles={"donor": "x"})


def test_the_report_is_fit_for_json_and_for_claims() -> None:
    import json

    _, report = prepare(study(patient=list("aabbccdd"), treatment=["before", "after"] * 4), source="mine.h5ad")
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["source"] == "mine.h5ad"
    assert plain["patients"] == 4
    facts = report.facts()
    assert facts["symbols"] is True
    assert {"FXYD3", "KIT"} <= facts["genes"]
    assert facts["levels"]["condition"] == ["after", "before"]
    assert facts["cells"] == 8
