"""Real platforms: `make platforms` fetches them and runs these tests, `make test` leaves them out.

The environment variable MODERATION_TEST_PLATFORMS names the folder with their packages.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.service import Service
from tests.platforms.site import Site, mariadb, wordpress

FOLDER = os.environ.get("MODERATION_TEST_PLATFORMS", "")
NEEDED = ("bookworm", "trixie")  # WordPress 6.1 and 6.8
NEWEST = ("sid",) if FOLDER and (Path(FOLDER) / "sid.deb").exists() else ()

collect_ignore_glob = [] if FOLDER else ["test_*.py"]


@dataclass
class Newspaper:
    """A WordPress, and the service that it asks."""

    site: Site
    service: Service
    admin: str
    own: str

    def connect(self, plugin: str) -> None:
        """Let one plug-in ask the service, with the newspaper's own key."""
        address = f"http://127.0.0.1:{self.service.port}"
        self.site.define(HOUSE_RULES_URL=address, HOUSE_RULES_KEY=self.own)
        self.site.activate(plugin)
        self.site.requests()

    def decisions(self, author: str) -> list[dict[str, Any]]:
        """What the service's record holds of an author, who is named by their mail address."""
        mail = f"{author}@example.com"
        names = {mail, f"wordpress:{hashlib.sha256(mail.encode()).hexdigest()}"}
        status, lines = self.service.ask("GET", "/v1/export", key=self.admin)
        assert status == 200
        rows = [json.loads(line) for line in lines.decode().splitlines()]
        return [row for row in rows if row["author"] in names]


def new_key(service: Service, *scopes: str, rate: str = "") -> str:
    """The secret of a new key."""
    command = [sys.executable, "-m", "moderation", "keys", "create", "--name", "the herald"]
    command += [part for scope in scopes for part in ("--scope", scope)]
    spool = str(service.folder / "spool")
    done = subprocess.run(  # noqa: S603 - our own
        [*command, *(("--rate", rate) if rate else ())],
        env={**os.environ, "MODERATION_DATABASE": service.database, "MODERATION_SPOOL": spool},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def pytest_report_header() -> str:
    """Say which of Debian's releases the packages are of."""
    had = ", ".join((*NEEDED, *NEWEST))
    return f"platforms: WordPress of Debian's {had}" if FOLDER else "platforms: left out"


@pytest.fixture(scope="session")
def socket() -> Iterator[Path]:
    """A MariaDB."""
    with mariadb() as path:
        yield path


@pytest.fixture(scope="session", params=[*NEEDED, *NEWEST])
def newspaper(
    request: pytest.FixtureRequest, socket: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Newspaper]:
    """A WordPress of each of Debian's releases, and `moderation serve` with all that we ship."""
    folder = tmp_path_factory.mktemp(request.param)
    record = f"sqlite:///{folder}/record.sqlite"
    service = Service(folder / "service", record, workers=1, shipped=True)
    package = Path(FOLDER) / f"{request.param}.deb"
    with wordpress(package, socket, folder) as site:
        admin, own = new_key(service, "admin"), new_key(service, "decide", "verdict")
        service.start()
        yield Newspaper(site, service, admin, own)
        service.stop()
