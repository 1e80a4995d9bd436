import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.changes.diff import unified

LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c: 1\n", b"\n", b"d\r\n"]), max_size=30).map(b"".join)


def applied(folder, before, patch):
    (folder / "file").write_bytes(before)
    text = "\n".join(patch) + "\n"
    done = subprocess.run(
        ["git", "apply", "--unidiff-zero", "--whitespace=nowarn", "-"],
        cwd=folder,
        input=text.encode(errors="surrogateescape"),
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode() + text
    return (folder / "file").read_bytes() if (folder / "file").exists() else None


@settings(max_examples=60, deadline=None)
@given(before=LINES.filter(bool), after=LINES.filter(bool), cut=st.booleans())
def test_git_applies_it_to_the_same_bytes(tmp_path_factory, before, after, cut):
    after = after[:-1] if cut and after != b"\n" else after
    patch = unified("file", before, after)

    assert (patch == ()) == (before == after)
    if patch:
        assert applied(tmp_path_factory.mktemp("apply"), before, patch) == after


@pytest.mark.parametrize(
    ("before", "after", "head"),
    [
        pytest.param(None, b"a\n", ("--- /dev/null", "+++ b/file", "@@ -0,0 +1 @@"), id="a new file"),
        pytest.param(b"a\n", None, ("--- a/file", "+++ /dev/null", "@@ -1 +0,0 @@"), id="a deleted file"),
    ],
)
def test_files_that_come_and_go(before, after, head):
    assert unified("file", before, after)[:3] == head


def test_values_of_secrets_are_masked_on_both_sides_and_others_are_not():
    before = b"kind: Secret\nstringData:\n  password: hunter2\n  text: |\n    hunter3\n---\nimage: a:1\n"
    after = before.replace(b"hunter2", b"hunter4").replace(b"hunter3", b"hunter5").replace(b"a:1", b"a:2")

    shown = "\n".join(unified("secret.yaml", before, after))

    assert "hunter" not in shown
    assert "-  password: ***" in shown and "+  password: ***" in shown
    assert "-image: a:1" in shown and "+image: a:2" in shown
