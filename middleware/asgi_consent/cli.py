"""asgi-consent on the command line: each command calls one function.

Exit codes: 0 fine, 1 `check` found mistakes, 2 bad usage. Errors are one line on standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from asgi_consent import __version__
from asgi_consent.assets import TEMPLATES
from asgi_consent.banner.render import Banner
from asgi_consent.catalog.services import Service
from asgi_consent.catalog.urls import Base, resolve
from asgi_consent.decision import Decision, Grants, Page
from asgi_consent.errors import ConsentError, SettingsError
from asgi_consent.html.gating import Gating
from asgi_consent.html.rewriter import Rewriter
from asgi_consent.policy import Policy
from asgi_consent.settings import Settings, load_settings

_PIECE = 64 * 1024
_begins_absolute = re.compile(r"\s*(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?[/\\]{2}").match


class UsageError(ConsentError):
    """A command was called in a way it cannot be carried out."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except SettingsError as error:
        print(error, file=sys.stderr)
    except ConsentError as error:
        print(f"asgi-consent: {error}", file=sys.stderr)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read has enough
        return 0
    except KeyboardInterrupt:
        return 130
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="asgi-consent",
        description="Cookie consent that is enforced on the server.",
        epilog="Start with: asgi-consent demo",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(
        name: str, function: Callable[[argparse.Namespace], int], about: str, more: str
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name, help=about, description=f"{about[0].upper()}{about[1:]}. {more}"
        )
        command.set_defaults(command=function)
        return command

    init = add(
        "init",
        _init,
        "write a commented consent.toml",
        "It never overwrites a file unless told to.",
    )
    init.add_argument(
        "path", nargs="?", default="consent.toml", metavar="FILE", help="default: consent.toml"
    )
    init.add_argument("--force", action="store_true", help="overwrite FILE if it is there")

    check = add(
        "check",
        _check,
        "find every mistake in a consent.toml",
        "Prints one line for each: file, key, value, what was expected. Exit 1 if there is any.",
    )
    check.add_argument(
        "path", nargs="?", default="consent.toml", metavar="FILE", help="default: consent.toml"
    )

    demo = add(
        "demo",
        _demo,
        "serve a demonstration site with its own third parties",
        "Everything runs on this machine; nothing leaves it.",
    )
    demo.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    demo.add_argument(
        "--port",
        type=int,
        default=8000,
        help="port to listen on (default: %(default)s; 0 for any free one)",
    )

    rewrite = add(
        "rewrite",
        _rewrite,
        "gate HTML: from standard input to standard output",
        "Shows what a visitor with the given grants would be sent, without the banner.",
    )
    rewrite.add_argument(
        "--config",
        metavar="FILE",
        help="a consent.toml (default: the defaults and the built-in catalogue)",
    )
    rewrite.add_argument(
        "--grant",
        action="append",
        default=[],
        metavar="CATEGORY",
        help="a category or service that is granted; may be repeated",
    )
    rewrite.add_argument(
        "--url",
        metavar="PAGE_URL",
        help="address of the page: tells its own hosts from third parties",
    )

    classify = add(
        "classify",
        _classify,
        "say which service URLs, cookies and storage keys belong to",
        "Reads lines `url …`, `cookie …` or `storage …`; writes one JSON object for each: "
        "kind, value, service, vendor, category; null where unknown.",
    )
    classify.add_argument(
        "--config",
        metavar="FILE",
        help="a consent.toml (default: the defaults and the built-in catalogue)",
    )
    return parser


# ---- commands


def _init(options: argparse.Namespace) -> int:
    path = Path(options.path)
    try:
        with path.open("w" if options.force else "x", encoding="utf-8") as file:
            file.write((TEMPLATES / "consent.toml").read_text(encoding="utf-8"))
    except FileExistsError:
        raise UsageError(f"{path} is there already; --force overwrites it") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    print(f"wrote {path}; next: edit it, then asgi-consent check {path}")
    return 0


def _check(options: argparse.Namespace) -> int:
    if not Path(options.path).is_file():
        raise UsageError(f"{options.path} is not there; asgi-consent init writes a starter file")
    try:
        settings = load_settings(options.path)
    except SettingsError as error:
        print(error)
        count = len(error.problems)
        print(f"{count} mistake{'' if count == 1 else 's'} in {options.path}", file=sys.stderr)
        return 1
    policy = settings.policy
    optional = ", ".join(sorted(policy.optional))
    print(
        f"{options.path}: no mistakes. Mode {settings.mode}, policy revision "
        f"{policy.revision.number}, {len(policy.declared)} services declared, "
        f"{len(policy.services)} known, optional categories: {optional}"
    )
    return 0


def _demo(options: argparse.Namespace) -> int:
    try:
        from asgi_consent.demo.serve import serve_demo
    except ImportError as error:
        raise UsageError(f'the demo needs {error.name}: pip install "asgi-consent[demo]"') from None
    serve_demo(options.host, options.port)
    return 0


def _rewrite(options: argparse.Namespace) -> int:
    settings = _settings(options.config)
    base = _page_base(options.url)
    decision = Decision(settings.policy, grants=_grants(options.grant, settings.policy))
    banner = Banner(settings)
    gating = Gating(
        decision,
        Page(base.host, base),
        lambda service, host: banner.placeholder(service, host, ""),
        lambda element, verdict, url: None,
    )
    rewriter = Rewriter(gating)
    out = sys.stdout.buffer
    for piece in iter(lambda: os.read(sys.stdin.fileno(), _PIECE), b""):
        out.write(rewriter.feed(piece))
        out.flush()
    out.write(rewriter.close())
    out.flush()
    return 0


def _classify(options: argparse.Namespace) -> int:
    policy = _settings(options.config).policy
    for number, (kind, value) in enumerate(_lines(sys.stdin.buffer), 1):
        find = _FINDERS.get(kind)
        if find is None:
            raise UsageError(f'line {number}: expected "url", "cookie" or "storage" and a value')
        service = next(iter(find(policy, value)), None)
        answer = {
            "kind": kind,
            "value": value,
            "service": service.id if service else None,
            "vendor": service.vendor if service else None,
            "category": service.category if service else None,
        }
        print(json.dumps(answer, ensure_ascii=False), flush=True)
    return 0


def _lines(stream: IO[bytes]) -> Iterator[tuple[str, str]]:
    for line in stream:
        kind, _, value = line.decode("utf-8", "replace").rstrip("\r\n").partition(" ")
        yield kind, value.strip()


def _services_of_url(policy: Policy, value: str) -> tuple[Service, ...]:
    absolute = value if _begins_absolute(value) else "//" + value  # www.example.com/path
    target = resolve(absolute, Base())
    return policy.matcher.url(target) if target else ()


_FINDERS: dict[str, Callable[[Policy, str], tuple[Service, ...]]] = {
    "url": _services_of_url,
    "cookie": lambda policy, value: policy.matcher.cookie(value),
    "storage": lambda policy, value: policy.matcher.storage(value),
}


# ---- what several commands read


def _settings(path: str | None) -> Settings:
    return load_settings(path) if path else Settings()


def _grants(names: list[str], policy: Policy) -> Grants:
    categories = policy.categories_of(names)
    services = policy.services_among(names)
    known = {category.id for category in policy.categories} | services
    for name in names:
        if name not in known:
            raise UsageError(
                f"--grant {name}: no such category or service; categories: "
                f"{', '.join(category.id for category in policy.categories)}"
            )
    return Grants(categories, services)


def _page_base(url: str | None) -> Base:
    if url is None:
        return Base()
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removesuffix(".")
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https"):
        raise UsageError(f"--url {url}: expected an address such as https://www.example.com/page")
    return Base(parts.scheme, host, parts.path or "/")


if __name__ == "__main__":
    raise SystemExit(main())
