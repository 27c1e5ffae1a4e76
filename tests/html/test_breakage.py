"""How rewriters of HTML broke pages: a test for each defect that was reported of one.

B01 to B52 are from their trackers and changelogs, R1 to R12 from their patterns run on small input;
B24 to B48 are in test_breakage_sites.py. Rows that are in neither, or only in part, because they
are no matter of rewriting:

    B06 B08 B44       fetched by a script: the guard; e2e/test_before_a_choice.py,
                      test_every_way_to_fetch_is_closed[scripted]
    B33 B34           tests/test_responder.py: test_what_is_no_page_passes_byte_for_byte,
                      test_html_without_a_content_type_is_recognised_as_browsers_do
    B39 B40 B41 B52   starting what was held: browser side. Today a yes loads the page again:
                      e2e/test_afterwards.py, test_yes_loads_everything_that_is_declared
    B42 B47 B51       previews, hydration, optimisers: frameworks and caches
    B43               e2e/test_placeholders.py,
                      test_placeholder_says_why_keeps_the_box_and_contacts_nobody
    B46               tests/test_responder.py, test_fragment_is_gated_and_gets_no_banner
    B49               tests/test_signing.py, test_token_with_many_services_fits_a_cookie
    B50               tests/http/test_cookies.py: test_our_cookies_are_host_only_and_lax,
                      test_filter_drops_names_no_framework_agrees_on; tests/catalog/test_matcher.py,
                      test_parent_domains_end_at_the_registrable_one
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import accumulate

import pytest
from selectolax.lexbor import LexborHTMLParser

from asgi_consent.decision import Grants
from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.policy import Policy
from tests.asgi import SimpleApp, get
from tests.conftest import shop_settings
from tests.html.pages import everything_granted, rewrite

POLICY = shop_settings().policy

#: all that gating ever inserts
_OURS = re.compile(
    r' (?:type="text/plain"|srcdoc="[^"]*"|data-consent-(?:gated|service)="[^"]*")'
    r"|data-consent-(?=[a-zA-Z])|data:consent,"
)
_OTHERS = re.compile(r"\b(?:t|counter|films)\.example\b")
_HELD_URL = re.compile(r"data:consent,[^\s\"')]*|^data:.*", re.DOTALL)
_FETCHING = {"src", "srcset", "imagesrcset", "poster", "data", "background", "style", "ping"}
_FETCHING_BY_HREF = {"link", "script", "image", "feimage", "use"}
_QUIET_RELS = {"canonical", "alternate", "author", "license", "me"}


def refuse(page: str, policy: Policy = POLICY) -> str:
    """What a visitor who has granted nothing gets of `page`, in which « and » stand around every
    tag or place that changes. However it is cut it is the same; with a yes to all it is `page`."""
    texts = re.split("[«»]", page)
    edges = [*accumulate(map(len, texts))]
    html = "".join(texts).encode()
    whole = rewrite(policy, html)
    found = whole.decode()

    assert insertions(html.decode(), found, [*zip(edges[::2], edges[1::2], strict=False)]), found
    assert live(found) == []
    assert rewrite(policy, html, offsets=range(1, len(html))) == whole
    assert rewrite(policy, whole) == whole
    assert rewrite(everything_granted(policy), html, Grants(policy.optional)) == html
    return found


def insertions(html: str, found: str, regions: list[tuple[int, int]]) -> bool:
    """Whether `found` is `html` with something of ours inside each region and nowhere else."""
    places: set[int] = set()
    at = here = 0
    while at < len(found):
        ours = _OURS.match(found, at)
        if ours and not html.startswith(ours[0], here):
            places.add(here)
            at = ours.end()
        else:
            assert found[at] == html[here : here + 1], f"changed: {found[:at]} >>> {found[at:]}"
            at, here = at + 1, here + 1
    in_regions = [
        {place for place in places if start < place < end or start == place == end}
        for start, end in regions
    ]
    return here == len(html) and all(in_regions) and places == set().union(*in_regions)


def elements(html: str) -> list[tuple[str, dict[str, str]]]:
    """The name and the attributes of every element, as a browser without scripting reads them."""
    return [
        ((node.tag or "").lower(), {name: value or "" for name, value in node.attributes.items()})
        for node in LexborHTMLParser(html).css("*")
    ]


def attributes_of(name: str, html: str) -> dict[str, str]:
    """The attributes of the first element of that name."""
    return next(attributes for tag, attributes in elements(html) if tag == name)


def categories(html: str) -> list[str]:
    return re.findall(r' data-consent-gated="(\w+)"', html)


def live(html: str) -> list[tuple[str, str, str]]:
    """Every attribute that fetches from somebody else, or leads there by itself."""
    found: list[tuple[str, str, str]] = []
    for tag, attributes in elements(html):
        for name, value in attributes.items():
            if name == "srcdoc":
                found += live(value)
            elif _fetches(tag, name, attributes) and _OTHERS.search(_HELD_URL.sub("", value)):
                found.append((tag, name, value))
    return found


def _fetches(tag: str, name: str, attributes: dict[str, str]) -> bool:
    if "-" in tag or (tag == "link" and {*attributes.get("rel", "").split()} <= _QUIET_RELS):
        return False
    if tag == "meta":
        return name == "content" and attributes.get("http-equiv", "").lower() == "refresh"
    if name in ("href", "xlink:href"):
        return tag in _FETCHING_BY_HREF
    return name in _FETCHING or name == "attributionsrc"


def test_b01_script_tag_inside_a_javascript_string_is_left_alone() -> None:
    refuse(
        r"""<script>window.l || document.write('<script src="//t.example/l.js"><\/script>')</script>
        «<script src="https://t.example/l.js">»</script><script>go("<\/script>")</script>"""
    )


def test_b02_frame_over_several_lines_is_held() -> None:
    refuse(
        '<p>\n«<iframe\n  width="560"\r\n\tsrc="https://films.example/1"\n  loading\n>»\n</iframe>'
    )


def test_b03_line_break_right_after_the_name_is_no_obstacle() -> None:
    refuse('«<iframe\nsrc="//films.example/1">»</iframe>«<script\r\nsrc=//t.example>»</script>')


def test_b04_tracker_at_the_end_of_a_very_long_page_is_held() -> None:
    page = b"<p title='a > b'>A paragraph &amp; <b>more</b>.</p>\n" * 60_000
    html = page + b"<script>" + b"own();" * 100_000 + b"</script><img src=//t.example/p>"

    found = rewrite(POLICY, html, offsets=range(0, len(html), 65_536))

    assert found == html.replace(
        b"<img src", b'<img data-consent-gated="undeclared" data-consent-src'
    )


def test_b05_what_a_lazy_loader_is_to_load_later_keeps_its_address() -> None:
    refuse(
        '<iframe class="lazyload" data-src="https://films.example/1" title="Film"></iframe>'
        '<img class="lazyload" src="data:image/gif;base64,R0lGOD" data-srcset="//t.example/1 2x">'
    )


def test_b06_held_address_has_no_name_that_a_lazy_loader_copies() -> None:
    found = refuse('«<img class="lazyload" src="https://t.example/s.jpg" data-src="/large.jpg">»')

    image = attributes_of("img", found)
    assert image["data-src"] == "/large.jpg"
    assert image["data-consent-src"] == "https://t.example/s.jpg"


def test_b07_held_style_sheet_has_no_address_at_all() -> None:
    found = refuse('«<link rel="stylesheet" href="https://t.example/x.css">»')

    assert not {"href", "rel"} & {*attributes_of("link", found)}


@pytest.mark.parametrize(
    "page",
    [
        '<script type="text/plain" data-cookieconsent="statistics" data-src="//t.example/x.js"></script>',
        '<script type="text/plain" data-category="statistics">counter(\'start\')</script>',
        '<iframe data-cookieblock-src="https://films.example/1" data-service="films"></iframe>',
        '<img data-consent-gated="undeclared" data-consent-src="https://t.example/p.gif">',
        '<iframe data-consent-gated="x" srcdoc="&lt;p&gt;Films" data-consent-src="//films.example/1"></iframe>',
    ],
)  # fmt: skip
def test_b09_what_is_blocked_already_is_not_blocked_again(page: str) -> None:
    refuse(page)


def test_b10_escaped_quotes_in_templates_of_scripts_are_left_alone() -> None:
    refuse(
        r"""<script>var film = "<iframe src=\"//films.example/1\" title='\"'><\/iframe>";</script>"""
        r"""<a onclick='show("<iframe src=\"https://films.example/1\"></iframe>")'>Film</a>"""
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://films.example/embed?pb=!1m18!1m12!1m3!2z%C3%A9!3e0",
        "https://films.example/e?u=https%3A%2F%2Fx.example%2F%253Fa%253D1&amp;v=%20",
        "https://films.example/e?u=https://shop.example/?a=%3Ca%3E|b^c`d{e}",
    ],
)
def test_b11_address_is_held_as_it_was_encoded(url: str) -> None:
    assert f'data-consent-src="{url}"' in refuse(f'«<iframe src="{url}">»</iframe>')


def test_b12_config_that_sounds_like_a_service_is_not_held() -> None:
    refuse(
        '<script>var animate_to_counter = {"start": 1}, counter_start = "counter";</script>'
        "<script>animate_to_counter.start += 1; recount(counter_start)</script>"
    )


def test_b13_our_own_guard_and_banner_are_never_held(
    protect: Callable[..., ConsentMiddleware],
) -> None:
    app = protect(SimpleApp(b"<!doctype html><html><head></head><body><p>shop</p></body></html>"))

    page = get(app).body

    assert page.count(b"<script") == 2
    assert rewrite(POLICY, page) == page


def test_b14_addresses_of_services_in_data_hold_nothing_back() -> None:
    refuse(
        '<script type="application/ld+json">{"@id": "https://counter.example/#org"}</script>'
        r'<script>var seo = {"links": ["https:\/\/films.example\/1", "//counter.example"]};</script>'
    )


@pytest.mark.parametrize("pattern", ["hub.example/", "hub.example/embed/", "hub.example/embed/v2."])
def test_b15_pattern_that_ends_in_a_slash_or_a_dot_matches(pattern: str) -> None:
    service = {"id": "hub", "name": "Hub", "category": "marketing", "hosts": [pattern]}
    policy = shop_settings(services=[service]).policy

    found = refuse('«<script src="https://hub.example/embed/v2.js">»</script>', policy)

    assert 'data-consent-service="hub"' in found


def test_b16_frame_of_a_noscript_that_nobody_sees_gets_no_placeholder() -> None:
    found = refuse(
        '<noscript>«<iframe src="https://t.example/ns.html?id=1" height="0" width="0" '
        'style="display:none;visibility:hidden">»</iframe></noscript>'
    )

    assert "srcdoc" not in found


def test_b16_everything_in_a_noscript_is_judged_by_itself() -> None:
    found = refuse(
        '<noscript><img src="/own.gif">«<img src="https://counter.example/p.gif">»<p>No scripts'
        '«<iframe src="https://films.example/1">»</iframe><link rel="icon" href="/i"></noscript>'
    )

    assert categories(found) == ["statistics", "marketing"]


def test_b17_pixel_that_is_only_in_a_noscript_is_held() -> None:
    refuse(
        '<head><noscript>«<img height="1" width="1" style="display:none" '
        'src="https://t.example/tr?id=1&amp;ev=View"/>»</noscript></head>'
    )


@pytest.mark.parametrize(
    "page",
    [
        '<script type="application/ld+json">{"sameAs": ["https://t.example/shop"], "x": "<script>"}</script>',
        """<script type=application/json>{"html": "<img src='//t.example'>", "c": "counter('start'"}</script>""",
        "<style>/* <img src=//t.example> */ .films-example::after{content:'https://t.example/x'}</style>",
        "<svg><desc><![CDATA[<img src=https://t.example/p.gif>]]></desc></svg>",
        "<script>//<![CDATA[\nvar s = '<img src=https://t.example/p.gif>';\n//]]></script>",
        "<!--[if lt IE 9]><script src=https://t.example/shiv.js></script><![endif]-->",
        "<title><img src=//t.example></title><textarea><iframe src=//films.example/1></textarea>",
        "<xmp><script src=//t.example></script></xmp><noembed><embed src=//t.example></noembed>",
        '<code>&lt;script src="//t.example"&gt;</code><p data-code="<script src=//t.example>">',
    ],
)  # fmt: skip
def test_b18_data_comments_and_text_stay_byte_for_byte(page: str) -> None:
    refuse(page)


@pytest.mark.parametrize(
    "code",
    [
        '{"endpoint": "https://counter.example/api", "films": true}',
        r'var tracking = {"src": "https:\/\/counter.example\/c.js", "auto": true};',
        r"""window.page = {"help": "<code>counter('start')<\/code>", "number": [1, null]};""",
    ],
)
def test_b19_script_that_is_only_data_is_not_held(code: str) -> None:
    refuse(f"<script>{code}</script><script>use(window.page, tracking)</script>")


@pytest.mark.parametrize(
    "code",
    [
        """window.page = {"help": 1}; counter('start')""",
        """window.page = {"help": counter('start')};""",
        """var page = {"help": 1}\n\ncounter('start', {"a": 1})""",
    ],
)
def test_b19_data_beside_code_does_not_let_the_code_pass(code: str) -> None:
    refuse(f"«<script>»{code}</script>")


def test_b20_template_in_a_script_is_text() -> None:
    refuse(
        '<script type="text/template"><td background="//t.example/x"><img src="<%= x %>"></script>'
        r'<script type="text/x-handlebars"><script src="//t.example"><\/script>{{#if a}}</script>'
    )


def test_b20_of_a_template_element_only_what_would_fetch_is_held() -> None:
    """A copy of it that is put into the page fetches, and in a shadow root it does at once."""
    refuse(
        '<template><slot name="a"></slot><img src="{{ x }}">«<img src="//t.example/c">»</template>'
        '<div><template shadowrootmode="open"><b>x</b>«<img src="//t.example/s">»</template></div>'
    )


def test_b21_attributes_of_vue_and_alpine_stay_as_they_are() -> None:
    own = """@click="a = b > c" :class="{'x': !y}" #item="{ r }" x-on:key.esc='a ? ">" : "<"'"""

    found = refuse(f'<div {own}>x</div>«<img {own} :src="b" src="//t.example/p.gif">»<p {own}>')

    assert attributes_of("img", found).items() > attributes_of("div", found).items()


def test_b22_script_after_one_that_is_commented_out_is_judged_by_itself() -> None:
    found = refuse(
        "<!-- <script>counter('start')</script> -->\n«<script src=//films.example/f.js>»</script>"
        "<script><!--\nown('start')\n//--></script>\n<script src=/own.js></script>"
        "<!--<script>-->«<script>»counter('start')</script>"
    )

    assert categories(found) == ["marketing", "statistics"]


@pytest.mark.parametrize("kind", ["text/babel", "text/partytown", "X-Later-Text/JavaScript", "jsx"])
def test_b23_unusual_type_of_a_script_is_kept(kind: str) -> None:
    own = f'<script type="{kind}">own()</script><script type="{kind}" src="/own.js"></script>'

    found = refuse(f'«<script type="{kind}" src="https://t.example/x.js">»</script>{own}')

    assert attributes_of("script", found)["data-consent-type"] == kind


def test_r1_end_tag_with_space_or_more_ends_the_script() -> None:
    refuse(
        "<script>a()</script >«<img src=//t.example/1>»<script>b()</script foo='x'>"
        "«<img src=//t.example/2>»<script>c()</SCRIPT/><script>d()</script\n>«<img src=//t.example>»"
    )


def test_r2_scripts_in_comments_and_text_fields_are_no_scripts() -> None:
    refuse(
        "<!-- <script src=//t.example></script> --><textarea><script src=//t.example></textarea>"
        "<!-- --!>«<script src=//t.example>»</script><!-->«<img src=//t.example>»-->"
    )


def test_r3_sign_inside_an_attribute_does_not_end_the_tag() -> None:
    refuse(
        """«<script data-x="a>b" data-y='</script>' src="https://t.example/x.js">»</script>"""
        """«<img alt='>' src=//t.example>»<img alt="src=//t.example>">"""
    )


@pytest.mark.parametrize(
    "tag",
    [
        "script src=https://t.example",
        "script async src=//t.example/x.js",
        "iframe src=//t.example/",
    ],
)
def test_r4_address_without_quotes_is_held(tag: str) -> None:
    refuse(f"«<{tag}>»</{tag.split()[0]}>")


@pytest.mark.parametrize(
    "tag",
    [
        '<link href="https://t.example/x.css" rel="stylesheet">',
        "<link href=https://t.example/x.css rel=stylesheet>",
        '<link rel="stylesheet preload" as=style href="https://t.example/x.css"/>',
        "<LINK HREF='https://t.example/x.css' media=all REL='StyleSheet'>",
    ],
)
def test_r5_order_and_quotes_of_a_link_do_not_matter(tag: str) -> None:
    refuse(f"«{tag}»")


def test_r6_image_with_only_a_srcset_is_held() -> None:
    refuse('<img srcset="/a.png 2x">«<img srcset="/b.png 1x, https://t.example/b.png 2x" alt="">»')


def test_r7_image_after_an_image_without_an_address_is_the_one_that_is_held() -> None:
    refuse("<img alt><p>text</p>«<img src=https://t.example/p.gif>»<img alt src=/own.gif>")


@pytest.mark.parametrize(
    "page",
    [
        '«<iframe src="https://films.example/1"/>»</iframe><p>after</p>',
        '<p>before</p>«<iframe src="https://films.example/1">»',
        '<iframe src="/own"/></iframe>«<iframe src=//films.example/1 />»<p>inside</p></iframe>',
    ],
)
def test_r8_frame_that_is_not_closed_is_held(page: str) -> None:
    refuse(page)


def test_r9_address_in_the_text_of_a_srcdoc_is_not_the_frames() -> None:
    refuse(
        """<iframe srcdoc="<p>write src='https://films.example/1'</p>" src="/own"></iframe>"""
        """«<iframe srcdoc="<p>own</p><img src='https://t.example/p.gif'>" width="300">»</iframe>"""
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://t&#46;example/x",
        "https&colon;//t&period;example/x",
        "&#x68;ttps://t.e&#x78ample",
        "//t.ex&#97mple",
        "ht\ntps:/\t/t.example",
    ],
)
def test_r10_host_is_read_through_its_entities(url: str) -> None:
    refuse(f'«<img src="{url}">»«<script src="{url}">»</script>')


@pytest.mark.parametrize("attribute", ["href", "xlink:href", 'type="text/none" href'])
def test_r11_script_of_an_svg_is_held(attribute: str) -> None:
    refuse(f'<svg>«<script {attribute}="https://t.example/x.js">»</script><path d="M0 0"/></svg>')


def test_r12_script_in_the_double_escaped_state_goes_on() -> None:
    refuse(
        "<script><!--<script>a()</script><img src=//t.example/inside>--></script>"
        "«<img src=//t.example/1>»<script><!-- b() --></script>«<img src=//t.example/2>»"
    )
