"""Read the in-house comments: comments written for this project in the style of readers.

Public corpora consist of tweets, forum posts and Wikipedia talk pages. `data/own_comments.csv` has
what they lack: contempt without swear words, Indian English and implicit hatred. For each harmful
comment it has a harmless comment on the same subject in similar words.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import regex

from moderation.paths import DATA
from moderation.training.corpora import splits
from moderation.training.corpora.catalogue import Row, sha256

COMMENTS = DATA / "own_comments.csv"
LABELS = ("attack", "hate", "toxic", "threat", "spam")
COLUMNS = ("text", *LABELS, "kind", "area")

Area = Literal["IN", "XX"]  # India, elsewhere

_VALUES = {"0": 0.0, "1": 1.0, "": None}
_AREAS: Mapping[str, Area] = {"IN": "IN", "XX": "XX"}
_SLUG = regex.compile(r"[a-z]+(_[a-z]+)*")


class InHouseError(ValueError):
    """A file of in-house comments is invalid. The message names the line and column."""


class Comment(NamedTuple):
    """An in-house comment.

    `labels` maps labels to 0 or 1; a label that does not apply is left out:

    - `attack`: an insult, contempt or a threat against a person.
    - `hate`: hatred of a group, or a call to violence.
    - `toxic`: readers would find the tone abusive.
    - `threat`: the comment threatens, wishes or calls for violence or harm.
    - `spam`: advertising, a lure or a scam.

    `kind` names the phenomenon, for example 'condescension'. `area` is the region whose English the
    comment is in, for example 'IN' (India).
    """

    text: str
    labels: dict[str, float]
    kind: str
    area: Area

    @property
    def part(self) -> splits.Part:
        """The comment's split: train, validation or test. It depends only on the text."""
        return splits.part(self.text)

    @property
    def source_labels(self) -> dict[str, float]:
        """The labels with the prefix `own.`, as in the rows of corpora, for example `own.hate`."""
        return {f"own.{label}": value for label, value in self.labels.items()}


def comments(path: Path = COMMENTS) -> Iterator[Comment]:
    """Yield all comments of the file in order.

    Raises `InHouseError`; its message does not quote the comment.

    >>> first = next(comments())
    >>> first.kind, first.area, first.labels
    ('condescension', 'IN', {'attack': 1.0, 'hate': 0.0, 'toxic': 1.0, 'threat': 0.0, 'spam': 0.0})
    """
    seen: set[str] = set()
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise InHouseError(f"{path}, line 1: the columns must be {', '.join(COLUMNS)}")
        for record in reader:
            try:
                yield _comment(record, seen)
            except InHouseError as error:
                raise InHouseError(f"{path}, line {reader.line_num}, {error}") from None


def rows() -> Iterator[Row]:
    """Yield all in-house comments in the form of a corpus's rows. The corpus is named `own`."""
    return (Row(comment.text, "own", comment.source_labels) for comment in comments())


def entry() -> dict[str, Any]:
    """Return the description of the in-house comments for a model's card."""
    return {
        "name": "own",
        "file": f"data/{COMMENTS.name}",
        "rows": sum(comment.part == "train" for comment in comments()),
        "licence": "Apache-2.0",
        "citation": "written for this project",
        "sha256": sha256(COMMENTS),
    }


def _comment(record: Mapping[str | None, str | None], seen: set[str]) -> Comment:
    if None in record or None in record.values():
        raise InHouseError(f"column 'area': must be the last of {len(COLUMNS)}")
    text = record["text"] or ""
    if not text.strip():
        raise InHouseError("column 'text': is empty")
    if (key := splits.key(text)) in seen:
        raise InHouseError("column 'text': is a duplicate; remove one of them")
    seen.add(key)
    values = {label: _value(label, record[label]) for label in LABELS}
    labels = {label: value for label, value in values.items() if value is not None}
    if not labels:
        raise InHouseError(f"column 'attack': one of {', '.join(LABELS)} must be 0 or 1")
    kind, area = record["kind"] or "", _AREAS.get(record["area"] or "")
    if not _SLUG.fullmatch(kind):
        raise InHouseError("column 'kind': must be lower-case letters and underscores")
    if area is None:
        raise InHouseError("column 'area': must be IN or XX")
    return Comment(text, labels, kind, area)


def _value(label: str, cell: str | None) -> float | None:
    if cell not in _VALUES:
        raise InHouseError(f"column '{label}': must be 0, 1 or empty")
    return _VALUES[cell]
