"""What a request's body says, refused as GitHub refuses it where something is missing or of the wrong type."""

from __future__ import annotations

from typing import Any

from tests.github.state import Answer

_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("title", "head", "base", "sha", "ref", "message", "content", "state", "context", "merge_method", "tree_sha"), (str,)),
    **dict.fromkeys(("body", "description", "target_url"), (str, type(None))),
    **dict.fromkeys(("labels", "reviewers", "team_reviewers", "parents"), (list,)),
    **dict.fromkeys(("force", "draft", "maintainer_can_modify"), (bool,)),
}
_NAMES = {str: "a string", list: "an array", bool: "a boolean"}


class Asked(dict[str, Any]):
    """A field that is read without being there is one that GitHub requires."""

    def __missing__(self, name: str) -> Any:
        raise Answer(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')


def asked(body: Any) -> Asked:
    if body is not None and not isinstance(body, dict):
        raise Answer(400, "Body should be a JSON object")
    for name, value in (body or {}).items():
        wanted = _TYPES.get(name)
        if wanted is not None and not isinstance(value, wanted):
            raise Answer(422, f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not {_NAMES[wanted[0]]}.")
    return Asked(body or {})
