"""Operators put templates of their own in the place of ours, and cannot make them unfair."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from asgi_consent import ConsentMiddleware
from asgi_consent.assets import TEMPLATES
from asgi_consent.cli import main
from asgi_consent.errors import SettingsError
from asgi_consent.languages import LANGUAGES
from asgi_consent.settings import load_settings
from tests.asgi import SECRET, SimpleApp, get

Theme = Callable[..., Path]
README = Path(__file__).parents[2] / "README.md"
FORM = '{% extends "asgi-consent/banner.html" %}'


@pytest.fixture
def theme(tmp_path: Path) -> Theme:
    """Writes templates, and a consent.toml that names their folder."""

    def write(**templates: str) -> Path:
        folder = tmp_path / "mine"
        folder.mkdir()
        for name, text in templates.items():
            (folder / f"{name}.html").write_text(text, encoding="utf-8")
        file = tmp_path / "consent.toml"
        file.write_text('[theme]\ntemplates = "mine"\n', encoding="utf-8")
        return file

    return write


def protected(file: Path) -> ConsentMiddleware:
    return ConsentMiddleware(
        SimpleApp(b"<body><p>site"), settings=load_settings(file), secret_key=SECRET
    )


def mistakes(file: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        protected(file)
    return [str(problem) for problem in caught.value.problems]


def test_a_block_is_filled_and_the_rest_stays_ours(theme: Theme) -> None:
    app = protected(theme(
        banner=FORM + '{% block heading %}A word & a biscuit?{% endblock %}'
        '{% block more %}<p>{% include "_note.html" %}</p>{% endblock %}',
        _note="{{ _('Accept all') }}: ask {{ site.name or 'us' }}",
        page='{% extends "asgi-consent/page.html" %}{% block footer %}<footer>Ours</footer>{% endblock %}',
    ))  # fmt: skip

    page = get(app, "/", [(b"accept-language", b"de")]).body.decode()

    assert "A word & a biscuit?</h2>" in page
    assert "<p>Alle annehmen: ask us</p>" in page
    assert page.count('value="reject"') == page.count('value="accept"') == 2
    for name in ("preferences", "declaration", "rights"):
        assert b"<footer>Ours</footer>" in get(app, f"/_consent/{name}").body


def test_what_is_kept_as_proof_is_what_was_shown(theme: Theme) -> None:
    app = protected(theme(banner=FORM + "{% block heading %}A biscuit?{% endblock %}"))

    page = get(app, "/").body.decode()
    shown = re.findall('name="shown" value="(.{64})"', page)

    document = get(app, f"/_consent/shown?hash={shown[0]}")
    assert "A biscuit?" in document.body.decode() or document.status == 404  # nobody has chosen yet
    banner = app._tools[app.settings.mode].banner
    kept = banner.shown.find(shown[0])
    assert kept is not None
    assert "A biscuit?" in kept.document


def test_ours_are_fair_in_every_language(theme: Theme) -> None:
    app = protected(theme())

    assert app.settings.site.languages == tuple(LANGUAGES)


_BOTH = '<a href="{{ preferences }}">Choose</a><form>%s</form>'
_NO = '<button name="choice" value="reject">No</button>'
_YES = '<button name="choice" value="accept">Yes</button>'


@pytest.mark.clause("C17")
@pytest.mark.parametrize(
    ("buttons", "said"),
    [
        (_YES, 'expected a button "reject" beside the one that says "accept"'),
        (_NO + _YES.replace("button ", 'button class="big" '), "differ in what they say alone"),
        (_NO.replace("button ", "button hidden ") + _YES, "differ in what they say alone"),
        (f"<small>{_NO}</small>{_YES}", "differ in what they say alone"),
        (_NO.replace("No", "<small>No</small>") + _YES, "differ in what they say alone"),
        (_NO.replace("button", "a") + _YES, 'expected a button "reject" beside'),
        (_NO + _YES + '<input type="checkbox" name="category" value="x" checked>', "ticked"),
        ("", "expected a button that withdraws"),
        ('<input type="submit" name="choice" value="accept">', 'expected a button "reject" beside'),
        (_NO + _YES + _YES.replace("button ", 'button class="big" '), "in what they say alone"),
        (_NO + _YES + '<input type="hidden" name="category" value="x">', "ticked"),
        (
            _NO + _YES + '<input type="checkbox" name="category" value="x" checked>'
            '<input type="checkbox" name="category" value="x">',
            "ticked",
        ),
        ('<input type="hidden" name="choice" value="accept"><button>OK</button>', "hidden field"),
        ((_NO + _YES).replace("button ", "button hidden "), "that can be seen and pressed"),
        ("{% if state.opt_in %}" + _NO + "{% endif %}" + _YES, 'expected a button "reject" beside'),
        ("{% if standalone %}" + _NO + "{% endif %}" + _YES, 'expected a button "reject" beside'),
        ("{% if not address %}" + _NO + "{% endif %}" + _YES, 'expected a button "reject" beside'),
    ],
)
def test_a_banner_that_favours_yes_is_refused(theme: Theme, buttons: str, said: str) -> None:
    found = mistakes(theme(banner=_BOTH % buttons))

    assert any(said in one for one in found), found
    assert all(one.startswith("theme.templates: is banner.html, expected ") for one in found)


@pytest.mark.parametrize(
    "buttons",
    [
        f"<ul><li>{_NO}<li>{_YES}</ul>",
        (_NO + _YES).replace('value="reject"', 'value="reject" id="no" data-test="n"'),
        _NO + _YES + '<input type="checkbox" name="category" value="necessary" checked disabled>',
    ],
)
def test_what_nobody_sees_may_differ(theme: Theme, buttons: str) -> None:
    protected(theme(banner=FORM + "{% block more %}<form>" + buttons + "</form>{% endblock %}"))


def test_notes_and_copies_of_an_editor_lie_beside_templates(theme: Theme) -> None:
    file = theme()
    for name in ("README.md", "banner.html~", "banner.html.orig", ".banner.html.swp"):
        (file.parent / "mine" / name).write_text("{% nothing")

    protected(file)


def test_what_was_looked_at_is_what_visitors_get(theme: Theme) -> None:
    file = theme(banner=FORM)
    app = protected(file)
    (file.parent / "mine" / "banner.html").write_text(_BOTH % _YES)

    page = get(app, "/", [(b"sec-gpc", b"1"), (b"accept-language", b"fi")]).body

    assert b'value="reject"' in page


def test_page_of_ours_that_cannot_be_rendered_is_an_answer_all_the_same(
    theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = protected(theme())
    monkeypatch.setattr(app._endpoints._banner, "page", None)

    answer = get(app, "/_consent/no-such")

    assert answer.status == 500
    assert b"nothing was changed" in answer.body


def test_a_banner_without_a_way_to_the_preferences_is_refused(theme: Theme) -> None:
    assert "a link to the preferences" in mistakes(theme(banner=f"<form>{_NO}{_YES}</form>"))[0]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("baner", "", 'theme.templates: is baner.html, expected the name of a template of ours, or '
         '_baner.html; did you mean "banner.html"?'),
        ("banner", "\n{% if %}", "theme.templates: is banner.html, line 2, expected a template"),
        ("rights", "\n\n{% block x %}", "theme.templates: is rights.html, line 3, expected a"),
        ("banner", FORM + "\n{% block more %}{{ sight.name }}{% endblock %}", "theme.templates: is "
         "banner.html, line 2, expected a template that can be rendered: 'sight' is undefined"),
        ("placeholder", "{{ nosuch }}", "theme.templates: is placeholder.html, line 1, expected a"),
        ("error", "\n{{ nosuch }}", "theme.templates: is error.html, line 2, expected a template"),
        ("rights", "{{ nosuch }}", "theme.templates: is rights.html, line 1, expected a template"),
        ("banner", FORM + "{% block more %}{% if not standalone %}{{ nosuch }}{% endif %}"
         "{% endblock %}", "theme.templates: is banner.html, line 1, expected a template"),
        ("banner", FORM + "{% block more %}{% if not state.opt_in %}{{ nosuch }}{% endif %}"
         "{% endblock %}", "theme.templates: is banner.html, line 1, expected a template"),
        ("preferences_form", "{{ 1 / 0 }}", "theme.templates: is preferences_form.html, line 1, "),
    ],
)  # fmt: skip
def test_a_mistake_in_a_template_is_told_with_its_line(
    theme: Theme, name: str, text: str, said: str
) -> None:
    found = mistakes(theme(**{name: text}))

    assert found[0].startswith(said)


def test_check_finds_it_before_the_app_starts(
    theme: Theme, capsys: pytest.CaptureFixture[str]
) -> None:
    file = theme(banner=_BOTH % _YES)

    assert main(["check", str(file)]) == 1

    assert 'expected a button "reject" beside' in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "consent.toml"
    file.write_text('[theme]\ntemplates = "mine"\n', encoding="utf-8")

    with pytest.raises(SettingsError, match=f"expected a folder; there is none at {tmp_path}/mine"):
        load_settings(file)


def test_readme_names_every_block_there_is() -> None:
    section = README.read_text(encoding="utf-8").partition("\n## Looks\n")[2].partition("\n## ")[0]
    told = {
        (file, block)
        for file, blocks in re.findall(r"^\| `(\w+)\.html` \| (.*?) \|", section, re.MULTILINE)
        for block in re.findall(r"`(\w+)`", blocks)
    }

    for name in ("banner", "preferences_form", "placeholder", "page"):
        text = (TEMPLATES / f"{name}.html").read_text(encoding="utf-8")
        there = {(name, block) for block in re.findall(r"{% block (\w+)", text)}
        assert {pair for pair in told if pair[0] == name} == there
