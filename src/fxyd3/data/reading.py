"""What goes wrong when a file is read, in plain words."""

import gzip
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fxyd3.data.report import DataError, nearest
from fxyd3.errors import InputError


def exists(path: Path) -> bool:
    """Tell whether there is such a file or folder; a name that no file can have is none."""
    try:
        return path.exists()
    except OSError:
        return False


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Turn whatever a library says about a file into one sentence."""
    again = "fetch or export it again"
    if not exists(path):
        near = nearest(path.name, [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else [])
        raise DataError(f"There is no file {path}{near}", "check its name and folder")
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(f"{path.name} is empty", again)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # names that repeat, old formats: the contract says it in plain words
            yield
    except InputError:
        raise
    except PermissionError:
        raise DataError(f"{path} may not be read", "give yourself the permission to read it") from None
    except UnicodeDecodeError:
        raise DataError(
            f"{path.name} is not text in UTF-8", "save it as a UTF-8 text, or rename it to what it is"
        ) from None
    except gzip.BadGzipFile:
        raise DataError(f"{path.name} is not packed with gzip, as its name says, or is damaged", again) from None
    except (EOFError, zlib.error):
        raise DataError(f"{path.name} is cut short or damaged", again) from None
    except MemoryError:
        raise DataError(
            f"{path.name} does not fit into memory, or its header is wrong about its size",
            "check its first lines, or use fewer cells",
        ) from None
    except Exception as error:  # readers raise anything at all on a file that is not what it says
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(f"{path.name} cannot be read as a {what} ({said[0].rstrip('.')})", again) from error
