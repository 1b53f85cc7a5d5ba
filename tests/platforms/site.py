"""A WordPress site: Debian's package, unpacked, on MariaDB and PHP's built-in web server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.service import PATIENCE_S, until

HERE = Path(__file__).parent / "wordpress"
PLUGIN = Path(__file__).parents[2] / "clients" / "wordpress" / "house-rules"
HOUSE_RULES, AKISMET = "house-rules/house-rules.php", "akismet/akismet.php"


JSON = {"Content-Type": "application/json"}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects: after a comment, WordPress redirects to the page."""

    def redirect_request(self, *_: object) -> None:
        """Return None: the test needs the redirect itself."""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop a server and all processes that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    process.wait(timeout=PATIENCE_S)


@contextmanager
def mariadb() -> Iterator[Path]:
    """Run a MariaDB without users or network. Yields its socket, whose path must be short."""
    with tempfile.TemporaryDirectory(prefix="mariadb.", dir="/tmp") as temporary:
        folder = Path(temporary)
        user = ["--user=root"] if os.geteuid() == 0 else []
        data = f"--datadir={folder / 'data'}"
        install = ["mariadb-install-db", "--no-defaults", data, "--skip-test-db", *user]
        subprocess.run(install, check=True, capture_output=True)  # noqa: S603 - our own
        server = [shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin") or "mariadbd"]
        server += ["--no-defaults", data, f"--socket={folder / 'socket'}", "--skip-networking"]
        server += ["--skip-grant-tables", "--innodb-flush-log-at-trx-commit=0", *user]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(server, stderr=log, start_new_session=True)  # noqa: S603
        try:
            until((folder / "socket").exists, "MariaDB")
            yield folder / "socket"
        finally:
            _end(process)


@dataclass
class Site:
    """A WordPress site."""

    root: Path
    url: str
    constants: dict[str, Any] = field(default_factory=dict)

    def define(self, **constants: Any) -> None:
        """Set constants as in `wp-config.php`, in addition to earlier ones."""
        self.constants = {**self.constants, **constants}
        new = self.root / "constants.new"
        new.write_text(json.dumps(self.constants))
        new.replace(self.root / "constants.json")

    def activate(self, plugin: str) -> None:
        """Activate this plug-in and no other."""
        self.php(f"update_option( 'active_plugins', array( '{plugin}' ) ); return true;")

    def script(self, name: str, text: str = "") -> str:
        """Run a PHP script and return its output. Fails on a notice or warning."""
        command = ["php", "-d", "display_errors=stderr", str(HERE / name), str(self.root)]
        done = subprocess.run(  # noqa: S603 - our own
            command, input=text, capture_output=True, text=True, timeout=PATIENCE_S
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return done.stdout

    def php(self, code: str) -> Any:
        """Run PHP code in WordPress and return its result."""
        return json.loads(self.script("run.php", code))

    def comment(self, text: str, author: str, parent: int = 0) -> int:
        """Send a comment with the form under the article. Return the answer's status."""
        return self.form(text, author, parent)[0]

    def form(self, text: str, author: str, parent: int = 0) -> tuple[int, str]:
        """Send a comment with the form under the article. Return the answer's status and page."""
        form = {
            "comment": text,
            "author": author,
            "email": f"{author}@example.com",
            "url": "",
            "comment_post_ID": "1",
            "comment_parent": str(parent),
        }
        return self.send("/wp-comments-post.php", urllib.parse.urlencode(form).encode())

    def rest(self, text: str, author: str) -> int:
        """Send a comment with the REST API. Return the answer's status."""
        return self.rest_answer(text, author)[0]

    def rest_answer(self, text: str, author: str) -> tuple[int, str]:
        """Send a comment with the REST API. Return the answer's status and body."""
        fields = {"author_name": author, "author_email": f"{author}@example.com"}
        body = json.dumps({"post": 1, "content": text, **fields}).encode()
        return self.send("/index.php?rest_route=/wp/v2/comments", body, JSON)

    def send(
        self, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Send a POST to WordPress. Return the answer's status and body."""
        opener = urllib.request.build_opener(_NoRedirect)
        request = urllib.request.Request(self.url + path, body, dict(headers or {}))  # noqa: S310
        try:
            with opener.open(request, timeout=PATIENCE_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def cron(self) -> None:
        """Run the jobs that are due, as a system's cron does."""
        with urllib.request.urlopen(f"{self.url}/wp-cron.php", timeout=PATIENCE_S) as answer:  # noqa: S310
            assert answer.status == 200

    def later(self) -> None:
        """Let time pass until the plug-in tries again, and run the jobs."""
        self.php("House_Rules_Queue::try_again(); return true;")
        self.cron()

    def poll(self) -> None:
        """Let the plug-in poll, as it does every five minutes."""
        self.php("House_Rules_Poll::run(); return true;")

    def waiting(self) -> int:
        """Return how many messages to the service wait."""
        count: int = self.php("return House_Rules_Queue::summary()['waiting'];")
        return count

    def comments(self, author: str) -> list[dict[str, Any]]:
        """Return an author's comments in WordPress with their `meta`, oldest first."""
        comments: list[dict[str, Any]] = self.php(
            f"""
            $comments = array();
            $query = array( 'author_email' => '{author}@example.com', 'status' => 'any',
                'orderby' => 'comment_ID', 'order' => 'ASC' );
            foreach ( array( 'all', 'spam', 'trash' ) as $status ) {{
                foreach ( get_comments( array( 'status' => $status ) + $query ) as $comment ) {{
                    $meta = array_map( 'current', get_comment_meta( $comment->comment_ID ) );
                    $comments[ $comment->comment_ID ] =
                        $comment->to_array() + array( 'meta' => $meta );
                }}
            }}
            ksort( $comments );
            return array_values( $comments );
            """
        )
        return comments

    def requests(self) -> list[str]:
        """Return the addresses that WordPress has requested since the last call."""
        log = self.root / "requests.log"
        urls = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return urls

    def complaints(self) -> list[str]:
        """Return the notices, warnings and errors that PHP has logged.

        Leaves out what WordPress logs when it cannot reach its host, and what PHP 8 finds old in
        WordPress 6.1.
        """
        log = self.root / "debug.log"
        lines = log.read_text().splitlines() if log.exists() else []
        expected = ("WordPress.org", "PHP Deprecated:")
        ours = ("house-rules", "house_rules", "House_Rules")
        return [
            line
            for line in lines
            if any(name in line for name in ours) or not any(part in line for part in expected)
        ]


@contextmanager
def wordpress(package: Path, database: Path, folder: Path) -> Iterator[Site]:
    """Install and run the WordPress of a Debian package."""
    unpack = ["dpkg-deb", "--extract", str(package), str(folder)]
    subprocess.run(unpack, check=True)  # noqa: S603 - our own
    root = folder / "usr" / "share" / "wordpress"
    (root / "wp-config.php").unlink(missing_ok=True)
    shutil.copy(HERE / "wp-config.php", root)
    shutil.copytree(PLUGIN, root / "wp-content" / "plugins" / PLUGIN.name)
    (root / "wp-content" / "mu-plugins").mkdir(exist_ok=True)
    shutil.copy(HERE / "tests.php", root / "wp-content" / "mu-plugins")
    port = _free_port()
    site = Site(root, f"http://127.0.0.1:{port}")
    name = f"herald_{package.stem}"
    site.define(WP_SITEURL=site.url, DB_HOST=f"localhost:{database}", DB_NAME=name)
    connect = f"new mysqli('localhost', 'root', '', '', 0, '{database}')"
    create = f"({connect})->query('CREATE DATABASE {name}');"
    subprocess.run(["php", "-r", create], check=True)  # noqa: S603, S607 - our own
    site.script("install.php")
    with (folder / "php.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own
            ["php", "-S", f"127.0.0.1:{port}", "-t", root],  # noqa: S607
            env={**os.environ, "PHP_CLI_SERVER_WORKERS": "2"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        until(lambda: _listens(port), "PHP's web server")
        yield site
    finally:
        _end(process)
