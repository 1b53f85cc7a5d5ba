"""Many comments from a file: rows in, one JSON record out for each, in the same order.

Reads CSV, JSON lines and Parquet, packed with gzip or not, a batch at a time: memory stays flat
however long the file is. A row that cannot be judged costs nothing but itself; in its place
stands a record with its line number and what is wrong.
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

UNREADABLE = (OSError, EOFError, zlib.error)  # a damaged or packed file, while it is read

_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row: a decision, or what is wrong with the row."""

    row: Row
    decision: Decision | None

    def to_dict(self) -> dict[str, Any]:
        """The record that is written: the decision under the row's own id, or the error."""
        own = {} if self.row.id is None else {"id": self.row.id}
        if self.decision is None:
            return {"line": self.row.line, **own, "error": self.row.error}
        return self.decision.to_dict() | own


def decide(moderator: Moderator, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The outcome of every row, in order.

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
    """The line of JSON that is written for a row, with what a tally needs: all that travels back.

    `verdict` is an action's name, or 'error' where the row could not be judged.
    """

    line: int
    verdict: str
    json: str
    error: str | None = None

    @classmethod
    def of(cls, outcome: Outcome) -> Record:
        """The record of an outcome."""
        written = json.dumps(outcome.to_dict(), ensure_ascii=False) + "\n"
        verdict = str(outcome.decision.action) if outcome.decision else "error"
        return cls(outcome.row.line, verdict, written, outcome.row.error)


def records(moderator: Moderator, rows: Iterable[Row]) -> Iterator[Record]:
    """The record of every row, in order, judged in this process."""
    return map(Record.of, decide(moderator, rows))


def records_by(crew: WorkerPool, work: WorkerSpec, rows: Iterable[Row]) -> Iterator[Record]:
    """The same, judged by the workers of an engine, a batch at a time.

    Raises `WorkerSpecError` where a worker would judge otherwise, and `BackendError` where the
    work is lost.
    """
    stream = iter(rows)
    batches = iter(lambda: (work, tuple(islice(stream, BATCH))), (work, ()))
    for batch in crew.map(_judged, batches):
        yield from batch


def _judged(batch: tuple[WorkerSpec, tuple[Row, ...]]) -> list[Record]:
    work, rows = batch
    return [*records(work.moderator(), rows)]


@contextlib.contextmanager
def open_source(name: str, form: Format | None, max_bytes: int) -> Iterator[Source]:
    """The rows of file `name`, or of standard input for '-'.

    The format is `form`, else told by the file's name, else by its first bytes. Raises
    `SourceError` where the file as a whole cannot be read; `max_bytes` is a comment's limit.
    """
    with contextlib.ExitStack() as stack:
        if name == "-":
            raw, size = cast(IO[bytes], sys.stdin.buffer), None
        else:
            raw = stack.enter_context(Path(name).open("rb"))
            size = Path(name).stat().st_size or None
        counted = _Counted(raw)
        plain = plain_bytes(io.BufferedReader(counted))
        told = _SUFFIXES.get(Path(name.removesuffix(".gz")).suffix.lower())
        seen = _sniffed(plain)
        match form or told or seen:
            case "parquet":
                spooled = stack.enter_context(tempfile.TemporaryFile())
                file = raw if plain.raw is counted and raw.seekable() else spooled
                if file is spooled:
                    shutil.copyfileobj(plain, spooled)
                yield read_parquet(file, max_bytes)
            case "jsonl":
                yield Source(read_jsonl(plain, max_bytes), lambda: counted.count, size)
            case _:
                yield Source(read_csv(plain, max_bytes), lambda: counted.count, size)


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[io.BufferedReader]:
    """The file's bytes, whether packed with gzip or not."""
    with path.open("rb") as raw:
        yield plain_bytes(raw)


class _Counted(io.RawIOBase):
    """A stream that knows how many bytes were read from it, standard input included."""

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
    """The stream itself, or what is packed in it: a gzip file begins with two bytes of its own."""
    if stream.peek(2)[:2] == b"\x1f\x8b":
        return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=stream)))
    return stream


def _sniffed(stream: io.BufferedReader) -> Format:
    head = stream.peek(64)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SourceError("is UTF-16; save it as UTF-8")
    if head.startswith(b"PAR1"):
        return "parquet"
    return "jsonl" if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "csv"
