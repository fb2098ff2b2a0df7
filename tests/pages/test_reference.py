"""The reference: every public name, option, column and key is described, and each type leads somewhere."""

import ast
import csv
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from pandas.api.types import is_numeric_dtype
from tests.conftest import Fxyd3

import fxyd3 as package
from fxyd3.data.assays import templates
from fxyd3.pages import commands, docstrings, links, reference, tables
from fxyd3.rerun.parameters import RunParameters


def thing(full: str) -> Any:
    home, _, name = full.rpartition(".")
    return getattr(import_module(home), name)


NAMES = {f"fxyd3.{each}": import_module(f"fxyd3.{each}").__all__ for each in reference.PACKAGES}
FUNCTIONS = [f"{home}.{name}" for home in NAMES for name in NAMES[home] if inspect.isroutine(thing(f"{home}.{name}"))]
SMALL = """
extensions = ["myst_parser", "fxyd3.pages.reference"]
exclude_patterns = ["chapters/reference/bibliography.md", "chapters/reference/glossary.md"]
smartquotes = False
"""


def described(text: str) -> dict[str, set[str]]:
    """What the first columns of a page's tables name in backquotes, by heading."""
    sections = re.split(r"(?m)^##+ ", text)[1:]
    return {part.splitlines()[0].strip("`"): set(re.findall(r"(?m)^\| `([^|]+)` \|", part)) for part in sections}


# --- names


def test_every_package_with_public_names_has_a_page() -> None:
    found = {each.name for each in pkgutil.walk_packages(package.__path__, "fxyd3.") if each.ispkg}
    assert {name for name in found if hasattr(import_module(name), "__all__")} == NAMES.keys()


@pytest.mark.parametrize("home", NAMES)
def test_the_page_of_a_package_holds_all_its_names_and_no_others(home: str) -> None:
    page = reference.api(home)
    told = re.findall(rf"(?m)^\.\. (?:autoclass|autofunction|py:data):: (?:{re.escape(home)}\.)?([A-Za-z]\w*)$", page)
    assert sorted(told) == sorted(NAMES[home])
    glance = re.findall(r"\* - :py:obj:`(\w+) <[\w.]+>`\n +- (.*)", page)
    assert sorted(name for name, _ in glance) == sorted(NAMES[home])
    assert all(said.strip() for _, said in glance)


@pytest.mark.parametrize("full", FUNCTIONS)
def test_a_docstring_says_what_a_function_does_and_names_what_it_takes(full: str) -> None:
    from numpydoc.docscrape import NumpyDocString

    told = inspect.getdoc(thing(full)) or ""
    lines = told.splitlines()
    docstrings.cut(lines, docstrings.ASIDE)
    found = NumpyDocString("\n".join(lines))
    taken = inspect.signature(thing(full)).parameters
    listed = {name.strip().lstrip("*") for each in found["Parameters"] for name in each.name.split(",")}
    assert "".join(found["Summary"])
    assert listed <= taken.keys()
    if listed:
        code = " ".join(re.findall(r"``(.+?)``", told))
        assert all(name in listed or re.search(rf"\b{name}\b", code) for name in taken)


# --- docstrings as numpydoc gets them


class Hook:
    """As much of Sphinx as the hooks on docstrings use."""

    def __init__(self) -> None:
        self.env = self
        self.temp_data: dict[str, list[str]] = {}


def example(value: int) -> list[int]:
    """Return it; see `fxyd3.cells.qc` and `fxyd3.nowhere.else`.

    Returns
    -------
    It, in a list; the list
    has one element.

    Notes
    -----
    One note.

    When not to use: where a list is
    not wanted.

    When not to use
    ---------------
    Ever.

    References
    ----------
    None.
    """
    return [value]


def test_a_docstring_is_brought_into_the_form_that_numpydoc_knows() -> None:
    lines, app = (inspect.getdoc(example) or "").splitlines(), Hook()
    docstrings.prepare(app, "function", "example", example, None, lines)  # type: ignore[arg-type]
    text = "\n".join(lines)
    assert ":py:obj:`fxyd3.cells.qc` and `fxyd3.nowhere.else`" in text
    assert "-------\nlist[int]\n    It, in a list; the list\n    has one element.\n" in text
    assert "Notes\n-----\nOne note.\n" in text
    assert "When not to use" not in text
    written = ["Summary", "", ".. rubric:: References", "", "None."]
    docstrings.put_back(app, "function", "example", example, None, written)  # type: ignore[arg-type]
    told = [line for line in written if line]
    assert told == ["Summary", ".. rubric:: When not to use", "Ever.", "Where a list is", "not wanted.",
                    ".. rubric:: References", "None."]  # fmt: skip


def test_a_typed_value_and_a_docstring_without_sections_stay_as_they_are() -> None:
    for lines in (["Do it."], ["Do it.", "", "Returns", "-------", "int", "    The number."]):
        kept = list(lines)
        docstrings.prepare(Hook(), "function", "f", example, None, kept)  # type: ignore[arg-type]
        assert kept == lines


# --- types


def test_types_of_other_projects_lead_to_their_documentation() -> None:
    hosts = {"numpy.org", "pandas.pydata.org", "anndata.readthedocs.io", "matplotlib.org", "docs.python.org"}
    found = {name: re.fullmatch(r"https://([\w.]+)/.*#(.+)", links.address(name)) for name in links.SHORT}
    assert {name: match and match[2] for name, match in found.items()} == links.SHORT
    assert {match[1] for match in found.values() if match} == hosts
    assert links.address("pandas.core.frame.DataFrame") == links.address("pd.DataFrame") == links.address("DataFrame")
    assert links.address("numpy.float64").endswith("arrays.scalars.html#numpy.float64")
    assert links.address("nobody.DataFrame") == links.address("Nothing") == links.address("fxyd3.cells.qc") == ""


def test_a_signature_names_array_types() -> None:
    from numpy.typing import ArrayLike, NDArray
    from sphinx.util.typing import stringify_annotation

    spelt = stringify_annotation(ArrayLike, "smart"), stringify_annotation(NDArray[Any], "smart")
    assert docstrings.shortened(f"(x: {spelt[0]} | None, y: {spelt[1]} = <factory>)") == (
        "(x: ~numpy.typing.ArrayLike | None, y: ~numpy.typing.NDArray[~typing.Any] = ...)"
    )


# --- the command line


def test_the_page_of_the_command_line_says_what_the_program_says(fxyd3: Fxyd3) -> None:
    page = commands.page()
    sections = dict(part.split("`\n", 1) for part in page.split("## `")[1:])
    for name, section in sections.items():
        said = fxyd3(*name.split()[1:], "--help").stdout
        options = {word for line in re.findall(r"(?m)^  (-.*?)(?:  |$)", said) for word in re.findall(r"-[\w-]+", line)}
        names = [line.split()[0].rstrip(".") for line in re.findall(r"(?ms)^Arguments:\n(.*?)\n\n", said + "\n\n")]
        rows = re.findall(r"(?m)^\| (`.+?) \|", section.split("## Parameters")[0])
        told = {word for row in rows for word in re.findall(r"`([^`]+)`", row)}
        assert {word for word in told if word.startswith("-")} == options - {"--help"}, name
        assert {word for word in told if not word.startswith("-")} >= {name.upper() for name in names}, name
        for value in re.findall(r"\[default:\s+([^\]]+)\]", said):
            assert re.search(rf"\| `(?:--)?{re.escape(value)}` \|", section), name
    listed = set(re.findall(r"(?m)^  (\w+) ", fxyd3("--help").stdout.split("Commands:")[1]))
    assert {name.split()[1] for name in sections} == listed


def test_every_option_is_explained() -> None:
    for name, command in commands.commands():
        assert command.help, name
        assert all(each.help for each in command.params), name


def test_the_exit_codes_are_those_of_the_program(root: Path) -> None:
    calls = [
        call
        for call in ast.walk(ast.parse((root / "src" / "fxyd3" / "cli.py").read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("typer.Exit", "SystemExit")
    ]
    codes = {n.value for call in calls for n in ast.walk(call) if isinstance(n, ast.Constant)}
    page = (root / "chapters" / "reference" / "cli.md").read_text()
    assert set(map(int, re.findall(r"(?m)^\| `(\d+)` \|", page))) == codes | {0}


def test_every_parameter_of_a_run_is_listed_with_its_default_and_range() -> None:
    rows = {row[0].split("`")[1]: row for row in csv.reader(commands.parameters().splitlines()[2:], delimiter="|")
            for row in [[cell.strip() for cell in row[1:-1]]]}  # fmt: skip
    assert rows.keys() == RunParameters.model_fields.keys()
    assert rows["max_mito"][1:4] == ["number, above 0 to 100", "`20.0`", "cells"]
    assert rows["remove_doublets"][1:3] == ["true or false", "`true`"]
    assert rows["wells"][:4] == ["`wells`, `--wells`", "text", "–", "enrichment"]
    assert (rows["seed"][3], rows["cores"][3]) == ("all", "the run")


# --- tables and files


def test_every_column_of_every_template_is_described() -> None:
    page = {heading.partition(".csv")[0]: columns for heading, columns in described(tables.page()).items()}
    for path in templates():
        if path.suffix == ".csv":
            with path.open() as handle:
                assert page[path.stem] == set(next(csv.reader(handle))), path.name


def test_columns_that_hold_numbers_have_a_unit_and_no_others() -> None:
    columns = [(name, what) for schema in tables.schemas().values() for name, what in schema.columns.items()]
    numbers = {name for name, what in columns if what.dtype and is_numeric_dtype(what.dtype.type)}
    assert numbers == tables.UNITS.keys()


def leaves(content: Any, before: str = "") -> Iterator[str]:
    """Yield the paths to all that is no dictionary, or an empty one."""
    if isinstance(content, Mapping) and content:
        for key, value in content.items():
            yield from leaves(value, f"{before}.{key}" if before else str(key))
    else:
        yield before


def inside(paths: set[str], keys: set[str]) -> tuple[set[str], set[str]]:
    """The paths that no key covers, and the keys that no path has."""
    covers = {path: {key for key in keys if path == key or path.startswith(f"{key}.")} for path in paths}
    return {path for path, by in covers.items() if not by}, keys - {key for by in covers.values() for key in by}


def h5ad(path: Path) -> set[str]:
    """The keys of a stage file, those of ``uns`` two deep."""
    import anndata

    adata = anndata.read_h5ad(path)
    frames = {"obs": adata.obs, "var": adata.var, "obsm": adata.obsm, "varm": adata.varm, "obsp": adata.obsp,
              "layers": adata.layers}  # fmt: skip
    keys = {f'{name}["{key}"]' for name, frame in frames.items() for key in frame}
    for key, value in adata.uns.items():
        keys |= {f'uns["{key}"]["{each}"]' for each in value} if isinstance(value, Mapping) else {f'uns["{key}"]'}
    return {re.sub(r"truth_log2fc_[\w-]+", "truth_log2fc_STATE", key) for key in keys}


@pytest.fixture(scope="module")
def keys(root: Path) -> dict[str, set[str]]:
    """What the page says is in the files of a run."""
    return described((root / "chapters" / "reference" / "data.md").read_text(encoding="utf-8"))


@pytest.mark.book
@pytest.mark.slow
def test_every_key_of_the_stages_is_described_and_there(keys: dict[str, set[str]], published: Path) -> None:
    study = h5ad(published / "stages" / "study.h5ad")
    assert study == keys["stages/study.h5ad"]
    cells = h5ad(published / "stages" / "cells.h5ad")
    assert study <= cells
    assert cells - study == keys["stages/cells.h5ad"]


@pytest.mark.book
@pytest.mark.slow
def test_every_key_of_the_other_files_is_described_and_there(keys: dict[str, set[str]], published: Path) -> None:
    assays = {path.stem for path in (published / "stages").glob("*.json")} - {"study", "cells"}
    files = {
        "stages/study.json": ["stages/study.json"],
        "stages/cells.json": ["stages/cells.json"],
        "stages/ASSAY.json": [f"stages/{name}.json" for name in assays],
        "evidence/CLAIM.json": sorted(path.relative_to(published) for path in published.glob("evidence/*.json")),
        "provenance.json": ["provenance.json"],
        "plan.json": ["plan.json"],
        "status/STEP.json": sorted(path.relative_to(published) for path in published.glob("status/**/*.json")),
    }
    for name, paths in files.items():
        found = {leaf for path in paths for leaf in leaves(json.loads((published / path).read_text()))}
        assert inside(found, keys[name]) == (set(), set()), name
    rows = json.loads((published / "ledger.json").read_text())
    own = {key for row in rows for key in row} - {key.partition(".")[0] for key in keys["evidence/CLAIM.json"]}
    assert own == keys["ledger.json"]


@pytest.mark.book
@pytest.mark.slow
def test_every_file_of_a_run_is_described_and_there(keys: dict[str, set[str]], published: Path) -> None:
    there = {f"{path.name}{'/' * path.is_dir()}" for path in published.iterdir() if not path.name.startswith(".")}
    assert there == keys["The folder of a run"]


# --- the pages as they are built


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference in a book of its own: without a run, but with every warning an error."""
    book = tmp_path_factory.mktemp("reference")
    pages = book / "chapters" / "reference"
    (pages / "api").mkdir(parents=True)
    names = [name.removeprefix("chapters/") for name in reference.pages()]
    for name in names:
        text = (root / "chapters" / f"{name}.md").read_text(encoding="utf-8")
        (book / "chapters" / f"{name}.md").write_text(text.replace("(../rerun.md)", "(cli.md)"), encoding="utf-8")
    (book / "conf.py").write_text(SMALL)
    (book / "index.md").write_text("# Index\n\n```{toctree}\n" + "\n".join(f"chapters/{n}" for n in names) + "\n```\n")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-b",
        "html",
        "-n",
        "-W",
        "--keep-going",
        "-q",
        str(book),
        str(book / "html"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "UserWarning" not in done.stderr
    return book / "html" / "chapters" / "reference"


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def entry(page: BeautifulSoup, name: str) -> Tag:
    """What a page says of a name."""
    found = page.find(id=name)
    assert found is not None
    assert found.parent is not None
    return found.parent


@pytest.mark.slow
@pytest.mark.parametrize("home", NAMES)
def test_every_public_name_has_an_anchor_and_no_section_is_raw(built: Path, home: str) -> None:
    page = soup(built / "api" / f"{home.removeprefix('fxyd3.')}.html")
    assert not [name for name in NAMES[home] if page.find(id=f"{home}.{name}") is None]
    for code in page.select("pre"):
        code.decompose()
    text = page.get_text()
    assert not re.search(r"(?m)^-{3,}$", text)
    assert not re.search(r":(?:py:)?(?:obj|class|func|meth|attr|data):", text)
    assert "~" not in "".join(each.get_text() for each in page.select("dt.sig"))
    assert not page.select(".problematic, .system-message")


@pytest.mark.slow
def test_the_parts_of_a_docstring_stand_in_their_order(built: Path) -> None:
    shown = entry(soup(built / "api" / "tolerance.html"), "fxyd3.tolerance.read_contrasts").get_text()
    parts = ["Parameters", "Returns", "Raises", "When not to use", "References"]
    places = [shown.index(part) for part in parts]
    assert places == sorted(places)


@pytest.mark.slow
def test_types_link_within_the_reference_and_beyond(built: Path) -> None:
    page = soup(built / "api" / "enrichment.html")
    inside = {str(link["href"]) for link in entry(page, "fxyd3.enrichment.elda").select("dt.sig a[href], dt > a[href]")}
    assert "#fxyd3.enrichment.Elda" in inside
    assert links.address("DataFrame") in inside
    assert "../api.html#fxyd3.errors.InputError" in inside
    evidence = entry(page, "fxyd3.enrichment.evidence_enrichment").select("dt.sig a.internal")
    assert "claims.html#fxyd3.claims.Evidence" in {str(link["href"]) for link in evidence}
    plots = entry(soup(built / "api" / "plots.html"), "fxyd3.plots.edge_effect").select("dt.sig a.internal")
    assert "rescue.html#fxyd3.rescue.Normalised" in {str(link["href"]) for link in plots}


@pytest.mark.slow
def test_links_within_the_reference_lead_somewhere(built: Path) -> None:
    pages = {path: soup(path) for path in built.rglob("*.html")}
    anchors = {path: {str(tag["id"]) for tag in page.find_all(id=True)} for path, page in pages.items()}
    for path, page in pages.items():
        for link in page.select("a.reference.internal[href*='#']"):
            file, _, anchor = str(link["href"]).partition("#")
            target = (path.parent / file).resolve() if file else path
            assert not anchor or anchor in anchors.get(target, {anchor}), f"{path.name}: {link['href']}"


@pytest.mark.book
@pytest.mark.slow
def test_the_book_holds_every_public_name_on_pages_that_are_not_heavy(published: Path) -> None:
    folder = published / "book" / "_build" / "html" / "chapters" / "reference"
    for home, names in NAMES.items():
        path = folder / "api" / f"{home.removeprefix('fxyd3.')}.html"
        page = path.read_text(encoding="utf-8")
        assert not [name for name in names if f'id="{home}.{name}"' not in page]
    assert all(path.stat().st_size < 500_000 for path in folder.rglob("*.html"))
