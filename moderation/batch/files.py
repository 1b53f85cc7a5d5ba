"""Decide about the comments in a file, and return one JSON record per row, in the same order.

The file is CSV, JSON lines or Parquet, and may be compressed with gzip. It is read in batches, so a
longer file needs no more memory. A row that cannot be decided gets a record with its line number
and the error; the other rows are not affected. `rows.py` reads the rows, and `worker.py` lets other
processes decide about them.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import json
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal, cast

from moderation.batch.backends import WorkerPool
from moderation.batch.rows import Row, Source, SourceError, read_csv, read_jsonl, read_parquet
from moderation.batch.worker import WorkerSpec
from moderation.decision import Decision
from moderation.moderator import BATCH, Moderator

Format = Literal["csv", "jsonl", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "jsonl", "parquet")

UNREADABLE = (OSError, EOFError, zlib.error)  # what reading a damaged file may raise

_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A row of the file, and the decision about its comment: None if the row has an error."""

    row: Row
    decision: Decision | None

    def to_dict(self) -> dict[str, Any]:
        """Return a dict of JSON values: the decision with the row's id, or the row's error."""
        row_id = {} if self.row.id is None else {"id": self.row.id}
        if self.decision is None:
            return {"line": self.row.line, **row_id, "error": self.row.error}
        return self.decision.to_dict() | row_id


def decide(moderator: Moderator, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Decide about the comment of each row, and yield the outcomes in order.

    >>> rows = read_jsonl(io.BytesIO(b'{"text": "Well said."}\\n{"text": ""}\\n'), 20_480)
    >>> [str(outcome.decision and outcome.decision.action) for outcome in
    ...  decide(Moderator.load(), rows)]
    ['approve', 'None']
    """
    stream = iter(rows)
    while batch := list(islice(stream, BATCH)):
        decisions = moderator.moderate_many(row.comment for row in batch if row.comment)
        for row in batch:
            yield Outcome(row, next(decisions) if row.comment else None)


@dataclass(frozen=True, slots=True)
class Record:
    """The JSON line to write for a row, and what is needed to count the row.

    Worker processes return only records. `verdict` is the decision's action, or 'error' if there is
    no decision.
    """

    line: int
    verdict: str
    json: str
    error: str | None = None

    @classmethod
    def of(cls, outcome: Outcome) -> Record:
        """Return the record of a row, from its outcome."""
        line = json.dumps(outcome.to_dict(), ensure_ascii=False) + "\n"
        verdict = str(outcome.decision.action) if outcome.decision else "error"
        return cls(outcome.row.line, verdict, line, outcome.row.error)


def records(moderator: Moderator, rows: Iterable[Row]) -> Iterator[Record]:
    """Decide about each row in this process, and yield the records in order."""
    return map(Record.of, decide(moderator, rows))


def records_in_pool(pool: WorkerPool, spec: WorkerSpec, rows: Iterable[Row]) -> Iterator[Record]:
    """Let the workers of `pool` decide about each row, and yield the records in order.

    `spec` describes the policy and the models. Raises `WorkerSpecError` if a worker has another
    policy or other models, and `BackendError` if the work is lost.
    """
    stream = iter(rows)
    batches = iter(lambda: (spec, tuple(islice(stream, BATCH))), (spec, ()))
    for batch in pool.map(_decide_batch, batches):
        yield from batch


def _decide_batch(batch: tuple[WorkerSpec, tuple[Row, ...]]) -> list[Record]:
    spec, rows = batch
    return [*records(spec.moderator(), rows)]


@contextlib.contextmanager
def open_source(
    name: str, form: Format | None, max_bytes: int, text: str = "text"
) -> Iterator[Source]:
    """Open the file `name`, or standard input for '-', and yield a `Source` with its rows.

    `form` is the file's format. By default the file's name tells the format, or else the file's
    first bytes. `text` names the column with the text. A comment longer than `max_bytes` is an
    error of its row. Raises `SourceError` if the whole file cannot be read.
    """
    with contextlib.ExitStack() as stack:
        if name == "-":
            raw, size = cast(IO[bytes], sys.stdin.buffer), None
        else:
            raw = stack.enter_context(Path(name).open("rb"))
            size = Path(name).stat().st_size or None
        counted = _Counted(raw)
        plain = plain_bytes(io.BufferedReader(counted))
        by_name = _SUFFIXES.get(Path(name.removesuffix(".gz")).suffix.lower())
        by_content = _detect_format(plain)
        match form or by_name or by_content:
            case "parquet":
                spooled = stack.enter_context(tempfile.TemporaryFile())
                file = raw if plain.raw is counted and raw.seekable() else spooled
                if file is spooled:
                    shutil.copyfileobj(plain, spooled)
                yield read_parquet(file, max_bytes, text)
            case "jsonl":
                yield Source(read_jsonl(plain, max_bytes, text), lambda: counted.count, size)
            case _:
                yield Source(read_csv(plain, max_bytes, text), lambda: counted.count, size)


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[io.BufferedReader]:
    """Open a file to read its bytes. If it is compressed with gzip, the bytes are decompressed."""
    with path.open("rb") as raw:
        yield plain_bytes(raw)


class _Counted(io.RawIOBase):
    """A stream that counts the bytes that have been read from it, to show the progress."""

    def __init__(self, raw: IO[bytes]) -> None:
        self.inner = raw
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.inner.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


def plain_bytes(stream: io.BufferedReader) -> io.BufferedReader:
    """Return the stream. If it begins with gzip's two signature bytes, it is decompressed."""
    if stream.peek(2)[:2] == b"\x1f\x8b":
        return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=stream)))
    return stream


def _detect_format(stream: io.BufferedReader) -> Format:
    """Guess the file's format from its first bytes. Raises `SourceError` if they are UTF-16."""
    head = stream.peek(64)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SourceError("is UTF-16; save it as UTF-8")
    if head.startswith(b"PAR1"):
        return "parquet"
    return "jsonl" if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "csv"
