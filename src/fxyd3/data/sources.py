"""Data by name: the twin, an entry of the catalogue, or files."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import anndata as ad

from fxyd3.data.contract import apply_contract, prepare
from fxyd3.data.files import annotate, read
from fxyd3.data.reading import exists
from fxyd3.data.report import DataError, Findings, Report, nearest


def load(
    data: str,
    *,
    genes: str = "",
    obs: str = "",
    roles: Mapping[str, str] | None = None,
    select: str = "",
    seed: int = 1,
) -> tuple[ad.AnnData, Report]:
    """Read and prepare data by name.

    Parameters
    ----------
    data
        ``"twin"`` (also ``"twin:tiny"``, ``"twin:2000"``, ``"twin:null"``, ``"twin:tiny:null"``), a file or folder,
        several of them separated by commas, or the name of a catalogue entry that has been fetched.
    genes, roles, select
        As for :func:`fxyd3.data.prepare`.
    obs
        Table of cell annotations, joined by cell name; empty: none.
    seed
        Seed of the twin.

    Returns
    -------
    AnnData, Report
        As from :func:`fxyd3.data.prepare`; ``uns["fxyd3"]["hash"]`` is the sha256 of the input.

    Raises
    ------
    InputError
        For a name that is neither a file nor known, and for all that `read` and `prepare` refuse.

    When not to use
    ---------------
    To look at data that do not fit yet: :func:`fxyd3.data.examine` tells all that is wrong at once.

    Examples
    --------
    The smallest twin:

    >>> from fxyd3.data import load
    >>> study, report = load("twin:tiny", select="condition == 'before'")
    >>> report.simulated, study.n_obs, study.obs["condition"].unique().tolist()
    (True, 300, ['before'])
    """
    adata = _open(data, seed)
    if obs:
        annotate(adata, Path(obs))
    return prepare(adata, genes=genes, roles=roles, select=select)


def examine(
    data: str,
    *,
    genes: str = "",
    obs: str = "",
    roles: Mapping[str, str] | None = None,
    select: str = "",
    seed: int = 1,
) -> Report:
    """Report on data as :func:`load` would read them, with all that is wrong and how to mend it.

    Nothing is written.

    Parameters
    ----------
    data, genes, obs, roles, select, seed
        As for :func:`load`.

    Returns
    -------
    Report
        As from :func:`fxyd3.data.prepare`, also where something is wrong.

    Raises
    ------
    InputError
        When there is nothing to examine: no such file, or one that cannot be read.

    When not to use
    ---------------
    To get the data: use :func:`load`.

    Examples
    --------
    A made-up table of log values:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from fxyd3.data import examine
    >>> logs = pd.DataFrame({"c1": [0.0, 1.4], "c2": [1.1, 0.7], "c3": [1.8, 0.0]}, index=["FXYD3", "ATP1A1"])
    >>> with TemporaryDirectory() as folder:
    ...     logs.to_csv(Path(folder) / "logs.csv")
    ...     report = examine(str(Path(folder) / "logs.csv"))
    >>> [finding.what for finding in report.findings if finding.level == "wrong"]
    ['No raw counts in logs.csv, since X holds fractions up to 1.8, as log-normalised data do']
    """
    found = Findings(strict=False)
    adata = _open(data, seed)
    if obs:
        with found.step():
            annotate(adata, Path(obs))
    return apply_contract(adata, found, source="", genes=genes, roles=roles or {}, select=select)[1]


def fingerprint(source: str | Path | Sequence[str | Path]) -> str:
    """Return the sha256 (hexadecimal) of a file, a folder (sorted names and contents), or several in order.

    Parameters
    ----------
    source
        Path, or several.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    InputError
        When there is no such file.

    When not to use
    ---------------
    To tell whether two files hold the same data: the same counts in another format have another fingerprint.

    Examples
    --------
    The same content under another name has the same fingerprint:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from fxyd3.data import fingerprint
    >>> with TemporaryDirectory() as folder:
    ...     one, other = Path(folder, "one.csv"), Path(folder, "other.csv")
    ...     _ = one.write_text("cell,FXYD3"), other.write_text("cell,FXYD3")
    ...     print(fingerprint(one)[:8], fingerprint(one) == fingerprint(other))
    8e36e7aa True
    """
    paths = [Path(source)] if isinstance(source, str | Path) else [Path(path) for path in source]
    whole = hashlib.sha256()
    for path in paths:
        if not exists(path):
            raise DataError(f"There is no file {path}", "check its name and folder")
        inside = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in inside:
            if path.is_dir():
                whole.update(f"{file.relative_to(path).as_posix()}\0{file.stat().st_size}\0".encode())
            with file.open("rb") as handle:
                while chunk := handle.read(1 << 20):
                    whole.update(chunk)
    return whole.hexdigest()


def _open(data: str, seed: int) -> ad.AnnData:
    if data.split(":")[0] == "twin":
        return _twin(data, seed)
    paths = _paths(data)
    adata = read(paths if len(paths) > 1 else paths[0])
    adata.uns.setdefault("fxyd3", {}).update(source=", ".join(path.name for path in paths), hash=fingerprint(paths))
    return adata


def _twin(data: str, seed: int) -> ad.AnnData:
    from fxyd3.data.catalogue import cache_folder
    from fxyd3.data.simulate import VERSION, stored, twin

    words = data.split(":")[1:]
    sizes = [word for word in words if word != "null"]
    if len(sizes) > 1 or len(words) - len(sizes) > 1:
        raise DataError(f"'{data}' is not a twin", "write twin, twin:tiny, twin:2000, twin:null or twin:tiny:null")
    size: str | int = int(sizes[0]) if sizes and sizes[0].isdecimal() else sizes[0] if sizes else "book"
    null = "null" in words
    kept = size in ("book", "atlas")
    folder = cache_folder() / "twin"
    adata = stored(folder, size, seed=seed, null=null) if kept else twin(size, seed=seed, null=null)
    stamp = json.dumps({"size": size, "seed": seed, "null": null, "twin": VERSION}, sort_keys=True)
    adata.uns["fxyd3"] = {"source": data, "hash": hashlib.sha256(stamp.encode()).hexdigest(), "simulated": True}
    return adata


def _paths(data: str) -> list[Path]:
    whole = Path(data).expanduser()
    if exists(whole) and data.strip():
        return [whole]
    names = [name.strip() for name in data.split(",") if name.strip()]
    if not names:
        raise DataError("No data were named", "name a file, a folder, a catalogue entry, or twin")
    return [_path(name) for name in names]


def _path(name: str) -> Path:
    path = Path(name).expanduser()
    if exists(path):
        return path
    from fxyd3.data.catalogue import entries, locate

    known = list(entries())
    if name in known:
        return locate(name)
    beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    raise DataError(
        f"'{name}' is neither a file nor a name in the catalogue{nearest(path.name, [*beside, *known])}",
        "check the path, or see the names with fxyd3 data list",
    )
