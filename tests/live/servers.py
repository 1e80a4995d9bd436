"""Real servers on loopback: Prometheus and Alertmanager out of Debian's packages, and `rollbot serve` as its own process."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache" / "live"
TEMPLATE = CACHE / "usr" / "share" / "prometheus" / "alertmanager"
PACKAGES = ("prometheus", "prometheus-alertmanager")


class Unobtainable(Exception):
    """The programs cannot be had here."""


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_for(what, seconds, said):
    """Return the first true answer of `what`, asked every 50 ms; fail with `said()` after `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if answer := what():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {said() if callable(said) else said}")


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=1) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


class Server:
    """A process with its output in a file; `kill` is `kill -9`."""

    def __init__(self, command, log, **options):
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options)

    def ready(self, url, seconds=15):
        def up():
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}: {self.said()}")
            return answers(url)

        wait_for(up, seconds, self.said)
        return self

    def said(self):
        return self.log.read_text(errors="replace")[-8000:]

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not stop on SIGTERM: {self.said()}") from None


def unpack():
    download = ["apt-get", "-o", "APT::Sandbox::User=root", "download", *PACKAGES]
    done = subprocess.run(download, cwd=CACHE, capture_output=True, text=True, timeout=300)
    if done.returncode != 0 and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], capture_output=True, timeout=300)
        done = subprocess.run(download, cwd=CACHE, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise Unobtainable(f"apt-get cannot download {' and '.join(PACKAGES)}: {done.stderr.strip()[-300:]}")
    for package in CACHE.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, CACHE], check=True, capture_output=True, timeout=100)
    point_at_template(CACHE / "usr" / "bin" / "prometheus-alertmanager")


def point_at_template(program):
    """Debian's Alertmanager reads its default template from /usr/share, where nothing was installed: let it read its working directory.

    The folder's name is replaced by one of the same length, `./././…`, so that the program stays as it is otherwise.
    """
    folder = b"/usr/share/prometheus/alertmanager"
    patched = program.with_suffix(".new")
    patched.write_bytes(program.read_bytes().replace(folder, b"./" * (len(folder) // 2)))
    patched.chmod(0o755)
    patched.replace(program)
