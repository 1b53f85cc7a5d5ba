"""Tests with real platforms. `make platforms` fetches them and runs these; `make test` does not.

The environment variable MODERATION_TEST_PLATFORMS names the folder of the packages.
"""

from __future__ import annotations

import hmac
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.service import Service, running
from tests.platforms.site import Site, mariadb, wordpress

FOLDER = os.environ.get("MODERATION_TEST_PLATFORMS", "")
NEEDED = ("bookworm", "trixie")  # WordPress 6.1 and 6.8
PYTHON = {  # lets a process import the Python platforms, after the packages of this project
    "PYTHONPATH": os.pathsep.join(
        [*sys.path, str(Path(FOLDER or ".").resolve().with_name("platforms-python"))]
    )
}
NEWEST = ("sid",) if FOLDER and (Path(FOLDER) / "sid.deb").exists() else ()

SITE = ("WP_SITEURL", "DB_HOST", "DB_NAME")
SCOPES = ("decide", "verdict", "read", "erase")
WEBHOOK = "/index.php?rest_route=/house-rules/v1/webhook"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the specification

collect_ignore_glob = [] if FOLDER else ["test_*.py"]


@dataclass
class Newspaper:
    """A WordPress site and the service that it uses."""

    site: Site
    service: Service
    admin: str
    key: str

    def connect(self, plugin: str) -> None:
        """Activate one plug-in with the newspaper's key, and no settings of earlier tests."""
        self.site.constants = {name: self.site.constants[name] for name in SITE}
        address = f"http://127.0.0.1:{self.service.port}"
        self.site.define(HOUSE_RULES_URL=address, HOUSE_RULES_KEY=self.key)
        self.site.activate(plugin)
        self.site.requests()

    def decisions(self, author: str) -> list[dict[str, Any]]:
        """Return the recorded decisions about an author, identified by mail address."""
        mail = f"{author}@example.com"
        secret = self.site.php("return get_option( 'house_rules_secret', '' );")
        digest = hmac.new(secret.encode(), mail.encode(), "sha256").hexdigest()
        names = {mail, f"wordpress:{digest}"}
        status, lines = self.service.ask("GET", "/v1/export", key=self.admin)
        assert status == 200
        rows = [json.loads(line) for line in lines.decode().splitlines()]
        return [row for row in rows if row["author"] in names]


def new_key(service: Service, *scopes: str, rate: str = "", akismet: bool = False) -> str:
    """Create a key and return its secret."""
    command = [sys.executable, "-m", "moderation", "keys", "create", "--name", "the herald"]
    command += [part for scope in scopes for part in ("--scope", scope)]
    spool = str(service.folder / "spool")
    done = subprocess.run(  # noqa: S603 - our own
        [*command, *(("--rate", rate) if rate else ()), *(["--akismet"] if akismet else [])],
        env={**os.environ, "MODERATION_DATABASE": service.database, "MODERATION_SPOOL": spool},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def pytest_report_header() -> str:
    """Name the packages' Debian releases."""
    releases = ", ".join((*NEEDED, *NEWEST))
    return f"platforms: WordPress of Debian's {releases}" if FOLDER else "platforms: left out"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with the shipped policy and models, and with keys."""
    folder = tmp_path_factory.mktemp("service")
    service = Service(folder, f"sqlite:///{folder}/record.sqlite", workers=1, shipped=True)
    new_key(service, "admin")
    with running(service):
        yield service


@pytest.fixture(scope="session")
def socket() -> Iterator[Path]:
    """The socket of a MariaDB server."""
    with mariadb() as path:
        yield path


@pytest.fixture(scope="session", params=[*NEEDED, *NEWEST])
def newspaper(
    request: pytest.FixtureRequest, socket: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Newspaper]:
    """A WordPress of each Debian release, and a service with the shipped policy and models."""
    folder = tmp_path_factory.mktemp(request.param)
    record = f"sqlite:///{folder}/record.sqlite"
    service = Service(folder / "service", record, workers=1, shipped=True)
    package = Path(FOLDER) / f"{request.param}.deb"
    with wordpress(package, socket, folder) as site:
        admin, key = new_key(service, "admin"), new_key(service, *SCOPES)
        service.environment["MODERATION_WEBHOOKS"] = f"{site.url}{WEBHOOK}"
        service.environment["MODERATION_WEBHOOK_SECRET"] = WEBHOOK_SECRET
        service.start()
        yield Newspaper(site, service, admin, key)
        service.stop()
