import pytest

from bot.world import story
from bot.world.origin import Origin
from tests.actions.job import Job


@pytest.fixture
def origin(tmp_path):
    """The shop's manifests at a Git server: `acme/shop`."""
    told = story.load(story.SHOP)
    made = Origin(tmp_path / "server" / "acme" / "shop.git", told.branch)
    made.tell(told.history)
    return made


@pytest.fixture
def job(tmp_path, origin):
    """A dispatched job in `acme/shop`; forge `local`: that server is Git alone."""
    variables = {
        "GITHUB_ACTOR": "ada",
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_SERVER_URL": f"file://{tmp_path}/server",
        "GITHUB_API_URL": "http://127.0.0.1:9/api/v3",
        "GITHUB_EVENT_NAME": "workflow_dispatch",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_SHA": origin.head(),
        "GITHUB_RUN_ID": "4711",
        "GITHUB_RUN_ATTEMPT": "1",
        "ROLLBOT_FORGE": "local",
    }
    return Job(tmp_path / "runner", variables).installed()
