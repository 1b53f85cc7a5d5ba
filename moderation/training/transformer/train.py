"""Train the careful reader: fine-tune, export, mix into heads, calibrate, measure, save.

Each head is a weighted sum of outputs, brought to one scale on natural rows; the shares were set
on the validation part of the training sets (docs/experiments.md). Calibration is that of the
fast reader, so that the two can be mixed and exchanged.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from moderation.scoring.onnx import Transformer
from moderation.scoring.transformer import TransformerScorer
from moderation.text.reading import read
from moderation.training import cards
from moderation.training.corpora import catalogue, in_house
from moderation.training.linear import fitting
from moderation.training.linear.abuse import Head
from moderation.training.transformer import dataset

HEADS = {
    "toxicity": Head(
        {
            "jigsaw.toxic": 1.0,
            "jigsaw.insult": 1.0,
            "civil.toxic": 0.7,
            "convabuse.abusive": 0.5,
            "own.toxic": 0.4,
            "hatexplain.offensive": 0.3,
            "sbf.offensive": 0.3,
        },
        "jigsaw.toxic",
    ),
    "severe_toxicity": Head({"jigsaw.severe": 1.0, "jigsaw.toxic": 1.0}, "jigsaw.severe"),
    "insult": Head({"jigsaw.insult": 1.0, "own.attack": 0.5}, "jigsaw.insult"),
    "profanity": Head({"jigsaw.obscene": 1.0, "paradetox.toxic": 0.3}, "jigsaw.obscene"),
    # A threat in a newspaper is seldom worded as Wikipedia's are: our own say more of it.
    "threat": Head(
        {"jigsaw.threat": 1.0, "own.threat": 2.0, "own.attack": 0.5, "dynahate.threat": 0.3},
        "jigsaw.threat",
    ),
    "identity_attack": Head(
        {
            "jigsaw.identity": 1.0,
            "dynahate.hate": 0.5,
            "hatexplain.hate": 0.5,
            "own.hate": 0.5,
            "sbf.offensive": 0.3,
            "stormfront.hate": 0.3,
        },
        "jigsaw.identity",
    ),
    "sexually_explicit": Head({"sbf.sexual": 1.0, "jigsaw.obscene": 0.5}, "sbf.sexual", 0.005),
    "personal_attack": Head(
        {"jigsaw.insult": 1.0, "own.attack": 1.0, "convabuse.person": 0.3, "jigsaw.toxic": 0.3},
        "jigsaw.insult",
    ),
}
PUBLISHED = "all-MiniLM-L6-v2 (Apache-2.0)"
MOST = 2_500  # rows of a set in calibration and measuring: what a CPU reads in a minute or so

log = logging.getLogger(__name__)


class Scored(NamedTuple):
    """Rows and what the outputs (rows x tasks) say of them."""

    rows: list[catalogue.Row]
    tasks: npt.NDArray[np.float64]

    def of(self, label: str, natural: bool = False) -> tuple[npt.NDArray[np.int64], Any]:
        """The rows that a label speaks about, and what it says."""
        kept = [
            at
            for at, row in enumerate(self.rows)
            if label in row.labels and (row.natural or not natural)
        ]
        return np.array(kept, np.int64), np.array([self.rows[at].labels[label] for at in kept])


def train(
    data: Path,
    out: Path,
    seed: int = 0,
    *,
    epochs: float = 1.0,
    minutes: float | None = None,
    work: Path | None = None,
    begin: Path | None = None,
    biases: bool = False,
    outputs: str | None = None,
    progress: Callable[[str], None] = log.info,
) -> Path:
    """Train on the sets under `data`, write `out/careful/<version>/`, return that folder.

    `work` keeps the checkpoints (`out/careful/.work` by default); a run goes on from the last.
    Training starts from the published weights, or with `begin` from those of a careful model,
    which is a good deal quicker; then only `biases` and norms may learn, or only the `outputs` of
    one source, so that the two versions differ by little.
    Raises `CorpusError` where the folder does not fit `data/sources.toml`, or the model in `begin`
    has no such outputs.
    """
    work = work or out / "careful" / ".work"
    pool = list(dataset.examples(catalogue.rows(data, "train"), seed))
    began, spent = time.perf_counter(), 0.0
    if begin and outputs:
        from moderation.training.transformer.refit_outputs import (
            relearned,  # onnx, which only training needs
        )

        progress(f"fitting the outputs of {outputs}")
        others, tasks = relearned(begin, outputs, pool, work), dataset.tasks(begin)
    else:
        from moderation.training.transformer.finetune import (  # torch, which only this needs
            exported,
            tune,
        )

        spent = tune(
            pool,
            work,
            seed=seed,
            epochs=epochs,
            minutes=minutes,
            begin=begin,
            biases=biases,
            report=progress,
        )
        began = time.perf_counter()
        progress("exporting")
        others = exported(work, pool, seed, begin, biases)
        tasks = json.loads((work / "tasks.json").read_text("utf-8"))
    (work / "model.onnx").write_bytes(others["model.onnx"])
    raw = bare(work, tasks)
    progress("calibrating")
    arrays = heads(scored(raw, chosen(data, "validation")), tasks)
    card = _card(data, tasks, begin, seed, spent + time.perf_counter() - began)
    return cards.save_challenger(out / "careful", card, arrays, others)


def _card(
    data: Path, tasks: Sequence[str], begin: Path | None, seed: int, seconds: float
) -> dict[str, Any]:
    """The model's card, but for its figures."""
    used: dict[str, int] = {}
    for row in catalogue.rows(data, "train"):
        used[row.source] = used.get(row.source, 0) + (row.part == "train")
    known = catalogue.sources()
    return cards.card(
        name="careful",
        kind="careful",
        purpose="How likely readers are to find a comment abusive, in eight ways; read in context.",
        heads=list(HEADS),
        data=[
            *(known[name].entry(data, rows) for name, rows in sorted(used.items())),
            in_house.entry(),
        ],
        figures={},
        seed=seed,
        seconds=seconds,
        limits=(
            "It learned from Wikipedia, news sites, Reddit and tweets in English, mostly American. "
            "Irony, allusion and insults that need knowledge of the case escape it."
        ),
        libraries=(*cards.LIBRARIES, "onnxruntime", "tokenizers"),
        started_from="all-MiniLM-L6-v2 (Apache-2.0)"
        + (f", by way of {begin.name}" if begin else ""),
        tasks=list(tasks),
    )


def bare(folder: Path, tasks: Sequence[str]) -> TransformerScorer:
    """A reader whose heads are the network's own outputs."""
    size = len(tasks)
    nothing = np.zeros((2, size, 2), np.float32)
    mixture, offsets = np.eye(size, dtype=np.float32), np.zeros(size, np.float32)
    return TransformerScorer(tuple(tasks), Transformer.bare(folder), mixture, offsets, nothing)


def chosen(data: Path, part: str, seed: int = 0) -> list[catalogue.Row]:
    """The rows that calibrate: natural ones of a part, and those of labels that have none."""
    draw = np.random.default_rng(seed)
    targets = {head.target for head in HEADS.values() if head.rate is not None}
    rows = [
        row
        for row in catalogue.rows(data, "train")
        if row.part == part and (row.natural or targets.intersection(row.labels))
    ]
    order = draw.permutation(len(rows))
    kept: dict[str, int] = {}
    found = []
    for at in order:
        source = rows[at].source
        kept[source] = kept.get(source, 0) + 1
        if kept[source] <= MOST:
            found.append(rows[at])
    return found


def scored(reader: TransformerScorer, rows: list[catalogue.Row], batch: int = 256) -> Scored:
    """What each output says of each row."""
    parts = [
        reader.logits([read(row.text) for row in rows[start : start + batch]])
        for start in range(0, len(rows), batch)
    ]
    return Scored(rows, np.vstack(parts))


def heads(found: Scored, tasks: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """Mixture, offsets and calibration of every head."""
    natural = np.array([row.natural for row in found.rows])
    mean, deviation = found.tasks[natural].mean(0), found.tasks[natural].std(0)
    mixture = np.zeros((len(tasks), len(HEADS)), np.float32)
    knots = []
    for column, head in enumerate(HEADS.values()):
        for task, share in head.weights.items():
            mixture[tasks.index(task), column] = share / deviation[tasks.index(task)]
    offsets = -(mean @ mixture)
    for column, head in enumerate(HEADS.values()):
        logits = found.tasks @ mixture[:, column] + offsets[column]
        rows, values = found.of(head.target, natural=head.rate is None)
        rate = head.rate or float((values >= 0.5).mean())
        if head.rate:  # no natural rows of its own: natural comments stand for 'no'
            others = np.flatnonzero(natural)
            rows, values = np.append(rows, others), np.append(values, np.zeros(len(others)))
        knots.append(fitting.calibration(logits[rows], values, rate))
    return {
        "mixture": mixture,
        "offsets": offsets.astype(np.float32),
        "knots": np.stack(knots, axis=1),
    }
