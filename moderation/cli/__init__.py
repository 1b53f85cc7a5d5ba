"""The command line, `moderation …`, with one module per command.

Exit codes: 0 success, 1 the work failed, 2 wrong usage or input, 130 interrupted. Every error is
one line on standard error that says what is wrong and where.
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
from moderation.paths import HomeError
from moderation.plugins import PluginError
from moderation.policy import PolicyError
from moderation.scoring.store import ModelError

DONE, FAILED, WRONG, STOPPED = 0, 1, 2, 130


@click.group(
    cls=service.ServiceGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(version("house-rules"), message="moderation %(version)s")
def commands() -> None:
    """Moderate comments by a newspaper's house rules.

    Each comment gets a decision (approve, review or reject) and the reasons for it.

    \b
    Examples:
      moderation check "u r an idiot"          check one comment
      moderation check --input comments.csv    check a file of comments
      moderation serve                         start the service and its web page
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
    """Run a command line and return its exit code.

    `arguments` are the words after `moderation`; None means those of this process.
    """
    try:
        code = commands.main(arguments, prog_name="moderation", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return WRONG
    except click.ClickException as error:
        return _fail(error.format_message(), error.exit_code)
    except (CommentError, HomeError, PluginError, PolicyError, SourceError) as error:
        return _fail(str(error), WRONG)
    except (BackendError, ModelError) as error:
        return _fail(str(error), FAILED)
    except BrokenPipeError:
        # The program that read the output has ended, as in `… | head`. Exit without a message.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (KeyboardInterrupt, click.Abort):
        return _fail("stopped", STOPPED)
    return code if isinstance(code, int) else DONE


def _fail(message: str, code: int) -> int:
    line = " ".join(message.split())
    # The message may quote a file, so remove the characters that could control the terminal.
    printable = "".join(char if char.isprintable() else "�" for char in line)
    click.echo(f"moderation: {printable}", err=True)
    return code


def main() -> None:
    """Run the `moderation` program with the arguments of this process, and exit."""
    sys.exit(run())
