"""Refitting trains one source's outputs and changes nothing else."""

from pathlib import Path

import pytest

from moderation.scoring.store import SHIPPED, champions
from moderation.text.reading import read
from moderation.training.corpora import in_house
from moderation.training.corpora.catalogue import CorpusError
from moderation.training.transformer.dataset import Example, load_tasks
from moderation.training.transformer.refit_outputs import refit_outputs
from moderation.training.transformer.train import output_scorer

BASE = SHIPPED / "careful" / champions(SHIPPED)["careful"]
TASKS = load_tasks(BASE)
VEHICLES = "train bus ferry plane coach tram".split()
PLACES = "Pune Delhi Leeds Bath Cork York".split()


def test_refitted_output_learns_and_the_others_stay(tmp_path: Path) -> None:
    """Timetables labelled as attacks are scored as attacks; other outputs do not change."""
    lines = [
        f"The {vehicle} to {place} leaves at noon." for vehicle in VEHICLES for place in PLACES
    ]
    others = [comment.text for comment in in_house.comments() if comment.part == "train"][:300]
    pool = [Example(text, "own_comments", {"own.attack": 1.0}) for text in lines] * 8
    pool += [Example(text, "own_comments", {"own.attack": 0.0}) for text in others]
    pool.append(Example("Not used.", "jigsaw", {"jigsaw.toxic": 1.0}))
    for name, content in refit_outputs(BASE, "own", pool, tmp_path / "work").items():
        (tmp_path / name).write_bytes(content)
    before, after = (
        _logits(folder, "The boat to Salem leaves at noon.") for folder in (BASE, tmp_path)
    )
    assert before["own.attack"] < 0 < after["own.attack"]
    assert {task for task in TASKS if before[task] != after[task]} == {"own.attack"}


def test_unknown_source_is_refused(tmp_path: Path) -> None:
    """The error names the source and lists the sources that have outputs."""
    with pytest.raises(CorpusError, match=r"no output of 'zoo', only of .*jigsaw.*, own"):
        refit_outputs(BASE, "zoo", [], tmp_path)


def _logits(folder: Path, text: str) -> dict[str, float]:
    """Return the logits of the network in `folder` for a text, by task."""
    logits = output_scorer(folder, TASKS).logits([read(text)])[0]
    return dict(zip(TASKS, logits.tolist(), strict=True))
