"""The installed package carries the book: no checkout is needed to run it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path


def test_the_wheel_holds_the_book_and_finds_it(root: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=root, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path / "installed")
    code = """
from fxyd3.claims import load_claims
from fxyd3.paths import book_file, book_root
from fxyd3.rerun.chapters import CHAPTERS
from fxyd3.rerun.report import book_files

assert book_root().name == "_book"
assert len(load_claims()) == 9
assert all(path.is_file() for path in book_files())
assert all(chapter.notebook.is_file() for chapter in CHAPTERS.values())
assert book_file("benchmarks", "results.json").is_file()
"""
    clean = os.environ | {"PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
