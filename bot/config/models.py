"""The shape of `.rollbot.yaml`: each key with its meaning; unknown keys refused."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, WithJsonSchema, model_validator

from bot.attribution.rules import AttributionRules
from bot.config.fields import Bounds, Count, Duration, Glob, Names, Regex, Required, Text, references, stars
from bot.config.judgement import JUDGEMENT, PricesModel, SeriesModel, ThresholdsModel
from bot.config.strict import Strict
from bot.config.times import Cron, Moment, Zone, instant
from bot.incidents.rules import AlertRules
from bot.outcomes.rules import OutcomeRules
from bot.policy.judgement import Strategy
from bot.policy.settings import Each, PolicyRules, Trust
from bot.policy.windows import EVERYWHERE
from bot.signals.signal import Role
from bot.signals.sources import SOURCES

ALERTS, ATTRIBUTION, POLICY, OUTCOMES = AlertRules(), AttributionRules(), PolicyRules(), OutcomeRules()
Acting = Literal["write", "maintain", "admin"]
Stopping = Literal["triage", "write", "maintain", "admin"]
SourceName = Annotated[str, StringConstraints(pattern=f"^(?:{'|'.join(SOURCES)})$")]
Acceptable = Literal["chart-unrendered", "stateful"]
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
Login = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")]


class PinModel(Strict):
    """Versions in files that no format knows."""

    name: Annotated[Text, Field(description="What the pin is called in listings and commits.")]
    files: Annotated[Glob, Field(description="Which files: a glob from the repository's root, `**` for any folders.")]
    yaml_path: Annotated[Text | None, Field(description="Dotted path of the scalar; list items as `[name=x]` or `[0]`.")] = None
    regex: Annotated[Regex | None, Field(description="Python syntax, multi-line; group `version`, and perhaps `artefact`.")] = None
    artefact: Annotated[str, Field(max_length=1000, description="The image, chart or repository that the version belongs to.")] = ""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.yaml_path is None) == (self.regex is None):
            raise ValueError("expected exactly one of yaml_path and regex")
        return self


class ServiceModel(Strict):
    """Names the service and environment of what matches; the first that matches counts, before every convention."""

    files: Annotated[Glob, Field(description="Which files: a glob from the repository's root; its stars are `{1}`, `{2}`, …")]
    name: Annotated[Text | None, Field(description="The service's name; `{1}` is the first star's text.")] = None
    environment: Annotated[Text | None, Field(description="Its environment; `{1}` is the first star's text.")] = None
    artefact: Annotated[Text | None, Field(description="Only pins of this image, chart or repository.")] = None
    primary: Annotated[Text | None, Field(description="YAML path of the pin that names the service's version.")] = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.name is None and self.environment is None and self.primary is None:
            raise ValueError("expected name, environment or primary")
        for reference in references(self.name) + references(self.environment):
            if not reference.isdecimal() or not 0 < int(reference) <= stars(self.files):
                raise ValueError(f"{{{reference}}} refers to no star of {self.files}")
        return self


class GroupModel(Strict):
    """What a service needs of others, where its manifests do not say it by annotation (docs/groups.md)."""

    service: Annotated[Text, Field(description="The service: a glob of names.")]
    environment: Annotated[Text, Field(description="A glob of environments; all of them by default.")] = "*"
    versions: Annotated[Bounds, Field(description="Of which of its versions: `>=2.8 <3`; all of them by default.")] = ""
    requires: Annotated[Required, Field(description="Services with the versions it needs: `payments >=2.3 <3; catalog >=1.9`.")] = ""
    rollback_with: Annotated[Names, Field(description="Services that go back when it does: `web api`.")] = ""
    wave: Annotated[int | None, Field(ge=0, le=999, description="Its turn where a group goes back in waves, the lowest first.")] = None


class AlertRuleModel(Strict):
    """Alerts whose labels all match; the first rule that matches counts, before the labels' defaults."""

    match: Annotated[dict[str, str], Field(min_length=1, description="Label: text; `*` stands for any text.")]
    service: Annotated[Text | None, Field(description="The service; `{label}` is a label's text.")] = None
    environment: Annotated[Text | None, Field(description="The environment; `{label}` is a label's text.")] = None
    act: Annotated[bool | None, Field(description="Whether these alerts may change Git.")] = None


class JsonModel(Strict):
    """How a JSON object of another system is read. `{path}` is the text at that path: `{alert.tags[0].name}`."""

    name: Annotated[Text, Field(description="What the alert is called.")]
    key: Annotated[Text, Field(description="What names it, firing or resolved.")]
    when: Annotated[dict[str, str], Field(description="Path: text; which objects this is for, `*` stands for any text.")] = {}
    firing: Annotated[dict[str, str], Field(description="Path: text; what tells that it fires. Without it, all that is not resolved.")] = {}
    resolved: Annotated[dict[str, str], Field(description="Path: text; what tells that it is over.")] = {}
    labels: Annotated[dict[str, Text], Field(description="Its labels: `service`, `env`, `rollbot`, …")] = {}
    severity: Annotated[str, Field(max_length=1000, description="Its severity.")] = ""
    summary: Annotated[str, Field(max_length=1000, description="What people read.")] = ""
    started: Annotated[str, Field(max_length=1000, description="Since when: RFC 3339, or seconds or milliseconds since 1970.")] = ""
    link: Annotated[str, Field(max_length=1000, description="Where to read more.")] = ""


class QueryModel(Strict):
    """An alert that Prometheus is asked for at every sweep, where no alerting rule of its own says it."""

    name: Annotated[Text, Field(description="What the alert is called.")]
    expr: Annotated[Text, Field(description="PromQL; each series that it answers is an alert.")]
    after: Annotated[Duration, Field(description="How long a series must be there.")] = 0.0
    labels: Annotated[dict[str, Text], Field(description="Labels on top of the series' own: `environment`, `severity`, `rollbot`, …")] = {}
    summary: Annotated[str, Field(max_length=1000, description="What people read.")] = ""


class AlertsModel(Strict):
    rules: Annotated[tuple[AlertRuleModel, ...], Field(description="Whose alerts are, where labels alone do not tell.")] = ()
    service_labels: Annotated[tuple[Text, ...], Field(description="Labels that name a service, surest first. Replaces the defaults.")] = (
        ALERTS.service_labels
    )
    environment_labels: Annotated[tuple[Text, ...], Field(description="Labels that name an environment. Replaces the defaults.")] = (
        ALERTS.environment_labels
    )
    ignore_values: Annotated[
        tuple[Text, ...], Field(description="Names of scrapers, which are no services. Added to the defaults; `!name` takes one out.")
    ] = ()
    acting_severities: Annotated[
        tuple[str, ...], Field(description='Severities that may act, "" for alerts without one. Replaces the defaults.')
    ] = ALERTS.acting_severities
    act_by_default: Annotated[bool, Field(description="Alerts that no label and no rule opts in may act too.")] = ALERTS.act_by_default
    environments: Annotated[dict[str, Text], Field(description="A label's text: the environment it means. On top of `environments`.")] = {}
    mappings: Annotated[
        tuple[JsonModel, ...], Field(description="How bodies of `/hooks/json` are read; the first that is for one counts.")
    ] = ()
    storm_services: Annotated[int, Field(ge=0, le=10000, description="So many services red at once are the platform; 0: never.")] = (
        ALERTS.storm_services
    )
    storm_within: Annotated[Duration, Field(description="How close together they begin.")] = ALERTS.storm_within
    queries: Annotated[tuple[QueryModel, ...], Field(description="What Prometheus is asked at every sweep.")] = ()
    sources: Annotated[
        dict[SourceName, tuple[Text, ...]],
        Field(description="Source: globs of the environments that it may speak of; one that is not named may speak of all."),
    ] = {}


class AttributionModel(Strict):
    window: Annotated[Duration, Field(description="Nothing released longer before the symptom began is a suspect.")] = ATTRIBUTION.window
    merge_within: Annotated[Duration, Field(description="Older suspects are only proposed.")] = ATTRIBUTION.merge_within
    good_after: Annotated[Duration, Field(description="A version that served this long, unblamed, is good.")] = ATTRIBUTION.good_after
    max_target_age: Annotated[Duration, Field(description="A target that has not run for longer needs a person.")] = (
        ATTRIBUTION.max_target_age
    )
    max_releases_back: Annotated[Count, Field(description="Going back over more releases needs a person.")] = ATTRIBUTION.max_releases_back
    live_after: Annotated[
        Duration, Field(description="Without a cluster to ask, a release counts as live this long after its commit; 0: never.")
    ] = ATTRIBUTION.live_after


class WindowModel(Strict):
    """Open every week (`cron` and `lasts`) or once (`start` and `end`), by the clock of `timezone`."""

    environments: Annotated[tuple[Text, ...], Field(min_length=1, description="Globs of environments; all of them by default.")] = (
        EVERYWHERE
    )
    cron: Annotated[Cron | None, Field(description="When it opens: minute, hour, day of month, month, day of week.")] = None
    lasts: Annotated[Duration | None, Field(description="How long it stays open after each of those times.")] = None
    start: Annotated[Moment | None, Field(description="When it opens, once: 2026-12-20 or 2026-12-20T18:00.")] = None
    end: Annotated[Moment | None, Field(description="When that ends.")] = None
    timezone: Annotated[Zone, Field(description="Whose clock: UTC or a name such as Europe/Berlin.")] = "UTC"
    reason: Annotated[str, Field(max_length=200, description="What for; people read it.")] = ""

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        weekly, once = (self.cron, self.lasts), (self.start, self.end)
        if (weekly == (None, None)) == (once == (None, None)) or None in (weekly if once == (None, None) else once):
            raise ValueError("expected either cron and lasts, or start and end")
        if self.start is not None and self.end is not None and instant(self.start, self.timezone) >= instant(self.end, self.timezone):
            raise ValueError("expected an end after the start")
        return self


class PlacedModel(WindowModel):
    services: Annotated[tuple[Text, ...], Field(min_length=1, description="Globs of services; all of them by default.")] = EVERYWHERE


class FreezeModel(PlacedModel):
    """When nothing is changed without a person."""

    rollbacks: Annotated[bool, Field(description="A rollback may go by itself all the same.")] = False


class HoursModel(WindowModel):
    """When trust goes further, or less far."""

    trust: Annotated[Trust, Field(description="How far Rollbot goes by itself then.")]


class CapModel(Strict):
    """So many rollbacks go by themselves, then a person decides."""

    most: Annotated[Count, Field(description="How many.")]
    within: Annotated[Duration, Field(description="In how long a time.")]
    each: Annotated[Each, Field(description="Counted over the whole estate, for each environment or for each service.")] = Each.ESTATE
    environments: Annotated[tuple[Text, ...], Field(min_length=1, description="Globs of environments; all of them by default.")] = (
        EVERYWHERE
    )


CAPS = tuple(CapModel(most=cap.most, within=cap.within, each=cap.each, environments=cap.environments) for cap in POLICY.caps)


class CountdownModel(Strict):
    """Time in which a person may stop what is about to be merged by itself."""

    environments: Annotated[tuple[Text, ...], Field(description="Globs of environments that have one.")] = POLICY.countdown.environments
    lasts: Annotated[Duration, Field(description="How long it waits, once it is announced.")] = POLICY.countdown.lasts


class PolicyModel(Strict):
    trust: Annotated[dict[str, Trust], Field(description="Environment: how far Rollbot goes by itself; `*` for the others (propose).")] = {}
    cooldown: Annotated[Duration, Field(description="No second rollback of a service within it.")] = POLICY.cooldown
    caps: Annotated[tuple[CapModel, ...], Field(description="How many rollbacks go by themselves in a while. Replaces the defaults.")] = (
        CAPS
    )
    quarantine: Annotated[Duration, Field(description="How long a bad release is kept out.")] = POLICY.quarantine
    frozen: Annotated[tuple[Text, ...], Field(description="Environments where nothing is done by itself.")] = POLICY.frozen
    freezes: Annotated[tuple[FreezeModel, ...], Field(description="Times at which nothing is done by itself.")] = ()
    maintenance: Annotated[tuple[PlacedModel, ...], Field(description="Times at which people work on something: alerts wait.")] = ()
    hours: Annotated[tuple[HoursModel, ...], Field(description="Times at which trust is another; the first that is open counts.")] = ()
    countdown: Annotated[CountdownModel, Field(description="Before a change is merged by itself.")] = CountdownModel()
    stop: Annotated[bool, Field(description="The kill switch: nothing is done at all.")] = POLICY.stop
    protected: Annotated[
        tuple[Text, ...], Field(description="Globs of services that need a person. Added to the defaults; `!glob` takes one out.")
    ] = ()
    undo_alone: Annotated[bool, Field(description="Where trust is merge, an undo needs no person.")] = POLICY.undo_alone
    hold_forward: Annotated[bool, Field(description="While a release is kept out, bots do not move its service on either.")] = (
        POLICY.hold_forward
    )
    accept: Annotated[tuple[Acceptable, ...], Field(description="What a plan may do without a person after all.")] = ()


class PeopleModel(Strict):
    act: Annotated[Acting, Field(description="The least role that may roll back, approve, undo, allow and call good.")] = "write"
    stop: Annotated[Stopping, Field(description="The least role that may hold, resume, cancel and ask.")] = "triage"
    teams: Annotated[
        dict[str, tuple[Slug, ...]], Field(description="Environment: slugs of the teams that may act there; `*` for the others.")
    ] = {}
    owners: Annotated[
        dict[str, tuple[Login, ...]], Field(description="Environment: logins of people who may act there; `*` for the others.")
    ] = {}
    applications: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$")], ...],
        Field(max_length=100, description="`owner/name` of application repositories whose comments are looked for."),
    ] = ()

    def roles(self) -> dict[str, Role]:
        return {"act": Role[self.act.upper()], "stop": Role[self.stop.upper()]}


class OutcomesModel(Strict):
    arrive_within: Annotated[Duration, Field(description="Not synced after this long, a person is told.")] = OUTCOMES.arrive_within
    settle: Annotated[Duration, Field(description="Pods need this long after the sync.")] = OUTCOMES.settle
    soak: Annotated[Duration, Field(description="Signs of recovery must last this long.")] = OUTCOMES.soak
    alert_window: Annotated[Duration, Field(description="The alert's window, where it cannot be read.")] = OUTCOMES.alert_window
    min_samples: Annotated[Count, Field(description="Fewer samples after the sync prove nothing.")] = OUTCOMES.min_samples
    give_up: Annotated[Duration, Field(description="Not arrived or not judged after this long, a person takes over.")] = OUTCOMES.give_up
    end_stuck: Annotated[
        Duration, Field(description="Argo CD: a sync that holds another revision this long after our merge is ended; 0: never.")
    ] = OUTCOMES.end_stuck
    error_logs: Annotated[
        str, Field(max_length=2000, description="LogQL metric of error lines that must be back in its band; `$service`, `$environment`.")
    ] = OUTCOMES.error_logs


class ConfigModel(Strict):
    """`.rollbot.yaml` at the root of the manifests repository."""

    version: Annotated[Literal["1"], WithJsonSchema({"const": 1}), Field(description="Of this format.")] = "1"
    pins: Annotated[tuple[PinModel, ...], Field(description="Versions in files that no format knows.")] = ()
    services: Annotated[tuple[ServiceModel, ...], Field(description="Whose files are, where conventions do not tell.")] = ()
    environments: Annotated[dict[str, Text], Field(description="A folder's or namespace's name: the environment it means.")] = {}
    ignore: Annotated[tuple[Glob, ...], Field(description="Globs of files that are never read.")] = ()
    groups: Annotated[tuple[GroupModel, ...], Field(description="What services need of each other.")] = ()
    alerts: Annotated[AlertsModel, Field(description="Which alerts may act, and whose they are.")] = AlertsModel()
    attribution: Annotated[AttributionModel, Field(description="Which releases are suspects, and what is a good target.")] = (
        AttributionModel()
    )
    policy: Annotated[PolicyModel, Field(description="How far Rollbot goes by itself.")] = PolicyModel()
    people: Annotated[PeopleModel, Field(description="Who may say what in comments.")] = PeopleModel()
    outcomes: Annotated[OutcomesModel, Field(description="How long a rollback is waited for, and how it is judged.")] = OutcomesModel()
    strategy: Annotated[Strategy, Field(description="How far what is decided goes by itself.")] = JUDGEMENT.strategy
    thresholds: Annotated[ThresholdsModel, Field(description="How likely a release has to be to blame.")] = ThresholdsModel()
    prices: Annotated[PricesModel, Field(description="What damage, rollbacks and calls cost.")] = PricesModel()
    dependencies: Annotated[dict[Text, tuple[Text, ...]], Field(description="Service: the services that it calls.")] = {}
    series: Annotated[tuple[SeriesModel, ...], Field(description="What Prometheus measures of each service.")] = ()
