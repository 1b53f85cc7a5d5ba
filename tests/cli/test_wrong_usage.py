"""Wrong usage is refused before anything large is imported."""

import json
import subprocess
import sys

import pytest

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


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(["check"], id="neither a text nor a file"),
        pytest.param(["check", "--input", "no such file.csv"], id="a missing file"),
        pytest.param(["check", "A comment.", "--policy", "none.toml"], id="a missing policy"),
        pytest.param(["check", "A comment.", "--strict"], id="an option of files"),
        pytest.param(["check", "--input", __file__, "--backend", "ray"], id="a removed backend"),
        pytest.param(["check", "--input", __file__, "--backend", "dask"], id="no address"),
        pytest.param(["train", "everything"], id="an unknown model"),
        pytest.param(["chek"], id="an unknown command"),
    ],
)
def test_wrong_usage(line: list[str]) -> None:
    """The program exits with 2 without a large package."""
    codes, modules = outcome(line)
    assert set(codes.values()) == {2}
    assert modules & LARGE == set()
