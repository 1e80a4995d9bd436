"""The down Job as it stands in the repository → the copy that is committed: a name of its own, the bad image, a deadline, one try."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bot.manifests import documents
from bot.manifests.documents import Map, Node, Scalar, Seq, Unparsable
from bot.manifests.estate import Service
from bot.manifests.pin import PinKind
from bot.manifests.splicing import Splice, first_in, scalar, spliced
from bot.objections import Objection, Weight
from bot.refs import ImageRef
from bot.releases.compatibility import Verdict
from bot.releases.release import DesiredState

DEADLINE = 900
"""Seconds that a down Job may take where it does not say itself (`activeDeadlineSeconds`): Kubernetes ends it then."""
DOWN_TO = "rollbot.dev/down-to"
HOOK = "argocd.argoproj.io/hook"
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@+-]*")
_IMAGES = (PinKind.IMAGE, PinKind.TAG, PinKind.DIGEST)


class CannotPlan(Exception):
    """Why the sequence cannot be planned."""

    def __init__(self, code: str, why: str, path: str | None = None, line: int | None = None) -> None:
        super().__init__(why)
        self.objection = Objection(code, why, Weight.PERSON, path, line)


@dataclass(slots=True)
class Draft:
    """What the commit writes, as it grows."""

    state: DesiredState
    service: Service
    found: Verdict
    name: str
    files: dict[str, bytes] = field(default_factory=dict)

    def text(self, path: str) -> bytes:
        return self.files.get(path) or self.state.file(path) or b""

    def splice(self, path: str, *splices: Splice | None) -> None:
        done = None if None in splices else spliced(self.text(path), [each for each in splices if each is not None])
        if done is None:
            raise CannotPlan("down-job-inexact", "lines cannot be added here exactly: write it in block style", path)
        self.files[path] = done


def job_of(draft: Draft, path: str | None, line: int | None) -> tuple[bytes, Map]:
    wanted = draft.found.declared.down_job
    text = draft.state.file(wanted)
    if text is None:
        raise CannotPlan("down-job-missing", f"the down Job {wanted} is not there at HEAD", path, line or None)
    try:
        roots = [each.root for each in documents.parse(text) if isinstance(each.root, Map) and each.root.items]
    except Unparsable as error:
        raise CannotPlan("down-job-unreadable", f"the down Job is no YAML: {error.why}", wanted, error.line) from error
    root = roots[0] if len(roots) == 1 else None
    if root is None or root.text("kind") != "Job" or root.text("apiVersion") != "batch/v1":
        raise CannotPlan("down-job-unreadable", "expected one Job of batch/v1 and nothing else", wanted)
    spec, name = root.at("spec"), root.at("metadata", "name")
    if not isinstance(name, Scalar) or not isinstance(spec, Map) or root.at("metadata", "generateName") is not None:
        raise CannotPlan("down-job-unreadable", "expected a Job with a name of its own and a spec", wanted, root.line)
    if spec.get("ttlSecondsAfterFinished") is not None or spec.text("suspend") == "true":
        why = "it must be seen to end, and must not come again: take ttlSecondsAfterFinished and suspend out of it"
        raise CannotPlan("down-job-unreadable", why, wanted, spec.line)
    return text, root


def leaves(draft: Draft, job: Map) -> str:
    """Where the Job leaves the database: as its annotation says, else one migration back; the older release must run there."""
    found, kept = draft.found, job.at("metadata", "annotations")
    said = kept.text(DOWN_TO) if isinstance(kept, Map) else ""
    left = said or found.before
    fits = found.target.runs_on.holds(left) if found.target.runs_on and left else left == found.to
    if fits or (not left and not found.to and found.crossed == 1):
        return left
    wants = found.target.runs_on.text if found.target.runs_on else found.to or "an unknown schema"
    far = f"the older release needs schema {wants}, and the down Job goes back to {left or 'an unknown one'}"
    hint = "" if said else f" (say where it goes with {DOWN_TO} on the Job)"
    raise CannotPlan("down-job-short", f"{far}{hint}", found.declared.down_job, job.line)


def images_of(job: Map, draft: Draft) -> Iterator[tuple[int, str]]:
    """Where the Job names the service's image, and the bad one, which HEAD runs."""
    running = {_last(pin.artefact): pin for pin in draft.service.pins if pin.kind in _IMAGES and pin.artefact}
    digests = {_last(pin.artefact): pin.value for pin in draft.service.pins if pin.kind is PinKind.DIGEST}
    found = False
    for node in _containers(job.at("spec", "template", "spec")):
        held = node.get("image")
        ref = ImageRef.parse(held.value) if isinstance(held, Scalar) else None
        pin = running.get(_last(ref.name)) if ref else None
        if isinstance(held, Scalar) and ref and pin:
            tag = "" if pin.kind is PinKind.DIGEST else pin.value
            digest = digests.get(_last(pin.artefact), "")
            whole = f"{pin.artefact}{_joined(tag)}" + (f"@{digest.lstrip('@')}" if digest and "@" not in tag else "")
            if not PLAIN.fullmatch(whole):
                raise CannotPlan("down-job-image", "its image cannot be written", draft.found.declared.down_job, held.line)
            found = True
            yield held.start, whole
    if not found:
        names = ", ".join(sorted(running)) or "an image"
        why = f"no container of it runs the service's image ({names}): only the bad image knows its down-migration"
        raise CannotPlan("down-job-image", why, draft.found.declared.down_job, job.line)


def _joined(tag: str) -> str:
    return tag if tag.startswith("@") or not tag else f"@{tag}" if tag.startswith("sha256:") else f":{tag}"


def own_copy(text: bytes, job: Map, name: str, images: Mapping[int, str], notes: Iterable[str]) -> bytes | None:
    """The Job's text with its own name, the bad image, a deadline, no second try, and what its delivery needs noted on it."""
    spec, meta, held = job.at("spec"), job.at("metadata"), job.at("metadata", "annotations")
    if not isinstance(spec, Map) or not isinstance(meta, Map):
        return None
    named = meta.get("name")
    splices = [scalar(named, name) if isinstance(named, Scalar) else None]
    splices += [scalar(node, images[node.start]) for node in map(_image, _containers(spec)) if node and node.start in images]
    bounds = [(key, value) for key, value in (("backoffLimit", 0), ("activeDeadlineSeconds", DEADLINE)) if spec.get(key) is None]
    if bounds:
        splices.append(first_in(text, spec, [f"{key}: {value}" for key, value in bounds]))
    lines = list(notes)
    if lines and isinstance(held, Map) and held.items:
        splices.append(first_in(text, held, lines))
    elif lines:
        splices.append(first_in(text, meta, ["annotations:", *(f"  {line}" for line in lines)]))
    return None if None in splices else spliced(text, [each for each in splices if each is not None])


def hooked(writers: bool) -> tuple[str, ...]:
    """HookFailed: a Job that succeeded stays, so that no later sync runs it again. With writers it comes after what stops them."""
    phase = (f"{HOOK}: Sync", 'argocd.argoproj.io/sync-wave: "100"') if writers else (f"{HOOK}: PreSync",)
    return (*phase, "argocd.argoproj.io/hook-delete-policy: HookFailed")


def deadline(job: Map) -> float:
    said = job.text("spec", "activeDeadlineSeconds")
    return float(said) if said.isdecimal() else float(DEADLINE)


def _containers(node: Node | None) -> Iterator[Map]:
    if isinstance(node, Map):
        for key, value in node.items:
            if key.value in ("containers", "initContainers") and isinstance(value, Seq):
                yield from (item for item in value.items if isinstance(item, Map))
            else:
                yield from _containers(value)


def _image(container: Map) -> Scalar | None:
    held = container.get("image")
    return held if isinstance(held, Scalar) else None


def _last(image: str) -> str:
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0]
