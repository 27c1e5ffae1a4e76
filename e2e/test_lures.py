"""A yes is a person's own doing: no frame of another site and no script makes one unseen."""

from __future__ import annotations

import pytest

from e2e.conftest import Visit
from e2e.visitor import CONSENT, Visitor

PRESSES = """addEventListener("load", () => document.querySelector("asgi-consent").shadowRoot
    .querySelector("button[value=accept]")?.click())"""


@pytest.mark.threat("T30")
def test_press_of_a_script_is_recorded_as_one(visit: Visit) -> None:
    person, script = visit(), visit()
    person.opens()
    person.accepts()
    script.page.add_init_script(PRESSES)  # what tests evaluate counts as a person's doing
    script.opens()
    script.page.get_by_role("status").first.wait_for()

    assert '"method": "banner"' in receipt_of(person)
    assert '"method": "api"' in receipt_of(script)


def receipt_of(visitor: Visitor) -> str:
    return visitor.page.request.get(visitor.address("/_consent/receipt?as=json")).text()


@pytest.mark.threat("T29")
def test_page_in_a_frame_of_another_site_has_nothing_to_press(visit: Visit) -> None:
    visitor = visit()
    visitor.opens("/", host="lab.localhost")
    visitor.page.set_content(
        f'<iframe id=site src="{visitor.address("/")}" width=900 height=700></iframe>'
        f'<iframe id=choice src="{visitor.address("/_consent/preferences")}"></iframe>'
    )
    site, choice = (visitor.page.frame_locator(f"#{name}") for name in ("site", "choice"))

    site.get_by_role("heading").first.wait_for()
    assert site.locator("asgi-consent").count() == 0
    assert choice.locator("form").count() == 0


@pytest.mark.threat("T29", "T1")
def test_choice_posted_in_a_frame_of_another_site_is_not_kept(visit: Visit) -> None:
    """Even by the site's own form, as an older browser without Sec-Fetch-Dest would show it."""
    visitor = visit()
    visitor.opens("/", host="lab.localhost")
    visitor.page.set_content(f'<iframe src="{visitor.address("/")}"></iframe>')
    frame = visitor.page.frames[1]
    frame.wait_for_load_state()
    with visitor.page.expect_response("**/_consent/choice"):
        frame.evaluate(
            """() => { document.body.innerHTML = '<form method=post action=/_consent/choice>'
                + '<input name=choice value=accept></form>'; document.forms[0].submit() }"""
        )
    visitor.opens()

    assert CONSENT not in visitor.jar()
    assert visitor.banner.is_visible()
