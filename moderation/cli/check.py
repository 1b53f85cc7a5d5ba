"""`moderation check`: what the house rules say of one comment, or of a file of them."""

from __future__ import annotations

import contextlib
import gzip
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import click
from rich.console import Console

from moderation.batch import files
from moderation.batch.backends import Backend, BackendError
from moderation.batch.rows import Row, Source, SourceError
from moderation.batch.worker import WorkerSpec, WorkerSpecError
from moderation.cli import options
from moderation.cli.render import render
from moderation.comment import Comment
from moderation.decision import Action
from moderation.moderator import Moderator
from moderation.policy import Policy

if TYPE_CHECKING:
    from rich.progress import Progress

_Judge = Callable[[Iterable[Row]], Iterator[files.Record]]


@click.command(short_help="Judge one comment, or a file of them.")
@click.argument("text", required=False)
@click.option("--article", help="The title or text of the article that TEXT stands under.")
@click.option("--parent", help="The comment that TEXT answers.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON in a terminal, too.")
@click.option(
    "--input",
    "source",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="Read comments from FILE; - is standard input.",
)
@click.option(
    "--output",
    "target",
    metavar="FILE",
    default="-",
    help="Write the decisions to FILE, instead of standard output.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(files.FORMATS),
    help="The format of the input, where its name does not tell.",
)
@click.option("--strict", is_flag=True, help="Stop at the first row that cannot be judged.")
@options.engine
@options.policy
@options.models
def check(
    text: str | None,
    article: str | None,
    parent: str | None,
    as_json: bool,
    source: str | None,
    target: str,
    form: files.Format | None,
    strict: bool,
    engine: Backend | None,
    policy: Path | None,
    models: Path | None,
) -> int:
    """Say what the house rules make of TEXT, or of every comment in a file.

    In a terminal the answer to TEXT is laid out for reading; in a pipe it is one line of JSON.

    A file is CSV, JSON lines or Parquet, also packed with gzip, with a column 'text' and, where
    known, 'id', 'author', 'article' and 'parent'. Out comes one line of JSON for every row, in
    the same order: the decision under the row's own id or, where the row cannot be judged,
    {"line": 7, "error": "…"}. Such rows are named on stderr; the rest goes on, and the exit code
    is 1.

    With --backend the rows of a file are judged by other processes, here (loky) or in a cluster
    (dask, ray, spark), in the same order; docs/scale.md says how.
    """
    if (text is None) == (source is None):
        raise click.UsageError('give one of TEXT ("…") and --input FILE')
    if source is None:
        if strict or form or engine or target != "-":
            both = "--strict, --format, --output, --backend and --jobs"
            raise click.UsageError(f"{both} go with --input FILE")
        moderator = Moderator.load(policy, models)
        comment = Comment(cast(str, text), article=article, parent=parent)
        return _one(moderator, comment, as_json)
    if article or parent or as_json:
        raise click.UsageError("--article, --parent and --json go with TEXT; a file has columns")
    with _judges(engine, policy, models) as (judge, max_bytes):
        return _many(judge, max_bytes, source, target, form, strict)


def _one(moderator: Moderator, comment: Comment, as_json: bool) -> int:
    decision = moderator.moderate(comment)
    console = Console(highlight=False)
    if as_json or not console.is_terminal:
        click.echo(json.dumps(decision.to_dict(), ensure_ascii=False))
    else:
        console.print(render(comment.text, decision))
    return 0


@contextlib.contextmanager
def _judges(
    engine: Backend | None, policy: Path | None, models: Path | None
) -> Iterator[tuple[_Judge, int]]:
    """What makes records of rows, here or with an engine, and a comment's limit in bytes."""
    if engine is None:
        moderator = Moderator.load(policy, models)
        yield partial(files.records, moderator), moderator.policy.publication.max_bytes
        return
    loaded = Policy.load(policy)
    work = WorkerSpec.of(loaded, models)
    with engine.connected() as crew:
        yield partial(files.records_by, crew, work), loaded.publication.max_bytes


def _many(
    judge: _Judge,
    max_bytes: int,
    source: str,
    target: str,
    form: files.Format | None,
    strict: bool,
) -> int:
    if source != "-" and Path(target).exists() and Path(source).samefile(target):
        raise click.UsageError(f"--output {target} is the input itself")
    tally: Counter[str] = Counter()
    try:
        with (
            files.open_source(source, form, max_bytes) as rows,
            _writer(target) as write,
            _progress(rows) as bar,
        ):
            for record in judge(rows.rows):
                if record.error:
                    _complain(f"{source}: line {record.line}: {record.error}", strict, bar)
                tally[record.verdict] += 1
                write(record.json)
                bar.update(bar.task_ids[0], completed=rows.position(), count=tally.total())
        sys.stdout.buffer.flush()
    except SourceError as error:
        raise click.UsageError(f"{source}: {error}") from None
    except BrokenPipeError:
        raise
    except (*files.UNREADABLE, BackendError, WorkerSpecError) as error:
        raise click.ClickException(f"{source}: after {tally.total():,} rows: {error}") from None
    click.echo(_summary(tally), err=True)
    return 1 if tally["error"] else 0


def _complain(message: str, strict: bool, bar: Progress) -> None:
    """Name a row that cannot be judged, above the progress bar; the last word if `strict`."""
    if strict:
        raise click.UsageError(message)
    bar.console.print(message, markup=False, soft_wrap=True)


@contextlib.contextmanager
def _writer(target: str) -> Iterator[Callable[[str], object]]:
    """What writes lines to a file (packed, if its name ends in .gz) or to standard output."""
    if target == "-":
        yield _lines_to(sys.stdout.buffer)
        return
    with contextlib.ExitStack() as stack:
        try:
            file: IO[bytes] = stack.enter_context(Path(target).open("wb"))
        except OSError as error:
            raise click.UsageError(f"--output {target}: {error.strerror}") from None
        if target.endswith(".gz"):
            file = cast(IO[bytes], stack.enter_context(gzip.GzipFile(fileobj=file, mode="wb")))
        yield _lines_to(file)


def _lines_to(file: IO[bytes]) -> Callable[[str], object]:
    return lambda line: file.write(line.encode())


@contextlib.contextmanager
def _progress(rows: Source) -> Iterator[Progress]:
    """A bar on standard error, if that is a terminal; a log file has no use for one."""
    from rich.progress import (  # a single comment need not wait for it
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.fields[count]:,} comments"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, disable=not console.is_terminal, transient=True
    ) as bar:
        bar.add_task("comments", total=rows.total, count=0)
        yield bar


def _summary(tally: Counter[str]) -> str:
    """What became of the comments, in one line.

    >>> _summary(Counter(approve=1200, error=1))
    '1,201 rows: 1,200 approve, 0 review, 0 reject, 1 not judged'
    """
    parts = [f"{tally[str(action)]:,} {action}" for action in Action]
    return f"{tally.total():,} rows: {', '.join(parts)}, {tally['error']:,} not judged"
