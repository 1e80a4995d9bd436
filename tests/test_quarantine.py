"""Quarantine files: what is written is read back, whatever anybody wrote in it."""

from __future__ import annotations

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.quarantine import FOLDER, Quarantine

WORDS = st.text(max_size=40)


def a_quarantine(**fields) -> Quarantine:
    place = ("apps/web.yaml", "spec.image", "ghcr.io/x/web", "1.4.0")
    defaults = {"environment": "prod", "service": "web", "version": "1.4.0", "release": "ab" * 32, "commit": "cd" * 20, "places": (place,)}
    rest = {"reason": "errors", "owner": "ann", "incident": "i1", "since": 1_700_000_000.0, "expires": 1_701_209_600.0}
    return Quarantine(**{**defaults, **rest, **fields})


@settings(max_examples=100, deadline=None)
@given(WORDS, WORDS, WORDS, WORDS)
def test_a_file_is_read_back_as_it_was_written(version, reason, path, value):
    quarantine = a_quarantine(version=version, reason=reason, places=((path, "a.b", "c", value),))

    assert Quarantine.of(yaml.safe_load(quarantine.text())) == quarantine


@settings(max_examples=100, deadline=None)
@given(WORDS, WORDS, WORDS)
def test_its_path_stays_in_its_folder(environment, service, version):
    name = a_quarantine(environment=environment, service=service, version=version).path.removeprefix(FOLDER + "/")

    assert "/" not in name
    assert not name.startswith(".")


def test_it_holds_that_value_at_that_place_until_it_expires():
    quarantine = a_quarantine()
    place = ("apps/web.yaml", "spec.image", "ghcr.io/x/web")

    assert quarantine.holds(*place, "1.4.0", now=quarantine.expires - 1)
    assert not quarantine.holds(*place, "1.4.0", now=quarantine.expires)
    assert not quarantine.holds(*place, "1.4.1", now=quarantine.since)
