"""Labelled rows to a table: each text once, read as it will be read in service.

The table is SQLite's, on disk: millions of texts take no more memory than a few. What is kept in
a file is written whole or not at all, so that an interrupted training can go on from it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from moderation.text.reading import read
from moderation.training.corpora.catalogue import Row
from moderation.training.corpora.splits import Part

Rows = npt.NDArray[np.int64]

WAIT = 3600.0  # seconds that another process may take to fill the same file

_TABLES = """
CREATE TABLE texts
    (row INTEGER PRIMARY KEY, key BLOB UNIQUE, part TEXT, natural INTEGER, text TEXT);
CREATE TABLE said (label TEXT, row INTEGER, value REAL);
CREATE TABLE sources (name TEXT PRIMARY KEY, rows INTEGER);
CREATE INDEX by_label ON said (label, row, value);
CREATE INDEX by_part ON texts (part, natural);
"""
_TEXT = """
INSERT INTO texts (row, key, part, natural, text) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET natural = natural | excluded.natural RETURNING row
"""
_SOURCE = """
INSERT INTO sources VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET rows = rows + 1
"""
_ROWS = """
SELECT row FROM texts WHERE part IN (SELECT value FROM json_each(?)) AND natural >= ? ORDER BY row
"""
_LABELLED = """
SELECT row, avg(value) FROM said JOIN texts USING (row)
WHERE label = ? AND part IN (SELECT value FROM json_each(?)) AND natural >= ?
GROUP BY row ORDER BY row
"""
_FILLED = 1  # the table's `user_version` when all is in it


class Labelled(NamedTuple):
    """What one label says: the rows it speaks about, ascending, and a value 0..1 for each."""

    rows: Rows
    values: npt.NDArray[np.float64]


@dataclass(frozen=True)
class LabelStore:
    """Texts, numbered from 0 on, and what is known of them."""

    table: sqlite3.Connection

    def __len__(self) -> int:
        """How many texts there are."""
        return int(self.table.execute("SELECT count(*) FROM texts").fetchone()[0])

    def texts(self, rows: Iterable[int] | None = None) -> Iterator[str]:
        """The texts of these rows, or all in their order."""
        if rows is None:
            for (text,) in self.table.execute("SELECT text FROM texts ORDER BY row"):
                yield text
            return
        for row in rows:
            one = self.table.execute("SELECT text FROM texts WHERE row = ?", (int(row),))
            yield one.fetchone()[0]

    def rows(self, *parts: Part, natural: bool = False) -> Rows:
        """The rows of these parts, natural ones only where asked."""
        found = self.table.execute(_ROWS, (json.dumps(parts), natural))
        return np.fromiter((row for (row,) in found), np.int64)

    def of(self, label: str, *parts: Part, natural: bool = False) -> Labelled:
        """What a label says of these parts; the mean where it says several things of a text."""
        found = self.table.execute(_LABELLED, (label, json.dumps(parts), natural))
        both = np.fromiter(found, np.dtype([("row", np.int64), ("value", np.float64)]))
        return Labelled(both["row"].copy(), both["value"].copy())

    def sources(self) -> dict[str, int]:
        """How many rows came from each set."""
        return dict(self.table.execute("SELECT name, rows FROM sources ORDER BY name"))


@contextlib.contextmanager
def collect(
    rows: Iterable[Row], labels: Iterable[str], file: Path | None = None
) -> Iterator[LabelStore]:
    """The rows that any of `labels` speaks about, each text once.

    They stay in `file` for the next time, which takes them as they are; without one they are
    gone in the end.

    >>> with collect([Row("You fool", "a", {"a.x": 1.0})], ["a.x"]) as found:
    ...     list(found.texts())
    ['You fool']
    """
    with contextlib.closing(
        sqlite3.connect(file or "", timeout=WAIT, isolation_level=None)
    ) as table:
        table.execute("PRAGMA cache_size = -65536")  # 64 MB
        table.execute("BEGIN EXCLUSIVE")
        with table:  # all of it, or nothing
            if table.execute("PRAGMA user_version").fetchone()[0] != _FILLED:
                _fill(table, rows, set(labels))
        yield LabelStore(table)


def _fill(table: sqlite3.Connection, rows: Iterable[Row], wanted: set[str]) -> None:
    for statement in _TABLES.split(";"):
        table.execute(statement)
    count = 0
    for row in rows:
        said = {label: value for label, value in row.labels.items() if label in wanted}
        if not said:
            continue
        text = read(row.text).deobfuscated.text.encode(
            "utf-8", "replace"
        )  # half a character is none
        key = hashlib.blake2b(text, digest_size=16).digest()
        (at,) = table.execute(_TEXT, (count, key, row.part, row.natural, text.decode())).fetchone()
        count += at == count
        table.executemany(
            "INSERT INTO said VALUES (?, ?, ?)",
            [(label, at, value) for label, value in said.items()],
        )
        table.execute(_SOURCE, (row.source,))
    table.execute(f"PRAGMA user_version = {_FILLED}")
