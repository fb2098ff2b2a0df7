"""Which groups touch, and how far cells lie from a root chosen by rule."""

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
from fxyd3.claims import t_interval
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
N_EXTREMES = 3  # diffusion components whose two ends may hold the root


@dataclass(frozen=True)
class Paths:
    """Groups that touch, and pseudotime from a root chosen by rule.

    ``edges`` has one row per pair of groups: ``group``, ``other``, ``edges`` (pairs of neighbours that join them),
    ``expected`` (by chance), ``ratio`` and ``connectivity`` (the ratio, at most 1, as PAGA has it). ``groups`` has one
    row per group: ``cells``, ``reached`` (percent with a pseudotime), ``pseudotime`` (mean over patients of their
    medians), ``patients``, ``lower``, ``upper``, ``potency`` and ``activity`` (likewise). ``per_patient`` has one row
    per group and patient: ``cells`` and the medians ``pseudotime``, ``potency``, ``activity``. ``agreement`` has one
    row per pair of measures: ``spearman`` within patients (mean over them), ``lower``, ``upper``, ``patients``.
    ``rules`` has one row per rule for the root, the one used first: ``root`` (cell), ``group``, ``cells_agree`` and
    ``groups_agree`` (Spearman of its pseudotime with the first, over cells and over the groups' medians). ``root`` and
    ``rule`` are the cell and the rule used, and ``unreached`` the percent of cells the graph does not join to it.
    """

    edges: pd.DataFrame
    groups: pd.DataFrame
    per_patient: pd.DataFrame
    agreement: pd.DataFrame
    rules: pd.DataFrame
    root: str
    rule: str
    unreached: float


def paths(
    adata: "AnnData", *, key: str = "cluster", score: str = "signature", n_comps: int = 10, min_cells: int = 10
) -> Paths:
    """Join groups as PAGA does, and measure diffusion pseudotime from a root that no hand picked.

    Candidates for the root are the cells at the two ends of the first three diffusion components, among the groups
    named ancestral (all groups, if none is named). The root is the candidate whose neighbours have the highest mean
    activity (the highest mean potency, if no group is named ancestral). Two other rules are tried beside it: potency in
    place of activity, and the end of all cells with the *least* activity, which is what one gets by believing the
    reverse.

    Writes ``obs["pseudotime"]`` (float64, 0 at the root, 1 at the farthest cell; missing where the graph does not
    reach) and ``obsm["X_diffmap"]`` (cells x ``n_comps``, the first one constant; missing likewise).

    Parameters
    ----------
    adata
        Neighbours as ``embed`` writes them, groups in ``obs[key]``, activity in ``obs[score]``, ``obs["potency"]``, and
        ``obs["ancestral"]`` if groups have been named.
    key, score
        Columns of ``obs``.
    n_comps
        Diffusion components, more than three.
    min_cells
        Cells of a group that a patient must have to count.

    Raises
    ------
    InputError
        If groups, activity, potency or neighbours are not there, or ``n_comps`` does not fit the cells.

    Notes
    -----
    A snapshot cannot prove descent. Pseudotime is a distance along the graph: it has no arrow but the one the root
    gives it, cells may travel either way, and states that never turn into each other still lie near or far. Groups are
    joined whenever their cells are alike. The agreement of pseudotime with activity is partly made by the rule that
    chose the root; that with potency is not, where activity chose it. Chance, for edges, is random wiring in which each
    group keeps its size and its number of edges.

    Patients share one graph and one root, so the intervals over patients leave out what another root would have given:
    read them with ``rules``. Where groups touch far less than by chance, the few cells in between decide who lies far.

    Only the largest connected part of the graph has a pseudotime: across a gap, distance has no meaning.

    When not to use: over kinds of cells that do not share an origin (tumour, stroma and immune cells together): choose
    the tumour cells and embed them first.

    References
    ----------
    Wolf 2019, doi:10.1186/s13059-019-1663-x (PAGA). Haghverdi 2016, doi:10.1038/nmeth.3971 (diffusion pseudotime).
    """
    import scanpy as sc
    from anndata import AnnData

    _check(adata, key, score)
    near = csr_matrix(adata.obsp["connectivities"])
    _, part = connected_components(near, directed=False)
    reached = np.flatnonzero(part == np.bincount(part).argmax())
    if not N_EXTREMES < n_comps < len(reached) - 1:
        raise InputError(
            f"n_comps is {n_comps}: give more than {N_EXTREMES} and fewer than {len(reached) - 1}, as {len(reached)} "
            "cells are joined."
        )
    own = AnnData(obs=adata.obs.iloc[reached][[]].copy())
    own.obsp["connectivities"] = near[reached][:, reached]
    own.obsp["distances"] = csr_matrix(adata.obsp["distances"])[reached][:, reached]
    own.uns["neighbors"] = {**adata.uns["neighbors"]}
    sc.tl.diffmap(own, n_comps=n_comps)
    places = np.asarray(own.obsm["X_diffmap"], dtype=np.float64)

    obs = adata.obs.iloc[reached]
    ancestral = obs["ancestral"].to_numpy(dtype=bool) if "ancestral" in obs else np.zeros(len(obs), dtype=bool)
    named, everyone = np.flatnonzero(ancestral), np.arange(len(obs))
    activity, potency = (_around(own.obsp["connectivities"], obs[column].to_numpy()) for column in (score, "potency"))
    options = {
        "highest activity": (named, activity),
        "highest potency": (named if len(named) else everyone, potency),
        "least activity": (everyone, -activity),
    }
    if not len(named):
        del options["highest activity"]
    times, rows = {}, {}
    for name, (among, value) in options.items():
        root = _root(places, among, value)
        times[name] = pseudotime(places, np.asarray(own.uns["diffmap_evals"], dtype=np.float64), root)
        rows[name] = {"root": str(obs.index[root]), "group": str(obs[key].iloc[root])}
    rule = next(iter(options))
    middle = pd.DataFrame(times).groupby(obs[key].to_numpy(), observed=True).median()
    rules = pd.DataFrame.from_dict(rows, orient="index")
    rules["cells_agree"] = pd.DataFrame(times).corr("spearman")[rule]
    rules["groups_agree"] = middle.corr("spearman")[rule]
    rules.index.name = "rule"

    time = np.full(adata.n_obs, np.nan)
    time[reached] = times[rule]
    adata.obs["pseudotime"] = time
    adata.obsm["X_diffmap"] = np.full((adata.n_obs, n_comps), np.nan)
    adata.obsm["X_diffmap"][reached] = places
    measures = adata.obs[["pseudotime", "potency"]].assign(activity=adata.obs[score])
    patient = patients(adata)
    per_patient = _per_patient(measures, adata.obs[key].astype(str), patient, min_cells)
    return Paths(
        edges(adata, key=key),
        _groups(per_patient, measures["pseudotime"], adata.obs[key].astype(str)),
        per_patient,
        _agreement(measures, patient, min_cells),
        rules,
        str(rules["root"].iloc[0]),
        f"{rule} among the {'groups named ancestral' if len(named) else 'ends of all groups'}",
        100 * (1 - len(reached) / adata.n_obs),
    )


def pseudotime(places: Floats, eigenvalues: Floats, root: int) -> Floats:
    """Diffusion distance from the root over walks of all lengths, as a share of the largest.

    scanpy's ``dpt`` counts components with an eigenvalue of 0.9994 or more without their weight, to guard against parts
    of the graph that are not joined. Here all cells are joined, and in long or loosely joined data those components are
    the very way from one end to the other: only the first, which is constant, is left out.
    """
    weight = eigenvalues[1:] / np.maximum(1 - eigenvalues[1:], 1e-6)  # eigenvalues are float32
    distance = np.linalg.norm((places[:, 1:] - places[root, 1:]) * weight, axis=1)
    time: Floats = distance / distance.max()
    return time


def edges(adata: "AnnData", *, key: str = "cluster") -> pd.DataFrame:
    """Count the neighbours that join each pair of groups, against random wiring; see ``Paths.edges``.

    Raises
    ------
    InputError
        If there are no groups or no neighbours.

    Notes
    -----
    When not to use: to say that one group becomes another. Alike is not akin.

    References
    ----------
    Wolf 2019, doi:10.1186/s13059-019-1663-x (PAGA; the numbers are those of scanpy's model 1.2).
    """
    if key not in adata.obs or "distances" not in adata.obsp:
        raise InputError(f"there are no groups in {key!r} or no neighbours: run embed and cluster first.")
    codes, names = pd.factorize(adata.obs[key].astype(str), sort=True)
    member = csr_matrix((np.ones(len(codes)), (np.arange(len(codes)), codes)))
    joined = csr_matrix(adata.obsp["distances"], copy=True)
    joined.data = np.ones(len(joined.data))
    between = (member.T @ joined @ member).toarray()
    size, leaving = np.bincount(codes), between.sum(axis=1)
    rows = []
    for i, j in combinations(range(len(names)), 2):
        found = between[i, j] + between[j, i]
        expected = (leaving[i] * size[j] + leaving[j] * size[i]) / (len(codes) - 1)
        rows.append((names[i], names[j], int(found), expected, found / expected, min(found / expected, 1.0)))
    return pd.DataFrame(rows, columns=["group", "other", "edges", "expected", "ratio", "connectivity"])


def _check(adata: "AnnData", key: str, score: str) -> None:
    before = {key: "cluster", score: "signature", "potency": "potency"}
    for column, step in before.items():
        if column not in adata.obs:
            raise InputError(f"there is no {column!r} among the annotations: run {step} first.")
    if "connectivities" not in adata.obsp or "neighbors" not in adata.uns:
        raise InputError("there are no neighbours: run embed first.")


def _around(near: csr_matrix, values: Floats) -> Floats:
    """Average over the neighbours of each cell: the value of one cell is mostly noise."""
    weight = np.asarray(near.sum(axis=1), dtype=np.float64).ravel()
    mean: Floats = (near @ values) / np.maximum(weight, 1e-12)
    return mean


def _root(places: Floats, among: Places, value: Floats) -> int:
    """Of the cells at both ends of the first components, the one with the highest value."""
    first = places[among, 1 : 1 + N_EXTREMES]
    ends = among[np.concatenate([first.argmin(axis=0), first.argmax(axis=0)])]
    return int(ends[np.argmax(value[ends])])


def _per_patient(
    measures: pd.DataFrame, group: "pd.Series[str]", patient: "pd.Series[str]", min_cells: int
) -> pd.DataFrame:
    grouped = measures.groupby([group.rename("group"), patient.rename("patient")])
    table = grouped.median().assign(cells=grouped.size())
    return table.loc[table["cells"] >= min_cells, ["cells", "pseudotime", "potency", "activity"]].reset_index()


def _groups(per_patient: pd.DataFrame, time: "pd.Series[float]", group: "pd.Series[str]") -> pd.DataFrame:
    rows = {}
    for name, reached in time.notna().groupby(group):
        own = per_patient[per_patient["group"] == name]
        found = own["pseudotime"].dropna().to_numpy()
        rows[name] = {
            "cells": len(reached),
            "reached": 100 * reached.mean(),
            "pseudotime": found.mean() if len(found) else np.nan,
            "patients": len(found),
            **dict(zip(("lower", "upper"), t_interval(found)[1:] if len(found) >= 3 else UNKNOWN[1:], strict=True)),
            "potency": own["potency"].mean(),
            "activity": own["activity"].mean(),
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "group"
    return table.sort_values("pseudotime")


def _agreement(measures: pd.DataFrame, patient: "pd.Series[str]", min_cells: int) -> pd.DataFrame:
    rows = {}
    own = {name: table for name, table in measures.dropna().groupby(patient) if len(table) >= min_cells}
    for one, two in combinations(measures.columns, 2):
        found = np.array([table[one].corr(table[two], "spearman") for table in own.values()])
        found = found[np.isfinite(found)]
        interval = t_interval(found) if len(found) >= 3 else (found.mean() if len(found) else np.nan, *UNKNOWN[1:])
        rows[f"{one} and {two}"] = (*interval, len(found))
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["spearman", "lower", "upper", "patients"])
    table.index.name = "measures"
    return table
