"""The whole product in front of a site or a folder, as one ASGI app."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.proxy.client import Client, Limits
from asgi_consent.proxy.forwarder import Forwarder
from asgi_consent.proxy.front import Front
from asgi_consent.proxy.headers import Mapping
from asgi_consent.proxy.hops import Network
from asgi_consent.proxy.origin import Origin
from asgi_consent.proxy.pages import Pages
from asgi_consent.proxy.static_site import StaticSite
from asgi_consent.settings import Settings
from asgi_consent.types import App

SecretKey = str | Iterable[str] | None


def proxy_app(
    upstream: str,
    settings: Settings,
    secret_key: SecretKey = None,
    *,
    keep_host: bool = False,
    trusted: tuple[Network, ...] = (),
    limits: Limits = Limits(),  # noqa: B008 - frozen
    ca_file: Path | None = None,
) -> App:
    """`upstream` is an address such as https://www.example.com. Raises UpstreamAddressError,
    SecretKeyError."""
    origin = Origin.parse(upstream)
    policy = settings.policy
    # Pages name their own files by the site's real name, whatever the visitor calls it.
    own = replace(policy, own_hosts=(*policy.own_hosts, origin.host))
    pages = Pages(settings.site.name)
    connect = partial(Client, origin, limits, ca_file)
    forwarder = Forwarder(connect, Mapping(origin, keep_host), pages, limits.read)
    return Front(
        ConsentMiddleware(forwarder, replace(settings, policy=own), secret_key), pages, trusted
    )


def static_app(
    folder: Path,
    settings: Settings,
    secret_key: SecretKey = None,
    *,
    trusted: tuple[Network, ...] = (),
) -> App:
    """Raises FolderError, SecretKeyError."""
    pages = Pages(settings.site.name)
    site = StaticSite(folder, pages)
    return Front(ConsentMiddleware(site, settings, secret_key), pages, trusted)
