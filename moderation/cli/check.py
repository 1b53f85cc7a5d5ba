"""`moderation check`: decide about one comment or a file of comments."""

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

_Checker = Callable[[Iterable[Row]], Iterator[files.Record]]


@click.command(short_help="Check one comment or a file of comments.")
@click.argument("text", required=False)
@click.option("--article", help="The title or text of the article that TEXT comments on.")
@click.option("--parent", help="The comment that TEXT replies to.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON in a terminal too.")
@click.option(
    "--input",
    "source",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="Read comments from FILE. Use - for standard input.",
)
@click.option(
    "--output",
    "target",
    metavar="FILE",
    default="-",
    help="Write the decisions to FILE (gzipped if it ends in .gz). Default: standard output.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(files.FORMATS),
    help="The input's format. Default: detected from its name or content.",
)
@click.option(
    "--text",
    "column",
    metavar="COLUMN",
    help="The input's column with the text. Default: text.",
)
@click.option("--strict", is_flag=True, help="Stop at the first row that cannot be checked.")
@options.backend
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
    column: str | None,
    strict: bool,
    backend: Backend | None,
    policy: Path | None,
    models: Path | None,
) -> int:
    """Check TEXT, or every comment in a file, and print the decisions.

    In a terminal the decision about TEXT is laid out for reading. In a pipe it is one line of JSON.

    FILE is CSV, JSON lines or Parquet, optionally gzipped. It needs a column 'text' (or one that
    --text names) and may have 'id', 'author', 'article' and 'parent'. The output has one line of
    JSON per row, in the same order: the decision, with the row's id, or {"line": 7, "error": "…"}
    for a row that cannot be checked. Such rows are also listed on standard error. The other rows
    are still checked, and the exit code is 1.

    --backend checks a file's rows in several processes on this machine (loky) or in a cluster
    (dask), in the same order. See docs/scale.md.

    \b
    Examples:
      moderation check "u r an idiot" --article "The new bridge"
      moderation check --input comments.csv --output decisions.jsonl
    """
    if (text is None) == (source is None):
        raise click.UsageError('give one of TEXT ("…") and --input FILE')
    if source is None:
        if strict or form or column or backend or target != "-":
            raise click.UsageError(
                "--strict, --format, --text, --output, --backend and --jobs go with --input FILE"
            )
        moderator = Moderator.load(policy, models)
        comment = Comment(cast(str, text), article=article, parent=parent)
        return _check_text(moderator, comment, as_json)
    if article or parent or as_json:
        raise click.UsageError(
            "--article, --parent and --json go with TEXT; with --input use the file's columns"
        )
    with _checker(backend, policy, models) as (check_rows, max_bytes):
        return _check_file(check_rows, max_bytes, source, target, form, column, strict)


def _check_text(moderator: Moderator, comment: Comment, as_json: bool) -> int:
    decision = moderator.moderate(comment)
    console = Console(highlight=False)
    if as_json or not console.is_terminal:
        click.echo(json.dumps(decision.to_dict(), ensure_ascii=False))
    else:
        console.print(render(comment.text, decision))
    return 0


@contextlib.contextmanager
def _checker(
    backend: Backend | None, policy: Path | None, models: Path | None
) -> Iterator[tuple[_Checker, int]]:
    """Yield a function that decides about rows of a file, and the most bytes a comment may have.

    The function takes rows and yields records, which have the JSON to write. It runs in this
    process, or on the processes or cluster of `backend`.
    """
    if backend is None:
        moderator = Moderator.load(policy, models)
        yield partial(files.records, moderator), moderator.policy.publication.max_bytes
        return
    loaded = Policy.load(policy)
    spec = WorkerSpec.of(loaded, models)
    with backend.connected() as pool:
        yield partial(files.records_in_pool, pool, spec), loaded.publication.max_bytes


def _check_file(
    check_rows: _Checker,
    max_bytes: int,
    source: str,
    target: str,
    form: files.Format | None,
    column: str | None,
    strict: bool,
) -> int:
    if source != "-" and Path(target).exists() and Path(source).samefile(target):
        raise click.UsageError(f"--output {target} is the input itself; name another file")
    counts: Counter[str] = Counter()
    try:
        with (
            files.open_source(source, form, max_bytes, column or "text") as rows,
            _writer(target) as write,
            _progress(rows) as bar,
        ):
            for record in check_rows(rows.rows):
                if record.error:
                    _report_error(f"{source}: line {record.line}: {record.error}", strict, bar)
                counts[record.verdict] += 1
                write(record.json)
                bar.update(bar.task_ids[0], completed=rows.position(), count=counts.total())
        sys.stdout.buffer.flush()
    except SourceError as error:
        raise click.UsageError(f"{source}: {error}") from None
    except BrokenPipeError:
        raise
    except (*files.UNREADABLE, BackendError, WorkerSpecError) as error:
        raise click.ClickException(f"{source}: after {counts.total():,} rows: {error}") from None
    click.echo(_summary(counts), err=True)
    return 1 if counts["error"] else 0


def _report_error(message: str, strict: bool, bar: Progress) -> None:
    """Print an error message about a row above the progress bar.

    With `strict`, raise the message as a `UsageError` instead.
    """
    if strict:
        raise click.UsageError(message)
    bar.console.print(message, markup=False, soft_wrap=True)


@contextlib.contextmanager
def _writer(target: str) -> Iterator[Callable[[str], object]]:
    """Yield a function that writes lines to the file `target`, or to stdout if it is "-".

    The file is gzipped if its name ends in .gz.
    """
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
    """Yield a progress bar for reading `rows`. It shows only if standard error is a terminal."""
    from rich.progress import (  # imported here: checking one comment does not need it
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


def _summary(counts: Counter[str]) -> str:
    """Return the number of rows and of each decision in one line.

    >>> _summary(Counter(approve=1200, error=1))
    '1,201 rows: 1,200 approve, 0 review, 0 reject, 1 not judged'
    """
    parts = [f"{counts[str(action)]:,} {action}" for action in Action]
    return f"{counts.total():,} rows: {', '.join(parts)}, {counts['error']:,} not judged"
