"""Train the careful model: fine-tune, export, combine outputs into heads, calibrate, save.

The network has an output for each label of each corpus. A head is a score that the model gives,
such as `toxicity`. A head is a weighted sum of outputs, which are standardised on rows that were
sampled at random. The weights of the sum were chosen on the validation split of the training
corpora (docs/experiments.md). Heads are calibrated like those of the fast model, so that the scores
of the two models can be averaged and exchanged.
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
    # Threats in newspapers are worded unlike Wikipedia's: our own comments are closer to them.
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
MAX_ROWS = 2_500  # of a source, for calibration: what a CPU scores in a minute or so

log = logging.getLogger(__name__)


class ScoredRows(NamedTuple):
    """Labelled rows, and the network's logits for them (rows x tasks).

    A task is to predict one label of one corpus.
    """

    rows: list[catalogue.Row]
    logits: npt.NDArray[np.float64]

    def labelled(self, label: str, natural: bool = False) -> tuple[npt.NDArray[np.int64], Any]:
        """Return the indices of the rows that have this label, and the label's values in them.

        If `natural` is true, only rows that were sampled at random from their source count.
        """
        indices = [
            index
            for index, row in enumerate(self.rows)
            if label in row.labels and (row.natural or not natural)
        ]
        values = [self.rows[index].labels[label] for index in indices]
        return np.array(indices, np.int64), np.array(values)


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
    """Train the careful model, save it as a new version, and return the version's folder.

    `data` is the folder of the corpora. The version is written into the folder
    `out/careful/<version>/`. Training starts from the pretrained weights, or from the careful model
    in the folder `begin`, which takes far less time. Two options keep the new version close to the
    model in `begin`: `biases` trains only biases and norms, and `outputs` trains only the outputs
    of one corpus.

    Checkpoints are written to `work`, by default `out/careful/.work`. An interrupted run continues
    from the last checkpoint.

    Raises `CorpusError` if `data` does not match `data/sources.toml`, or if the model in `begin`
    has no outputs for the corpus that `outputs` names.
    """
    work = work or out / "careful" / ".work"
    pool = list(dataset.examples(catalogue.rows(data, "train"), seed))
    started, fine_tuning_seconds = time.perf_counter(), 0.0
    if begin and outputs:
        from moderation.training.transformer.refit_outputs import (
            refit_outputs,  # needs onnx, which is installed only for training
        )

        progress(f"fitting the outputs of {outputs}")
        files, tasks = refit_outputs(begin, outputs, pool, work), dataset.load_tasks(begin)
    else:
        from moderation.training.transformer.finetune import (  # needs torch
            export_checkpoint,
            fine_tune,
        )

        fine_tuning_seconds = fine_tune(
            pool,
            work,
            seed=seed,
            epochs=epochs,
            minutes=minutes,
            base=begin,
            biases=biases,
            report=progress,
        )
        started = time.perf_counter()
        progress("exporting")
        files = export_checkpoint(work, pool, seed, begin, biases)
        tasks = json.loads((work / "tasks.json").read_text("utf-8"))
    (work / "model.onnx").write_bytes(files["model.onnx"])
    scorer = output_scorer(work, tasks)
    progress("calibrating")
    arrays = fit_heads(score_rows(scorer, calibration_rows(data, "validation")), tasks)
    seconds = fine_tuning_seconds + time.perf_counter() - started
    card = _card(data, tasks, begin, seed, seconds)
    return cards.save_challenger(out / "careful", card, arrays, files)


def _card(
    data: Path, tasks: Sequence[str], begin: Path | None, seed: int, seconds: float
) -> dict[str, Any]:
    """Return the content of the model's card (`card.json`), without its metrics."""
    counts: dict[str, int] = {}
    for row in catalogue.rows(data, "train"):
        counts[row.source] = counts.get(row.source, 0) + (row.part == "train")
    sources = catalogue.sources()
    return cards.card(
        name="careful",
        kind="careful",
        purpose="How likely readers are to find a comment abusive, in eight ways; read in context.",
        heads=list(HEADS),
        data=[
            *(sources[name].entry(data, rows) for name, rows in sorted(counts.items())),
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


def output_scorer(folder: Path, tasks: Sequence[str]) -> TransformerScorer:
    """Return a scorer that gives the network's outputs as scores.

    There is an output for each label of each corpus. The outputs are neither combined nor
    calibrated.
    """
    size = len(tasks)
    knots = np.zeros((2, size, 2), np.float32)
    mixture, offsets = np.eye(size, dtype=np.float32), np.zeros(size, np.float32)
    return TransformerScorer(
        tuple(tasks), Transformer.without_card(folder), mixture, offsets, knots
    )


def calibration_rows(data: Path, part: str, seed: int = 0) -> list[catalogue.Row]:
    """Return rows of the split `part` for calibration, in random order.

    The rows are those that were sampled at random from their source. For labels that none of these
    rows has, all rows with the label are added. At most `MAX_ROWS` rows are from each corpus.
    """
    rng = np.random.default_rng(seed)
    targets = {head.target for head in HEADS.values() if head.rate is not None}
    rows = [
        row
        for row in catalogue.rows(data, "train")
        if row.part == part and (row.natural or targets.intersection(row.labels))
    ]
    order = rng.permutation(len(rows))
    counts: dict[str, int] = {}
    sample = []
    for index in order:
        source = rows[index].source
        counts[source] = counts.get(source, 0) + 1
        if counts[source] <= MAX_ROWS:
            sample.append(rows[index])
    return sample


def score_rows(
    scorer: TransformerScorer, rows: list[catalogue.Row], batch_size: int = 256
) -> ScoredRows:
    """Compute the logits of all the network's outputs for the rows."""
    parts = [
        scorer.logits([read(row.text) for row in rows[start : start + batch_size]])
        for start in range(0, len(rows), batch_size)
    ]
    return ScoredRows(rows, np.vstack(parts))


def fit_heads(scored: ScoredRows, tasks: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays that turn the network's outputs into the model's scores (heads).

    `mixture` has the weight of each output in each score (tasks x heads). `offsets` is added to the
    weighted sums. `knots` has a calibration curve for each score: log-odds, and the probabilities
    that they stand for.
    """
    is_natural = np.array([row.natural for row in scored.rows])
    natural_logits = scored.logits[is_natural]
    mean, deviation = natural_logits.mean(0), natural_logits.std(0)
    mixture = np.zeros((len(tasks), len(HEADS)), np.float32)
    knots = []
    for column, head in enumerate(HEADS.values()):
        for task, share in head.weights.items():
            mixture[tasks.index(task), column] = share / deviation[tasks.index(task)]
    offsets = -(mean @ mixture)
    for column, head in enumerate(HEADS.values()):
        logits = scored.logits @ mixture[:, column] + offsets[column]
        rows, values = scored.labelled(head.target, natural=head.rate is None)
        rate = head.rate or float((values >= 0.5).mean())
        if head.rate:  # the label has no natural rows: natural rows of other labels count as 0
            others = np.flatnonzero(is_natural)
            rows, values = np.append(rows, others), np.append(values, np.zeros(len(others)))
        knots.append(fitting.calibration(logits[rows], values, rate))
    return {
        "mixture": mixture,
        "offsets": offsets.astype(np.float32),
        "knots": np.stack(knots, axis=1),
    }
