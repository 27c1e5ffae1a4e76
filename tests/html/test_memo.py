"""What was gated before is remembered between requests, in bounds, and never in another context."""

from __future__ import annotations

from asgi_consent.catalog.urls import Base
from asgi_consent.decision import Decision, Grants, Page
from asgi_consent.html.gating import Gating
from asgi_consent.html.memo import Memo, Memos
from asgi_consent.html.rewriter import Rewriter
from tests.conftest import shop_settings
from tests.html.pages import ignore, placeholder

POLICY = shop_settings().policy


def rewrite(html: bytes, memos: Memos, *, path: str = "/", grants: Grants | None = None) -> bytes:
    page = Page("shop.example", (Base("https", "shop.example", path),))
    decision = Decision(POLICY, grants=grants or Grants())
    gating = Gating(decision, page, placeholder, ignore, memos=memos)
    rewriter = Rewriter(gating)
    return rewriter.feed(html) + rewriter.close()


def test_page_that_was_seen_before_comes_out_the_same() -> None:
    html = (
        b"<script src=//t.example></script><script>counter('start')</script><style></style>"
        b"<script></script><svg><image href=//t.example /></svg><img src=/own.png>"
        b"<style>a{b:url(//t.example)}</style><iframe src=//films.example></iframe>"
    )
    memos = Memos()

    first = rewrite(html, memos)

    assert rewrite(html, memos) == first == rewrite(html, Memos())


def test_what_is_remembered_for_one_visitor_is_not_for_another() -> None:
    html, memos = b"<script src=//counter.example></script>", Memos()

    assert b"data-consent-src" in rewrite(html, memos)
    assert rewrite(html, memos, grants=Grants(frozenset({"statistics"}))) == html
    assert b"data-consent-src" in rewrite(html, memos)


def test_relative_address_is_judged_by_the_page_it_is_on() -> None:
    html, memos = b"<script src=c.js></script>", Memos()

    assert rewrite(html, memos, path="/shop/") == html
    assert b"data-consent-src" in rewrite(html, memos, path="/count/")


def test_base_changes_what_the_same_tag_means() -> None:
    html, memos = b"<img src=a.png><base href=//t.example/><img src=a.png>", Memos()

    for _ in range(2):
        found = rewrite(html, memos)
        assert found.startswith(b"<img src=a.png>")
        assert b"data-consent-src=a.png" in found


def test_same_tag_in_svg_and_in_html_is_not_the_same() -> None:
    tag, memos = b"<image src=//own.shop.example/a href=//t.example>", Memos()

    in_html = rewrite(tag, memos)

    assert b"data-consent-href" in rewrite(b"<svg>" + tag, memos)
    assert rewrite(tag, memos) == in_html


def test_same_style_in_html_and_in_svg_is_not_the_same() -> None:
    """In HTML a reference in it is only text, in SVG it is read."""
    style, memos = b"<style>a{b:url(&#47;/t.example/x)}</style>", Memos()

    assert rewrite(style, memos) == style
    assert b"data-consent-gated" in rewrite(b"<svg>" + style, memos)


def test_pixel_of_a_noscript_is_not_the_picture_of_a_page() -> None:
    policy = shop_settings(unknown_hosts="gate-active").policy
    tag, memos = b"<img src=//t.example>", Memos()
    page = Page("shop.example", (Base("https", "shop.example", "/"),))
    gating = Gating(Decision(policy), page, placeholder, ignore, memos=memos)
    rewriter = Rewriter(gating)

    found = rewriter.feed(tag + b"<noscript>" + tag + b"</noscript>" + tag) + rewriter.close()

    assert found.startswith(tag + b"<noscript><img data-consent-gated")
    assert found.endswith(b"</noscript>" + tag)


def test_memo_is_bounded() -> None:
    memo = Memo()
    for number in range(3000):
        tag = b"<img alt='%d'>" % number + b"x" * 4096
        memo.put(tag, tag)

    assert memo.get(tag) == tag
    assert memo.get(b"<img alt='0'>" + b"x" * 4096) is None


def test_what_is_used_stays_when_the_rest_goes() -> None:
    memo = Memo()
    memo.put(b"<link>", b"<link>")
    for number in range(6000):
        memo.put(b"%d" % number + b"x" * 4096, b"y")
        assert memo.get(b"<link>") == b"<link>"
