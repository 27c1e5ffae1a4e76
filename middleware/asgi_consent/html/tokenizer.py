"""Bytes of HTML in, tokens out, no I/O: the WHATWG tokenizer as far as gating needs it.

The tokens' bytes, joined, are the input. Only the tags somebody must look at come out one by one;
everything between them comes as one COPY. What is held back is at most one cut tag; the input is
read once, however it is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import ClassVar, NamedTuple

from asgi_consent.html import grammar
from asgi_consent.html.elements import PLAINTEXT, RAW_TEXT, REPORTED
from asgi_consent.html.foreign import POINTS, ROOTS, ForeignContent
from asgi_consent.html.script_data import ScriptData
from asgi_consent.html.tag_end import CutTag
from asgi_consent.html.tags import Tag

#: a start tag longer than this is passed on without having been read whole
LONGEST_TAG = 4 * 1024 * 1024

_SWITCHING = RAW_TEXT | ROOTS | {PLAINTEXT}
_HTML_GAP = grammar.gap(REPORTED | _SWITCHING, frozenset())
_POINT_GAP = grammar.gap(REPORTED | _SWITCHING, POINTS | ROOTS)
# After a frameset the tree builder ignores the other start tags, and with them their raw text. A
# script stays one: whether it is ignored depends on text before the frameset.
_RAW_IN_FRAMESET = frozenset((b"noframes", b"script"))
_LONGEST_NAME = 64  # bytes; nothing longer is reported
_LONGEST_HTML_TAG = 16 * 1024  # bytes of an html tag that are waited for
_CDATA = b"<![CDATA["
_UTF8_MARK = b"\xef\xbb\xbf"


class Kind(Enum):
    COPY = "copy"  # text, comments, tags nobody looks at
    HEAD = "head"  # no bytes: here the head begins, or would begin
    START = "start"  # a reported start tag
    CUT = "cut"  # the beginning of a reported start tag that is too long; COPYs follow
    RAW = "raw"  # text inside a raw text element, `name` says which
    END = "end"  # the end tag of a raw text element


class Token(NamedTuple):
    kind: Kind
    raw: bytes
    name: bytes = b""
    foreign: bool = False


class _State(Enum):
    START = "start"  # where a byte order mark may be
    PROLOG = "prolog"
    DATA = "data"
    RAW_TEXT = "raw text"
    PLAINTEXT = "plaintext"
    COMMENT = "comment"
    DECLARATION = "declaration"  # bogus comment or doctype
    CDATA = "cdata"
    TAG = "tag"  # inside a tag that the end of the buffer cut


_ENDINGS = {_State.COMMENT: b"-->", _State.DECLARATION: b">", _State.CDATA: b"]]>"}
_Step = Callable[["Tokenizer", bytes, int, bool], tuple[int, list[Token]]]


class Tokenizer:
    """With `scripting` off a noscript holds markup, as in a browser without scripts."""

    def __init__(self, *, prolog: bool = True, scripting: bool = True) -> None:
        self._content = _State.PROLOG if prolog else _State.DATA  # the state outside of any markup
        self._state = _State.START
        self._held = b""
        self._foreign = ForeignContent()
        self._raw_names = RAW_TEXT if scripting else RAW_TEXT - {b"noscript"}
        self._raw_name = b""
        self._script = ScriptData()
        self._body = False
        self._cut_tag: CutTag | None = None

    def feed(self, data: bytes) -> Iterator[Token]:
        yield from self._run(self._held + data, last=False)

    def close(self) -> Iterator[Token]:
        yield from self._run(self._held, last=True)

    @property
    def accepts_markup(self) -> bool:
        """Whether markup put here would be read as markup; asked at a token or after `close`."""
        return self._state is self._content and not self._held and not self._foreign.is_open

    def ending(self) -> bytes:
        """What has to follow so that the next byte is content; nothing where it would be anyway."""
        if self._state is _State.TAG:
            assert self._cut_tag is not None
            return self._cut_tag.scan.ending()
        if self._state is _State.RAW_TEXT:
            leave_escaped = b"-->" if self._raw_name == b"script" else b""
            return leave_escaped + b"</" + self._raw_name + b">"
        if self._state in _ENDINGS:
            return _ENDINGS[self._state]
        return b">" if self._held else b""

    def _run(self, buffer: bytes, *, last: bool) -> Iterator[Token]:
        """Each step reads from `at` and says where the next one begins, and the tokens until there;
        a step that gets nowhere waits for more input."""
        at = 0
        self._held = b""
        while at < len(buffer):
            end, tokens = self._STEPS[self._state](self, buffer, at, last)
            yield from tokens
            if end == at and not tokens:
                break
            at = end
        self._held = buffer[at:]
        if last:
            if self._content is _State.PROLOG:
                yield Token(Kind.HEAD, b"")
            rest = self._held + (b"".join(self._cut_tag.held) if self._cut_tag else b"")
            if rest:  # browsers drop a tag that the document ends in
                yield Token(Kind.COPY, rest)

    # Each step: (buffer, at, last) -> (end, tokens)

    def _start(self, buffer: bytes, at: int, last: bool) -> tuple[int, list[Token]]:
        start = buffer[at : at + len(_UTF8_MARK)]
        if start == _UTF8_MARK:
            self._state = self._content
            return at + len(start), [Token(Kind.COPY, start)]
        if _UTF8_MARK.startswith(start) and not last:
            return at, []
        self._state = self._content
        return self._STEPS[self._state](self, buffer, at, last)

    def _prolog(self, buffer: bytes, at: int, last: bool) -> tuple[int, list[Token]]:
        match = grammar.prolog(buffer, at)
        assert match is not None  # matches the empty string
        end = match.end()
        tokens = [Token(Kind.COPY, buffer[at:end])] if end > at else []
        if not last:
            if end == len(buffer):
                return end, tokens
            if cut := self._cut_markup(buffer, end, tokens):
                return cut
            if _begins_html_tag(buffer, end) and len(buffer) - end < _LONGEST_HTML_TAG:
                return end, tokens
        self._content = self._state = _State.DATA
        return end, [*tokens, Token(Kind.HEAD, b"")]

    def _data(self, buffer: bytes, at: int, last: bool) -> tuple[int, list[Token]]:
        if self._foreign.inside:
            gap = grammar.foreign_gap()
        else:
            gap = _POINT_GAP if self._foreign.is_open else _HTML_GAP
        match = gap.match(buffer, at)
        assert match is not None  # matches the empty string
        end = match.end()
        tokens = [Token(Kind.COPY, buffer[at:end])] if end > at else []
        if end == len(buffer):
            return end, tokens
        if tag := grammar.whole_tag(buffer, end):
            name = tag[2].lower()
            return tag.end(), [*tokens, self._tag(tag[0], bool(tag[1]), name)]
        if last:
            return end, tokens
        return self._cut(buffer, end, tokens)

    def _cut(self, buffer: bytes, at: int, tokens: list[Token]) -> tuple[int, list[Token]]:
        """Something starts at `at` that the end of the buffer cuts."""
        if cut := self._cut_markup(buffer, at, tokens):
            return cut
        name = grammar.tag_name(buffer, at)
        if name is not None and name.end() < len(buffer):
            closing, tag = bool(name[1]), name[2].lower()
            self._cut_tag = CutTag(tag, closing, self._is_reported(tag, closing))
            self._cut_tag.held.append(name[0])
            self._cut_tag.size = len(name[0])
        elif len(buffer) - at > _LONGEST_NAME:
            self._cut_tag = CutTag(b"", False, False, in_name=True)
            self._cut_tag.held.append(buffer[at:])
            self._state = _State.TAG
            return len(buffer), tokens
        else:
            return at, tokens
        self._state = _State.TAG
        return name.end(), tokens

    def _cut_markup(
        self, buffer: bytes, at: int, tokens: list[Token]
    ) -> tuple[int, list[Token]] | None:
        """The same for comments, doctypes and CDATA sections; None where it is none of them."""
        start = buffer[at : at + len(_CDATA)]
        if not start.startswith(b"<"):
            return None
        if start.startswith(b"<!--"):
            if len(buffer) - at < len(b"<!--->"):
                return at, tokens
            return self._enter(_State.COMMENT, start[:4], at, tokens)
        if self._foreign.inside and _CDATA.startswith(start):
            return self._enter(_State.CDATA, start, at, tokens) if start == _CDATA else (at, tokens)
        if b"<!--".startswith(start) or start == b"</":
            return at, tokens
        if start[1:2] in b"!?" or (start[1:2] == b"/" and start[2:3] and not start[2:3].isalpha()):
            return self._enter(_State.DECLARATION, start[:2], at, tokens)
        return None

    def _enter(
        self, state: _State, opening: bytes, at: int, tokens: list[Token]
    ) -> tuple[int, list[Token]]:
        self._state = state
        return at + len(opening), [*tokens, Token(Kind.COPY, opening)]

    def _is_reported(self, name: bytes, closing: bool) -> bool:
        if self._foreign.inside:
            return True
        if closing:
            return self._foreign.is_open and name in POINTS | ROOTS
        return name in REPORTED or name in _SWITCHING

    def _in_tag(self, buffer: bytes, at: int, last: bool) -> tuple[int, list[Token]]:
        cut = self._cut_tag
        assert cut is not None
        end = cut.scan.find(buffer, at)
        stop = len(buffer) if end < 0 else end
        cut.held.append(buffer[at:stop])
        cut.size += len(cut.held[-1])
        tokens: list[Token] = []
        if end >= 0:
            self._state = _State.DATA
            self._cut_tag = None
            raw = b"".join(cut.held)
            tokens = [Token(Kind.COPY, raw)]
            if cut.reported and cut.passing:
                self._tag(b"<" + cut.name + b">", cut.closing, cut.name)
            elif cut.reported:
                tokens = [self._tag(raw, cut.closing, cut.name)]
        elif cut.passing or not cut.reported:
            tokens = [Token(Kind.COPY, b"".join(cut.held))]
            cut.held.clear()
            cut.passing = True
        elif cut.size > LONGEST_TAG:
            tokens = [Token(Kind.CUT, b"".join(cut.held), cut.name, self._foreign.inside)]
            cut.held.clear()
            cut.passing = True
        return stop, tokens

    def _tag(self, raw: bytes, closing: bool, name: bytes) -> Token:
        """A whole tag that is a stop: what it does to the tokenizer, and its token."""
        if closing:
            self._foreign.end(name)
            return Token(Kind.COPY, raw)
        foreign = self._foreign.start(Tag(name, raw))
        if not foreign:
            self._body = self._body or name == b"body"
            if name == b"frameset" and not self._body:
                self._raw_names = _RAW_IN_FRAMESET
            if name in self._raw_names:
                self._state = _State.RAW_TEXT
                self._raw_name = name
                self._script = ScriptData()
            elif name == PLAINTEXT:
                self._state = _State.PLAINTEXT
        if name in REPORTED or self._state is _State.RAW_TEXT:
            kind = Kind.START if len(raw) <= LONGEST_TAG else Kind.CUT
            return Token(kind, raw, name, foreign)
        return Token(Kind.COPY, raw)

    def _raw_text(self, buffer: bytes, at: int, last: bool) -> tuple[int, list[Token]]:
        name = self._raw_name
        if name == b"script":
            end, safe = self._script.find_end(buffer, at)
        else:
            end, safe = _raw_text_end(name, buffer, at)
        if last and end < 0:
            safe = len(buffer)
        tokens = [Token(Kind.RAW, buffer[at:safe], name)] if safe > at else []
        if end < 0:
            return safe, tokens
        # The rest of the end tag, attributes and all, is read as that of any cut tag.
        tag = grammar.tag_name(buffer, end)
        assert tag is not None
        self._state = _State.TAG
        self._cut_tag = CutTag(name, True, False)
        return tag.end(), [*tokens, Token(Kind.END, tag[0], name)]

    def _plaintext(self, buffer: bytes, at: int, last: bool) -> tuple[int, list[Token]]:
        return len(buffer), [Token(Kind.COPY, buffer[at:])]

    def _comment(self, buffer: bytes, at: int, last: bool) -> tuple[int, list[Token]]:
        return self._until((b"-->", b"--!>"), 3, buffer, at)

    def _declaration(self, buffer: bytes, at: int, last: bool) -> tuple[int, list[Token]]:
        return self._until((b">",), 0, buffer, at)

    def _cdata(self, buffer: bytes, at: int, last: bool) -> tuple[int, list[Token]]:
        return self._until((b"]]>",), 2, buffer, at)

    def _until(
        self, ends: tuple[bytes, ...], hold: int, buffer: bytes, at: int
    ) -> tuple[int, list[Token]]:
        """Copy up to the first of `ends`; `hold` bytes may be the beginning of one."""
        found = [(where, len(end)) for end in ends if (where := buffer.find(end, at)) >= 0]
        if found:
            where, length = min(found)
            self._state = self._content
            return where + length, [Token(Kind.COPY, buffer[at : where + length])]
        safe = max(at, len(buffer) - hold)
        return safe, [Token(Kind.COPY, buffer[at:safe])] if safe > at else []

    _STEPS: ClassVar[dict[_State, _Step]] = {
        _State.START: _start,
        _State.PROLOG: _prolog,
        _State.DATA: _data,
        _State.RAW_TEXT: _raw_text,
        _State.PLAINTEXT: _plaintext,
        _State.COMMENT: _comment,
        _State.DECLARATION: _declaration,
        _State.CDATA: _cdata,
        _State.TAG: _in_tag,
    }


def _begins_html_tag(buffer: bytes, at: int) -> bool:
    start = buffer[at : at + 6].lower()
    return b"<html".startswith(start) or (
        start.startswith(b"<html") and start[5:] in (b"", b" ", b"/", b"\t", b"\n", b"\f", b"\r")
    )


def _raw_text_end(name: bytes, buffer: bytes, at: int) -> tuple[int, int]:
    """(where the end tag starts or -1, up to where the text is surely text)."""
    if match := grammar.raw_text_end(name).search(buffer, at):
        return match.start(), match.start()
    cut = buffer.rfind(b"<", max(at, len(buffer) - len(name) - 2))
    return -1, cut if cut >= 0 else len(buffer)
