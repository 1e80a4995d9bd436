import shutil
import threading
import time

import pytest

from bot import wiring
from bot.errors import BadConfig, Refused, Unavailable
from bot.ports import Delivery
from bot.settings import Settings
from bot.world import story
from bot.world.origin import Origin


@pytest.fixture
def shop(tmp_path):
    told = story.load(story.SHOP)
    made = Origin(tmp_path / "shop.git", told.branch)
    made.tell(told.history)
    return made.folder


@pytest.fixture
def settings(tmp_path):
    def with_(**given):
        return Settings(_env_file=None, **{"database_url": f"sqlite:///{tmp_path}/rollbot.db", "cache": tmp_path / "cache", **given})

    return with_


def test_several_repositories_share_a_store_and_keep_their_names(settings, shop, tmp_path):
    other = shutil.copytree(shop, tmp_path / "other.git")

    with wiring.house(settings(repo_url=f"{shop},{other}")) as house:
        assert [name.rsplit("/", 1)[1] for name in house.ports] == ["shop", "other"]
        [first, second] = house.ports.values()
        first.store.keep("a", b"1")
        assert second.store.kept("a") == b"1"


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        pytest.param({}, BadConfig, "ROLLBOT_REPO_URL", id="no repository"),
        pytest.param({"repo_url": "{shop},{shop}"}, BadConfig, "twice", id="one repository twice"),
        pytest.param({"repo_url": "{shop}", "forge": "gitea"}, BadConfig, "ROLLBOT_FORGE", id="a forge that is not there yet"),
        pytest.param({"repo_url": "{shop}", "forge": "github"}, BadConfig, "ROLLBOT_GITHUB_TOKEN", id="no login for GitHub"),
        pytest.param(
            {"repo_url": "{shop}", "forge": "github", "github_token": "ghp_0123456789"},
            BadConfig,
            "not a repository of",
            id="not at GitHub",
        ),
        pytest.param({"repo_url": "{shop}", "database_url": "oracle://x"}, BadConfig, "database", id="no such database"),
        pytest.param({"repo_url": "{shop}", "database_url": "postgresql+psycopg2://x/y"}, BadConfig, "driver", id="no driver"),
        pytest.param(
            {"repo_url": "{shop}", "database_url": "postgresql://127.0.0.1:9/y"}, Unavailable, "database", id="no PostgreSQL there"
        ),
        pytest.param({"repo_url": "{shop}", "argocd_url": "https://x"}, BadConfig, "ROLLBOT_ARGOCD_TOKEN", id="Argo CD without a token"),
        pytest.param({"repo_url": "{shop}", "flux_receiver_url": "https://x"}, BadConfig, "KUBECONFIG", id="a Receiver alone"),
        pytest.param({"repo_url": "{shop}", "flux_kubeconfig": "/nowhere"}, BadConfig, "cannot be read", id="no kubeconfig"),
        pytest.param({"repo_url": "/nowhere"}, Refused, "nowhere", id="no such path"),
        pytest.param({"repo_url": "ext::sh -c id"}, (BadConfig, Refused), "helpers", id="a command for git"),
        pytest.param({"repo_url": "http://127.0.0.1:9/x.git"}, Unavailable, "git", id="a server that is down"),
    ],
)
def test_what_cannot_be_opened_says_which_setting(settings, shop, given, error, says):
    filled = {name: value.format(shop=shop) for name, value in given.items()}

    with pytest.raises(error, match=says), wiring.house(settings(**{"repo_url": "", **filled})):
        pass


def test_the_sweep_finds_what_no_hook_told_and_stopping_ends_every_thread(settings, shop):
    before = threading.active_count()
    with wiring.house(settings(repo_url=str(shop), sweep_every=0.1)) as house:
        [ports] = house.ports.values()
        ports.store.receive(Delivery("k", "alertmanager", ports.repository.name, b"{}", 0.0))

        with wiring.working(house, settings(repo_url=str(shop), sweep_every=0.1)) as alive:
            assert alive()
            until = time.monotonic() + 20
            while ports.store.inbox(ports.repository.name) and time.monotonic() < until:
                threading.Event().wait(0.02)

        assert not ports.store.inbox(ports.repository.name)
        assert not alive()
    assert threading.active_count() == before


def test_a_worker_that_died_leaves_nothing_locked(settings, shop):
    with wiring.house(settings(repo_url=str(shop))) as house:
        house.rows.put("a", 10.0)
        assert house.rows.take(11.0, 611.0, "dead") == "a"
        assert house.rows.take(12.0, 612.0, "w") is None

        assert house.rows.bury() == ("dead",)

        assert house.rows.take(13.0, 613.0, "w") == "a"


def test_a_rollback_is_written_where_the_clone_came_from(settings, shop, tmp_path):
    import subprocess

    subprocess.run(["git", "clone", "-q", shop, tmp_path / "clone"], check=True, timeout=30)
    subprocess.run(["git", "-C", tmp_path / "clone", "remote", "set-url", "origin", "../shop.git"], check=True, timeout=30)

    assert wiring.upstream(str(shop), settings()) == str(shop)
    assert (tmp_path / "clone" / wiring.upstream(str(tmp_path / "clone"), settings())).resolve() == shop
    assert wiring.upstream("https://git.example/x.git", settings()) == "https://git.example/x.git"
