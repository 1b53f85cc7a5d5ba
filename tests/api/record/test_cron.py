"""The lines for cron in `docs/record.md` pass day after day, and stop after tampering."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.record import erase
from api.record.database import Sessions, writing
from api.record.spool import Spool
from tests.api.record.conftest import NOW, Keep

ROOT = Path(__file__).parents[3]
DAY = dt.timedelta(days=1)
SHIM = """#!{python}
import datetime as dt, os, sys
from api import commands
from moderation import cli
commands.utc_now = lambda: dt.datetime.fromisoformat(os.environ["CLOCK"])
sys.exit(cli.run(sys.argv[1:]))
"""


@pytest.fixture
def lines() -> tuple[str, str]:
    """The documented lines: the first by hand, the second for every day."""
    page = (ROOT / "docs" / "record.md").read_text("utf-8")
    blocks = re.findall(r"```sh\n(.*?)\n```", page, re.DOTALL)
    first, daily = (block for block in blocks if "record seal" in block)
    return first, daily


class Cron:
    """Runs lines in a folder, with `moderation` on the path, at a given time."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        shim = folder / "moderation"
        shim.write_text(SHIM.format(python=sys.executable))
        shim.chmod(0o700)

    def __call__(self, line: str, now: dt.datetime) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own documentation
            ["/bin/sh", "-c", line],
            cwd=self.folder,
            env={
                **os.environ,
                "PATH": f"{self.folder}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "CLOCK": now.isoformat(),
                "MODERATION_DATABASE": self.url,
            },
            capture_output=True,
            text=True,
        )


@pytest.fixture
def cron(tmp_path: Path, url: str) -> Cron:
    """Runs lines about the record."""
    (tmp_path / "cron").mkdir()
    return Cron(tmp_path / "cron", url)


def test_the_lines_pass_day_after_day(
    cron: Cron, lines: tuple[str, str], sessions: Sessions, spool: Spool, keep: Keep
) -> None:
    """Also after an erasure, which needs no new comment. Tampering stops them."""
    first, daily = lines
    kept = cron.folder / "hash"
    keep("Day one", id="c1", author="ravi")
    assert cron(first, NOW).returncode == 0
    hashes = [kept.read_text()]
    keep("Day two", id="c2", at=NOW + DAY)
    for day in (1, 2):
        if day == 2:
            erase.by_author(sessions, spool, None, "ravi", NOW + 2 * DAY)
        result = cron(daily, NOW + day * DAY)
        assert (result.returncode, "hash you kept" in result.stdout) == (0, True), result.stderr
        hashes.append(kept.read_text())
    assert len(set(hashes)) == 3
    id_ = keep("Day four", at=NOW + 3 * DAY)
    with writing(sessions) as session:
        change = sa.text(
            "UPDATE decisions SET action = 'approve', standing = 'approve' WHERE id = :id"
        )
        session.execute(change, {"id": id_})
    kept.write_text(hashes[0])  # an old hash will do
    stopped = cron(daily, NOW + 3 * DAY)
    assert (stopped.returncode, f"decisions {id_}: was changed" in stopped.stderr) == (1, True)
    assert "The hash you kept is that of seal 1." in stopped.stdout
    assert kept.read_text() == hashes[0]
