"""Small files are written whole or not at all."""

from pathlib import Path

import pytest

from fxyd3.files import read_json, replacing, write_json


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    write_json(target, {"kept": True})

    def fail() -> None:
        with replacing(target) as partial:
            partial.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert read_json(target) == {"kept": True}
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("content", ["", "{", "[1]", "null"])
def test_a_broken_file_reads_as_empty(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    assert read_json(tmp_path / "a.json") == {}
    assert read_json(tmp_path / "absent.json") == {}


def test_a_folder_takes_the_place_of_another_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "store"
    for content in ("old", "new"):
        with replacing(path) as partial:
            partial.mkdir()
            (partial / "values").write_text(content)

    def fail() -> None:
        with replacing(path) as partial:
            partial.mkdir()
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert (path / "values").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["store"]
