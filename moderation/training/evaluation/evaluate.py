"""Measure the models in use on labelled comments that they did not learn from.

Of the sets that trained, only the test part is looked at; the sets marked *validate* are read
whole. Whatever readers are champions are measured, through `Models` as in service.
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
from moderation.text.reading import read
from moderation.training import cards, metrics
from moderation.training.corpora import catalogue
from moderation.training.corpora.catalogue import Row
from moderation.training.evaluation import bias, explanations
from moderation.training.evaluation.functional import functional_tests
from moderation.training.evaluation.report import page
from moderation.training.metrics import Bools, Floats

BATCH = 256
MARKED = 1_000  # rows whose explanations are compared with readers' marks
THRESHOLDS = (0.3, 0.45, 0.6, 0.8, 0.97)
_IDENTITY = regex.compile(
    r"(?i)\b(?:muslims?|hindus?|christians?|sikhs?|jews?|jewish|dalits?|brahmins?|blacks?|whites?"
    r"|asians?|indians?|women|woman|gays?|lesbians?|trans(?:gender)?|queer|immigrants?|refugees?)\b"
)

log = logging.getLogger(__name__)


class Question(NamedTuple):
    """What is measured: a head against a label, on natural rows or on all that have it.

    Values from `yes` on count as positive, those under `no` as negative, the rest is left out.
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
    """The rows that were read, and each head's score for them."""

    rows: list[Row]
    scores: dict[str, Floats]


def evaluate(
    data: Path,
    models: Path | None = None,
    out: Path | None = None,
    seed: int = 0,
    most: int | None = None,
) -> dict[str, Any]:
    """All figures of the champions under `models`; written to `out` too: JSON, Markdown, HTML.

    Of each set at most `most` rows are read, drawn by the seed; all by default.

    Raises `CorpusError` where `data` does not fit `data/sources.toml`, `ModelError` where a
    model cannot be used.
    """
    loaded = Models.load(models)
    scored = scored_rows(loaded, measuring(data, drawn(most, seed)))
    found: dict[str, Any] = {"models": loaded.versions, "seed": seed, "most": most}
    found |= {"sets": {}, "slices": {}, "curves": {}}
    for question in QUESTIONS:
        if question.head not in scored.scores:
            continue
        log.info("measuring: %s", question.name)
        rows, said = answers(question, scored.rows)
        scores = scored.scores[question.head][rows]
        found["sets"][question.name] = {
            "head": question.head,
            **metrics.measure(said, scores, seed),
            "thresholds": [
                metrics.at_threshold(said, scores, threshold) for threshold in THRESHOLDS
            ],
        }
        found["curves"][question.name] = metrics.curves(said, scores)
        if question.name in SLICED:
            texts = [scored.rows[row].text for row in rows]
            found["slices"][question.name] = dict(_slices(texts, said, scores, seed))
    if "toxicity" in scored.scores:
        found["neutral"] = _neutral(scored)
        log.info("measuring: groups of people, the guideline suite")
        found["bias"] = _bias(scored, seed)
        moderator = Moderator(Policy.load(), loaded)
        found["suite"] = functional_tests(moderator)
        log.info("measuring: explanations")
        marked = [row for row in scored.rows if row.marks][:MARKED]
        found["explanations"] = explanations.by_reader(loaded, marked, seed)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "evaluation.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
        (out / "evaluation.md").write_text(table(found) + "\n", "utf-8")
        (out / "report.html").write_text(page(found), "utf-8")
    return found


def note(found: dict[str, Any], models: Path) -> None:
    """Write the figures of each champion's heads into its card, as those in use give them.

    They stand under 'in use', beside the figures from its training: two readers that are asked
    together have the same.
    """
    for name, version in found["models"].items():
        with cards.edited(models / name / version) as card:
            own = {
                set_: {key: figure[key] for key in figure if key not in ("head", "thresholds")}
                for set_, figure in found["sets"].items()
                if figure["head"] in card["heads"]
            }
            if own:
                card["figures"]["in use"] = own


def table(found: dict[str, Any]) -> str:
    """The figures as a Markdown table; intervals are 95 %."""
    lines = [
        "| set | head | rows | positive | AUC | average precision | ECE |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for name, figure in found["sets"].items():
        cells = [name, figure["head"], f"{figure['rows']:,}", f"{figure['positive']:,}"]
        lines.append("| " + " | ".join([*cells, *map(_cell, _values(figure))]) + " |")
    for name, slices in found["slices"].items():
        for part, figure in slices.items():
            cells = [
                f"{name}: {part}",
                "toxicity",
                f"{figure['rows']:,}",
                f"{figure['positive']:,}",
            ]
            lines.append("| " + " | ".join([*cells, *map(_cell, _values(figure))]) + " |")
    if found.get("neutral"):
        shares = ", ".join(f"{share:.2%} from {level}" for level, share in found["neutral"].items())
        lines += ["", f"Neutral mentions of identities flagged as toxic: {shares}."]
    if found.get("explanations"):
        lines += ["", "Explanations of toxicity against readers' marks:"]
        for reader, figures_ in found["explanations"].items():
            said = ", ".join(f"{name} {value:,}" for name, value in figures_.items())
            lines.append(f"- reader = {reader}: {said}")
    return "\n".join(lines)


def _values(figure: dict[str, Any]) -> list[dict[str, Any] | None]:
    return [figure.get(name) for name in ("auc", "ap", "ece")]


def _cell(value: dict[str, Any] | None) -> str:
    if not value:
        return ""
    low, high = value["interval"]
    return f"{value['value']:.3f} ({low:.3f} to {high:.3f})"


def drawn(most: int | None, seed: int) -> Callable[[list[Row]], list[Row]]:
    """Keeps at most so many rows of each set, the natural ones apart from the others."""

    def draw(rows: list[Row]) -> list[Row]:
        if most is None:
            return rows
        order = np.random.default_rng(seed).permutation(len(rows))
        count: Counter[tuple[str, bool]] = Counter()
        kept = []
        for at in order:
            kind = rows[at].source, rows[at].natural
            count[kind] += 1
            if count[kind] <= most:
                kept.append(int(at))
        return [rows[at] for at in sorted(kept)]

    return draw


def _bias(scored: Scored, seed: int) -> dict[str, Any]:
    """How the groups that comments mention fare, by toxicity on Wikipedia's rows."""
    rows, said = answers(Question("", "jigsaw.toxic", "toxicity"), scored.rows)
    texts = [scored.rows[row].text for row in rows]
    neutral = [at for at, row in enumerate(scored.rows) if NEUTRAL in row.labels]
    level = Policy.load().rules["abuse"].thresholds.review
    flagged = scored.scores["toxicity"][neutral] >= float(level)
    return {
        "areas": bias.areas(texts, said, scored.scores["toxicity"][rows], seed),
        "false alarms": bias.false_alarms([scored.rows[at].text for at in neutral], flagged),
    }


def measuring(data: Path, draw: Callable[[list[Row]], list[Row]]) -> list[Row]:
    """The rows of the public sets that may measure. Raises `CorpusError`."""
    labels = {NEUTRAL, "spans.marked", *(question.label for question in QUESTIONS)}
    return draw([row for row in unlearned(data) if not labels.isdisjoint(row.labels)])


def unlearned(data: Path) -> Iterator[Row]:
    """The rows of the public sets that no model learned from. Raises `CorpusError`."""
    yield from (row for row in catalogue.rows(data, "train") if row.part == "test")
    yield from catalogue.rows(data, "validate")


def scored_rows(models: Models, rows: list[Row]) -> Scored:
    """The rows as the models read them, batch by batch; after each tenth the log says how far."""
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
            log.info("read %s of %s", f"{done:,}", f"{len(rows):,}")
    return Scored(rows, {head: np.array(values) for head, values in columns.items()})


def answers(question: Question, rows: Sequence[Row]) -> tuple[list[int], Bools]:
    """The rows that answer a question, and their answers."""
    chosen, said = [], []
    for at, row in enumerate(rows):
        value = row.labels.get(question.label)
        if value is None or (question.natural and not row.natural):
            continue
        if value >= question.yes or value < question.no:
            chosen.append(at)
            said.append(value >= question.yes)
    return chosen, np.array(said, bool)


def lengths(texts: Sequence[str]) -> dict[str, Bools]:
    """Which texts are short, middling and long.

    >>> [name for name, found in lengths(["Well said."]).items() if found[0]]
    ['up to 60 characters']
    """
    found = np.array([len(text) for text in texts], np.int64)
    return {
        "up to 60 characters": found <= 60,
        "61 to 200": (found > 60) & (found <= 200),
        "over 200": found > 200,
    }


def _slices(
    texts: list[str], said: Bools, scores: Floats, seed: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same by length and by whether an identity is mentioned."""
    mentions = np.array([bool(_IDENTITY.search(text)) for text in texts])
    parts = {**lengths(texts), "an identity is mentioned": mentions, "none is": ~mentions}
    for name, part in parts.items():
        if part.any():
            yield name, metrics.measure(said[part], scores[part], seed)


def _neutral(scored: Scored) -> dict[str, float]:
    """The share of harmless sentences about identities whose toxicity reaches each threshold."""
    rows = [at for at, row in enumerate(scored.rows) if NEUTRAL in row.labels]
    scores = scored.scores["toxicity"][rows]
    if not rows:
        return {}
    return {str(level): round(float((scores >= level).mean()), 4) for level in THRESHOLDS}
