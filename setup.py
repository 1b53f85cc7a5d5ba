"""Puts the models in use and the data inside the package when it is built.

In the repository both are folders at the top, where people look for them. In a wheel they are
`moderation/models` and `moderation/data`, where `moderation/paths.py` finds them. The rest of the
project's description is in `pyproject.toml`.
"""

import json
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

MEASURED_HERE = ("comparison.json", "reference.json")  # what a machine adds to a model's folder


class BuildWithModels(build_py):
    """Builds the package with its models and its data."""

    def run(self) -> None:
        """Copy the code, then the models that `champion.json` names, and the data."""
        super().run()
        if self.editable_mode:  # then the folders are used where they are
            return
        package = Path(self.build_lib) / "moderation"
        for name in ("models", "data"):
            shutil.rmtree(package / name, ignore_errors=True)  # of an earlier build
        shutil.copytree("data", package / "data")
        for model, version in json.loads(Path("models/champion.json").read_text("utf-8")).items():
            shutil.copytree(
                Path("models", model, version),
                package / "models" / model / version,
                ignore=shutil.ignore_patterns(*MEASURED_HERE),
            )
        shutil.copyfile("models/champion.json", package / "models" / "champion.json")


setup(cmdclass={"build_py": BuildWithModels})
