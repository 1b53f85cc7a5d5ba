"""Corpora whose makers publish something else than a row for each comment, as such rows.

HateXplain is one JSON document with the words, what three annotators said, and which words they
marked: the comment gets the label that most of them gave. Wikipedia Detox is two tables, the
comments and a row for each judgement: a comment gets the mean of its judgements.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from moderation.training.corpora.catalogue import CorpusError
from moderation.training.corpora.tables import Record, records

Numbered = Iterable[tuple[int, Record]]

HATEXPLAIN = {"annotators", "post_tokens"}
DETOX = {"rev_id", "comment", "ns", "sample"}
_COMMENTS, _JUDGEMENTS = "annotated_comments", "annotations"


def unfolded(path: Path, numbered: Numbered) -> Iterator[tuple[int, Record]]:
    """The rows of a file; those of HateXplain and Detox as one row a comment.

    Raises `CorpusError`.
    """
    stream = iter(numbered)
    first = next(stream, None)
    if first is None:
        return
    columns, stream = first[1].keys(), itertools.chain([first], stream)
    if columns >= HATEXPLAIN:
        yield from ((line, _hatexplain(record, path, line)) for line, record in stream)
    elif columns >= DETOX:
        means = _means(path)
        unjudged = dict.fromkeys(next(iter(means.values()), {}), "")
        for line, record in stream:
            text = record["comment"].replace("NEWLINE_TOKEN", "\n").replace("TAB_TOKEN", "\t")
            yield line, record | {"comment": text.strip()} | means.get(_id(record), unjudged)
    else:
        yield from stream


def _hatexplain(record: Record, path: Path, line: int) -> Record:
    """A post with its words joined, the label of the majority, and the characters marked."""
    try:
        words = [str(word) for word in json.loads(record["post_tokens"])]
        labels = Counter(said["label"] for said in json.loads(record["annotators"]))
        marks = json.loads(record.get("rationales") or "[]")
        marked = [2 * sum(each) >= len(each) for each in zip(*marks, strict=True)]
    except (ValueError, TypeError, KeyError):
        raise CorpusError(
            f"{path}, line {line}, column 'annotators': must be as HateXplain has it: a list of "
            "objects with 'label' beside lists 'post_tokens' and 'rationales'"
        ) from None
    label, votes = labels.most_common(1)[0] if labels else ("", 0)
    return {
        "post_text": " ".join(words),
        "majority": label if 2 * votes > labels.total() else "",
        "rationale": json.dumps(_offsets(words, marked)),
    }


def _offsets(words: list[str], marked: list[bool]) -> list[int]:
    """The characters of the marked words, where one blank stands between words.

    >>> _offsets(["so", "it", "is"], [False, True, False])
    [3, 4]
    """
    starts = itertools.accumulate((len(word) + 1 for word in words), initial=0)
    return [
        start + at
        for start, word, mark in zip(starts, words, marked, strict=False)
        if mark
        for at in range(len(word))
    ]


def _means(path: Path) -> dict[str, Record]:
    """What the judgements beside a file of Detox's comments say, by the comment's number."""
    beside = path.with_name(path.name.replace(_COMMENTS, _JUDGEMENTS))
    if beside == path or not beside.is_file():
        raise CorpusError(
            f"{path}: holds the comments of Wikipedia Detox without judgements; name the two files "
            "as published, attack_annotated_comments.tsv beside attack_annotations.tsv"
        )
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    count: Counter[str] = Counter()
    for line, record in records(beside):
        if "rev_id" not in record:
            raise CorpusError(f"{beside}, line {line}: no column 'rev_id'")
        comment = _id(record)
        count[comment] += 1
        for column, value in record.items():
            if column not in ("rev_id", "worker_id"):
                sums[comment][column] += _number(value, beside, line, column)
    return {
        comment: {column: str(value / count[comment]) for column, value in said.items()}
        for comment, said in sums.items()
    }


def _number(value: str, path: Path, line: int, column: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise CorpusError(
            f"{path}, line {line}, column '{column}': must be a number, not '{value[:20]}'"
        ) from None


def _id(record: Record) -> str:
    """A comment's number: some of the tables have it as 2232, some as 2232.0."""
    return record["rev_id"].removesuffix(".0")
