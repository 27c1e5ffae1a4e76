"""The tokenizer against the tokenizer cases of html5lib-tests: all of them, for every initial state,
whole and byte by byte; and against a selection of our own that is always there.

The cases ask for every token, the tokenizer tells only where tags, comments and raw text begin and
end. What is missing (text without its references, the data of a comment) is worked out here from
the bytes between, so a case passes only if every boundary is where a browser has it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from html.entities import html5
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from asgi_consent.html import gaps
from asgi_consent.html.references import decode
from asgi_consent.html.tags import Tag, is_self_closing
from asgi_consent.html.tokenizer import Tokenizer
from asgi_consent.html.tokens import Kind

CASES = Path(__file__).parents[3] / "shared" / "data" / "html5lib-tokenizer"
#: a tokenizer that makes its input fit for XML, which ours does not
NOT_APPLICABLE = "xmlViolation.test"

#: initial state → what brings a tokenizer into it; `{}` is the last start tag, else the default
OPENINGS = {
    "Data state": ("", ""),
    "RCDATA state": ("<{}>", "title"),
    "RAWTEXT state": ("<{}>", "style"),
    "Script data state": ("<{}>", "script"),
    "PLAINTEXT state": ("<{}>", "plaintext"),
    "CDATA section state": ("<{}><![CDATA[", "svg"),
}

#: as the cases write it: ["StartTag", name, {attributes}, is self-closing], ["Character", text]…
Output = list[list[Any]]


@dataclass(frozen=True)
class Case:
    description: str
    state: str
    last_start_tag: str
    input: str
    output: Output

    @property
    def opening(self) -> str:
        form, default = OPENINGS[self.state]
        return form.format(self.last_start_tag or default)


# ---- from bytes to characters, as the standard has it for text


def characters(written: bytes) -> str:
    text = written.decode("utf-8", "surrogatepass")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def without_nulls(text: str) -> str:
    return text.replace("\0", "\ufffd")


_reference = re.compile(r"&(?:#[xX]([0-9a-fA-F]+);?|#([0-9]+);?|([a-zA-Z0-9]+;?))")
_WINDOWS_1252 = {
    number: char
    for number in range(0x80, 0xA0)
    if (char := bytes((number,)).decode("cp1252", "ignore"))
}


def without_references(text: str) -> str:
    """Character references in text, where, other than in attributes, the longest name counts."""
    return _reference.sub(_referred, text)


def _referred(match: re.Match[str]) -> str:
    hexadecimal, decimal, name = match.groups()
    if name is not None:
        known = (name[:length] for length in range(len(name), 0, -1) if name[:length] in html5)
        longest = next(known, "")
        return html5[longest] + name[len(longest) :] if longest else match[0]
    number = int(hexadecimal, 16) if hexadecimal else int(decimal)
    if number == 0 or number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        return "\ufffd"
    return _WINDOWS_1252.get(number, chr(number))


def data_text(written: bytes) -> str:
    return without_references(characters(written))


def rcdata_text(written: bytes) -> str:
    return without_nulls(without_references(characters(written)))


def raw_text(written: bytes) -> str:
    return without_nulls(characters(written))


# ---- from our tokens to those of the cases


_COMMENT_OPENINGS = (b"<!--", b"<!", b"<?", b"</", b"<![CDATA[")
_EMPTY_COMMENTS = (b"<!-->", b"<!--->")


@dataclass
class Comment:
    """Also doctypes and CDATA sections: what comes as COMMENT pieces, the first of which says what
    it is."""

    opening: bytes
    rest: bytes = b""

    @property
    def is_whole(self) -> bool:
        if self.opening == b"<![CDATA[":
            return self.rest.endswith(b"]]>")
        if self.opening != b"<!--":
            return self.rest.endswith(b">")
        return self.rest in (b">", b"->") or self.rest.endswith((b"-->", b"--!>"))

    def tokens(self) -> Output:
        if self.opening == b"<!--":
            # At the end of the document the beginning of `-->` or `--!>` is no data either.
            data = re.sub(rb"(?:--!?>?|\A->?|\A>|-)\Z", b"", self.rest)
            return [["Comment", raw_text(data)]]
        if self.opening == b"<!" and self.rest[:7].lower() == b"doctype":
            return [["DOCTYPE"]]
        if self.opening == b"</" and self.rest == b">":
            return []
        data = b"?" * (self.opening == b"<?") + self.rest.removesuffix(b">")
        return [["Comment", raw_text(data)]]


@dataclass
class Reader:
    """Reads our tokens. It is strict about what may follow what: a comment is COMMENT pieces up to
    its end, and of an end tag that came in two only the rest may follow."""

    raw_text: Callable[[bytes], str]
    output: Output = field(default_factory=list)
    _text: bytes = b""
    _text_of: Callable[[bytes], str] = data_text
    _comment: Comment | None = None
    _end_tag: bytes = b""  # its rest is due
    _plaintext: bool = False

    def token(self, kind: Kind, raw: bytes, name: bytes, foreign: bool) -> None:
        if self._end_tag:
            assert (kind, name) == (Kind.COPY, b""), f"{raw!r} in an end tag"
            self._put_end_tag(self._end_tag)
            self._end_tag = b""
        elif self._comment or kind is Kind.COMMENT:
            assert kind is Kind.COMMENT, f"{raw!r} in a comment"
            self._read_comment(raw)
        elif kind is Kind.START:
            self._put_start_tag(raw, name)
            self._plaintext = name == b"plaintext" and not foreign
        elif kind is Kind.END and not raw.endswith(b">"):
            self._end_tag = name
        elif kind is Kind.RAW:
            self._add_text(raw, self.raw_text)
        elif name:
            self._put_end_tag(name)
        else:
            self._add_text(raw, raw_text if self._plaintext else data_text)

    def end(self, rest: bytes) -> None:
        """`rest`: what the end of the document cut."""
        if self._comment:
            self._comment.rest += rest
            self._end_comment(self._comment)
        elif rest.startswith(b"<!"):
            opening = b"<!--" if rest.startswith(b"<!--") else b"<!"
            self._end_comment(Comment(opening, rest.removeprefix(opening)))
        elif not self._end_tag and not re.match(rb"</?[a-zA-Z]", rest):  # a cut tag is dropped
            self._add_text(rest, data_text)
        self._put()

    def _put_start_tag(self, raw: bytes, name: bytes) -> None:
        attributes = {
            raw_text(attribute): decode(raw_text(value))
            for attribute, value in Tag(name, raw).values.items()
        }
        self_closing = [True] if is_self_closing(name, raw) else []
        self._put(["StartTag", raw_text(name), attributes, *self_closing])

    def _put_end_tag(self, name: bytes) -> None:
        self._put(["EndTag", raw_text(name)])

    def _read_comment(self, raw: bytes) -> None:
        if self._comment:
            self._comment.rest += raw
        else:
            assert raw in _COMMENT_OPENINGS + _EMPTY_COMMENTS, f"{raw!r} begins a comment"
            self._comment = Comment(raw[:4], raw[4:]) if raw in _EMPTY_COMMENTS else Comment(raw)
        if self._comment.is_whole:
            self._end_comment(self._comment)

    def _end_comment(self, comment: Comment) -> None:
        self._comment = None
        if comment.opening == b"<![CDATA[":
            self._add_text(comment.rest.removesuffix(b"]]>"), characters)
        else:
            self._put(*comment.tokens())

    def _add_text(self, raw: bytes, text_of: Callable[[bytes], str]) -> None:
        if text_of is not self._text_of:
            self._put()
        self._text += raw
        self._text_of = text_of

    def _put(self, *tokens: list[Any]) -> None:
        """The text so far, in which no reference goes on after this, and tokens."""
        text = self._text_of(self._text)
        self._text = b""
        if text and self.output and self.output[-1][0] == "Character":
            self.output[-1][1] += text
        elif text:
            self.output.append(["Character", text])
        self.output += tokens


# ---- running cases


def read(case: Case, size: int) -> Output:
    """What our tokenizer makes of a case that comes `size` bytes at a time."""
    html = (case.opening + case.input).encode("utf-8", "surrogatepass")
    tokenizer = Tokenizer(fragment=True, stops=gaps.text_only())
    pieces = (html[at : at + size] for at in range(0, len(html), size))
    tokens = [token for piece in pieces for part in tokenizer.feed(piece) for token in part]
    closing = list(chain(*tokenizer.close()))
    assert b"".join(raw for _, raw, _, _ in (*tokens, *closing)) == html, "bytes lost or added"

    rest = b""
    if closing and (closing[-1][0], closing[-1][2]) == (Kind.COPY, b""):
        rest = closing.pop()[1]
    reader = Reader(rcdata_text if case.state == "RCDATA state" else raw_text)
    for token in (*tokens, *closing):
        reader.token(*token)
    reader.end(rest)
    if case.opening:
        assert reader.output.pop(0)[0] == "StartTag"
    return reader.output


def failures(cases: Iterable[Case], size: int) -> list[str]:
    found = []
    for case in cases:
        try:
            output: Any = read(case, size)
        except AssertionError as error:
            output = error
        if output != case.output:
            found.append(
                f"{case.description!r} ({case.state}): {case.opening}{case.input!r}\n"
                f"    expected {case.output}\n    got      {output!r}"
            )
    return found


def report(failed: list[str], count: int) -> str:
    return "\n".join((f"{len(failed)} of {count} cases fail, the first of them:", *failed[:10]))


# ---- the cases of html5lib-tests


def cases_of(path: Path) -> Iterator[Case]:
    for test in json.loads(path.read_text("utf-8")).get("tests", ()):
        if test.get("doubleEscaped"):
            test = _unescaped(test)
        output = _coalesced(test["output"])
        for state in test.get("initialStates", ("Data state",)):
            last = test.get("lastStartTag", "")
            yield Case(test["description"], state, last, test["input"], output)


def _unescaped(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), value)
    if isinstance(value, list):
        return [_unescaped(item) for item in value]
    if isinstance(value, dict):
        return {_unescaped(name): _unescaped(item) for name, item in value.items()}
    return value


def _coalesced(tokens: Output) -> Output:
    """Details of doctypes are of no interest to us."""
    output: Output = []
    for token in tokens:
        if token[0] == "Character" and output and output[-1][0] == "Character":
            output[-1] = ["Character", output[-1][1] + token[1]]
        else:
            output.append(token[:1] if token[0] == "DOCTYPE" else token)
    return output


WHOLE = 1 << 20
SIZES = pytest.mark.parametrize("size", [WHOLE, 1], ids=["whole", "by-byte"])
FILES = sorted(path for path in CASES.glob("*.test") if path.name != NOT_APPLICABLE)


@pytest.mark.skipif(not FILES, reason=f"the html5lib tokenizer cases are not at {CASES}")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@SIZES
def test_tokens_are_those_of_html5lib_tests(path: Path, size: int) -> None:
    cases = list(cases_of(path))

    failed = failures(cases, size)

    assert not failed, report(failed, len(cases))


# ---- a selection of our own

DATA, RCDATA, RAWTEXT, SCRIPT, PLAIN, CDATA = OPENINGS


def start(name: str, *, closed: bool = False, **attributes: str) -> list[Any]:
    return ["StartTag", name, attributes, *([True] if closed else [])]


def end(name: str) -> list[Any]:
    return ["EndTag", name]


def text(characters: str) -> list[Any]:
    return ["Character", characters]


def comment(data: str) -> list[Any]:
    return ["Comment", data]


OWN: list[tuple[str, str, list[list[Any]]]] = [
    # start tags
    (DATA, "<b>", [start("b")]),
    (DATA, "<sHOP-iTEM>", [start("shop-item")]),
    (DATA, "<a:b.c_1>", [start("a:b.c_1")]),
    (DATA, "<q\0x>", [start("q\ufffdx")]),
    (DATA, "<br/>", [start("br", closed=True)]),
    (DATA, "<br / >", [start("br")]),
    (DATA, "<br /a>", [start("br", a="")]),
    (DATA, "<br a=/>", [start("br", a="/")]),
    (DATA, "<br a='1'/>", [start("br", a="1", closed=True)]),
    (DATA, "<i a=1 b='2' c=\"3\" d>", [start("i", a="1", b="2", c="3", d="")]),
    (DATA, "<i a = 1\tb\n=\f'2'\r>", [start("i", a="1", b="2")]),
    (DATA, "<i a='>' b=\">\">", [start("i", a=">", b=">")]),
    (DATA, "<i a='\"' b=\"'\">", [start("i", a='"', b="'")]),
    (DATA, "<i a=1'2\"3=4`5<6>", [start("i", a="1'2\"3=4`5<6")]),
    (DATA, "<i A=1 a=2 B=3>", [start("i", a="1", b="3")]),
    (DATA, "<i a='1'b=2>", [start("i", a="1", b="2")]),
    (DATA, "<i a=>", [start("i", a="")]),
    (DATA, "<i a= >b", [start("i", a=""), text("b")]),
    (DATA, "<i =>", [["StartTag", "i", {"=": ""}]]),
    (DATA, "<i ==1>", [["StartTag", "i", {"=": "1"}]]),
    (DATA, "<i 'a<b\">", [["StartTag", "i", {"'a<b\"": ""}]]),
    (DATA, "<i/a/b=1/c>", [start("i", a="", b="1/c")]),
    (DATA, "<i a\r\n=\r\n'1\r2\r\n3'>", [start("i", a="1\n2\n3")]),
    (DATA, "<i a='&amp;&lt;&#x41;&#66'>", [start("i", a="&<AB")]),
    (DATA, "<i a='?b=1&copy=2&copy;=3'>", [start("i", a="?b=1&copy=2©=3")]),
    (DATA, "<i a=&notit; b=&not c='&not'>", [start("i", a="&notit;", b="¬", c="¬")]),
    (DATA, "<i a='&#0;&#x110000;&#128;&#xD800;'>", [start("i", a="\ufffd\ufffd€\ufffd")]),
    # text
    (DATA, "a < b <3 <= c", [text("a < b <3 <= c")]),
    (DATA, "fish &amp chips &notit; &nope;", [text("fish & chips ¬it; &nope;")]),
    (DATA, "<", [text("<")]),
    (DATA, "x</", [text("x</")]),
    (DATA, "é€😀<i>\u00a0", [text("é€😀"), start("i"), text("\u00a0")]),
    # end tags
    (DATA, "</b></B></b c='d>'></b/>", [end("b"), end("b"), end("b"), end("b")]),
    (DATA, "</>a</ b>c</3>", [text("a"), comment(" b"), text("c"), comment("3")]),
    # comments
    (DATA, "<!-- a -->b", [comment(" a "), text("b")]),
    (DATA, "<!-->b<!--->c<!---->d", [comment(""), text("b"), comment(""), text("c"), comment(""), text("d")]),
    (DATA, "<!----->a<!-- --!>b", [comment("-"), text("a"), comment(" "), text("b")]),
    (DATA, "<!--a--b--!c-- >d-->", [comment("a--b--!c-- >d")]),
    (DATA, "<!--<!--a-->b", [comment("<!--a"), text("b")]),
    (DATA, "<!--<i>--><i>", [comment("<i>"), start("i")]),
    (DATA, "<!a>b<?c>d<!>", [comment("a"), text("b"), comment("?c"), text("d"), comment("")]),
    (DATA, "<!-a-->b", [comment("-a--"), text("b")]),
    (DATA, "<![CDATA[a]]>b", [comment("[CDATA[a]]"), text("b")]),
    (DATA, "<!DocType html>a<!doctype '>b", [["DOCTYPE"], text("a"), ["DOCTYPE"], text("b")]),
    # what the end of the document cuts
    (DATA, "a<b", [text("a")]),
    (DATA, "a<b c='>", [text("a")]),
    (DATA, "a</b c", [text("a")]),
    (DATA, "a<!--b--", [text("a"), comment("b")]),
    (DATA, "a<!--b-", [text("a"), comment("b")]),
    (DATA, "a<!--b--!", [text("a"), comment("b")]),
    (DATA, "<!", [comment("")]),
    (DATA, "<!-", [comment("-")]),
    (DATA, "<!-->", [comment("")]),
    (DATA, "<!---", [comment("")]),
    (DATA, "<?a", [comment("?a")]),
    (DATA, "<!doctype", [["DOCTYPE"]]),
    # raw text
    (RCDATA, "<b>&lt;</b></title>a", [text("<b><</b>"), end("title"), text("a")]),
    (RCDATA, "a</titles></title a='>'>&lt;", [text("a</titles>"), end("title"), text("<")]),
    (RCDATA, "a</TITLE/>b", [text("a"), end("title"), text("b")]),
    (RCDATA, "a</title", [text("a</title")]),
    (RCDATA, "a</title ", [text("a")]),
    (RAWTEXT, "&lt;<!--</style>-->", [text("&lt;<!--"), end("style"), text("-->")]),
    (RAWTEXT, "\0</ style></style\n>\0", [text("\ufffd</ style>"), end("style"), text("\0")]),
    (SCRIPT, "a</script>b", [text("a"), end("script"), text("b")]),
    (SCRIPT, "<!--</script>-->", [text("<!--"), end("script"), text("-->")]),
    (SCRIPT, "<!--<script></script>-->a", [text("<!--<script></script>-->a")]),
    (SCRIPT, "<!--<script>--></script>a", [text("<!--<script>-->"), end("script"), text("a")]),
    (SCRIPT, "<!--><script></script>a", [text("<!--><script>"), end("script"), text("a")]),
    (SCRIPT, "<!--<scripts></script>a", [text("<!--<scripts>"), end("script"), text("a")]),
    (SCRIPT, "<!--<script/</script\t</script>a", [text("<!--<script/</script\t"), end("script"), text("a")]),
    (SCRIPT, "<script></script>a", [text("<script>"), end("script"), text("a")]),
    (PLAIN, "<i>&lt;</plaintext>\0", [text("<i>&lt;</plaintext>\ufffd")]),
    (CDATA, "<i>&lt;]]]>&lt;<i/>", [text("<i>&lt;]<"), start("i", closed=True)]),
    (CDATA, "a]]", [text("a]]")]),
]  # fmt: skip


@SIZES
def test_tokens_are_those_of_the_standard(size: int) -> None:
    cases = [Case("", state, "", html, output) for state, html, output in OWN]

    failed = failures(cases, size)

    assert not failed, report(failed, len(cases))
