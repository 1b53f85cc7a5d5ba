"""Comments written for this project as readers write under newspaper articles, with near twins.

Public sets hold tweets, forum posts and Wikipedia's talk; `data/own_comments.csv` holds what they
lack: contempt without a swear word, Indian English, hatred said by half, and beside each the
harmless comment on the same matter in the same words.
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
    """A file of comments that is not as it should be; the message names line and column."""


class Comment(NamedTuple):
    """A comment and what it is, 0 or 1 by label; a label that does not apply is left out.

    `attack`: insult, contempt or threat aimed at a person. `hate`: hatred of a group, or a call to
    violence. `toxic`: readers would find the tone abusive. `threat`: violence or harm is
    threatened, wished or called for. `spam`: advertising, a lure or a scam. `kind` is the
    phenomenon.
    """

    text: str
    labels: dict[str, float]
    kind: str
    area: Area

    @property
    def part(self) -> splits.Part:
        """Whether it trains, tunes or tests: by its text, like every other set's."""
        return splits.part(self.text)

    @property
    def named(self) -> dict[str, float]:
        """The labels by the names that they have beside those of other sets, as `own.hate`."""
        return {f"own.{label}": value for label, value in self.labels.items()}


def comments(path: Path = COMMENTS) -> Iterator[Comment]:
    """All comments of the file, in its order.

    Raises `InHouseError` naming line and column, and never quoting the comment.

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
    """All comments as rows of a set, `own`, beside those of `corpora.rows`."""
    return (Row(it.text, "own", it.named) for it in comments())


def entry() -> dict[str, Any]:
    """What a model's card says of the comments that train it."""
    return {
        "name": "own",
        "file": f"data/{COMMENTS.name}",
        "rows": sum(it.part == "train" for it in comments()),
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
        raise InHouseError("column 'text': stands here twice; leave one out")
    seen.add(key)
    labels = {label: _value(label, record[label]) for label in LABELS}
    given = {label: value for label, value in labels.items() if value is not None}
    if not given:
        raise InHouseError(f"column 'attack': one of {', '.join(LABELS)} must be 0 or 1")
    kind, area = record["kind"] or "", _AREAS.get(record["area"] or "")
    if not _SLUG.fullmatch(kind):
        raise InHouseError("column 'kind': must be small letters and underscores")
    if area is None:
        raise InHouseError("column 'area': must be IN or XX")
    return Comment(text, given, kind, area)


def _value(label: str, cell: str | None) -> float | None:
    if cell not in _VALUES:
        raise InHouseError(f"column '{label}': must be 0, 1 or empty")
    return _VALUES[cell]
