"""Find the package's own folders: its code, and the models and data that are shipped with it."""

from importlib.resources import files
from pathlib import Path

PACKAGE = Path(str(files("moderation")))
# In an installed package, `models` and `data` are inside it. In a checkout they are next to it.
_ROOT = PACKAGE if (PACKAGE / "models").is_dir() else PACKAGE.parent

MODELS = _ROOT / "models"
DATA = _ROOT / "data"


def sources() -> list[Path]:
    """Return the files of the library's code and word lists, in a fixed order.

    The shipped models and data are not among them, so an installed package and a checkout of the
    same version have the same sources.

    >>> {path.suffix for path in sources()} == {".py", ".toml"}
    True
    """
    shipped = (PACKAGE / "models", PACKAGE / "data")
    return sorted(
        path
        for path in PACKAGE.rglob("*")
        if path.suffix in (".py", ".toml") and not any(map(path.is_relative_to, shipped))
    )
