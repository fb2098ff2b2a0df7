"""``python -m fxyd3`` is the command ``fxyd3``."""

from fxyd3.cli import main

main()
