"""A gunicorn worker in which slow clients cost no thread.

gunicorn's own threaded worker gives every connection to a thread, and the thread waits for the
client. A few silent connections would use up all threads. In this worker, the main thread receives
everything, and a thread gets a request when its head has arrived. The application can thus refuse
it by its head. If the application reads a body that has not arrived, its thread leaves the request
(`Incomplete`). When the body has arrived, a thread begins the request again. The dict `REQUEST` in
its environment is then the same as before, so that the request is counted once.

A connection is closed if its client is too slow. After an answer, the rest of the request is
received and discarded, because otherwise the client might not see the answer.
"""

from __future__ import annotations

import contextlib
import errno
import re
import resource
import selectors
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn import util  # type: ignore[import-untyped]  # it has no types
from gunicorn.http import get_parser  # type: ignore[import-untyped]
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from gunicorn.http.unreader import Unreader  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from api.http.rates import REQUEST

SILENCE_S = 10.0  # how long a client may send nothing before its request is complete
HEAD_S = 10.0  # how long a request's head may take
BODY_S = 60.0  # how long a request's body may take
LINGER_S = 5.0  # how long the rest of a request is discarded after the answer
MOST_HEAD = 64 * 1024  # bytes of a head
MOST_BUFFERED = 64 * 1024 * 1024  # bytes that a worker holds of requests larger than `SMALL`
SMALL = 64 * 1024  # bytes of a request that is always received
MOST_DISCARDED = 32 * 1024 * 1024  # bytes after an answer
MOST_BEGUN = 8  # how often a request is begun; only a chunked one may need more than twice
SPARE_FILES = 256  # open files that a worker needs for other things than connections

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_MORE = object()  # what a thread returns for a request whose body has not arrived
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_BUSY = "HTTP/1.1 {} {}\r\nConnection: close\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n"
_BUFFER_LIMIT = 16  # pieces of 64 KiB that are received from one connection at a time


class Incomplete(BaseException):  # no `except Exception` must catch it
    """Ends the work on a request whose body has not arrived. It is begun again later."""


class _Received(Unreader):  # type: ignore[misc]  # gunicorn has no types
    """Lets gunicorn's parser read what the main thread has received, and no more."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.connection = connection
        self.unread(bytes(connection.received))

    def chunk(self, _: int | None = None) -> bytes:
        """Return nothing if the client has ended its request. Otherwise more may arrive."""
        if self.connection.ended:
            return b""
        raise Incomplete


class _Body:
    """A request's body, whose malformed parts are errors of the connection for the application."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int | None = None) -> bytes:
        """Return at most `size` bytes. Raises `OSError` if the body is malformed."""
        return self._safely(self._body.read, size)

    def readline(self, size: int | None = None) -> bytes:
        """Return a line of at most `size` bytes. Raises `OSError` if the body is malformed."""
        return self._safely(self._body.readline, size)

    @staticmethod
    def _safely(read: Callable[[int | None], bytes], size: int | None) -> bytes:
        try:
            return read(size)
        except ParseException as error:
            raise OSError(type(error).__name__) from None


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """A client's connection, with what was received of its present request."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.initialized = True  # the parser is made anew for each beginning of a request
        self.data_ready = True
        self.next_request(b"")

    def next_request(self, received: bytes) -> None:
        """Start to receive a request, of which this much has arrived already."""
        self.received = bytearray(received)
        self.ended = False  # nothing more will be received
        self.begun = 0
        self.notes: dict[str, Any] = {}  # what the application has noted about the request
        self.discarded: int | None = None  # bytes since the answer, if it is sent
        self.head_end = -1
        self.timeout = self.latest = time.monotonic() + HEAD_S

    def add(self, data: bytes) -> None:
        """Add received bytes. No data means that the client has ended its request."""
        self.received += data
        self.ended = not data
        if self.begun:
            self.timeout = min(time.monotonic() + SILENCE_S, self.latest)

    def begin(self) -> None:
        """Note that a thread takes the request. The last time, it must not wait for more."""
        self.begun += 1
        self.ended |= self.begun == MOST_BEGUN

    def await_body(self) -> None:
        """Note that the application waits for the body."""
        now = time.monotonic()
        if self.begun == 1:
            self.latest = now + BODY_S
        self.timeout = min(now + SILENCE_S, self.latest)

    def linger(self) -> None:
        """Note that the request was answered, and that the rest of it is discarded."""
        self.next_request(b"")
        self.discarded = 0
        self.timeout = time.monotonic() + LINGER_S

    @property
    def can_begin(self) -> bool:
        """Whether a thread should take the request now."""
        if self.ended:
            return bool(self.received)
        if self.head_end < 0:
            found = self.received.find(b"\r\n\r\n")
            self.head_end = found + 4 if found >= 0 else -1
        if self.head_end < 0 or not self.begun:
            return self.head_end >= 0
        length = _LENGTH.search(self.received, 0, self.head_end)
        if length:
            return len(self.received) - self.head_end >= int(length[1])
        return self.received.endswith(b"\r\n\r\n")  # a chunked body may end here


class BufferingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A threaded worker whose threads never wait for a request to arrive."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.wsgi: Any
        self.worker_connections: int
        self._waiting: dict[Connection, None] = {}  # in the order in which they began to wait
        self._most_body = 0  # bytes; if there are more, the application refuses the request
        self._local = threading.local()

    def init_process(self) -> None:
        """Let the process open as many files as the system allows, and limit its connections."""
        _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
        self.worker_connections = min(self.worker_connections, max(most_files - SPARE_FILES, 64))
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application, which learns from its environment whether a request is new."""
        super().load_wsgi()
        application = self.wsgi
        self._most_body = application.config["MAX_CONTENT_LENGTH"]

        def marked(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            environ[REQUEST] = self._local.notes
            environ["wsgi.input"] = _Body(environ["wsgi.input"])
            return application(environ, start_response)

        self.wsgi = marked

    def accept(self, listener: Any) -> None:
        """Accept a connection. If there are too many, close the one that has waited longest."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._close_oldest()
            elif error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED):
                raise
            return
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections:
            self._close_oldest()
        self._wait(Connection(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Connection, client: Any) -> None:
        """Receive the next request on a connection that was kept."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        conn.next_request(b"")
        self._wait(conn)
        self._receive(conn, client)

    def handle(self, conn: Connection) -> Any:
        """Handle a request, in a thread. If its body has not arrived, return `_MORE`."""
        conn.parser = get_parser(self.cfg, conn.sock, conn.client)
        conn.parser.unreader = _Received(conn)
        self._local.notes = conn.notes
        try:
            return super().handle(conn)
        except Incomplete:
            return _MORE

    def handle_request(self, req: Any, conn: Connection) -> Any:
        """Handle a request whose head is parsed. Ask for the body if the client waits for that."""
        waits, req._expected_100_continue = req._expected_100_continue, False
        try:
            return super().handle_request(req, conn)
        except Incomplete:
            if waits and conn.begun == 1:
                conn.sock.sendall(_CONTINUE)
            raise

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        try:
            return bool(super()._keepalive_after(conn, keepalive))
        except Incomplete:  # it was answered before its body arrived
            return False

    def finish_request(self, conn: Connection, fs: Future[Any]) -> None:
        """Wait for more of a request, keep its connection for another one, or close it."""
        failed = fs.cancelled() or fs.exception() is not None
        result = False if failed else fs.result()
        if result is _MORE:
            conn.await_body()
            self._wait(conn)
        elif result is True:
            rest = conn.parser.unreader.take_buffered()
            conn.next_request(rest)
            if rest:
                self._wait(conn)
                self._begin_if_complete(conn)
            else:
                super().finish_request(conn, fs)
        else:
            self._linger(conn)

    def murder_pending(self) -> None:
        """Close the connections whose clients are too slow, and all silent ones at the end."""
        now = time.monotonic()
        for conn in list(self._waiting):
            silent = not conn.received and conn.discarded is None
            if conn.timeout <= now and conn.begun:
                conn.ended = True  # the application answers that the body is incomplete
                self._begin(conn)
            elif conn.timeout <= now or (silent and not self.alive):
                self._close(conn)

    def _wait(self, conn: Connection, on_readable: Callable[..., None] | None = None) -> None:
        conn.sock.setblocking(False)
        self._waiting[conn] = None
        callback = partial(on_readable or self._receive, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, callback)

    def _stop_waiting(self, conn: Connection) -> None:
        del self._waiting[conn]
        with contextlib.suppress(KeyError, ValueError, OSError):
            self.poller.unregister(conn.sock)

    def _receive(self, conn: Connection, client: socket.socket) -> None:
        for _ in range(_BUFFER_LIMIT):
            try:
                data = client.recv(65_536)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                self._close(conn)
                return
            conn.add(data)
            if not data:
                break
        if conn.ended and not conn.received:
            self._close(conn)
        else:
            self._begin_if_complete(conn)

    def _begin_if_complete(self, conn: Connection) -> None:
        if conn.can_begin or len(conn.received) > MOST_HEAD + self._most_body:
            self._begin(conn)
        elif conn.head_end < 0 and len(conn.received) > MOST_HEAD:
            self._refuse(conn, 431, "Request Header Fields Too Large")
        elif len(conn.received) > SMALL and self._is_full():
            self._refuse(conn, 503, "Service Unavailable")

    def _is_full(self) -> bool:
        sizes = (len(conn.received) for conn in self._waiting)
        return sum(size for size in sizes if size > SMALL) > MOST_BUFFERED

    def _begin(self, conn: Connection) -> None:
        self._stop_waiting(conn)
        conn.begin()
        self.enqueue_req(conn)

    def _refuse(self, conn: Connection, status: int, reason: str) -> None:
        self._stop_waiting(conn)
        with contextlib.suppress(OSError):
            conn.sock.send(_BUSY.format(status, reason).encode())
        self._linger(conn)

    def _linger(self, conn: Connection) -> None:
        """Say that the answer is complete, and discard the rest of the request for a while."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        conn.linger()
        self._wait(conn, self._discard)

    def _discard(self, conn: Connection, client: socket.socket) -> None:
        try:
            size = len(client.recv(1 << 20))
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            size = 0
        conn.discarded = (conn.discarded or 0) + size
        if not size or conn.discarded > MOST_DISCARDED:
            self._close(conn)

    def _close_oldest(self) -> None:
        oldest = next(iter(self._waiting), None)
        if oldest:
            self._close(oldest)

    def _close(self, conn: Connection) -> None:
        if conn in self._waiting:
            self._stop_waiting(conn)
        self.nr_conns -= 1
        util.close(conn.sock)
