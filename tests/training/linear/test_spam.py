"""Training the spam model: every corpus with a label `spam` is used, and others are logged."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from moderation.scoring.models import load
from moderation.text.reading import read
from moderation.training import metrics
from moderation.training.corpora import catalogue
from moderation.training.linear import spam
from tests.training import small

IMPORTED = """
[[source]]
name = "{name}"
file = "{name}.csv.gz"
use = "train"
licence = "our own"
citation = ""
notes = ""
[source.labels]
{label} = {{ column = "value" }}
"""


def test_the_labels_of_the_shipped_corpora() -> None:
    """The order matters: if two labels cover a text, the last one counts."""
    assert spam.spam_labels() == ["own.spam", "youtube_spam.spam", "sms_spam.spam"]


def test_an_imported_corpus_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It has a label `spam`. A corpus without one is logged as unused."""
    monkeypatch.setattr(metrics, "RESAMPLES", 2)
    small.write(tmp_path, rows=60)
    sources = tmp_path / "sources.toml"
    imported = IMPORTED.format(name="desk", label="spam") + IMPORTED.format(name="n", label="rude")
    sources.write_text(catalogue.SOURCES.read_text("utf-8") + imported, "utf-8")
    monkeypatch.setattr(catalogue, "SOURCES", sources)
    rows = [f"zorblax number {day},1\nthe weather of day {day},0\n" for day in range(60)]
    for name in ("desk", "n"):
        content = "".join(["text,value\n", *rows]).encode()
        (tmp_path / f"{name}.csv.gz").write_bytes(gzip.compress(content))
    caplog.set_level("INFO")
    folder = spam.train(tmp_path, tmp_path / "out")
    offer, other = load(folder).score([read("zorblax at once"), read("weather at once")])["spam"]
    assert offer > 2 * other
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert {"desk": 120}.items() <= {entry["name"]: entry["rows"] for entry in card["data"]}.items()
    assert "spam, desk.spam, test" in card["figures"]
    (message,) = (line for line in caplog.messages if "learns nothing from" in line)
    names = message.partition(": ")[2].split(", ")
    assert "n" in names
    assert "desk" not in names


def test_harmless_counterparts_of_spam_are_repeated() -> None:
    """Comments of the kinds that spam has, or that share its figures, get a second label."""
    rows = list(spam._in_house_rows())
    repeated = [row for row in rows if spam._REPEATED in row.labels]
    assert 0 < len(repeated) < len(rows) / 2
    assert {row.labels[spam._REPEATED] for row in repeated} == {0.0, 1.0}
    assert all(row.labels[spam._REPEATED] == row.labels["own.spam"] for row in repeated)
