"""The command line: `moderation …`. One file per command, each in words a newsroom would use.

Exit codes: 0 done, 1 the work failed, 2 wrong usage or input (one line says what and where).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

import click

from moderation.batch.backends import BackendError
from moderation.batch.rows import SourceError
from moderation.cli import (
    ask,
    check,
    corpus,
    drift,
    migrate,
    models,
    policy,
    serve,
    service,
    train,
)
from moderation.comment import CommentError
from moderation.policy import PolicyError
from moderation.scoring.store import ModelError

DONE, FAILED, WRONG, STOPPED = 0, 1, 2, 130


@click.group(
    cls=service.WithOperators,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(version("house-rules"), message="moderation %(version)s")
def commands() -> None:
    """A newspaper's house rules, executable: a comment goes in, a decision with its reasons out.

    \b
    moderation check "u r an idiot"          one comment
    moderation check --input comments.csv    a file of them
    moderation serve                         the service and its page
    """


for command in (
    check.check,
    ask.ask,
    corpus.corpus,
    drift.drift,
    serve.serve,
    train.train,
    train.evaluate,
    policy.policy,
    models.models,
    migrate.migrate,
):
    commands.add_command(command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line (that of the process by default) and return its exit code."""
    try:
        code = commands.main(arguments, prog_name="moderation", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return WRONG
    except click.ClickException as error:
        return _fail(error.format_message(), error.exit_code)
    except (CommentError, PolicyError, SourceError) as error:
        return _fail(str(error), WRONG)
    except (BackendError, ModelError) as error:
        return _fail(str(error), FAILED)
    except BrokenPipeError:
        # Whoever read the output has gone (`… | head`): nothing to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (KeyboardInterrupt, click.Abort):
        return _fail("stopped", STOPPED)
    return code if isinstance(code, int) else DONE


def _fail(message: str, code: int) -> int:
    line = " ".join(message.split())  # a file's own words may stand in it: nothing to steer by
    click.echo("moderation: " + "".join(it if it.isprintable() else "�" for it in line), err=True)
    return code


def main() -> None:
    """The `moderation` program."""
    sys.exit(run())
