"""Write the distribution of scores on public comments into the models' cards (`card.json`).

`moderation drift` compares the scores of recent comments with this distribution.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from moderation.lifecycle.drift import Reference, ScoredDecision, measure_references
from moderation.scoring.models import CAREFUL, Models
from moderation.scoring.store import AnyStore, ModelStore
from moderation.text.reading import read
from moderation.training import cards
from moderation.training.evaluation.evaluate import BATCH, held_out_rows, sampler

log = logging.getLogger(__name__)


def write(data: Path, root: AnyStore, most: int | None = None, seed: int = 0) -> list[str]:
    """Score public comments, and write each score's distribution into the model's `card.json`.

    No model was trained on the comments, and their sources sampled them at random. The fast abuse
    model's card gets the distribution of the scores that this model gives alone. The careful
    model's card gets that of the scores that both models give together. At most `most` rows of each
    data set are scored, sampled with the seed. Returns the names of the models whose cards changed.
    Raises `CorpusError` if a data set cannot be read, and `ModelError` if a model cannot be used.
    """
    loaded = Models.load(root)
    rows = sampler(most, seed)([row for row in held_out_rows(data) if row.natural])
    texts = [row.text for row in rows]
    sets = ", ".join(sorted({row.source for row in rows}))
    mix = f"natural rows of {sets} that did not train"
    references: dict[str, Reference] = {}
    for reader in ("fast", CAREFUL) if CAREFUL in loaded.versions else ("fast",):
        log.info("scoring %s comments, abuse by the %s model", f"{len(texts):,}", reader)
        models = loaded.with_reader(reader)
        references |= measure_references(models, _scored(models, texts), mix)
    for home, reference in references.items():
        with cards.edited(ModelStore.of(root).keep(home, reference.models[home])) as card:
            card["reference"] = reference.to_dict()
    return sorted(references)


def _scored(models: Models, texts: list[str]) -> Iterator[ScoredDecision]:
    for start in range(0, len(texts), BATCH):
        batch = [read(text) for text in texts[start : start + BATCH]]
        models.score(batch)
        for text in batch:
            code = {"code": text.notes.get("language", "und")}
            english = {"english": text.scores["english"]} if "english" in text.scores else {}
            yield ScoredDecision(models.versions, text.scores, {**english, **code})
