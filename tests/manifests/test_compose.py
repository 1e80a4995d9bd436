from __future__ import annotations

import pytest

from bot.manifests.compose import KIND, pins
from bot.manifests.pin import PinKind

FILE = b"services:\n  web:\n    image: ghcr.io/example/web:1.4.2\n"


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("docker-compose.yml", True),
        ("srv/compose.yaml", True),
        ("compose.prod.yaml", True),
        ("docker-compose-prod.yml", True),
        ("templates/docker-compose.yml.j2", True),
        ("services.yaml", False),
        ("compose.json", False),
    ],
)
def test_knows_compose_files_by_name(path: str, read: bool) -> None:
    assert bool(list(pins(FILE, path))) is read


def test_names_the_service_that_runs_the_image() -> None:
    (pin,) = pins(FILE, "compose.yaml")

    assert (pin.object_kind, pin.object_name, pin.kind, pin.artefact) == (KIND, "web", PinKind.IMAGE, "ghcr.io/example/web")


@pytest.mark.parametrize("image", ["${IMAGE}", "web:${TAG:-1.2}", "${REGISTRY}/web:1.2", "web"])
def test_variables_and_images_without_version_are_no_pins(image: str) -> None:
    assert list(pins(f"services:\n  web:\n    image: {image}\n".encode(), "compose.yaml")) == []
