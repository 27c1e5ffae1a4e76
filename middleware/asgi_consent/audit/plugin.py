"""A pytest plugin: people with browsers as fixtures, and the clauses that tests prove.

    pytest --consent-url https://www.example.com          your tests, on that site
    pytest --pyargs asgi_consent.audit --consent-url …    every check of `asgi-consent verify`

Loaded by pytest wherever the package is installed: what it needs is imported when a fixture is
used. It shares the `playwright` of pytest-playwright, which bears no second one in its process.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from asgi_consent.audit.clauses import CLAUSES

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

    from asgi_consent.audit.session import Person
    from asgi_consent.audit.visitor import Visitor
    from asgi_consent.audit.wall import Wall
    from asgi_consent.settings import Settings


def pytest_addoption(parser: pytest.Parser) -> None:
    options = parser.getgroup("asgi-consent", "cookie consent")
    options.addoption("--consent-url", metavar="URL", help="the site that is tested")
    options.addoption("--consent-config", metavar="FILE", help="its consent.toml")
    options.addoption(
        "--consent-rule", choices=("opt-in", "opt-out"), default="opt-in", help="default: opt-in"
    )
    options.addoption(
        "--consent-allow-private",
        action="store_true",
        help="permit addresses of this machine and of private networks",
    )
    options.addoption("--consent-insecure", action="store_true", help="take any certificate")
    options.addoption(
        "--consent-selector",
        action="append",
        default=[],
        metavar="KIND=CSS",
        help="where a control of the banner is, if it is not found",
    )
    options.addoption("--clauses", action="store_true", help="print clause → tests → result")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "clause(*ids): the clauses of a cookie policy that a test proves, such as C18"
    )


# ---- fixtures


@pytest.fixture(scope="session")
def consent_site(pytestconfig: pytest.Config) -> str:
    """The address of the site, from --consent-url. A project may override this fixture."""
    url = pytestconfig.getoption("--consent-url")
    if not url:
        raise pytest.UsageError("--consent-url URL says which site is tested")
    return str(url)


@pytest.fixture(scope="session")
def consent_settings(pytestconfig: pytest.Config) -> Settings:
    """What the site declares, from --consent-config; else the catalogue alone."""
    from asgi_consent.settings import Settings, load_settings

    path = pytestconfig.getoption("--consent-config")
    return load_settings(path) if path else Settings()


@pytest.fixture(scope="session")
def consent_playwright(request: pytest.FixtureRequest) -> Iterator[Playwright]:
    try:
        yield request.getfixturevalue("playwright")
        return
    except pytest.FixtureLookupError:
        pass
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def consent_wall(pytestconfig: pytest.Config, consent_site: str) -> Iterator[Wall]:
    from asgi_consent.audit.addresses import port_of, read_site
    from asgi_consent.audit.wall import wall

    allowed = bool(pytestconfig.getoption("--consent-allow-private"))
    site = read_site(consent_site, allow_private=allowed)
    ports, insecure = frozenset((port_of(site),)), pytestconfig.getoption("--consent-insecure")
    with wall(allow_private=allowed, ports=ports, insecure=bool(insecure)) as built:
        yield built


@pytest.fixture
def new_visitor(
    pytestconfig: pytest.Config,
    consent_site: str,
    consent_settings: Settings,
    consent_playwright: Playwright,
    consent_wall: Wall,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Visitor]]:
    """A function that makes a fresh person: `new_visitor(gpc=True, scripts=False, …)`, with the
    fields of `asgi_consent.audit.session.Person`."""
    from urllib.parse import urlsplit

    from asgi_consent.audit.asking import consent_tools, read_selectors
    from asgi_consent.audit.judging import Judge
    from asgi_consent.audit.session import Person, Session
    from asgi_consent.audit.visitor import Visitor

    sessions: list[Session] = []
    selectors = read_selectors(pytestconfig.getoption("--consent-selector"))
    kept = {name for tool in consent_tools() for name in tool.get("store", ())}

    def make(**how: Any) -> Visitor:
        folder = tmp_path_factory.mktemp("visitor")
        person: Person = Person(**how)
        sessions.append(Session(consent_playwright, consent_wall, folder, person))
        judge = Judge(consent_settings.policy, urlsplit(consent_site).hostname or "", set(kept))
        return Visitor(sessions[-1], consent_site, judge, selectors)

    yield make
    for session in sessions:
        session.close()


@pytest.fixture
def visitor(new_visitor: Callable[..., Visitor]) -> Visitor:
    """A fresh person with a browser and an empty profile."""
    return new_visitor()


# ---- clauses


def marked(item: pytest.Item, name: str) -> list[str]:
    """The arguments of all marks of this name on a test."""
    found = [str(id_) for marker in item.iter_markers(name) for id_ in marker.args]
    return list(dict.fromkeys(found))


def clauses_of(item: pytest.Item) -> list[str]:
    return marked(item, "clause")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for id_ in clauses_of(item):
            if id_ not in CLAUSES:
                raise pytest.UsageError(f"{item.nodeid}: there is no clause {id_}")
            item.user_properties.append(("clause", id_))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if not config.getoption("--clauses"):
        return
    results = results_of(terminalreporter, "clause")
    terminalreporter.section("clauses")
    for clause in CLAUSES.values():
        tests = results.get(clause.id, {})
        verdict = verdict_of(tests) or ("not run" if clause.check else "not covered")
        terminalreporter.write_line(f"{clause.id:<4} {verdict:<12} {clause.claim}")
        for test, outcome in sorted(tests.items()):
            terminalreporter.write_line(f"     {outcome:<12}   {test}")


def results_of(terminalreporter: Any, name: str) -> dict[str, dict[str, str]]:
    """For each argument of marks of this name the tests that ran, and how they ended."""
    results: dict[str, dict[str, str]] = defaultdict(dict)
    for outcome in ("passed", "failed", "skipped", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            for key, value in getattr(report, "user_properties", ()):
                if key == name:
                    test = report.nodeid.partition("::")[2]
                    results[value][test] = "failed" if outcome == "error" else outcome
    return results


def verdict_of(tests: dict[str, str]) -> str:
    """One word for all of them; none where there are no tests."""
    for outcome in ("failed", "skipped", "passed"):
        if outcome in tests.values():
            return outcome
    return ""
