"""A page that the browser builds before anybody has asked for it is a page like any other.

Playwright's browsers build none ahead of time, so this one is started without it: its pages report
to their own server, whose log is the truth here as everywhere.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Playwright

from e2e.bare_site import BareSite
from e2e.conftest import FLAGS, WALL, executable
from e2e.world import SITE, Recorder, serving

_BUILT_AHEAD = """<script>
  // What is stored under this name is necessary: the page that waits hears of it.
  const says = (path) => navigator.sendBeacon(path);
  if (document.prerendering) {
    localStorage.basket_built = Date.now();
    document.cookie = "films_1=1";
    document.addEventListener("prerenderingchange", () => {
      const { shadowRoot } = document.querySelector("asgi-consent");
      says(`/shown-with/${document.cookie.includes("films_1=") ? "shadow" : "nothing"}`);
      const look = () =>
        shadowRoot.getElementById("banner") ? setTimeout(look, 20) : says("/asks-no-more");
      look();
    });
  } else says("/never-built-ahead");
</script><img src="{f}/p.gif"><script src="{f}/say/one"></script>
<script>new Image().src = "{f}/made"; navigator.sendBeacon("{f}/told")</script>"""

_WAITS = """<script>
  addEventListener("storage", async ({ key }) => {
    if (key !== "basket_built") return;
    %s
    location.href = %s;
  });
  const next = { source: "list", urls: [%s], eagerness: "immediate" };
  const ask = () => {
    if (localStorage.basket_built) return;
    document.querySelector("script[type=speculationrules]")?.remove();
    const rules = document.createElement("script");
    rules.type = "speculationrules";
    rules.text = JSON.stringify({ prerender: [next] });
    document.head.append(rules);
    setTimeout(ask, 2000);  // a browser that has just started may decline the first time
  };
  ask();
</script>"""
_ANY_MEMORY = "--disable-features=Prerender2MemoryControls"  # a busy machine builds ahead, too
_SAYS_NO = """await fetch("/_consent/choice", {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams({ choice: "reject" }),
    });"""


@contextmanager
def _following(playwright: Playwright, folder: Path, first: str = "") -> Iterator[Recorder]:
    """A browser opens a page, which does `first` once the next one has been built, and follows."""
    recorder = Recorder(BareSite())
    with serving(recorder) as port:
        films = f"http://films.localhost:{port}"
        url = json.dumps("/next?body=" + quote(_BUILT_AHEAD.replace("{f}", films)))
        start = f"http://{SITE}:{port}/?body=" + quote(_WAITS % (first, url, url))
        command = [str(executable(playwright, full=True)), "--headless=new", *FLAGS]
        command += [
            _ANY_MEMORY,
            f"--host-resolver-rules={WALL}",
            f"--user-data-dir={folder}",
            start,
        ]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield recorder
        finally:
            browser.terminate()
            browser.wait(timeout=30)


def test_page_built_ahead_of_time_stores_and_sends_nothing(
    playwright: Playwright, tmp_path: Path
) -> None:
    with _following(playwright, tmp_path) as recorder:
        assert recorder.wait_for(SITE, "/shown-with/shadow")

    assert not [arrival for arrival in recorder.arrivals if arrival.path == "/never-built-ahead"]
    assert recorder.at_third_parties() == []


@pytest.mark.clause("C20")
def test_page_built_before_a_no_does_not_ask_again(playwright: Playwright, tmp_path: Path) -> None:
    with _following(playwright, tmp_path, first=_SAYS_NO) as recorder:
        assert recorder.wait_for(SITE, "/asks-no-more")

    assert recorder.at_third_parties() == []
