"""The section `traffic` of `.rollbot.yaml`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.config.fields import Glob, Text
from bot.config.strict import Strict
from bot.policy.settings import Trust


class TrafficModel(Strict):
    drain: Annotated[
        tuple[Text, ...], Field(description="Globs of environments where the bad side is drained before its version goes back.")
    ] = ()
    trust: Annotated[
        dict[str, Trust],
        Field(description="Environment: how far a drain goes by itself, at once and without the countdown; else as policy.trust."),
    ] = {}
    backends: Annotated[
        dict[Text, tuple[Text, ...]],
        Field(description="Service: the backends (Istio: `host/subset`) that run its releases, where the manifests do not tell."),
    ] = {}
    routes: Annotated[tuple[Glob, ...], Field(description="Globs of files with routes that lie elsewhere than with the service.")] = ()
