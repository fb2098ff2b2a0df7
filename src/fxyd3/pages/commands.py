"""The page on the command line, written from the program: what can be said to it, and what a run can be told."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args, get_type_hints

KINDS = {int: "number", float: "number", Path: "path", str: "text", bool: "true or false"}


def page() -> str:
    """Return the page in MyST, below its title: each command with its options, then the parameters of a run."""
    parts = [described(name, command) for name, command in commands()]
    return "\n\n".join([*parts, "## Parameters of a run", PARAMETERS, parameters()]) + "\n"


PARAMETERS = """\
Each can be given as `-p NAME=VALUE`, or as a line of the YAML file that `fxyd3 run FILE` takes; those that have an
option of their own are marked. A misspelt name or a value out of range stops the run before it begins."""


def commands() -> list[tuple[str, Any]]:
    """Return the commands of the program by their full names, such as ``fxyd3 data get``."""
    from typer.main import get_command

    from fxyd3.cli import app

    return list(inside("fxyd3", get_command(app)))


def inside(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield the commands below a command; one that only holds others is no command itself."""
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
    else:
        for word, each in below.items():
            yield from inside(f"{name} {word}", each)


def described(name: str, command: Any) -> str:
    """Return the section of a command: what it does, how it is called, and a table of what it takes."""
    taken = [each for each in command.params if each.name != "help"]
    rows = [(spelt(each), value(each, command), default(each), each.help or "") for each in taken]
    table = pipes(("Argument or option", "Value", "Default", "What it says"), rows) if rows else "It takes no options."
    return "\n\n".join([f"## `{name}`", command.help, f"```text\n{usage(name, taken)}\n```", table])


def usage(name: str, taken: list[Any]) -> str:
    """Return how a command is called, with brackets around what may be left out."""
    arguments = [each for each in taken if each.param_type_name == "argument"]
    words = ["[OPTIONS]"] * (len(arguments) < len(taken))
    words += [each.name.upper() if each.required else f"[{each.name.upper()}]" for each in arguments]
    return " ".join([name, *words]) + ("..." if arguments and arguments[-1].nargs == -1 else "")


def spelt(parameter: Any) -> str:
    """Return how an option is written, or the name of an argument."""
    option = parameter.param_type_name == "option"
    names = [*parameter.opts, *parameter.secondary_opts] if option else [parameter.name.upper()]
    return ", ".join(f"`{name}`" for name in names)


def value(parameter: Any, command: Any) -> str:
    """Return what follows an option or stands for an argument: ``text``, ``path``, ``number``; nothing for a flag."""
    said = get_type_hints(command.callback)[parameter.name]
    if said is bool:
        return "–"
    flat = [part for each in (get_args(said) or [said]) for part in (get_args(each) or [each])]
    many = parameter.nargs == -1 or getattr(parameter, "multiple", False)
    return next(KINDS[part] for part in flat if part in KINDS) + (", several times" if many else "")


def default(parameter: Any) -> str:
    """Return the value that holds when nothing is said."""
    if parameter.required:
        return "needed"
    if parameter.secondary_opts and parameter.default is False:
        return f"`{parameter.secondary_opts[0]}`"
    return "–" if parameter.default is None or parameter.default is False else f"`{parameter.default}`"


def parameters() -> str:
    """Return the table of the parameters of a run, from the models that check them."""
    from fxyd3.rerun.chapters import CHAPTERS
    from fxyd3.rerun.parameters import RunParameters

    options = {each.name for name, command in commands() if name == "fxyd3 run" for each in command.params}
    rows = []
    for name, field in sorted(RunParameters.model_fields.items()):
        asking = [each.slug for each in CHAPTERS.values() if name in each.parameters.model_fields]
        where = "the run" if not asking else "all" if len(asking) == len(CHAPTERS) else ", ".join(asking)
        shown = f"`{json.dumps(field.default)}`".replace('"', "") if field.default != "" else "–"
        option = f", `--{name.replace('_', '-')}`" if name in options else ""
        kind = next((word for known, word in KINDS.items() if known is field.annotation), "text")
        rows.append((f"`{name}`{option}", f"{kind}{bounds(field)}", shown, where, field.description or ""))
    return pipes(("Parameter", "Value", "Default", "Chapter", "What it says"), rows)


def bounds(field: Any) -> str:
    """Return the range of a number, as ``, from 0 to 100``."""
    limits = {
        word: getattr(each, name)
        for each in field.metadata
        for name, word in (("ge", "from"), ("gt", "above"), ("le", "to"), ("lt", "below"))
        if getattr(each, name, None) is not None
    }
    return "".join(f"{',' if i == 0 else ''} {word} {limit:,}" for i, (word, limit) in enumerate(limits.items()))


def pipes(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table in MyST."""
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
