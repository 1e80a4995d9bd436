"""Git's host away with something to be done: a person is paged with what to type, once, and told on return what differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.errors import Unavailable
from bot.ports import Notice
from bot.world import story
from bot.world.lived import LivedWorld

RULES = {"policy": {"trust": {"prod": "merge"}}, "outcomes": {"settle": "15s", "soak": "1m"}}
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: checkout-prod}
spec: {source: {repoURL: "https://git.example/shop.git", path: apps/checkout/overlays/prod}}
"""
FLUX = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {path: ./apps/checkout/overlays/prod}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: others, namespace: flux-system}
spec: {path: ./infrastructure}
"""
PROD = "apps/checkout/overlays/prod"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LivedWorld]:
    raw = yaml.safe_load(story.SHOP.read_text())
    raw["alerts"]["HighErrorRate"] |= {"window": "1m", "for": "15s"}
    raw["history"][0]["files"][".rollbot.yaml"] = yaml.safe_dump(RULES)
    with LivedWorld(story.read(raw), tmp_path) as lived:
        yield lived


def glass(world: LivedWorld) -> list[Notice]:
    return [notice for key, notice in world.pager.notices.items() if key.startswith("break-glass")]


def test_past_ten_minutes_a_person_gets_what_to_type_and_hears_when_it_is_back(world: LivedWorld) -> None:
    delivering = {"argocd/checkout.yaml": APPLICATION, "clusters/prod/apps.yaml": FLUX}
    world.push(story.commit({"author": "Ada <a@x>", "message": "Deliver", "files": delivering}, world.clock.now()))
    world.pass_time(15)
    world.forge.down = True
    world.release("checkout", "2.8.0")
    head = world.origin.head()
    world.pass_time(1800)

    [page] = glass(world)
    lines = page.text.splitlines()
    assert page.urgent and str(page.service) == "prod/checkout" and "break glass" in page.title
    assert f"The mirror ends with {str(head)[:12]}" in page.text and "last fetched" in page.text
    assert [line.partition(" break-glass-")[0] for line in lines[2:]] == [
        "git switch -c",
        f"# {PROD}/kustomization.yaml:16 images[name=registry.shop.example/checkout].newTag: 2.8.0 -> 2.7.0",
        f"git commit -m 'Roll back 2.8.0' -- {PROD}/kustomization.yaml",
        "argocd app set checkout-prod --sync-policy none",
        "flux suspend kustomization apps -n flux-system",
        f"kubectl apply -k ./{PROD}",
        "# when the host is back: git push origin",
        "argocd app set checkout-prod --sync-policy automated",
        "flux resume kustomization apps -n flux-system",
    ]

    world.forge.down = False
    world.pass_time(1800)

    [_, told] = glass(world)
    assert (told.urgent, told.handled, told.subject) == (False, True, page.subject)
    assert "away for" in told.text and "The cluster says that it runs" in told.text
    incident = world.incident()
    assert incident and incident.end == "recovered"


def test_a_short_absence_pages_nobody(world: LivedWorld) -> None:
    world.forge.down = True
    world.release("checkout", "2.8.0")
    world.pass_time(400)
    world.forge.down = False
    world.pass_time(1800)

    assert glass(world) == []


class Away:
    """The repository, while its host does not answer."""

    def __init__(self, repository: Any) -> None:
        self._repository = repository

    def __getattr__(self, name: str) -> Any:
        return getattr(self._repository, name)

    def fetch(self) -> None:
        raise Unavailable("git.example does not answer")


def test_what_comes_in_while_the_repository_is_away_pages_too(world: LivedWorld) -> None:
    here = world.ports()
    gone: Any = Away(here.repository)
    world._ports = replace(here, repository=gone)
    world.release("checkout", "2.8.0")
    world.pass_time(1800)

    assert world.incidents() == ()
    [page] = glass(world)
    assert page.urgent and "git.example does not answer" in page.text and "what came in meanwhile waits" in page.text

    world._ports = here
    world.pass_time(1200)

    assert [notice.handled for notice in glass(world)] == [False, True]
    assert [str(incident.end) for incident in world.incidents()] == ["recovered"]
