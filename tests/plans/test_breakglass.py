"""What a person types at night is what a shell reads: no word of the repository does anything of its own."""

from __future__ import annotations

import json
import shlex

from hypothesis import given
from hypothesis import strategies as st

from bot.manifests.estate import Estate
from bot.plans.breakglass import commands
from bot.plans.plan import Edit, Plan
from bot.refs import ServiceRef, Sha
from bot.releases.release import DesiredState

BASE = Sha("a" * 40)
HOSTILE = st.sampled_from(["x.yaml", "a b.yaml", "$(reboot).yaml", "`reboot`;x.yaml", "a'b\".yaml", "-rf.yaml", "a\nreboot.yaml"])
FIRST = {"git", "kubectl", "argocd", "flux"}


@given(path=HOSTILE, name=st.text(max_size=20), value=st.text(max_size=20))
def test_every_line_is_one_command_of_ours_or_a_comment(path: str, name: str, value: str) -> None:
    app = f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {json.dumps(name)}}}\nspec: {{source: {{path: .}}}}\n"
    files = {path: b"apiVersion: v1\nkind: Pod\n", "app.yaml": app.encode("utf-8", "replace")}
    tree = {each: Sha(f"{number:040x}") for number, each in enumerate(files)}
    state = DesiredState("r", BASE, tree, (), {tree[each]: text for each, text in files.items()}, {}, Estate((), {}))
    edit = Edit(path, value, name, 1, value, name)
    service = ServiceRef("r", "prod", "checkout")
    plan = Plan("r", BASE, (service,), BASE, value, "i", None, (), (edit,), (), {path: b"x"})

    for line in "\n".join(commands(plan, state)).split("\n"):
        words = shlex.split(line, comments=True)
        assert not words or words[0] in FIRST, line
        assert not any(part in (";", "&&", "|") for part in shlex.shlex(line, punctuation_chars=True) if line[0] != "#"), line
