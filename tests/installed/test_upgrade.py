"""A newsroom's model and its record survive an upgrade of the installed package."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from tests.installed.package import ROOT, Environment, build, copy_sources

VERSION = json.loads((ROOT / "models" / "champion.json").read_text("utf-8"))["spam"]


@pytest.fixture(scope="module")
def newer_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel of a later release, which ships another version of the spam model."""
    sources = copy_sources(tmp_path_factory.mktemp("newer") / "sources")
    project = sources / "pyproject.toml"
    project.write_text(project.read_text("utf-8").replace('version = "0.1.0"', 'version = "9.9"'))
    models = sources / "models"
    shutil.move(models / "spam" / VERSION, models / "spam" / "newer")
    champion = json.loads((models / "champion.json").read_text("utf-8"))
    (models / "champion.json").write_text(json.dumps({**champion, "spam": "newer"}))
    return build(sources, "wheel")


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a table of moderators' verdicts about spam."""
    path = tmp_path_factory.mktemp("verdicts") / "verdicts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("text", "verdict", "rule"))
        for number in range(12):
            table.writerow((f"Buy barnacle cream number {number} today", "reject", "spam"))
            table.writerow((f"The harbour bridge was closed {number} times", "approve", ""))
    return path


def test_a_promoted_model_survives_an_upgrade(
    tmp_path: Path, wheel: Path, newer_wheel: Path, verdicts: Path
) -> None:
    """Train, compare and promote in one version, and upgrade to the next: the model stays in use.

    Nothing is written into the installed package, so `pip` has nothing of the newsroom's to remove.
    """
    environment = Environment.create(tmp_path / "environment")
    environment.install(wheel)
    package = environment.site / "moderation"
    shipped = {path for path in package.rglob("*") if path.suffix not in (".pyc", "")}
    environment.run("keys", "create", "--name", "site", "--scope", "decide")
    folder = Path(environment.run("train", "spam", "--verdicts", str(verdicts)).strip())
    model = f"spam/{folder.name}"
    assert folder == environment.home / ".local/share/house-rules/models" / model
    assert "was not compared" in environment.run("models", "promote", model, code=1)
    comparison = json.loads(environment.run("models", "compare", model))
    reason = ["--even-if", "our own words"] if comparison["worse"] else []
    environment.run("models", "promote", model, *reason)
    assert {path for path in package.rglob("*") if path.suffix not in (".pyc", "")} == shipped
    assert list(environment.empty.iterdir()) == []

    environment.install(newer_wheel)
    commands = [["--version"], ["models", "list"], ["models", "history"], ["keys", "list"]]
    (_, version), (_, models), (_, history), (_, keys) = environment.run_each(commands)
    assert "9.9" in version
    states = {line.rsplit("\t", 1)[0] for line in models.splitlines()}
    assert {f"spam\t{folder.name}\tchampion", f"spam\t{VERSION}\t", "spam\tnewer\t"} <= states
    assert f"{VERSION} -> {folder.name}" in history
    assert "site" in keys

    environment.run("models", "rollback", "spam")
    assert f"spam\t{VERSION}\tchampion" in environment.run("models", "list"), "as before"
