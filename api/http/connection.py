"""Notice that a client has left before it got its answer."""

from __future__ import annotations

import socket

from flask import request
from werkzeug.exceptions import ClientDisconnected


def stop_if_client_left() -> None:
    """Raise `ClientDisconnected` if the client of the present request has closed its connection.

    Only `moderation serve` (gunicorn) gives access to the connection. With other servers, clients
    seem to stay.
    """
    connection = request.environ.get("gunicorn.socket")
    if connection is None:
        return
    try:
        data = connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return
    except OSError:
        data = b""
    if not data:
        raise ClientDisconnected
