"""Wrong usage is refused before anything large is imported."""

import json
import subprocess
import sys

PROGRAM = """
import json, sys
import click
from moderation import cli

def commands(command, *words):
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), *words, name)
    else:
        yield words

lines = json.loads(sys.argv[1]) or [[*words, "--bogus"] for words in commands(cli.commands)]
codes = {" ".join(line): cli.run(line) for line in lines}
print(json.dumps([codes, sorted({name.partition(".")[0] for name in sys.modules})]))
"""
LARGE = {"flask", "joblib", "numpy", "onnxruntime", "pycrfsuite", "scipy", "sklearn", "tokenizers"}


def outcome(*lines: list[str]) -> tuple[dict[str, int], set[str]]:
    """Run command lines, or every command with an unknown option. Return exit codes and imports."""
    command = [sys.executable, "-c", PROGRAM, json.dumps(lines)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    codes, modules = json.loads(done.stdout)
    return codes, set(modules)


def test_an_unknown_option_of_any_command() -> None:
    """Each command exits with 2, and none imports a large package to say so."""
    codes, modules = outcome()
    assert len(codes) > 30
    assert set(codes.values()) == {2}
    assert modules & LARGE == set()


def test_other_wrong_usage() -> None:
    """Files that are missing and options that do not fit are found as early."""
    lines = [
        ["check"],
        ["check", "--input", "no such file.csv"],
        ["check", "A comment.", "--policy", "none.toml"],
        ["check", "A comment.", "--strict"],
        ["check", "--input", __file__, "--backend", "ray"],
        ["check", "--input", __file__, "--backend", "dask"],
        ["train", "everything"],
        ["chek"],
    ]
    codes, modules = outcome(*lines)
    assert codes == dict.fromkeys(map(" ".join, lines), 2)
    assert modules & LARGE == set()
