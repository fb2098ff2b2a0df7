"""The path from counts to markers beside scanpy's defaults on the same file: seconds per step, peak memory, quality.

``python -m benchmarks.speed SIDE FILE OUT`` runs one side in a process of its own; ``side_by_side`` runs both.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

GENES, TYPES, BATCHES, COMPONENTS, NEIGHBOURS = 25_000, 10, 4, 50, 15
SETS = {f"set {i + 1}": [f"G{gene}" for gene in range(200 * i, 200 * i + 120)] for i in range(10)}


def simulated_counts(path: Path, cells: int, seed: int = 1) -> None:
    """Write counts of ten types in four batches, 25,000 genes, about 2,000 of them detected in a cell."""
    import anndata

    rng = np.random.default_rng(seed)
    level = rng.lognormal(0, 1.6, GENES)
    types = np.array([level * np.exp(rng.normal(0, 0.8, GENES) * (rng.random(GENES) < 0.1)) for _ in range(TYPES)])
    tilts = np.exp(rng.normal(0, 0.1, (BATCHES, GENES)))
    kind, batch = rng.integers(0, TYPES, cells), rng.integers(0, BATCHES, cells)
    sums = np.cumsum(types[:, None] * tilts[None], axis=2)
    rows = []
    for i in range(cells):
        own = sums[kind[i], batch[i]]
        found, number = np.unique(
            np.searchsorted(own, rng.random(int(rng.lognormal(7.95, 0.3))) * own[-1]), return_counts=True
        )
        rows.append(csr_matrix((number.astype(np.float32), found, [0, len(found)]), shape=(1, GENES)))
    obs = pd.DataFrame({"kind": pd.Categorical(kind.astype(str)), "batch": pd.Categorical(batch.astype(str))})
    obs.index = [f"cell{i}" for i in range(cells)]
    var = pd.DataFrame(index=[*(f"G{i}" for i in range(GENES - 13)), *(f"MT-{i}" for i in range(13))])
    anndata.AnnData(vstack(rows, format="csr"), obs=obs, var=var).write_h5ad(path)


class Clock:
    """Seconds of each step, and the highest memory (MiB) up to its end; a step may come in several parts."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peak_mib: dict[str, int] = {}
        self._last = time.perf_counter()

    def __call__(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] = round(self.seconds.get(step, 0) + now - self._last, 2)
        self.peak_mib[step] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        self._last = now


def scanpy_defaults(adata: Any, clock: Clock) -> Any:
    import scanpy as sc

    adata.var["mt"] = adata.var_names.str.startswith("MT-")
    sc.pp.calculate_qc_metrics(adata, qc_vars=["mt"], inplace=True)
    clock("quality control and filter")
    sc.pp.filter_cells(adata, min_genes=200)
    sc.pp.filter_genes(adata, min_cells=3)
    adata = adata[adata.obs["pct_counts_mt"] < 20].copy()
    adata.layers["counts"] = adata.X.copy()
    clock("quality control and filter")
    sc.pp.normalize_total(adata)
    sc.pp.log1p(adata)
    clock("normalise and variable genes")
    sc.pp.highly_variable_genes(adata, n_top_genes=2000)
    clock("normalise and variable genes")
    sc.pp.pca(adata, n_comps=COMPONENTS)
    clock("components, neighbours, UMAP")
    sc.pp.neighbors(adata, n_neighbors=NEIGHBOURS)
    clock("components, neighbours, UMAP")
    sc.tl.leiden(adata)
    clock("groups")
    sc.tl.umap(adata)
    clock("components, neighbours, UMAP")
    sc.tl.rank_genes_groups(adata, "leiden", method="t-test")
    clock("t-test and Wilcoxon")
    sc.tl.rank_genes_groups(adata, "leiden", method="wilcoxon")
    clock("t-test and Wilcoxon")
    for name, genes in SETS.items():
        sc.tl.score_genes(adata, [g for g in genes if g in adata.var_names], score_name=name)
    clock("ten signatures")
    adata.obs["cluster"] = adata.obs["leiden"]
    return adata


def ours(adata: Any, clock: Clock) -> Any:
    from fxyd3 import cells
    from fxyd3.cells._ranks import rank_genes

    kept, _ = cells.qc(adata)
    del adata
    clock("quality control and filter")
    cells.normalise(kept)
    clock("normalise and variable genes")
    cells.embed(kept, n_comps=COMPONENTS, n_neighbors=NEIGHBOURS, batch=())
    clock("components, neighbours, UMAP")
    cells.cluster(kept, resolution=1.0)
    clock("groups")
    rank_genes(kept.X, kept.obs["cluster"].cat.codes.to_numpy())
    clock("t-test and Wilcoxon")
    scores = cells.signatures(kept, SETS)
    kept.obs[list(scores)] = scores
    clock("ten signatures")
    return kept


def recall(run: Any, asked: int = 500) -> float:
    """Share of the true nearest neighbours, in its own space, that a side found, over some cells."""
    from sklearn.neighbors import NearestNeighbors

    space, rng = run["space"], np.random.default_rng(0)
    rows = rng.choice(len(space), asked, replace=False)
    true = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(space).kneighbors(space[rows], return_distance=False)
    found = [set(run["distances"][run["start"][row] : run["start"][row + 1]]) | {row} for row in rows]
    return float(np.mean([len(own & set(near)) / NEIGHBOURS for own, near in zip(found, true, strict=True)]))


def side_by_side(cells: int, folder: Path) -> dict[str, Any]:
    """Run both sides on the same file, one after the other; seconds without import and reading, peak, and quality."""
    from sklearn.metrics import adjusted_rand_score

    file = folder / f"simulated-{cells}.h5ad"
    simulated_counts(file, cells)
    found: dict[str, Any] = {}
    for side in ("scanpy", "fxyd3"):
        out = folder / f"{side}.npz"
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.speed", side, str(file), str(out)]
        subprocess.run(command, check=True, cwd=Path(__file__).parents[1], stdout=subprocess.DEVNULL)
        told = json.loads(out.with_suffix(".json").read_text())
        run = np.load(out)
        steps = {step: seconds for step, seconds in told["seconds"].items() if step not in ("import", "read")}
        found[side] = {
            "seconds": round(sum(steps.values()), 1), "steps": steps, "peak_mib": max(told["peak_mib"].values()),
            "recall": round(recall(run), 3), "ari": round(adjusted_rand_score(run["kinds"], run["groups"]), 3),
        }  # fmt: skip
    found["ratio"] = round(found["scanpy"]["seconds"] / found["fxyd3"]["seconds"], 2)
    return found


def main(side: str, file: str, out: str) -> None:
    """Run one side and write seconds per step, the peak and the groups."""
    import anndata

    clock = Clock()
    import scanpy  # noqa: F401

    clock("import")
    held = [anndata.read_h5ad(file)]  # so that a side may let go of it
    clock("read")
    done = {"scanpy": scanpy_defaults, "fxyd3": ours}[side](held.pop(), clock)
    np.savez(
        out, groups=done.obs["cluster"].astype(str).to_numpy(str), cells=done.obs_names.to_numpy(str),
        kinds=done.obs["kind"].astype(str).to_numpy(str), distances=done.obsp["distances"].indices,
        start=done.obsp["distances"].indptr, space=done.obsm["X_pca"],
    )  # fmt: skip
    Path(out).with_suffix(".json").write_text(json.dumps({"seconds": clock.seconds, "peak_mib": clock.peak_mib}))


if __name__ == "__main__":
    main(*sys.argv[1:])
