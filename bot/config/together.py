"""The sections `groups` and `data` of `.rollbot.yaml`: what the manifests do not say by annotation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.config.fields import Bounds, Names, Required, Text
from bot.config.strict import Strict


class GroupModel(Strict):
    """What a service needs of others, where its manifests do not say it by annotation (docs/groups.md)."""

    service: Annotated[Text, Field(description="The service: a glob of names.")]
    environment: Annotated[Text, Field(description="A glob of environments; all of them by default.")] = "*"
    versions: Annotated[Bounds, Field(description="Of which of its versions: `>=2.8 <3`; all of them by default.")] = ""
    requires: Annotated[Required, Field(description="Services with the versions it needs: `payments >=2.3 <3; catalog >=1.9`.")] = ""
    rollback_with: Annotated[Names, Field(description="Services that go back when it does: `web api`.")] = ""
    wave: Annotated[int | None, Field(ge=0, le=999, description="Its turn where a group goes back in waves, the lowest first.")] = None


class DataModel(Strict):
    """What a service's versions need of its database, where its own manifest does not say it (docs/data.md)."""

    service: Annotated[Text, Field(description="Glob of service names.")]
    environment: Annotated[Text, Field(description="Glob of environments.")] = "*"
    version: Annotated[Text, Field(description="Glob of versions that this is said of.")] = "*"
    schema_: Annotated[str, Field(alias="schema", max_length=500, description="The schema that the version leaves, such as 43.")] = ""
    runs_on_schema: Annotated[str, Field(max_length=500, description="The schemas that it runs on: `>=40 <44`.")] = ""
    migration: Annotated[
        Literal["", "none", "expand", "contract", "irreversible"], Field(description="What its migration does to the database.")
    ] = ""
    down_job: Annotated[str, Field(max_length=500, description="Path of the Job that takes its migration back: opts in.")] = ""
    stop_writers: Annotated[str, Field(max_length=500, description="Workloads that stand still meanwhile: Deployment/name, …")] = ""
    runbook: Annotated[str, Field(max_length=500, description="Address of the runbook that restores the snapshot.")] = ""
