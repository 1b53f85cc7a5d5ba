"""Where the files are that come with the package: models and data."""

from pathlib import Path

_ROOT = Path(__file__).parents[1]

MODELS = _ROOT / "models"
DATA = _ROOT / "data"
