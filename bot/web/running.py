"""A web application → served until somebody stops it."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from bot.errors import Refused

CONNECTIONS = 200
GRACE = 10
LINGER = 1.0
"""Long enough for a browser to have the last page's style."""


def run(app: FastAPI, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM, then let requests in flight finish and return."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=GRACE,
    )
    _serve(uvicorn.Server(config))


def run_until(app: FastAPI, port: int, tell: Callable[[str], object], done: threading.Event) -> None:
    """Serve this machine alone, on `port` (0: a free one), until `done` or until somebody stops it; `tell` hears the address."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
            listening.listen()
        except OSError as error:
            raise Refused(f"port {port} cannot be listened on: {error.strerror}") from error
        config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=GRACE)
        server = uvicorn.Server(config)

        def end() -> None:
            done.wait()
            threading.Event().wait(LINGER)
            server.should_exit = True

        threading.Thread(target=end, name="rollbot-setup", daemon=True).start()
        tell(f"http://127.0.0.1:{listening.getsockname()[1]}")
        _serve(server, listening)


def _serve(server: uvicorn.Server, *listening: socket.socket) -> None:
    before = signal.signal(signal.SIGTERM, _stop)  # uvicorn raises what it caught once more when it is done
    try:
        server.run(sockets=list(listening) or None)
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
