"""The addresses in CSS: what is one, where it is written, and that the quick look misses none."""

from __future__ import annotations

import functools
import gzip
import operator
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import tinycss2  # type: ignore[import-untyped]
from hypothesis import example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from asgi_consent.html.css import Reference, holds_only, references, unescaped

PAGES = sorted((Path(__file__).parents[3] / "shared" / "pages").glob("*.html.gz"))
LONG = bool(os.environ.get("ASGI_CONSENT_LONG"))
SEED = int(os.environ.get("ASGI_CONSENT_SEED", "1"))


def urls(css: str) -> list[str]:
    """But for empty ones, which lead nowhere."""
    return [reference.url for reference in references(css) if reference.url]


def in_escapes(name: str) -> str:
    return "".join(f"\\{ord(char):06x}" for char in name)


# ---- by hand


@pytest.mark.parametrize(
    ("css", "expected"),
    [
        # url()
        ("a{b:url(x)}", ["x"]),
        ("a{b:url('x')}", ["x"]),
        ('a{b:url("x")}', ["x"]),
        ("a{b:URL( \t\n\f\r x \n)}", ["x"]),
        ("a{b:Url( \n'x'\t)}", ["x"]),
        ("a{b:url(x),url( 'y' )c url(z)}", ["x", "y", "z"]),
        ("a{b:url(//x/?a=1&b#c@d!e$f*g+h,i;j:k[l]m{n}o)}", ["//x/?a=1&b#c@d!e$f*g+h,i;j:k[l]m{n}o"]),
        ("a{b:url('x)y(z')}", ["x)y(z"]),
        ("a{b:url(\"it's\")}", ["it's"]),
        ("a{b:url('x y')}", ["x y"]),
        ("a{b:url(x/*y*/z)}", ["x/*y*/z"]),
        ("a{b:url(data:image/png;base64,AA==)}", ["data:image/png;base64,AA=="]),
        ("a{b:url(\"data:image/svg+xml,<svg fill='url(#x)'/>\")}", ["data:image/svg+xml,<svg fill='url(#x)'/>"]),
        ("--b:url(x)", ["x"]),
        ("--b:{url(x)}[url(y)](url(z))", ["x", "y", "z"]),
        ("b:é url(é)", ["é"]),
        ("a{b:f(g(url(x)) url(y))url(z)}", ["x", "y", "z"]),
        ("@media (a){@supports(b:url(x)){c{d:url(y)}}}", ["x", "y"]),
        ("@font-face{src:local('a'),url(x)format('b')}", ["x"]),
        # no url()
        ("a{b:url()}", []),
        ("a{b:url (x)}", []),
        ("a{b:url/**/(x)}", []),
        ("a{b:my-url('x')}", []),
        ("a{b:myurl(x)}", []),
        ("a{b:_url(x)}", []),
        ("a{b:-url(x)}", []),
        ("a{b:éurl(x)}", []),
        ("a{b:1url(x)}", []),
        ("a{b:#url(x)}", []),
        ("@url(x)", []),
        ("a{b:\\41 url(x)}", []),
        ("a{b:url\\(x)}", []),
        ("a{b:'url(x)'}", []),
        ("a{b:\"url(x)\"}", []),
        ("/*url(x)*/", []),
        ("/*'*/b:url(x)/*'*/", ["x"]),
        ("/*/url(x)/**/b:url(y)", ["y"]),
        ("/**/url(x)/* url(y)", ["x"]),
        ("a{b:/url(x)/ url(y)*/}", ["x", "y"]),
        ("a{b:'x\\'url(y)'}", []),
        ("a{b:'x\\\\'url(y)}", ["y"]),
        ("a[b='url(x)']{c:url(y)}", ["y"]),
        # bad urls and bad strings: no address, and what follows is read on
        ("a{b:url(x y)url(z)}", ["z"]),
        ("a{b:url(x'y)url(z)}", ["z"]),
        ("a{b:url(x(y)url(z)}", ["z"]),
        ("a{b:url(x'y\\)url(w))url(z)}", ["z"]),
        ("a{b:'x\n;c:url(y)}", ["y"]),
        ("a{b:'x\r;c:url(y)}", ["y"]),
        ("a{b:\"x\f;c:url(y)}", ["y"]),
        ("a{b:'x\\\nurl(y)'}", []),
        # what only looks like the beginning of one must not swallow the next
        ("a{b:#url(x\") \");c:url(y)}", ["y"]),
        ("a{b:1url(x\") \");c:url(y)}", ["y"]),
        ("a{b:1e3url(x\") \");c:url(y)}", ["y"]),
        ("a{b:éurl(x\") \");c:url(y)}", ["y"]),
        ("@url(x\") \"){}a{c:url(y)}", ["y"]),
        ("a{b:\0url(x\") \");c:url(y)}", ["y"]),
        ("a{b:'\\\\'url(x)}", ["x"]),
        ("a{b:<!--url(x)}", ["x"]),
        ("a{b:\\\nurl(x)}", ["x"]),
        # what the end cuts
        ("b:url(x", ["x"]),
        ("b:url(x ", ["x"]),
        ("b:url('x", ["x"]),
        ("b:url('x'", ["x"]),
        ("b:url(", []),
        ("b:url(x\\", ["x\ufffd"]),
        ("b:url('x\\", ["x"]),
        ("@import'x", ["x"]),
        ("@import", []),
        # escapes
        ("b:u\\rl(x)", ["x"]),
        ("b:\\url(x)", ["x"]),
        ("b:\\75rl(x)", ["x"]),
        ("b:\\75 rl(x)", ["x"]),
        ("b:\\000075rl(x)", ["x"]),
        ("b:\\75\r\nrl(x)", ["x"]),
        ("b:\\55\tR\\4C\f(x)", ["x"]),
        ("b:url(\\78 y\\29 z)", ["xy)z"]),
        ("b:url(\\x\\(\\'\\\")", ["x('\""]),
        ("b:url(x\\ y)", ["x y"]),
        ("b:url('\\78\\79 z')", ["xyz"]),
        ("b:url('x\\\ny\\\r\nz')", ["xyz"]),
        ("a{b:'x\\\r\ny';c:url(z)}", ["z"]),
        ("a{b:'x\\22\n';c:url(z)}", ["z"]),
        ("a{b:'x\\22\r\n';c:url(z)}", ["z"]),
        ("b:url(\\0 \\110000 \\d800 \\1f600)", ["\ufffd\ufffd\ufffd😀"]),
        (f"b:{in_escapes('url')}(x)", ["x"]),
        (f"b:{in_escapes('-webkit-image-set')}('x')", ["x"]),
        (f"b:{in_escapes('url')}('x')f(url(y))'z'", ["x", "y"]),
        # @import, @namespace
        ("@import 'x';", ["x"]),
        ("@import\"x\";@import url(y);@import url('z') layer(a) supports(b:c) print;", ["x", "y", "z"]),
        ("@IMPORT/**/ \n'x'", ["x"]),
        ("@\\69mport 'x'", ["x"]),
        ("@i\\4dPort'x'", ["x"]),
        ("@import-x 'y'", []),
        ("@imports 'y'", []),
        ("@import x 'y'", []),
        ("'@import \"x\"'/*@import 'y'*/", []),
        ("@charset 'x';", []),
        ("@namespace 'x';@import 'y'", ["y"]),
        ("@namespace a url(x);b:url(y)", ["y"]),
        ("@namespace a url('x');b:url(y)", ["y"]),
        ("@NAMESPACE/**/url(x);b:url(y)", ["y"]),
        ("@namespace;b:url(y)", ["y"]),
        # strings as addresses
        ("b:image-set('x' 1x,\"y\" 2x,url(z) 3x)", ["x", "y", "z"]),
        ("b:-webkit-image-set(url(x) 1x,url('y') 2x)", ["x", "y"]),
        ("b:IMAGE-SET('x' type('image/png') 1x)", ["x"]),
        ("b:image('x',red)", ["x"]),
        ("b:src('x')", ["x"]),
        ("b:cross-fade(url(x),'y',50%)", ["x", "y"]),
        ("b:image-set(linear-gradient(red,blue) 1x,'x' 2x)", ["x"]),
        ("b:image-set(calc((1 + (2))) 'x')'y'", ["x"]),
        ("b:format('x')local('y')attr(z)", []),
        ("b:image-set() 'x'", []),
        ("b:image-set(1x", []),
    ],
)  # fmt: skip
def test_addresses_are_those_a_browser_finds(css: str, expected: list[str]) -> None:
    assert urls(css) == expected


@pytest.mark.parametrize(
    ("css", "written"),
    [
        ("a{b:url(x)}", ["x"]),
        ("a{b:url( x )}", ["x"]),
        ("a{b:url( 'x' )}", ["x"]),
        ("b:url(\\78 y)", ["\\78 y"]),
        ("@import/*x*/'x'", ["x"]),
        ("x:image-set('x' 1x,url(x) 2x)", ["x", "x"]),
    ],
)
def test_place_of_an_address_is_where_it_is_written(css: str, written: list[str]) -> None:
    found = [css[reference.at :][: len(text)] for reference, text in zip(references(css), written, strict=True)]  # fmt: skip

    assert found == written


@pytest.mark.parametrize(
    "css",
    [
        b"@\\69mport '//t.example/x'",
        b"@im\\70 ort '//t.example/x'",
        b"@import '//t.example/x'",
        b"@import/**/url(//t.example/x)",
        b"a{b:url(//t.example/x)}",
        b"a{b:url('//t.example/x')}",
        b"a{b:URL(\n\"//t.example/x\")}",
        b"a{b:\\75rl(//t.example/x)}",
        b"a{b:url(\\2f/t.example/x)}",
        b"a{b:url(//shop.ex\\61mple.t.example/x)}",
        b"a{b:url('//shop.example'@t.example/x')}".replace(b"'@", b"\\'@"),
        b"a{b:url(\"//shop.example\t.t.example/x\")}",
        b"a{b:url(\"//shop.example).t.example/x\")}",
        b"a{b:url(\"//shop.example'.t.example/x\")}",
        b"a{b:url('//shop.example\".t.example/x')}",
        b"a{b:url(\"//shop.example @t.example/x\")}",
        b"a{b:image-set('//t.example/x' 1x)}",
        b"a{b:-WEBKIT-IMAGE-SET('//t.example/x' 1x)}",
        b"a{b:image('//t.example/x')}",
        b"a{b:src('//t.example/x')}",
        b"a{b:cross-fade('//t.example/x')}",
        in_escapes("-webkit-image-set").encode() + b"('//t.example/x' 1x)",
    ],
)  # fmt: skip
def test_quick_look_is_not_enough(css: bytes) -> None:
    own = ("//shop.example", "//shop.example/", "/")

    assert not holds_only(css, lambda url: url in own)


@pytest.mark.parametrize(
    "css",
    [
        b"",
        b"a{color:red}",
        b"a{b:url(/x)}",
        b"a{b:url('/x')c:url( \"/y\" )}",
        b"@media print{a{b:url(/x)}}",
        b".icon::before{content:'\\f101'}",
        b"a{transform:translate(1px)rotate(2deg)}",
        b"@font-face{src:url(/a.woff2)format('woff2'),local('b')}",
    ],
)
def test_quick_look_is_enough(css: bytes) -> None:
    assert holds_only(css, lambda url: url.startswith("/"))


# ---- any text

_WORDS = (
    "url( URL( u\\72l( \\75rl( url(x url(//t.example/a) url('//t.example/b') image-set( type( f( "
    "-webkit-image-set( image( src( cross-fade( format( rgb( calc( #url( 1url( @url( -url( éurl( "
    "@import @IMPORT @\\69mport @im\\70ort @namespace @media @charset // //t.example/c /own 'x' \"y\" "
    "'//t' \"//t.example\" ' \" ( ) [ ] { } ; : , /* */ / * \\ \\\\ \\' \\\" \\( \\) \\22 \\27 \\28 "
    "\\29 \\2f \\a \\0 \\110000 \\d800 é € a b-c --d -- - 1 1x 1e3 50% #a .b + ! @ & < > <!-- --> $"
)
PIECES = (
    *_WORDS.split(" "),
    *(" ", "\n", "\t", "\f", "\r", "\r\n", "\\\n", "\\\r\n", "\0", "data:image/png,"),
    *("a{b:", "};c{d:url(/e)}"),
)
css_soup = st.lists(st.sampled_from(PIECES) | st.characters(max_codepoint=0x2FF), max_size=20).map(
    "".join
)


@given(st.text(max_size=60) | css_soup)
def test_any_text_is_read_in_order(css: str) -> None:
    at = [reference.at for reference in references(css)]

    assert at == sorted(at)
    assert all(0 < place <= len(css) for place in at)


@given(css_soup)
def test_every_address_is_written_where_it_says(css: str) -> None:
    for reference in references(css):
        assert _is_written(css, reference)


def _is_written(css: str, reference: Reference) -> bool:
    """An escape may be the last thing in an address; then what follows must not become part of it."""
    ends = range(reference.at, len(css) + 1)
    return any(unescaped(css[reference.at : end]) == reference.url for end in ends) or (
        reference.url.endswith("\ufffd") and css.endswith("\\")
    )


def _asked(css: bytes) -> set[str] | None:
    """What the quick look asks about; None where it is not enough."""
    asked: set[str] = set()

    def allowed(url: str) -> bool:
        asked.add(url)
        return True

    return asked if holds_only(css, allowed) else None


@given(css_soup)
@example("@\\69mport '//t.example'")
@example("a{b:url('//shop.example\\'@t.example')}")
@example('a{b:url("//shop.example\t.t.example")}')
@example(f"b:{in_escapes('-webkit-image-set')}('//t.example' 1x)")
@example("b:url(//t.example\\")
def test_quick_look_misses_nothing_that_the_exact_scan_finds(css: str) -> None:
    written = css.encode()
    asked = _asked(written)
    if asked is None:
        return
    found = {_in_utf8(reference) for reference in references(written.decode("latin-1"))}

    assert {url for url in found if url} <= asked


def _in_utf8(reference: Reference) -> str:
    return reference.url.encode("latin-1", "replace").decode("utf-8", "replace")


@given(css_soup)
def test_what_holds_a_forbidden_address_does_not_pass_the_quick_look(css: str) -> None:
    found = {_in_utf8(reference) for reference in references(css.encode().decode("latin-1"))}

    for forbidden in found - {""}:
        allowed = functools.partial(operator.ne, forbidden)
        assert not holds_only(css.encode(), allowed)


# ---- hostile text

SIZE = 1 << (20 if LONG else 18)


@pytest.mark.threat("T21")
@pytest.mark.parametrize(
    "piece",
    [
        "(", ")", "\\", "a\\", "/*", "/**/", "url(", "url(a", "url(a ", "url('", '"', "'\n", "'\\",
        "a(", "@", "@i", "@import", "@import ", "@import/*", "@namespace a ", "@namespace/**/", "\\61",
        "\\61 (", "image-set(", "image-set(')", "-", "a" * 120 + " (", "\\000061" * 30 + "(", "@\\",
        "@namespace url(", "u\\72l(",
    ],
)  # fmt: skip
@pytest.mark.parametrize("scan", [lambda css: list(references(css.decode())), _asked], ids=["exact", "quick"])  # fmt: skip
def test_hostile_text_takes_linear_time(scan: Callable[[bytes], Any], piece: str) -> None:
    def cost(size: int) -> float:
        css = (piece * (size // len(piece))).encode()
        started = time.process_time()
        scan(css)
        return time.process_time() - started

    small, large = cost(SIZE // 8), cost(SIZE)

    assert large < max(small * 8 * 4, 0.5)  # quadratic would be 64 times as much


# ---- against tinycss2

_TAKES_STRING = ("url", "src", "image", "image-set", "-webkit-image-set", "cross-fade")
_BLOCKS = ("() block", "[] block", "{} block")
# Where it is not as the standard (CSS Syntax 3, 4.3.7 and 4.3.6), nor as Chromium:
_SURROGATE = re.compile("[\ud800-\udfff]")  # escaped, it stays
_BROKEN_ESCAPE = re.compile(r"\\[\n\r\f]\s*(?:\)|\Z)")  # it becomes part of a url()


def by_tinycss2(css: str) -> tuple[set[str], bool]:
    """The addresses in its tree; whether there is nothing wrong with the text."""
    nodes = tinycss2.parse_component_value_list(css)
    found = {_SURROGATE.sub("\ufffd", url) for url in _in_nodes(nodes, "") if url}
    if _BROKEN_ESCAPE.search(css):
        found = {url for url in found if not url.endswith("\\")}
    return found, not any(map(_is_odd, nodes))


def _in_nodes(nodes: Iterable[Any], function: str) -> Iterator[str]:
    nodes = [node for node in nodes if node.type not in ("whitespace", "comment")]
    rule = ""
    for at, node in enumerate(nodes):
        if node.type == "url" or _is_url(node):
            if rule != "namespace":
                yield from [node.value] if node.type == "url" else _in_nodes(node.arguments, "url")
        elif node.type == "string":
            if rule != "namespace" and (function in _TAKES_STRING or rule == "import"):
                yield node.value
        elif node.type == "function":
            yield from _in_nodes(node.arguments, "" if _holds_block(node) else node.lower_name)
        elif node.type in _BLOCKS:
            yield from _in_nodes(node.content, "")
        names_prefix = rule == "namespace" and node.type == "ident" and nodes[at - 1].type == "at-keyword"  # fmt: skip
        if not names_prefix:
            rule = node.lower_value if node.type == "at-keyword" else ""


def _is_url(node: Any) -> bool:
    return bool(node.type == "function" and node.lower_name == "url")


def _holds_block(node: Any) -> bool:
    """No function that fetches takes any: with one it is void."""
    return node.type == "function" and any(inner.type in _BLOCKS[1:] for inner in node.arguments)


def _is_odd(node: Any) -> bool:
    inside = getattr(node, "arguments", None) or getattr(node, "content", None) or ()
    return node.type == "error" or _holds_block(node) or any(map(_is_odd, inside))


def ours(css: str) -> set[str]:
    # Before anything else is read, these are replaced (CSS Syntax 3.3).
    return {url.replace("\0", "\ufffd") for url in urls(css)}


def styles(path: Path) -> Iterator[str]:
    html = gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
    tree = LexborHTMLParser(html)
    for node in tree.css("style"):
        yield node.text()
    for node in tree.css("[style]"):
        yield node.attributes["style"] or ""


@pytest.mark.skipif(not PAGES, reason="the real pages are not at ../shared/pages")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name.split(".")[0])
def test_addresses_of_real_pages_are_those_of_tinycss2(path: Path) -> None:
    for css in set(styles(path)):
        assert ours(css) == by_tinycss2(css)[0]
        asked = _asked(css.encode())
        assert asked is None or ours(css) <= asked


def soups(seed: int, count: int) -> Iterator[str]:
    random = Random(seed)
    for _ in range(count):
        yield "".join(random.choices(PIECES, k=random.randint(1, 20)))


def test_addresses_of_any_text_are_those_of_tinycss2() -> None:
    """In text that is in order the same; with escapes, and in text that is not, at least the same:
    an address that nobody fetches costs nothing."""
    wrong = []
    for css in soups(SEED, 50_000 if LONG else 2_000):
        theirs, in_order = by_tinycss2(css)
        exact = in_order and "\\" not in css
        if not theirs <= ours(css) or (exact and theirs != ours(css)):
            wrong.append((css, sorted(theirs), sorted(ours(css))))

    wrong.sort(key=lambda found: len(found[0]))
    assert not wrong, f"{len(wrong)} texts: (text, theirs, ours)\n" + "\n".join(
        map(repr, wrong[:10])
    )
