"""What test_breakage.py begins, for what sites are built of: modules, styles, media, frames."""

from __future__ import annotations

import html as entities
import time
import tracemalloc
from base64 import b64encode

import pytest

from asgi_consent.decision import Grants
from tests.conftest import shop_settings
from tests.html.pages import rewrite, rewriter
from tests.html.test_breakage import POLICY, attributes_of, categories, elements, refuse


@pytest.mark.parametrize(
    "script",
    [
        '<script type="importmap">{"imports": {"own": "/js/i.js", "https://t.example/": "/own/"}}',
        '<script type="module">import { store } from "own"; import("./view.js");',
        '<script type="module" src="/js/view.js" id="view">',
        '<script type="speculationrules">{"prefetch": [{"urls": ["/next"]}]}',
        "<script type=application/json>{\"imports\": {\"x\": \"https://t.example/x.js\"}}",
    ],
)  # fmt: skip
def test_b24_modules_and_maps_of_the_site_itself_stay(script: str) -> None:
    refuse(f'<link rel="modulepreload" href="/js/i.js">{script}</script><p>after</p>')


@pytest.mark.parametrize(
    "script",
    [
        '{"imports": {"own": "/own.js", "x": "«»https://counter.example/x.js"}}',
        r'{"imports": {"x": "«»https:\/\/counter.example\/x.js"}}',
        '{\n  "scopes": {"/a/": {"x": "«»//counter.example/x/", "y": "/y.js"}}\n}',
    ],
)
def test_b24_of_an_import_map_only_the_denied_address_is_held(script: str) -> None:
    found = refuse(
        f'«<script id="map" type="importmap">»{script}</script><script src=/m.js></script>'
    )

    assert script.replace("«»", "data:consent,") in found
    assert attributes_of("script", found)["type"] == "importmap"
    assert attributes_of("script", found)["data-consent-service"] == "counter"


@pytest.mark.parametrize(
    "code",
    [
        'import "https://counter.example/x.js";',
        "import a, { b as c } from 'https://counter.example/x.js'; a(c)",
        'import{a}from"//counter.example/x.js";a()',
        "export * from 'https://counter.example/x.js'",
        "const { a } = await import( `https://counter.example/x.js` )",
        "own(); import(/* later */ 'https://counter.example/x.js').then(go)",
    ],
)
def test_b24_module_that_imports_from_a_denied_host_is_held_whole(code: str) -> None:
    found = refuse(f'«<script type="module">»{code}</script><script type="module">own()</script>')

    assert attributes_of("script", found)["type"] == "text/plain"
    assert attributes_of("script", found)["data-consent-type"] == "module"
    assert categories(found) == ["statistics"]


def test_b24_script_that_imports_from_a_denied_host_is_held_whole() -> None:
    found = refuse("«<script>»own(); import('https://t.example/x.js').then(go)</script>")

    assert attributes_of("script", found)["type"] == "text/plain"


def test_b24_rules_that_prefetch_from_a_denied_host_are_held_whole() -> None:
    rules = '{"prefetch": [{"urls": ["/a", "https://t.example/b"]}]}'

    found = refuse(f'«<script type="speculationrules">»{rules}</script>')

    assert attributes_of("script", found)["type"] == "text/plain"
    assert attributes_of("script", found)["data-consent-type"] == "speculationrules"


def base64(code: str) -> str:
    return b64encode(code.encode()).decode()


@pytest.mark.parametrize(
    "url",
    [
        "data:text/javascript;base64," + base64("counter('start', 'shop')"),
        "DATA:text/javascript;charset=utf-8;base64,"
        + base64("counter('start')").replace("=", "%3D"),
        "data:text/javascript,counter(%27start%27)",
        "data:,counter('start')",
    ],
)
def test_b25_script_in_a_data_address_is_judged_by_its_code(url: str) -> None:
    assert categories(refuse(f'«<script src="{url}">»</script>')) == ["statistics"]


def test_b25_script_of_an_svg_in_a_data_address_is_judged_by_its_code() -> None:
    refuse('<svg>«<script href="data:text/javascript,counter(%27start%27)">»</script></svg>')


def test_b25_module_in_a_data_address_is_judged_by_its_imports() -> None:
    url = "data:text/javascript;base64," + base64("import 'https://t.example/x.js'")

    refuse(f'«<script type="module" src="{url}">»</script>')


@pytest.mark.parametrize(
    "url",
    [
        "data:text/html,&lt;img src=https://t.example/p.gif&gt;",
        "data:text/html,%3Cimg%20src=https://t.example/p.gif%3E",
        "data:text/html;charset=utf-8;base64," + base64("<script>counter('start')</script>"),
    ],
)
def test_b25_frame_of_a_data_address_is_judged_by_its_document(url: str) -> None:
    refuse(f'<p>a</p>«<iframe src="{url}">»</iframe>')


@pytest.mark.parametrize(
    "tag",
    [
        f'<script src="data:text/javascript;base64,{base64("own(1)")}">',
        '<script src="data:text/javascript,own(%27start%27)" defer>',
        '<script src="data:text/javascript;base64,!not base64!">',
        '<iframe src="data:text/html,<p>hello">',
        '<iframe src="data:text/plain,<img src=https://t.example/p.gif>">',
    ],
)
def test_b25_data_address_with_nothing_denied_in_it_stays(tag: str) -> None:
    refuse(f"{tag}</script></iframe>")


@pytest.mark.parametrize(
    "rel", ["preload stylesheet", "stylesheet preload", "PRELOAD\nstylesheet", "alternate stylesheet"]
)  # fmt: skip
def test_b26_every_word_of_a_rel_counts(rel: str) -> None:
    refuse(f'«<link rel="{rel}" as="style" href="https://t.example/x.css">»')


@pytest.mark.parametrize(
    "tag",
    [
        '<link rel="canonical" href="https://films.example/shop">',
        "<link rel=author href=https://t.example/ann>",
        '<link rel="alternate" hreflang="de" href="https://t.example/de">',
        '<link rel="me license" href="https://t.example/@shop">',
        '<meta property="og:image" content="https://t.example/i.png">',
    ],
)
def test_b27_links_that_fetch_nothing_stay(tag: str) -> None:
    refuse(tag)


def test_b27_hints_stay_for_whom_the_page_may_contact() -> None:
    """One to somebody else is a connection before consent."""
    refuse(
        '<link rel="dns-prefetch" href="//cdn.shop-cdn.example"><link rel=preconnect href="/">'
        '«<link rel="dns-prefetch" href="//t.example">»'
    )


@pytest.mark.parametrize(
    "css",
    [
        '@import "«»https://t.example/a.css"; p{color:red}',
        "@import url(«»https://t.example/b.css) screen; @import url( '«»//t.example/c.css' ) layer(x);",
        '@font-face{src:url("«»https://t.example/f.woff2") format("woff2"), url(/f.woff2), local("F")}',
        "body{background:#fff url(«»https://t.example/p.png) no-repeat;cursor:url(/own.cur),auto}",
        'b{background:image-set("«»//t.example/1.png" 1x, url(«»//t.example/2.png) 2x, "/own.png" 3x)}',
        'b{background:-webkit-image-set(url("«»https://t.example/1.png") 1x)}',
        "a{background:URL(«»HTTPS://T.EXAMPLE/p.png)}@IMPORT '«»//t.example';",
        "a{background:url(\n  «»https://t.example/p.png\n)}",
        r"a{background:u\72 l(«»https://t\.example/p.png)}@\69mport '«»https://t.ex\61mple/x';",
        "a::after{content:'url(//t.example/x)';b:url('«»//t.example/1')}/* url(//t.example/2) */",
        "a{--x:url(«»https://t.example/p.png)}@media print{a{background:url(«»//t.example/2)}}",
        "a{background:url(«»https://t.example/never-closed",
    ],
)  # fmt: skip
def test_b28_of_a_style_only_denied_addresses_are_held(css: str) -> None:
    found = refuse(f"«<style media=screen>»{css}</style><style>p{{margin:0}}</style>")

    assert css.replace("«»", "data:consent,") in found
    assert categories(found) == ["undeclared"]


@pytest.mark.parametrize(
    "css",
    [
        "a{background:url()}b{background:url('')}c{filter:url(#blur)}",
        "a{background:url(data:image/svg+xml,%3Csvg%20xmlns='http://t.example/'%3E)}b{c:url(var(--x))}",
        '@import "/own.css";@import url(own.css);@font-face{src:url(//cdn.shop-cdn.example/f.woff2)}',
        "@namespace svg url(https://t.example/ns);@namespace 'https://t.example/ns';",
        "@charset 'utf-8';/* @import '//t.example'; */a::before{content:\"@import '//t.example'\"}",
        r"a{content:'\'url(https://t.example/x)';quotes:'https://t.example' '\"'}",
        "a[href='https://films.example/1'],a[href^=\"url(https://t.example)\"]{color:red}",
        "a{color:red}}}){(](;}@import",
    ],
)  # fmt: skip
def test_b28_style_that_fetches_nothing_from_others_stays(css: str) -> None:
    refuse(f"<style>{css}</style><p>after</p>")


@pytest.mark.parametrize("url", ["http://[bad", "https://", "//", "https://t example/", "\\", "'"])
def test_b28_address_that_is_none_is_no_error(url: str, caplog: pytest.LogCaptureFixture) -> None:
    html = b"<style>a{b:url(%s)}</style><p style='b:url(%s)'>text" % (url.encode(), url.encode())

    assert rewrite(POLICY, html).endswith(b">text")
    assert caplog.text == ""


@pytest.mark.parametrize(
    "page",
    [
        "<svg>«<style>»p{fill:url(«»https://t.example/p.svg#a)}</style></svg>",
        "<svg>«<style>»p{fill:url(//t&#46;example/p.svg)}</style></svg>",
        "<svg>«<style>»<![CDATA[p{fill:url(//t.example/p.svg)}]]></style></svg>",
        "<svg>«<style>»p{fill:url(//t.ex<!-- -->ample/p.svg)}</style></svg>",
        "<noscript>«<style>»p{background:url(«»//t.example/p.gif)}</style></noscript>",
        "<template shadowrootmode=open>«<style>»p{b:url(«»//t.example/p.gif)}</style></template>",
    ],
)
def test_b28_style_is_read_wherever_it_counts(page: str) -> None:
    refuse(page)


def test_b28_style_is_judged_for_each_visitor() -> None:
    html = b"<style>a{b:url(//counter.example/1)}c{d:url(//films.example/2)}</style>"

    found = rewrite(POLICY, html, Grants(frozenset({"statistics"}))).decode()

    assert "{b:url(//counter.example/1)}c{d:url(data:consent,//films.example/2)}" in found
    assert categories(found) == ["marketing"]


@pytest.mark.threat("T21")
@pytest.mark.parametrize(
    "css",
    [
        "url(", "url('", 'url("', "url( ", "a:url(x", "a:url(x);", "a:url(//t.example);", "@", "-", "/", "\\",
        "@import ", "@import 'x';", "/*", "/**/", "image-set(", "image-set('x')", "{", "'", "''",
    ],
)  # fmt: skip
@pytest.mark.parametrize("attribute", [False, True])
def test_b29_hostile_style_takes_linear_time(css: str, attribute: bool) -> None:
    def cost(size: int) -> float:
        text = css * (size // len(css))
        page = f'<p style="{entities.escape(text)}">' if attribute else f"<style>{text}</style>"
        started = time.process_time()
        rewrite(POLICY, page.encode(), offsets=range(0, len(page), 8192))
        return time.process_time() - started

    assert cost(160_000) < max(cost(20_000) * 8 * 3, 0.5)  # quadratic would be 64 times as much


@pytest.mark.parametrize(
    "tag",
    [
        '<div class=hero style="background-image:url(«»https://t.example/bg.jpg)" id=x>',
        '<a style="background: #000 url(&quot;«»https://t.example/bg.jpg?a=1&amp;b=2&quot;)">',
        "<body style='color:red;background:url( \"«»//t&#46;example/bg.jpg\" ),url(/own.png)'>",
        "<my-hero style=background:url(«»https://t.example/bg.jpg)>",
        """<ul style="list-style:url('«»//t.example/1');background:image-set('«»//t.example/2' 1x)">""",
        '<section hidden STYLE="background:url&lpar;«»https&colon;//t.example/never-closed">',
        """<svg><rect style="fill:url('«»https://t.example/f.svg#a')"/>""",
    ],
)
def test_b30_of_a_style_attribute_only_denied_addresses_are_held(tag: str) -> None:
    name, rest = tag.split(" ", 1)
    found = refuse(f"{name}«» {rest}<p style='margin:0;background:url(/own.png)'>text</p>")

    assert rest.replace("«»", "data:consent,") in found
    assert categories(found) == ["undeclared"]


def test_b31_markup_in_a_json_attribute_is_left_alone() -> None:
    refuse(
        '<div data-multi="{&quot;a&quot;:&quot;&lt;iframe src=\\&quot;//films.example\\&quot;&gt;&quot;}"'
        """ data-settings='{"video":"https:\\/\\/films.example\\/1","html":"<img src=//t.example>"}'>"""
    )


def test_b32_attributes_keep_their_entities() -> None:
    refuse(
        """«<img alt="Caf&eacute; &amp; &#x27;Bar&#39; &lt;3 &nbsp" title='"&quot;' """
        """src="https://t.example/p?a=1&amp;b=2&copy=3">»"""
        """<a href="/?a=1&b=2&amp;c=3&notit;" title=&#0;&bogus;>x</a>"""
    )


@pytest.mark.threat("T19")
def test_b35_memory_does_not_grow_with_the_page() -> None:
    machine = rewriter(POLICY)
    piece = b"<p>a</p><img src=//t.example/p><style>p{}</style><script>own()</script>" * 20

    def memory_after(pieces: int) -> int:
        for _ in range(pieces):
            machine.feed(piece)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    warm, later = memory_after(40), memory_after(80)
    tracemalloc.stop()

    assert later - warm < len(piece)


@pytest.mark.parametrize("html", ["html amp", "html ⚡"])
def test_b36_amp_page_is_a_page_like_any_other(html: str) -> None:
    """Its elements fetch by a script, which is a service to declare."""
    refuse(
        f"<!doctype html><{html}><head>«<script async src=https://t.example/v0.js>»</script>"
        "<style amp-boilerplate>body{animation:-amp-start 8s steps(1,end) both}</style></head>"
        "<body><amp-img src=//t.example/a.jpg width=4></amp-img><amp-analytics>"
        '<script type=application/json>{"requests": {"e": "https://t.example/e"}}</script>'
    )


def test_b37_placeholder_inherits_neither_sandbox_nor_handlers() -> None:
    found = refuse(
        '«<iframe sandbox csp="x" onload="fit(this)" onerror="x()" class="film" '
        'src="https://films.example/1">»</iframe>'
    )

    frame = {name for name in attributes_of("iframe", found) if "data-consent-" not in name}
    assert frame == {"srcdoc", "class"}


@pytest.mark.parametrize(
    "page",
    [
        '«<embed src="https://films.example/1.swf">»',
        '«<object data="https://films.example/1.pdf">»<p>Fallback</p></object>',
        '«<video src="https://films.example/1.mp4" controls>»</video>',
        '«<video poster="https://films.example/1.jpg">»<source src="/own.mp4"></video>',
        "<video>«<source src=//films.example/1.mp4>»«<track src=//films.example/1.vtt>»</video>",
        '«<audio src="https://films.example/1.mp3">»</audio>',
        '<my-player src="//films.example/1" poster="//films.example/2">«<img src=//films.example/3>»',
    ],
)  # fmt: skip
def test_b38_media_is_held_and_elements_of_the_site_are_its_own(page: str) -> None:
    assert {*categories(refuse(page))} == {"marketing"}


def test_b39_b40_held_scripts_keep_their_order_and_how_they_load() -> None:
    """And `refuse` tells that they come back as they were."""
    found = refuse(
        "«<script async src=//counter.example/c.js>»</script>"
        "«<script defer src=//counter.example/d.js>»</script>«<script>»document.write('<p>');"
        "window.onload = () => jQuery(() => counter('start'))</script><script>own()</script>"
    )

    loads = [{"async", "defer"} & {*script} for tag, script in elements(found) if tag == "script"]
    assert loads == [{"async"}, {"defer"}, set(), set()]


def test_b41_held_script_keeps_nonce_integrity_and_id() -> None:
    own = {"nonce": "r4nd0m", "integrity": "sha384-AAAA", "crossorigin": "", "id": "lib"}
    written = " ".join(f'{name}="{value}"' for name, value in own.items())

    found = refuse(f'«<script {written} src="https://t.example/x.js">»</script>')

    assert attributes_of("script", found).items() > own.items()


def test_b43_held_image_keeps_what_gives_it_its_place() -> None:
    found = refuse('«<img class="a" width="48" height="48" alt="Ann" src="https://t.example/1">»')

    image = {name for name in attributes_of("img", found) if "data-consent-" not in name}
    assert image == {"class", "width", "height", "alt"}


def test_b45_necessary_service_works_without_a_choice() -> None:
    pay = {"id": "pay", "name": "Pay", "category": "necessary", "purpose": "Takes your payment"}
    service = {**pay, "hosts": ["pay.example"], "inline": ["pay.buttons("]}
    policy = shop_settings(services=[service]).policy

    refuse("<script src=//pay.example/sdk.js></script><script>pay.buttons({})</script>", policy)


def test_b45_service_of_two_hosts_is_held_or_let_pass_as_a_whole() -> None:
    hosts = ["www.check.example", "static.check.example/check/"]
    check = {"id": "check", "name": "Check", "category": "preferences", "hosts": hosts}
    policy = shop_settings(services=[check]).policy
    first, second = "//www.check.example/a.js", "//static.check.example/check/b.js"
    html = f"<script src={first}></script><script src={second}></script>".encode()

    refuse(f"«<script src={first}>»</script>«<script src={second}>»</script>", policy)
    assert rewrite(policy, html, Grants(services=frozenset({"check"}))) == html


def test_b48_scripts_of_the_site_itself_run_at_once() -> None:
    refuse(
        '<script type="application/json" data-selector="settings">{"path": {"base": "/"}}</script>'
        '<script src="/core/once.js?v=1"></script><script src="//cdn.shop-cdn.example/b.js" defer>'
        "</script>«<script src=//t.example/x.js>»</script><script>Behaviors.attach(document)</script>"
    )


@pytest.mark.parametrize(
    "content", ["0;url=https://t.example/go", "5; URL='https://t.example/'", "3,//t.example"]
)
def test_refresh_that_leads_to_a_denied_host_is_held(content: str) -> None:
    found = refuse(f'«<meta http-equiv="Refresh" content="{content}">»<p>text</p>')

    assert attributes_of("meta", found)["data-consent-http-equiv"] == "Refresh"


@pytest.mark.parametrize(
    "content", ["300", "0;url=/next", "5; url=/?u=https%3A%2F%2Ft.example", ""]
)
def test_refresh_of_the_site_itself_stays(content: str) -> None:
    other = '<meta name="x" content="0;url=https://t.example">'

    refuse(f'<meta http-equiv="refresh" content="{content}">{other}')


@pytest.mark.parametrize("tag", ["a", "area"])
@pytest.mark.parametrize("name", ["ping", "attributionsrc"])
def test_link_that_tells_a_denied_host_still_leads_where_it_did(tag: str, name: str) -> None:
    written = f'<{tag} href="https://films.example/watch" {name}="/own https://t.example/tell">'

    found = refuse(f'«{written}»<a href="/x" {name}="/own">x</a>')

    assert attributes_of(tag, found)["href"] == "https://films.example/watch"
