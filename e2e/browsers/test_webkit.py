"""A smoke test in WebKit: WebKitGTK's MiniBrowser, driven by Selenium on a screen of its own.

make test-browsers
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.bare_site import THIRD_PARTY, BareSite
from e2e.browsers.proxy import proxying
from e2e.world import SITE, Recorder, serving

_MINI_BROWSER = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), None)
_DRIVER = shutil.which("WebKitWebDriver")

pytestmark = [
    pytest.mark.skipif(
        not (_MINI_BROWSER and _DRIVER and shutil.which("Xvfb")), reason="no WebKitGTK or Xvfb here"
    ),
    # Selenium's own.
    pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def screen() -> Iterator[None]:
    """A display of our own; Xvfb picks a free number and tells it."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as told:
        number = told.readline().strip()
    before = os.environ.get("DISPLAY")
    os.environ["DISPLAY"] = f":{number}"
    yield
    if before is None:
        del os.environ["DISPLAY"]
    else:
        os.environ["DISPLAY"] = before
    server.terminate()
    server.wait(10)


@pytest.fixture
def driver(screen: None) -> Iterator[Any]:
    selenium = pytest.importorskip("selenium.webdriver")
    service = pytest.importorskip("selenium.webdriver.webkitgtk.service")
    with proxying() as port:
        options = selenium.WebKitGTKOptions()
        options.binary_location = str(_MINI_BROWSER)
        for argument in ("--automation", f"--proxy=http://127.0.0.1:{port}"):
            options.add_argument(argument)
        driver = selenium.WebKitGTK(options=options, service=service.Service(_DRIVER))
        driver.set_script_timeout(30)
        yield driver
        driver.quit()


_TRY = """
const t = arguments[0];
new Image().src = t + "/image";
document.body.insertAdjacentHTML("beforeend", `<img src=${t}/inner>`);
document.body.insertAdjacentHTML("beforeend", `<iframe src=${t}/frame></iframe>`);
fetch(t + "/fetch").catch(() => {});
const frame = document.body.appendChild(document.createElement("iframe"));
frame.contentWindow.fetch(t + "/realm").catch(() => {});
import(t + "/import").catch(() => {});
localStorage.odd = "1";
document.cookie = "odd=1";
return [localStorage.odd, document.cookie.includes("odd=1"), typeof consent.allows];
"""
_IN_BANNER = "return document.querySelector('asgi-consent').shadowRoot.querySelector(arguments[0])"


def test_banner_guard_and_policy_work(driver: Any) -> None:
    recorder = Recorder(BareSite())
    with serving(recorder) as port:
        driver.get(f"http://{SITE}:{port}/")

        answers = driver.execute_script(_TRY, f"http://{THIRD_PARTY}:{port}")
        assert answers == ["1", True, "function"]
        assert driver.get_cookies() == []

        banner = driver.execute_script(_IN_BANNER, "#banner")
        assert banner.is_displayed()
        driver.execute_script(_IN_BANNER + ".click()", "button[value=reject]")
        wait = pytest.importorskip("selenium.webdriver.support.wait")
        wait.WebDriverWait(driver, 30).until(lambda driver: driver.get_cookies())
        driver.get(f"http://{SITE}:{port}/next")
        assert [cookie["name"] for cookie in driver.get_cookies()] == ["asgi_consent"]
        assert driver.execute_script(_IN_BANNER, "#banner") is None
        assert driver.execute_script("return localStorage.odd") is None

    assert recorder.at(THIRD_PARTY) == []


def test_the_same_reaches_somebody_where_we_only_observe(driver: Any) -> None:
    """The control."""
    recorder = Recorder(BareSite(mode="observe"))
    with serving(recorder) as port:
        driver.get(f"http://{SITE}:{port}/")
        driver.execute_script(
            "window.consent = { allows() {} };" + _TRY, f"http://{THIRD_PARTY}:{port}"
        )

        for name in ("image", "inner", "frame", "fetch", "realm", "import"):
            assert recorder.wait_for(THIRD_PARTY, f"/{name}"), name
