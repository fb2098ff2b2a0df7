"""Annotations of cells: the roles they play in a study, and the choice of cells by an expression."""

import ast
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fxyd3.data.report import DataError, Findings, few, nearest

USUAL_NAMES: dict[str, tuple[str, ...]] = {
    "patient": ("patient", "patientid", "donor", "donorid", "individual", "individualid", "subject", "subjectid",
                "participant", "participantid", "caseid"),
    "sample": ("sample", "sampleid", "samplename", "origident", "library", "libraryid", "specimen", "specimenid"),
    "batch": ("batch", "batchid", "run", "runid", "plate", "plateid", "lane", "sequencingrun"),
    "condition": ("condition", "treatment", "treatmentstatus", "treatmentphase", "timepoint", "time", "therapy",
                  "prepost"),
    "fraction": ("fraction", "sortedfraction", "sortfraction", "sortgate", "sorted", "sort", "facs", "gate"),
    "cell_type": ("celltype", "celltypemajor", "majorcelltype", "celltypes", "celltypeannotation", "annotation",
                  "cellline"),
}  # fmt: skip


def assign_roles(
    obs: pd.DataFrame, roles: Mapping[str, str], found: Findings, where: str
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Copy the columns that play a role to the role's own name, as text categories.

    Parameters
    ----------
    obs
        One row for each cell.
    roles
        Role to column; a role that is absent or empty is guessed from usual column names.

    Returns
    -------
    obs, roles
        The annotations with the roles' columns, and which column plays which role.
    """
    if unknown := [role for role in roles if role not in USUAL_NAMES]:
        raise DataError(
            f"'{unknown[0]}' is not a role{nearest(unknown[0], USUAL_NAMES)}", f"the roles are {', '.join(USUAL_NAMES)}"
        )
    columns: dict[str, str] = {}
    plain = {re.sub(r"[\W_]", "", str(column)).lower(): str(column) for column in reversed(obs.columns)}
    for role, names in USUAL_NAMES.items():
        if roles.get(role):
            with found.step():
                columns[role] = _named_column(obs, roles[role], role, where)
        else:
            guesses = [plain[name] for name in names if name in plain]
            column = next((guess for guess in guesses if _is_grouping(obs[guess])), None)
            if column is not None:
                columns[role] = column
    copies = {role: _as_categories(obs[column]) for role, column in columns.items()}
    if lost := [role for role, column in columns.items() if role in obs and role != column]:
        found.mended(f"the columns {few(lost)} of the data were replaced by those named for these roles")
    obs = obs.assign(**copies)
    for role, column in columns.items():
        how = "named" if roles.get(role) else "guessed"
        missing = int(obs[role].isna().sum())
        found.recognised(
            f"{role.replace('_', ' ')}: column '{column}' ({how})"
            + (f", missing for {missing:,} cells" if missing else ""),
            "" if roles.get(role) else f"name another with --{role.replace('_', '-')} if this is not it",
        )
    return obs, columns


def _named_column(obs: pd.DataFrame, column: str, role: str, where: str) -> str:
    what = role.replace("_", " ")
    if column not in obs:
        raise DataError(
            f"There is no column '{column}' for the {what} in {where}{nearest(column, map(str, obs.columns))}",
            f"name one of {few(obs.columns, 12)}" if len(obs.columns) else "join annotations of the cells with --obs",
        )
    if not _is_grouping(obs[column]):
        raise DataError(
            f"The column '{column}' cannot be the {what}, since it is empty or different in each cell",
            "name a column that groups the cells",
        )
    return column


def _is_grouping(values: "pd.Series[Any]") -> bool:
    return bool(0 < values.nunique() < max(2, len(values)))


def _as_categories(values: "pd.Series[Any]") -> "pd.Series[Any]":
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.rename_categories([str(level) for level in values.cat.categories])
    if values.dtype.kind == "f" and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return values.map(str, na_action="ignore").astype("category")


def tidy(table: pd.DataFrame) -> pd.DataFrame:
    """Make a table of annotations fit to be written: text as categories that occur, names without ``/``."""
    table = table.set_axis([str(column).replace("/", "_") for column in table.columns], axis=1)
    for column in table.columns[[not pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes]]:
        if isinstance(table[column].dtype, pd.CategoricalDtype):
            table[column] = table[column].cat.remove_unused_categories()
        else:
            table[column] = _as_categories(table[column])
    return table


ALLOWED = (ast.Expression, ast.Compare, ast.BoolOp, ast.And, ast.Or, ast.BinOp, ast.BitAnd, ast.BitOr, ast.UnaryOp,
           ast.Not, ast.Invert, ast.USub, ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple, ast.cmpop)  # fmt: skip
HOW = "write comparisons such as celltype == 'Cancer' and `percent.mito` < 10, joined by and, or, not, in"


def choose_cells(obs: pd.DataFrame, select: str, found: Findings) -> npt.NDArray[np.bool_]:
    """Return which cells an expression on their annotations keeps.

    Only comparisons, membership, ``and``, ``or``, ``not`` on columns, numbers and texts are evaluated; names that are
    not words, such as ``percent.mito``, stand in back-ticks.

    Raises
    ------
    InputError
        For anything else in the expression, an unknown column, or when no cell is kept (what occurs is shown).
    """
    quoted = dict.fromkeys(re.findall(r"`([^`]*)`", select))
    standing_for = {f"_column_{i}": name for i, name in enumerate(quoted)}
    expression = select
    for stand_in, name in standing_for.items():
        expression = expression.replace(f"`{name}`", stand_in)
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError):
        raise DataError(f"The selection {select!r} cannot be understood", HOW) from None
    nodes = list(ast.walk(tree))
    if not all(isinstance(node, ALLOWED) and _is_membership_in_a_list(node) for node in nodes):
        raise DataError(f"The selection {select!r} holds more than comparisons of columns with values", HOW)
    names = list(dict.fromkeys(node.id for node in nodes if isinstance(node, ast.Name)))
    columns = [standing_for.get(name, name) for name in names]
    if missing := [column for column in columns if column not in obs]:
        near = nearest(missing[0], map(str, obs.columns))
        raise DataError(
            f"The selection {select!r} names the column '{missing[0]}', which is not there{near}",
            f"use one of {few(obs.columns, 12)}" if len(obs.columns) else "join annotations of the cells with --obs",
        )
    used = obs[columns].set_axis(names, axis=1)
    try:
        kept = used.eval(expression.strip(), engine="python")
    except (TypeError, ValueError, NotImplementedError, KeyError, AttributeError) as error:
        raise DataError(
            f"The selection {select!r} does not fit its columns ({str(error).splitlines()[0].rstrip('.')})", HOW
        ) from None
    if not isinstance(kept, pd.Series) or kept.dtype != bool:
        raise DataError(f"The selection {select!r} does not say yes or no for each cell", HOW)
    if not kept.any():
        raise DataError(
            f"The selection {select!r} keeps no cell",
            f"what occurs: {'; '.join(map(_what_occurs, columns, (obs[c] for c in columns)))}",
        )
    found.recognised(f"{int(kept.sum()):,} of {len(kept):,} cells selected by {select}")
    return kept.to_numpy()


def _is_membership_in_a_list(node: ast.AST) -> bool:
    """Refuse ``'T' in column``, which would ask something else than it seems to; other nodes pass."""
    if not isinstance(node, ast.Compare):
        return True
    pairs = zip(node.ops, node.comparators, strict=True)
    return all(isinstance(other, ast.List | ast.Tuple) for op, other in pairs if isinstance(op, ast.In | ast.NotIn))


def _what_occurs(name: str, values: "pd.Series[Any]") -> str:
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > 8:
        return f"{name} from {values.min():.6g} to {values.max():.6g}"
    return f"{name} {few((repr(value) if isinstance(value, str) else value for value in values.dropna().unique()), 12)}"
