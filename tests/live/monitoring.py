"""Configuration of the real Prometheus and Alertmanager, as fast as they go."""

from tests.live.servers import TEMPLATE

PROMETHEUS = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: checkout
    static_configs:
      - targets: ["127.0.0.1:{shop}"]
alerting:
  alertmanagers:
    - static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]
"""
RULES = """\
groups:
  - name: shop
    rules:
      - alert: CheckoutFailing
        expr: sum(rate(http_requests_total{code="500"}[4s])) / sum(rate(http_requests_total[4s])) > 0.05
        for: 0s
        labels: {severity: critical, service: checkout, environment: prod, rollbot: act}
        annotations: {summary: checkout fails more than 5 % of its requests}
"""
ALERTMANAGER = """\
route: {receiver: rollbot, group_by: [alertname, service], group_wait: 0s, group_interval: 1s, repeat_interval: 1m}
receivers:
  - name: rollbot
    webhook_configs:
"""
DOOR = """      - url: http://127.0.0.1:{door}/hooks/alertmanager
        send_resolved: true
        http_config: {{authorization: {{type: Bearer, credentials: {token}}}}}
"""


def start_both(start, programs, folder, ports, token, *others):
    """Start them; `ports`: of shop, rollbot, prometheus, alertmanager; `others`: ports of further doors that are told too."""
    folder.mkdir()
    (folder / "prometheus.yml").write_text(PROMETHEUS.format(**ports))
    (folder / "rules.yml").write_text(RULES)
    (folder / "alertmanager.yml").write_text(
        ALERTMANAGER + "".join(DOOR.format(door=door, token=token) for door in (ports["rollbot"], *others))
    )
    alertmanager = start(
        "alertmanager",
        [
            programs["prometheus-alertmanager"],
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'am'}",
            f"--web.listen-address=127.0.0.1:{ports['alertmanager']}",
            "--cluster.listen-address=",
        ],
        cwd=TEMPLATE if TEMPLATE.exists() else folder,
    )
    prometheus = start(
        "prometheus",
        [
            programs["prometheus"],
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
        ],
    )
    alertmanager.ready(f"http://127.0.0.1:{ports['alertmanager']}/-/ready")
    prometheus.ready(f"http://127.0.0.1:{ports['prometheus']}/-/ready")
