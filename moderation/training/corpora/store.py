"""Store the labels of all training texts. Each distinct text is stored once.

Texts are stored in the form that the service's models read. The label store is an SQLite database
on disk, so that memory use does not grow with the number of texts. The database file is written
completely or not at all, so that training can resume after an interruption.
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

TIMEOUT = 3600.0  # seconds to wait for another process that fills the same file

_TABLES = """
CREATE TABLE texts
    (row INTEGER PRIMARY KEY, key BLOB UNIQUE, part TEXT, natural INTEGER, text TEXT);
CREATE TABLE labels (label TEXT, row INTEGER, value REAL);
CREATE TABLE sources (name TEXT PRIMARY KEY, rows INTEGER);
CREATE INDEX by_label ON labels (label, row, value);
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
SELECT row, avg(value) FROM labels JOIN texts USING (row)
WHERE label = ? AND part IN (SELECT value FROM json_each(?)) AND natural >= ?
GROUP BY row ORDER BY row
"""
_COMPLETE = 1  # the database's `user_version` once it has all rows


class Labelled(NamedTuple):
    """The numbers of the rows that have a label, in ascending order, and its values (0..1)."""

    rows: Rows
    values: npt.NDArray[np.float64]


@dataclass(frozen=True)
class LabelStore:
    """A store of texts, which are numbered from 0, and of their labels."""

    connection: sqlite3.Connection

    def __len__(self) -> int:
        """Return the number of texts."""
        return int(self.connection.execute("SELECT count(*) FROM texts").fetchone()[0])

    def texts(self, rows: Iterable[int] | None = None) -> Iterator[str]:
        """Yield the texts whose numbers are in `rows`, or all texts in order."""
        if rows is None:
            for (text,) in self.connection.execute("SELECT text FROM texts ORDER BY row"):
                yield text
            return
        for row in rows:
            cursor = self.connection.execute("SELECT text FROM texts WHERE row = ?", (int(row),))
            yield cursor.fetchone()[0]

    def rows(self, *parts: Part, natural: bool = False) -> Rows:
        """Return the numbers of the texts in these splits.

        If `natural` is true, only texts that were sampled at random are returned.
        """
        cursor = self.connection.execute(_ROWS, (json.dumps(parts), natural))
        return np.fromiter((row for (row,) in cursor), np.int64)

    def of(self, label: str, *parts: Part, natural: bool = False) -> Labelled:
        """Return the label's values, and the numbers of the texts in these splits that have it.

        A text that was labelled several times has the mean value. If `natural` is true, only texts
        that were sampled at random are returned.
        """
        cursor = self.connection.execute(_LABELLED, (label, json.dumps(parts), natural))
        table = np.fromiter(cursor, np.dtype([("row", np.int64), ("value", np.float64)]))
        return Labelled(table["row"].copy(), table["value"].copy())

    def sources(self) -> dict[str, int]:
        """Return the number of rows from each corpus."""
        return dict(self.connection.execute("SELECT name, rows FROM sources ORDER BY name"))


@contextlib.contextmanager
def collect(
    rows: Iterable[Row], labels: Iterable[str], file: Path | None = None
) -> Iterator[LabelStore]:
    """Store the texts of the rows that have any of `labels`, and yield the store to a `with` block.

    If `file` already holds a complete store, it is used as it is, and `rows` are not read. Without
    a `file`, the store is temporary.

    >>> with collect([Row("You fool", "a", {"a.x": 1.0})], ["a.x"]) as label_store:
    ...     list(label_store.texts())
    ['You fool']
    """
    with contextlib.closing(
        sqlite3.connect(file or "", timeout=TIMEOUT, isolation_level=None)
    ) as connection:
        connection.execute("PRAGMA cache_size = -65536")  # 64 MB
        connection.execute("BEGIN EXCLUSIVE")
        with connection:  # one transaction
            if connection.execute("PRAGMA user_version").fetchone()[0] != _COMPLETE:
                _fill(connection, rows, set(labels))
        yield LabelStore(connection)


def _fill(connection: sqlite3.Connection, rows: Iterable[Row], wanted: set[str]) -> None:
    for statement in _TABLES.split(";"):
        connection.execute(statement)
    count = 0
    for row in rows:
        labels = {label: value for label, value in row.labels.items() if label in wanted}
        if not labels:
            continue
        # "replace", because a lone surrogate cannot be encoded.
        text = read(row.text).deobfuscated.text.encode("utf-8", "replace")
        key = hashlib.blake2b(text, digest_size=16).digest()
        (number,) = connection.execute(
            _TEXT, (count, key, row.part, row.natural, text.decode())
        ).fetchone()
        count += number == count
        connection.executemany(
            "INSERT INTO labels VALUES (?, ?, ?)",
            [(label, number, value) for label, value in labels.items()],
        )
        connection.execute(_SOURCE, (row.source,))
    connection.execute(f"PRAGMA user_version = {_COMPLETE}")
