"""spam: every set that has a label of that name is learned from, and the others are named."""

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
{label} = {{ column = "said" }}
"""


def test_the_shipped_sets_are_those_it_always_had() -> None:
    """In this order: where two speak of one text, the later has the last word."""
    assert spam.spoken() == ["own.spam", "youtube_spam.spam", "sms_spam.spam"]


def test_an_imported_set_is_learned_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By the name of its label; one with another label is named among those nobody learns from."""
    monkeypatch.setattr(metrics, "RESAMPLES", 2)
    small.write(tmp_path, rows=60)
    sources = tmp_path / "sources.toml"
    imported = IMPORTED.format(name="desk", label="spam") + IMPORTED.format(name="n", label="rude")
    sources.write_text(catalogue.SOURCES.read_text("utf-8") + imported, "utf-8")
    monkeypatch.setattr(catalogue, "SOURCES", sources)
    rows = [f"zorblax number {at},1\nthe weather of day {at},0\n" for at in range(60)]
    for name in ("desk", "n"):
        content = "".join(["text,said\n", *rows]).encode()
        (tmp_path / f"{name}.csv.gz").write_bytes(gzip.compress(content))
    caplog.set_level("INFO")
    made = spam.train(tmp_path, tmp_path / "out")
    offer, other = load(made).score([read("zorblax at once"), read("weather at once")])["spam"]
    assert offer > 2 * other
    card = json.loads((made / "card.json").read_text("utf-8"))
    assert {"desk": 120}.items() <= {it["name"]: it["rows"] for it in card["data"]}.items()
    assert "spam, desk.spam, test" in card["figures"]
    (told,) = (line for line in caplog.messages if "learns nothing from" in line)
    names = told.partition(": ")[2].split(", ")
    assert "n" in names
    assert "desk" not in names
