"""A real PostgreSQL on loopback, in a folder of its own, gone when its block ends."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

ABSENT = "needs PostgreSQL's initdb and postgres: apt-get install postgresql"
_NUMBERS = count(1)


class Absent(Exception):
    """There is no PostgreSQL on this machine."""


@dataclass(frozen=True)
class Server:
    """`process` is the postmaster's; `tools` the folder of its programs."""

    port: int
    folder: Path
    tools: Path
    process: subprocess.Popen[bytes]

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://rollbot@127.0.0.1:{self.port}/{database}"

    def create(self, name: str | None = None) -> str:
        """Make an empty database and answer its URL."""
        import psycopg

        name = name or f"db{next(_NUMBERS)}"
        with psycopg.connect(host="127.0.0.1", port=self.port, user="rollbot", dbname="postgres", autocommit=True) as connection:
            connection.execute(f'create database "{name}" strategy file_copy')
        return self.url(name)

    def drop(self, name: str) -> None:
        import psycopg

        with psycopg.connect(host="127.0.0.1", port=self.port, user="rollbot", dbname="postgres", autocommit=True) as connection:
            connection.execute(f'drop database if exists "{name}" with (force)')


def programs() -> Path:
    """Return the folder of initdb and postgres, the newest there is. Raises Absent."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    if (here := shutil.which("initdb")) and shutil.which("postgres"):
        return Path(here).resolve().parent
    raise Absent(ABSENT)


@contextmanager
def postgres(*, durable: bool) -> Iterator[Server]:
    """Run a server for as long as the block lasts. `durable`: it flushes as in production; tests need not. Raises Absent."""
    tools, user = programs(), _user()
    folder = Path(tempfile.mkdtemp(prefix="rollbot-postgres-"))
    who: dict[str, object] = {}
    if user is not None:
        shutil.chown(folder, user.pw_uid, user.pw_gid)
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    quiet = {"stdin": subprocess.DEVNULL, "cwd": folder, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}}
    flags = [
        "-D",
        str(folder / "data"),
        "-U",
        "rollbot",
        "--auth=trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
        "--no-instructions",
    ]
    try:
        subprocess.run([tools / "initdb", *flags], check=True, capture_output=True, timeout=60, **quiet, **who)  # type: ignore[call-overload]
        with _serving(tools, folder, durable, {**quiet, **who}) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _serving(tools: Path, folder: Path, durable: bool, how: dict[str, object]) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200", "shared_buffers": "64MB"}
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off"}
    said = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        command = [tools / "postgres", "-D", folder / "data", "-p", str(port), *said]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, **how)  # type: ignore[call-overload]
    try:
        _wait(process, tools, port, folder)
        yield Server(port, folder, tools, process)
    finally:
        process.send_signal(2)  # fast shutdown: whoever is connected is let go
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _wait(process: subprocess.Popen[bytes], tools: Path, port: int, folder: Path) -> None:
    for _ in range(200):
        ready = subprocess.run([tools / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-q"], timeout=10)
        if ready.returncode == 0:
            return
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError(f"PostgreSQL did not start: {(folder / 'log').read_text(errors='replace')[-2000:]}")


def _user() -> pwd.struct_passwd | None:
    """Whom the server runs as: it refuses root. None: whoever we are."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Absent("PostgreSQL does not run as root, and there is no user postgres or nobody")
