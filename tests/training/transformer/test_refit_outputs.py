"""outputs: one source's outputs learn anew, and nothing else does."""

from pathlib import Path

import pytest

from moderation.scoring.store import SHIPPED, champions
from moderation.text.reading import read
from moderation.training.corpora import in_house
from moderation.training.corpora.catalogue import CorpusError
from moderation.training.transformer.dataset import Example, tasks
from moderation.training.transformer.refit_outputs import relearned
from moderation.training.transformer.train import bare

BEGIN = SHIPPED / "careful" / champions(SHIPPED)["careful"]
TASKS = tasks(BEGIN)


def test_what_is_new_is_learned_and_the_rest_stays(tmp_path: Path) -> None:
    """Timetables become attacks, of which the model knew nothing; other outputs stay."""
    lines = [f"The {kind} to {place} leaves at noon." for kind in KINDS for place in PLACES]
    others = [comment.text for comment in in_house.comments() if comment.part == "train"][:300]
    pool = [Example(text, "own_comments", {"own.attack": 1.0}) for text in lines] * 8
    pool += [Example(text, "own_comments", {"own.attack": 0.0}) for text in others]
    pool.append(Example("Not read.", "jigsaw", {"jigsaw.toxic": 1.0}))
    for name, content in relearned(BEGIN, "own", pool, tmp_path / "work").items():
        (tmp_path / name).write_bytes(content)
    before, after = (
        _said(folder, "The boat to Salem leaves at noon.") for folder in (BEGIN, tmp_path)
    )
    assert before["own.attack"] < 0 < after["own.attack"]
    assert {task for task in TASKS if before[task] != after[task]} == {"own.attack"}


def test_an_unknown_source_is_named(tmp_path: Path) -> None:
    """A source without outputs is refused, and those there are stand beside it."""
    with pytest.raises(CorpusError, match=r"no output of 'zoo', only of .*jigsaw.*, own"):
        relearned(BEGIN, "zoo", [], tmp_path)


KINDS = "train bus ferry plane coach tram".split()
PLACES = "Pune Delhi Leeds Bath Cork York".split()


def _said(folder: Path, text: str) -> dict[str, float]:
    """What the network in `folder` says of a text, by task."""
    return dict(zip(TASKS, bare(folder, TASKS).logits([read(text)])[0].tolist(), strict=True))
