"""The cookie declaration as data: all that is declared, by category and service, in one language.

It is made from what the gate goes by, so it cannot say anything else. The preferences list the
same.
"""

from __future__ import annotations

from typing import Any

from asgi_consent.banner.translations import Language
from asgi_consent.banner.words import purpose_of
from asgi_consent.catalog.services import CookiePattern, Service
from asgi_consent.ours import own_service
from asgi_consent.policy import Category
from asgi_consent.settings import Settings


def services_of(settings: Settings, category: Category, *, secure: bool) -> list[Service]:
    """What is declared for a category, and what we keep ourselves; `secure`: over HTTPS."""
    ours = [own_service(settings, secure=secure)] if category.necessary else []
    return [*ours, *(one for one in settings.policy.declared if one.category == category.id)]


def declaration(settings: Settings, language: Language, *, secure: bool) -> dict[str, Any]:
    """As JSON has it; names of cookies and storage keys are patterns, `*` any run of characters."""
    policy, say = settings.policy, language.say
    revision = policy.revision
    return {
        "site": say(settings.site.name),
        "language": language.tag,
        "revision": revision.number,
        "effective": revision.effective.isoformat() if revision.effective else None,
        "policy": say(revision.url),
        "categories": [
            {
                "id": category.id,
                "name": say(category.label),
                "description": say(category.description),
                "necessary": category.necessary,
                "services": [
                    _service(service, language)
                    for service in services_of(settings, category, secure=secure)
                ],
            }
            for category in policy.categories
        ],
    }


def _service(service: Service, language: Language) -> dict[str, Any]:
    return {
        "id": service.id,
        "name": language.say(service.name),
        "vendor": service.vendor,
        "country": service.country,
        "purpose": language.say(purpose_of(service)),
        "privacy_policy": service.privacy_url,
        "cookies": [_cookie(cookie, language) for cookie in service.cookies],
        "storage": list(service.storage),
        "hosts": list(service.hosts),
    }


def _cookie(cookie: CookiePattern, language: Language) -> dict[str, str]:
    lifetime = language.lifetime(cookie.lifetime) if cookie.lifetime else ""
    return {
        "name": cookie.name,
        "lifetime": lifetime,
        "purpose": language.say(cookie.purpose),
    }
