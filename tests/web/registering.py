"""The part of GitHub where Apps are made: a form makes one and gives a code, the code is good for its id and secrets, once."""

import json
import re
import threading
from contextlib import contextmanager
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

KEY = (
    rsa.generate_private_key(65537, 2048)
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    .decode()
)
SECRET = "webhook-secret-0123456789abcdef"
CLIENT_SECRET = "client-secret-0123456789abcdef"


class GitHub(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.codes, self.answer, self.cut = {}, None, False
        self.site = f"http://127.0.0.1:{self.server_address[1]}"
        self.api = f"{self.site}/api/v3"

    def register(self, manifest, state):
        """What GitHub does with the form once the person has named the App: where the browser is sent next."""
        code = f"code{len(self.codes)}x"
        self.codes[code] = manifest
        return f"{manifest['redirect_url']}?code={code}&state={state}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        found = re.fullmatch(r"/api/v3/app-manifests/([\w-]+)/conversions", self.path)
        manifest = self.server.codes.pop(found[1], None) if found else None
        if manifest is not None and self.server.cut:
            self.close_connection = True
            self.connection.close()
            return
        page = f"{self.server.site}/apps/rollbot-acme"
        told = {"id": 4711, "slug": "rollbot-acme", "name": "rollbot <acme>", "html_url": page, "pem": KEY, "webhook_secret": SECRET}
        status, body = (
            (201, told | {"client_id": "Iv1.8a61f9b3a7aba766", "client_secret": CLIENT_SECRET})
            if manifest
            else (404, {"message": "Not Found"})
        )
        status, body = self.server.answer or (status, body)
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_):
        pass


def form_of(page):
    """Where a page's form goes, and the manifest that it carries."""
    action = unescape(re.search(r'<form action="([^"]+)"', page)[1])
    return action, json.loads(unescape(re.search(r'name="manifest" value="([^"]+)"', page)[1]))


@contextmanager
def registering():
    with GitHub() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)
