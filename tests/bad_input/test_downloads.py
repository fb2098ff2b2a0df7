"""Downloads that go wrong: one sentence, and nothing half-written."""

import io
import os
import socket
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server import Answer, Shelf, serving, use_catalogue

from fxyd3.data import catalogue
from fxyd3.data.catalogue import entries, get, locate, verify
from fxyd3.errors import InputError

BODY = b"gene,cell\nFXYD3,3\n" * 5000


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.setattr(catalogue, "PAUSES", (0, 0))
    with serving() as made:
        yield made


def refused(name: str, cache: Path, said: str, *, left: tuple[str, ...] = ()) -> None:
    """``get`` says ``said`` in one sentence and leaves only ``left``."""
    with pytest.raises(InputError, match=said) as error:
        get(name, progress=False)
    told = str(error.value)
    assert "\n" not in told
    assert told.endswith(".")
    folder = cache / name
    assert sorted(p.name for p in folder.iterdir()) == sorted(left) if folder.is_dir() else not left
    assert not entries()[name].here


@pytest.mark.parametrize("call", [get, locate, verify])
def test_an_unknown_name_gets_the_nearest(call: object) -> None:
    with pytest.raises(InputError, match="did you mean 'GSE176078'"):
        call("GSE17607")  # type: ignore[operator]


def test_data_that_are_not_here_say_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FXYD3_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="fxyd3 data get GSE176078"):
        locate("GSE176078")
    with pytest.raises(InputError, match="controlled access"):
        get("BioKey")
    assert not list(tmp_path.iterdir())


def test_a_truncated_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    url = shelf.put("a.csv", Answer(BODY[:1000], claims=len(BODY)))
    cache = use_catalogue(tmp_path, monkeypatch, one=[{"name": "a.csv", "url": url}])
    refused("one", cache, "the connection broke before the end")
    assert len(shelf.asked) == 3
    assert not (cache / catalogue.LOCK).exists(), "no hash of half a file is recorded"


def test_a_wrong_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    files = [{"name": "a.csv", "url": shelf.put("a.csv", BODY), "sha256": "0" * 64}]
    refused("one", use_catalogue(tmp_path, monkeypatch, one=files), "the hash that the catalogue states")
    assert len(shelf.asked) == 1, "another try would give the same file"


def test_a_wrong_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    files = [{"name": "a.csv", "url": shelf.put("a.csv", BODY), "size": 17}]
    refused("one", use_catalogue(tmp_path, monkeypatch, one=files), "bytes where the catalogue states 17")


@pytest.mark.parametrize(("status", "tries"), [(503, 3), (404, 1), (403, 1)])
def test_a_server_that_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf, status: int, tries: int
) -> None:
    url = shelf.put("a.csv", Answer(status=status))
    refused("one", use_catalogue(tmp_path, monkeypatch, one=[{"name": "a.csv", "url": url}]), f"answered {status}")
    assert len(shelf.asked) == tries


def test_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "PAUSES", (0,))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/a.csv"
    cache = use_catalogue(tmp_path, monkeypatch, one=[{"name": "a.csv", "url": url}])
    refused("one", cache, r"no connection.*fxyd3 data get one")


def evil_tar(name: str, *, link: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        good = tarfile.TarInfo("good.csv")
        good.size = len(BODY)
        archive.addfile(good, io.BytesIO(BODY))
        info = tarfile.TarInfo(name)
        if link:
            info.type, info.linkname = tarfile.SYMTYPE, link
        archive.addfile(info, io.BytesIO(b""))
    return buffer.getvalue()


def evil_zip(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("good.csv", BODY)
        archive.writestr(name, "evil")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("file", "packed", "member"),
    [
        ("a.tar", evil_tar("../../evil.csv"), "../../evil.csv"),
        ("a.tar", evil_tar("inner/link", link="/etc"), "inner/link"),
        ("a.tar", evil_tar("inner/link", link="../../.."), "inner/link"),
        ("a.zip", evil_zip("../../evil.csv"), "../../evil.csv"),
        ("a.zip", evil_zip("/tmp/evil.csv"), "/tmp/evil.csv"),
        ("a.zip", evil_zip("inner\\..\\..\\evil.csv"), "evil.csv"),
    ],
)
def test_an_archive_that_reaches_outside_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf, file: str, packed: bytes, member: str
) -> None:
    cache = use_catalogue(tmp_path, monkeypatch, one=[{"name": file, "url": shelf.put(file, packed)}])
    refused("one", cache, "reach outside its folder", left=(file,))
    assert not list(tmp_path.rglob("evil.csv"))
    assert not list(tmp_path.rglob("good.csv"))
    with pytest.raises(InputError) as error:
        get("one", progress=False)
    assert member in str(error.value)


GOOD_TAR = evil_tar("inner/fine.csv")


@pytest.mark.parametrize(
    ("file", "packed"),
    [("a.tar.gz", b"not an archive"), ("a.zip", b"PK but no more"), ("a.tar", GOOD_TAR[:3000]), ("a.tar", b"")],
)
def test_an_archive_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf, file: str, packed: bytes
) -> None:
    cache = use_catalogue(tmp_path, monkeypatch, one=[{"name": file, "url": shelf.put(file, packed)}])
    refused("one", cache, "cannot be unpacked", left=(file,))


@pytest.mark.parametrize("where", ["end", "middle"])
def test_a_broken_gzip_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf, where: str) -> None:
    import gzip

    packed = bytearray(gzip.compress(GOOD_TAR))
    if where == "end":
        packed = packed[: len(packed) // 2]
    else:
        packed[10:20] = b"\xff" * 10
    cache = use_catalogue(tmp_path, monkeypatch, one=[{"name": "a.tgz", "url": shelf.put("a.tgz", bytes(packed))}])
    refused("one", cache, "cannot be unpacked", left=("a.tgz",))


def test_a_cache_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    use_catalogue(tmp_path, monkeypatch, one=[{"name": "a.csv", "url": shelf.put("a.csv", BODY)}])
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("FXYD3_CACHE", str(tmp_path / "taken"))
    with pytest.raises(InputError, match=r"cannot be written.*FXYD3_CACHE"):
        get("one", progress=False)


def test_a_broken_lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    cache = use_catalogue(tmp_path, monkeypatch, one=[{"name": "a.csv", "url": shelf.put("a.csv", BODY)}])
    cache.mkdir()
    for text in ("{", "[1]"):
        (cache / catalogue.LOCK).write_text(text)
        with pytest.raises(InputError, match=r"catalogue\.lock\.json is broken"):
            get("one", progress=False)
    assert shelf.asked == []


@pytest.mark.parametrize("packed", [False, True], ids=["download", "unpacking"])
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf, packed: bool) -> None:
    """On a real disk of 128 KiB, mounted for this one process."""
    disk = tmp_path / "disk"
    disk.mkdir()
    alone = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mount = f"mount -t tmpfs -o size=128k tmpfs '{disk}'"
    try:
        tried = subprocess.run([*alone, mount], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("unshare is not installed: no small disk can be made to fill")
    if tried.returncode:
        pytest.skip("this machine does not let a process mount a small disk to fill")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.csv", BODY * 10)
    file, body = ("a.zip", buffer.getvalue()) if packed else ("a.csv", BODY * 10)
    use_catalogue(tmp_path, monkeypatch, one=[{"name": file, "url": shelf.put(file, body)}])
    code = (
        "from fxyd3.data.catalogue import get\n"
        "try: get('one', progress=False)\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run(
        [*alone, f"{mount} && \"$0\" -c \"$1\"; find '{disk}' -type f", sys.executable, code],
        capture_output=True, text=True, check=True, env=os.environ | {"FXYD3_CACHE": str(disk / "cache")},
    )  # fmt: skip
    said, *left = done.stdout.splitlines()
    assert said.startswith("InputError The disk that holds"), done.stdout + done.stderr
    assert "FXYD3_CACHE" in said
    kept = {Path(path).name for path in left} - {catalogue.LOCK}
    assert kept == ({file} if packed else set()), "the archive is whole; nothing else is"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [\n", "not YAML"),
        ("- a\n", "must hold"),
        ("a: {title: t}\n", r"a\.stands_for"),
        ("a: {title: t, stands_for: s, accession: x, checked: [S]}\n", "by_hand"),
        ("a: {title: t, stands_for: s, accession: x, checked: [Q], by_hand: ask}\n", r"a\.checked"),
        ("../a: {title: t, stands_for: s, accession: x, checked: [S], by_hand: ask}\n", "name"),
        (
            "a: {title: t, stands_for: s, accession: x, checked: [S], files: [{name: ../b, url: 'http://x/b'}]}\n",
            r"files\.0\.name",
        ),
        (
            "a: {title: t, stands_for: s, accession: x, checked: [S], files: [{name: b, url: 'file:///etc/b'}]}\n",
            r"files\.0\.url",
        ),
    ],
)
def test_a_catalogue_of_ones_own_that_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    (tmp_path / "own.yml").write_text(text)
    monkeypatch.setenv("FXYD3_CATALOGUE", str(tmp_path / "own.yml"))
    with pytest.raises(InputError, match=said) as error:
        entries()
    assert "own.yml" in str(error.value)


def test_a_catalogue_of_ones_own_that_is_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FXYD3_CATALOGUE", str(tmp_path / "absent.yml"))
    with pytest.raises(InputError, match=r"absent\.yml cannot be read"):
        entries()
