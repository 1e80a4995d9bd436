"""A rollback that a migration stands in the way of → the commit that has to come before it: the bad image's down Job (pain 9).

Only the bad image knows its down-migration. Its Job stands in the repository, applied by nobody; a copy with a name of its own is committed
where the service's delivery runs it: a hook of Argo CD, or a Kustomization of Flux that the service's own depends on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.manifests import documents
from bot.manifests.documents import Document, Map, Node, Scalar, Seq
from bot.manifests.splicing import first_in, item_of, scalar
from bot.objections import Objection
from bot.plans.delivery import ARGO, Delivery, delivery, folder_of, kustomization
from bot.plans.downjob import DEADLINE, HOOK, PLAIN, CannotPlan, Draft, deadline, hooked, images_of, job_of, leaves, own_copy
from bot.plans.draft import edits_of, merged_of
from bot.plans.plan import Down, Plan
from bot.releases.compatibility import Verdict
from bot.releases.release import DesiredState

FOLDER = ".rollbot/down"
_COPIED = ("interval", "sourceRef", "targetNamespace", "serviceAccountName", "kubeConfig", "decryption", "postBuild")


def with_down(plan: Plan, state: DesiredState, found: Verdict, name: str) -> Plan | Objection:
    """Plan the commit that comes first; `name` is the Job's own, the same whenever this is planned again. Or say why it cannot be."""
    several = len(plan.services) != 1 or plan.parts or plan.rest
    service = None if several else state.service(plan.services[0])
    if service is None:
        return Objection("down-job-several", "several services go back at once: take each of them back by itself")
    draft = Draft(state, service, found, name)
    try:
        down = _drafted(draft)
    except CannotPlan as why:
        return why.objection
    return replace(
        plan,
        edits=edits_of(state, draft.files),
        merged=merged_of(state, draft.files),
        files=draft.files,
        quarantine=(),
        down=down,
    )


def _drafted(draft: Draft) -> Down:
    declared = draft.found.declared
    path, line = declared.at.get("down-job", (None, None))
    text, job = job_of(draft, path, line)
    left = leaves(draft, job)
    images = dict(images_of(job, draft))
    by = _delivered(draft, job)
    for writer in declared.writers:
        _stop(draft, writer)
    if by.by == ARGO:
        where = _by_argo(draft, by, own_copy(text, job, draft.name, images, hooked(bool(declared.writers))))
    else:
        where = _by_flux(draft, by, own_copy(text, job, draft.name, images, ()))
    image = next(iter(images.values()))
    return Down(draft.name, where, declared.down_job, image, draft.found.today, left, by.by, declared.writers, deadline(job))


def _delivered(draft: Draft, job: Map) -> Delivery:
    primary = draft.service.primary
    path = primary.path if primary else draft.service.files[0]
    found, kept = delivery(draft.state, path), job.at("metadata", "annotations")
    if found is None and isinstance(kept, Map) and kept.get(HOOK) is not None:
        found = Delivery(ARGO, folder_of(draft.state, path))  # its Application stands elsewhere, and the Job says whose it is
    if found is None:
        why = f"no Application and no Kustomization of Flux in this repository delivers {path}; annotate the Job with {HOOK} for Argo CD"
        raise CannotPlan("down-job-undelivered", why, draft.found.declared.down_job, job.line)
    return found


def _by_argo(draft: Draft, by: Delivery, job: bytes | None) -> str:
    """Beside the hook a ConfigMap: a commit that brings nothing but hooks is not synced by itself (argo-cd#9830)."""
    folder = by.folder.removeprefix(".").strip("/")
    if job is None:
        raise CannotPlan(
            "down-job-inexact", "its name, image and annotations cannot be set exactly: write it in block style", by.path or None
        )
    if f"{folder}/Chart.yaml".lstrip("/") in draft.state.tree:
        raise CannotPlan("down-job-undelivered", f"{folder} is a chart: a Job cannot be added beside it", by.path or None)
    path = f"{folder}/{draft.name}.yaml".lstrip("/")
    marker = (
        f"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {draft.name}\n"
        f'data:\n  from: "{draft.found.today}"\n  release: "{_quoted(draft)}"\n'
    )
    draft.files[path] = job.rstrip(b"\n") + b"\n" + marker.encode()
    if listing := kustomization(draft.state, folder):
        _list(draft, listing, f"{draft.name}.yaml")
    return path


def _quoted(draft: Draft) -> str:
    version = draft.service.primary.value if draft.service.primary else ""
    return version if PLAIN.fullmatch(version) else ""


def _list(draft: Draft, path: str, name: str) -> None:
    text = draft.text(path)
    root = next((each.root for each in documents.parse_each(text).documents if isinstance(each.root, Map)), None)
    held = root.get("resources") if root else None
    if isinstance(held, Seq) and held.items:
        draft.splice(path, item_of(text, held, name))
    elif root and held is None:
        draft.splice(path, first_in(text, root, ["resources:", f"  - {name}"]))
    else:
        raise CannotPlan("down-job-inexact", "resources is not a list of its own lines", path)


def _by_flux(draft: Draft, by: Delivery, job: bytes | None) -> str:
    """The service's Kustomization waits for the Job's; where writers stand still first, the Job's waits for the service's."""
    text = draft.text(by.path)
    here = by.document and next((each for each in documents.parse_each(text).documents if each.index == by.document.index), None)
    root = here.root if here else None
    spec = root.at("spec") if isinstance(root, Map) else None
    if job is None or not isinstance(root, Map) or not isinstance(spec, Map) or here is None:
        raise CannotPlan(
            "down-job-inexact", "its name, image and annotations cannot be set exactly: write it in block style", by.path or None
        )
    path = f"{FOLDER}/{draft.name}/job.yaml"
    draft.files[path] = job
    writers = bool(draft.found.declared.writers)
    if not writers:
        depends = spec.get("dependsOn")
        held = isinstance(depends, Seq) and depends.items
        name = f"name: {draft.name}"
        draft.splice(
            by.path,
            item_of(text, depends, name) if held and isinstance(depends, Seq) else first_in(text, spec, ["dependsOn:", f"  - {name}"]),
        )
    more = _kustomization(text, root, here, draft, [root.text("metadata", "name")] if writers else [])
    whole = draft.text(by.path)
    draft.files[by.path] = whole + (b"" if whole.endswith(b"\n") else b"\n") + more
    return path


def _kustomization(text: bytes, root: Map, document: Document, draft: Draft, after: list[str]) -> bytes:
    """A Kustomization like the service's own (its source, its rights, where it goes), for the Job's folder."""
    spec, name, namespace = root.at("spec"), draft.name, root.text("metadata", "namespace")
    lines = ["---", f"apiVersion: {root.text('apiVersion')}", "kind: Kustomization", "metadata:", f"  name: {name}"]
    lines += [f"  namespace: {namespace}"] if namespace else []
    lines += ["spec:"]
    copied = list(_copied(text, spec, document)) if isinstance(spec, Map) else []
    own = [f"path: ./{FOLDER}/{name}", "prune: true", "wait: true", f"timeout: {DEADLINE // 60 + 1}m"]
    own += ["dependsOn:", *(f"  - name: {each}" for each in after)] if after else []
    return "".join(f"{line}\n" for line in [*lines, *copied, *(f"  {line}" for line in own)]).encode()


def _copied(text: bytes, spec: Map, document: Document) -> Iterator[str]:
    """The lines of those keys, indented as ours are."""
    end = min([each for each in (text.find(b"\n---", spec.items[0][0].start), len(text)) if each >= 0])
    starts = [text.rfind(b"\n", 0, key.start) + 1 for key, _ in spec.items]
    for (key, _), start, stop in zip(spec.items, starts, [*starts[1:], end], strict=True):
        if key.value in _COPIED:
            indent = key.start - start
            for line in text[start:stop].decode().splitlines():
                if line.strip():
                    yield f"  {line[indent:]}" if not line[:indent].strip() else line


def _stop(draft: Draft, writer: str) -> None:
    """Let a workload stand still: what says how many of it run says 0, a kustomization's word before the object's own."""
    kind, _, name = writer.partition("/")
    places = sorted(draft.service.files, key=lambda path: not _is_kustomization(path))
    for path in places:
        text = draft.text(path) if path.endswith((".yaml", ".yml")) else b""
        for document in documents.parse_each(text).documents if b"replicas" in text else ():
            held = _replicas(document.root, kind, name)
            if held is not None:
                draft.splice(path, scalar(held, "0"))
                return
    at = draft.found.declared.at.get("stop-writers", (None, None))
    raise CannotPlan("writers-unknown", f"{writer} is to stand still first, and nothing here says how many of it run", at[0], at[1] or None)


def _replicas(root: Node, kind: str, name: str) -> Scalar | None:
    if not isinstance(root, Map):
        return None
    held = root.get("replicas")
    for item in held.items if isinstance(held, Seq) else ():
        if isinstance(item, Map) and item.text("name") == name and isinstance(count := item.get("count"), Scalar):
            return count
    own = root.at("spec", "replicas")
    return own if (root.text("kind"), root.text("metadata", "name")) == (kind, name) and isinstance(own, Scalar) else None


def _is_kustomization(path: str) -> bool:
    return path.rpartition("/")[2].startswith("kustomization.")
