"""verify and scan on the command line: their options, and the files they leave.

Playwright and Pillow come with the extra `audit`; nothing here needs them before a command runs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from asgi_consent.errors import ConsentError
from asgi_consent.settings import load_settings

if TYPE_CHECKING:
    from asgi_consent.audit.inventory import Inventory
    from asgi_consent.audit.results import Report

Add = Callable[[Callable[[argparse.Namespace], int], str, str, str], argparse.ArgumentParser]

VISITS = ("silence", "refusal", "consent", "no-scripts", "gpc", "no-cookies")


class AuditError(ConsentError):
    """An audit cannot be carried out as it was asked for."""


def add_commands(add: Add) -> None:
    """Add both commands with `add`, which takes function, about, more, example."""
    command = add(
        _verify,
        "judge a site clause by clause with a real browser",
        "Comes as several people: one who says nothing, one who refuses, one who accepts and "
        "withdraws, one without JavaScript, one with Global Privacy Control, one without cookies. "
        "Exit 0: nothing failed; 1: something failed; 2: could not run; 130: interrupted. HAR and "
        "trace files hold addresses and cookies in full; the other reports leave values out.",
        "https://www.example.com/ --html report.html",
    )
    command.add_argument("urls", nargs="+", metavar="URL", help="pages of one site, entrance first")
    _add_common(command)
    command.add_argument(
        "--rule",
        choices=("opt-in", "opt-out"),
        default="opt-in",
        help="what the law where the visitor is says about silence (default: %(default)s)",
    )
    command.add_argument(
        "--pages", type=_count, default=2, metavar="N", help="pages visited (default: %(default)s)"
    )
    command.add_argument(
        "--wait",
        type=_seconds,
        default=2.0,
        metavar="SECONDS",
        help="how long nothing is said before that counts as silence (default: %(default)s)",
    )
    command.add_argument(
        "--identity",
        action="append",
        default=[],
        metavar="TEXT",
        help="personal data to look for in every store, also hashed; may be repeated",
    )
    command.add_argument(
        "--visit",
        action="append",
        choices=VISITS,
        help="make only this visit; may be repeated (default: all)",
    )
    command.add_argument(
        "--html", type=Path, metavar="FILE", help="write a report to read or print"
    )
    command.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML, for CI")
    command.add_argument("--har", type=Path, metavar="FOLDER", help="record every visit as HAR")
    command.add_argument("--trace", type=Path, metavar="FOLDER", help="record Playwright traces")
    command.add_argument(
        "--strict", action="store_true", help="exit 1 also if something could not be judged"
    )
    _add_scan(add)


def _add_scan(add: Add) -> None:
    command = add(
        _scan,
        "list what a site stores and whom it contacts, and draft a consent.toml",
        "Visits its pages in four states: fresh, rejected, accepted, withdrawn. robots.txt is "
        "respected. Ctrl-C ends it after the page it is at and leaves what was found. Exit 0: "
        "done; 1: --diff found something undeclared; 2: could not run; 130: interrupted.",
        "https://www.example.com/ --toml consent.toml",
    )
    command.add_argument("urls", nargs="+", metavar="URL", help="where to start, on one site")
    _add_common(command)
    command.add_argument(
        "--pages", type=_count, default=20, metavar="N", help="at most (default: %(default)s)"
    )
    command.add_argument(
        "--depth", type=_count, default=3, metavar="N", help="links away (default: %(default)s)"
    )
    command.add_argument(
        "--delay",
        type=_seconds,
        default=0.5,
        metavar="SECONDS",
        help="pause after each page (default: %(default)s)",
    )
    command.add_argument("--no-sitemap", action="store_true", help="follow links only")
    command.add_argument("--toml", type=Path, metavar="FILE", help="draft a consent.toml")
    command.add_argument(
        "--html", type=Path, metavar="FILE", help="write the list to read or print"
    )
    command.add_argument("--csv", type=Path, metavar="FILE", help="write the list as a table")
    command.add_argument(
        "--diff", metavar="FILE", help="a consent.toml: exit 1 if anything found is not in it"
    )


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", metavar="FILE", help="the consent.toml of the site")
    command.add_argument(
        "--allow-private",
        action="store_true",
        help="permit addresses of this machine and of private networks",
    )
    command.add_argument(
        "--insecure",
        action="store_true",
        help="take any certificate, as of a site that is not public yet",
    )
    command.add_argument(
        "--selector",
        action="append",
        default=[],
        metavar="KIND=CSS",
        help="where a control is, if it is not found: banner, accept, reject, settings, save, "
        "reopen or withdraw; may be repeated",
    )
    command.add_argument("--json", type=Path, metavar="FILE", help="write everything as JSON")
    command.add_argument("--quiet", action="store_true", help="do not say how far it is")


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, not {text}")
    return number


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 600:
        raise argparse.ArgumentTypeError(f"expected seconds from 0 to 600, not {text}")
    return number


def _verify(options: argparse.Namespace) -> int:
    need_extra()
    from asgi_consent.audit.asking import read_selectors
    from asgi_consent.audit.reports.terminal import Progress, verdict_lines
    from asgi_consent.audit.results import Verdict
    from asgi_consent.audit.verify import Plan, verify

    _of_one_site(options.urls)
    _can_write([options.html, options.json, options.junit])
    plan = Plan(
        urls=options.urls,
        settings=load_settings(options.config) if options.config else None,
        rule=options.rule,
        pages=options.pages,
        visits=options.visit or VISITS,
        silence=options.wait,
        allow_private=options.allow_private,
        insecure=options.insecure,
        selectors=read_selectors(options.selector),
        identities=tuple(options.identity),
        har=options.har,
        trace=options.trace,
    )
    progress = Progress(quiet=options.quiet)
    report = verify(plan, progress)
    progress.done()
    for line in verdict_lines(report, colour=sys.stdout.isatty()):
        print(line)
    for path in _write_reports(report, options):
        print(f"wrote {path}")
    if options.strict and report.code == 0 and report.with_verdict(Verdict.NOT_JUDGED):
        return 1
    return report.code


def _write_reports(report: Report, options: argparse.Namespace) -> Iterable[Path]:
    from asgi_consent.audit.reports.data import as_data
    from asgi_consent.audit.reports.junit import as_junit
    from asgi_consent.audit.reports.page import as_page

    if options.json:
        write(options.json, json.dumps(as_data(report), indent=1, ensure_ascii=False) + "\n")
        yield options.json
    if options.html:
        write(options.html, as_page(report))
        yield options.html
    if options.junit:
        write(options.junit, as_junit(report))
        yield options.junit


def _scan(options: argparse.Namespace) -> int:
    need_extra()
    from asgi_consent.audit.asking import read_selectors
    from asgi_consent.audit.reports import inventory as reports
    from asgi_consent.audit.reports.terminal import Progress
    from asgi_consent.audit.scan import ScanPlan, scan

    if options.diff and options.config:
        raise AuditError("--diff and --config name the same thing; give one of them")
    _of_one_site(options.urls)
    _can_write([options.html, options.json, options.csv, options.toml])
    declared = options.diff or options.config
    plan = ScanPlan(
        urls=options.urls,
        settings=load_settings(declared) if declared else None,
        pages=options.pages,
        depth=options.depth,
        delay=options.delay,
        sitemap=not options.no_sitemap,
        allow_private=options.allow_private,
        insecure=options.insecure,
        selectors=read_selectors(options.selector),
    )
    progress = Progress(quiet=options.quiet)
    inventory = scan(plan, progress)
    progress.done()
    for line in reports.lines(inventory):
        print(line)
    for path in _write_inventory(inventory, options):
        print(f"wrote {path}")
    if inventory.interrupted:
        return 130
    if not options.diff or not inventory.undeclared:
        return 0
    for find in inventory.undeclared:
        owner = f" ({find.ruling.service})" if find.ruling.service else ""
        print(f"not in {options.diff}: {find.kind} {find.name!a}{owner}", file=sys.stderr)
    return 1


def _write_inventory(inventory: Inventory, options: argparse.Namespace) -> Iterable[Path]:
    from asgi_consent.audit.drafting import draft
    from asgi_consent.audit.reports import inventory as reports

    data = json.dumps(reports.as_data(inventory), indent=1, ensure_ascii=False) + "\n"
    wanted: list[tuple[Path | None, Callable[[Inventory], str]]] = [
        (options.json, lambda found: data),
        (options.html, reports.as_page),
        (options.csv, reports.as_csv),
        (options.toml, draft),
    ]
    for path, make in wanted:
        if path:
            write(path, make(inventory))
            yield path


def need_extra() -> None:
    try:
        import bs4  # noqa: F401
        import PIL  # noqa: F401
        import playwright  # noqa: F401
    except ImportError as error:
        raise AuditError(
            f'this needs {error.name}: pip install "asgi-consent[audit]", then '
            "python -m asgi_consent.audit.browser --install"
        ) from None


def _of_one_site(urls: Iterable[str]) -> None:
    if len({url.split("/")[2:3] and url.split("/")[2] for url in urls}) > 1:
        raise AuditError("the pages must be of one site; run once for each site")


def _can_write(paths: Iterable[Path | None]) -> None:
    """Before minutes of work, not after. Raises AuditError."""
    for path in paths:
        if path is not None and not path.absolute().parent.is_dir():
            raise AuditError(f"{path} cannot be written: there is no folder {path.parent}")


def write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AuditError(f"{path} cannot be written: {error.strerror}") from None
