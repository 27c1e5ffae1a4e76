"""consent.toml → Settings. Every mistake is named with file, key, value and what was expected."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from os import PathLike
from pathlib import Path
from typing import Any

from asgi_consent.catalog.builtin import builtin_services, builtin_tail
from asgi_consent.catalog.consent_apis import CONSENT_MODE
from asgi_consent.catalog.services import NECESSARY, Lifetime, Service
from asgi_consent.declarations import is_id, is_token, read_services
from asgi_consent.errors import Problem, SettingsError
from asgi_consent.gpp import gpp_sections
from asgi_consent.keeping import LedgerSettings, read_ledger, read_revision
from asgi_consent.policy import (
    DEFAULT_CATEGORIES,
    Activation,
    Category,
    ConsentMode,
    CspMode,
    Delivery,
    Mode,
    Policy,
    Region,
    Revision,
    Rollout,
    Rule,
    UnknownHosts,
    is_region,
)
from asgi_consent.privacy.check import PersonalData
from asgi_consent.region_profiles import regional_rules
from asgi_consent.site import Controller, Site, read_controller, read_site
from asgi_consent.tables import Table
from asgi_consent.theme import Theme, read_theme
from asgi_consent.version import __version__

FORMAT = 1  # of consent.toml; a later one goes on reading it
_LONGEST = timedelta(days=400)  # what browsers keep a cookie for, RFC 6265bis section 5.5


@dataclass(frozen=True)
class Settings:
    """Everything consent.toml says. `Settings()` are the defaults with the built-in catalogue.
    `history` are those of other revisions; `announced` is the revision of which visitors are told:
    the newest one, in force or not yet; `html_in` are paths whose JSON and events carry HTML."""

    policy: Policy = field(default_factory=lambda: Policy(builtin_services(), builtin_tail()))
    site: Site = field(default_factory=Site)
    controller: Controller = field(default_factory=Controller)
    theme: Theme = field(default_factory=Theme)
    mode: Mode = Mode.ENFORCE
    activation: Activation = Activation.RELOAD
    lifetime: timedelta = timedelta(days=180)
    prefix: str = "/_consent"
    html_in: tuple[str, ...] = ()
    dnt: bool = False
    gpc_file: bool = True
    delivery: Delivery = Delivery.VISITOR
    rollout: Rollout = field(default_factory=Rollout)
    ledger: LedgerSettings = field(default_factory=LedgerSettings)
    personal_data: PersonalData = PersonalData.REPORT
    history: tuple[Settings, ...] = ()
    source: str = "defaults"
    announced: Revision = field(default_factory=Revision)


def settings_of(given: str | PathLike[str] | Mapping[str, Any] | Settings | None) -> Settings:
    """From a path, from what such a file holds, or from nothing. Raises SettingsError."""
    if given is None:
        return Settings()
    if isinstance(given, Mapping):
        return read_settings(given)
    return given if isinstance(given, Settings) else load_settings(given)


def load_settings(path: str | PathLike[str]) -> Settings:
    """Read a consent.toml, and the earlier ones that it names. Raises SettingsError with every
    problem found."""
    source = str(path)
    return read_settings(_parsed(source), source)


def _parsed(source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(source).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise _unreadable(source, "not found; asgi-consent init writes a starter file") from None
    except OSError as error:
        raise _unreadable(source, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(source, [Problem("file", "", "is not UTF-8 text")]) from None
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, absurd numbers or nesting
        raise SettingsError(source, [Problem("file", "", f"is not TOML: {error}")]) from None


def _unreadable(source: str, why: str) -> SettingsError:
    return SettingsError(source, [Problem("file", "", why)], unreadable=True)


def read_settings(data: Mapping[str, Any], source: str = "settings") -> Settings:
    """The same from a parsed document. Raises SettingsError with every problem found."""
    problems: list[Problem] = []
    root = Table(data, "", problems)
    if (
        root.whole("format", FORMAT) > FORMAT
    ):  # whatever else is said of it would be beside the point
        why = f"is of a newer asgi-consent; this one, {__version__}, reads up to format = {FORMAT}"
        raise SettingsError(source, [Problem("format", "", why)])
    site, own_hosts = read_site(root.table("site"))
    categories = _categories(root.table("categories"))
    consent_mode = _consent_mode(root.table("consent_mode"))
    signals = root.table("signals")
    services, tail = read_services(root, [category.id for category in categories])
    if consent_mode.advanced:
        services = {id_: _running_denied(service) for id_, service in services.items()}
    activation = root.choice("activation", Activation, Activation.RELOAD)
    settings = Settings(
        site=site,
        controller=read_controller(root.table("controller")),
        theme=read_theme(root.table("theme"), source),
        mode=root.choice("mode", Mode, Mode.ENFORCE),
        activation=activation,
        lifetime=(lifetime := _lifetime(root.table("consent"))),
        prefix=_prefix(root),
        html_in=_html_in(root),
        dnt=signals.flag("do_not_track", False),
        gpc_file=signals.flag("gpc_file", True),
        delivery=root.choice("delivery", Delivery, Delivery.VISITOR),
        rollout=_rollout(root.table("rollout")),
        ledger=read_ledger(root.table("ledger"), lifetime),
        policy=Policy(
            categories=categories,
            services=services,
            tail=tail,
            revision=read_revision(root.table("policy")),
            region=_region(root.table("region")),
            unknown_hosts=root.choice("unknown_hosts", UnknownHosts, UnknownHosts.GATE),
            own_hosts=own_hosts,
            consent_mode=consent_mode,
            gpp=_gpp(root.table("gpp")),
            csp=_csp(root, activation),
            closed=root.flag("closed", False),
        ),
        personal_data=root.choice("personal_data", PersonalData, PersonalData.REPORT),
        history=_history(root.table("policy"), source),
        source=source,
    )
    signals.done()
    if "tcf" in root:
        root.refuse(
            "tcf",
            "no TCF string is written: that takes a CMP id of your own from IAB Europe and a "
            "validated adapter, which asgi-consent does not have; for US sections there is [gpp]",
        )
    cookie = settings.rollout.cookie
    if cookie and not any(s.category == NECESSARY for s in settings.policy.matcher.cookie(cookie)):
        root.problem("rollout", f'the cookie "{cookie}" as one of a [[services]] that is necessary')
    if "secret_key" in root:
        root.refuse(
            "secret_key",
            "a secret is never read from this file: set it as "
            "ASGI_CONSENT_SECRET_KEY in the environment",
        )
    root.done()
    if problems:
        raise SettingsError(source, problems)
    return settings


def _csp(root: Table, activation: Activation) -> CspMode:
    """A page cannot be given more than its policy said when it came."""
    in_place = activation is Activation.IN_PLACE
    mode = root.choice("csp", CspMode, CspMode.OFF if in_place else CspMode.ENFORCE)
    if in_place and mode is CspMode.ENFORCE:
        root.problem(
            "csp",
            '"report-only" or "off" with activation = "in-place", as a policy of the browser '
            "cannot be loosened on the page that is open",
        )
    return mode


def _lifetime(table: Table) -> timedelta:
    default = Lifetime("180d")
    lifetime = table.lifetime("lifetime", default) or default
    if lifetime.duration is None or lifetime.duration > _LONGEST:
        table.problem("lifetime", 'at most "400d": browsers keep no cookie for longer')
        lifetime = default
    table.done()
    assert lifetime.duration is not None
    return lifetime.duration


def _prefix(root: Table) -> str:
    prefix = root.text("prefix", Settings.prefix)
    if not re.fullmatch(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]++)++", prefix):
        root.problem("prefix", 'a path such as "/_consent", without a slash at its end')
    return prefix


def _html_in(root: Table) -> tuple[str, ...]:
    paths = root.texts("html_in")
    for path in paths:
        if not path.startswith("/"):
            root.problem("html_in", f'paths such as "/api/cards" or "/live/"; "{path}" is none')
    return paths


def _history(table: Table, source: str) -> tuple[Settings, ...]:
    """The settings of earlier revisions, from files next to this one."""
    found: dict[int, Settings] = {}
    for name in table.texts("history"):
        path = str(Path(source).parent / name)
        try:
            data = _parsed(path)
            if isinstance(policy := data.get("policy"), dict):
                policy.pop("history", None)  # each file would have to have it
            settings = read_settings(data, path)
        except SettingsError as error:
            why = "; ".join(f"{path}: {problem}" for problem in error.problems)
            table.problem("history", f"readable files of earlier revisions; {why}")
            continue
        number = settings.policy.revision.number
        if number in found or number == table.whole("revision", 1):
            table.problem("history", f"files of other revisions; {name} is of revision {number}")
        found[number] = settings
    return tuple(found.values())


def _consent_mode(table: Table) -> ConsentMode:
    mode = ConsentMode(
        advanced=table.flag("advanced", False),
        ads_data_redaction=table.flag("ads_data_redaction", True),
        url_passthrough=table.flag("url_passthrough", False),
    )
    table.done()
    return mode


def _gpp(table: Table) -> str:
    section = table.choice("section", ["", *gpp_sections()], "")
    table.done()
    return section


def _running_denied(service: Service) -> Service:
    ours = service.declared and service.consent_api == CONSENT_MODE
    return service._replace(runs_denied=True) if ours else service


def _rollout(table: Table) -> Rollout:
    rollout = Rollout(header=table.text("header").lower(), cookie=table.text("cookie"))
    for key in ("header", "cookie"):
        name = getattr(rollout, key)
        if name and not is_token(name):
            table.problem(key, f'the name of a {key}, such as "x-consent-enforce"')
    table.done()
    return rollout


def _region(table: Table) -> Region:
    rules = table.table("rules")
    header = table.text("header")
    found: dict[str, Rule] = {}
    for region in rules:
        found[region] = rules.choice(region, Rule, Rule.OPT_IN)
        if not is_region(region):
            rules.problem(region, 'a key such as US or "US-CA" (ISO 3166)')
    from_app = table.flag("from_app", False)
    if table.flag("profiles", False):
        found = {**regional_rules(), **found}
    if found and not header and not from_app:
        table.missing("header", 'the request header that names the region, such as "CF-IPCountry"')
    if header and from_app:
        table.problem("from_app", "either this or header, not both")
    if header and not is_token(header):
        table.problem("header", 'the name of a request header, such as "CF-IPCountry"')
    rule = table.choice("rule", Rule, Rule.OPT_IN)
    table.done()
    return Region(rule=rule, header=header.lower(), from_app=from_app, rules=found)


def _categories(table: Table) -> tuple[Category, ...]:
    categories = {category.id: category for category in DEFAULT_CATEGORIES}
    for key in table:
        known = categories.get(key)
        if known and not known.necessary and table.is_false(key):
            del categories[key]
            continue
        entry = table.table(key)
        if not is_id(key):
            table.problem(key, "a name of lower-case letters, digits, - and _")
        label = known.label if known else ""
        description = known.description if known else ""
        categories[key] = Category(
            id=key,
            label=entry.said("label", label)
            or _required(entry, "label", "what the switch is called"),
            description=entry.said("description", description)
            or _required(entry, "description", "what the visitor switches on with it"),
            gpc=entry.flag("gpc", known.gpc if known else False),
        )
        entry.done()
    return tuple(categories.values())


def _required(table: Table, key: str, expected: str) -> str:
    table.missing(key, expected)
    return ""
