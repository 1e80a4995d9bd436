from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import BadConfig
from bot.manifests.custom import LARGEST, check, pins
from bot.manifests.pin import PinKind, Style
from bot.manifests.read import is_manifest, read
from bot.manifests.rules import ManifestRules, PinRule
from bot.manifests.spans import edit

FIXTURES = Path(__file__).parents[2] / "fixtures" / "manifests" / "custom"
TERRAFORM = (FIXTURES / "main.tf").read_bytes()
VERSIONS = (FIXTURES / "versions.json").read_bytes()


def rules(*given: PinRule) -> ManifestRules:
    return ManifestRules(pins=given)


def test_a_regex_names_version_and_artefact() -> None:
    rule = PinRule("modules", "**/*.tf", regex=r'source = "git::\S*/(?P<artefact>\w+)\.git\?ref=(?P<version>[^"]+)"')

    found = tuple(pins(TERRAFORM, "live/prod/main.tf", rules(rule)))

    assert [(pin.artefact, pin.value, pin.line, pin.style) for pin in found] == [
        ("web", "v2.3.0", 2, Style.RAW),
        ("api", "v1.0.9", 7, Style.RAW),
    ]
    assert all(TERRAFORM[pin.start : pin.end].decode() == pin.value for pin in found)


def test_several_matches_without_artefact_have_places_of_their_own() -> None:
    rule = PinRule("refs", "main.tf", regex=r"\?ref=(?P<version>[^\"]+)", artefact="modules")

    found = tuple(pins(TERRAFORM, "main.tf", rules(rule)))

    assert [pin.yaml_path for pin in found] == ["refs", "refs#2"]
    assert len({pin.place for pin in found}) == 2


def test_spans_count_bytes_not_characters() -> None:
    file = "\ufeff// naïve ✓\r\nversion = 1.2\r\n// ✓ version = 1.3\r\n".encode()
    rule = PinRule("v", "*", regex=r"version = (?P<version>.*)$")

    found = tuple(pins(file, "a.libsonnet", rules(rule)))

    assert [(file[pin.start : pin.end], pin.line) for pin in found] == [(b"1.2", 2), (b"1.3", 3)]


@pytest.mark.parametrize(
    ("yaml_path", "values"),
    [
        ("services[name=web].build", ["2024.11.3"]),
        ("services[1].build", ["1.10"]),
        ("services[*].build", ["2024.11.3", "1.10"]),
        ('"shared.lib"', ["3.2.1"]),
        ("*", ["3.2.1"]),
        ("$.services[name=none].build", []),
        ("services.build", []),
        ("services", []),
    ],
)
def test_a_yaml_path_names_scalars_of_json_too(yaml_path: str, values: list[str]) -> None:
    found = tuple(pins(VERSIONS, "versions.json", rules(PinRule("builds", "*.json", yaml_path=yaml_path, artefact="x"))))

    assert [pin.value for pin in found] == values
    assert all(VERSIONS[pin.start : pin.end].decode() == pin.value for pin in found)


def test_an_image_at_a_yaml_path_is_pinned_by_its_version_only() -> None:
    (pin,) = pins(VERSIONS, "versions.json", rules(PinRule("lib", "versions.json", yaml_path='"shared.lib"')))

    assert (pin.kind, pin.artefact, pin.partial) == (PinKind.IMAGE, "ghcr.io/example/lib", True)


def test_a_bare_list_starts_with_its_index() -> None:
    (pin,) = pins(b"- name: a\n  build: '7'\n", "x.yaml", rules(PinRule("b", "x.yaml", yaml_path="[name=a].build")))

    assert (pin.value, pin.yaml_path) == ("7", "[name=a].build")


def test_a_rule_makes_its_files_manifests_and_its_pins_editable() -> None:
    known = rules(PinRule("modules", "**/*.pkr", regex=r"ref=(?P<version>v[\d.]+)"))

    (pin,) = read(b'x = "?ref=v1.2.3"\n', "a/b.pkr", known).pins

    assert is_manifest("a/b.pkr", known)
    assert edit(b'x = "?ref=v1.2.3"\n', {pin: "v1.2.2"}) == b'x = "?ref=v1.2.2"\n'


def test_a_rule_goes_before_every_format() -> None:
    file = b"kind: Deployment\nspec:\n  image: web:1.2.3\n"

    (pin,) = read(file, "a.yaml", rules(PinRule("mine", "a.yaml", yaml_path="spec.image"))).pins

    assert (pin.format, pin.value) == ("custom", "web:1.2.3")


def test_leaves_secrets_other_files_and_large_ones_alone() -> None:
    by_regex, by_path = PinRule("v", "a.*", regex=r"v=(?P<version>\d+)"), PinRule("p", "a.*", yaml_path="data.v")

    assert list(pins(b"kind: Secret\ndata: {v: abc}\n", "a.yaml", rules(by_path))) == []
    assert read(b"kind: Secret\nstringData:\n  x: v=12\n", "a.yaml", rules(by_regex)).pins == ()
    assert list(pins(b"v=12\n", "b/a.txt", rules(by_regex))) == []
    assert list(pins(b"v=12\n" + b" " * LARGEST, "a.txt", rules(by_regex))) == []
    assert list(pins(b"v=12 \xff\n", "a.txt", rules(by_regex))) == []


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (PinRule("r", "*", regex="("), "not valid"),
        (PinRule("r", "*", regex="v(.*)"), "no group named version"),
        (PinRule("r", "*", yaml_path="a[b"), "no yaml path"),
        (PinRule("r", "*", yaml_path=""), "empty"),
        (PinRule("r", "*"), "needs a yaml path or a regex"),
        (PinRule("r", "*", yaml_path="a", regex="(?P<version>.)"), "not both"),
    ],
)
def test_a_rule_that_cannot_be_understood_is_bad_configuration(rule: PinRule, says: str) -> None:
    with pytest.raises(BadConfig, match=says):
        check(rule)
