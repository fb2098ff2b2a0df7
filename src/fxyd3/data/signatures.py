"""Published gene sets."""

from fxyd3.data.report import nearest
from fxyd3.errors import InputError
from fxyd3.paths import book_file


def gene_set(name: str) -> tuple[str, ...]:
    """Return the genes of a published set in ``data/signatures.gmt``.

    Raises
    ------
    InputError
        If no set has this name; gives the names there are.
    """
    sets = {
        row[0]: tuple(row[2:])
        for row in (line.split("\t") for line in book_file("data", "signatures.gmt").read_text().splitlines())
    }
    if name not in sets:
        raise InputError(
            f"There is no gene set '{name}'{nearest(name, sets)} in data/signatures.gmt: "
            f"choose one of {', '.join(sets)}."
        )
    return sets[name]
