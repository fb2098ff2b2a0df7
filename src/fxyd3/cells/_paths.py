"""How groups hang together, and an order of cells from a root."""

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from fxyd3.cells._ancestry import UNKNOWN
from fxyd3.cells._halves import patients
from fxyd3.cells._potency import Floats, smoothed, within_patients
from fxyd3.claims import t_interval
from fxyd3.data.report import nearest
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

Places = NDArray[np.intp]

COMPONENTS = 10  # diffusion components, the constant one among them: scanpy's default for pseudotime
EXTREMES = 3  # of which both ends of the first three are candidates for the root
ANY_ROOT = 20
LEAST = 30  # cells


@dataclass(frozen=True)
class Paths:
    """Links between groups, a pseudotime, and how much of it hangs on the root.

    ``links`` has one row per pair of groups: ``links`` (neighbours that one names in the other), ``expected`` (if
    neighbours did not care for groups), ``connectivity`` (their ratio, at most 1: PAGA's) and ``tree`` (whether the
    pair is in the tree of the strongest). ``groups`` has one row per group: ``cells``, ``reached`` (percent that the
    root can reach), ``patients`` counted, ``pseudotime`` (0 to 1; mean over patients of the median of their cells),
    ``lower``, ``upper``. ``agreement`` has one row per pair of measures: ``rho`` (Spearman within patients, mean over
    patients), ``lower``, ``upper``, ``patients``, and ``any_low``, ``any_high`` (5th and 95th percentile of ``rho``
    for pseudotimes from roots drawn at random). ``roots`` has one row per rule for the root: ``cell``, ``group``,
    ``same_order`` (Spearman of its pseudotime with the chosen one) and ``order`` (groups, the nearest first). ``rule``
    says in words how the root was chosen, ``pieces`` into how many separate pieces the graph falls.
    """

    links: pd.DataFrame
    groups: pd.DataFrame
    agreement: pd.DataFrame
    roots: pd.DataFrame
    root: str
    rule: str
    pieces: int


def paths(
    adata: "AnnData",
    *,
    key: str = "cluster",
    score: str = "signature",
    potency: str = "potency",
    min_cells: int = 10,
    seed: int = 1,
) -> Paths:
    """Link groups by PAGA, and order cells by diffusion pseudotime from a root that a rule chooses.

    Candidates for the root are the cells at both ends of the first three diffusion components. Of those in groups named
    ancestral (``obs["ancestral"]``), the one with the highest progenitor activity is taken, averaged with its
    neighbours; if none of them is ancestral, or no group is named, the one with the highest potency. Nobody picks a
    cell by hand. The same is computed for other rules, and for roots drawn at random.

    Writes ``obs["pseudotime"]`` (float64, 0 at the root, 1 at the farthest cell; missing where the root cannot reach).

    Parameters
    ----------
    adata
        Cells that could be of one lineage, tumour cells for instance, with the graph in ``obsp["distances"]`` and
        ``obsp["connectivities"]``; see ``embed``.
    key
        Categories of ``obs``: the groups.
    score, potency
        Progenitor activity and gene-count potency in ``obs``; see ``signature`` and ``potency``.
    min_cells
        Cells of a group that a patient must have to count in its interval.
    seed
        Of the diffusion map and the random roots.

    Raises
    ------
    InputError
        If the graph or a column is missing, there are fewer than two groups, or fewer than 30 cells hang together.

    Notes
    -----
    A snapshot has no direction. The order of cells along a path can be read from it, but which end came first is put in
    with the root: another rule may turn it round, as ``roots`` shows. That a cell lies between two others does not say
    that it descends from one of them; cells may also be alike because they meet the same stress, or divide.

    Pseudotime and activity agree in part by construction, since activity chose the root; ``any_low`` and ``any_high``
    say what roots that were not chosen give: an agreement between the two is worth nothing. Potency and activity were
    not chosen for each other, but potency is smoothed over the same graph.

    Pseudotime is that of scanpy, except that the slowest components keep their weight; see ``_Diffusion.pseudotime``.

    Where links are far fewer than expected, groups are islands, and pseudotime counts the jumps between them.

    Where the graph falls into pieces, only the largest gets a pseudotime.

    When not to use: across cells of different tissues, or to claim descent; that needs lineage marks or time.

    References
    ----------
    Wolf 2019, doi:10.1186/s13059-019-1663-x (PAGA). Haghverdi 2016, doi:10.1038/nmeth.3971 (diffusion pseudotime).

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data import gene_set
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=(), umap=False)
    >>> _ = cells.cluster(adata, resolution=0.5)
    >>> progenitor = gene_set("LIM_MAMMARY_LUMINAL_PROGENITOR_UP")
    >>> _ = cells.signature(adata, progenitor, name="luminal progenitor")
    >>> _ = cells.ancestry(adata)
    >>> _ = cells.potency(adata)
    >>> found = cells.paths(adata)
    >>> list(found.links.columns)[:2]
    ['one', 'other']
    """
    for column in (key, score, potency):
        if column not in adata.obs:
            raise InputError(f"there is no {column!r} among the annotations{nearest(column, map(str, adata.obs))}.")
    if not {"distances", "connectivities"} <= set(adata.obsp) or "neighbors" not in adata.uns:
        raise InputError("there is no neighbour graph: run embed first.")
    group = pd.Categorical(adata.obs[key].astype(str).to_numpy(), categories=_used(adata, key))
    if len(group.categories) < 2:
        raise InputError(f"{key!r} holds {len(group.categories)} group: paths need 2 or more.")
    graph = csr_matrix(adata.obsp["connectivities"], dtype=np.float64)
    pieces, piece = connected_components(graph, directed=False)
    inside = np.flatnonzero(piece == np.bincount(piece).argmax())
    if len(inside) < LEAST:
        raise InputError(f"only {len(inside)} cells hang together in the graph: keep more, or raise n_neighbors.")

    measure = {
        "potency": adata.obs[potency].to_numpy(dtype=np.float64)[inside],
        "activity": adata.obs[score].to_numpy(dtype=np.float64)[inside],
    }
    around = smoothed(graph[inside][:, inside], measure["activity"])
    ancestral = adata.obs["ancestral"].to_numpy(dtype=bool)[inside] if "ancestral" in adata.obs else None
    diffusion = _Diffusion(adata, inside, seed)
    chosen, rule, rules = _rules(diffusion.extremes, around, measure["potency"], ancestral)
    time = diffusion.pseudotime(chosen)
    adata.obs["pseudotime"] = np.nan
    adata.obs.iloc[inside, adata.obs.columns.get_loc("pseudotime")] = time

    own = group[inside]
    patient = patients(adata).to_numpy()
    rows = {}
    for name, root in rules.items():
        other = diffusion.pseudotime(root)
        order = pd.DataFrame({"group": own, "time": other}).groupby("group", observed=True)["time"].median()
        rows[name] = {
            "cell": str(adata.obs_names[inside[root]]),
            "group": str(own[root]),
            "same_order": pd.Series(other).corr(pd.Series(time), method="spearman"),
            "order": ", ".join(map(str, order.sort_values().index)),
        }
    return Paths(
        links=_links(adata, group),
        groups=_groups(adata.obs["pseudotime"].to_numpy(), group, patient, min_cells),
        agreement=_agreement(diffusion, time, measure, patient[inside], np.random.default_rng(seed)),
        roots=pd.DataFrame.from_dict(rows, orient="index").rename_axis("rule"),
        root=str(adata.obs_names[inside[chosen]]),
        rule=rule,
        pieces=int(pieces),
    )


class _Diffusion:
    """The diffusion map of one piece of the graph, and pseudotimes from any of its cells."""

    def __init__(self, adata: "AnnData", inside: Places, seed: int) -> None:
        import anndata
        import scanpy as sc

        self.cells = anndata.AnnData(
            obs=pd.DataFrame(index=adata.obs_names[inside]),
            obsp={name: csr_matrix(adata.obsp[name])[inside][:, inside] for name in ("distances", "connectivities")},
            uns={"neighbors": adata.uns["neighbors"]},
        )
        sc.tl.diffmap(self.cells, n_comps=COMPONENTS, random_state=seed)
        ends = self.cells.obsm["X_diffmap"][:, 1 : EXTREMES + 1]
        self.extremes: Places = np.unique(np.concatenate([ends.argmin(axis=0), ends.argmax(axis=0)]))

    def pseudotime(self, root: int) -> Floats:
        """Distance from the root over walks of all lengths, as a share of the largest.

        scanpy's ``dpt`` takes the weight from components with an eigenvalue of 0.9994 or more, as they could mark
        pieces apart. Here there is one piece, and in a long or loosely linked one those are the way from end to end.
        """
        places = np.asarray(self.cells.obsm["X_diffmap"][:, 1:], dtype=np.float64)
        value = np.asarray(self.cells.uns["diffmap_evals"][1:], dtype=np.float64)
        weight = value / np.maximum(1 - value, 1e-6)  # the eigenvalues are float32
        distance = np.linalg.norm((places - places[root]) * weight, axis=1)
        time: Floats = distance / distance.max()
        return time


def _used(adata: "AnnData", key: str) -> list[str]:
    """Name the groups that have cells, in the order of their categories."""
    return [str(name) for name in adata.obs[key].astype("category").cat.remove_unused_categories().cat.categories]


def _rules(
    extremes: Places, activity: Floats, potency: Floats, ancestral: NDArray[np.bool_] | None
) -> tuple[int, str, dict[str, int]]:
    """Choose the root by the rule, and by others to compare."""
    named = extremes[ancestral[extremes]] if ancestral is not None else extremes[:0]
    potent = int(extremes[np.argmax(potency[extremes])])
    if len(named):
        chosen, rule = int(named[np.argmax(activity[named])]), "the extreme of highest activity in an ancestral group"
    else:
        unnamed = ancestral is None or not ancestral.any()
        why = "no group is named ancestral" if unnamed else "no extreme lies in an ancestral group"
        chosen, rule = potent, f"the extreme of highest potency, since {why}"
    return (
        chosen,
        rule,
        {
            "chosen": chosen,
            "extreme of highest potency": potent,
            "extreme of highest activity": int(extremes[np.argmax(activity[extremes])]),
            "cell of highest activity": int(np.argmax(activity)),
            "cell of highest potency": int(np.argmax(potency)),
            "extreme of lowest activity": int(extremes[np.argmin(activity[extremes])]),
        },
    )


def _links(adata: "AnnData", group: pd.Categorical) -> pd.DataFrame:
    """Compare links between groups with what chance gives; PAGA as scanpy has it."""
    import anndata
    import scanpy as sc

    distances = csr_matrix(adata.obsp["distances"])
    bare = anndata.AnnData(
        obs=pd.DataFrame({"group": group}, index=adata.obs_names),
        obsp={"distances": distances, "connectivities": adata.obsp["connectivities"]},
        uns={"neighbors": adata.uns["neighbors"]},
    )
    sc.tl.paga(bare, groups="group")
    connectivity, tree = (bare.uns["paga"][name].toarray() for name in ("connectivities", "connectivities_tree"))
    belongs = csr_matrix((np.ones(len(group)), (np.arange(len(group)), group.codes)))
    edges = distances.copy()
    edges.data = np.ones(edges.nnz)
    between = (belongs.T @ edges @ belongs).toarray()
    size, out = np.bincount(group.codes), between.sum(axis=1)
    return pd.DataFrame(
        [
            {
                "one": group.categories[i],
                "other": group.categories[j],
                "links": int(between[i, j] + between[j, i]),
                "expected": (out[i] * size[j] + out[j] * size[i]) / (len(group) - 1),
                "connectivity": connectivity[i, j],
                "tree": bool(tree[i, j] or tree[j, i]),
            }
            for i, j in combinations(range(len(group.categories)), 2)
        ]
    )


def _groups(time: Floats, group: pd.Categorical, patient: NDArray[np.object_], min_cells: int) -> pd.DataFrame:
    """Sum up the pseudotime of each group over patients."""
    cells = pd.DataFrame({"group": group, "patient": patient, "time": time})
    each = cells.groupby(["group", "patient"], observed=True)["time"].agg(["count", "median"]).reset_index()
    each = each[each["count"] >= min_cells]
    rows = {}
    for name, own in cells.groupby("group", observed=False)["time"]:
        medians = each.loc[each["group"] == name, "median"]
        middle = medians.mean() if len(medians) else np.nan
        spread = t_interval(medians)[1:] if len(medians) >= 3 else UNKNOWN[1:]
        rows[name] = (
            len(own),
            100 * own.notna().mean(),
            len(medians),
            middle,
            max(spread[0], 0.0),
            min(spread[1], 1.0),
        )
    columns = ["cells", "reached", "patients", "pseudotime", "lower", "upper"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("group")


def _agreement(
    diffusion: _Diffusion,
    time: Floats,
    measure: dict[str, Floats],
    patient: NDArray[np.object_],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Correlate the measures within patients, and the same for roots drawn at random."""
    roots = rng.choice(len(time), min(ANY_ROOT, len(time)), replace=False)
    drawn = [diffusion.pseudotime(int(root)) for root in roots]
    rows = {}
    for one, values in measure.items():
        random = [within_patients(each, values, patient).mean() for each in drawn]
        rows[f"pseudotime and {one}"] = (*_rho(time, values, patient), *np.quantile(random, [0.05, 0.95]))
    rows["potency and activity"] = (*_rho(measure["potency"], measure["activity"], patient), np.nan, np.nan)
    columns = ["rho", "lower", "upper", "patients", "any_low", "any_high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("measures")


def _rho(one: Floats, two: Floats, patient: NDArray[np.object_]) -> tuple[float, float, float, int]:
    found = within_patients(one, two, patient)
    if len(found) < 3:
        return (found.mean(), *UNKNOWN[1:], len(found))
    estimate, lower, upper = t_interval(found)
    return estimate, max(lower, -1.0), min(upper, 1.0), len(found)
