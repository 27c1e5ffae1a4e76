"""The site's own scripts and the banner; browsers without cookies; visitors who want to know."""

from __future__ import annotations

import pytest

from e2e.conftest import Visit
from e2e.visitor import Visitor


@pytest.mark.clause("C17")
def test_site_may_ask_in_its_own_time(site: Visitor) -> None:
    site.page.add_init_script(
        "addEventListener('DOMContentLoaded', () => {}, { once: true });"
        "document.addEventListener('consent:request', (event) => event.preventDefault())"
    )
    site.opens("/")
    site.page.get_by_role("link", name="Cookie settings").wait_for()
    assert not site.banner.is_visible()
    assert site.state()["status"] == "unknown"

    site.page.evaluate("consent.open()")

    site.page.get_by_role("dialog", name="Your choices").wait_for()


def test_open_leads_to_the_preferences_once_a_choice_is_made(site: Visitor) -> None:
    site.opens("/")
    site.rejects()
    site.opens("/")

    with site.page.expect_navigation():
        site.page.evaluate("consent.open()")

    assert "/_consent/preferences" in site.page.url


def test_listener_can_be_taken_back(site: Visitor) -> None:
    site.opens("/")
    site.page.evaluate("""() => {
      window.heard = [];
      consent.on("change", () => heard.push("kept"));
      consent.on("change", () => heard.push("taken back"))();
    }""")

    site.rejects()

    assert site.page.evaluate("heard") == ["kept"]


@pytest.mark.threat("T27")
def test_interface_is_one_frozen_object(site: Visitor) -> None:
    site.opens("/")

    own = site.page.evaluate("""() => {
      const frame = document.body.appendChild(document.createElement("iframe"));
      const usual = new Set(Object.getOwnPropertyNames(frame.contentWindow));
      frame.remove();
      return Object.getOwnPropertyNames(window).filter((name) => !usual.has(name));
    }""")

    assert own == ["consent"]
    assert site.page.evaluate("Object.isFrozen(consent)")


@pytest.mark.threat("T28")
@pytest.mark.clause("C5")
def test_scripts_cannot_give_the_guard_other_rules(site: Visitor) -> None:
    site.opens("/")

    granted = site.page.evaluate("""async () => {
      const rules = { grants: ["marketing"], granted_services: [], cookies: [["*", 3]] };
      const address = URL.createObjectURL(new Blob([JSON.stringify(rules)]));
      const detail = { address };
      document.dispatchEvent(new CustomEvent("consent:renew", { detail }));
      await detail.renewed;
      const told = {};
      document.dispatchEvent(new CustomEvent("consent:ask", { detail: told }));
      told.grants.push("marketing");
      document.cookie = "odd=1";
      return consent.allows("marketing");
    }""")

    assert granted is False
    assert set(site.jar()) == set()


def test_site_with_a_consent_of_its_own_keeps_it(site: Visitor) -> None:
    site.opens("/?body=<script>var consent = 'own'</script>")

    assert site.page.evaluate("consent") == "own"
    site.rejects()


@pytest.mark.threat("T27")
@pytest.mark.clause("C5", "C16")
@pytest.mark.parametrize(
    "markup",
    [
        "<form name=fetch><input name=cookie></form><img name=body><form name=createElement>",
        "<form id=consent><input name=allows></form>",
        "<form><input name=getAttribute><input name=setAttribute><input name=localName></form>",
    ],
)
def test_names_in_the_page_confuse_nobody(site: Visitor, markup: str) -> None:
    site.opens("/?body=" + markup)

    site.page.evaluate("Element.prototype.setAttribute.call(document.forms[0], 'title', 'x')")
    site.page.evaluate("document.forms[0].innerHTML = '<b>x</b>'")
    site.page.evaluate("Object.getOwnPropertyDescriptor(Document.prototype, 'cookie')"
                       ".set.call(document, 'odd=1')")  # fmt: skip
    site.rejects()

    assert set(site.jar()) == {"asgi_consent"}


@pytest.mark.clause("C22", "C24")
def test_browser_that_keeps_no_cookies_is_told_once(profile: Visit) -> None:
    blocked = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    visitor: Visitor = profile(preferences=blocked)

    for path in ("/", "/journal", "/cameras/m1"):
        visitor.opens(path)
        visitor.page.get_by_text("Your browser keeps no cookies.").wait_for()
        assert not visitor.banner.is_visible()
    visitor.leaves()
    assert visitor.sent() == []


@pytest.mark.clause("C23")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_visitor_who_wants_it_is_reminded_on_every_page(visit: Visit, scripts: bool) -> None:
    visitor = visit(scripts=scripts)
    visitor.opens("/_consent/preferences?return=/journal")
    assert not visitor.page.get_by_text("In use:").is_visible()
    visitor.page.get_by_role("checkbox", name="Statistics").check()
    visitor.page.get_by_role("checkbox", name="Remind me").check()
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name="Save my choices").click()

    for path in ("/journal", "/", "/account"):
        visitor.opens(path)
        assert visitor.page.get_by_text("In use: Necessary and Statistics").is_visible()
    # One press changes it, a second ends the reminder.
    visitor.page.get_by_role("link", name="Cookie settings", exact=True).click()
    visitor.page.get_by_role("checkbox", name="Remind me").uncheck()
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name="Save my choices").click()
    visitor.opens("/")
    assert not visitor.page.get_by_text("In use:").is_visible()
