"""What published persister signatures say of cells and samples, and what of that is the cell cycle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from fxyd3.claims import t_interval
from fxyd3.claims._holm import holm
from fxyd3.data.activity import BLOCK, coverage, in_blocks
from fxyd3.data.lineages import raw_counts
from fxyd3.data.reading import reading
from fxyd3.data.report import few, nearest
from fxyd3.data.signatures import gene_set, gene_sets
from fxyd3.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData

Method = Literal["ulm", "aucell"]
Array = NDArray[np.float64]

FEWEST_PATIENTS = 3
MOST_CELLS = 50_000
CYCLE = ("S_score", "G2M_score")
PUBLISHED = (
    "rehman-2021_dtp", "hangauer-2017_dtp", "chang-2022_dtp_mesenchymal_all", "moghal-2023_dtp_common",
    "zhao-2020_dtp_both", "hong-2019_predtp",
)  # fmt: skip
"""One signature of each published family: the one its authors call common, or that of mesenchymal cells."""

DIAPAUSE, MODULES = "10.1016/j.cell.2020.11.018", "10.1038/s41588-022-01047-6"
SETS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "diapause": ("diapause", "Rehman 2021", DIAPAUSE),
        "keratin": ("CHEMOPERSISTANCE_KRT_SIGNATURE", "Marsolier 2022", MODULES),
        "EMT": ("CHEMOPERSISTANCE_HALLMARK_EMT", "Marsolier 2022", MODULES),
        "TGF-beta": ("CHEMOPERSISTANCE_TGF_PATHWAY", "Marsolier 2022", MODULES),
        "TNF": ("CHEMOPERSISTANCE_HALLMARK_TNFA", "Marsolier 2022", MODULES),
        "interferon": ("CHEMOPERSISTANCE_HALLMARK_IFN", "Marsolier 2022", MODULES),
        "apoptosis": ("CHEMOPERSISTANCE_HALLMARK_APOPTOSIS", "Marsolier 2022", MODULES),
        "NRG1": ("CHEMOPERSISTANCE_NRG1_SIGNALLING", "Marsolier 2022", MODULES),
        "MYB targets": ("CHEMOPERSISTANCE_MYB_TARGETS", "Marsolier 2022", MODULES),
        "luminal, down": ("CHEMOPERSISTANCE_SMID_LUMINAL_DN", "Marsolier 2022", MODULES),
    }
)
"""The persister sets that travel with the book: short name, then set of ``fxyd3.data.gene_sets``, family, DOI."""


def read_signatures(path: str | Path, *, keep: Sequence[str] | None = None) -> pd.DataFrame:
    """Read published signatures, and join the genes that rise and the genes that fall of one set into a signed one.

    Parameters
    ----------
    path
        Table (CSV) with the columns ``signature``, ``gene``, ``weight`` and, if known, ``source``.
    keep
        Names of joined signatures (such as ``PUBLISHED``) or of families, in the order wanted; all if not given.

    Returns
    -------
    One row per signature and gene: ``signature`` (without its -up or -down), ``family`` (what stands before the first
    underscore), ``gene``, ``weight`` (float64), ``source`` (empty where the table has none).

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, a weight is not a number or is zero, a gene stands twice in a
        set or both in its -up and in its -down, the weights of such a half differ in sign, or a name is not known.

    Notes
    -----
    In the public table the genes of a -down set carry the weight +1, as those of an -up set do: here they turn
    negative, whatever their sign was. Sets without -up or -down keep their weights.

    When not to use
    ---------------
    To rank signatures: one of 2,000 genes and one of 20 differ in every measure by their size alone.

    Examples
    --------
    A made-up set of genes that rise, and one of genes that fall:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from fxyd3.tolerance import read_signatures
    >>> sets = ["lab-2020_dtp-up", "lab-2020_dtp-down"]
    >>> made_up = pd.DataFrame({"signature": sets, "gene": ["A", "B"], "weight": 1.0})
    >>> with TemporaryDirectory() as folder:
    ...     made_up.to_csv(Path(folder) / "signatures.csv", index=False)
    ...     table = read_signatures(Path(folder) / "signatures.csv")
    >>> table[["signature", "family", "gene", "weight"]]
          signature    family gene  weight
    0  lab-2020_dtp  lab-2020    A     1.0
    1  lab-2020_dtp  lab-2020    B    -1.0
    """
    path = Path(path)
    with reading(path, "table of signatures"):
        table = pd.read_csv(path)
    halves = _checked(table, f"{path.name}")
    direction = halves["signature"].str.extract(r"-(up|down)(?=_|$)")[0]
    sign = np.sign(halves["weight"])
    wrong = (direction == "up") & (sign < 0) | (direction == "down") & (
        sign != sign.groupby(halves["signature"]).transform("first")
    )
    if wrong.any():
        raise InputError(
            f"{path.name} has a weight of the wrong sign in {halves['signature'][wrong].iloc[0]!r}: give the "
            "genes that fall a set of their own."
        )
    joined = halves.assign(
        signature=halves["signature"].str.replace(r"-(up|down)(?=_|$)", "", regex=True),
        weight=halves["weight"].where(direction != "down", -halves["weight"].abs()),
        family=halves["signature"].str.split("_").str[0],
    )
    twice = joined[joined.duplicated(["signature", "gene"])]
    if len(twice):
        raise InputError(
            f"{path.name} has {twice['gene'].iloc[0]} both rising and falling in {twice['signature'].iloc[0]!r}: "
            "leave it out of one."
        )
    joined = joined[["signature", "family", "gene", "weight", "source"]]
    if keep is None:
        return joined.reset_index(drop=True)
    parts = []
    for name in keep:
        own = joined[(joined["signature"] == name) | (joined["family"] == name)]
        if own.empty:
            known = dict.fromkeys([*joined["signature"], *joined["family"]])
            raise InputError(
                f"{path.name} has no signature {name!r}{nearest(name, known)}: there are "
                f"{few(joined['signature'].unique())}."
            )
        parts.append(own)
    return pd.concat(parts, ignore_index=True)


def persister_sets() -> pd.DataFrame:
    """Return the persister sets that travel with the book, in the form of ``read_signatures``.

    The diapause programme of Rehman 2021 is signed; the modules of Marsolier 2022 hold genes that rise.

    Returns
    -------
    DataFrame
        One row per signature and gene: signature, family, gene, weight, source (a DOI).

    Notes
    -----
    All are transcriptions: the diapause list by a third party, the modules from the authors' code (short lists, not
    their full tables). The names of three of them begin with those of Hallmark sets, of which they are a part.

    References
    ----------
    Rehman 2021, doi:10.1016/j.cell.2020.11.018. Marsolier 2022, doi:10.1038/s41588-022-01047-6.

    When not to use
    ---------------
    As independent witnesses: nine of the ten come from one study of one cell line, and they share genes.

    Examples
    --------
    Sets by the study that they come from:

    >>> from fxyd3.tolerance import persister_sets
    >>> sets = persister_sets()
    >>> sets.groupby("family")["signature"].nunique().to_dict()
    {'Marsolier 2022': 9, 'Rehman 2021': 1}
    """
    net = gene_sets(*(name for name, _, _ in SETS.values()))
    back = {name: (short, family, doi) for short, (name, family, doi) in SETS.items()}
    about = pd.DataFrame([back[name] for name in net["source"]], columns=["signature", "family", "source"])
    return about.assign(gene=net["target"], weight=net["weight"])[["signature", "family", "gene", "weight", "source"]]


def _checked(signatures: pd.DataFrame, where: str = "the signatures") -> pd.DataFrame:
    lacking = [column for column in ("signature", "gene", "weight") if column not in signatures]
    if lacking:
        raise InputError(
            f"{where} has no column {lacking[0]!r}{nearest(lacking[0], map(str, signatures))}: name it so."
        )
    table = signatures.assign(weight=pd.to_numeric(signatures["weight"], errors="coerce"))
    bad = table[~np.isfinite(table["weight"]) | (table["weight"] == 0)]
    if len(bad):
        raise InputError(
            f"{where} has no usable weight for {bad['gene'].iloc[0]} in {bad['signature'].iloc[0]!r}: give a number "
            "above or below 0."
        )
    twice = table[table.duplicated(["signature", "gene"])]
    if len(twice):
        raise InputError(
            f"{where} has {twice['gene'].iloc[0]} twice in {twice['signature'].iloc[0]!r}: keep one of them."
        )
    names = table["signature"].astype(str)
    family, source = table.get("family", names), table.get("source", pd.Series("", index=table.index))
    return table.assign(signature=names, gene=table["gene"].astype(str), family=family, source=source.fillna(""))


@dataclass(frozen=True, eq=False)
class SignatureActivity:
    """Activity of signatures in cells and in samples; see ``signature_activity``.

    Attributes
    ----------
    cells
        By method: one row per cell drawn, one column per signature.
    samples
        By method: one row per sample, indexed by the columns of ``by``; no rows without ``by``.
    cell_of
        The columns of ``by`` (text) for each cell drawn.
    sizes
        Cells summed in each combination of ``by``, also those with too few cells for ``samples``.
    coverage
        One row per signature: genes, present, missing (symbols).
    signatures
        The signatures kept, long: signature, family, gene, weight, source; genes that the data have.
    left_out
        Signatures with too few genes in the data.
    n_cells
        Cells in the data, of which ``cells`` holds those drawn.

    Examples
    --------
    From simulated cells:

    >>> import scanpy as sc
    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import persister_sets, signature_activity
    >>> adata = twin("tiny")
    >>> adata.layers["counts"] = adata.X.copy()
    >>> sc.pp.normalize_total(adata)
    >>> sc.pp.log1p(adata)
    >>> found = signature_activity(adata, persister_sets(), methods=["ulm"], by=["patient", "condition"])
    >>> found.cells["ulm"].shape, found.samples["ulm"].shape, found.left_out
    ((400, 10), (12, 10), ())
    """

    cells: dict[str, pd.DataFrame]
    samples: dict[str, pd.DataFrame]
    cell_of: pd.DataFrame
    sizes: "pd.Series[int]"
    coverage: pd.DataFrame
    signatures: pd.DataFrame
    left_out: tuple[str, ...]
    n_cells: int

    def summary(self) -> pd.DataFrame:
        """Return what each signature has to go by: family, genes, present, rising, falling, source."""
        kept = self.signatures.groupby("signature", sort=False)
        told = kept.agg(family=("family", "first"), source=("source", "first"))
        rising = kept["weight"].agg(lambda weight: int((weight > 0).sum()))
        told = told.join(self.coverage[["genes", "present"]]).assign(rising=rising)
        told["falling"] = told["present"] - told["rising"]
        return told[["family", "genes", "present", "rising", "falling", "source"]]


def signature_activity(
    adata: "AnnData",
    signatures: pd.DataFrame,
    *,
    methods: Sequence[Method] = ("ulm", "aucell"),
    by: Sequence[str] | None = None,
    min_genes: int = 5,
    min_cells: int = 10,
    most_cells: int = MOST_CELLS,
    seed: int = 1,
    block: int = BLOCK,
) -> SignatureActivity:
    """Measure how active signed signatures are in each cell, and in the summed counts of each sample.

    ``ulm`` fits, in each cell, the values of all genes on their weights, and gives the t of the slope: genes that
    should fall count against. ``aucell`` gives the area under the recovery curve of the genes that rise among the top
    5 % of the cell's genes, less that of the genes that fall. Writes nothing.

    Parameters
    ----------
    adata
        Log values in ``X``; with ``by``, raw counts in ``layers["counts"]``.
    signatures
        ``signature``, ``gene``, ``weight``; see ``read_signatures`` and ``persister_sets``.
    methods
        ``ulm``, ``aucell``, or both.
    by
        Columns of ``obs`` that name the samples, the first of them the unit, such as ``["patient", "condition"]``. The
        counts of the cells of a sample are summed, thinned at random to the smallest total of the samples of its unit,
        and measured as log2 counts per million, ``log2((count + 0.5) / (total + 1) * 1e6)``.
    min_genes
        Genes of a signature that the data must have; signatures with fewer are left out, by name.
    min_cells
        Cells that a sample must have.
    most_cells
        Of more cells than this, so many are drawn, from every sample alike as far as it has them; the sums of the
        samples use all cells.
    seed
        Of both draws.
    block
        Cells made dense at a time.

    Returns
    -------
    SignatureActivity

    Raises
    ------
    InputError
        If no signature is left, a method or column is not known, a cell lacks its sample, the counts are not raw, a
        value is not finite, a cell has no counts, or the signatures are malformed.

    Notes
    -----
    The t of ``ulm`` is no test, since genes of a cell are not independent. Both measures depend on depth, those of long
    lists most. Hence the thinning: on null twins with a tenth of the cells after treatment, as in a residue, more than
    half of the 95 % intervals of ``signature_change`` missed zero without it, and about one in twenty did with it.
    Cells are not thinned: compare them within a sample, or between samples of like depth. AUCell costs some 0.3 ms
    per cell, which is why cells are drawn.

    References
    ----------
    Badia-i-Mompel 2022, doi:10.1093/bioadv/vbac016 (decoupler). Aibar 2017, doi:10.1038/nmeth.4463 (AUCell). Law 2014,
    doi:10.1186/gb-2014-15-2-r29 (the log counts per million).

    When not to use
    ---------------
    To call a cell a persister: a signature tells what other cells expressed after a drug, and survival is not
    expression. To compare one signature with another by its value.

    Examples
    --------
    Made-up log values of two cells; the five genes of the signature are raised in the second:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from anndata import AnnData
    >>> from fxyd3.tolerance import signature_activity
    >>> genes = [f"gene{i}" for i in range(20)]
    >>> level = np.array([0.5, 1.0, 0.0, 1.5] * 5)
    >>> adata = AnnData(np.vstack([level, level + 2.0 * (np.arange(20) < 5)]), var=pd.DataFrame(index=genes))
    >>> signature = pd.DataFrame({"signature": "rising", "gene": genes[:5], "weight": 1.0})
    >>> signature_activity(adata, signature, methods=["ulm"]).cells["ulm"].round(1)
       rising
    0    -0.2
    1     6.4
    """
    unknown = [method for method in methods if method not in get_args(Method)]
    if unknown or not methods:
        raise InputError(f"there is no method {few(unknown) or '(none given)'!r}: choose ulm, aucell, or both.")
    checked = _checked(signatures)
    covered = coverage(adata, _net(checked))
    enough = covered["present"] >= min_genes
    if not enough.any():
        raise InputError(
            f"no signature has {min_genes} genes among the {adata.n_vars} of the data (most: "
            f"{int(covered['present'].max())} of {covered['present'].idxmax()!r}): give gene symbols (option --genes)."
        )
    kept = checked[checked["signature"].isin(covered.index[enough]) & checked["gene"].isin(adata.var_names)]
    of = _samples(adata.obs, list(by or ()))
    drawn = _draw(of, most_cells, seed)
    own = adata if len(drawn) == adata.n_obs else adata[drawn]
    sizes = of.groupby(list(by), sort=True).size() if by else pd.Series(dtype=int)
    names = sizes.index[sizes >= min_cells]
    samples = {
        str(each): pd.DataFrame(index=names, columns=kept["signature"].unique(), dtype=float) for each in methods
    }
    if len(names):
        pooled = _summed(adata, of, sizes >= min_cells, seed)
        samples = {str(each): _measure(pooled, kept, each, block).set_axis(names, axis=0) for each in methods}
    return SignatureActivity(
        cells={method: _measure(own, kept, method, block) for method in methods},
        samples=samples,
        cell_of=of.iloc[drawn],
        sizes=sizes,
        coverage=covered,
        signatures=kept[["signature", "family", "gene", "weight", "source"]].reset_index(drop=True),
        left_out=tuple(map(str, covered.index[~enough])),
        n_cells=adata.n_obs,
    )


def _net(signatures: pd.DataFrame) -> pd.DataFrame:
    named = signatures[["signature", "gene", "weight"]].reset_index(drop=True)
    return named.set_axis(["source", "target", "weight"], axis=1)


def _measure(adata: "AnnData", signatures: pd.DataFrame, method: str, block: int) -> pd.DataFrame:
    net, names = _net(signatures), list(signatures["signature"].unique())
    if method == "ulm":
        return in_blocks(adata, net, method="ulm", block=block)
    side = np.where(net["weight"] > 0, "rising ", "falling ")
    areas = in_blocks(adata, net.assign(source=side + net["source"]), method="aucell", block=block)
    both = [areas.reindex(columns=[f"{way} {name}" for name in names]).fillna(0) for way in ("rising", "falling")]
    return pd.DataFrame(both[0].to_numpy() - both[1].to_numpy(), index=areas.index, columns=names)


def _samples(obs: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    for column in by:
        if column not in obs:
            raise InputError(
                f"there is no column {column!r} in obs{nearest(column, map(str, obs))}: name one that there is."
            )
        if obs[column].isna().any():
            raise InputError(f"{int(obs[column].isna().sum())} cells have no {column!r}: leave them out first.")
    return obs[by].astype(str)


def _draw(of: pd.DataFrame, most: int, seed: int) -> NDArray[np.intp]:
    """Draw cells, of every sample the same number as far as it has them; in the order of the data."""
    if most < 1:
        raise InputError(f"most_cells is {most}: give 1 cell or more; {MOST_CELLS:,} is usual.")
    if len(of) <= most:
        return np.arange(len(of))
    sample = of.groupby(list(of)).ngroup().to_numpy() if len(of.columns) else np.zeros(len(of), dtype=int)
    order = np.random.default_rng(seed).permutation(len(of))
    turn = pd.Series(sample[order]).groupby(sample[order]).cumcount().to_numpy()  # the n-th of its sample
    return np.sort(order[np.argsort(turn, kind="stable")[:most]])


def _summed(adata: "AnnData", of: pd.DataFrame, enough: "pd.Series[bool]", seed: int) -> "AnnData":
    """Sum the counts of each sample with enough cells, thin those of a unit alike, and take log counts per million."""
    from anndata import AnnData
    from scipy.sparse import csr_matrix

    code = of.groupby(list(of), sort=True).ngroup().to_numpy()
    member = csr_matrix((np.ones(len(of)), (code, np.arange(len(of)))), shape=(len(enough), len(of)))
    counts = np.rint((member @ raw_counts(adata)).toarray()[enough.to_numpy()]).astype(np.int64)
    total, rng = pd.Series(counts.sum(axis=1)), np.random.default_rng(seed)
    least = total.groupby(enough.index[enough].get_level_values(0).to_numpy()).transform("min")
    for row in np.flatnonzero(total > least):
        counts[row] = rng.multivariate_hypergeometric(counts[row], int(least[row]), method="marginals")
    per_million = np.log2((counts + 0.5) / (counts.sum(axis=1, keepdims=True) + 1) * 1e6)
    obs = pd.DataFrame(index=[str(i) for i in range(len(counts))])
    return AnnData(per_million, obs=obs, var=pd.DataFrame(index=adata.var_names))


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far signatures agree, see ``signature_agreement``.

    Attributes
    ----------
    table
        One row per pair: one, other, spearman, lower, upper (mean over patients), patients, shared (genes), jaccard
        (shared, of all genes of both), same_sign (of the shared ones).
    per_patient
        One row per patient and pair: patient, one, other, spearman, cells.
    genes
        Genes of each signature in the data.
    patients
        With enough cells.
    missing
        What a statement on patients lacks; empty: nothing.

    Examples
    --------
    From simulated cells:

    >>> import scanpy as sc
    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import persister_sets, signature_activity, signature_agreement
    >>> adata = twin("tiny")
    >>> adata.layers["counts"] = adata.X.copy()
    >>> sc.pp.normalize_total(adata)
    >>> sc.pp.log1p(adata)
    >>> found = signature_agreement(signature_activity(adata, persister_sets(), methods=["ulm"], by=["patient"]))
    >>> found.patients, found.missing, len(found.table)
    (6, '', 45)
    """

    table: pd.DataFrame
    per_patient: pd.DataFrame
    genes: "pd.Series[int]"
    patients: int
    missing: str

    def summary(self) -> pd.DataFrame:
        """Return the mean correlations as a square table."""
        names = list(self.genes.index)
        turned = self.table.rename(columns={"one": "other", "other": "one"})
        square = pd.concat([self.table, turned]).pivot_table("spearman", index="one", columns="other")
        return square.reindex(index=names, columns=names).mask(np.eye(len(names), dtype=bool), 1.0)


def signature_agreement(
    found: SignatureActivity, *, method: Method = "ulm", patient: str | None = "patient", min_cells: int = 20
) -> Agreement:
    """Correlate signatures over the cells of each patient, and count the genes they share.

    Spearman's correlation is taken in each patient, and averaged over patients on Fisher's scale, with Student's
    interval there (95 %): patients are the units, and all weigh the same.

    Parameters
    ----------
    found
        See ``signature_activity``.
    method
        One of those measured.
    patient
        One of the columns of ``by``; None where all cells are of one patient.
    min_cells
        Cells that a patient must have.

    Returns
    -------
    Agreement
        With fewer than three patients there is no interval, and ``missing`` says so.

    Raises
    ------
    InputError
        If the method was not measured, there is no such column, there is only one signature, or no patient has enough
        cells.

    Notes
    -----
    Signatures that share genes with the same sign correlate for that reason alone, and so do cells of different depth:
    see the shared genes beside each number.

    When not to use
    ---------------
    As proof that a signature is right: signatures may agree because all of them read the cell cycle; see
    ``cycle_confounding``.

    Examples
    --------
    Simulated cells, and two sets that share half of their genes:

    >>> import scanpy as sc
    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import persister_sets, signature_activity, signature_agreement
    >>> adata = twin("tiny")
    >>> adata.layers["counts"] = adata.X.copy()
    >>> sc.pp.normalize_total(adata)
    >>> sc.pp.log1p(adata)
    >>> sets = persister_sets().query("signature in ['TNF', 'NRG1']")
    >>> found = signature_activity(adata, sets, methods=["ulm"], by=["patient"])
    >>> signature_agreement(found).table[["one", "other", "spearman", "patients", "shared", "jaccard"]].round(1)
       one other  spearman  patients  shared  jaccard
    0  TNF  NRG1       0.9         6      25      0.5
    """
    activity, of = _activity(found, method), _patients(found, patient)
    if activity.shape[1] < 2:
        raise InputError(f"agreement needs two signatures: there is {activity.columns[0]!r} only.")
    per_patient = _correlate(activity, None, of, min_cells)
    patients = per_patient["patient"].nunique()
    table = _over_patients(per_patient, ["one", "other"]).merge(_shared(found.signatures), on=["one", "other"])
    genes = found.signatures.groupby("signature", sort=False).size().rename("genes")
    return Agreement(table, per_patient, genes, patients, _missing(patients))


def _activity(found: SignatureActivity, method: str) -> pd.DataFrame:
    if method not in found.cells:
        raise InputError(f"the activity was not measured by {method!r}: choose one of {', '.join(found.cells)}.")
    return found.cells[method]


def _patients(found: SignatureActivity, patient: str | None) -> "pd.Series[str]":
    if patient is None:
        return pd.Series("all cells", index=found.cell_of.index)
    return _column(found, patient)


def _column(found: SignatureActivity, name: str) -> "pd.Series[str]":
    if name not in found.cell_of:
        raise InputError(
            f"the activity does not know the column {name!r}{nearest(name, map(str, found.cell_of))}: name it in "
            "`by` of signature_activity."
        )
    named: pd.Series[str] = found.cell_of[name]
    return named


def _correlate(one: pd.DataFrame, other: pd.DataFrame | None, of: "pd.Series[str]", min_cells: int) -> pd.DataFrame:
    """Correlate columns with each other, or with those of another table, in each patient; constant ones give NaN."""
    names = list(map(str, one))
    pairs = list(combinations(names, 2)) if other is None else list(product(names, map(str, other)))
    rows = []
    for who, cells in of.groupby(of, sort=True).groups.items():
        if len(cells) < min_cells:
            continue
        left = _ranked(one.loc[cells])
        right = left if other is None else _ranked(other.loc[cells])
        rows += [(who, a, b, float(np.dot(left[a], right[b])), len(cells)) for a, b in pairs]
    if not rows:
        raise InputError(f"no patient has {min_cells} cells: there are {few(of.value_counts())}; lower min_cells.")
    return pd.DataFrame(rows, columns=["patient", "one", "other", "spearman", "cells"])


def _ranked(values: pd.DataFrame) -> dict[str, Array]:
    """Return the ranks of each column, centred and of length 1; NaN where all values are the same."""
    ranks = stats.rankdata(values.to_numpy(), axis=0)
    ranks -= ranks.mean(axis=0)
    length = np.linalg.norm(ranks, axis=0)
    return dict(zip(map(str, values), (ranks / np.where(length > 0, length, np.nan)).T, strict=True))


def _over_patients(per_patient: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Average correlations over patients on Fisher's scale."""
    rows = []
    for pair, own in per_patient.groupby(keys, sort=False):
        on_scale = np.arctanh(own["spearman"].dropna().clip(-1 + 1e-9, 1 - 1e-9))
        rows.append((*pair, *np.tanh(_student(on_scale)), len(on_scale)))
    return pd.DataFrame(rows, columns=[*keys, "spearman", "lower", "upper", "patients"])


def _student(values: "pd.Series[float]") -> tuple[float, float, float]:
    if len(values) < FEWEST_PATIENTS:
        return float(values.mean()), np.nan, np.nan
    estimate, lower, upper = t_interval(values)
    return estimate, lower, upper


def _missing(patients: int, what: str = "patients") -> str:
    if patients >= FEWEST_PATIENTS:
        return ""
    return f"three {what}: there {'is' if patients == 1 else 'are'} {patients}"


def _shared(signatures: pd.DataFrame) -> pd.DataFrame:
    weights = {str(name): own.set_index("gene")["weight"] for name, own in signatures.groupby("signature", sort=False)}
    rows = []
    for one, other in combinations(weights, 2):
        both = pd.concat([weights[one], weights[other]], axis=1, join="inner").to_numpy()
        everything = len(weights[one]) + len(weights[other]) - len(both)
        rows.append((one, other, len(both), len(both) / everything, int((both[:, 0] * both[:, 1] > 0).sum())))
    return pd.DataFrame(rows, columns=["one", "other", "shared", "jaccard", "same_sign"])


@dataclass(frozen=True, eq=False)
class CycleConfounding:
    """What of the signatures is the cell cycle, see ``cycle_confounding``.

    Attributes
    ----------
    table
        One row per signature and cycle score: signature, score, genes, cycle_genes, spearman, lower, upper, without,
        without_lower, without_upper (the same with the cycle genes taken out of the signature), patients.
    agreement
        One row per pair of signatures: one, other, spearman, lower, upper, regressed, regressed_lower, regressed_upper
        (with the cycle regressed out of both), patients.
    patients, missing
        As in ``Agreement``.

    Examples
    --------
    From simulated cells, whose true state stands for a cycle score:

    >>> import scanpy as sc
    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import cycle_confounding, persister_sets, signature_activity
    >>> adata = twin("tiny")
    >>> adata.layers["counts"] = adata.X.copy()
    >>> sc.pp.normalize_total(adata)
    >>> sc.pp.log1p(adata)
    >>> adata.obs["cycling"] = (adata.obs["truth_state"] == "cycling").astype(float)
    >>> found = signature_activity(adata, persister_sets(), methods=["ulm"], by=["patient"])
    >>> told = cycle_confounding(adata, found=found, cycle=["cycling"])
    >>> told.patients, told.missing, len(told.table), len(told.agreement)
    (6, '', 10, 45)
    """

    table: pd.DataFrame
    agreement: pd.DataFrame
    patients: int
    missing: str

    def both_ways(self) -> pd.DataFrame:
        """Return name, plain and regressed (with lower and upper limits) of each pair, for a figure."""
        own = self.agreement
        names = own["one"] + " and " + own["other"]
        return _both_ways(names, own.rename(columns={column: f"plain{end}" for end, column in _ENDS.items()}))

    def summary(self) -> pd.DataFrame:
        """Return one row per signature: genes, cycle genes, and the correlation with each score, with and without."""
        wide = self.table.rename(columns={"without": "genes_removed"})
        wide = wide.pivot_table(["spearman", "genes_removed"], index="signature", columns="score", sort=False)
        wide.columns = wide.columns.map(" ".join)
        genes = self.table.drop_duplicates("signature").set_index("signature")[["genes", "cycle_genes"]]
        return genes.join(wide)


def cycle_confounding(
    adata: "AnnData",
    *,
    found: SignatureActivity,
    method: Method = "ulm",
    patient: str | None = "patient",
    cycle: Sequence[str] = CYCLE,
    cycle_genes: Sequence[str] | None = None,
    min_genes: int = 5,
    min_cells: int = 20,
    block: int = BLOCK,
) -> CycleConfounding:
    """Show what of the signatures, and of their agreement, is the cell cycle: as it is, and with the cycle taken out.

    Two ways out: the genes of the cycle leave the signatures, which are then measured again; or the cycle scores are
    regressed out of each activity, linearly and in each patient, before signatures are correlated.

    Parameters
    ----------
    adata
        The cells that ``found`` was measured on, with ``obs[cycle]``.
    found, method, patient, min_cells
        As in ``signature_agreement``.
    cycle
        Columns of ``obs`` with the scores, such as those of ``fxyd3.cells.cell_cycle``.
    cycle_genes
        Genes to take out, best those the scores were made of; if not given, the 121 of the set
        ``WU2021_GARNETT_EPITHELIAL_CYCLING``.
    min_genes
        Genes that must be left in a signature; the numbers of others are unknown.
    block
        Cells made dense at a time.

    Returns
    -------
    CycleConfounding

    Raises
    ------
    InputError
        As ``signature_agreement``; if a score is missing or not finite, or the cells are not those of ``found``.

    Notes
    -----
    Scores of single cells are noisy, so that regressing them out leaves some of the cycle in. Taking it out also takes
    out what goes with it in truth: if persisters rest, that is part of the signature. Hence both are shown.

    References
    ----------
    Tirosh 2016, doi:10.1126/science.aad0501 (cycle scores). Wu 2021, doi:10.1038/s41588-021-00911-1 (cycling genes).

    When not to use
    ---------------
    To choose the version that fits a claim.

    Examples
    --------
    Simulated cells, whose true state stands for a cycle score:

    >>> import scanpy as sc
    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import cycle_confounding, persister_sets, signature_activity
    >>> adata = twin("tiny")
    >>> adata.layers["counts"] = adata.X.copy()
    >>> sc.pp.normalize_total(adata)
    >>> sc.pp.log1p(adata)
    >>> adata.obs["cycling"] = (adata.obs["truth_state"] == "cycling").astype(float)
    >>> sets = persister_sets().query("signature in ['diapause', 'EMT']")
    >>> found = signature_activity(adata, sets, methods=["ulm"], by=["patient"])
    >>> told = cycle_confounding(adata, found=found, cycle=["cycling"])
    >>> told.table[["signature", "genes", "cycle_genes", "spearman", "without"]].round(1)
      signature  genes  cycle_genes  spearman  without
    0  diapause    124            5      -0.3     -0.2
    1       EMT      9            0      -0.1     -0.1
    """
    activity, of = _activity(found, method), _patients(found, patient)
    scores = _scores(adata.obs, cycle, activity.index)
    genes = set(gene_set("WU2021_GARNETT_EPITHELIAL_CYCLING") if cycle_genes is None else cycle_genes)
    left = found.signatures[~found.signatures["gene"].isin(genes)]
    left = left[left.groupby("signature")["gene"].transform("size") >= min_genes]
    own = adata if activity.index.equals(adata.obs_names) else adata[activity.index]
    without = _measure(own, left, method, block) if len(left) else pd.DataFrame(index=activity.index)
    without = without.reindex(columns=activity.columns)
    keys = ["one", "other"]
    plain, removed = (_over_patients(_correlate(table, scores, of, min_cells), keys) for table in (activity, without))
    counted = found.signatures["gene"].isin(genes).groupby(found.signatures["signature"], sort=False)
    table = plain.assign(
        genes=plain["one"].map(counted.size()), cycle_genes=plain["one"].map(counted.sum()),
        **{f"without{end}": removed[column] for end, column in _ENDS.items()},
    ).rename(columns={"one": "signature", "other": "score"})  # fmt: skip
    residual = _residual(activity, scores, of)
    before, after = (_over_patients(_correlate(each, None, of, min_cells), keys) for each in (activity, residual))
    agreement = before.assign(**{f"regressed{end}": after[column] for end, column in _ENDS.items()})
    patients = int((of.value_counts() >= min_cells).sum())
    return CycleConfounding(
        table=table[["signature", "score", "genes", "cycle_genes", *_ENDS.values(), *(f"without{e}" for e in _ENDS),
                     "patients"]],
        agreement=agreement[[*keys, *_ENDS.values(), *(f"regressed{e}" for e in _ENDS), "patients"]],
        patients=patients,
        missing=_missing(patients),
    )  # fmt: skip


_ENDS = {"": "spearman", "_lower": "lower", "_upper": "upper"}


def _scores(obs: pd.DataFrame, cycle: Sequence[str], cells: pd.Index) -> pd.DataFrame:
    lacking = next((name for name in cycle if name not in obs), None)
    if lacking is not None:
        raise InputError(
            f"there is no cycle score {lacking!r}{nearest(lacking, map(str, obs))}: score the cell cycle first."
        )
    if not cells.isin(obs.index).all():
        raise InputError("the cells of the activity are not among those with a cycle score: give the same data.")
    scores = obs.loc[cells, list(cycle)].astype(float)
    if not np.isfinite(scores.to_numpy()).all():
        raise InputError(f"a cycle score ({', '.join(cycle)}) is not finite: score the cell cycle again.")
    return scores


def _residual(values: pd.DataFrame, scores: pd.DataFrame, of: "pd.Series[str]") -> pd.DataFrame:
    """Take what the scores explain out of the values, linearly, in each patient."""
    left = values.astype(float).copy()
    for cells in of.groupby(of).groups.values():
        own = scores.loc[cells].to_numpy()
        design = np.column_stack([np.ones(len(cells)), own])
        here = values.loc[cells].to_numpy()
        left.loc[cells] = here - design @ np.linalg.lstsq(design, here, rcond=None)[0]
    return left


@dataclass(frozen=True, eq=False)
class SignatureChange:
    """Change of each signature in the same patients, see ``signature_change``.

    Attributes
    ----------
    table
        One row per measure and signature: measure ("pseudobulk", "cells", "cells, cycle out"), signature, change,
        lower, upper (mean over patients, 95 %), p, p_holm (over the signatures of a measure), patients.
    per_patient
        One row per measure, signature and patient: measure, signature, patient, before, after, change.
    missing
        What a test lacks; empty: nothing.

    Examples
    --------
    From simulated cells:

    >>> import scanpy as sc
    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import persister_sets, signature_activity, signature_change
    >>> adata = twin(600, sorted_cells=0)
    >>> tumour = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> tumour.layers["counts"] = tumour.X.copy()
    >>> sc.pp.normalize_total(tumour)
    >>> sc.pp.log1p(tumour)
    >>> found = signature_activity(tumour, persister_sets(), methods=["ulm"], by=["patient", "condition"])
    >>> told = signature_change(found)
    >>> told.missing, sorted(told.table["measure"].unique()), sorted(told.per_patient["patient"].unique())
    ('', ['cells', 'pseudobulk'], ['P1', 'P2', 'P4', 'P5'])
    """

    table: pd.DataFrame
    per_patient: pd.DataFrame
    missing: str

    def both_ways(self) -> pd.DataFrame:
        """Return name, plain and regressed (with lower and upper limits) of each signature over cells, for a figure."""
        plain, regressed = (
            self.table[self.table["measure"] == name].set_index("signature") for name in ("cells", "cells, cycle out")
        )
        columns = {
            f"{kind}{end}": table[column]
            for kind, table in (("plain", plain), ("regressed", regressed))
            for end, column in {"": "change", "_lower": "lower", "_upper": "upper"}.items()
        }
        return _both_ways(plain.index.to_series(), pd.DataFrame(columns))

    def summary(self) -> pd.DataFrame:
        """Return the changes of the summed samples."""
        return self.table[self.table["measure"] == "pseudobulk"].drop(columns="measure").reset_index(drop=True)


def signature_change(
    found: SignatureActivity,
    *,
    method: Method = "ulm",
    patient: str = "patient",
    condition: str = "condition",
    before: str = "before",
    after: str = "after",
    cycle: pd.DataFrame | None = None,
    min_cells: int = 10,
    confidence: float = 0.95,
) -> SignatureChange:
    """Measure how each signature changes from before to after treatment, patient by patient.

    ``pseudobulk`` compares the summed samples, and is the one to judge by. ``cells`` compares the means of the cells.
    ``cells, cycle out`` is the same at equal cycle scores: the activity is regressed on the scores over the cells of a
    patient, within each condition, and the change that goes with that of the scores is taken off.

    Parameters
    ----------
    found
        See ``signature_activity``, with ``patient`` and ``condition`` among its columns ``by``. Samples of one patient
        and condition are averaged; leave sorted fractions out before.
    method
        One of those measured.
    patient, condition, before, after
        Columns, and what the two conditions are called.
    cycle
        Cycle scores, one row per cell of the data and one column per score; without them there is no third measure.
    min_cells
        Cells that a patient must have in both conditions.
    confidence
        Of the intervals (Student's, over patients).

    Returns
    -------
    SignatureChange
        With fewer than three pairs no interval and no p, and ``missing`` says so. Numbers are in units of the method:
        t values for ``ulm``, areas for ``aucell``.

    Raises
    ------
    InputError
        If a column is not known, no cell has one of the conditions, the scores do not fit the cells, or the confidence
        is outside (0, 1).

    Notes
    -----
    A change says that the cells left differ, not why: those without the programme may have died, or all may have
    taken it up. Activities grow with depth: where the samples after treatment are shallow, look at both methods.

    References
    ----------
    Student 1908, doi:10.1093/biomet/6.1.1.

    When not to use
    ---------------
    On conditions from different patients: then the change is a difference between people.

    Examples
    --------
    Simulated cells of six patients, two of whom have no tumour cells left after treatment:

    >>> import scanpy as sc
    >>> from fxyd3.data.simulate import twin
    >>> from fxyd3.tolerance import persister_sets, signature_activity, signature_change
    >>> adata = twin(600, sorted_cells=0)
    >>> tumour = adata[adata.obs["truth_type"] == "tumour"].copy()
    >>> tumour.layers["counts"] = tumour.X.copy()
    >>> sc.pp.normalize_total(tumour)
    >>> sc.pp.log1p(tumour)
    >>> sets = persister_sets().query("signature in ['diapause', 'EMT']")
    >>> found = signature_activity(tumour, sets, methods=["ulm"], by=["patient", "condition"])
    >>> signature_change(found).summary()[["signature", "change", "lower", "upper", "patients"]].round(1)
      signature  change  lower  upper  patients
    0  diapause     1.7   -0.4    3.7         4
    1       EMT    -0.2   -1.7    1.3         4
    """
    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence}: it must lie between 0 and 1.")
    activity, who, when = _activity(found, method), _column(found, patient), _column(found, condition)
    for name in (before, after):
        if not (when == name).any():
            raise InputError(f"no cell is {name!r} in {condition!r}{nearest(name, when.unique())}: there are "
                             f"{few(sorted(when.unique()))}.")  # fmt: skip
    chosen = when.isin([before, after])
    keys = [who[chosen].rename("patient"), when[chosen].rename("condition")]
    size = pd.crosstab(keys[0], keys[1])
    paired = size.index[(size[[before, after]] >= min_cells).all(axis=1)]
    means = {"cells": activity[chosen].groupby(keys).mean()}
    pooled = found.samples[method]
    means["pseudobulk"] = pooled.groupby(level=[patient, condition]).mean().rename_axis(["patient", "condition"])
    if cycle is not None:
        scores = _scores(cycle, list(map(str, cycle)), activity.index)
        means["cells, cycle out"] = _at_equal_cycle(activity[chosen], scores[chosen], keys, means["cells"])
    parts = []
    for measure in ("pseudobulk", "cells", "cells, cycle out")[: 2 + (cycle is not None)]:
        own = means[measure]
        sides = [
            own.reindex([(who, name) for who in paired]).melt(var_name="signature", value_name=side)
            for side, name in (("before", before), ("after", after))
        ]
        named = sides[0].assign(after=sides[1]["after"], patient=[*paired] * own.shape[1], measure=measure)
        parts.append(named.dropna())
    per_patient = pd.concat(parts, ignore_index=True)
    per_patient["change"] = per_patient["after"] - per_patient["before"]
    order = ["measure", "signature", "patient", "before", "after", "change"]
    table = _tested(per_patient, list(activity.columns), confidence)
    pairs = per_patient.loc[per_patient["measure"] == "pseudobulk", "patient"].nunique()
    return SignatureChange(table, per_patient[order], _missing(pairs, "patients with cells before and after"))


def _at_equal_cycle(
    activity: pd.DataFrame, scores: pd.DataFrame, keys: "list[pd.Series[str]]", means: pd.DataFrame
) -> pd.DataFrame:
    """Take off the means what goes with the scores, by slopes within the samples of each patient."""
    centres = scores.groupby(keys).mean()
    inside = [table - table.groupby(keys).transform("mean") for table in (activity, scores)]
    adjusted = means.copy()
    for patient, cells in keys[0].groupby(keys[0]).groups.items():
        here, own = (table.loc[cells].to_numpy() for table in inside)
        rows = means.index[means.index.get_level_values("patient") == patient]
        shift = centres.loc[rows] - centres.loc[rows].mean()
        adjusted.loc[rows] -= shift.to_numpy() @ np.linalg.lstsq(own, here, rcond=None)[0]
    return adjusted


def _tested(per_patient: pd.DataFrame, signatures: list[str], confidence: float) -> pd.DataFrame:
    rows = []
    for measure, own in per_patient.groupby("measure", sort=False):
        for name in signatures:
            values = own.loc[own["signature"] == name, "change"]
            enough = len(values) >= FEWEST_PATIENTS
            reach = t_interval(values, confidence) if enough else (values.mean(), np.nan, np.nan)
            p = float(stats.ttest_1samp(values, 0).pvalue) if enough else np.nan
            rows.append((measure, name, *reach, p, len(values)))
    table = pd.DataFrame(rows, columns=["measure", "signature", "change", "lower", "upper", "p", "patients"])
    table.insert(6, "p_holm", table.groupby("measure")["p"].transform(holm))
    return table


def _both_ways(names: "pd.Series[str]", table: pd.DataFrame) -> pd.DataFrame:
    columns = [f"{kind}{end}" for kind in ("plain", "regressed") for end in ("", "_lower", "_upper")]
    return table[columns].assign(name=names)[["name", *columns]].reset_index(drop=True)
