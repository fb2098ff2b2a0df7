"""The catalogue, and downloads from a real server on this machine."""

import gzip
import hashlib
import io
import json
import re
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
SHA = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.setattr(catalogue, "PAUSES", (0, 0))
    with serving() as made:
        yield made


def tar(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return buffer.getvalue()


def test_every_shipped_entry_says_what_it_is_and_where_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FXYD3_CATALOGUE", raising=False)
    known = entries()
    assert {"GSE176078", "GSE118389", "GSE260693", "ARTEMIS", "PRISM", "GSE164716"} <= known.keys()
    assert all(name == entry.name for name, entry in known.items())
    for entry in known.values():
        assert entry.by_hand or all(file.url for file in entry.files)
        assert set(entry.checked) <= {"R", "A", "S", "C"}, "nothing recalled from memory"
        assert not entry.by_hand.endswith("."), "it is put into a sentence"


def test_addresses_follow_the_pattern_of_the_gene_expression_omnibus() -> None:
    urls = [(e, f, re.fullmatch(r"https://ftp\.ncbi\.nlm\.nih\.gov/geo/series/(\w+)nnn/(\w+)/suppl/(\S+)", f.url))
            for e in entries().values() for f in e.files if f.url]  # fmt: skip
    assert urls
    for entry, file, found in urls:
        assert found, file.url
        assert found.groups() == (entry.name[:-3], entry.name, file.name)


def test_immune_cells_are_marked_as_unfit() -> None:
    assert all("do not use" in entries()[name].stands_for for name in ("GSE169246", "GSE266919"))


def test_a_file_is_fetched_once_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    url = shelf.put("a.csv", BODY)
    cache = use_catalogue(tmp_path, monkeypatch, one=[{"name": "a.csv", "url": url, "sha256": SHA, "size": len(BODY)}])
    assert entries()["one"].row()[-1] == "no"
    path = get("one", progress=False)
    assert path == cache / "one" / "a.csv" == locate("one")
    assert path.read_bytes() == BODY
    assert entries()["one"].row()[-1] == "here"
    assert get("one", progress=False) == path
    assert shelf.asked == ["a.csv"]
    assert [p.name for p in path.parent.iterdir()] == ["a.csv"]
    assert not (cache / catalogue.LOCK).exists(), "a known hash needs no lock"
    assert verify("one") == [{"name": "one", "file": "a.csv", "state": "ok", "sha256": SHA, "against": "catalogue"}]


def test_a_changed_file_is_found_and_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf
) -> None:
    use_catalogue(tmp_path, monkeypatch, one=[{"name": "a.csv", "url": shelf.put("a.csv", BODY), "sha256": SHA}])
    path = get("one", progress=False)
    path.write_bytes(b"tampered")
    assert [row["state"] for row in verify()] == ["changed"]
    assert get("one", progress=False).read_bytes() == BODY
    assert [row["state"] for row in verify()] == ["ok"]


def test_verify_lists_what_is_here_or_what_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf
) -> None:
    use_catalogue(tmp_path, monkeypatch, one=[{"name": "a.csv", "url": shelf.put("a.csv", BODY)}])
    assert verify() == []
    assert [row["state"] for row in verify("one")] == ["not here"]


def test_the_first_download_of_an_unhashed_file_is_recorded_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = use_catalogue(tmp_path, monkeypatch, one=[{"name": "a.csv", "url": shelf.put("a.csv", BODY)}])
    get("one")
    lock = json.loads((cache / catalogue.LOCK).read_text())
    assert lock["one/a.csv"]["sha256"] == SHA
    said = capsys.readouterr()
    assert SHA in said.err
    assert said.out == ""
    assert [row["against"] for row in verify("one")] == ["lock"]
    get("one")
    assert SHA not in capsys.readouterr().err, "said once"


def test_a_download_that_differs_from_the_lock_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf
) -> None:
    cache = use_catalogue(tmp_path, monkeypatch, one=[{"name": "a.csv", "url": shelf.put("a.csv", BODY, b"new")}])
    get("one", progress=False).unlink()
    with pytest.raises(InputError, match=r"the lock states.*delete 'one/a.csv'"):
        get("one", progress=False)
    assert not list((cache / "one").iterdir())
    (cache / catalogue.LOCK).unlink()
    assert get("one", progress=False).read_bytes() == b"new"


def test_a_server_error_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    url = shelf.put("a.csv", Answer(status=503), Answer(BODY[:100], claims=len(BODY)), BODY)
    use_catalogue(tmp_path, monkeypatch, one=[{"name": "a.csv", "url": url}])
    assert get("one", progress=False).read_bytes() == BODY, "nothing of the broken download is kept"
    assert len(shelf.asked) == 3


def test_a_killed_download_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    cache = use_catalogue(tmp_path, monkeypatch, one=[{"name": "a.csv", "url": shelf.put("a.csv", BODY)}])
    (cache / "one").mkdir(parents=True)
    (cache / "one" / "tmpab12cd_9").write_bytes(BODY[:50])
    get("one", progress=False)
    assert [p.name for p in (cache / "one").iterdir()] == ["a.csv"]


def test_a_compressed_file_arrives_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    packed = gzip.compress(BODY)
    use_catalogue(tmp_path, monkeypatch, one=[{"name": "a.csv.gz", "url": shelf.put("a.csv.gz", packed)}])
    assert get("one", progress=False).read_bytes() == packed


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_an_archive_is_unpacked_and_its_folder_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf, kind: str
) -> None:
    members = {"study/matrix.mtx": BODY, "study/genes.tsv": b"FXYD3\n"}
    if kind == "zip":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, body in members.items():
                archive.writestr(name, body)
        name, packed = "a.zip", buffer.getvalue()
    else:
        name, packed = "a.tar.gz", tar(members)
    cache = use_catalogue(tmp_path, monkeypatch, one=[{"name": name, "url": shelf.put(name, packed)}])
    folder = get("one", progress=False)
    assert folder == locate("one") == cache / "one" / f"{name}.unpacked" / "study"
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {"matrix.mtx": BODY, "genes.tsv": b"FXYD3\n"}


def test_an_archive_without_a_folder_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    packed = tar({"a.csv": BODY, "b.csv": BODY})
    cache = use_catalogue(tmp_path, monkeypatch, one=[{"name": "a.tgz", "url": shelf.put("a.tgz", packed)}])
    assert get("one", progress=False) == cache / "one" / "a.tgz.unpacked"


def test_a_new_archive_takes_the_place_of_what_the_old_one_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf
) -> None:
    files = [{"name": "a.tgz", "url": shelf.put("a.tgz", tar({"old.csv": b"1"}), tar({"new.csv": b"2"}))}]
    cache = use_catalogue(tmp_path, monkeypatch, one=files)
    get("one", progress=False)
    (cache / "one" / "a.tgz").unlink()
    (cache / catalogue.LOCK).unlink()
    assert [p.name for p in get("one", progress=False).iterdir()] == ["new.csv"]


def test_several_files_are_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    files = [{"name": name, "url": shelf.put(name, BODY)} for name in ("a.csv", "b.csv")]
    cache = use_catalogue(tmp_path, monkeypatch, one=files)
    assert get("one", progress=False) == cache / "one"
    assert {p.name for p in (cache / "one").iterdir()} == {"a.csv", "b.csv"}


def test_a_file_put_there_by_hand_is_found_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.yml"
    own.write_text(
        "mine: {title: t, stands_for: s, accession: a, checked: [U], by_hand: ask the authors, "
        f"files: [{{name: a.csv, sha256: {SHA}}}]}}\n"
    )
    monkeypatch.setenv("FXYD3_CATALOGUE", str(own))
    monkeypatch.setenv("FXYD3_CACHE", str(tmp_path / "cache"))
    with pytest.raises(InputError, match=r"ask the authors; then put a\.csv into"):
        locate("mine")
    with pytest.raises(InputError, match="ask the authors"):
        get("mine")
    (tmp_path / "cache" / "mine").mkdir(parents=True)
    (tmp_path / "cache" / "mine" / "a.csv").write_bytes(BODY)
    assert get("mine") == locate("mine")
    assert [row["state"] for row in verify()] == ["ok"]
    (tmp_path / "cache" / "mine" / "a.csv").write_bytes(b"other")
    with pytest.raises(InputError, match="hash that the catalogue states"):
        get("mine")


def test_the_cache_is_where_it_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    use_catalogue(tmp_path, monkeypatch, one=[{"name": "a.csv", "url": shelf.put("a.csv", BODY)}])
    for place in ("here", "there"):
        monkeypatch.setenv("FXYD3_CACHE", str(tmp_path / place))
        assert get("one", progress=False).is_relative_to(tmp_path / place)
    monkeypatch.delenv("FXYD3_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert catalogue.cache_folder() == tmp_path / "home" / "fxyd3"


def test_own_entries_stand_beside_the_books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_catalogue(tmp_path, monkeypatch, mine=[{"name": "a.csv", "url": "https://example.org/a.csv"}])
    assert {"mine", "GSE176078"} <= entries().keys()
