"""`/setup`: a person's click → a GitHub App with the least rights, its secrets in files that only we can read."""

from __future__ import annotations

import json
import os
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse
from starlette.background import BackgroundTask

from bot.adapters.forges.github.manifest import EVENTS, PERMISSIONS, Made, convert, form_target, manifest, site
from bot.errors import BadConfig, Refused
from bot.web import guard
from bot.web.pages import render

HOUR = 3600.0
"""GitHub's own limit for the whole way."""
MOST = 20
_PUBLIC = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[A-Za-z0-9._~/-]*)?")
router = APIRouter(dependencies=[Depends(guard.page)], include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(slots=True)
class Setup:
    """One way of making an App: at which GitHub, and into which folder its secrets go."""

    api: str
    folder: Path
    organisation: str | None = None
    public: str | None = None
    now: Callable[[], float] = time.monotonic
    made: threading.Event = field(default_factory=threading.Event)
    _begun: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Raises BadConfig where the public address is none; where the API's is, only who opens the page is told."""
        if self.public is not None:
            self.public = self.public.rstrip("/")
            if not _PUBLIC.fullmatch(self.public):
                raise BadConfig("this is no public address", hint="where GitHub reaches Rollbot, such as https://rollbot.example")

    @property
    def variables(self) -> Path:
        return self.folder / "rollbot-app.env"

    @property
    def key(self) -> Path:
        return self.folder / "rollbot-app.pem"

    def taken(self) -> Path | None:
        """A file of an earlier App, which is never written over."""
        return next((file for file in (self.variables, self.key) if file.exists()), None)

    def begin(self) -> str:
        """A word that only the browser that was shown the form can bring back, once."""
        state = secrets.token_urlsafe(32)
        with self._lock:
            self._begun = {word: at for word, at in self._begun.items() if self.now() - at < HOUR}
            while len(self._begun) >= MOST:
                self._begun.pop(next(iter(self._begun)))
            self._begun[state] = self.now()
        return state

    def ends(self, state: str) -> bool:
        """Whether the word is one of ours, still; it is none from now on."""
        with self._lock:
            known = next((word for word in self._begun if compare_digest(word.encode(), state.encode())), None)
            return known is not None and self.now() - self._begun.pop(known) < HOUR

    def finish(self, code: str) -> Made:
        """Exchange the code, and keep what comes of it. The files are there before the code is used up."""
        with _reserved(self.variables, self.key) as (variables, key):
            made = convert(self.api, code)
            key.write_text(made.key)
            variables.write_text(_variables(made, self.api, self.key.absolute()))
        return made


class _reserved:  # noqa: N801 - used like a function
    """New files that only their owner can read, for as long as the block lasts; gone again where it fails."""

    def __init__(self, *files: Path) -> None:
        self._files = files

    def __enter__(self) -> tuple[Path, ...]:
        made: list[Path] = []
        try:
            self._files[0].parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            for file in self._files:
                os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
                made.append(file)
        except OSError as error:
            for file in made:
                file.unlink()
            raise Refused(f"{self._files[len(made)]} cannot be made: {error.strerror}") from error
        return self._files

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            for file in self._files:
                file.unlink(missing_ok=True)


def _variables(made: Made, api: str, key: Path) -> str:
    lines = ["# A GitHub App that `rollbot app create` made. Keep it secret.", "ROLLBOT_FORGE=github"]
    lines += [f"ROLLBOT_GITHUB_URL={api}"] if api != "https://api.github.com" else []
    lines += [f"ROLLBOT_GITHUB_APP_ID={made.id}", f"ROLLBOT_GITHUB_PRIVATE_KEY_FILE={_quoted(str(key))}"]
    lines += [f"ROLLBOT_GITHUB_WEBHOOK_SECRET='{made.webhook_secret}'"] if made.webhook_secret else []
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A value that a shell and `.env` read alike."""
    return text if re.fullmatch(r"[\w./+-]+", text) else "'" + text.replace("'", "'\\''") + "'"


@router.get("/setup")
def show(request: Request, organisation: str | None = None) -> HTMLResponse:
    """The form that GitHub takes; it may be sent there, and nowhere else."""
    setup = _setup(request)
    try:
        target = form_target(setup.api, organisation or setup.organisation)
    except BadConfig as error:
        raise HTTPException(400, str(error)) from error
    asked = manifest(f"{str(request.base_url).rstrip('/')}/setup/callback", setup.public)
    state = setup.begin()
    shown: dict[str, Any] = {"permissions": PERMISSIONS, "events": EVENTS, "public": setup.public, "taken": setup.taken()}
    page = render(request, "setup.html", target=f"{target}?state={state}", site=site(setup.api), manifest=json.dumps(asked), **shown)
    page.headers["Content-Security-Policy"] = request.app.state.policy.replace("form-action 'none'", f"form-action {target}")
    return page


@router.get("/setup/callback")
def come_back(request: Request, code: str = "", state: str = "") -> HTMLResponse:
    """Where GitHub sends the browser once the App is made."""
    setup = _setup(request)
    if not setup.ends(state):
        raise HTTPException(400, "this was not begun here, or over an hour ago; begin again at /setup")
    made = setup.finish(code)
    page = render(request, "made.html", made=made, variables=setup.variables.absolute(), key=setup.key.absolute(), public=setup.public)
    page.background = BackgroundTask(setup.made.set)
    return page


def _setup(request: Request) -> Setup:
    found: Setup = request.app.state.setup
    return found
