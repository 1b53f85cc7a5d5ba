"""Two of everything at once, as processes: one does it, the others wait or go on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.orm import sessionmaker

from api.record import database, seal
from api.record.database import Sessions
from api.record.decisions import fields
from api.record.spool import Spool
from moderation import Comment, Moderator
from tests.api.record.conftest import NOW, Keep
from tests.faults.service import recorded


def _at_once(count: int, url: str, folder: Path, *arguments: str) -> list[tuple[int, str]]:
    """Exit code and output of as many programs, started together."""
    environment = {
        **os.environ,
        "MODERATION_DATABASE": url,
        "MODERATION_SPOOL": str(folder / "spool"),
    }
    programs = [
        subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-m", "moderation", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(count)
    ]
    said = [program.communicate(timeout=120)[0] for program in programs]
    return [(program.returncode, one) for program, one in zip(programs, said, strict=True)]


def test_upgrades_at_once(url: str, tmp_path: Path) -> None:
    """All find the schema whole, whoever made it."""
    done = _at_once(2, url, tmp_path, "db", "upgrade")
    assert {code for code, _ in done} == {0}, done
    engine = database.connect(url)
    current, wanted = database.revisions(engine)
    engine.dispose()
    assert current == wanted


def test_seals_at_once(url: str, sessions: Sessions, keep: Keep, tmp_path: Path) -> None:
    """One chain comes of it, each row under one seal."""
    for number in range(50):
        keep(f"Short {number}")
    done = _at_once(2, url, tmp_path, "record", "seal")
    assert {code for code, _ in done} == {0}, done
    assert (
        sum(int(rows) for _, said in done for rows in re.findall(r": (\d+) rows since", said)) == 50
    )
    with sessions() as session:
        found = seal.verify(session)
    assert (found.seals, found.rows, found.unsealed, found.problems) == (1, 50, 0, ())


@pytest.mark.usefixtures("sessions")
def test_drains_at_once(url: str, moderator: Moderator, tmp_path: Path) -> None:
    """What waits is written once, and by one of them."""
    spool = Spool(tmp_path / "spool")
    for number in range(250):
        comment = Comment(f"Short {number}", id=f"c{number}")
        made = moderator.moderate(comment)
        spool.put(
            fields(made, comment, moderator.policy, community="", route="v1", store=True, now=NOW)
        )

    def drain(_: int) -> int:
        engine = database.connect(url)
        written = Spool(spool.folder).drain(sessionmaker(engine), NOW)
        engine.dispose()
        return written

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(drain, range(4))) == [0, 0, 0, 250]
    assert (len(spool), len(recorded(url)[0])) == (0, 250)
