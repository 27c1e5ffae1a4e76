"""What stored things hold and how long they last."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from asgi_consent.audit.checks.findings import missing
from asgi_consent.audit.evidence import Evidence
from asgi_consent.audit.personal import personal_data
from asgi_consent.audit.results import Judgement, Proof, Result, failed, not_judged, passed
from asgi_consent.audit.stores import COOKIE
from asgi_consent.audit.traffic import SentCookie

_DAY = 24 * 3600
_LONGEST_CHOICE = 400 * _DAY  # RFC 6265bis section 5.5: browsers keep no cookie for longer
_TOLERANCE = 1.02  # clocks, leap days
_EMAIL = "an e-mail address"


def _holds(*, email: bool) -> Judgement:
    def judge(evidence: Evidence) -> Result:
        if not evidence.stages:
            return missing(evidence, "fresh")
        found: dict[str, Proof] = {}
        seen = 0
        for stage in evidence.stages.values():
            for item in stage.items:
                seen += 1
                kind = personal_data(f"{item.name}={item.value}", evidence.identities)
                if kind and (kind == _EMAIL) == email:
                    text = f"{item.kind} “{item.name}” of {item.host} holds {kind}"
                    found.setdefault(text, Proof(text, by=item.by, stage=stage.name))
        if found:
            return failed(f"{len(found)} things hold personal data", list(found.values()))
        return passed(f"{seen} stored values were read.")

    return judge


def lifetimes(evidence: Evidence) -> Result:
    judge = evidence.judge
    found: dict[str, Proof] = {}
    looked_at = 0
    for cookie in evidence.cookies:
        name, seconds = _lifetime(cookie)
        limit = _limit(evidence, name)
        own = judge.policy.is_own(urlsplit(cookie.url).hostname or "", judge.site_host)
        if limit is None or not own:
            continue
        looked_at += 1
        if seconds is not None and seconds > limit * _TOLERANCE:
            text = (
                f"cookie “{name}” is set for {_days(seconds)}, declared or allowed: {_days(limit)}"
            )
            found.setdefault(name, Proof(text, cookie.url, "a script" if cookie.by_script else ""))
    if found:
        return failed(f"{len(found)} cookies last too long", list(found.values()))
    if not looked_at:
        return not_judged("No cookie was set whose lifetime is declared.")
    return passed(f"{looked_at} declared lifetimes were kept.")


def _limit(evidence: Evidence, name: str) -> float | None:
    """The longest a cookie may last, in seconds; 0 for one that ends with the browser."""
    if any(fnmatchcase(name, pattern) for pattern in evidence.judge.choice_names):
        return _LONGEST_CHOICE
    for service in evidence.judge.policy.matcher.cookie(name):
        for pattern in service.cookies:
            if service.declared and fnmatchcase(name, pattern.name) and pattern.lifetime:
                duration = pattern.lifetime.duration
                return duration.total_seconds() if duration else 0.0
    return None


def _lifetime(cookie: SentCookie) -> tuple[str, float | None]:
    """Name and seconds of a Set-Cookie; None until the browser closes."""
    first, *rest = cookie.raw.split(";")
    attributes = {
        key.strip().lower(): value.strip()
        for key, _, value in (attribute.partition("=") for attribute in rest)
    }
    name = first.partition("=")[0].strip()
    try:
        if "max-age" in attributes:  # RFC 6265bis: it wins over Expires
            return name, float(int(attributes["max-age"]))
        expires = parsedate_to_datetime(attributes["expires"])
    except (KeyError, ValueError, TypeError, IndexError):
        return name, None
    expires = expires if expires.tzinfo else expires.replace(tzinfo=UTC)
    return name, (expires - datetime.fromtimestamp(cookie.at, UTC)).total_seconds()


def _days(seconds: float) -> str:
    if seconds == 0:
        return "until the browser closes"
    return f"{seconds / _DAY:.0f} days" if seconds >= _DAY else f"{seconds:.0f} s"


def secure(evidence: Evidence) -> Result:
    if urlsplit(evidence.url).scheme != "https":
        return not_judged("The pages came over http.")
    choices = {
        item.name: item
        for stage in evidence.stages.values()
        for item in stage.items
        if item.kind == COOKIE
        and any(fnmatchcase(item.name, pattern) for pattern in evidence.judge.choice_names)
    }
    if not choices:
        return not_judged("No cookie was seen that keeps the choice.")
    open_ = [name for name, item in choices.items() if not item.secure]
    if open_:
        return failed(f"Not marked Secure: {', '.join(open_)}.")
    return passed(f"Secure: {', '.join(choices)}.")


CONTENTS: dict[str, Judgement] = {
    "no-email": _holds(email=True),
    "no-personal-data": _holds(email=False),
    "lifetimes": lifetimes,
    "secure": secure,
}
