"""`asgi-consent proxy` and `asgi-consent serve`: from options to a server that runs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from asgi_consent.environment import SECRET_KEY_VARIABLE
from asgi_consent.errors import ConsentError
from asgi_consent.listening import address_of, listen
from asgi_consent.proxy.hops import Network, parse_networks
from asgi_consent.proxy.secret_file import keep_secret, usual_secret_file
from asgi_consent.settings import Settings, load_settings
from asgi_consent.types import App

_Number = TypeVar("_Number", int, float)

_EXTRA = 'pip install "asgi-consent[proxy]"'


class OptionError(ConsentError):
    """An option of `proxy` or `serve` cannot be carried out."""


def add_proxy_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("upstream", metavar="ADDRESS", help="of the site: https://www.example.com")
    _add_common_options(parser)
    site = parser.add_argument_group("the site behind it")
    site.add_argument(
        "--keep-host",
        action="store_true",
        help="ask the site under the name that visitors use; without it under that of ADDRESS, and "
        "Location, cookie domains, Origin and Referer are translated",
    )
    site.add_argument(
        "--timeout", type=float, default=60, metavar="SECONDS",
        help="for the next bytes of the site or of the visitor (default: %(default)g)",
    )  # fmt: skip
    site.add_argument(
        "--connect-timeout", type=float, default=10, metavar="SECONDS",
        help="for a connection to the site (default: %(default)g)",
    )  # fmt: skip
    site.add_argument(
        "--upstream-connections", type=int, default=256, metavar="N",
        help="to the site at once; more wait for one (default: %(default)s)",
    )  # fmt: skip
    site.add_argument(
        "--ca-file", type=Path, metavar="FILE",
        help="certificates to trust in place of the usual ones, for a site with one of its own",
    )  # fmt: skip


def add_serve_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIRECTORY", help="with the site's files")
    _add_common_options(parser)


def run_proxy(options: argparse.Namespace) -> int:
    settings = _settings(options)
    trusted = parse_networks(options.trust)
    try:
        from asgi_consent.proxy.build import proxy_app
        from asgi_consent.proxy.client import Limits
        from asgi_consent.proxy.origin import Origin
    except ImportError as error:
        raise OptionError(f"proxy needs {error.name}: {_EXTRA}") from None
    if options.ca_file and not options.ca_file.is_file():
        raise OptionError(f"--ca-file {options.ca_file}: there is no such file")
    limits = Limits(
        _positive(options.upstream_connections, "--upstream-connections"),
        _positive(options.connect_timeout, "--connect-timeout"),
        _positive(options.timeout, "--timeout"),
    )
    Origin.parse(options.upstream)

    def build(key: str | None) -> App:
        return proxy_app(
            options.upstream,
            settings,
            key,
            keep_host=options.keep_host,
            trusted=trusted,
            limits=limits,
            ca_file=options.ca_file,
        )

    return _run(build, options, f"in front of {options.upstream}", trusted)


def run_serve(options: argparse.Namespace) -> int:
    settings = _settings(options)
    trusted = parse_networks(options.trust)
    try:
        from asgi_consent.proxy.build import static_app
        from asgi_consent.proxy.static_site import check_folder
    except ImportError as error:
        raise OptionError(f"serve needs {error.name}: {_EXTRA}") from None
    check_folder(options.folder)

    def build(key: str | None) -> App:
        return static_app(options.folder, settings, key, trusted=trusted)

    return _run(build, options, f"the files of {options.folder}", trusted, dates=True)


def _add_common_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="a consent.toml (default: the defaults and the built-in catalogue)",
    )
    parser.add_argument(
        "--listen",
        default="127.0.0.1:8000",
        metavar="HOST:PORT",
        help="default: %(default)s; port 0 takes any free one",
    )
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="NETWORK",
        help="a proxy in front whose Forwarded and X-Forwarded-* count, such as 10.0.0.0/8; may be "
        "repeated (default: nobody's)",
    )
    parser.add_argument(
        "--connections", type=int, default=1000, metavar="N",
        help="of visitors at once; more get 503 (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--grace", type=int, default=30, metavar="SECONDS",
        help="that requests get to end in when it is stopped (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--secret-file",
        type=Path,
        metavar="FILE",
        help=f"where the secret key is kept if {SECRET_KEY_VARIABLE} is not set "
        "(default: a private file of yours)",
    )


def _run(
    build: Callable[[str | None], App],
    options: argparse.Namespace,
    what: str,
    trusted: tuple[Network, ...],
    *,
    dates: bool = False,
) -> int:
    try:
        from asgi_consent.proxy.server import Serving, serve
    except ImportError as error:
        raise OptionError(f"a server is needed, {error.name}: {_EXTRA}") from None
    serving = Serving(_positive(options.connections, "--connections"), options.grace, dates)
    listener = listen(*_host_and_port(options.listen), option="--listen")
    with listener:
        app = build(_secret_key(options))  # last, so that no mistake above leaves a new key behind
        shown = ", ".join(map(str, trusted)) or "nobody"
        print(
            f"{address_of(listener)} {what}\n"
            f"Forwarded headers are taken from {shown}. Ctrl-C stops it.",
            flush=True,
        )
        serve(app, listener, serving)
    return 0


def _settings(options: argparse.Namespace) -> Settings:
    return load_settings(options.config) if options.config else Settings()


def _secret_key(options: argparse.Namespace) -> str | None:
    """None where the environment has it."""
    if os.environ.get(SECRET_KEY_VARIABLE):
        if options.secret_file:
            raise OptionError(f"--secret-file: {SECRET_KEY_VARIABLE} is set as well; which one?")
        return None
    path: Path = options.secret_file or usual_secret_file()
    key, is_new = keep_secret(path)
    made = "made and kept in" if is_new else "read from"
    print(
        f"asgi-consent: the secret key was {made} {path}; several machines need the same one, as "
        f"{SECRET_KEY_VARIABLE}",
        file=sys.stderr,
    )
    return key


def _host_and_port(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise OptionError(f"--listen {text}: expected an address such as 127.0.0.1:8000")
    return host.removeprefix("[").removesuffix("]") or "0.0.0.0", int(port)


def _positive(value: _Number, option: str) -> _Number:
    if not value > 0:
        raise OptionError(f"{option} {value}: expected more than 0")
    return value
