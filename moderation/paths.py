"""The folders of the files that are shipped with the package: models and data."""

from pathlib import Path

PACKAGE = Path(__file__).parent
_ROOT = PACKAGE.parent

MODELS = _ROOT / "models"
DATA = _ROOT / "data"
