"""Our alerts at a real Alertmanager: raised, seen by the receivers meant, taken down, forgotten by a restart and raised again."""

import json
import shutil
import subprocess
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bot.adapters.notifiers.alertmanager import Alertmanager
from bot.errors import Refused
from bot.ports import Notice
from bot.refs import ServiceRef
from tests.live.servers import TEMPLATE, free_port, wait_for

pytestmark = pytest.mark.live
CONFIG = """
route:
  receiver: nobody
  routes:
    - matchers: [alertname = RollbotNeedsHuman]
      receiver: on-call
      group_by: [incident]
      group_wait: 0s
      group_interval: 1s
    - matchers: [alertname = RollbotAlive]
      receiver: {alive}
receivers:
  - name: nobody
  - name: on-call
    webhook_configs: [{{url: "http://127.0.0.1:{port}/", send_resolved: true}}]
"""
PAGE = Notice("i:end", "prod/checkout: escalated", "why", True, "i", service=ServiceRef("git.example/shop", "prod", "checkout"))


@pytest.fixture
def told():
    """What the receiver `on-call` was told, and its port."""
    said = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            said.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield said, server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def run(debian, start, tmp_path, told):
    port = free_port()
    folder = tmp_path / "am"
    folder.mkdir()

    def begin(name, alive="on-call"):
        (folder / "alertmanager.yml").write_text(CONFIG.format(port=told[1], alive=alive))
        server = start(
            name,
            [
                debian["prometheus-alertmanager"],
                f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={folder / name}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            cwd=TEMPLATE if TEMPLATE.exists() else folder,
        )
        server.ready(f"http://127.0.0.1:{port}/-/ready")
        return server, Alertmanager(f"http://127.0.0.1:{port}")

    begin.url = f"http://127.0.0.1:{port}/api/v2/alerts?filter=alertname%3D%22RollbotNeedsHuman%22"
    return begin


def standing(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return [alert["labels"]["incident"] for alert in json.load(answer)]


def test_a_page_is_raised_told_and_taken_down(run, told):
    _, one = run("first")

    one.deliver(PAGE)
    wait_for(lambda: [each["status"] for each in told[0]] == ["firing"], 15, lambda: told[0])
    assert standing(run.url) == ["i"]
    one.deliver(Notice("i:handled", "handled", "", False, "i", service=PAGE.service, handled=True))
    wait_for(lambda: [each["status"] for each in told[0]] == ["firing", "resolved"], 15, lambda: told[0])

    assert standing(run.url) == []


def test_a_restart_forgets_it_and_renewing_raises_it_again(run):
    server, one = run("first")
    one.renew([PAGE])
    server.stop()

    _, one = run("second")
    assert standing(run.url) == []
    one.renew([PAGE])

    assert standing(run.url) == ["i"]


def test_doctor_hears_who_listens(run):
    server, one = run("first")
    assert "no worker has renewed it" in one.check()
    one.renew([])
    wait_for(lambda: "goes to on-call" in one.check(), 15, one.check)
    server.stop()

    _, one = run("second", alive="nobody")
    one.renew([])

    with pytest.raises(Refused, match="goes to nobody, which tells nobody"):
        one.check()


def test_the_rules_that_page_when_it_stops_are_rules(debian):
    promtool = shutil.which("promtool") or str(Path(debian["prometheus"]).with_name("promtool"))
    done = subprocess.run([promtool, "check", "rules", "deploy/prometheus-rules.yaml"], capture_output=True, text=True)

    assert (done.returncode, "2 rules found" in done.stdout) == (0, True), done.stderr
