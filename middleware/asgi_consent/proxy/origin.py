"""The site behind the proxy: scheme, host and port, told apart from every other address."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from asgi_consent.errors import ConsentError

_PORTS = {"http": 80, "https": 443}


class UpstreamAddressError(ConsentError):
    """The address of the site is none."""


@dataclass(frozen=True, slots=True)
class Origin:
    """https://www.rfc-editor.org/rfc/rfc6454; host in lower case, without brackets."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, address: str) -> Origin:
        """An address such as https://www.example.com:8443 with nothing after it. Raises
        UpstreamAddressError."""
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError:
            parts, port = None, None
        good = parts is not None and parts.scheme in _PORTS and parts.hostname and port != 0
        if parts is None or not good or any(char.isspace() for char in address):
            raise UpstreamAddressError(
                f"{address}: expected the address of a site, such as https://www.example.com"
            )
        if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
            raise UpstreamAddressError(
                f"{address}: expected scheme, host and port only; the path comes from the visitor"
            )
        assert parts.hostname
        return cls(parts.scheme, parts.hostname.lower(), port or _PORTS[parts.scheme])

    @property
    def authority(self) -> str:
        """As a Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"

    def path_of(self, url: str) -> str | None:
        """What follows the origin in an absolute URL that leads to this site; None elsewhere. The
        other scheme's default port is the same site: it redirects there, or from there."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return None
        scheme = parts.scheme or self.scheme
        if scheme not in _PORTS or (parts.hostname or "").lower() != self.host:
            return None
        port = port or _PORTS[scheme]
        usual = port == _PORTS[scheme] and self.port == _PORTS[self.scheme]
        if port != self.port and not usual:
            return None
        return url[url.index("//") + 2 + len(parts.netloc) :]
