"""What the documentation says is so. `make docs` builds it; nothing here needs MkDocs."""

from __future__ import annotations

import io
import json
import logging
import re
import shlex
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from docs.made import check_site
from docs.made.pages import PAGES, TABLES, with_tables
from docs.made.proofs import marked_tests
from docs.made.settings import keys_of_settings, words

from asgi_consent.audit.clauses import CLAUSES
from asgi_consent.cli import command_parser, main
from asgi_consent.ledger.export import csv_lines
from asgi_consent.ledger.records import Event, Method, canonical, read_record
from asgi_consent.settings import read_settings
from tests.asgi import SECRET

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PLUGIN = (ROOT / "middleware/asgi_consent/audit/plugin.py").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]
TEXTS = {
    path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(DOCS.rglob("*.md"))
}
MADE = {path: make() for path, make in PAGES.items()}
ALL = TEXTS | MADE


class Block(NamedTuple):
    """A fenced block: its title and text, and the line of the page that it begins in."""

    page: str
    line: int
    title: str
    text: str


def blocks(page: str, language: str) -> list[Block]:
    found = []
    for match in re.finditer(
        r'^( *)```(\w+)(?: title="([^"]*)")?\n(.*?)^\1```$', ALL[page], re.MULTILINE | re.DOTALL
    ):
        indent, named, title, text = match.groups()
        if named == language:
            line = ALL[page].count("\n", 0, match.start(4)) + 1
            text = re.sub(f"^{indent}", "", text, flags=re.MULTILINE)
            found.append(Block(page, line, title or "", text))
    return found


def every(language: str) -> list[Any]:
    found = [block for page in ALL for block in blocks(page, language)]
    return [pytest.param(block, id=f"{block.page}:{block.line}") for block in found]


# ---- code


@pytest.mark.parametrize("page", ALL)
def test_no_block_is_overlooked(page: str) -> None:
    for language in ("python", "toml", "yaml", "sh", "json"):
        fences = re.findall(rf"^ *[`~]{{3,}} *\{{?\.?{language}\b", ALL[page], re.MULTILINE)
        assert len(blocks(page, language)) == len(fences)


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Litestar takes the root logger for itself."""
    root = logging.getLogger()
    level, handlers = root.level, [*root.handlers]
    yield
    root.setLevel(level)
    root.handlers = handlers


@pytest.mark.usefixtures("own_logging")
@pytest.mark.parametrize("page", [page for page in TEXTS if blocks(page, "python")])
def test_python_of_a_page_runs_from_top_to_bottom(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "consent.toml").write_text("format = 1\n")
    (tmp_path / "mysite").mkdir()
    (tmp_path / "mysite/settings.py").write_text(
        'SECRET_KEY = "for tests"\nASGI_CONSENT = "consent.toml"\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("ASGI_CONSENT_SECRET_KEY", SECRET)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "mysite.settings")  # is gone afterwards

    names: dict[str, Any] = {"__name__": "docs"}
    for block in blocks(page, "python"):
        code = "\n" * (block.line - 1) + block.text
        exec(compile(code, f"docs/{page}", "exec", dont_inherit=True), names)


@pytest.mark.parametrize("block", every("toml"))
def test_every_settings_block_is_valid(block: Block) -> None:
    assert block.title == "consent.toml"
    read_settings(tomllib.loads(block.text))


@pytest.mark.parametrize("block", every("yaml"))
def test_every_workflow_is_yaml_whose_commands_exist(block: Block) -> None:
    workflow = yaml.safe_load(block.text)

    for job in workflow["jobs"].values():
        for step in job["steps"]:
            look_at_commands(step.get("run", ""))


@pytest.mark.parametrize("block", every("sh"))
def test_every_command_can_be_called_like_that(block: Block) -> None:
    look_at_commands(block.text)


def look_at_commands(script: str) -> None:
    for line in script.replace("\\\n", "").splitlines():
        program, *arguments = [*shlex.split(re.split(r"[|<>&]", line)[0]), ""]
        if program == "asgi-consent":
            parse(arguments[:-1])
        if program == "pytest":
            for option in re.findall(r"--c[a-z-]+", line):
                assert f'"{option}"' in PLUGIN, line
        for extras in re.findall(r"install .*\[([a-z,]+)\]", line):
            assert set(extras.split(",")) <= EXTRAS.keys(), line


def parse(arguments: list[str]) -> None:
    told = io.StringIO()
    try:
        with redirect_stderr(told):
            command_parser().parse_args(arguments)
    except SystemExit:
        pytest.fail(f"asgi-consent {shlex.join(arguments)}: {told.getvalue()}")


@pytest.mark.parametrize("page", TEXTS)
def test_what_is_named_in_running_text_exists(page: str) -> None:
    for target in re.findall(r"`make ([a-z-]+)", TEXTS[page]):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target
    for command in re.findall(r"`asgi-consent ((?:ledger |policy )?[a-z]+)[ `]", TEXTS[page]):
        assert f"# {command}\n" in MADE["reference/cli.md"], command
    for path in re.findall(r"[`\"]((?:deploy|e2e|tests|static)/[\w./-]+)", TEXTS[page]):
        assert (ROOT / path).exists(), path


def test_tutorial_quotes_what_check_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = blocks("tutorial.md", "toml")
    monkeypatch.chdir(tmp_path)
    Path("consent.toml").write_text(block.text, encoding="utf-8")

    assert main(["check"]) == 0
    assert f"```text\n{capsys.readouterr().out}```" in TEXTS["tutorial.md"]

    Path("consent.toml").write_text(block.text.replace('"preferences"', '"preference"'), "utf-8")
    assert main(["check"]) == 1
    assert f"```text\n{capsys.readouterr().out}```" in TEXTS["tutorial.md"]


# ---- what is made, and what must not fall behind


def test_every_key_of_the_settings_is_told() -> None:
    said, asked = words(), keys_of_settings()
    keys = {(table, key) for table, found in asked.items() for key in found}

    assert {one for one in keys if not said.keys.get(one)} == set()
    assert {one for one, text in said.keys.items() if text} - keys == set()
    assert {table for table in asked if not said.tables.get(table)} == set()


def test_every_command_is_told() -> None:
    for command in ("verify", "proxy", "ledger verify", "policy diff"):
        assert re.search(rf"^##+ {command}$", MADE["reference/cli.md"], re.MULTILINE)


def test_tables_are_filled_in() -> None:
    pages = {
        name: [p for p, text in TEXTS.items() if f"<!-- {name} -->" in text] for name in TABLES
    }

    assert pages == {
        "clauses": ["explanation/clauses.md"],
        "threats": ["explanation/threat-model.md"],
    }
    clauses = with_tables(TEXTS["explanation/clauses.md"])
    assert all(f"<span id={id_.lower()}>" in clauses for id_ in CLAUSES)
    assert f"{len(CLAUSES)} of them" in clauses
    claimed = {clause.id for clause in CLAUSES.values() if clause.check}
    assert claimed <= marked_tests("clause", "e2e").keys()


def test_record_is_told_as_it_is() -> None:
    page = TEXTS["reference/record.md"]
    (block,) = blocks("reference/record.md", "json")

    assert read_record(block.text).body() == canonical(json.loads(block.text))
    columns = set(next(csv_lines([])).strip().split(",")) - {"number", "hash"}
    rows = re.findall(r"^\| ((?:`[a-z-]+`(?:, )?)+) \|", page, re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}
    assert columns | {*Event} <= told
    assert {*Method} <= set(re.findall(r"`([a-z]+)`", page))


def test_navigation_names_every_page_once() -> None:
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))

    assert sorted(leaves(config["nav"])) == sorted(ALL)


def leaves(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    return [
        leaf for one in (nav.values() if isinstance(nav, dict) else nav) for leaf in leaves(one)
    ]


def test_what_is_put_in_from_files_is_there() -> None:
    for text in TEXTS.values():
        for path in re.findall(r'^--8<-- "(.*)"$', text, re.MULTILINE):
            assert (ROOT / path).is_file(), path


# ---- nothing from others


@pytest.mark.parametrize(
    "markup",
    [
        '<link rel=stylesheet href="https://fonts.googleapis.com/css?family=Roboto">',
        '<link rel=preconnect href="https://fonts.gstatic.com" crossorigin>',
        "<script src=https://cdn.jsdelivr.net/npm/mermaid></script>",
        "<img src=//img.shields.io/badge/x>",
        "<style>@import 'https://others.example/x.css'</style>",
        '<iframe src="https://www.youtube.com/embed/x"></iframe>',
    ],
)
def test_check_finds_what_is_loaded_from_others(markup: str, tmp_path: Path) -> None:
    policy = check_site.POLICY.decode() + '">'
    page = tmp_path / "index.html"
    page.write_text(f"<!doctype html><head>{policy}{markup}</head><a href=https://a.example>a</a>")
    assert len([*check_site.mistakes(page)]) == 1

    page.write_text(f"<!doctype html><head>{policy}</head><a href=https://a.example>a</a>")
    assert [*check_site.mistakes(page)] == []


def test_check_asks_for_the_policy_and_reads_style_sheets(tmp_path: Path) -> None:
    page, style = tmp_path / "index.html", tmp_path / "a.css"
    page.write_text("<!doctype html><p>hello")
    style.write_text("a{background:url( 'https://others.example/a.png')}b{background:url(b.png)}")

    assert [*check_site.mistakes(page)] == ["has no Content-Security-Policy"]
    assert [*check_site.mistakes(style)] == [
        "loads from others: url( 'https://others.example/a.png"
    ]
