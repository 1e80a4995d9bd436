"""Real servers that end with their test."""

import contextlib
import fcntl
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.live.servers import CACHE, PACKAGES, Server, Unobtainable, unpack


@pytest.fixture
def start(tmp_path):
    """Start servers that end with the test: `start(name, command, **Popen options)`."""
    running = []

    def begin(name, command, **options):
        server = Server([str(part) for part in command], tmp_path / f"{name}.log", **options)
        running.append(server)
        return server

    yield begin
    for server in reversed(running):
        with contextlib.suppress(ProcessLookupError):
            server.process.kill()
        server.process.wait(10)


@pytest.fixture
def rollbot(start, tmp_path):
    """Start `rollbot serve` as users do, with nothing in its environment but what is given."""

    def serve(port, **environment):
        bare = {name: value for name, value in os.environ.items() if not name.upper().startswith("ROLLBOT_")}
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        command = [Path(sys.executable).with_name("rollbot"), "serve", "--host", "127.0.0.1", "--port", port]
        server = start("rollbot", command, cwd=home, env={**bare, "HOME": str(home), **environment})
        return server.ready(f"http://127.0.0.1:{port}/healthz")

    return serve


@pytest.fixture(scope="session")
def debian():
    """Unpack the packages' binaries once into .cache/live: name → program. Skips where apt cannot give them."""
    found = {name: shutil.which(name) for name in PACKAGES}
    if all(found.values()):
        return found
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        pytest.skip("needs Prometheus and Alertmanager on the PATH, or apt-get and dpkg to unpack Debian's")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (CACHE / "unpacked").exists():
            try:
                unpack()
            except Unobtainable as error:
                pytest.skip(str(error))
            (CACHE / "unpacked").touch()
    return {name: str(CACHE / "usr" / "bin" / name) for name in PACKAGES}
