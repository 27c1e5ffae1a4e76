"""After a yes everything that was held back runs in the order of the page, one failing or not."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import quote

import pytest

from e2e.visitor import Visitor

RELOAD = {"activation": "reload"}
IN_PLACE = {"activation": "in-place"}
_RICH = "(window.order ??= []).push('rich')"
_DIGEST = base64.b64encode(hashlib.sha256(_RICH.encode()).digest()).decode()

#: {f} is a service that is granted with marketing
PAGE = f"""
<script>window.order = []</script>
<script src="{{f}}/slow/slow"></script>
<script src="{{f}}/say/fast"></script>
<script data-consent="marketing">order.push("inline")</script>
<script data-consent="marketing">throw new Error("on purpose")</script>
<script src="{{f}}/missing/one"></script>
<script defer src="{{f}}/say/deferred"></script>
<script type="module" src="{{f}}/say/module"></script>
<script nomodule src="{{f}}/say/never"></script>
<script id="rich" data-own="1" crossorigin="anonymous" integrity="sha256-{_DIGEST}"
  src="{{f}}/say/rich"></script>
<script data-consent="marketing">
  document.write("<p id=written>w</p><script src={{f}}/say/written><" + "/script>");
  document.addEventListener("DOMContentLoaded", () => order.push("ready"));
  addEventListener("load", () => order.push("loaded"));
</script>
<script data-consent="marketing">order.push("last")</script>
"""


def opens(site: Visitor, page: str) -> None:
    body = page.replace("{f}", site.address("", "films.localhost"))
    site.opens("/?body=" + quote(body))


@pytest.mark.clause("C34")
@pytest.mark.parametrize("site", [RELOAD, IN_PLACE], indirect=True, ids=["reload", "in-place"])
def test_scripts_run_in_the_order_of_the_page(site: Visitor) -> None:
    opens(site, PAGE)
    assert site.page.evaluate("order") == []

    site.presses("Accept all")
    site.page.wait_for_function("order.includes('loaded')")

    assert site.page.evaluate("order") == [
        *("slow", "fast", "inline", "rich", "written", "last"),
        *("deferred", "module", "ready", "loaded"),
    ]
    assert site.page.locator("#written").text_content() == "w"
    assert site.page.get_by_role("heading", name="Site").is_visible()  # nothing was emptied
    rich = "[rich.dataset.own, rich.crossOrigin, rich.integrity.slice(0, 6)]"
    assert site.page.evaluate(f"(() => {{ const rich = document.querySelector('#rich');"
                              f" return {rich} }})()") == ["1", "anonymous", "sha256"]  # fmt: skip


@pytest.mark.parametrize("site", [IN_PLACE], indirect=True)
def test_script_that_never_arrives_holds_up_the_others_for_ten_seconds(site: Visitor) -> None:
    site.page.clock.install()
    opens(site, '<script src="{f}/hang/one"></script><script src="{f}/say/after"></script>')
    site.presses("Accept all")
    site.waits_for("films.localhost", "/hang/one")
    assert site.page.evaluate("window.order") is None

    site.page.clock.fast_forward(10_000)

    site.page.wait_for_function("window.order?.includes('after')")
    site.leaves()  # so that the server need not wait for it


@pytest.mark.parametrize("site", [IN_PLACE], indirect=True)
def test_page_stays_as_it_is_and_is_told_what_changed(site: Visitor) -> None:
    opens(site, '<input aria-label="Name"><script src="{f}/say/film"></script>')
    site.page.evaluate("window.stayed = true; window.heard = []")
    site.page.evaluate("consent.on('change', (state) => heard.push(...state.categories)), 0")
    site.page.get_by_label("Name").fill("Ines")

    site.presses("Accept all")
    site.page.wait_for_function("window.order?.includes('film')")

    assert site.page.evaluate("window.stayed")
    assert site.page.evaluate("heard.includes('marketing')")
    assert site.page.evaluate("consent.allows('films')")
    assert site.page.get_by_label("Name").input_value() == "Ines"


@pytest.mark.parametrize("site", [IN_PLACE], indirect=True)
def test_what_a_script_inserts_later_starts_as_well(site: Visitor) -> None:
    opens(site, "<p>x</p>")
    site.presses("Accept all")

    site.page.evaluate("""() => {
      const held = document.createElement("script");
      held.type = "text/plain";
      held.dataset.consent = "marketing";
      held.textContent = "window.started = 'later'";
      document.body.append(held);
    }""")

    site.page.wait_for_function("window.started === 'later'")


@pytest.mark.parametrize("site", [IN_PLACE], indirect=True)
def test_pictures_and_frames_appear_where_they_were(site: Visitor) -> None:
    opens(
        site,
        '<img src="{f}/p.gif"><iframe src="{f}/film" width="300" height="200"></iframe>'
        '<p style="background:url({f}/b.gif)">b</p><link rel="stylesheet" href="{f}/s.css">',
    )

    site.presses("Accept all")

    for path in ("/p.gif", "/film", "/b.gif", "/s.css"):
        site.waits_for("films.localhost", path)
    assert site.page.locator("[data-consent-gated]").count() == 0


@pytest.mark.parametrize("site", [IN_PLACE], indirect=True)
def test_single_service_starts_only_what_is_its_own(site: Visitor) -> None:
    opens(
        site,
        '<script src="{f}/say/film"></script>'
        "<script data-consent=\"statistics\">order.push('counted')</script>",
    )
    site.page.get_by_role("link", name="Choose").click()
    site.page.locator("details", has_text="Films").locator("summary").click()
    site.page.get_by_role("checkbox", name="Films").check()

    site.presses("Save my choices")

    site.page.wait_for_function("window.order?.includes('film')")
    assert site.page.evaluate("order") == ["film"]


_SVG = "<svg><script href='{f}/say/svg'>(window.order ??= []).push('its text')</script></svg>"


@pytest.mark.parametrize("site", [RELOAD, IN_PLACE], indirect=True, ids=["reload", "in-place"])
def test_script_of_an_svg_runs_neither_its_text_nor_too_early(site: Visitor) -> None:
    """A browser runs the text of a script that has lost its address."""
    opens(site, _SVG)
    assert site.page.evaluate("window.order ?? []") == []
    assert not site.recorder.at_third_parties()

    site.presses("Accept all")
    site.page.wait_for_function("window.order?.length")

    assert site.page.evaluate("order") == ["svg"]


_MADE = """
<script>
  window.order = [];
  const made = (change) => {
    const script = document.createElement("script");
    script.text = "order.push('its text')";
    change(script);
    document.head.append(script);
  };
  made((script) => { script.type = "text/javascript"; script.src = "{f}/say/first" });
  made((script) => { script.src = "{f}/say/second"; script.type = "text/javascript" });
  made((script) => {
    script.setAttribute("src", "{f}/say/third");
    script.setAttribute("type", "module");
  });
  document.write("<script src='{f}/say/fourth'>order.push('its text')</" + "script>");
  document.head.append(document.createRange().createContextualFragment(
    "<script src='{f}/say/fifth'>order.push('its text')</" + "script>"));
</script>
<script>
  window.types = [...document.querySelectorAll("[data-consent-src]")].map(({ type }) => type);
</script>
"""


@pytest.mark.parametrize("site", [IN_PLACE], indirect=True)
def test_script_that_a_script_makes_runs_neither_its_text_nor_too_early(site: Visitor) -> None:
    opens(site, _MADE)
    assert site.page.evaluate("order") == []
    assert sorted(site.page.evaluate("types")) == [
        *("", "", "module", "text/javascript", "text/javascript")
    ]
    assert not site.recorder.at_third_parties()

    site.presses("Accept all")
    site.page.wait_for_function("order.length === 5")

    assert sorted(site.page.evaluate("order")) == ["fifth", "first", "fourth", "second", "third"]


@pytest.mark.parametrize("site", [IN_PLACE], indirect=True)
def test_script_that_is_given_an_allowed_address_after_all_has_its_type_back(site: Visitor) -> None:
    opens(site, "")
    site.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.type = "module";
          script.src = "https://films.localhost/of/nobody.js";
          window.first = [script.getAttribute("type"), script.dataset.consentSrc];
          script.src = "/own.js";
          window.then = [script.type, script.getAttribute("type"), script.dataset.consentSrc ?? ""];
        }"""
    )

    assert site.page.evaluate("first") == ["text/plain", "https://films.localhost/of/nobody.js"]
    assert site.page.evaluate("then") == ["module", "module", ""]
