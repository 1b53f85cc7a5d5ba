"""Runs the service and its clients. `unshare` starts it in new mount and network namespaces.

In these namespaces, the host names that some clients have hard-coded resolve to this machine, with
certificates of a temporary authority. Nothing outside is changed, and nothing outside is reachable.
The service starts without keys, and every client calls it with an invented key. Then a key is
created, and every client calls again with that key. What each received is written as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import ssl
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import trustme

from tests.faults.service import PATIENCE_S, Service, until

HERE = Path(__file__).parent
DRIVERS = sorted(
    path for path in (HERE / "drivers").iterdir() if path.stem != "common" and path.is_file()
)
FOLDERS = {  # the clients that have a separate folder, see python.txt
    "perspective_pypi": "perspective",
    "perspectiveapi": "perspectiveapi",
    "pyperspective": "PyPerspective",
    "google_begentle": "begentle",
    "python_akismet": "python-akismet",
}
GOOGLE, AKISMET = "commentanalyzer.googleapis.com", "rest.akismet.com"
ANY_KEY = "any-key-will-do"


def private_hosts(folder: Path) -> Path:
    """Make the hard-coded hosts resolve to this machine here. Return the hosts file."""
    names = [GOOGLE, AKISMET, f"{ANY_KEY}.{AKISMET}", f"nonsense.{AKISMET}"]
    hosts = folder / "hosts"
    hosts.write_text("".join(f"127.0.0.1 {name}\n" for name in ("localhost", *names)))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # noqa: S607 - in PATH
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)  # noqa: S603, S607
    return hosts


def certify(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Return a new authority's certificate, and a server's context for the hard-coded hosts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(GOOGLE, AKISMET, f"*.{AKISMET}").configure_cert(context)
    return folder / "ca.pem", context


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


def terminate_tls(context: ssl.SSLContext, port: int) -> None:
    """Accept TLS connections on port 443 in a thread, and forward them to `port`."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pipe(reader, inner_writer), _pipe(inner_reader, writer))

    async def serve() -> None:
        server = await asyncio.start_server(connected, "127.0.0.1", 443, ssl=context)
        listening.set()
        await server.serve_forever()

    listening = threading.Event()
    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    if not listening.wait(PATIENCE_S):
        raise TimeoutError("nothing listens on port 443")


def ask(driver: Path, key: str, port: int, authority: Path, root: Path) -> dict[str, object]:
    """Run one client. Return what it received, or its error output if it failed."""
    folders = [str(HERE / "drivers")]
    if driver.stem in FOLDERS:
        folders.insert(0, str(root / ".cache" / "clients" / FOLDERS[driver.stem]))
    trusting = (
        "SSL_CERT_FILE REQUESTS_CA_BUNDLE HTTPLIB2_CA_CERTS NODE_EXTRA_CA_CERTS CURL_CA_BUNDLE"
    ).split()
    environment = {
        **os.environ,
        **dict.fromkeys(trusting, str(authority)),
        "PYTHONPATH": os.pathsep.join(folders),
        "KEY": key,
        "BASE": f"http://127.0.0.1:{port}",
    }
    program = sys.executable if driver.suffix == ".py" else "node"
    done = subprocess.run(  # noqa: S603 - our own drivers
        [program, driver], env=environment, capture_output=True, text=True, timeout=120, cwd=HERE
    )
    if done.returncode:
        return {"failed": done.stderr[-2000:]}
    received: dict[str, object] = json.loads(done.stdout)
    return received


def main(folder: Path) -> None:
    """Start the service, run every client, and write `folder/received.json`."""
    root = HERE.parents[1]
    hosts = private_hosts(folder)
    authority, context = certify(folder)
    service = Service(
        folder / "service",
        f"sqlite:///{folder}/record.sqlite",
        workers=1,
        environment={
            "MODERATION_PUBLIC_URL": f"https://{GOOGLE}",
            "MODERATION_ALLOWED_HOSTS": f".{AKISMET}",
        },
        shipped=True,
    )

    def lane(drivers: list[Path], key: str) -> dict[str, object]:
        return {path.stem: ask(path, key, service.port, authority, root) for path in drivers}

    def run_all(key: str) -> dict[str, object]:
        """Run every client. Akismet's run one after the other: they use the same comment."""
        akismet = [path for path in DRIVERS if "akismet" in path.stem]
        others = [path for path in DRIVERS if path not in akismet]
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(lane, [akismet, others], [key] * 2)
            return first | second

    service.start()
    try:
        terminate_tls(context, service.port)
        received = {"keyless": run_all(ANY_KEY)}
        key = service.make_key("decide", "verdict")
        with hosts.open("a") as more:
            more.write(f"127.0.0.1 {key.lower()}.{AKISMET}\n")
        until(lambda: service.ask("GET", "/v1/queue")[0] == 401, "the service to ask for a key")
        received["key"] = run_all(key)
        (folder / "received.json").write_text(json.dumps(received), "utf-8")
    finally:
        service.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
