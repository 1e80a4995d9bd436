"""What needs no GitHub: classification, cutting, addresses, markers, pace."""

import pytest

from bot.adapters.forges.github.answers import Response, denied
from bot.adapters.forges.github.comments import LONGEST, capped, marker
from bot.adapters.forges.github.commits import _split
from bot.adapters.forges.github.hosts import git_host, name_at, trusted
from bot.adapters.forges.github.pace import Pace, Timing
from bot.adapters.forges.github.refusals import Means, refused
from bot.errors import Unavailable


@pytest.mark.parametrize(
    ("said", "means", "why"),
    [
        ('Required status check "ci" is expected.', Means.WAIT, "the required check ci (expected)"),
        ('Required status check "ci" is failing.', Means.WAIT, "ci (failing)"),
        ("2 of 3 required status checks are pending.", Means.WAIT, "required checks"),
        ("At least 1 approving review is required by reviewers with write access.", Means.WAIT, "an approving review"),
        ("Waiting on code owner review from acme/sre.", Means.WAIT, "code owner"),
        ("Changes were requested by ada.", Means.PERSON, "asked for changes"),
        ("1 review requesting changes by reviewers with write access.", Means.PERSON, "asked for changes"),
        ("Cannot change this locked branch", Means.PERSON, "locked"),
        ("Changes must be made through the merge queue", Means.QUEUE, "queue"),
        ("Base branch was modified. Review and try the merge again.", Means.AGAIN, "moved"),
        ("Merge commits are not allowed on this repository.", Means.METHOD, "method"),
        ("Squash merges are not allowed on this repository.", Means.METHOD, "method"),
        ("Commits must have verified signatures.", Means.METHOD, "signed"),
        ("You're not authorized to push to this branch.", Means.PERSON, "administrator"),
        ("Pull Request is not mergeable", Means.UNKNOWN, "not mergeable"),
        ("Head branch was modified. Review and try the merge again.", Means.UNKNOWN, "changed"),
        ("Head branch is not up to date with the base branch", Means.BEHIND, "target's head"),
        ("", Means.UNKNOWN, "no reason"),
    ],
)
def test_what_github_says_when_it_does_not_merge(said, means, why):
    found = refused(said)

    assert found.means is means and why in found.why


def test_reviews_and_checks_are_both_said():
    said = 'Repository rule violations found\n\nAt least 1 approving review is required.\n\nRequired status check "ci" is expected.'

    assert refused(said).why == "an approving review by somebody with write access, and the required check ci (expected)"


def test_a_text_that_fits_is_left_as_it_is():
    assert capped("a\nb") == "a\nb"


def test_a_long_text_keeps_both_ends_and_closes_what_is_open():
    text = "first line\n<details>\n\n```diff\n" + "+ a line of the diff\n" * 8000 + "```\n</details>\n\nlast line\n"

    cut = capped(text)

    assert len(cut) <= LONGEST and cut.startswith("first line\n") and cut.endswith("last line\n") and "(cut:" in cut
    before, _, after = cut.partition("… (cut:")
    assert before.count("```") == 2 and after.count("```") == 2
    assert before.count("<details>") == before.count("</details>") == 1 and after.count("<details>") == after.count("</details>")


@pytest.mark.parametrize("key", ["prod-checkout:1", "a --> <script>", "x--y", "a\nb"])
def test_no_key_ends_its_marker_early(key):
    found = marker(key)

    assert found.startswith("<!-- rollbot:") and found.endswith(" -->") and "--" not in found[4:-4] and "\n" not in found


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("Title\n\nbody\n\nKey: v\n", ("Title", "body\n\nKey: v")),
        ("Title\n", ("Title", "")),
        ("Title\nmore\n\nbody\n", None),
        ("Title\n\n\nbody\n", None),
    ],
)
def test_a_message_is_split_only_where_github_makes_the_same_again(message, parts):
    assert _split(message) == parts


@pytest.mark.parametrize(
    ("api", "url", "name", "found"),
    [
        ("https://api.github.com", "https://github.com/acme/shop.git", "github.com/acme/shop", "acme/shop"),
        ("https://api.github.com", "git@github.com:acme/shop.git", "github.com/acme/shop", "acme/shop"),
        ("https://api.github.com", "https://gitlab.com/acme/shop.git", "gitlab.com/acme/shop", None),
        ("https://ghe.acme.example/api/v3", "https://ghe.acme.example/acme/shop.git", "ghe.acme.example/acme/shop", "acme/shop"),
        ("http://127.0.0.1:81/api/v3", "http://127.0.0.1:81/acme/shop.git", "127.0.0.1:81/acme/shop", "acme/shop"),
        ("http://127.0.0.1:81/api/v3", "http://127.0.0.1:82/acme/shop.git", "127.0.0.1:82/acme/shop", None),
        ("https://api.github.com", "https://github.com/acme/a/b.git", "github.com/acme/a/b", None),
        ("https://api.github.com", "https://github.com/acme/...git", "github.com/acme/..", None),
    ],
)
def test_which_repositories_are_at_the_forge(api, url, name, found):
    assert name_at(api, url, name) == found


@pytest.mark.parametrize(
    ("api", "url", "shown"),
    [
        ("https://api.github.com", "https://github.com/acme/shop.git", True),
        ("https://api.github.com", "http://github.com/acme/shop.git", False),
        ("https://api.github.com", "https://github.com.evil.example/acme/shop.git", False),
        ("https://api.github.com", "https://evil.example/github.com/shop.git", False),
        ("https://api.acme.ghe.com", "https://acme.ghe.com/acme/shop.git", True),
        ("http://127.0.0.1:81/api/v3", "http://127.0.0.1:81/acme/shop.git", True),
        ("https://api.github.com", "git@github.com:acme/shop.git", False),
    ],
)
def test_the_token_is_shown_to_the_forges_own_host_only(api, url, shown):
    assert trusted(api, url) is shown
    assert git_host("https://ghe.acme.example/api/v3") == "ghe.acme.example"


class Clock:
    def __init__(self):
        self.at, self.slept = 1000.0, []

    def timing(self):
        return Timing(lambda: self.at, self.sleep)

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.at += seconds


def answer(status=200, message="", **headers):
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, {"message": message})


def test_a_short_wait_is_sat_out_and_a_long_one_is_told():
    clock = Clock()
    pace = Pace(clock.timing())

    assert pace.learn(answer(403, "You have exceeded a secondary rate limit", retry_after="2"))
    pace.admit(spare=False)
    assert clock.slept == [2.0]

    assert pace.learn(answer(429, "slow down", retry_after="120"))
    with pytest.raises(Unavailable, match="00:18:42 UTC"):
        pace.admit(spare=False)


def test_a_refusal_is_no_rate_limit():
    assert not Pace(Clock().timing()).learn(answer(403, "Resource not accessible by integration", x_ratelimit_remaining="4000"))


def test_the_last_part_of_the_budget_is_kept_for_acting():
    clock = Clock()
    pace = Pace(clock.timing())
    pace.learn(answer(200, x_ratelimit_remaining="499", x_ratelimit_limit="5000", x_ratelimit_reset="1500"))

    pace.admit(spare=False)
    with pytest.raises(Unavailable, match="kept for incidents"):
        pace.admit(spare=True)
    clock.at = 1501
    pace.admit(spare=True)


def test_a_refusal_names_the_permission_that_is_missing():
    response = answer(403, "Resource not accessible by integration", x_accepted_github_permissions="statuses=write")

    assert "statuses: write" in str(denied(response, "POST", "/repos/a/b/statuses/c"))
    assert "pull_requests: write" in str(denied(answer(403, "no"), "POST", "/repos/a/b/pulls"))
