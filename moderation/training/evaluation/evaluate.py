"""Measure the models in use on labelled comments that they were not trained on.

Of the public data sets that are used for training, only the test split is measured. The sets with
`use = "validate"` in `sources.toml` are measured whole. The models are measured together, as the
service uses them.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import regex

from moderation.moderator import Moderator
from moderation.policy import Policy
from moderation.scoring.models import Models
from moderation.scoring.store import AnyStore, ModelStore
from moderation.text.reading import read
from moderation.training import cards, metrics
from moderation.training.corpora import catalogue
from moderation.training.corpora.catalogue import Row
from moderation.training.evaluation import bias, explanations
from moderation.training.evaluation.functional import functional_tests
from moderation.training.evaluation.report import page
from moderation.training.metrics import Bools, Floats

BATCH = 256
MARKED = 1_000  # rows with words marked by people, for measuring explanations
THRESHOLDS = (0.3, 0.45, 0.6, 0.8, 0.97)
_IDENTITY = regex.compile(
    r"(?i)\b(?:muslims?|hindus?|christians?|sikhs?|jews?|jewish|dalits?|brahmins?|blacks?|whites?"
    r"|asians?|indians?|women|woman|gays?|lesbians?|trans(?:gender)?|queer|immigrants?|refugees?)\b"
)

log = logging.getLogger(__name__)


class Question(NamedTuple):
    """What to measure: how well the score named `head` predicts the label named `label`.

    Rows whose label is at least `yes` are positive, and rows whose label is under `no` are
    negative. All other rows are left out. If `natural` is true, only rows that were sampled at
    random from their source count.
    """

    name: str
    label: str
    head: str
    natural: bool = False
    yes: float = 0.5
    no: float = 0.5


QUESTIONS = (
    Question("Wikipedia, toxic", "jigsaw.toxic", "toxicity", natural=True),
    Question("Wikipedia, severe", "jigsaw.severe", "severe_toxicity", natural=True),
    Question("Wikipedia, obscene", "jigsaw.obscene", "profanity", natural=True),
    Question("Wikipedia, threat", "jigsaw.threat", "threat", natural=True),
    Question("Wikipedia, insult", "jigsaw.insult", "insult", natural=True),
    Question("Wikipedia, identity", "jigsaw.identity", "identity_attack", natural=True),
    Question("news sites, clearly toxic", "civil.toxic", "toxicity", yes=0.99),
    Question("newspaper, hostile", "ucc.hostile", "toxicity"),
    Question("newspaper, antagonising", "ucc.antagonize", "toxicity"),
    Question("news comments, hateful", "fox.hateful", "identity_attack"),
    Question("insults at participants", "insults.insult", "personal_attack"),
    Question("Indian English, overtly aggressive", "trac.overt_or_not", "toxicity"),
    Question("Reddit, uncivil", "reddit.uncivil", "toxicity"),
    Question("chat, abusive", "convabuse.abusive", "toxicity"),
    Question("forum, hate", "stormfront.hate", "identity_attack"),
    Question("tweets, hate", "hatexplain.hate", "identity_attack"),
    Question("written to fool, hate", "dynahate.hate", "identity_attack"),
    Question("posts, sexual", "sbf.sexual", "sexually_explicit"),
    Question("YouTube, spam", "youtube_spam.spam", "spam"),
    Question("messages, spam", "sms_spam.spam", "spam"),
)
SLICED = ("Wikipedia, toxic", "news sites, clearly toxic")
NEUTRAL = "identity.toxic"


class Scored(NamedTuple):
    """Labelled rows, and the models' scores for them, by the name of the score."""

    rows: list[Row]
    scores: dict[str, Floats]


def evaluate(
    data: Path,
    models: AnyStore | None = None,
    out: Path | None = None,
    seed: int = 0,
    most: int | None = None,
) -> dict[str, Any]:
    """Measure the models in use in the folder `models`, and return all metrics.

    At most `most` rows of each data set are used, sampled with the seed. If `out` is given, the
    metrics are also written to this folder, as JSON, Markdown and HTML.

    Raises `CorpusError` if `data` does not match `data/sources.toml`, and `ModelError` if a model
    cannot be used.
    """
    loaded = Models.load(models)
    scored = score_rows(loaded, evaluation_rows(data, sampler(most, seed)))
    results: dict[str, Any] = {"models": loaded.versions, "seed": seed, "most": most}
    results |= {"sets": {}, "slices": {}, "curves": {}}
    for question in QUESTIONS:
        if question.head not in scored.scores:
            continue
        log.info("measuring: %s", question.name)
        rows, y_true = binary_labels(question, scored.rows)
        scores = scored.scores[question.head][rows]
        results["sets"][question.name] = {
            "head": question.head,
            **metrics.measure(y_true, scores, seed),
            "thresholds": [
                metrics.at_threshold(y_true, scores, threshold) for threshold in THRESHOLDS
            ],
        }
        results["curves"][question.name] = metrics.curves(y_true, scores)
        if question.name in SLICED:
            texts = [scored.rows[row].text for row in rows]
            results["slices"][question.name] = dict(_slices(texts, y_true, scores, seed))
    if "toxicity" in scored.scores:
        results["neutral"] = _neutral(scored)
        log.info("measuring: groups of people, the guideline suite")
        results["bias"] = _bias(scored, seed)
        moderator = Moderator(Policy.load(), loaded)
        results["suite"] = functional_tests(moderator)
        log.info("measuring: explanations")
        marked = [row for row in scored.rows if row.marks][:MARKED]
        results["explanations"] = explanations.measure_all(loaded, marked, seed)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "evaluation.json").write_text(json.dumps(results, indent=2) + "\n", "utf-8")
        (out / "evaluation.md").write_text(markdown(results) + "\n", "utf-8")
        (out / "report.html").write_text(page(results), "utf-8")
    return results


def write_cards(results: dict[str, Any], models: AnyStore) -> None:
    """Write the metrics of `evaluate` into the cards of the models that give the measured scores.

    A card (`card.json`) stores the metrics as `figures["in use"]`. Its other figures, from
    training, stay. Two models that give the same scores together get the same metrics.
    """
    for model, version in results["models"].items():
        with cards.edited(ModelStore.of(models).keep(model, version)) as card:
            in_use = {
                name: {key: result[key] for key in result if key not in ("head", "thresholds")}
                for name, result in results["sets"].items()
                if result["head"] in card["heads"]
            }
            if in_use:
                card["figures"]["in use"] = in_use


def markdown(results: dict[str, Any]) -> str:
    """Return the metrics that `evaluate` returned as a Markdown table, with 95 % intervals."""
    lines = [
        "| set | head | rows | positive | AUC | average precision | ECE |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for name, result in results["sets"].items():
        lines.append(_table_row(name, result["head"], result))
    for name, slices in results["slices"].items():
        for part, result in slices.items():
            lines.append(_table_row(f"{name}: {part}", "toxicity", result))
    if results.get("neutral"):
        shares = ", ".join(
            f"{share:.2%} from {level}" for level, share in results["neutral"].items()
        )
        lines += ["", f"Neutral mentions of identities flagged as toxic: {shares}."]
    if results.get("explanations"):
        lines += ["", "Explanations of toxicity against readers' marks:"]
        for reader, result in results["explanations"].items():
            values = ", ".join(f"{name} {value:,}" for name, value in result.items())
            lines.append(f"- reader = {reader}: {values}")
    return "\n".join(lines)


def _table_row(name: str, head: str, result: dict[str, Any]) -> str:
    counts = [f"{result['rows']:,}", f"{result['positive']:,}"]
    values = [_cell(result.get(metric)) for metric in ("auc", "ap", "ece")]
    return "| " + " | ".join([name, head, *counts, *values]) + " |"


def _cell(value: dict[str, Any] | None) -> str:
    if not value:
        return ""
    low, high = value["interval"]
    return f"{value['value']:.3f} ({low:.3f} to {high:.3f})"


def sampler(most: int | None, seed: int) -> Callable[[list[Row]], list[Row]]:
    """Return a function that samples at most `most` rows of each data set.

    Of a data set's rows that its authors sampled at random, at most `most` are taken, and of its
    other rows as many again.
    """

    def sample(rows: list[Row]) -> list[Row]:
        if most is None:
            return rows
        order = np.random.default_rng(seed).permutation(len(rows))
        counts: Counter[tuple[str, bool]] = Counter()
        indices = []
        for index in order:
            kind = rows[index].source, rows[index].natural
            counts[kind] += 1
            if counts[kind] <= most:
                indices.append(int(index))
        return [rows[index] for index in sorted(indices)]

    return sample


def _bias(scored: Scored, seed: int) -> dict[str, Any]:
    """Measure whether the toxicity score is wrong more often for some groups of people.

    Returns ROC AUCs for each group on Wikipedia's rows, and the share of harmless sentences about
    each group that are flagged.
    """
    rows, y_true = binary_labels(Question("", "jigsaw.toxic", "toxicity"), scored.rows)
    texts = [scored.rows[row].text for row in rows]
    neutral = [index for index, row in enumerate(scored.rows) if NEUTRAL in row.labels]
    level = Policy.load().rules["abuse"].thresholds.review
    flagged = scored.scores["toxicity"][neutral] >= float(level)
    return {
        "areas": bias.group_aucs(texts, y_true, scored.scores["toxicity"][rows], seed),
        "false alarms": bias.false_alarms([scored.rows[index].text for index in neutral], flagged),
    }


def evaluation_rows(data: Path, sample: Callable[[list[Row]], list[Row]]) -> list[Row]:
    """Return a sample of the rows that no model was trained on and that have a label to measure.

    `sample` draws the sample. Raises `CorpusError` if a data set cannot be read.
    """
    labels = {NEUTRAL, "spans.marked", *(question.label for question in QUESTIONS)}
    return sample([row for row in held_out_rows(data) if not labels.isdisjoint(row.labels)])


def held_out_rows(data: Path) -> Iterator[Row]:
    """Yield the rows of the public data sets that no model was trained on. Raises `CorpusError`."""
    yield from (row for row in catalogue.rows(data, "train") if row.part == "test")
    yield from catalogue.rows(data, "validate")


def score_rows(models: Models, rows: list[Row]) -> Scored:
    """Score the rows with the models, in batches. Logs the progress about ten times."""
    heads = {question.head for question in QUESTIONS}
    columns: dict[str, list[float]] = {}
    for start in range(0, len(rows), BATCH):
        texts = [read(row.text) for row in rows[start : start + BATCH]]
        models.score(texts)
        for text in texts:
            for head in heads & text.scores.keys():
                columns.setdefault(head, []).append(text.scores[head])
        done = start + len(texts)
        if done * 10 // len(rows) > start * 10 // len(rows):
            log.info("scored %s of %s", f"{done:,}", f"{len(rows):,}")
    return Scored(rows, {head: np.array(values) for head, values in columns.items()})


def binary_labels(question: Question, rows: Sequence[Row]) -> tuple[list[int], Bools]:
    """Return the indices of the rows that have a clear label, and whether each row is positive.

    `question` names the label, and says which of its values are positive or negative.
    """
    indices, y_true = [], []
    for index, row in enumerate(rows):
        value = row.labels.get(question.label)
        if value is None or (question.natural and not row.natural):
            continue
        if value >= question.yes or value < question.no:
            indices.append(index)
            y_true.append(value >= question.yes)
    return indices, np.array(y_true, bool)


def length_masks(texts: Sequence[str]) -> dict[str, Bools]:
    """Return masks that select the short, the medium and the long texts, by a name for the length.

    >>> [name for name, mask in length_masks(["Well said."]).items() if mask[0]]
    ['up to 60 characters']
    """
    lengths = np.array([len(text) for text in texts], np.int64)
    return {
        "up to 60 characters": lengths <= 60,
        "61 to 200": (lengths > 60) & (lengths <= 200),
        "over 200": lengths > 200,
    }


def _slices(
    texts: list[str], y_true: Bools, scores: Floats, seed: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield metrics for parts of the comments, each with the part's name.

    The parts are short, medium and long comments, and comments that mention an identity or none.
    """
    mentions = np.array([bool(_IDENTITY.search(text)) for text in texts])
    parts = {**length_masks(texts), "an identity is mentioned": mentions, "none is": ~mentions}
    for name, part in parts.items():
        if part.any():
            yield name, metrics.measure(y_true[part], scores[part], seed)


def _neutral(scored: Scored) -> dict[str, float]:
    """Return the share of harmless sentences about identities whose score reaches a threshold.

    The result has the share for each threshold in `THRESHOLDS`.
    """
    rows = [index for index, row in enumerate(scored.rows) if NEUTRAL in row.labels]
    scores = scored.scores["toxicity"][rows]
    if not rows:
        return {}
    return {str(level): round(float((scores >= level).mean()), 4) for level in THRESHOLDS}
