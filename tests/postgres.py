"""A real PostgreSQL on loopback, in a folder of its own, gone when its block ends."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

ABSENT = "needs PostgreSQL's initdb and postgres: apt-get install postgresql"
_NUMBERS = count(1)


class Absent(Exception):
    """There is no PostgreSQL on this machine."""


class Server:
    """`tools` is the folder of its programs. It may be stopped and started again: the port and the data stay."""

    def __init__(self, tools: Path, folder: Path, durable: bool, how: dict[str, object]) -> None:
        self.tools, self.folder, self._how = tools, folder, how
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200", "shared_buffers": "64MB"}
        if not durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        said = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._command = [tools / "postgres", "-D", folder / "data", "-p", str(self.port), *said]
        self.start()

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT, **self._how)  # type: ignore[call-overload]
        for _ in range(200):
            ready = subprocess.run([self.tools / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-q"], timeout=10)
            if ready.returncode == 0:
                return
            try:
                self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            break
        raise AssertionError(f"PostgreSQL did not start: {(self.folder / 'log').read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        """Let go whoever is connected, and end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)

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
        server = Server(tools, folder, durable, {**quiet, **who})
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
