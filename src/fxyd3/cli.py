"""The command line: ``fxyd3 run``, ``fxyd3 check``, ``fxyd3 data``. Everything heavy is imported when it is needed."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from fxyd3.errors import InputError
from fxyd3.files import read_yaml

app = typer.Typer(
    help="Test the claims about FXYD3 and ancestral breast cancer stem cells, on data you can change.\n\n"
    "Read: `fxyd3 run --data twin` makes the published book. "
    "Rerun: `fxyd3 check FILE`, then `fxyd3 run --data FILE`. "
    "Teach: the chapters are notebooks with exercises.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
catalogue = typer.Typer(
    help="Public data sets (list, get, verify), the simulated one (twin), and templates for your own tables.",
    no_args_is_help=True,
)
app.add_typer(catalogue, name="data")

Genes = Annotated[
    str | None, typer.Option(help="Table of gene ids and symbols (and, if it has them, previous symbols).")
]
Obs = Annotated[str | None, typer.Option(help="Table of cell annotations, joined by cell name.")]
Select = Annotated[str | None, typer.Option(help="Which cells to use: an expression on the annotations.")]
Wells = Annotated[str | None, typer.Option(help="Limiting-dilution table.")]
Flow = Annotated[str | None, typer.Option(help="Sample sheet of FCS files, or their folder.")]
Kill = Annotated[str | None, typer.Option(help="Time-kill table.")]
Barcodes = Annotated[str | None, typer.Option(help="Table of lineage barcodes.")]
Plates = Annotated[str | None, typer.Option(help="Table of viability plates.")]
Combination = Annotated[str | None, typer.Option(help="Two-drug table.")]
Orders = Annotated[str | None, typer.Option(help="Table of dosing orders.")]
Role = Annotated[str | None, typer.Option(help="Column with this role; guessed by its name if not given.")]


@app.command()
def run(
    config: Annotated[
        Path | None, typer.Argument(help="YAML file of parameters; options given here come first.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            help='"twin", a catalogue name, a file or folder, several times for several files; "none": no cells.'
        ),
    ] = None,
    wells: Wells = None,
    flow: Flow = None,
    kill: Kill = None,
    barcodes: Barcodes = None,
    plates: Plates = None,
    layout: Annotated[
        str | None, typer.Option(help="Layout of the plates; then --plates names the reader's raw files.")
    ] = None,
    combination: Combination = None,
    orders: Orders = None,
    contrasts: Annotated[
        str | None, typer.Option(help="Table of differential expression, drug against none, of other models.")
    ] = None,
    out: Annotated[str | None, typer.Option(help="Run folder; runs/ and the name of the data if not given.")] = None,
    select: Select = None,
    genes: Genes = None,
    obs: Obs = None,
    patient: Role = None,
    sample: Role = None,
    batch: Role = None,
    condition: Role = None,
    fraction: Role = None,
    cell_type: Role = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every random step.")] = None,
    cores: Annotated[int | None, typer.Option(help="Processes at once.")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="Any chapter parameter, as NAME=VALUE.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and say what would run.")] = False,
) -> None:
    """Run the chapters on some data and build their book."""
    from fxyd3 import rerun

    options = {
        "data": ",".join(data) if data else None, "wells": wells, "flow": flow, "kill": kill, "barcodes": barcodes,
        "plates": plates, "layout": layout, "combination": combination, "orders": orders, "contrasts": contrasts,
        "out": out, "select": select, "genes": genes, "obs": obs, "patient": patient, "sample": sample, "batch": batch,
        "condition": condition, "fraction": fraction, "cell_type": cell_type, "seed": seed, "cores": cores,
    }  # fmt: skip
    values = _from_file(config) | _from_pairs(parameter or []) | {k: v for k, v in options.items() if v is not None}
    try:
        outcome = rerun.run(values, where=str(config) if config else "", dry=dry_run)
    except KeyboardInterrupt:
        print("\nfxyd3: stopped. The same command goes on where this one was.", file=sys.stderr)
        raise typer.Exit(130) from None
    for step, error in outcome.errors.items():
        print(f"fxyd3: {step} {error}", file=sys.stderr)
    if dry_run:
        return
    from fxyd3.rerun.report import html

    if html(outcome.out).is_file():
        print(f"The book: {html(outcome.out)}\nOpen it in a browser" + _serving(outcome.out))
    if outcome.errors:
        raise typer.Exit(2 if outcome.bad_input else 1)


@app.command()
def check(
    file: Annotated[
        list[str] | None, typer.Argument(help="The data: a file or folder, or several; none for assay tables alone.")
    ] = None,
    wells: Wells = None,
    flow: Flow = None,
    kill: Kill = None,
    barcodes: Barcodes = None,
    plates: Plates = None,
    combination: Combination = None,
    orders: Orders = None,
    select: Select = None,
    genes: Genes = None,
    obs: Obs = None,
    patient: Role = None,
    sample: Role = None,
    batch: Role = None,
    condition: Role = None,
    fraction: Role = None,
    cell_type: Role = None,
    unsorted: Annotated[str, typer.Option(help="Level of the fraction column that was not sorted.")] = "unsorted",
    enriched: Annotated[bool, typer.Option(help="All cells come from an NRP1 or IGF1R sort.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Say whether data fit: what was recognised, what was mended, what is wrong, and which claims can be tested."""
    from fxyd3.rerun.check import check as examine
    from fxyd3.rerun.check import show

    given = {"patient": patient, "sample": sample, "batch": batch, "condition": condition, "fraction": fraction,
             "cell_type": cell_type}  # fmt: skip
    roles = {k: v for k, v in given.items() if v}
    own = {"limiting_dilution": wells, "cell_sort": flow, "time_kill": kill, "lineage_barcodes": barcodes,
           "viability_plates": plates, "two_drugs": combination, "dosing_order": orders}  # fmt: skip
    tables = {name: path for name, path in own.items() if path}
    if not (file or tables):
        raise InputError(
            "There is nothing to check: name a file or folder, or a table with --wells, --flow, --kill, --barcodes, "
            "--plates, --combination or --orders."
        )
    result = examine(
        ",".join(file or []), tables=tables, genes=genes or "", obs=obs or "", roles=roles, select=select or "",
        unsorted=unsorted, enriched=enriched,
    )  # fmt: skip
    if as_json:
        print(json.dumps(result, indent=1, ensure_ascii=False))
    else:
        show(result)
    if not result["fits"]:
        raise typer.Exit(2)


@catalogue.command("list")
def list_() -> None:
    """List the public data sets that the book knows."""
    from rich.console import Console
    from rich.table import Table

    from fxyd3.data.catalogue import entries

    table = Table("name", "what it stands for", "accession", "DOI", "licence", "here")
    for entry in entries().values():
        table.add_row(*map(str, entry.row()))
    Console().print(table)


@catalogue.command()
def get(name: Annotated[str, typer.Argument(help="A name that `fxyd3 data list` shows.")]) -> None:
    """Download one data set into the cache, checked."""
    from fxyd3.data.catalogue import get as fetch

    print(fetch(name))


@catalogue.command()
def verify(name: Annotated[str | None, typer.Argument(help="One data set; all if not given.")] = None) -> None:
    """Check the files in the cache against their hashes."""
    from rich.console import Console
    from rich.table import Table

    from fxyd3.data.catalogue import verify as check_files

    rows = check_files(name)
    table = Table("data set", "file", "state", "compared with", "sha256")
    for row in rows:
        table.add_row(row["name"], row["file"], row["state"], row["against"] or "nothing", row["sha256"])
    Console().print(table if rows else "Nothing is in the cache yet: fxyd3 data get NAME brings something.")
    if any(row["state"] == "changed" for row in rows):
        raise InputError("A file has changed since its hash was taken: delete it and get it again.")


@catalogue.command()
def twin(
    folder: Annotated[Path, typer.Argument(help="Where to write; made if it is not there.")],
    size: Annotated[str, typer.Option(help="tiny, book, atlas, or a number of cells.")] = "book",
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    null: Annotated[bool, typer.Option("--null", help="Plant nothing.")] = False,
    effect: Annotated[
        list[str] | None, typer.Option(help="A planted effect, as a multiple of its default: C4=0.5.")
    ] = None,
    patients: Annotated[int, typer.Option(help="Number of patients.")] = 6,
    processes: Annotated[int, typer.Option(help="How many draw at once.")] = 1,
) -> None:
    """Write the simulated study as files with their truth: cells, wells, FCS files, plates, curves, barcodes, times."""
    from fxyd3.data.simulate import write_study

    cells = int(size) if size.isdecimal() else size
    paths = write_study(
        folder, cells, seed=seed, null=null, effect=_from_pairs(effect or [], option="--effect"), patients=patients,
        processes=processes,
    )  # fmt: skip
    print(f"Simulated, every file: {folder}")
    for path in paths:
        print(f"  {path.name}")


@catalogue.command()
def templates(
    folder: Annotated[Path, typer.Argument(help="Where to write; made if it is not there.")],
) -> None:
    """Copy the tables to start from: wells, FCS files, curves, barcodes, plates, drug pairs, annotations of cells."""
    import shutil

    from fxyd3.data.assays import templates as shipped

    folder.mkdir(parents=True, exist_ok=True)
    there = [path.name for path in shipped() if (folder / path.name).exists()]
    if there:
        raise InputError(f"{folder} already holds {', '.join(there)}: choose another folder.")
    for path in shipped():
        print(shutil.copyfile(path, folder / path.name))


def _from_file(config: Path | None) -> dict[str, Any]:
    if config is None:
        return {}
    values = read_yaml(config, what="parameter file")
    if isinstance(values.get("data"), list):
        values["data"] = ",".join(map(str, values["data"]))
    return values


def _from_pairs(pairs: list[str], option: str = "--parameter") -> dict[str, Any]:
    import yaml

    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"{option} '{pair}' must have the form NAME=VALUE.")
        values[name.strip()] = yaml.safe_load(value)
    return values


def _serving(out: Path) -> str:
    return f", or serve it: python -m http.server -d {out / 'book' / '_build' / 'html'}"


def main() -> None:
    """Run the command line; bad input ends with one sentence and exit code 2."""
    try:
        app()
    except InputError as error:
        print(f"fxyd3: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except OSError as error:
        print(f"fxyd3: {error.strerror or error}{f': {error.filename}' if error.filename else ''}.", file=sys.stderr)
        raise SystemExit(2) from None
