"""Numbers of the clinic that this book quotes, each with its source and how far it was checked."""

from typing import TYPE_CHECKING

from fxyd3.paths import book_file

if TYPE_CHECKING:
    import pandas as pd


def clinical_numbers() -> "pd.DataFrame":
    """Return the published numbers on neoadjuvant therapy and residual disease that stand in ``data/clinical.csv``.

    Returns
    -------
    DataFrame
        One row per number: about (study or question), group, quantity, value (as printed), unit, lower and upper (95%
        interval where the source gives one), patients (as printed), source, checked (what was read: the source, its
        abstract or opening, or a secondary source). Empty cells are empty text.

    When not to use
    ---------------
    To decide on a treatment. Numbers from a secondary source need to be looked up in the study itself.

    Examples
    --------
    >>> from fxyd3.background import clinical_numbers
    >>> found = clinical_numbers()
    >>> found.loc[found["quantity"] == "event-free at 7 years", ["group", "value"]].head(2)
                                                   group value
    7  pembrolizumab and chemotherapy; complete response  90.4
    8                    chemotherapy; complete response  85.9
    """
    import pandas as pd

    return pd.read_csv(book_file("data", "clinical.csv"), dtype=str, keep_default_na=False)
