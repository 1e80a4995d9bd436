"""Values → what the API answers. Every item carries its repository."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.incidents.incident import Action, Incident, Symptom
from bot.manifests.estate import Service
from bot.quarantine import Quarantine
from bot.records.entry import Entry
from bot.records.scorecard import Scorecard, Verdict
from bot.refs import ServiceRef
from bot.releases.release import Release
from bot.signals.signal import Asked

Row = dict[str, Any]


def service_row(service: Service) -> Row:
    primary = service.primary
    return {
        **ref_row(service.ref),
        "version": primary.value if primary else None,
        "artefact": primary.artefact if primary else None,
        "aliases": list(service.aliases),
        "files": list(service.files),
        "shared": list(service.shared),
    }


def ref_row(ref: ServiceRef) -> Row:
    return {"repository": ref.repository, "environment": ref.environment, "cluster": ref.cluster, "service": ref.name}


def release_row(release: Release) -> Row:
    return {
        **ref_row(release.service),
        "commit": release.commit,
        "time": release.time,
        "author": release.author,
        "bot": release.bot,
        "pull_request": release.pull_request,
        "subject": release.subject,
        "version": release.version,
        "rollback": release.rollback,
        "changes": [{"path": c.path, "yaml_path": c.yaml_path, "from": c.before, "to": c.after} for c in release.changes],
        "merged": [{"path": m.path, "added": m.added, "removed": m.removed} for m in release.merged],
    }


def incident_row(incident: Incident, entries: Sequence[Entry] | None = None) -> Row:
    row = {
        "id": incident.id,
        **ref_row(incident.service),
        "state": incident.state.value,
        "end": incident.end.value if incident.end else None,
        "why": incident.why,
        "opened": incident.opened,
        "onset": incident.onset,
        "ended": incident.ended,
        "due": incident.due,
        "cause": "asked" if incident.asked else "alert",
        "request": _request(incident.request) if incident.request else None,
        "symptoms": [_symptom(symptom) for symptom in incident.symptoms],
        "actions": [action_row(incident, action) for action in incident.actions],
    }
    return row if entries is None else row | {"judgement": judgement(entries), "record": [entry_row(entry) for entry in entries]}


def judgement(entries: Sequence[Entry]) -> Row | None:
    """What was weighed last: hypotheses with prior, evidence and probability, and the thresholds; None where nothing was."""
    weighed = [entry.facts["weighed"] for entry in entries if "weighed" in entry.facts]
    return dict(weighed[-1]) if weighed else None


def action_row(incident: Incident, action: Action) -> Row:
    return {
        "incident": incident.id,
        **ref_row(incident.service),
        "kind": action.kind.value,
        "release": action.release,
        "version": action.version,
        "to": action.to,
        "mode": action.mode,
        "attempt": action.attempt,
        "branch": action.branch or None,
        "pull_request": action.pull,
        "url": action.url,
        "commit": action.commit,
        "merged": action.merged,
        "arrived": action.arrived,
        "helped": action.helped,
    }


def scorecard_row(card: Scorecard) -> Row:
    """What it would have done and what people did, oldest first, and how often it would have been right."""
    scores = [
        {
            "incident": each.would.incident,
            **ref_row(each.would.service),
            "at": each.would.at,
            "would": "rollback" if each.would.release else "call a person",
            "release": each.would.release,
            "version": each.would.version or None,
            "to": each.would.to or None,
            "probability": each.would.chance,
            "did": each.did,
            "verdict": each.verdict.value,
        }
        for each in card.scores
    ]
    counts = {verdict.value: card.count(verdict) for verdict in Verdict}
    return {
        "judged": card.judged,
        "precision": card.precision,
        "recall": card.recall,
        "said": card.said,
        "counts": counts,
        "scores": scores,
    }


def entry_row(entry: Entry) -> Row:
    return {
        "seq": entry.seq,
        "at": entry.at,
        "stage": entry.stage.value,
        "what": entry.what,
        "because": list(entry.because),
        "facts": dict(entry.facts),
        "hash": entry.hash,
    }


def quarantine_row(repository: str, quarantine: Quarantine) -> Row:
    return {
        "repository": repository,
        "environment": quarantine.environment,
        "service": quarantine.service,
        "version": quarantine.version,
        "commit": quarantine.commit,
        "reason": quarantine.reason,
        "owner": quarantine.owner,
        "incident": quarantine.incident,
        "since": quarantine.since,
        "expires": quarantine.expires,
        "path": quarantine.path,
    }


def _symptom(symptom: Symptom) -> Row:
    return {
        "name": symptom.name,
        "source": symptom.source,
        "labels": dict(symptom.labels),
        "severity": symptom.severity,
        "summary": symptom.summary,
        "url": symptom.url,
        "started": symptom.started,
        "resolved": symptom.resolved,
        "acts": symptom.acts,
        "why_not": symptom.why_not,
    }


def _request(request: Asked) -> Row:
    names = ("key", "actor", "at", "reason", "service", "environment", "path", "artefact", "at_path", "commit", "to", "pins_only", "mode")
    return {**{name: getattr(request, name) for name in names}, "from": request.value}
