"""How far the cell cycle shapes the space and the groups."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fxyd3.cells._halves import patients
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

# Tirosh 2016: order and symbols of regev_lab_cell_cycle_genes.txt, passed on with the examples of scanpy.
S_GENES = tuple(
    """
    MCM5 PCNA TYMS FEN1 MCM2 MCM4 RRM1 UNG GINS2 MCM6 CDCA7 DTL PRIM1 UHRF1 MLF1IP HELLS RFC2 RPA2 NASP RAD51AP1
    GMNN WDR76 SLBP CCNE2 UBR7 POLD3 MSH2 ATAD2 RAD51 RRM2 CDC45 CDC6 EXO1 TIPIN DSCC1 BLM CASP8AP2 USP1 CLSPN
    POLA1 CHAF1B BRIP1 E2F8
    """.split()  # noqa: SIM905
)
G2M_GENES = tuple(
    """
    HMGB2 CDK1 NUSAP1 UBE2C BIRC5 TPX2 TOP2A NDC80 CKS2 NUF2 CKS1B MKI67 TMPO CENPF TACC3 FAM64A SMC4 CCNB2
    CKAP2L CKAP2 AURKB BUB1 KIF11 ANP32E TUBB4B GTSE1 KIF20B HJURP CDCA3 HN1 CDC20 TTK CDC25C KIF2C RANGAP1
    NCAPD2 DLGAP5 CDCA2 CDCA8 ECT2 KIF23 HMMR AURKA PSRC1 ANLN LBR CKAP5 CENPE CTCF NEK2 G2E3 GAS2L3 CBX5 CENPA
    """.split()  # noqa: SIM905
)
RENAMED = {"MLF1IP": "CENPU", "FAM64A": "PIMREG", "HN1": "JPT1"}
PHASES = ("G1", "S", "G2M")
FEWEST_GENES, FEWEST_CELLS = 5, 10


@dataclass(frozen=True)
class CellCycle:
    """What ``cell_cycle`` used: the genes of S and of G2/M found, and those missing, by the symbols of the data."""

    s: tuple[str, ...]
    g2m: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class CycleEffect:
    """What the cycle explains of the components, and the phases of each group; see ``cycle_effect``."""

    components: pd.DataFrame
    groups: pd.DataFrame


def cell_cycle(adata: "AnnData", *, key: str = "phase") -> CellCycle:
    """Score every cell for S and G2/M, and name its phase from the two.

    Writes ``obs["S_score"]`` and ``obs["G2M_score"]`` (float64, natural-log units: mean of the genes less that of
    control genes of like expression), and ``obs[key]``: G2M or S, whichever scores higher, and G1 where both are
    below zero.

    Parameters
    ----------
    adata
        Log values in ``X``, gene symbols as names.
    key
        Column to write.

    Returns
    -------
    CellCycle
        The genes found. Three of the published symbols have since been renamed; either name is taken.

    Raises
    ------
    InputError
        If fewer than five genes of either set are among the data.

    Notes
    -----
    The phases are a cut through a cycle, made at zero against control genes: their shares compare groups, and do not
    count cells in division. G1 holds resting cells too. The scores are shown, not taken out. Regressing them out would
    remove the division that sets tolerant or ancestral cells apart, if any, along with every gene that goes with it;
    a group that stands out because it rests would melt into the others.

    When not to use: to call single cells quiescent; with samples of which one holds cycling cells only, since the
    scores are relative to control genes, not to other cells.

    References
    ----------
    Tirosh 2016, doi:10.1126/science.aad0501.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> found = cells.cell_cycle(adata)
    >>> sorted(adata.obs["phase"].unique())
    ['G1', 'G2M', 'S']
    """
    import scanpy as sc
    from anndata import AnnData

    s, g2m = (_current(genes, adata.var_names) for genes in (S_GENES, G2M_GENES))
    found = [[gene for gene in genes if gene in adata.var_names] for genes in (s, g2m)]
    for name, here in zip(("S", "G2/M"), found, strict=True):
        if len(here) < FEWEST_GENES:
            raise InputError(
                f"{len(here)} {name} genes are among the {adata.n_vars} genes of the data, at least {FEWEST_GENES} are "
                "needed: give gene symbols (option --genes), or keep more genes."
            )
    scored = AnnData(adata.X, obs=pd.DataFrame(index=adata.obs_names), var=pd.DataFrame(index=adata.var_names))
    sc.tl.score_genes_cell_cycle(scored, s_genes=found[0], g2m_genes=found[1], use_raw=False)
    for score in ("S_score", "G2M_score"):
        adata.obs[score] = scored.obs[score].astype(np.float64)
    adata.obs[key] = pd.Categorical(scored.obs["phase"], categories=PHASES)
    missing = tuple(gene for gene in (*s, *g2m) if gene not in adata.var_names)
    return CellCycle(tuple(found[0]), tuple(found[1]), missing)


def _current(genes: Iterable[str], names: "pd.Index[str]") -> list[str]:
    """Take the newer symbol of a renamed gene where the data do not know the older."""
    return [gene if gene in names else RENAMED.get(gene, gene) for gene in genes]


def cycle_effect(adata: "AnnData", *, key: str = "cluster", phase: str = "phase", n_comps: int = 10) -> CycleEffect:
    """Measure how much of the first components the cycle explains, and how the phases spread over groups.

    Parameters
    ----------
    adata
        With ``obsm["X_pca"]``, ``uns["pca"]``, ``obs["S_score"]``, ``obs["G2M_score"]``, ``obs[phase]``
        and the groups ``obs[key]``; with ``obs["patient"]`` where known, else all cells count as one patient.
    key, phase
        Columns of ``obs``: groups and phases.
    n_comps
        Components to look at.

    Returns
    -------
    CycleEffect
        ``components``, indexed ``PC1`` and so on: ``r2``, the share of the component's variance that the two scores
        explain together (0 to 1, about ``2 / n`` by chance); ``variance``, the component's share of the variable
        genes' variance; ``n``, cells. ``groups``, one row per ``group`` and ``phase``: ``share``, the mean over
        patients of the phase's share among the group's cells; ``lowest`` and ``highest``, of any patient;
        ``patients``, those with at least ten cells in the group; ``cells``, of the group in those patients. Shares
        are not numbers where no patient has ten cells.

    Raises
    ------
    InputError
        If a column or the components are missing, or there are not so many of them.

    Notes
    -----
    Patients are the units of the shares; the cells only say how well each patient's share is known. The share of the
    components is of these cells, and carries no interval.

    When not to use: to decide that groups *are* phases. A component that goes with the scores may go with what makes
    cells divide.

    Examples
    --------
    >>> from fxyd3 import cells
    >>> from fxyd3.data.simulate import twin
    >>> adata, _ = cells.qc(twin(600))
    >>> adata = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> _ = cells.normalise(adata)
    >>> _ = cells.embed(adata, n_comps=15, batch=(), umap=False)
    >>> _ = cells.cluster(adata, resolution=0.5)
    >>> _ = cells.cell_cycle(adata)
    >>> found = cells.cycle_effect(adata)
    >>> list(found.groups.columns)[:3]
    ['group', 'phase', 'share']
    """
    absent = [name for name in (key, phase, "S_score", "G2M_score") if name not in adata.obs]
    if absent:
        raise InputError(f"there is no column {absent[0]!r} in obs: run cell_cycle and cluster first.")
    if "X_pca" not in adata.obsm:
        raise InputError('there are no components (obsm["X_pca"]): run embed first.')
    points = np.asarray(adata.obsm["X_pca"], dtype=np.float64)
    if not 1 <= n_comps <= points.shape[1]:
        raise InputError(f"n_comps is {n_comps}, but there are {points.shape[1]} components: choose from 1 to that.")
    points = points[:, :n_comps] - points[:, :n_comps].mean(axis=0)
    scores = adata.obs[["S_score", "G2M_score"]].to_numpy(dtype=np.float64)
    scores = scores - scores.mean(axis=0)
    fitted = scores @ np.linalg.lstsq(scores, points, rcond=None)[0]
    explained = pd.DataFrame(
        {
            "r2": (fitted**2).sum(axis=0) / (points**2).sum(axis=0),
            "variance": np.asarray(adata.uns["pca"]["variance_ratio"][:n_comps], dtype=np.float64),
            "n": adata.n_obs,
        },
        index=[f"PC{i + 1}" for i in range(n_comps)],
    )
    return CycleEffect(explained, _phases(adata.obs[key].astype("category"), patients(adata), adata.obs[phase]))


def _phases(group: "pd.Series[str]", patient: "pd.Series[str]", phase: "pd.Series[str]") -> pd.DataFrame:
    counts = pd.crosstab([group, patient], phase, dropna=False)
    counts = counts[counts.sum(axis=1) >= FEWEST_CELLS]
    share = counts.div(counts.sum(axis=1), axis=0)
    rows = []
    for each in group.cat.categories:
        at = share.index.get_level_values(0) == each
        for name in share.columns:
            own = share.loc[at, name]
            rows.append((each, name, own.mean(), own.min(), own.max(), len(own), int(counts[at].to_numpy().sum())))
    return pd.DataFrame(rows, columns=["group", "phase", "share", "lowest", "highest", "patients", "cells"])
