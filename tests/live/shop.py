"""A tiny world for live tests: a Git remote, and a service whose failures follow what the remote's head says it runs."""

import http.server
import os
import re
import subprocess
import threading
import time

PATH = "apps/checkout/overlays/prod/kustomization.yaml"
KUSTOMIZATION = """\
# The shop's checkout, production.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop-prod
resources:
  - ../../base
images:
  - name: ghcr.io/shop/checkout
    newTag: "{tag}"  # bumped by bots
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
spec:
  template:
    spec:
      containers:
        - name: checkout
          image: ghcr.io/shop/checkout
"""
BASE = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - deployment.yaml\n"


class Remote:
    """The bare repository that everybody pushes to."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--bare", "--initial-branch=main", ".")

    def git(self, *words, stdin=None):
        quiet = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        options = {"cwd": self.folder, "input": stdin, "capture_output": True, "text": True, "env": quiet}
        done = subprocess.run(["git", *words], check=True, timeout=30, **options)
        return done.stdout

    def commit(self, message, files, at, author="Renovate Bot <bot@renovateapp.com>"):
        parts = [f"commit refs/heads/main\nauthor {author} {int(at)} +0000\ncommitter {author} {int(at)} +0000\n", data(message)]
        if self.head():
            parts.append(f"from {self.head()}\n")
        parts += [f"M 100644 inline {path}\n{data(text)}" for path, text in files.items()]
        self.git("fast-import", "--quiet", "--date-format=raw", stdin="".join(parts))
        return self.head()

    def head(self, branch="main"):
        try:
            return self.git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}").strip()
        except subprocess.CalledProcessError:
            return None

    def show(self, path=PATH, revision="main"):
        return self.git("show", f"{revision}:{path}")

    def branches(self):
        return self.git("for-each-ref", "--format=%(refname:strip=2)", "refs/heads/").split()

    def log(self):
        return self.git("log", "--first-parent", "--format=%H %s", "main").splitlines()


def data(text):
    return f"data {len(text.encode())}\n{text}\n"


def tell(remote, config, bad="2.8.0", since=0.0):
    """Commit a month of releases; the last, bad one `since` seconds ago."""
    now = time.time()
    files = {".rollbot.yaml": config, PATH: KUSTOMIZATION.format(tag="2.6.0")}
    files |= {"apps/checkout/base/deployment.yaml": DEPLOYMENT, "apps/checkout/base/kustomization.yaml": BASE}
    remote.commit("Bring checkout under Git", files, now - 30 * 86400, "Ada Byron <ada@shop.example>")
    remote.commit("chore(deps): update checkout to 2.7.0 (#11)", {PATH: KUSTOMIZATION.format(tag="2.7.0")}, now - 6 * 86400)
    if bad:
        remote.commit(f"chore(deps): update checkout to {bad} (#12)", {PATH: KUSTOMIZATION.format(tag=bad)}, now - since)


class Checkout:
    """Applies the remote's head as it sees it (once a scrape) and serves `/metrics`; version `bad` fails a third of its requests."""

    def __init__(self, remote, bad="2.8.0"):
        self.remote, self.bad = remote, bad
        self.runs = ""
        self.ran = []
        self.requests = {"200": 0.0, "500": 0.0}
        self.last = time.monotonic()
        self.lock = threading.Lock()
        shop = self

        class Metrics(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = shop.metrics().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def port(self):
        return self.server.server_address[1]

    def metrics(self):
        with self.lock:
            tag = re.search(r'newTag: "([^"]+)"', self.remote.show())[1]
            if tag != self.runs:
                self.runs = tag
                self.ran.append((time.time(), tag))
            now = time.monotonic()
            failing = 0.3 if self.runs == self.bad else 0.0
            self.requests["200"] += (1 - failing) * 100 * (now - self.last)
            self.requests["500"] += failing * 100 * (now - self.last)
            self.last = now
            lines = [f'http_requests_total{{code="{code}"}} {count}' for code, count in self.requests.items()]
            return "\n".join(["# TYPE http_requests_total counter", *lines, ""])

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)
