"""A server of Rollbot's at a fake GitHub: people comment there, GitHub's webhook knocks at the real door, the queue is worked off."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
import yaml
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from bot import wiring
from bot.adapters.queues.local import LocalRunner
from bot.incidents.incident import Incident
from bot.ports import Ports
from bot.reconciler.sweep import sweep
from bot.reconciler.work import work
from bot.settings import Settings
from bot.web.app import create_app
from bot.world import story
from bot.world.origin import Origin
from bot.world.story import ToldCommit
from tests.github import watch, webhooks
from tests.github.server import FakeGitHub
from tests.github.state import Crossed

NAME, SECRET = "acme/manifests", "a-secret-of-the-webhook"
PROD = "apps/checkout/overlays/prod/kustomization.yaml"
PEOPLE = {"robot": "write", "ada": "admin", "tom": "write", "lin": "triage", "eve": "read"}


class Town:
    """`release` is the number of the merged pull request that brought checkout 2.8.0 to prod."""

    def __init__(self, hub: FakeGitHub, settings: Settings) -> None:
        self.hub, self.settings, self.deliveries = hub, settings, 0
        self.release = self._released()

    def _released(self) -> int:
        origin, repo = Origin(Path(self.hub.folder(NAME)), "main"), self.hub.repos[NAME]
        change = ToldCommit(time.time(), "Tom Okafor <tom@shop.example>", "Bump checkout\n", replace={PROD: {'"2.7.0"': '"2.8.0"'}})
        sha = origin.tell([change], "bump")
        pull = self.hub.add(repo, "Bump checkout to 2.8.0", "", "tom", "bump", "main", sha)
        repo.merge(pull, "squash", "Bump checkout to 2.8.0 (#1)")
        return pull.number

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Rollbot runs; left and entered again, it was started anew and knows what it stored."""
        with (
            wiring.house(self.settings) as house,
            TestClient(app := create_app(self.settings, house.ports), base_url="http://127.0.0.1") as self._client,
        ):
            self._app = app
            [self.ports] = house.ports.values()
            self._runner = LocalRunner(house.rows, wiring.clock(), lambda key: work(key, house.ports))
            yield

    ports: Ports
    _app: FastAPI

    @contextmanager
    def door(self) -> Iterator[None]:
        """Real HTTP in front of the server, and GitHub's own webhooks knock at it."""
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            server = uvicorn.Server(uvicorn.Config(self._app, log_config=None, access_log=False, lifespan="off"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="rollbot's door")
            thread.start()
            self.hub.deliver_to(f"http://127.0.0.1:{listening.getsockname()[1]}/hooks/github", SECRET)
            try:
                yield
            finally:
                self.hub.webhooks.end()
                server.should_exit = True
                thread.join()

    def heard(self) -> None:
        """GitHub's webhooks arrive, and Rollbot does what is due, until neither has anything left."""
        before = -1
        while before != len(self.hub.webhooks.made):
            before = len(self.hub.webhooks.made)
            self.hub.webhooks.delivered()
            self.settle()

    def settle(self) -> None:
        while self._runner.run_one():
            pass

    def sweep(self) -> None:
        sweep(self.ports)
        self.settle()

    def say(self, number: int, text: str, who: str = "ada", *, heard: bool = True, **other: Any) -> int:
        """Somebody comments; GitHub's webhook says so (unless it is lost), and Rollbot does what is due."""
        comment = self.hub.say(NAME, number, who, text)
        if heard:
            self.knock(number, comment, **other)
            self.settle()
        return comment

    def knock(self, number: int, comment: int, **other: Any) -> int:
        """The webhook of a comment, perhaps again."""
        found = next(each for each in self.hub.comments(NAME, number) if each.id == comment)
        payload = webhooks.issue_comment(self.hub, NAME, found, other.pop("action", "created")) | other
        status = self.deliver("issue_comment", payload)
        watch.seen(Crossed("POST", f"{watch.HOOKS}issue_comment", "", status, json.dumps(payload).encode(), None, 0.0))
        return status

    def deliver(self, event: str, payload: Any) -> int:
        self.deliveries += 1
        body = json.dumps(payload).encode()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": f"delivery-{self.deliveries}",
            "X-Hub-Signature-256": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest(),
        }
        return self._client.post("/hooks/github", content=body, headers=headers).status_code

    # What can be looked at

    def branches(self) -> list[str]:
        return sorted(branch for branch in self.hub.repos[NAME].heads() if branch.startswith("rollbot/"))

    def proposals(self) -> list[int]:
        return [pull.number for pull in self.hub.pulls(NAME) if pull.head.startswith("rollbot/")]

    def answers(self, number: int) -> list[str]:
        """What Rollbot said in a thread, without the marker that finds it again."""
        said = [each.body.partition("\n") for each in self.hub.comments(NAME, number) if each.user == "robot"]
        return [text for marker, _, text in said if marker.startswith("<!-- rollbot:")]

    def pictures(self, comment: int) -> list[str]:
        return [each.content for each in self.hub.reactions(NAME, comment) if each.user == "robot"]

    def incidents(self) -> list[Incident]:
        return list(self.ports.store.incidents(self.ports.repository.name))

    def prod(self) -> str:
        return self.hub.repos[NAME].git("show", f"main:{PROD}")


def a_town(hub: FakeGitHub, folder: Path, trust: str = "propose") -> Town:
    hub.create(NAME)
    for number, (login, role) in enumerate(PEOPLE.items(), 9001):
        hub.user(login, number)
        hub.grant(NAME, login, role)
    hub.user("mallory", 9100)
    hub.user("renovate[bot]", 9200, "Bot")
    raw = yaml.safe_load(story.SHOP.read_text())
    raw["history"][0]["files"][".rollbot.yaml"] = f"policy: {{trust: {{prod: {trust}}}}}\n"
    Origin(Path(hub.folder(NAME)), "main").tell(story.read(raw).history)
    settings = Settings(
        _env_file=None,
        forge="github",
        github_url=hub.api,
        github_token=hub.token("robot"),
        github_webhook_secret=(SecretStr(SECRET),),
        repo_url=(hub.url(NAME),),
        database_url=f"sqlite:///{folder}/rollbot.db",
        cache=folder / "cache",
    )
    return Town(hub, settings)
