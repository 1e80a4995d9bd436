"""A seed → a large GitOps repository, told to `git fast-import` commit by commit."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ENVIRONMENTS = ("dev", "staging", "prod")
PEOPLE = (("renovate[bot]", "renovate[bot]@users.noreply.github.com"), ("fluxcdbot", "flux@example.org"), ("Ann", "ann@example.org"))
START = 1_700_000_000

OVERLAY = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: {env}
resources:
  - ../../base
images:
  - name: ghcr.io/shop/{name}
    newTag: {version}  # {{"$imagepolicy": "flux-system:{name}:tag"}}
replicas:
  - name: {name}
    count: {count}
"""
BASE = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - deployment.yaml
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels: {{app: {name}, team: "team-{count}"}}
spec:
  replicas: {count}
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      containers:
        - name: {name}
          image: ghcr.io/shop/{name}:{version}
          ports:
            - {{name: http, containerPort: 8080}}
          env:
{env_lines}
          resources:
            requests: {{cpu: 100m, memory: {memory}Mi}}
            limits: {{memory: {memory}Mi}}
        - name: proxy
          image: docker.io/envoyproxy/envoy:v1.{count}.0
"""
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: {name}
  namespace: {env}
spec:
  interval: 10m
  chart:
    spec:
      chart: {name}
      version: {version}
      sourceRef: {{kind: HelmRepository, name: shop}}
  values:
    replicaCount: {count}
    image:
      repository: ghcr.io/shop/{name}
      tag: {version}
    resources:
      limits: {{memory: {memory}Mi}}
"""
VALUES = """\
# Values of {name}.
replicaCount: {count}
image:
  repository: ghcr.io/shop/{name}
  tag: "{version}"
  pullPolicy: IfNotPresent
sidecar:
  image: {{registry: quay.io, repository: shop/sidecar, tag: 2.{count}.1}}
config:
{env_lines}
resources:
  limits: {{memory: {memory}Mi}}
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: {name}
  namespace: argocd
spec:
  project: default
  source:
    repoURL: https://charts.example.org/shop
    chart: {name}
    targetRevision: {version}
    helm:
      parameters:
        - {{name: image.tag, value: "{version}"}}
        - {{name: replicas, value: "{count}"}}
  destination: {{server: https://kubernetes.default.svc, namespace: {env}}}
"""


@dataclass
class Manifest:
    path: str
    template: str
    name: str
    env: str = ""
    version: tuple[int, int, int] = (1, 0, 0)
    count: int = 2
    memory: int = 256
    settings: dict[str, int] = field(default_factory=dict)

    def text(self) -> str:
        lines = "\n".join(f"            - {{name: {key}, value: '{value}'}}" for key, value in self.settings.items())
        if self.template is VALUES:
            lines = "\n".join(f"  {key}: '{value}'" for key, value in self.settings.items())
        return self.template.format(
            name=self.name, env=self.env, version=".".join(map(str, self.version)), count=self.count, memory=self.memory, env_lines=lines
        )

    def bump(self, dice: random.Random) -> None:
        major, minor, patch = self.version
        self.version = (major, minor, patch + 1) if dice.random() < 0.7 else (major, minor + 1, 0)

    def configure(self, dice: random.Random) -> None:
        if self.settings and dice.random() < 0.7:
            self.settings[dice.choice(list(self.settings))] = dice.randrange(10_000)
        else:
            self.count, self.memory = dice.randint(1, 9), dice.choice((128, 256, 512, 1024))


def manifests(count: int, dice: random.Random) -> list[Manifest]:
    """Return `count` files: services with a base and three overlays, and about one eighth each of releases, values and Applications."""
    found: list[Manifest] = []
    number = 0
    while len(found) < count:
        number += 1
        name = f"service-{number:04}"
        settings = {f"SETTING_{key}": dice.randrange(10_000) for key in range(dice.randint(8, 30))}
        match number % 5:
            case 0:
                found.append(Manifest(f"helm/prod/{name}/release.yaml", RELEASE, name, "prod"))
                found.append(Manifest(f"charts/{name}/values-prod.yaml", VALUES, name, "prod", settings=settings))
                found.append(Manifest(f"argocd/prod/{name}.yaml", APPLICATION, f"{name}-app", "prod"))
            case _:
                found.append(Manifest(f"apps/{name}/base/kustomization.yaml", BASE, name))
                found.append(Manifest(f"apps/{name}/base/deployment.yaml", DEPLOYMENT, name, settings=settings))
                found += [Manifest(f"apps/{name}/overlays/{env}/kustomization.yaml", OVERLAY, name, env) for env in ENVIRONMENTS]
    return found[:count]


class Origin:
    """A bare repository that grows: mostly version bumps, some configuration, some of many files."""

    def __init__(self, folder: Path, files: int, seed: int = 7) -> None:
        self.folder, self.dice, self.time, self.head = folder, random.Random(seed), START, ""
        self.files = manifests(files, self.dice)
        self.changing = [file for file in self.files if file.template is not BASE]
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(folder)], check=True)

    def grow(self, commits: int) -> None:
        command = ["git", "fast-import", "--quiet", "--date-format=raw"]
        with subprocess.Popen(command, cwd=self.folder, stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            for record in self._records(commits):
                process.stdin.write(record)
        if process.returncode:
            raise SystemExit("fast-import failed")
        self.head = subprocess.check_output(["git", "rev-parse", "main"], cwd=self.folder, text=True).strip()

    def _records(self, commits: int) -> Iterator[bytes]:
        parent = self.head
        if not parent:
            yield self._record("Begin", self.files, PEOPLE[2], "")
            commits -= 1
        for number in range(commits):
            yield self._commit(parent if number == 0 else "")

    def _commit(self, parent: str) -> bytes:
        roll = self.dice.random()
        if roll < 0.85:
            file = self._one()
            file.bump(self.dice)
            return self._record(
                f"Bump {file.name} to {'.'.join(map(str, file.version))} (#{self.time % 10_000})", [file], self.dice.choice(PEOPLE), parent
            )
        if roll < 0.95:
            file = self._one()
            file.configure(self.dice)
            return self._record(f"Configure {file.name}\n\nIt needs more of this and less of that.", [file], PEOPLE[2], parent)
        several = list({file.path: file for file in (self._one() for _ in range(self.dice.randint(3, 8)))}.values())
        for file in several:
            file.bump(self.dice)
        return self._record(f"Bump {len(several)} services", several, PEOPLE[0], parent)

    def _one(self) -> Manifest:
        # As in life: a few services move daily, most hardly ever.
        return self.changing[int(len(self.changing) * self.dice.random() ** 2)]

    def _record(self, message: str, files: list[Manifest], who: tuple[str, str], parent: str) -> bytes:
        self.time += self.dice.randint(60, 3600)
        body = message.encode()
        out = [
            b"commit refs/heads/main\ncommitter %s <%s> %d +0000\ndata %d\n%s\n"
            % (who[0].encode(), who[1].encode(), self.time, len(body), body)
        ]
        if parent:
            out.append(b"from %s\n" % parent.encode())
        for file in files:
            text = file.text().encode()
            out.append(b"M 100644 inline %s\ndata %d\n%s\n" % (file.path.encode(), len(text), text))
        return b"".join(out)
