import pytest

from bot import settings
from bot.errors import BadConfig


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    import os

    for name in list(os.environ):
        if name.upper().startswith("ROLLBOT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_nothing_set_is_a_working_default(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)

    found = settings.load()

    assert (found.repo_url, found.forge, found.prometheus_url) == ((), "local", None)
    assert found.database_url.get_secret_value() == f"sqlite:///{tmp_path}/.local/state/rollbot/rollbot.db"


def test_several_repositories_and_hook_tokens_by_source(monkeypatch):
    monkeypatch.setenv("ROLLBOT_REPO_URL", "https://git.example/a.git, ssh://git@git.example/b.git,")
    monkeypatch.setenv("ROLLBOT_HOOK_TOKEN_ALERTMANAGER", "a" * 20)
    monkeypatch.setenv("ROLLBOT_HOOK_TOKEN_AZURE_MONITOR", "b" * 20)

    found = settings.load()

    assert found.repo_url == ("https://git.example/a.git", "ssh://git@git.example/b.git")
    assert {source: token.get_secret_value() for source, token in found.hook_tokens.items()} == {
        "alertmanager": "a" * 20,
        "azure_monitor": "b" * 20,
    }


def test_api_tokens_may_say_whose_they_are(monkeypatch):
    monkeypatch.setenv("ROLLBOT_API_TOKENS", "ada=0123456789abcdef,fedcba9876543210==")

    tokens = {name: token.get_secret_value() for name, token in settings.load().api_tokens.items()}

    assert tokens == {"ada": "0123456789abcdef", "token-2": "fedcba9876543210=="}


def test_api_tokens_may_say_what_they_may_do_where(monkeypatch):
    monkeypatch.setenv("ROLLBOT_API_TOKENS", "ci:read+ask@staging+dev-*=0123456789abcdef,ada@x.example=fedcba9876543210")

    assert list(settings.load().api_tokens) == ["ci:read+ask@staging+dev-*", "ada@x.example"]


def test_dot_env_is_read_and_the_environment_wins(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text(f"ROLLBOT_BRANCH=trunk\nROLLBOT_SWEEP_EVERY=7\nROLLBOT_HOOK_TOKEN_ALERTMANAGER={'f' * 16}\n")
    monkeypatch.setenv("ROLLBOT_BRANCH", "main")

    found = settings.load()

    assert (found.branch, found.sweep_every) == ("main", 7)
    assert found.hook_tokens["alertmanager"].get_secret_value() == "f" * 16


def test_an_option_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("ROLLBOT_DATABASE_URL", "sqlite:///a.db")

    found = settings.load(database_url="sqlite:///b.db", forge=None)

    assert found.database_url.get_secret_value() == "sqlite:///b.db"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        pytest.param("ROLLBOT_FORGE", "gitolite", "one of local, github", id="no such forge"),
        pytest.param("ROLLBOT_PROMETHEUS_URL", "prometheus:9090", "http", id="URL without scheme"),
        pytest.param("ROLLBOT_BRANCH", "--upload-pack=x", "branch name", id="branch that is an option"),
        pytest.param("ROLLBOT_SWEEP_EVERY", "soon", "seconds", id="not a number"),
        pytest.param("ROLLBOT_SWEEP_EVERY", "0", "seconds", id="out of range"),
        pytest.param("ROLLBOT_HOOK_TOKEN_ALERTMANAGER", "short", "12 characters", id="weak hook token"),
        pytest.param("ROLLBOT_API_TOKENS", "short", "12 characters", id="weak API token"),
        pytest.param("ROLLBOT_API_TOKENS", "ci:reed@prod=0123456789abcdef", "rights@environments", id="a right that there is not"),
        pytest.param("ROLLBOT_API_TOKENS", "ci:@prod=0123456789abcdef", "rights@environments", id="no right at all"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_write_and_never_shown_where_secret(monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)

    with pytest.raises(BadConfig) as caught:
        settings.load()

    text = str(caught.value)
    assert name.rsplit("_", 1)[0] in text and says in text
    assert value == "0" or f"'{value}'" not in text


def test_secrets_do_not_show_when_printed(monkeypatch):
    monkeypatch.setenv("ROLLBOT_DATABASE_URL", "postgresql://rollbot:hunter2@db/rollbot")
    monkeypatch.setenv("ROLLBOT_API_TOKENS", "0123456789abcdef")

    shown = repr(settings.load())

    assert "hunter2" not in shown and "0123456789abcdef" not in shown


def test_names_that_nothing_reads_are_said_with_the_nearest_one(monkeypatch):
    monkeypatch.setenv("ROLLBOT_REPO_ULR", "https://git.example/a.git")
    monkeypatch.setenv("ROLLBOT_PAGER", "https://pager.example")
    monkeypatch.setenv("ROLLBOT_HOOK_TOKEN_ALERTMANAGER", "f" * 16)

    said = settings.unread()

    assert said == (
        "ROLLBOT_PAGER is set, but there is no such setting",
        "ROLLBOT_REPO_ULR is set, but there is no such setting; did you mean ROLLBOT_REPO_URL?",
    )


def test_github_is_its_own_cloud_unless_an_enterprise_server_is_named(monkeypatch):
    assert settings.load().github_url == "https://api.github.com"

    monkeypatch.setenv("ROLLBOT_GITHUB_URL", "https://ghe.acme.example/api/v3/")

    assert settings.load().github_url == "https://ghe.acme.example/api/v3"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://github.com/acme/shop", "https://api.github.com"),
        ("https://ghe.acme.example", "https://ghe.acme.example/api/v3"),
        ("https://ada:secret@ghe.acme.example/api/v3", "not an http"),
        ("ghe.acme.example", "not an http"),
    ],
)
def test_what_is_no_api_says_what_would_be(monkeypatch, url, says):
    monkeypatch.setenv("ROLLBOT_GITHUB_URL", url)

    with pytest.raises(BadConfig, match=says) as error:
        settings.load()

    assert "secret" not in str(error.value)


def test_a_private_key_may_have_its_line_ends_written(monkeypatch):
    monkeypatch.setenv("ROLLBOT_GITHUB_PRIVATE_KEY", "-----BEGIN RSA PRIVATE KEY-----\\nMIIE\\n-----END RSA PRIVATE KEY-----\\n")
    monkeypatch.setenv("ROLLBOT_GITHUB_TOKEN", " ghp_0123456789 ")

    found = settings.load()

    assert found.github_private_key.get_secret_value().splitlines()[1] == "MIIE"
    assert found.github_token.get_secret_value() == "ghp_0123456789" and "ghp_" not in repr(found)


def test_a_token_that_cannot_be_one_is_refused_unsaid(monkeypatch):
    monkeypatch.setenv("ROLLBOT_GITHUB_TOKEN", "ghp_0123\n456789")

    with pytest.raises(BadConfig, match="ROLLBOT_GITHUB_TOKEN") as error:
        settings.load()

    assert "ghp_" not in str(error.value)


@pytest.mark.parametrize(
    ("said", "stopped"),
    [("", False), ("0", False), ("False", False), (" off ", False), ("1", True), ("yes", True), ("flase", True), ("database move", True)],
)
def test_the_kill_switch_is_pressed_by_anything_but_no(said, stopped):
    assert bool(settings.Settings(_env_file=None, stop=said).stopped) is stopped
