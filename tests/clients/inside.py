"""Run by `unshare`, in mount and network namespaces of its own: the service and its clients.

Here the hosts that some clients have hard-coded lead to this machine, where a throw-away
authority vouches for them; nothing outside is touched, and nothing outside can be reached.
The service begins without a key, and every client asks it with one that it made up. Then the first
key is made, and every client asks again with that. What each received is written as JSON.
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
FOLDERS = {  # the clients with a folder of their own, see python.txt
    "perspective_pypi": "perspective",
    "perspectiveapi": "perspectiveapi",
    "pyperspective": "PyPerspective",
    "google_begentle": "begentle",
    "python_akismet": "python-akismet",
}
GOOGLE, AKISMET = "commentanalyzer.googleapis.com", "rest.akismet.com"
ANY_KEY = "any-key-will-do"


def private_hosts(folder: Path) -> Path:
    """Let the hard-coded hosts lead to this machine, within this namespace; the file of hosts."""
    names = [GOOGLE, AKISMET, f"{ANY_KEY}.{AKISMET}", f"nonsense.{AKISMET}"]
    hosts = folder / "hosts"
    hosts.write_text("".join(f"127.0.0.1 {name}\n" for name in ("localhost", *names)))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # noqa: S607 - in PATH
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)  # noqa: S603, S607
    return hosts


def vouched(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """The authority's certificate, and what a server of the hard-coded hosts shows."""
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
    """Take connections on port 443, in a thread, and hand on what they say to `port`."""

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
    """What one client received, or what it said when it failed."""
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
    """Start the service, let every client ask it, write `folder/received.json`."""
    root = HERE.parents[1]
    hosts = private_hosts(folder)
    authority, context = vouched(folder)
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
        return {own.stem: ask(own, key, service.port, authority, root) for own in drivers}

    def everyone(key: str) -> dict[str, object]:
        """What every client received. Akismet's ask one after the other: about the same comment."""
        lanes = [[own for own in DRIVERS if ("akismet" in own.stem) is it] for it in (True, False)]
        with ThreadPoolExecutor(2) as pool:
            return {
                name: it for part in pool.map(lane, lanes, [key] * 2) for name, it in part.items()
            }

    service.start()
    try:
        terminate_tls(context, service.port)
        received = {"keyless": everyone(ANY_KEY)}
        key = service.make_key("decide", "verdict")
        with hosts.open("a") as more:
            more.write(f"127.0.0.1 {key.lower()}.{AKISMET}\n")
        until(lambda: service.ask("GET", "/v1/queue")[0] == 401, "the service to ask for a key")
        received["key"] = everyone(key)
        (folder / "received.json").write_text(json.dumps(received), "utf-8")
    finally:
        service.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
