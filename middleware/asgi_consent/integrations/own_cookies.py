"""A framework's own cookies, under the names the app gives them, as declared and necessary.

Nobody declares what the framework sets for itself, and a cookie that nobody declared is dropped: a
renamed session cookie would sign everybody out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from asgi_consent.catalog.services import NECESSARY, CookiePattern, Service
from asgi_consent.settings import Settings

_ID = "site-framework"


def with_own_cookies(settings: Settings, names: Iterable[str]) -> Settings:
    """The settings with these cookies as necessary, but for those that they name already."""
    policy = settings.policy
    known = {
        cookie.name
        for service in policy.services.values()
        if service.declared or service.category == NECESSARY
        for cookie in service.cookies
    }
    own = [name for name in dict.fromkeys(names) if name and name not in known]
    if not own:
        return settings
    service = Service(
        id=_ID,
        name="Sign-in and forms",
        vendor=settings.site.name,
        category=NECESSARY,
        purpose="Keeps you signed in and your forms safe",
        cookies=tuple(map(CookiePattern, own)),
        declared=True,
    )
    services = {**policy.services, _ID: service}
    return replace(settings, policy=replace(policy, services=services))
