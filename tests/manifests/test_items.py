"""What list items go by: the same name wherever in the list they stand, and however long it grows."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.manifests.documents import Map, Seq, parse
from bot.manifests.items import akin, item_part, names_of
from bot.manifests.read import read
from bot.manifests.spans import edit

NAMELESS = Path(__file__).parents[2] / "fixtures" / "manifests" / "argocd" / "nameless.yaml"


def parts(text: str) -> list[str]:
    root = parse(text.encode())[0].root
    assert isinstance(root, Seq)
    return [item_part(root, index) for index in range(len(root.items))]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("[{name: a}, {name: b}]", ["[name=a]", "[name=b]"], id="names"),
        pytest.param("[{cluster: a, env: x}, {cluster: a, env: y}]", ["[cluster=a,env=x]", "[cluster=a,env=y]"], id="together"),
        pytest.param("[{cluster: a, env: x}]", ["[cluster=a,env=x]"], id="together from the first one on"),
        pytest.param(
            "[{repoURL: u, chart: a}, {repoURL: u, chart: b}]",
            ["[repoURL=u,chart=a]", "[repoURL=u,chart=b]"],
            id="the chart of one repository",
        ),
        pytest.param(
            "[{repoURL: u, path: a}, {repoURL: u, path: b}]", ["[repoURL=u,path=a]", "[repoURL=u,path=b]"], id="paths of one repository"
        ),
        pytest.param("[{url: u}, {url: u}]", ["[0]", "[1]"], id="nothing tells them apart"),
        pytest.param("[{git: {}}, {list: {}}, {list: {}}]", ["[git]", "[1]", "[2]"], id="by what they are"),
        pytest.param("[{url: 'https://x/v1.2.3'}, {id: 1}]", ["[0]", "[id=1]"], id="no version names an item"),
        pytest.param("[{url: 'https://x/a/b/raw/main/c'}, {id: 1}]", ["[0]", "[id=1]"], id="nor a branch"),
        pytest.param("[{name: v1.2.3}]", ["[0]"], id="a version alone is no name"),
        pytest.param("[{name: '1.21'}, {name: '1.22'}]", ["[name=1.21]", "[name=1.22]"], id="versions side by side are"),
        pytest.param("[{name: 'ghcr.io/a/b:1'}]", ["[name=ghcr.io/a/b]"], id="an image without its tag"),
        pytest.param("[{image: 'redis:7'}, {image: 'web:1'}]", ["[image=redis]", "[image=web]"], id="images"),
        pytest.param("[{metadata: {name: a}, kind: X}, {metadata: {name: b}}]", ["[name=a]", "[name=b]"], id="objects"),
        pytest.param(
            "[{metadata: {name: a}, kind: X}, {metadata: {name: a}, kind: Y}]", ["[name=a,kind=X]", "[name=a,kind=Y]"], id="of a kind"
        ),
        pytest.param("[{target: {kind: X, name: a}}, {target: {kind: Y}}]", ["[name=a]", "[target]"], id="patches by their target"),
        pytest.param("[a, [b], {x: 1}]", ["[0]", "[1]", "[2]"], id="no mappings"),
        pytest.param("[{name: 'a]b', url: c}]", ["[url=c]"], id="no name with brackets"),
    ],
)
def test_names(text: str, names: list[str]) -> None:
    assert parts(text) == names


KEYS = ["name", "cluster", "env", "url", "repoURL", "chart", "path", "x"]
ITEMS = st.lists(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["a", "b", "c"]), max_size=4), min_size=1, max_size=6)


@settings(max_examples=300, deadline=None)
@given(ITEMS, st.randoms())
def test_another_order_changes_no_name(items: list[dict[str, str]], random: object) -> None:
    shuffled = list(range(len(items)))
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    before, after = parts(str(items)), parts(str([items[index] for index in shuffled]))

    for new, old in enumerate(shuffled):
        if not before[old][1:-1].isdigit():
            assert after[new] == before[old]


@settings(max_examples=300, deadline=None)
@given(ITEMS)
def test_no_two_have_one_name(items: list[dict[str, str]]) -> None:
    found = parts(str(items))
    assert len(set(found)) == len(found)


def test_a_grown_and_reordered_list_moves_no_pin() -> None:
    file = NAMELESS.read_bytes()
    first = b"                - cluster: eu1\n                  env: prod\n"
    grown = file.replace(first, b"                - {cluster: ap1, env: prod, url: 'https://10.0.0.9:6443', revision: v9}\n" + first)

    was = {pin.place: pin.value for pin in read(file, "shop.yaml").pins}
    now = {pin.place: pin.value for pin in read(grown, "shop.yaml").pins}

    assert was.items() <= now.items()
    assert len(now) == len(was) + 1


def test_the_element_that_is_meant_is_edited() -> None:
    file = NAMELESS.read_bytes()
    (pin,) = (pin for pin in read(file, "shop.yaml").pins if "cluster=eu1,env=staging" in pin.yaml_path)

    assert edit(file, {pin: "v1.4.9"}) == file.replace(b"v1.5.0", b"v1.4.9")


def test_names_are_read_from_paths() -> None:
    assert list(names_of("a[cluster=x,env=y].b[0].c[list].d[name=z]")) == [("cluster", "x"), ("env", "y"), ("name", "z")]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a[repoURL=u].b", "a[repoURL=u,path=p].b", True),
        ("a[repoURL=u,path=p].b", "a[repoURL=u].b", True),
        ("a[repoURL=u,path=p].b", "a[repoURL=u,path=q].b", False),
        ("a[repoURL=u].b", "a[repoURL=u].c", False),
        ("a.b", "a.b", True),
    ],
)
def test_kinship(one: str, other: str, same: bool) -> None:
    assert akin(one, other) is same


def test_long_lists_take_no_longer_by_the_item() -> None:
    file = b"".join(b"- {name: n, image: 'a:1'}\n" for _ in range(30_000))
    began = time.monotonic()

    found = read(file, "x.yaml").pins

    assert len(found) == 30_000
    assert time.monotonic() - began < 30


def test_maps_and_lists_only() -> None:
    assert isinstance(parse(b"{}")[0].root, Map)
