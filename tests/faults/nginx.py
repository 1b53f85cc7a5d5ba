"""nginx in front of the service, as a process of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.faults.service import until

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
IN_CI = os.environ.get("CI") == "true"


def free_port() -> int:
    """Return a port that is not in use."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def listens(port: int) -> bool:
    """Return whether a program listens on a port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def nginx(folder: Path, servers: Mapping[str, str]) -> Iterator[dict[str, int]]:
    """Run nginx. `servers` has the configuration of each server by name. Yield their ports."""
    if not Path(NGINX).exists() and not IN_CI:
        pytest.skip("nginx is not installed here (Debian's package: nginx-light)")
    folder.mkdir()
    ports = {name: free_port() for name in servers}
    blocks = "".join(
        f"server {{ listen 127.0.0.1:{ports[name]};\n{lines}\n}}\n"
        for name, lines in servers.items()
    )
    temp_paths = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf = folder / "nginx.conf"
    conf.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;\n"
        "events { worker_connections 4096; }\n"
        f"http {{ access_log off;\n{temp_paths}{blocks} }}\n"
    )
    command = [NGINX, "-p", str(folder), "-c", str(conf), "-e", str(folder / "log")]
    with subprocess.Popen(command) as process:  # noqa: S603 - nginx
        try:
            until(lambda: all(map(listens, ports.values())), "nginx")
            yield ports
        finally:
            process.terminate()
