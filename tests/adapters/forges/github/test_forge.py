"""What is GitHub's own: modes, people's pushes, ways of merging, comments by marker and author, who may what."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from bot.adapters.forges.github.answers import Denied
from bot.adapters.forges.github.commits import _COMMIT
from bot.changes.change import Blocked, Merged, Moved
from bot.errors import Refused, Unavailable
from bot.signals.signal import Reaction, Role, Thread
from tests.adapters.forges.github.hub import BRANCH, MESSAGE, Hub


def mode(hub: Hub, path: str, branch: str = BRANCH) -> str:
    return subprocess.run(["git", "ls-tree", branch, path], cwd=hub.origin.folder, capture_output=True, text=True, check=True).stdout[:6]


def make_executable(hub: Hub) -> None:
    head = hub.origin.head()
    blob = subprocess.run(["git", "rev-parse", f"{head}:run.sh"], cwd=hub.origin.folder, capture_output=True, text=True, check=True).stdout
    stream = f"commit refs/heads/main\ncommitter A <a@x> 1700000000 +0000\ndata 2\nx\nfrom {head}\nM 100755 {blob.strip()} run.sh\n"
    subprocess.run(["git", "fast-import", "--quiet"], cwd=hub.origin.folder, input=stream.encode(), check=True)
    hub.repository.fetch()


# Commits


def test_a_commit_is_made_by_github_itself(hub: Hub) -> None:
    hub.forge.commit(hub.change())

    assert any("createCommitOnBranch" in str(request.body) for request in hub.server.requests)
    assert not any(request.path.endswith("git-receive-pack") for request in hub.server.requests)


def test_an_executable_file_stays_one(hub: Hub) -> None:
    make_executable(hub)

    head = hub.forge.commit(hub.change(files={"run.sh": b"echo 1\n", "app.yaml": b"tag: 1\n"}))

    assert (mode(hub, "run.sh"), mode(hub, "app.yaml")) == ("100755", "100644")
    assert hub.origin.read([(head, "run.sh")]) == [b"echo 1\n"] and hub.origin.message(head).strip() == MESSAGE.strip()


def test_bytes_that_are_no_text_arrive_as_they_are(hub: Hub) -> None:
    body = bytes(range(256)) + "ünïcödé\r\n".encode("utf-16")

    head = hub.forge.commit(hub.change(files={"app.yaml": body, "run.sh": None}))

    assert hub.origin.read([(head, "app.yaml"), (head, "run.sh")]) == [body, None]


def test_what_graphql_does_not_take_goes_through_git_objects(hub: Hub) -> None:
    head = hub.forge.commit(hub.change(files={"refuse me.yaml": b"a: 1\n"}))

    assert hub.origin.head(BRANCH) == head and hub.origin.read([(head, "refuse me.yaml")]) == [b"a: 1\n"]
    assert [sha for sha, _, _ in hub.origin.log(BRANCH)][-2:] == [hub.base, head]


def test_what_is_too_large_for_the_api_is_pushed(hub: Hub) -> None:
    body = b"x" * (9 << 20)

    head = hub.forge.commit(hub.change(files={"app.yaml": body}))

    assert hub.origin.head(BRANCH) == head and hub.origin.read([(head, "app.yaml")]) == [body]
    assert hub.forge.commit(hub.change(files={"app.yaml": body})) == head


def test_a_branch_left_on_its_base_by_a_crash_gets_its_commit(hub: Hub) -> None:
    subprocess.run(["git", "update-ref", f"refs/heads/{BRANCH}", hub.base], cwd=hub.origin.folder, check=True)

    head = hub.forge.commit(hub.change())

    assert [sha for sha, _, _ in hub.origin.log(BRANCH)][-2:] == [hub.base, head]


def test_a_branch_that_moved_under_our_commit_is_known_by_its_kind_of_error(hub: Hub) -> None:
    """`STALE_DATA`, whatever the words: the commit is not tried in another way on top of somebody else's."""
    hub.somebody_pushes(branch=BRANCH)
    branch = {"repositoryNameWithOwner": hub.name, "branchName": BRANCH}
    asked = {"branch": branch, "expectedHeadOid": hub.base, "message": {"headline": "x"}}

    with pytest.raises(Denied) as refused:
        hub.client.graphql(_COMMIT, input=asked)

    assert refused.value.status == 409


def test_what_a_person_pushed_to_our_branch_is_left_alone(hub: Hub) -> None:
    hub.proposed()
    theirs = hub.somebody_pushes("app.yaml", "tag: 1.1\n", BRANCH)
    hub.somebody_pushes()
    hub.repository.fetch()

    with pytest.raises(Refused, match=r"pushed to rollbot/prod/shop"):
        hub.forge.commit(hub.change())

    assert hub.origin.head(BRANCH) == theirs


def test_the_pull_request_stays_open_while_its_commit_is_made_anew(hub: Hub) -> None:
    pull = hub.proposed()
    hub.somebody_pushes()
    hub.repository.fetch()

    hub.forge.commit(hub.change())

    assert [(each.number, each.state) for each in hub.server.pulls(hub.name)] == [(pull.number, "open")]


def test_who_may_only_read_learns_which_right_is_missing(hub: Hub) -> None:
    hub.server.grant(hub.name, "robot", "read")

    with pytest.raises(Refused, match="contents: write"):
        hub.forge.commit(hub.change())

    assert hub.origin.branches() == ("main",)


def test_an_app_that_may_not_write_learns_which_right_is_missing(hub: Hub) -> None:
    hub.server.limit("robot", {"contents": "read"})

    with pytest.raises(Refused, match=r"not accessible.*contents: write"):
        hub.forge.commit(hub.change())

    assert hub.origin.branches() == ("main",)


# Pull requests


def test_a_text_that_changed_is_edited_and_a_persons_is_left(hub: Hub) -> None:
    pull = hub.proposed()

    hub.forge.open(hub.change(body=f"{hub.change().marker}\nIt still fails.\n"))
    assert "It still fails." in hub.server.pull(hub.name, pull.number).body

    hub.client.send("PATCH", hub.client.at(f"/pulls/{pull.number}"), {"body": "Mine now."})
    hub.forge.open(hub.change())
    assert hub.server.pull(hub.name, pull.number).body == "Mine now."


def test_labels_are_put_on(hub: Hub) -> None:
    pull = hub.proposed()

    assert set(hub.server.pull(hub.name, pull.number).labels) == set(hub.change().labels)


def test_owners_that_cannot_be_asked_keep_nothing_from_being_proposed(hub: Hub) -> None:
    change = hub.change(reviewers=("ada", "nobody", "acme/ghosts"))
    hub.forge.commit(change)

    assert hub.forge.open(change).state == "open"


def test_the_markers_pull_request_is_found_after_a_restart(hub: Hub) -> None:
    pull = hub.proposed()
    hub.start()

    assert hub.forge.find(BRANCH) == pull


def test_closing_leaves_what_somebody_pushed(hub: Hub) -> None:
    pull = hub.proposed()
    theirs = hub.somebody_pushes("more.txt", "mine\n", BRANCH)

    hub.forge.close(replace(pull, head=pull.head), "not needed")

    assert hub.server.pull(hub.name, pull.number).state == "closed"
    assert hub.origin.head(BRANCH) in (None, theirs)


def test_a_persons_open_pull_request_on_the_same_file_is_seen(hub: Hub) -> None:
    hub.proposed()
    for branch, path in (("fix", "app.yaml"), ("docs", "README.md")):
        head = hub.somebody_pushes(path, "tag: 2.1\n", branch)
        hub.server.add(hub.server.repos[hub.name], branch, "", "ada", branch, "main", head)
    hub.server.user("bumper[bot]", 78, "Bot")
    hub.server.add(
        hub.server.repos[hub.name], "bump", "", "bumper[bot]", "bump", "main", hub.somebody_pushes("app.yaml", "tag: 3\n", "bump")
    )

    assert [pull.branch for pull in hub.forge.touching(["app.yaml"], 0.0)] == ["fix"]
    assert hub.forge.touching(["app.yaml"], hub.patient.timing().now() + 60) == ()


# Merging


@pytest.mark.parametrize("method", ["squash", "rebase", "merge"])
def test_every_way_of_merging_keeps_the_message(hub: Hub, method: str) -> None:
    hub.server.allow(hub.name, merge_methods=[method], auto_merge=False)
    pull = hub.proposed()

    answer = hub.forge.merge(pull, pull.head)

    head = hub.origin.head()
    assert head and answer == Merged(head) and hub.origin.message(head).strip() == MESSAGE.strip()


def test_a_target_that_moved_elsewhere_is_merged_all_the_same(hub: Hub) -> None:
    pull = hub.proposed()
    hub.somebody_pushes()

    assert isinstance(hub.forge.merge(pull, pull.head), Merged)
    assert hub.file("other.txt") == b"hello\n" and hub.file("app.yaml") == b"tag: 1\n"


@pytest.mark.parametrize("read", [r"GET /repos/[^ ]+/pulls/\d+$", r"GET /repos/[^ ]+/git/commits/"])
def test_what_github_has_not_caught_up_with_is_asked_for_again(hub: Hub, read: str) -> None:
    pull = hub.proposed()
    hub.server.fault(read, "404_once")

    assert isinstance(hub.forge.merge(pull, pull.head), Merged)
    assert not hub.server.faults


@pytest.mark.parametrize("reads", [1, 2, 50])
def test_what_github_has_not_worked_out_yet_is_merged_all_the_same(hub: Hub, reads: int) -> None:
    hub.server.repos[hub.name].slow = reads
    pull = hub.proposed()

    assert isinstance(hub.forge.merge(pull, pull.head), Merged)
    assert (hub.patient.slept > 0) is (reads > 1)  # the answer to opening it was the first read


def test_what_is_not_known_to_merge_is_neither_refused_nor_merged(hub: Hub) -> None:
    """Behind its target, and GitHub does not say so yet: it waits, and is made anew when it is told."""
    hub.server.protect(hub.name, "main", strict=True)
    hub.server.repos[hub.name].slow = 9
    pull = hub.proposed()
    base = hub.somebody_pushes()

    answer = hub.forge.merge(pull, pull.head)

    assert answer == Blocked("GitHub, which is still working out whether it can be merged", waiting=True)
    assert hub.forge.merge(pull, pull.head) == Moved(base) and hub.base == base


def test_a_merge_by_a_person_is_seen(hub: Hub) -> None:
    pull = hub.proposed()
    hub.client.send("PUT", hub.client.at(f"/pulls/{pull.number}/merge"), {"sha": pull.head, "merge_method": "merge"})
    hub.start()

    assert hub.forge.merge(pull, pull.head) == Merged(hub.base)


def test_a_closed_pull_request_is_not_merged(hub: Hub) -> None:
    pull = hub.proposed()
    hub.client.send("PATCH", hub.client.at(f"/pulls/{pull.number}"), {"state": "closed"})

    assert hub.forge.merge(pull, pull.head) == Blocked("the pull request is closed", waiting=False)


def test_auto_merge_is_taken_back_when_it_is_closed(hub: Hub) -> None:
    hub.server.protect(hub.name, "main", required_checks=["ci"])
    hub.server.allow(hub.name, merge_methods=["squash"], auto_merge=True)
    pull = hub.proposed()
    answer = hub.forge.merge(pull, pull.head)
    assert isinstance(answer, Blocked) and answer.waiting and "GitHub merges it then" in answer.by

    hub.forge.disarm(pull)
    hub.server.check(hub.name, pull.head, "ci", "success")

    found = hub.forge.find(BRANCH)
    assert found and found.state == "open"
    assert isinstance(hub.forge.merge(pull, pull.head), Merged)


# Comments


def test_only_our_own_comment_is_edited(hub: Hub) -> None:
    pull = hub.proposed()
    copied = hub.server.say(hub.name, pull.number, "eve", "<!-- rollbot:state -->\nmine")

    hub.forge.comment(pull.number, "state", "waiting")
    hub.start()
    hub.forge.comment(pull.number, "state", "merged")

    bodies = {comment.id: comment.body for comment in hub.server.comments(hub.name, pull.number)}
    assert bodies.pop(copied) == "<!-- rollbot:state -->\nmine"
    assert list(bodies.values()) == ["<!-- rollbot:state -->\nmerged"]


def test_a_comment_that_says_it_already_is_not_written_again(hub: Hub) -> None:
    pull = hub.proposed()
    hub.forge.comment(pull.number, "state", "waiting")
    before = len(hub.server.writes)

    hub.forge.comment(pull.number, "state", "waiting")

    assert len(hub.server.writes) == before


def test_a_comment_longer_than_github_takes_keeps_both_ends(hub: Hub) -> None:
    pull = hub.proposed()

    hub.forge.comment(pull.number, "state", "begin\n" + "x" * 70_000 + "\nend")

    [comment] = hub.server.comments(hub.name, pull.number)
    assert "begin" in comment.body and comment.body.rstrip().endswith("end") and len(comment.body) <= 65_536


def test_a_comment_far_down_a_long_thread_is_found(hub: Hub) -> None:
    pull = hub.proposed()
    for number in range(120):
        hub.server.say(hub.name, pull.number, "ada", f"word {number}")
    hub.forge.comment(pull.number, "state", "waiting")
    hub.start()

    hub.forge.comment(pull.number, "state", "merged")

    ours = [each.body for each in hub.server.comments(hub.name, pull.number) if "rollbot" in each.body]
    assert ours == ["<!-- rollbot:state -->\nmerged"]


# People


@pytest.mark.parametrize(
    ("given", "role"),
    [
        ("read", Role.READ),
        ("triage", Role.TRIAGE),
        ("write", Role.WRITE),
        ("maintain", Role.MAINTAIN),
        ("admin", Role.ADMIN),
    ],
)
def test_a_persons_role_is_told_exactly(hub: Hub, given: str, role: Role) -> None:
    hub.server.grant(hub.name, "eve", given)

    assert hub.talk.role("eve") is role


@pytest.mark.parametrize("login", ["stranger", "../x", "a;b", "-x", "$(id)", ""])
def test_strangers_may_nothing(hub: Hub, login: str) -> None:
    assert hub.talk.role(login) is Role.NONE


def test_a_role_that_cannot_be_told_is_unavailable(hub: Hub) -> None:
    hub.server.fault(r"GET /repos/[^ ]+/collaborators/", "500_before", times=9)

    with pytest.raises(Unavailable):
        hub.talk.role("ada")


def test_who_is_in_a_team(hub: Hub) -> None:
    hub.server.team("acme", "sre", ["ada"])

    assert hub.talk.member("ada", "sre") and not hub.talk.member("eve", "sre")
    with pytest.raises(Unavailable, match="members: read"):
        hub.talk.member("ada", "ghosts")


def test_what_a_thread_is_about(hub: Hub) -> None:
    pull = hub.proposed()
    issue = hub.server.open_issue(hub.name, "It fails", "ada")
    hub.forge.merge(pull, pull.head)

    about = hub.talk.discussion(Thread(hub.name, pull.number))
    assert (about.pull, about.state, about.branch, about.merge, about.fork) == (True, "merged", BRANCH, hub.base, False)
    plain = hub.talk.discussion(Thread(hub.name, issue))
    assert (plain.pull, plain.state, plain.title, plain.author) == (False, "open", "It fails", "ada")
    with pytest.raises(Refused):
        hub.talk.discussion(Thread(hub.name, 999))


def test_what_we_saw_gives_way_to_what_came_of_it(hub: Hub) -> None:
    issue = hub.server.open_issue(hub.name, "It fails", "ada")
    comment = hub.server.say(hub.name, issue, "ada", "/rollback shop")
    thread = Thread(hub.name, issue)

    hub.talk.react(thread, comment, Reaction.SEEN)
    hub.talk.react(thread, comment, Reaction.SEEN)
    assert [each.content for each in hub.server.reactions(hub.name, comment)] == ["eyes"]
    hub.start()
    hub.talk.react(thread, comment, Reaction.DONE)
    assert [each.content for each in hub.server.reactions(hub.name, comment)] == ["rocket"]
    hub.talk.react(thread, 123456, Reaction.DONE)  # a comment that is gone is no reason to fail


def test_commands_by_people_are_found_by_the_sweep(hub: Hub) -> None:
    issue = hub.server.open_issue(hub.name, "It fails", "ada")
    hub.server.user("robo[bot]", 77, "Bot")
    wanted = hub.server.say(hub.name, issue, "ada", "/rollback shop to 1")
    for login, body in (("ada", "please /rollback"), ("robo[bot]", "/rollback shop"), ("ada", "/rollbacks"), ("eve", "hello")):
        hub.server.say(hub.name, issue, login, body)

    [found] = hub.talk.commands(0.0)

    assert (found.comment, found.actor, found.actor_id, found.thread, found.text) == (
        wanted,
        "ada",
        9002,
        Thread(hub.name, issue),
        "/rollback shop to 1",
    )
