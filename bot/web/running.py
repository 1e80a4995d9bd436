"""A web application → served until somebody stops it."""

from __future__ import annotations

import signal
from types import FrameType

import uvicorn
from fastapi import FastAPI

CONNECTIONS = 200
GRACE = 10


def run(app: FastAPI, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM, then let requests in flight finish and return."""
    before = signal.signal(signal.SIGTERM, _stop)  # uvicorn raises what it caught once more when it is done
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
    try:
        uvicorn.Server(config).run()
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
