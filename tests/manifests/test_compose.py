from __future__ import annotations

import pytest

from bot.manifests.compose import KIND, pins
from bot.manifests.pin import PinKind
from bot.manifests.spans import edit

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


@pytest.mark.parametrize(
    ("image", "artefact", "value"),
    [
        ("web:${TAG:-1.2}", "web", "1.2"),
        ("ghcr.io/shop/web:v${TAG:=1.2}", "ghcr.io/shop/web", "1.2"),
        ("${REGISTRY}/web:1.2", "web", "1.2"),
        ("$REGISTRY/shop/web:1.2@sha256:" + "a" * 64, "shop/web", "1.2@sha256:" + "a" * 64),
    ],
)
def test_what_is_written_out_beside_a_variable_is_a_version(image: str, artefact: str, value: str) -> None:
    file = f"services:\n  web:\n    image: {image}\n".encode()

    (pin,) = pins(file, "compose.yaml")

    assert (pin.artefact, pin.value) == (artefact, value)
    assert edit(file, {pin: "9.9"}) == file[: pin.start] + b"9.9" + file[pin.end :]


@pytest.mark.parametrize("image", ["${IMAGE}", "web:${TAG}", "web:${TAG:-}", "web:${TAG:-${OTHER:-1}}", "web"])
def test_variables_and_images_without_version_are_no_pins(image: str) -> None:
    assert list(pins(f"services:\n  web:\n    image: {image}\n".encode(), "compose.yaml")) == []
