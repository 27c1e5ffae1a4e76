"""The developer panel in a browser: from a page to why it is as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from asgi_consent.demo.app import Demo
from e2e.conftest import Visit
from e2e.visitor import Visitor
from e2e.world import SECRET_KEY, Recorder, serving


@pytest.fixture
def developer(visit: Visit) -> Iterator[Visitor]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASGI_CONSENT_DEVELOPER", "1")
        recorder = Recorder(Demo(secret_key=SECRET_KEY))
    with serving(recorder) as port:
        visitor = visit(gpc=True)
        visitor.port, visitor.recorder = port, recorder
        yield visitor


@pytest.mark.clause("C47")
@pytest.mark.parametrize("viewport", [(1280, 800), (320, 640)])
def test_page_leads_to_why_it_is_as_it_is(developer: Visitor, viewport: tuple[int, int]) -> None:
    developer.page.set_viewport_size({"width": viewport[0], "height": viewport[1]})
    developer.opens("/")
    with developer.context.expect_page() as opened:
        developer.page.get_by_role("link", name="Consent: why?").click()  # the banner is there too
    panel = opened.value

    signal = panel.get_by_role("row", name="signals of the browser")
    assert "Global Privacy Control" in signal.inner_text()
    held = panel.get_by_role("row", name="analytics.localhost")
    assert "Tally (statistics)" in held.inner_text()
    assert panel.evaluate("document.documentElement.scrollWidth <= innerWidth")

    developer.rejects()
    developer.opens("/journal")
    panel.goto(developer.address("/_consent/developer"))
    assert "refused" in panel.get_by_role("row", name="consent cookie").inner_text()
    assert (
        panel.get_by_role("row", name="Marketing marketing")
        .inner_text()
        .endswith("off: not agreed to")
    )
