"""Convert two corpora that are not published with one row for each comment.

HateXplain is a JSON document with the words of each post, the labels of three annotators and the
words that they marked. A comment gets the label that most annotators gave. The Wikipedia Detox data
are two tables: one of comments, and one with a row for each annotator's judgement of a comment. A
comment's label is the mean of its judgements.
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


def one_row_per_comment(path: Path, numbered: Numbered) -> Iterator[tuple[int, Record]]:
    """Yield one record for each comment of a file, with its line number.

    `numbered` are the records of the file `path` with their line numbers. Those of HateXplain and
    of the Wikipedia Detox data are converted; all others are yielded unchanged. Raises
    `CorpusError`.
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
    """Convert a post of HateXplain to a record with one text, label and offsets.

    The text is the post's words, joined. The label is the one that more than half of the annotators
    gave. The offsets are those of the characters in the words that at least half of the annotators
    highlighted.
    """
    try:
        words = [str(word) for word in json.loads(record["post_tokens"])]
        labels = Counter(annotation["label"] for annotation in json.loads(record["annotators"]))
        marks = json.loads(record.get("rationales") or "[]")
        marked = [2 * sum(votes) >= len(votes) for votes in zip(*marks, strict=True)]
    except (ValueError, TypeError, KeyError):
        raise CorpusError(
            f"{path}, line {line}, column 'annotators': must be as in HateXplain: a list of "
            "objects with 'label'; 'post_tokens' and 'rationales' must be lists"
        ) from None
    label, votes = labels.most_common(1)[0] if labels else ("", 0)
    return {
        "post_text": " ".join(words),
        "majority": label if 2 * votes > labels.total() else "",
        "rationale": json.dumps(_offsets(words, marked)),
    }


def _offsets(words: list[str], marked: list[bool]) -> list[int]:
    """Join the words by spaces, and return the offsets of all characters in the marked words.

    >>> _offsets(["so", "it", "is"], [False, True, False])
    [3, 4]
    """
    starts = itertools.accumulate((len(word) + 1 for word in words), initial=0)
    return [
        start + offset
        for start, word, mark in zip(starts, words, marked, strict=False)
        if mark
        for offset in range(len(word))
    ]


def _means(path: Path) -> dict[str, Record]:
    """Return the mean of the annotators' judgements for each comment of the Wikipedia Detox data.

    The keys are the comments' ids. The judgements are in a second file in the folder of `path`.
    Raises `CorpusError` if this file is missing.
    """
    judgements = path.with_name(path.name.replace(_COMMENTS, _JUDGEMENTS))
    if judgements == path or not judgements.is_file():
        raise CorpusError(
            f"{path}: has the comments of Wikipedia Detox without judgements; keep both files in "
            "one folder under their names: attack_annotated_comments.tsv, attack_annotations.tsv"
        )
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    count: Counter[str] = Counter()
    for line, record in records(judgements):
        if "rev_id" not in record:
            raise CorpusError(f"{judgements}, line {line}: no column 'rev_id'")
        comment = _id(record)
        count[comment] += 1
        for column, value in record.items():
            if column not in ("rev_id", "worker_id"):
                sums[comment][column] += _number(value, judgements, line, column)
    return {
        comment: {column: str(value / count[comment]) for column, value in columns.items()}
        for comment, columns in sums.items()
    }


def _number(value: str, path: Path, line: int, column: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise CorpusError(
            f"{path}, line {line}, column '{column}': must be a number, not '{value[:20]}'"
        ) from None


def _id(record: Record) -> str:
    """Return a comment's id in one notation, because some tables write 2232 and others 2232.0."""
    return record["rev_id"].removesuffix(".0")
