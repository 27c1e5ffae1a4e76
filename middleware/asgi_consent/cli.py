"""asgi-consent on the command line: each command calls one function.

Exit codes: 0 fine, 1 `check` found mistakes or `verify` faults, 2 bad usage or could not run.
Errors are one line on standard error.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, NoReturn
from urllib.parse import urlsplit

from asgi_consent.assets import TEMPLATES
from asgi_consent.audit.commands import add_commands
from asgi_consent.banner.render import Banner
from asgi_consent.catalog.telling import KINDS, as_json, classified, one_line, search
from asgi_consent.catalog.urls import Base, resolve
from asgi_consent.dark_patterns import dark_patterns
from asgi_consent.decision import Decision, Grants, Page
from asgi_consent.errors import ConsentError, SettingsError
from asgi_consent.html.gating import Gating
from asgi_consent.html.rewriter import Rewriter
from asgi_consent.ledger_commands import add_ledger_command
from asgi_consent.policy import Policy
from asgi_consent.policy_commands import add_policy_command
from asgi_consent.proxy.command import add_proxy_options, add_serve_options, run_proxy, run_serve
from asgi_consent.settings import Settings, load_settings
from asgi_consent.version import __version__

_FILE = "consent.toml"
_CONFIG_HELP = "a consent.toml (default: the defaults and the built-in catalogue)"
_PIECE = 64 * 1024
_begins_absolute = re.compile(r"\s*(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?[/\\]{2}").match


class UsageError(ConsentError):
    """A command was called in a way it cannot be carried out."""


def main(arguments: Sequence[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a terminal cannot show is spelt out
            stream.reconfigure(errors="backslashreplace")
    options = command_parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        if sys.stdin is None or sys.stdout is None:
            raise UsageError("standard input and output must be open")
        code = command(options)
        sys.stdout.flush()
        return code
    except SettingsError as error:
        print(error, file=sys.stderr)
    except ConsentError as error:
        print(f"asgi-consent: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        # Whoever read may have enough: then it is nobody's mistake.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if isinstance(error, BrokenPipeError):
            return 0
        print(f"asgi-consent: {error.strerror}", file=sys.stderr)
    return 2


class _Parser(argparse.ArgumentParser):
    """One line for a mistake, instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help explains\n")


def command_parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    parser = _Parser(
        prog="asgi-consent",
        description="Cookie consent that is enforced on the server.",
        epilog="Start with: asgi-consent demo",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(
        function: Callable[[argparse.Namespace], int], about: str, more: str, example: str
    ) -> argparse.ArgumentParser:
        name = function.__name__.removeprefix("run").strip("_")
        command = commands.add_parser(
            name,
            help=about,
            description=f"{about[0].upper()}{about[1:]}. {more}",
            epilog=f"example: asgi-consent {name} {example}",
        )
        command.set_defaults(command=function)
        return command

    init = add(
        _init, "write a commented consent.toml", "It overwrites no file unless told to.", "my.toml"
    )
    init.add_argument("path", nargs="?", default=_FILE, metavar="FILE", help="default: %(default)s")
    init.add_argument("--force", action="store_true", help="overwrite FILE if it is there")

    check = add(
        _check,
        "find every mistake in a consent.toml",
        "Prints a line for each: file, key, value, what was expected. Exit 1 if there is any.",
        "consent.toml",
    )
    check.add_argument("path", nargs="?", metavar="FILE", help=f"default: {_FILE}")
    check.add_argument("--config", metavar="FILE", help="the same as FILE")

    demo = add(
        _demo,
        "serve a demonstration site with its own third parties",
        "Everything runs on this machine; nothing leaves it.",
        "--port 8080",
    )
    demo.add_argument("--host", default="127.0.0.1", help="where to listen (default: %(default)s)")
    demo.add_argument(
        "--port", type=int, default=8000, help="default: %(default)s; 0 takes any free one"
    )
    demo.add_argument("--config", metavar="FILE", help="a consent.toml in place of the demo's own")

    proxy = add(
        run_proxy,
        "stand in front of a site in any language",
        "The site itself stays as it is: what passes through is gated, and the banner put in.",
        "https://www.example.com --config consent.toml --listen 127.0.0.1:8000",
    )
    add_proxy_options(proxy)

    serve = add(
        run_serve,
        "serve a folder of files, gated",
        "For sites made of files: index pages, addresses without .html, its own 404.html.",
        "public/ --listen 127.0.0.1:8000",
    )
    add_serve_options(serve)

    rewrite = add(
        _rewrite,
        "gate HTML: from standard input to standard output",
        "Shows what a visitor with the given grants would be sent, without the banner.",
        "--url https://shop.example/ --grant statistics < page.html",
    )
    rewrite.add_argument("--config", metavar="FILE", help=_CONFIG_HELP)
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
        help="address of the page: tells its own hosts from others; without it all are foreign",
    )

    classify = add(
        _classify,
        "say which service URLs, cookies and storage keys belong to",
        "Reads lines `url …`, `cookie …` or `storage …`; writes one JSON object for each: "
        "kind, value, service, vendor, category; null where unknown.",
        "< lines.txt",
    )
    classify.add_argument("--config", metavar="FILE", help=_CONFIG_HELP)

    catalogue = add(
        _catalogue,
        "search what is known of services, or show one",
        "`search` finds words in ids, names, vendors, hosts and cookies; `show` prints all that is "
        "known of the service with an id, as JSON.",
        "search hotjar",
    )
    catalogue.add_argument("action", choices=("search", "show"))
    catalogue.add_argument("words", nargs="+", metavar="WORD", help="words to find, or an id")
    catalogue.add_argument("--config", metavar="FILE", help=_CONFIG_HELP)
    add_commands(add)
    add_ledger_command(commands)
    add_policy_command(commands)
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
    path = options.path or options.config or _FILE
    try:
        settings = load_settings(path)
        Banner(settings)  # finds mistakes in templates
        if found := list(dark_patterns(settings)):
            raise SettingsError(path, found)
    except SettingsError as error:
        if error.unreadable:
            raise
        print(error)
        count = len(error.problems)
        print(f"{count} mistake{'' if count == 1 else 's'} in {path}", file=sys.stderr)
        return 1
    policy = settings.policy
    optional = ", ".join(sorted(policy.optional)) or "none"
    print(
        f"{path}: no mistakes. Mode {settings.mode}, policy revision "
        f"{policy.revision.number}, {len(policy.declared)} services declared, "
        f"{len(policy.services)} known, optional categories: {optional}"
    )
    told = {service.category for service in policy.declared}
    if empty := sorted(policy.optional - told):
        print(
            f"{path}: note: visitors are asked for {', '.join(empty)}, and no [[services]] is "
            f"listed there; {empty[0]} = false below [categories] would take one out"
        )
    return 0


def _demo(options: argparse.Namespace) -> int:
    try:
        from asgi_consent.demo.serve import serve_demo
    except ImportError as error:
        raise UsageError(f'the demo needs {error.name}: pip install "asgi-consent[demo]"') from None
    settings = load_settings(options.config) if options.config else None
    serve_demo(options.host, options.port, settings)
    return 0


def _rewrite(options: argparse.Namespace) -> int:
    settings = _settings(options.config)
    base = _page_base(options.url)
    decision = Decision(settings.policy, grants=_grants(options.grant, settings.policy))
    banner = Banner(settings)
    gating = Gating(
        decision,
        Page(base.host, (base,)),
        lambda verdict, host, language: banner.placeholder(
            verdict.service, verdict.category, host, "", banner.language(language)
        ),
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
        if not kind or kind.startswith("#"):
            continue
        if kind not in KINDS or not value:
            shown = ascii(f"{kind} {value}".strip()[:60])
            raise UsageError(
                f'line {number}: expected "url", "cookie" or "storage" and a value, not {shown}'
            )
        sys.stdout.buffer.write(classified(policy.matcher, kind, value).encode() + b"\n")
        sys.stdout.buffer.flush()
    return 0


def _catalogue(options: argparse.Namespace) -> int:
    policy = _settings(options.config).policy
    if options.action == "show":
        (id_, *more) = options.words
        service = policy.services.get(id_) or policy.tail.service(id_)
        if service is None or more:
            raise UsageError(
                f"show {' '.join(options.words)}: expected the id of one service; "
                "asgi-consent catalogue search WORD finds it"
            )
        print(as_json(service))
        return 0
    found = [one_line(s) for s in search(options.words, policy.services, policy.tail)]
    print(*found, sep="\n", end="\n" * bool(found))
    if not found:
        raise UsageError(f"nothing in the catalogue has {' and '.join(options.words)}")
    return 0


def _lines(stream: IO[bytes]) -> Iterator[tuple[str, str]]:
    for line in stream:
        words = line.decode("utf-8", "replace").removeprefix("\ufeff").split(None, 1)
        kind, value = (*words, "", "")[:2]
        yield kind, value.strip()


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
        readable = parts.port != 0 and parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        readable = None
    target = resolve(url, Base())
    if not readable or target is None or any(char.isspace() for char in url):
        raise UsageError(f"--url {url}: expected an address such as https://www.example.com/page")
    return Base(parts.scheme, target.host, target.path)


if __name__ == "__main__":
    raise SystemExit(main())
