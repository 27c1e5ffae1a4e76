"""What scripts write without consent is kept in no store, reads back, and makes nobody stumble."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from e2e.attempts import FRESH_REALMS
from e2e.visitor import CONSENT, Visitor

NECESSARY = {"basket"}

#: each writes what nobody has allowed, and gives what it then reads
WRITES: dict[str, str] = {
    "cookie": "(w.document.cookie = 'odd=1', w.document.cookie.includes('odd=1'))",
    "cookie-by-its-setter": "(Object.getOwnPropertyDescriptor(w.Document.prototype, 'cookie')"
    ".set.call(w.document, 'odd=1'), w.document.cookie.includes('odd=1'))",
    "cookie-store": "w.cookieStore.set('odd', '1').then(() => w.document.cookie.includes('odd=1'))",
    "cookie-store-object": "w.cookieStore.set({ name: 'odd', value: '1' })"
    ".then(() => w.document.cookie.includes('odd=1'))",
    "set-item": "(w.localStorage.setItem('odd', '1'), w.localStorage.getItem('odd') === '1')",
    "by-name": "(w.localStorage.odd = '1', w.localStorage.odd === '1')",
    "by-bracket": "(w.sessionStorage['odd'] = 1, w.sessionStorage['odd'] === '1')",
    "defined": "(Object.defineProperty(w.localStorage, 'odd', { value: '1' }),"
    " w.localStorage.odd === '1')",
    "by-the-prototype": "(w.Storage.prototype.setItem.call(w.localStorage, 'odd', '1'),"
    " w.Storage.prototype.getItem.call(w.localStorage, 'odd') === '1')",
    "session": "(w.sessionStorage.setItem('odd', '1'), w.sessionStorage.getItem('odd') === '1')",
    "assigned": "(Object.assign(w.localStorage, { odd: '1' }), w.localStorage.odd === '1')",
    "database": "new Promise((end) => { const r = w.indexedDB.open('odd', 3);"
    " r.onerror = () => end(r.error !== null); r.onsuccess = () => end(false) })",
    "cache": "w.caches.open('odd').then(() => false, (error) => error.name === 'SecurityError')",
    "worker": "w.navigator.serviceWorker.register('/push-worker.js')"
    ".then(() => false, (error) => error.name === 'SecurityError')",
}


@pytest.mark.clause("C5", "C7")
@pytest.mark.parametrize("realm", ["own", "frame", "frame-by-index"])
@pytest.mark.parametrize("write", WRITES)
def test_what_is_written_without_consent_is_nowhere_to_be_found(
    site: Visitor, write: str, realm: str
) -> None:
    site.opens("/")

    reads_back = site.page.evaluate(f"(async () => {{ const w = {FRESH_REALMS[realm]};"
                                    f" return await {WRITES[write]} }})()")  # fmt: skip

    assert reads_back is True
    assert site.stored() == set()
    registered = "navigator.serviceWorker.getRegistrations().then((all) => all.length)"
    assert site.page.evaluate(registered) == 0


@pytest.mark.clause("C4")
def test_what_is_necessary_is_really_stored(site: Visitor) -> None:
    site.opens("/")

    site.page.evaluate("localStorage.basket = 'camera'; sessionStorage.setItem('basket_2', 'film')")
    site.page.evaluate("document.cookie = 'basket=1'; caches.open('basket-files')")
    site.page.evaluate("new Promise((end) => indexedDB.open('basket-items').onsuccess = end)")

    assert site.items(local=True) == {"basket": "camera"}
    assert site.items(local=False) == {"basket_2": "film"}
    assert site.stored() == {"basket", "basket_2", "basket-files", "basket-items"}


def test_store_looks_like_any_other_to_scripts(site: Visitor) -> None:
    site.opens("/")

    seen: dict[str, Any] = site.page.evaluate("""() => {
      localStorage.basket = "1";
      localStorage.odd = "2";
      const seen = {
        keys: Object.keys(localStorage).sort(),
        length: localStorage.length,
        named: [localStorage.key(0), localStorage.key(1), localStorage.key(2)].sort(),
        json: JSON.parse(JSON.stringify(localStorage)),
        spread: { ...localStorage },
        missing: [localStorage.getItem("none"), localStorage.none],
        type: [localStorage instanceof Storage, `${localStorage}`],
        own: localStorage.hasOwnProperty("odd"),
      };
      try { localStorage.setItem("one") } catch (error) { seen.error = error.name }
      delete localStorage.odd;
      seen.deleted = localStorage.getItem("odd");
      localStorage.odd = "3";
      localStorage.clear();
      seen.cleared = localStorage.length;
      return seen;
    }""")

    both = {"basket": "1", "odd": "2"}
    assert seen == {
        "keys": ["basket", "odd"],
        "length": 2,
        "named": ["basket", None, "odd"],
        "json": both,
        "spread": both,
        "missing": [None, None],
        "type": [True, "[object Storage]"],
        "own": True,
        "error": "TypeError",
        "deleted": None,
        "cleared": 0,
    }
    assert site.stored() == set()


def test_change_in_another_tab_names_the_store_that_scripts_know(site: Visitor) -> None:
    site.opens("/")
    first = site.page
    first.evaluate(
        "addEventListener('storage',"
        " (e) => (window.heard = [e.key, e.storageArea === localStorage]))"
    )

    site.page = site.context.new_page()
    site.opens("/")
    site.page.evaluate("localStorage.basket = '1'")

    first.wait_for_function("window.heard")
    assert first.evaluate("window.heard") == ["basket", True]


@pytest.mark.clause("C9")
def test_name_of_the_window_carries_nothing_over(site: Visitor) -> None:
    site.opens("/")
    site.page.evaluate("window.name = 'x'.repeat(100)")

    site.opens("/next")

    assert site.page.evaluate("window.name") == ""


def test_scripts_can_talk_to_a_frame_of_somebody_else(site: Visitor) -> None:
    body = f'<iframe src="{site.address("/film", "films.localhost")}"></iframe>'
    site.opens("/?body=" + quote(body))
    site.accepts()
    site.waits_for("films.localhost", "/film")

    frame = "document.querySelector('iframe')"
    assert site.page.evaluate(f"{frame}.contentWindow.postMessage('play', '*')") is None
    assert site.page.evaluate(f"{frame}.contentDocument") is None
    assert site.page.evaluate(f"{frame}.contentWindow.length") == 0


@pytest.mark.clause("C9", "C51")
def test_withdrawal_empties_every_store_and_says_what_was_in_it(site: Visitor) -> None:
    site.opens("/")
    site.accepts()
    site.page.evaluate("""async () => {
      document.cookie = "films_1=1";
      localStorage.films_2 = "1";
      sessionStorage.films_3 = "1";
      await new Promise((end) => indexedDB.open("films_4").onsuccess = end);
      await caches.open("films_5");
      await navigator.serviceWorker.register("/push-worker.js");
    }""")
    assert site.stored() == {CONSENT, *(f"films_{n}" for n in range(1, 6))}

    site.withdraws()

    told = site.page.get_by_text("Removed from this browser")
    told.wait_for()
    text = told.text_content() or ""
    for name in ("films_1", "films_2", "films_3", "films_4", "films_5", "/push-worker.js"):
        assert name in text, name
    site.page.wait_for_function("indexedDB.databases().then((found) => !found.length)")
    site.page.wait_for_function("navigator.serviceWorker.getRegistrations().then((r) => !r.length)")
    assert site.stored() == {CONSENT}
