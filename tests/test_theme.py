"""Operators choose how the banner looks, and cannot make it unreadable or unfair."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest
import tinycss2  # type: ignore[import-untyped]
from hypothesis import example, given
from hypothesis import strategies as st

from asgi_consent.banner.static_files import files_of
from asgi_consent.errors import SettingsError
from asgi_consent.settings import read_settings
from asgi_consent.theme import Layout, Theme
from tests.asgi import SimpleApp, get
from tests.test_declaration import Protect


def mistakes(**theme: Any) -> list[str]:
    try:
        read_settings({"theme": theme})
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_layout_stands_in_the_banner(protect: Protect) -> None:
    for layout in Layout:
        page = get(protect(SimpleApp(b"<body>"), theme={"layout": layout})).body
        assert b'class="banner %s"' % layout.encode() in page


def test_colours_reach_every_style_sheet_under_an_address_of_its_own(protect: Protect) -> None:
    usual, green = (
        protect(SimpleApp(b"<body>"), **more)
        for more in ({}, {"theme": {"light": {"button": "#0B5D4F"}}})
    )
    for name in ("banner.css", "page.css", "placeholder.css"):
        assert b"--consent-button: #0b5d4f;" in get(green, f"/_consent/{name}").body
        assert b"--consent-button: #1c1d21;" in get(usual, f"/_consent/{name}").body

    addresses = [re.findall(rb"banner\.css\?v=\w+", get(app, "/").body) for app in (usual, green)]
    assert addresses[0] != addresses[1]


def test_a_scheme_is_kept_whatever_the_visitors_system_says() -> None:
    for scheme, paper in (("light", "#ffffff"), ("dark", "#1d1f24")):
        css = read_settings({"theme": {"scheme": scheme}}).theme.css()
        assert re.findall("--consent-(?:paper|scheme): ([^;]*)", css) == [paper, scheme]
        assert "@media" not in css


@pytest.mark.parametrize(
    ("colours", "said"),
    [
        ({"soft": "#777"}, 'soft "#777" and paper "#ffffff"'),
        ({"button": "#767676", "button_ink": "#999"}, 'button_ink "#999" and button "#767676"'),
        ({"button": "#ccc", "button_ink": "#000"}, 'button "#ccc" and paper "#ffffff"'),
        ({"focus": "#ddd"}, 'focus "#ddd" and ground "#f4f4f2"'),
        ({"soft": "#707070"}, 'soft "#707070" and the ground of placeholders'),
    ],
)
def test_colours_that_not_everybody_can_read_are_mistakes(
    colours: dict[str, str], said: str
) -> None:
    found = mistakes(light=colours)

    assert any(said in one for one in found), found
    assert all(one.startswith("theme.light.") and "WCAG" in one for one in found)


def test_contrast_is_that_of_wcag() -> None:
    """#767676 on white is known for being just enough, 4.54:1, #777777 for not, 4.48:1."""
    ground = {"ground": "#fff", "ink": "#000"}
    (found,) = [one for one in mistakes(light={**ground, "soft": "#777777"}) if "paper" in one]
    assert "it is 4.48:1" in found
    assert not any("paper" in one for one in mistakes(light={**ground, "soft": "#767676"}))


@pytest.mark.parametrize(
    ("theme", "said"),
    [
        ({"layout": "popup"}, 'theme.layout: is "popup", expected one of "bar", "card", "dialog"'),
        ({"radius": 99}, "theme.radius: is 99, expected a whole number of pixels, at most 28"),
        ({"light": {"paper": "red"}}, 'theme.light.paper: is "red", expected a colour such as'),
        ({"light": {"accept": "#0f0"}}, "theme.light.accept: unknown key"),
    ],
)
def test_a_mistake_is_told_in_one_line(theme: dict[str, Any], said: str) -> None:
    (found,) = mistakes(**theme)
    assert found.startswith(said)


_WORDS = st.text(alphabet=" ,;:{}()/\\*'\"<>@ab-é\n", max_size=20)


@pytest.mark.threat("T12")
@pytest.mark.parametrize("font", ["Exo 2", "Source Sans 3, serif", "inherit, serif", "initial"])
def test_font_that_browsers_would_drop_is_a_mistake(font: str) -> None:
    with pytest.raises(SettingsError, match=r"theme\.font.*in quotes"):
        read_settings({"theme": {"font": font}})
    assert read_settings({"theme": {"font": "'Exo 2', Georgia, serif"}}).theme.font


@given(font=_WORDS, colour=_WORDS)
@example(font="a;}*{color:red", colour="#fff;}")
@example(font='"a', colour="#ffff")
@example(font="a\n", colour="#fff\n")
def test_no_setting_can_end_the_declaration_it_stands_in(font: str, colour: str) -> None:
    plain = Theme().css()
    try:
        css = read_settings({"theme": {"font": font, "light": {"line": colour}}}).theme.css()
    except SettingsError:
        return
    assert shape(css) == shape(plain)
    assert "\\" not in css
    assert "<" not in css


def shape(css: str) -> list[tuple[str, list[str]]]:
    """The rules with the names of what they declare."""
    return [
        (
            rule.type,
            [
                one.name if one.type == "declaration" else one.type
                for one in tinycss2.parse_blocks_contents(rule.content, skip_whitespace=True)
            ],
        )
        for rule in tinycss2.parse_stylesheet(css, skip_whitespace=True)
    ]


def test_a_theme_costs_next_to_nothing() -> None:
    sheet = files_of(Theme())["banner.css"].body
    assert len(gzip.compress(sheet, 9, mtime=0)) <= 3.0 * 1024
