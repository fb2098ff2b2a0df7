"""The catalogue of public data sets, and their downloads: checked, whole or not at all, unpacked safely."""

import errno
import gzip
import json
import lzma
import os
import shutil
import sys
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from fxyd3.data.report import nearest
from fxyd3.errors import InputError
from fxyd3.files import read_entries, write_json
from fxyd3.paths import book_file

LOCK = "catalogue.lock.json"
PAUSES = (1, 3)
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")

Text = Annotated[str, Field(min_length=1)]
Checked = Literal["R", "A", "S", "C", "U"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class File(_Part):
    """One file of an entry; ``url``, ``size`` (bytes) and ``sha256`` only where they are known."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    url: Annotated[str | None, Field(pattern=r"^https?://")] = None
    size: PositiveInt | None = None
    sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = None


class Entry(_Part):
    """One public data set; an entry of ``data/catalogue.yml``.

    Attributes
    ----------
    name, title, stands_for
        Its name here, what it is, and what it stands for in the book.
    accession, doi, licence
        As far as they are known.
    checked
        How far the entry was checked: R (read in the source), A (abstract only), S (secondary source), C (computed),
        U (unverified).
    files
        Its files.
    by_hand
        Where to get what has no fixed public address.
    notes
        Pitfalls.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    title: Text
    stands_for: Text
    accession: Text
    doi: Annotated[str, Field(pattern=r"^(10\.\d{4,}/\S+)?$")] = ""
    licence: Text = "not read: see the study page"
    checked: Annotated[tuple[Checked, ...], Field(min_length=1)]
    files: tuple[File, ...] = ()
    by_hand: str = ""
    notes: str = ""

    @model_validator(mode="after")
    def _says_where_to_get_it(self) -> "Entry":
        if not self.by_hand and not (self.files and all(file.url for file in self.files)):
            raise ValueError("by_hand must say where to get what has no url")
        return self

    @property
    def here(self) -> bool:
        """Whether all files are in the cache, archives unpacked."""
        return bool(self.files) and all(_opened(_folder(self) / file.name).exists() for file in self.files)

    def row(self) -> tuple[str, str, str, str, str, str]:
        """Return name, what it stands for, accession, DOI, licence and whether it is here, for a table."""
        here = "here" if self.here else "by hand" if self.by_hand else "no"
        return self.name, self.stands_for, self.accession, self.doi, self.licence, here


def entries() -> dict[str, Entry]:
    """Return the catalogue by name: the book's, and those of the file that ``$FXYD3_CATALOGUE`` names.

    Returns
    -------
    dict of str to Entry
        Each with title, accession, doi, files, notes and how far it was checked.

    Raises
    ------
    InputError
        When a catalogue file cannot be read or has a broken entry; the entry and the field are named.

    When not to use
    ---------------
    As a list of what is fit for a claim: read ``notes`` first.

    Examples
    --------
    One of them:

    >>> from fxyd3.data import entries
    >>> entry = entries()["GSE118389"]
    >>> entry.title, entry.files[0].name
    ('Karaayvaz 2018: six untreated triple-negative tumours', 'GSE118389_counts_rsem.txt.gz')
    """
    own = os.environ.get("FXYD3_CATALOGUE")
    return _read(book_file("data", "catalogue.yml")) | (_read(Path(own).expanduser()) if own else {})


def cache_folder() -> Path:
    """Return where downloads are kept: ``$FXYD3_CACHE``, else the user's cache folder.

    When not to use
    ---------------
    To find one data set: :func:`locate`.
    """
    named = os.environ.get("FXYD3_CACHE")
    if named:
        return Path(named).expanduser().resolve()
    import platformdirs

    return platformdirs.user_cache_path("fxyd3")


def locate(name: str) -> Path:
    """Return the path of a data set in the cache; nothing is downloaded.

    Parameters
    ----------
    name
        Name in the catalogue.

    Returns
    -------
    Path
        The file; the unpacked folder, if it is an archive; the folder of all, if there are several.

    Raises
    ------
    InputError
        For an unknown name (the nearest is given), and when the data are not in the cache (how to get them is told).

    When not to use
    ---------------
    To check the files: :func:`verify`.

    Examples
    --------
    A made-up file that is put into an empty cache by hand, under the name that the catalogue gives:

    >>> import os
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from unittest.mock import patch
    >>> from fxyd3.data import entries, locate
    >>> with TemporaryDirectory() as cache, patch.dict(os.environ, FXYD3_CACHE=cache):
    ...     file = Path(cache, "PRISM", entries()["PRISM"].files[0].name)
    ...     file.parent.mkdir()
    ...     _ = file.write_text("made up")
    ...     print(locate("PRISM").name)
    secondary-screen-dose-response-curve-parameters.csv
    """
    entry = _entry(name)
    if not entry.here:
        if entry.by_hand:
            raise InputError(_by_hand(entry))
        raise InputError(f"{name} is not in the cache: get it with `fxyd3 data get {name}`.")
    paths = [_opened(_folder(entry) / file.name) for file in entry.files]
    return paths[0] if len(paths) == 1 else _folder(entry)


def get(name: str, *, progress: bool = True) -> Path:
    """Download a data set into the cache, check it, and unpack it.

    What is there already and has its hash is left alone. A file whose hash is not known has it recorded in
    ``catalogue.lock.json`` in the cache; from then on it must stay the same. A file gets its name only when it is
    whole; after a broken connection or a server error the download starts again, three times in all. An archive is
    unpacked beside itself, all of it or nothing, and never outside its folder.

    Parameters
    ----------
    name
        Name in the catalogue.
    progress
        Show a bar, and say what is recorded, on standard error.

    Returns
    -------
    Path
        As from :func:`locate`.

    Raises
    ------
    InputError
        For an unknown name; data that can only be got by hand; no connection, a server error or a truncated download; a
        wrong size or hash; an archive that is broken or reaches outside its folder; a full disk or one that cannot be
        written.

    When not to use
    ---------------
    In a chapter: a run never fetches anything by itself.

    Examples
    --------
    What has an address is downloaded once; what has none must be fetched by hand, and the message says where from:

    >>> from fxyd3.data import get
    >>> path = get("GSE118389")  # doctest: +SKIP
    >>> get("GSE32603")
    Traceback (most recent call last):
        ...
    fxyd3.errors.InputError: GSE32603 is not fetched by this command: the series matrix is on ... under GSE32603.
    """
    entry = _entry(name)
    folder = _folder(entry)
    if not entry.files or any(file.url is None and not (folder / file.name).is_file() for file in entry.files):
        raise InputError(_by_hand(entry))
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob("tmp????????"):  # of a download that was killed
            left.unlink()
        for file in entry.files:
            _fetch(entry, file, progress=progress)
            _unpack(folder / file.name)
    return locate(name)


def verify(name: str | None = None) -> list[dict[str, str]]:
    """Check files in the cache against their size and hash.

    Parameters
    ----------
    name
        Name in the catalogue; if not given, all files that are here.

    Returns
    -------
    list of dict
        ``name``, ``file``, ``state`` ("ok", "changed", "no hash known", "not here"), ``sha256`` as found, and
        ``against``: "catalogue", "lock" or "".

    Raises
    ------
    InputError
        For an unknown name.

    When not to use
    ---------------
    To mend a changed file: delete it and :func:`get` it again.

    Examples
    --------
    A made-up file in an empty cache; no hash of it is known yet:

    >>> import os
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from unittest.mock import patch
    >>> from fxyd3.data import entries, verify
    >>> with TemporaryDirectory() as cache, patch.dict(os.environ, FXYD3_CACHE=cache):
    ...     file = Path(cache, "PRISM", entries()["PRISM"].files[0].name)
    ...     file.parent.mkdir()
    ...     _ = file.write_text("made up")
    ...     print([(row["name"], row["state"]) for row in verify()])
    [('PRISM', 'no hash known')]
    """
    chosen = entries().values() if name is None else [_entry(name)]
    rows = []
    for entry in chosen:
        for file in entry.files:
            path = _folder(entry) / file.name
            expected, against = _expected(entry, file)
            found = _sha256(path) if path.is_file() else ""
            if not found and name is None:
                continue
            state = "no hash known" if not expected else "ok" if found == expected else "changed"
            rows.append({"name": entry.name, "file": file.name, "state": state if found else "not here",
                         "sha256": found, "against": against})  # fmt: skip
    return rows


@cache
def _read(path: Path) -> dict[str, Entry]:
    return read_entries(path, Entry, what="catalogue", key="name")


def _entry(name: str) -> Entry:
    known = entries()
    if name not in known:
        raise InputError(f"There is no '{name}' in the catalogue{nearest(name, known)}: see `fxyd3 data list`.")
    return known[name]


def _folder(entry: Entry) -> Path:
    return cache_folder() / entry.name


def _by_hand(entry: Entry) -> str:
    names = " and ".join(file.name for file in entry.files)
    then = f"; then put {names} into {_folder(entry)}" if names else ""
    return f"{entry.name} is not fetched by this command: {entry.by_hand}{then}."


def _fetch(entry: Entry, file: File, *, progress: bool) -> None:
    path = _folder(entry) / file.name
    expected, against = _expected(entry, file)
    whole = path.is_file() and (not expected or _sha256(path) == expected)
    if not whole and file.url is None:
        raise InputError(f"{path} does not have the hash that the {against} states: get it again by hand.")
    if not whole:
        shutil.rmtree(_unpacked(path), ignore_errors=True)
        _download(entry, file, expected, against, progress=progress)
    if not expected:
        found = _sha256(path)
        _record(entry, file, found)
        if progress:
            print(f"The hash of {file.name} was not known; {found} is now recorded in {_lock()}.", file=sys.stderr)


def _download(entry: Entry, file: File, expected: str, against: str, *, progress: bool) -> None:
    import pooch
    import requests

    pooch.get_logger().setLevel("ERROR")  # it would print paths and advice for programmers

    def download(url: str, output: str, _: object) -> None:
        plain = {"Accept-Encoding": "identity"}  # a .gz must arrive as it is
        pooch.HTTPDownloader(progressbar=progress, chunk_size=1 << 20, headers=plain, timeout=60)(url, output, None)
        size = Path(output).stat().st_size
        if file.size is not None and size != file.size:
            raise InputError(
                f"{file.name} has {size:,} bytes where the catalogue states {file.size:,}, and was thrown away: look "
                "at the study page, the file may have been replaced."
            )

    folder = _folder(entry)
    for pause in (*PAUSES, None):
        try:
            pooch.retrieve(file.url, expected or None, fname=file.name, path=folder, downloader=download)
        except requests.RequestException as error:
            status = 0
            if error.response is not None:
                status = error.response.status_code
                error.response.close()  # pooch leaves it open
            if pause is None or 400 <= status < 500:
                raise InputError(
                    f"{file.name} could not be downloaded ({_why(error, status)}): run `fxyd3 data get {entry.name}` "
                    f"again later, or look at {file.url}."
                ) from None
            time.sleep(pause)
        except InputError:
            raise
        except ValueError:  # pooch's word for a wrong hash
            remedy = "look at the study page, the file may have been replaced"
            if against == "lock":
                remedy += f"; to accept the new one, delete '{entry.name}/{file.name}' from {_lock()}"
            raise InputError(
                f"{file.name} does not have the hash that the {against} states, and was thrown away: {remedy}."
            ) from None
        else:
            return


def _why(error: Exception, status: int) -> str:
    import requests

    if status:
        return f"the server answered {status}"
    if isinstance(error, requests.Timeout):
        return "the server did not answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke before the end"
    return "there is no connection"


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            what = f"The disk that holds {folder} is full: make room"
        else:
            what = f"{folder} cannot be written ({error.strerror or error}): mend that"
        raise InputError(f"{what}, or name another folder in FXYD3_CACHE; nothing half-written was kept.") from None


def _unpacked(path: Path) -> Path:
    return path.with_name(f"{path.name}.unpacked")


def _opened(path: Path) -> Path:
    """Return the file, or what an archive held: its one folder, if it held one and nothing else."""
    if not path.name.endswith(ARCHIVES):
        return path
    folder = _unpacked(path)
    inside = [*folder.iterdir()] if folder.is_dir() else []
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder


def _unpack(path: Path) -> None:
    target = _unpacked(path)
    if not path.name.endswith(ARCHIVES) or target.is_dir():
        return
    partial = target.with_name(f".{os.getpid()}.{target.name}")
    try:
        partial.mkdir()
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for member in archive.namelist():
                    if PurePosixPath(member).is_absolute() or ".." in PurePosixPath(member.replace("\\", "/")).parts:
                        raise InputError(_unsafe(path, member))
                archive.extractall(partial)  # noqa: S202 - each member was looked at
        else:
            with tarfile.open(path) as archive:
                archive.extractall(partial, filter="data")
        partial.rename(target)
    except tarfile.FilterError as error:
        raise InputError(_unsafe(path, error.tarinfo.name)) from None
    except (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError):
        raise InputError(f"The archive {path} cannot be unpacked: delete it and get it again.") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _unsafe(path: Path, member: str) -> str:
    return f"The archive {path} holds '{member}', which would reach outside its folder: nothing was unpacked."


def _lock() -> Path:
    return cache_folder() / LOCK


def _locked() -> dict[str, Any]:
    try:
        content = json.loads(_lock().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise InputError(f"The lock file {_lock()} is broken: mend or delete it; hashes are then recorded anew.")
    return content


def _record(entry: Entry, file: File, sha256: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    content = _locked() | {f"{entry.name}/{file.name}": {"sha256": sha256, "url": file.url, "recorded": now}}
    write_json(_lock(), content)


def _expected(entry: Entry, file: File) -> tuple[str, str]:
    if file.sha256:
        return file.sha256, "catalogue"
    recorded = _locked().get(f"{entry.name}/{file.name}", {}).get("sha256", "")
    return recorded, "lock" if recorded else ""


def _sha256(path: Path) -> str:
    import pooch

    return str(pooch.file_hash(str(path), alg="sha256"))
