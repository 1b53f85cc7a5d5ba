"""How natural comments score, written into the cards: `moderation drift` compares with it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from moderation.lifecycle.drift import Reference, ScoredDecision, measured
from moderation.scoring.models import CAREFUL, Models
from moderation.text.reading import read
from moderation.training import cards
from moderation.training.evaluation.evaluate import BATCH, drawn, unlearned

log = logging.getLogger(__name__)


def write(data: Path, root: Path, most: int | None = None, seed: int = 0) -> list[str]:
    """Read the natural rows that trained no model, and write what is found into the cards.

    The models whose cards have it now. Of two readers of abuse the careful one's card has what
    both give together, the fast one's what it gives alone. Of each set at most `most` rows are
    read, drawn by the seed. Raises `CorpusError` or `ModelError`.
    """
    loaded = Models.load(root)
    rows = drawn(most, seed)([row for row in unlearned(data) if row.natural])
    texts = [row.text for row in rows]
    sets = ", ".join(sorted({row.source for row in rows}))
    mix = f"natural rows of {sets} that did not train"
    found: dict[str, Reference] = {}
    for reader in ("fast", CAREFUL) if CAREFUL in loaded.versions else ("fast",):
        log.info("reading %s comments, abuse by the %s reader", f"{len(texts):,}", reader)
        models = loaded.speaking(reader)
        found |= measured(models, _seen(models, texts), mix)
    for home, reference in found.items():
        with cards.edited(root / home / reference.models[home]) as card:
            card["reference"] = reference.to_dict()
    return sorted(found)


def _seen(models: Models, texts: list[str]) -> Iterator[ScoredDecision]:
    for start in range(0, len(texts), BATCH):
        batch = [read(text) for text in texts[start : start + BATCH]]
        models.score(batch)
        for text in batch:
            code = {"code": text.notes.get("language", "und")}
            english = {"english": text.scores["english"]} if "english" in text.scores else {}
            yield ScoredDecision(models.versions, text.scores, {**english, **code})
