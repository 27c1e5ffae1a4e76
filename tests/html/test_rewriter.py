"""The rewriter: what it holds back, what it leaves alone, where it puts the banner."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from hypothesis import example, given
from hypothesis import strategies as st

from asgi_consent.banner.render import Banner
from asgi_consent.catalog.urls import Base
from asgi_consent.decision import Decision, Grants, Page
from asgi_consent.html.gating import Gating
from asgi_consent.html.rewriter import LONGEST_TEXT, Rewriter
from asgi_consent.html.tag_end import LONGEST_TAG, MOST_ATTRIBUTES
from asgi_consent.policy import Policy
from tests.conftest import shop_settings
from tests.html.pages import cuts, everything_granted, rewrite, soup

POLICY = shop_settings().policy
ALL = everything_granted(POLICY)
PAGES = Path(__file__).parents[3] / "shared" / "pages"


@pytest.mark.parametrize(
    "html",
    [
        b"<script src=/own.js></script>",
        b"<script src=//cdn.shop-cdn.example/x.js></script>",
        b"<script>var animate_to_counter = {a: 1}</script>",
        b'<script type=application/json>{"x": "counter(\'start\'"}</script>',
        b"<script type='application/ld+json'>counter('start')</script>",
        b"<script type=text/template><img src=//t.example></script>",
        b"<script>document.write('<script src=//t.example><\\/script>')</script>",
        b"<img src=/a.png srcset='/b.png 2x, https://img.shop.example/c.png 3x'>",
        b"<img src='data:image/gif;base64,R0lGOD'>",
        b"<iframe srcdoc='&lt;p&gt;hello&lt;/p&gt;'></iframe>",
        b"<link rel=canonical href=//t.example/>",
        b"<link rel='author alternate' href=//t.example/>",
        b"<a href=//t.example/>t</a>",
        b"<form action=//t.example/></form>",
        b"<textarea><script src=//t.example></script></textarea>",
        b"<!-- <script src=//t.example></script> -->",
        b'<div data-x="&lt;iframe src=//t.example&gt;" :v="a>b" @click=\'x\'></div>',
        b"<script type=text/plain data-consent-src=//t.example data-consent-gated=undeclared></script>",
        b"<p>5 < 6 & 7 > 3</p>",
    ],
)
def test_what_needs_no_consent_stays_byte_for_byte(html: bytes) -> None:
    assert rewrite(POLICY, html) == html


@pytest.mark.parametrize(
    ("html", "gated"),
    [
        (
            b"<script async src='//counter.example/c.js' type=module></script>",
            b'<script type="text/plain" data-consent-service="counter"'
            b" data-consent-gated=\"statistics\" async data-consent-src='//counter.example/c.js'"
            b" data-consent-type=module></script>",
        ),
        (
            b"<script>counter('start')</script>",
            b'<script type="text/plain" data-consent-service="counter"'
            b" data-consent-gated=\"statistics\">counter('start')</script>",
        ),
        (
            b"<IMG SRC=//t.example/1 src=//t.example/2 width=1>",
            b'<IMG data-consent-gated="undeclared" data-consent-SRC=//t.example/1'
            b" data-consent-src=//t.example/2 width=1>",
        ),
        (
            b"<img src=/a.png srcset='/a.png 1x,//t.example/b 2x'>",
            b'<img data-consent-gated="undeclared" src=/a.png'
            b" data-consent-srcset='/a.png 1x,//t.example/b 2x'>",
        ),
        (
            b"<iframe width=560 sandbox src=//films.example/1 onload=x()></iframe>",
            b'<iframe data-consent-gated="marketing" data-consent-service="films"'
            b' srcdoc="<p>Films</p>" width=560 data-consent-sandbox'
            b" data-consent-src=//films.example/1 data-consent-onload=x()></iframe>",
        ),
        (
            b"<iframe src=//films.example/1 height=0 width=0></iframe>",
            b'<iframe data-consent-gated="marketing" data-consent-service="films"'
            b" data-consent-src=//films.example/1 height=0 width=0></iframe>",
        ),
        (
            b"<noscript><img src=//t.example/p></noscript>",
            b'<noscript><img data-consent-gated="undeclared" data-consent-src=//t.example/p>'
            b"</noscript>",
        ),
        (
            b"<svg><script href=//t.example/x></script></svg>",
            b'<svg><script type="text/plain" data-consent-gated="undeclared"'
            b" data-consent-href=//t.example/x></script></svg>",
        ),
        (  # without its address a browser would run its text, in place of what it fetched
            b"<svg><script xlink:href=//t.example/x>text()</script></svg>",
            b'<svg><script type="text/plain" data-consent-gated="undeclared"'
            b" data-consent-xlink:href=//t.example/x>text()</script></svg>",
        ),
        (
            b"<link rel='preload stylesheet' href=//t.example/x.css>",
            b"<link data-consent-gated=\"undeclared\" data-consent-rel='preload stylesheet'"
            b" data-consent-href=//t.example/x.css>",
        ),
        (
            b"<script data-consent=statistics src=/own.js></script>",
            b'<script type="text/plain" data-consent-gated="statistics"'
            b" data-consent=statistics data-consent-src=/own.js></script>",
        ),
        (
            b"<script data-consent='no such'>x</script>",
            b'<script type="text/plain" data-consent-gated="no" data-consent=\'no such\'>x</script>',
        ),
        (
            b"<script src=/count/c.js></script>",
            b'<script type="text/plain" data-consent-service="own-counter"'
            b' data-consent-gated="statistics" data-consent-src=/count/c.js></script>',
        ),
    ],
)
def test_neutral_form(html: bytes, gated: bytes) -> None:
    found = rewrite(POLICY, html)

    # The order of what is inserted is ours; what was there keeps its own.
    assert sorted(found.split()) == sorted(gated.split())
    assert rewrite(POLICY, found) == found


@pytest.mark.parametrize(
    "tag",
    [
        b"<script src=//t.example></script>",
        b"<img src=//t.example>",
        b"<img srcset='//t.example 2x'>",
        b"<image src=//t.example>",
        b"<source srcset=//t.example>",
        b"<video poster=//t.example></video>",
        b"<audio src=//t.example></audio>",
        b"<track src=//t.example>",
        b"<embed src=//t.example>",
        b"<object data=//t.example></object>",
        b"<link rel=preconnect href=//t.example>",
        b"<link rel=dns-prefetch href=//t.example>",
        b"<link rel=icon href=//t.example>",
        b"<link rel=preload imagesrcset='//t.example 2x'>",
        b"<iframe src=//t.example></iframe>",
        b"<frame src=//t.example>",
        b"<iframe srcdoc='&lt;script src=//t.example&gt;&lt;/script&gt;'></iframe>",
        b"<script src=ht&#116;ps://t&#46;example></script>",
        b"<script src=' https://t.exa\tmple/x '></script>",
        b"<script src=https:\\\\t.example></script>",
        b"<script\nsrc = https://t.example/x.js></script>",
        b"<noscript><noscript><img src=//t.example></noscript>",
        b"<template><img src=//t.example></template>",
        b"<input type=image src=//t.example>",
        b"<table background=//t.example></table>",
        b"<table><tr><td background=//t.example></table>",
        b"<svg><image href=//t.example /></svg>",
        b"<svg><feImage href=//t.example /></svg>",
        b"<svg><image xlink:href=//t.example /></svg>",
    ],
)
def test_every_way_to_fetch_from_an_undeclared_host_is_gated(tag: bytes) -> None:
    html = rewrite(POLICY, b"<p>" + tag + b"</p>")

    assert b'data-consent-gated="undeclared"' in html
    for element in BeautifulSoup(html, "html.parser").find_all(True):
        for name, value in element.attrs.items():
            if not name.startswith("data-consent-") and name != "srcdoc":
                assert "t.example" not in str(value)


@pytest.mark.parametrize(
    "html",
    [
        b"<base href=//t.example/><img src=a.png>",
        b"<noscript><base href=//t.example/></noscript><img src=a.png>",
        b"<base href=/own/><base href=//t.example/><img src=a.png>",
        b"<base href=//t.example/><base href=/own/><img src=a.png>",
        b"<noscript>" + b"".join(b"<base href=/%d/>" % n for n in range(9)) + b"</noscript>"
        b"<base href=//t.example/><base href=/own/><img src=a.png>",
        b"<base href=//t.example/><noscript><base href=/own/></noscript><img src=a.png>",
        b"<base target='" + b"x" * (LONGEST_TAG + 1) + b"' href=//t.example/><img src=a.png>",
    ],
)
def test_url_must_be_allowed_by_every_base_that_may_count(html: bytes) -> None:
    assert b"data-consent-src=a.png" in rewrite(POLICY, html)


def test_base_inside_a_frame_counts_there_only() -> None:
    own = b"<iframe srcdoc='&lt;base href=/x/&gt;'></iframe>"
    html = b"<base href=//t.example/>" + own + b"<img src=a.png>"

    assert b"data-consent-src=a.png" in rewrite(POLICY, html)
    assert rewrite(POLICY, own + b"<img src=a.png>") == own + b"<img src=a.png>"


def test_base_of_a_noscript_does_not_replace_the_one_before() -> None:
    html = b"<noscript><base href=/own/></noscript><base href=//t.example/><img src=a.png>"

    assert b"data-consent-src=a.png" in rewrite(POLICY, html)


def test_base_that_can_only_be_ours_changes_nothing() -> None:
    html = b"<base href=/own/><noscript><base href=/other/></noscript><img src=a.png>"

    assert rewrite(POLICY, html) == html


STATISTICS = Grants(frozenset({"statistics"}))


@pytest.mark.parametrize(
    "tag",
    [
        b"<script src=//t.example data-consent-gated=undeclared></script>",
        b"<script data-consent-gated=necessary>fbq('init', '1')</script>",
        b"<script src=//t.example data-consent=necessary></script>",
        b"<script src=//films.example data-consent=statistics></script>",
        b"<script data-consent=statistics>fbq('init', '1')</script>",
        b"<script data-consent=necessary>counter('start'); fbq('init', '1')</script>",
        b"<iframe data-consent=statistics srcdoc='&lt;img src=//t.example&gt;'></iframe>",
    ],
)
def test_no_mark_lets_pass_what_is_declared_and_denied(tag: bytes) -> None:
    html = rewrite(POLICY, tag, STATISTICS)

    assert (
        b"data-consent-src=" in html
        or b'type="text/plain"' in html
        or b"data-consent-srcdoc" in html
    )


def test_granted_mark_lets_pass_what_nobody_declared() -> None:
    html = b"<script src=//t.example data-consent=statistics></script>"

    assert rewrite(POLICY, html, STATISTICS) == html
    assert b"data-consent-src=//t.example" in rewrite(POLICY, html)


@pytest.mark.parametrize(
    ("inside", "ending"),
    [
        (b"<p>done</p>", b""),
        (b"<!-- ", b">-->"),
        (b"<!-- a", b"-->"),
        (b"<textarea>", b"</textarea>"),
        (b"<style>", b"</style>"),
        (b"<script>", b"--></script>"),
        (b"<img alt='", b"'>"),
        (b"<a href=", b">"),
        (b"<textarea title='", b"'></textarea>"),
        (b"</x ", b">"),
        (b"<", b">"),
        (b"<svg><![CDATA[", b"]]><head>"),
        (b"<svg>", b"<head>"),
        (b"<select>", b"</select>"),
        (b"<noscript>", b""),
        (b"<noscript><style>", b"</style>"),
    ],
)
def test_noscript_cannot_swallow_what_follows_it(inside: bytes, ending: bytes) -> None:
    """Without scripting its text is markup, and may leave a tag or a comment open."""
    html = b"<body><noscript>%s</noscript><p>after"

    assert rewrite(POLICY, html % inside) == html % (inside + ending)


def test_frames_are_read_as_a_frameset_reads_them() -> None:
    """In a frameset a textarea is no text field, and a frame inside of it loads."""
    html = b"<frameset><textarea><frame src=//t.example></textarea></frameset>"

    assert b"data-consent-src=//t.example" in rewrite(POLICY, html)


def test_frameset_inside_a_body_changes_nothing() -> None:
    html = b"<body><frameset><textarea><img src=//t.example></textarea>"

    assert rewrite(POLICY, html) == html


def test_noscript_tag_too_long_to_be_read_holds_markup_too() -> None:
    html = b"<noscript title='" + b"x" * (LONGEST_TAG + 1) + b"'><img src=//t.example></noscript>"

    assert b"data-consent-src=//t.example" in rewrite(POLICY, html)


@pytest.mark.parametrize("zeros", [0, 7, 5000])
def test_number_of_any_length_in_an_address_is_read(zeros: int) -> None:
    html = b"<img src='&#%s47;/t.example'>" % (b"0" * zeros)

    assert b"data-consent-src" in rewrite(POLICY, html)
    assert rewrite(POLICY, b"<img src='&#%s;x'>" % (b"9" * 5000))


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (b"statistics", "This is shown once you allow"),
        (b"counter", "Counter Ltd"),
        (b"no-such", "has not declared"),
    ],
)
def test_placeholder_says_why_and_what_to_do(mark: bytes, said: str) -> None:
    banner = Banner(shop_settings())
    page = Page("shop.example", (Base("https", "shop.example", "/"),))
    gating = Gating(
        Decision(POLICY),
        page,
        lambda verdict, host, language: banner.placeholder(
            verdict.service, verdict.category, host, "", banner.language(language)
        ),
        lambda element, verdict, url: None,
    )

    html = Rewriter(gating).feed(b"<iframe src=/f data-consent=%s></iframe>" % mark)

    assert said in html.decode()


def test_pixel_is_not_passive_content() -> None:
    policy = shop_settings(unknown_hosts="gate-active").policy

    assert b"gated" in rewrite(policy, b"<img src=//t.example width=1 height=1>")
    assert b"gated" in rewrite(policy, b"<noscript><img src=//t.example></noscript>")
    assert b"gated" not in rewrite(policy, b"<img src=//t.example width=10>")


def test_granted_category_passes_untouched_while_others_stay_gated() -> None:
    counter, film = b"<script src=//counter.example></script>", b"<img src=//films.example>"

    html = rewrite(POLICY, counter + film, Grants(frozenset({"statistics"})))

    assert html.startswith(counter)
    assert b'data-consent-gated="marketing"' in html


def test_single_granted_service_passes() -> None:
    html = b"<iframe src=//films.example/1></iframe>"

    assert rewrite(POLICY, html, Grants(services=frozenset({"films"}))) == html


def test_passive_content_of_undeclared_hosts_may_pass_when_the_operator_says_so() -> None:
    policy = shop_settings(unknown_hosts="gate-active").policy
    image, script = b"<img src=//t.example>", b"<script src=//t.example></script>"

    html = rewrite(policy, image + script)

    assert html.startswith(image)
    assert b'data-consent-gated="undeclared"' in html


HEAD, BODY = b"[head]", b"[body]"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            b"<!doctype html><html><head><title>t</title></head><body class=x><p>",
            b"<!doctype html><html><head>[head]<title>t</title></head><body class=x>[body]<p>",
        ),
        (b"<!doctype html><p>hi", b"<!doctype html>[head]<p>hi[body]"),
        (b"\xef\xbb\xbf <!-- a --><html>\n<head>", b"\xef\xbb\xbf <!-- a --><html>\n<head>[head][body]"),
        (b"text", b"[head]text[body]"),
        (b"<body><p>x</p></body>", b"[head]<body>[body]<p>x</p></body>"),
        (b"<!-- <head><body> --><head></head><body>", b"<!-- <head><body> --><head>[head]</head><body>[body]"),
        (b"<script>'<body>'</script><body>", b"[head]<script>'<body>'</script><body>[body]"),
        (b"<header>x</header>", b"[head]<header>x</header>[body]"),
        (b"<p>x<!-- open", b"[head]<p>x<!-- open"),
        (b"<p>x<img src='", b"[head]<p>x<img src='"),
        (b"<textarea>x", b"[head]<textarea>x"),
        (b"", b""),
    ],
)  # fmt: skip
def test_snippets_go_first_into_head_and_body(html: bytes, expected: bytes) -> None:
    assert rewrite(POLICY, html, head=HEAD, body=BODY) == expected
    every_byte = range(1, len(html))
    assert rewrite(POLICY, html, offsets=every_byte, head=HEAD, body=BODY) == expected


def test_long_comment_before_the_doctype_keeps_the_script_after_it() -> None:
    html = b"<!--" + b"x" * 50_000 + b"--><!doctype html><head>"

    found = rewrite(POLICY, html, offsets=range(0, len(html), 999), head=HEAD)

    assert found == html + HEAD


@pytest.mark.threat("T19")
@given(st.data())
def test_any_cut_of_the_input_gives_the_same_output(data: st.DataObject) -> None:
    html = data.draw(soup)
    whole = rewrite(POLICY, html, head=HEAD, body=BODY)

    assert rewrite(POLICY, html, offsets=data.draw(cuts(html)), head=HEAD, body=BODY) == whole
    assert rewrite(POLICY, html, offsets=range(1, len(html)), head=HEAD, body=BODY) == whole


@given(soup)
def test_all_granted_and_no_banner_gives_the_input_back(html: bytes) -> None:
    once = rewrite(ALL, html, Grants(ALL.optional))

    assert rewrite(ALL, once, Grants(ALL.optional)) == once
    assert once == html or b"<noscript>" in html  # which may get the end that it lacks


@example(b"<svg></script><desc><script>")
@example(b"<svg><script href=//t.example>counter('start')</script>")
@example(b"<svg></b><desc><![CDATA[x]]>")
@example(b"<p><frameset><xmp>")
@example(b"<svg><desc></b></svg><select><style>")
@given(soup)
def test_gated_page_is_not_touched_again(html: bytes) -> None:
    once = rewrite(POLICY, html)

    assert rewrite(POLICY, once) == once


@given(soup)
def test_gating_only_inserts(html: bytes) -> None:
    """Every byte of the page is still there, in its order."""
    gated = iter(rewrite(POLICY, html))

    assert all(byte in gated for byte in html)


@pytest.mark.threat("T19")
def test_script_too_long_to_be_judged_stays_gated() -> None:
    html = b"<script>" + b"x" * (LONGEST_TEXT + 1) + b"</script><p>after</p>"

    whole = rewrite(POLICY, html)

    assert whole.startswith(b'<script type="text/plain" data-consent-gated="undeclared">')
    assert whole.endswith(b"</script><p>after</p>")
    assert rewrite(POLICY, html, offsets=range(0, len(html), 4096)) == whole


@pytest.mark.threat("T19")
def test_tag_too_long_to_be_read_stays_gated() -> None:
    html = b"<img alt='" + b"x" * (LONGEST_TAG + 1) + b"' src=//t.example><p>after</p>"

    whole = rewrite(POLICY, html)

    assert whole.startswith(b"<img ")
    assert whole.index(b' src=""') < whole.index(b" alt=")
    assert whole.endswith(b"<p>after</p>")
    assert rewrite(POLICY, html, offsets=range(0, len(html), 4096)) == whole


@pytest.mark.threat("T19")
@pytest.mark.parametrize(
    "name", [b"img", b"script", b"iframe", b"svg image", b"link rel=preload as=image"]
)
def test_tag_with_too_many_attributes_stays_gated(name: bytes) -> None:
    """Each would be looked at: two seconds in which nobody else is served."""
    many = b"".join(b' data-a%05d=""' % number for number in range(MOST_ATTRIBUTES))
    html = b"<%s%s src=//t.example href=//t.example><p>after</p>" % (name, many)

    whole = rewrite(POLICY, html)

    assert whole.index(b'data-consent-gated="undeclared"') < whole.index(b" data-a00000")
    assert rewrite(POLICY, html, offsets=range(0, len(html), 4096)) == whole
    assert whole.endswith(html.partition(b" data-a00000")[2])


def test_tag_with_many_attributes_is_judged_like_any_other() -> None:
    many = b"".join(b' data-a%05d="%s"' % (number, b"x" * 20) for number in range(5000))
    html = b"<img" + many + b" src=//t.example><img" + many + b" src=/own.png>"

    whole = rewrite(POLICY, html)

    assert whole.count(b"data-consent-src=//t.example") == 1
    assert whole.endswith(b" src=/own.png>")


@pytest.mark.threat("T34")
def test_fault_in_judging_gates_the_tag_and_the_page_goes_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asgi_consent.html.fetches.srcset_urls", None)

    html = rewrite(POLICY, b"<img srcset='//t.example 2x'><p>after</p>")

    assert b'<img type="text/plain"' not in html.partition(b"srcset=")[0]
    assert html.index(b' srcset=""') < html.index(b" srcset='")
    assert html.endswith(b"<p>after</p>")
    assert "judging <img> failed" in caplog.text


@pytest.mark.skipif(not PAGES.is_dir(), reason="real pages (../shared/pages) are not here")
@pytest.mark.parametrize("path", sorted(PAGES.glob("*.gz")), ids=lambda path: path.name)
def test_real_page_comes_back_the_same_when_all_is_granted(path: Path) -> None:
    html = gzip.decompress(path.read_bytes())

    assert rewrite(ALL, html, Grants(ALL.optional)) == html
    assert rewrite(ALL, html, Grants(ALL.optional), offsets=range(0, len(html), 1021)) == html


@pytest.mark.skipif(not PAGES.is_dir(), reason="real pages (../shared/pages) are not here")
@pytest.mark.parametrize("path", sorted(PAGES.glob("*.gz")), ids=lambda path: path.name)
def test_real_page_gets_one_guard_and_one_banner(path: Path) -> None:
    html = rewrite(POLICY, gzip.decompress(path.read_bytes()), head=HEAD, body=BODY)

    assert (html.count(HEAD), html.count(BODY)) == (1, 1)


def test_policy_is_shared_between_pages(policy: Policy) -> None:
    html = b"<img src=//counter.example>"

    assert rewrite(policy, html) != html
    assert rewrite(policy, html, Grants(policy.optional)) == html
