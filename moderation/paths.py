"""Find the package's own folders, and the folder in which this machine keeps its state."""

import os
from importlib.resources import files
from pathlib import Path

import platformdirs

PACKAGE = Path(str(files("moderation")))
# In an installed package, `models` and `data` are inside it. In a checkout they are next to it.
_INSTALLED = (PACKAGE / "models").is_dir()
_ROOT = PACKAGE if _INSTALLED else PACKAGE.parent

MODELS = _ROOT / "models"
DATA = _ROOT / "data"

HOME = "MODERATION_HOME"
RECORD = "record.sqlite"
SPOOL = "spool"
PERSPECTIVE = "perspective.jsonl"
MOVED = "moved-to.txt"  # in a folder `var` whose state was moved: the path of the new folder


class HomeError(ValueError):
    """There is no usable state directory. The message names `MODERATION_HOME`."""


def home(named: Path | str | None = None) -> Path:
    """Return the state directory: the record, promoted models, and what is measured with them.

    `named`, or else the environment variable `MODERATION_HOME`, is its path. Otherwise it is a
    folder `var` in which an earlier version kept a record, or else the platform's folder for a
    user's data. The folder may not exist yet. Raises `HomeError` if the path is not absolute,
    because it must not depend on the current folder, and if there are two records to choose from.
    """
    folder = state_home(named)
    if named or os.environ.get(HOME):
        return folder
    for var in old_homes():
        if (var / MOVED).is_file():
            return Path((var / MOVED).read_text("utf-8").strip())
        if _holds_record(var):
            if _holds_record(folder):
                raise HomeError(
                    f"{HOME}: there is a record in {folder} and another in {var}: name the one to "
                    "use, or rename the folder that you do not need"
                )
            return var
    return folder


def state_home(named: Path | str | None = None) -> Path:
    """Return the state directory, even if an earlier version kept a record in a folder `var`.

    Raises `HomeError` as `home` does.
    """
    if named := named or os.environ.get(HOME):
        folder = Path(named).expanduser()
        if not folder.is_absolute():
            raise HomeError(f"{HOME}: must be an absolute path, not {named}")
        return folder
    folder = platformdirs.user_data_path("house-rules", appauthor=False)
    if not folder.is_absolute():
        raise HomeError(f"{HOME}: is missing, and this user has no home folder")
    return folder


def old_homes() -> list[Path]:
    """Return where earlier versions kept a record: `var` in the checkout and the current folder."""
    checkout = [] if _INSTALLED else [_ROOT / "var"]
    return list(dict.fromkeys([*checkout, Path.cwd() / "var"]))


def _holds_record(var: Path) -> bool:
    """Return whether `var` has a record, or decisions that wait for one."""
    return any((var / name).is_file() for name in (RECORD, f"{SPOOL}/.lock"))


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
