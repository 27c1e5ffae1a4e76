"""In which language a page's banner and placeholders are, as the browser gets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent import ConsentMiddleware
from asgi_consent.errors import SettingsError
from asgi_consent.settings import read_settings
from asgi_consent.types import App, Header
from tests.asgi import SECRET, SimpleApp, get, post
from tests.conftest import shop_settings
from tests.html.pages import cut, cuts

Protect = Callable[..., ConsentMiddleware]

DOCUMENT: Header = (b"sec-fetch-dest", b"document")
FRENCH: Header = (b"accept-language", b"fr-CH, fr;q=0.9, en;q=0.8")
PAGE = b"<!doctype html><html%s><head></head><body>text</body></html>"
GERMAN_FRAME = b'<!doctype html><html lang="de-AT"><body><iframe src="//t.example/"></iframe>'


def language_of(app: App, *headers: Header) -> str:
    html = get(app, headers=[DOCUMENT, *headers]).body.decode()
    return html.partition('<asgi-consent hidden data-nosnippet lang="')[2].partition('"')[0]


@pytest.mark.parametrize(
    ("html_tag", "language"),
    [
        (b" lang=de", "de"),
        (b" class=x lang='de-AT' dir=ltr", "de"),
        (b' LANG="pt-br"', "pt-BR"),
        (b" lang=ar", "ar"),
        (b"", "fr"),
        (b" lang=''", "fr"),
        (b" lang=eo", "fr"),
        (b" xml:lang=de", "fr"),
        (b" lang='" + b"d" * 5000 + b"'", "fr"),
    ],
)
def test_page_wins_over_what_the_browser_asks_for(
    protect: Protect, html_tag: bytes, language: str
) -> None:
    assert language_of(protect(SimpleApp(PAGE % html_tag)), FRENCH) == language


def test_language_in_a_comment_is_none(protect: Protect) -> None:
    page = b"<!-- <html lang=de> --><!doctype html><html lang=sv><body>text"

    assert language_of(protect(SimpleApp(page))) == "sv"


def test_content_language_counts_where_the_page_names_none(protect: Protect) -> None:
    headers = [(b"content-type", b"text/html"), (b"content-language", b"it")]
    app = protect(SimpleApp(PAGE % b"", headers=headers))

    assert language_of(app, FRENCH) == "it"
    assert language_of(protect(SimpleApp(PAGE % b" lang=de", headers=headers)), FRENCH) == "de"


def test_without_any_hint_it_is_english(protect: Protect) -> None:
    assert language_of(protect(SimpleApp(PAGE % b""))) == "en"


def test_page_that_is_kept_for_all_does_not_depend_on_the_browser(protect: Protect) -> None:
    headers = [(b"content-type", b"text/html"), (b"cache-control", b"public, max-age=60")]
    app = protect(SimpleApp(PAGE % b"", headers=headers), delivery="shared")
    claimed: Header = (b"x-consent-variant", b"new")

    answer = get(app, headers=[DOCUMENT, FRENCH, claimed])

    assert b"s-maxage=60" in (answer.first("cache-control") or b"")
    assert b"accept-language" not in (answer.first("vary") or b"")
    assert language_of(app, FRENCH, claimed) == "en"


def test_operator_fixes_the_language_or_the_list(protect: Protect) -> None:
    page = SimpleApp(PAGE % b" lang=de")

    assert language_of(protect(page, site={"language": "sv"}), FRENCH) == "sv"
    assert language_of(protect(page, site={"languages": ["it", "fr"]}), FRENCH) == "fr"
    assert language_of(protect(page, site={"languages": ["it", "el"]}), FRENCH) == "it"


@given(st.data())
def test_language_is_found_however_the_page_is_cut(data: st.DataObject) -> None:
    html = b"<!-- <html lang=fr> -->\n<!doctype html><html class=x lang=de><head></head><body>t"
    pieces = cut(html, data.draw(cuts(html)))
    app = ConsentMiddleware(SimpleApp(*pieces), settings=shop_settings(), secret_key=SECRET)

    assert language_of(app) == "de"


def test_placeholder_speaks_the_language_of_the_page(protect: Protect) -> None:
    app = protect(SimpleApp(GERMAN_FRAME))

    html = get(app, headers=[DOCUMENT]).body.decode()

    assert "Nicht geladen" in html
    assert "<html lang=&quot;de&quot; dir=&quot;ltr&quot;>" in html


def test_placeholder_is_not_remembered_for_another_language(protect: Protect) -> None:
    app = protect(SimpleApp(GERMAN_FRAME.replace(b' lang="de-AT"', b"")))

    french = get(app, headers=[DOCUMENT, FRENCH]).body.decode()
    swedish = get(app, headers=[DOCUMENT, (b"accept-language", b"sv")]).body.decode()

    assert "Non charg&#233;" in french
    assert "Inte laddat" in swedish


def test_page_kept_for_another_language_is_sent_again(protect: Protect) -> None:
    headers = [(b"content-type", b"text/html"), (b"etag", b'"1"')]
    inner = SimpleApp(PAGE % b"", headers=headers)
    app = protect(inner)
    answer = get(app, headers=[DOCUMENT, FRENCH])
    tag: Header = (b"if-none-match", answer.first("etag") or b"")

    get(app, headers=[DOCUMENT, FRENCH, tag])
    assert (b"if-none-match", b'W/"1", "1"') in inner.scope["headers"]
    get(app, headers=[DOCUMENT, tag])
    assert not any(name == b"if-none-match" for name, _ in inner.scope["headers"])
    assert b"accept-language" in (answer.first("vary") or b"")


def test_visitor_can_switch_on_the_preferences_page(protect: Protect) -> None:
    app = protect(SimpleApp())

    page = get(
        app, "/_consent/preferences", [FRENCH], query_string=b"lang=el&return=/a"
    ).body.decode()

    assert '<html lang="el"' in page
    assert '<option value="sv" lang="sv">Svenska</option>' in page
    assert '<input type="hidden" name="return" value="/a">' in page


def test_preferences_opened_from_a_page_are_in_its_language(protect: Protect) -> None:
    html = get(protect(SimpleApp(PAGE % b" lang=de")), headers=[DOCUMENT]).body.decode()

    assert "/_consent/preferences?lang=de&amp;return=" in html


def test_error_is_told_in_the_language_of_the_browser_or_the_form(protect: Protect) -> None:
    app = protect(SimpleApp())

    assert "Ici" not in get(app, "/_consent/nowhere").body.decode()
    assert "Rien ici" in get(app, "/_consent/nowhere", [FRENCH]).body.decode()
    answer = post(app, "/_consent/choice", b"choice=nonsense&lang=de")
    assert "Nicht verstanden" in answer.body.decode()
    assert '<p lang="en">' in answer.body.decode()


def test_operators_own_texts_come_in_the_language(protect: Protect) -> None:
    texts: dict[str, Any] = {
        "site": {"name": {"en": "The Shop", "de": "Der Laden"}},
        "categories": {"statistics": {"label": {"en": "Numbers", "de": "Zahlen"}}},
        "policy": {"url": {"en": "/privacy", "de": "/datenschutz"}},
    }
    html = get(protect(SimpleApp(PAGE % b" lang=de"), **texts), headers=[DOCUMENT]).body.decode()
    french = get(protect(SimpleApp(PAGE % b" lang=fr"), **texts), headers=[DOCUMENT]).body.decode()

    assert "Der Laden funktioniert ohne sie" in html
    assert ">Zahlen</legend>" in html
    assert 'href="/datenschutz"' in html
    assert "The Shop fonctionne sans eux" in french


def test_unknown_languages_are_named() -> None:
    with pytest.raises(SettingsError) as found:
        read_settings(
            {
                "site": {"languages": ["de", "xx"], "name": {"de": "Laden", "klingon": "x"}},
                "categories": {"statistics": {"label": {}}},
            }
        )

    said = str(found.value)
    assert '"xx" is none' in said
    assert "site.name.klingon" in said
    assert "categories.statistics.label" in said
    with pytest.raises(SettingsError, match="either language"):
        read_settings({"site": {"language": "de", "languages": ["de"]}})
