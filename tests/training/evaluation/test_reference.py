"""evaluate --reference: the cards get the distribution of scores on natural comments."""

import json
import shutil
from pathlib import Path

import pytest

from moderation.cli import run
from moderation.lifecycle import drift
from moderation.scoring.models import Models
from moderation.scoring.store import SHIPPED, champions
from moderation.training.corpora import catalogue
from moderation.training.corpora.catalogue import Row

TEXTS = ("Buy cheap watches at number {} now", "The minister was right in point {} of his speech")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The shipped spam model alone, without a reference."""
    version = champions(SHIPPED)["spam"]
    shutil.copytree(SHIPPED / "spam" / version, tmp_path / "models" / "spam" / version)
    (tmp_path / "models" / "champion.json").write_text(json.dumps({"spam": version}), "utf-8")
    card = tmp_path / "models" / "spam" / version / "card.json"
    content = json.loads(card.read_text("utf-8"))
    content.pop("reference", None)
    card.write_text(json.dumps(content), "utf-8")
    return tmp_path / "models"


def test_natural_held_out_rows_are_the_reference(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The rest of the card does not change, and a second run gives the same card."""
    rows = [
        Row(text.format(number), f"set{index}", {"x": 1.0}, natural=index < 2)
        for number in range(2_600)
        for index, text in enumerate((*TEXTS, "Not natural, number {}"))
    ]
    tests = sum(row.natural and row.part == "test" for row in rows)
    assert drift.MIN_DECISIONS < tests < len(rows) / 2
    monkeypatch.setattr(catalogue, "rows", lambda _, use: iter(rows if use == "train" else []))
    (card,) = root.glob("spam/*/card.json")
    before = json.loads(card.read_text("utf-8"))
    command = ["evaluate", "--data", str(tmp_path), "--models", str(root), "--reference"]
    assert run(command) == 0
    assert capsys.readouterr().out == "The card of spam has its reference.\n"
    content = card.read_text("utf-8")
    after = json.loads(content)
    reference = after.pop("reference")
    assert after == before
    assert reference["mix"] == "natural rows of set0, set1 that did not train"
    assert sum(reference["scores"]["spam"]["counts"]) == tests
    assert drift.read_references(root, Models.load(root)).keys() == {"spam"}
    assert run(command) == 0
    assert card.read_text("utf-8") == content
    assert run([*command, "--out", str(tmp_path)]) == 2
