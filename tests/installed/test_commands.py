"""Every command runs from an installed wheel, in an empty folder."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

from moderation.cli import commands
from tests.installed.package import Environment, build, unpack

TEST_SENTENCE = "Please reject this comment, for it only tests the moderation."
STARTED = re.compile(r"House rules at (http://\S+)")


def test_the_sdist_builds_the_same_wheel(sources: Path, wheel: Path) -> None:
    """Models, data, migrations and pages are in the source distribution too."""
    again = build(unpack(build(sources, "sdist")), "wheel")
    files, files_again = (
        {item.filename: item.CRC for item in zipfile.ZipFile(path).infolist()}
        for path in (wheel, again)
    )
    assert files == files_again


def test_the_wheel_holds_nothing_at_the_top_but_the_packages(wheel: Path) -> None:
    """Neither `models` nor `data` would be importable names of their own."""
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"api", "moderation"}


COMMANDS = {
    "check": (TEST_SENTENCE,),
    "corpus list": (),
    "policy show": (),
    "models list": (),
    "models show": ("careful",),
    "models history": (),
    "db upgrade": (),
    "keys list": (),
    "record export": (),
    "record verify": (),
    "webhooks dead": (),
    "settings": (),
    "drift": (),
    "ask": (),
}
PRINTED = {
    "check": '"action": "reject"',
    "corpus list": "jigsaw",
    "policy show": "[abuse]",
    "models list": "champion",
    "models show": '"licence"',
    "db upgrade": "up to date",
    "record verify": "0 seals",
    "settings": "MODERATION_DATABASE=",
    "drift": "decisions  0",
    "ask": "id,text",
}


def test_commands_run(installed: Environment) -> None:
    """Commands find their models, their data and their migrations inside the package."""
    calls = [[*name.split(), *arguments] for name, arguments in COMMANDS.items()]
    results = installed.run_each(calls)
    assert [code for code, _ in results] == [0] * len(calls)
    printed = {name: output for name, (_, output) in zip(COMMANDS, results, strict=True)}
    assert all(text in printed[name] for name, text in PRINTED.items())


def test_each_command_has_help(installed: Environment) -> None:
    """The command line is complete: every command is there."""
    page = installed.run("--help")
    assert all(f"  {name} " in page for name in commands.commands)


def test_evaluate_reads_the_list_of_corpora(installed: Environment, tmp_path: Path) -> None:
    """It names the data that it misses, which it read from the package's data."""
    assert "jigsaw" in installed.run("evaluate", "--data", str(tmp_path), code=2)


def test_perspectives_thresholds_are_translated(installed: Environment, tmp_path: Path) -> None:
    """`migrate perspective` finds the measured thresholds in the package."""
    thresholds = tmp_path / "perspective.toml"
    thresholds.write_text("TOXICITY = 0.8\n")
    assert "[abuse]" in installed.run("migrate", "perspective", "--thresholds", str(thresholds))


def test_the_application_is_importable(installed: Environment) -> None:
    """A server of your own imports `api:create_app`, which finds its pages and migrations."""
    program = (
        "from api import create_app; client = create_app({}).test_client(); "
        "print([client.get(path).status_code for path in ('/healthz', '/try', '/docs')])"
    )
    assert installed.python(program).strip() == "[200, 200, 200]"


@contextlib.contextmanager
def served(environment: Environment, *options: str) -> Iterator[str]:
    """Run the service in the block, and yield its address."""
    log = environment.folder / "serve.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(  # noqa: S603 - our own
            environment.command("serve", "--port", "0", "--workers", "1", *options),
            cwd=environment.empty,
            env=environment.variables,
            stderr=errors,
        ) as process,
    ):
        try:
            while not (address := STARTED.search(log.read_text("utf-8"))):
                assert process.poll() is None, log.read_text("utf-8")
                time.sleep(0.1)
            yield address[1]
        finally:
            process.send_signal(signal.SIGTERM)


def answer(address: str, text: str) -> dict[str, object]:
    """Ask the service about a comment."""
    body = json.dumps({"text": text}).encode()
    request = urllib.request.Request(  # noqa: S310 - our own service
        f"{address}/v1/moderate", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
        content: dict[str, object] = json.load(response)
    return content


def test_the_service_answers(installed: Environment) -> None:
    """`moderation serve` decides with the shipped models, and records the decision."""
    with served(installed) as address:
        decision = answer(address, TEST_SENTENCE)
        for page in ("/docs", "/openapi.json", "/try"):
            urllib.request.urlopen(address + page, timeout=60).close()  # noqa: S310
    assert (decision["action"], decision["recorded"]) == ("reject", True)
    assert TEST_SENTENCE in installed.run("record", "export")
