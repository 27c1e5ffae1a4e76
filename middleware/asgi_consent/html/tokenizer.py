"""Bytes of HTML in, tokens out, no I/O: the WHATWG tokenizer as far as gating needs it.

The tokens' bytes, joined, are the input. Only the tags somebody must look at come out one by one;
everything between them comes as one COPY. What is held back is at most one cut tag; the input is
read once, however it is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import ClassVar

from asgi_consent.html import grammar
from asgi_consent.html.context import CHANGING, Context
from asgi_consent.html.elements import PLAINTEXT
from asgi_consent.html.gaps import Gaps, gaps
from asgi_consent.html.raw_text import ScriptData, find_end
from asgi_consent.html.tag_end import LONGEST_TAG, CutTag, is_readable
from asgi_consent.html.tokens import Kind, Token

_LONGEST_NAME = 64  # bytes; nothing longer is reported
_LONGEST_HTML_TAG = 16 * 1024  # bytes of an html tag that are waited for
_CDATA = b"<![CDATA["
_UTF8_MARK = b"\xef\xbb\xbf"

# `Kind.COPY` looked up once
_COPY, _HEAD, _START, _CUT, _RAW, _END, _COMMENT, _SETTLE = Kind


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


_DATA, _RAW_TEXT = _State.DATA, _State.RAW_TEXT
_ENDS = {
    _State.COMMENT: (b"-->", b"--!>"),
    _State.DECLARATION: (b">",),
    _State.CDATA: (b"]]>",),
}
_Step = Callable[["Tokenizer", bytes, int, bool, list[Token]], int]


class Tokenizer:
    """With `scripting` off a noscript holds markup, as in a browser without scripts."""

    def __init__(
        self, *, fragment: bool = False, scripting: bool = True, stops: Gaps | None = None
    ) -> None:
        # the state outside of any markup
        self._content = _State.DATA if fragment else _State.PROLOG
        self._state = _State.START
        self._context = Context(stops or gaps(), scripting=scripting, fragment=fragment)
        self._held = b""
        self._raw_name = b""
        self._script = ScriptData()
        self._cut_tag: CutTag | None = None
        self._html_tag = b""  # as written

    def feed(self, data: bytes) -> Iterator[list[Token]]:
        """In parts: after each there may be a `doubt` about the rest."""
        return self._run(self._held + data if self._held else data, last=False)

    def close(self) -> Iterator[list[Token]]:
        return self._run(self._held, last=True)

    @property
    def accepts_markup(self) -> bool:
        """Whether markup put here would be read as markup; asked after `close`."""
        return self._state is self._content and not self._held and self._context.takes_markup

    def ending(self) -> bytes:
        """What has to follow so that the next byte is content; nothing where it would be anyway."""
        if self._state is _State.TAG:
            assert self._cut_tag is not None
            return self._cut_tag.scan.ending()
        if self._state is _State.RAW_TEXT:
            leave_escaped = b"-->" if self._raw_name == b"script" else b""
            return leave_escaped + b"</" + self._raw_name + b">"
        if self._state in _ENDS:
            return _ENDS[self._state][0]
        return b">" if self._held else self._context.ending()

    @property
    def may_be_inside(self) -> bool:
        """Whether foreign content may be open; asked after what `ending` gave has been read."""
        return self._context.may_be_inside

    def doubt(self) -> None:
        """Whether foreign content is open is not to be known any more."""
        self._context.doubt_for_ever()

    def _run(self, buffer: bytes, *, last: bool) -> Iterator[list[Token]]:
        at = 0
        while at < len(buffer):
            tokens: list[Token] = []
            state = self._state
            end = self._STEPS[state](self, buffer, at, last, tokens)
            if end == at and self._state is state:
                break  # waits for more input
            at = end
            yield tokens
        self._held = buffer[at:]
        if last:
            if self._content is _State.PROLOG:
                yield [(_HEAD, b"", self._html_tag, False)]
            rest = self._held + (self._cut_tag.release() if self._cut_tag else b"")
            if rest:  # browsers drop a tag that the document ends in
                yield [(_COPY, rest, b"", False)]

    # Each step reads from `at`, appends tokens, and returns where the next one begins.

    def _start(self, buffer: bytes, at: int, last: bool, tokens: list[Token]) -> int:
        start = buffer[at : at + len(_UTF8_MARK)]
        if start != _UTF8_MARK and _UTF8_MARK.startswith(start) and not last:
            return at
        self._state = self._content
        if start != _UTF8_MARK:
            return at
        tokens.append((_COPY, start, b"", False))
        return at + len(start)

    def _prolog(self, buffer: bytes, at: int, last: bool, tokens: list[Token]) -> int:
        match = grammar.prolog(buffer, at)
        assert match is not None  # matches the empty string
        end = match.end()
        if not self._html_tag and (html := grammar.html_tag(buffer, at)):
            self._html_tag = html[1]
        if end > at:
            tokens.append((_COPY, buffer[at:end], b"", False))
        if not last:
            if end == len(buffer):
                return end
            if (cut := self._cut_markup(buffer, end, tokens)) is not None:
                return cut
            if grammar.begins_html_tag(buffer, end) and len(buffer) - end < _LONGEST_HTML_TAG:
                return end
        self._content = self._state = _State.DATA
        tokens.append((_HEAD, b"", self._html_tag, False))
        return end

    def _data(self, buffer: bytes, at: int, last: bool, tokens: list[Token]) -> int:
        """Reads on until something else than content begins: the loop in which pages are spent."""
        append, context = tokens.append, self._context
        while True:
            match = context.gap(buffer, at)
            assert match is not None  # matches the empty string
            slash, name = match.groups()
            end = match.end()
            tag_at = end if name is None else match.start(1) - 1
            if tag_at > at:
                append((_COPY, buffer[at:tag_at], b"", False))
                if context.in_head:
                    context.skip(buffer[at:tag_at])
            if name is None:
                return end if last or end == len(buffer) else self._cut(buffer, end, tokens)
            at = end
            raw, name = buffer[tag_at:end], name.lower()
            if slash:
                self._end_tag(raw, name, tokens)
            elif name in CHANGING or not context.is_plain:
                self._start_tag(raw, name, tokens)
                if self._state is _RAW_TEXT:
                    at = self._plain_raw_text(buffer, at, tokens)
                if self._state is not _DATA or name == b"noscript":
                    return at
            else:
                append((_START if is_readable(name, raw) else _CUT, raw, name, False))

    def _start_tag(self, raw: bytes, name: bytes, tokens: list[Token]) -> None:
        """A whole start tag: its token, and what it does to the tokenizer."""
        self._settle(name, tokens)
        foreign = self._context.start(name, raw)
        if not foreign:
            if name in self._context.raw_names:
                self._state = _State.RAW_TEXT
                self._raw_name = name
            elif name == PLAINTEXT and self._context.takes_plaintext:
                self._state = _State.PLAINTEXT
        tokens.append((_START if is_readable(name, raw) else _CUT, raw, name, foreign))

    def _settle(self, name: bytes, tokens: list[Token]) -> None:
        if markup := self._context.settling(name):
            tokens.append((_SETTLE, b"", markup, False))

    def _end_tag(self, raw: bytes, name: bytes, tokens: list[Token]) -> None:
        self._context.end(name)
        tokens.append((_COPY, raw, name, False))

    def _plain_raw_text(self, buffer: bytes, at: int, tokens: list[Token]) -> int:
        """Raw text whose plain end tag is in the buffer, as it nearly always is."""
        name = self._raw_name
        match = grammar.raw_text_end[name](buffer, at)
        if match is None or match[1] != b">":
            return at
        if match.start() > at:
            tokens.append((_RAW, buffer[at : match.start()], name, False))
        tokens.append((_END, match[0], name, False))
        self._state = _DATA
        return match.end()

    # ---- what the end of the buffer cuts

    def _cut(self, buffer: bytes, at: int, tokens: list[Token]) -> int:
        """Something starts at `at` that the end of the buffer cuts."""
        if (cut := self._cut_markup(buffer, at, tokens)) is not None:
            return cut
        name = grammar.tag_name(buffer, at)
        if name is not None and name.end() < len(buffer):
            closing, tag = bool(name[1]), name[2].lower()
            self._cut_tag = CutTag(tag, closing=closing)
            self._cut_tag.hold(name[0])
            self._state = _State.TAG
            return name.end()
        if len(buffer) - at <= _LONGEST_NAME:
            return at
        self._cut_tag = CutTag(b"", closing=False, in_name=True)
        self._cut_tag.hold(buffer[at:])
        self._state = _State.TAG
        return len(buffer)

    def _cut_markup(self, buffer: bytes, at: int, tokens: list[Token]) -> int | None:
        """The same for comments, doctypes and CDATA sections; None where it is none of them."""
        start = buffer[at : at + len(_CDATA)]
        if not start.startswith(b"<"):
            return None
        if start.startswith(b"<!--"):
            if len(buffer) - at < len(b"<!--->"):
                return at
            if abrupt := grammar.abrupt_comment(buffer, at):
                tokens.append((_COMMENT, abrupt[0], b"", False))
                return abrupt.end()
            return self._enter(_State.COMMENT, start[:4], at, tokens)
        if _CDATA.startswith(start) and self._context.may_take_cdata:
            if start != _CDATA:
                return at
            if self._context.takes_cdata:
                return self._enter(_State.CDATA, start, at, tokens)
            self._settle(_CDATA, tokens)
        if b"<!--".startswith(start) or start == b"</":
            return at
        if start[1:2] in b"!?" or (start[1:2] == b"/" and start[2:3] and not start[2:3].isalpha()):
            return self._enter(_State.DECLARATION, start[:2], at, tokens)
        return None

    def _enter(self, state: _State, opening: bytes, at: int, tokens: list[Token]) -> int:
        self._state = state
        tokens.append((_COMMENT, opening, b"", False))
        return at + len(opening)

    def _in_tag(self, buffer: bytes, at: int, last: bool, tokens: list[Token]) -> int:
        """A cut tag: held until its end, or passed on as it comes once it is too long to judge."""
        cut = self._cut_tag
        assert cut is not None
        end = cut.scan.find(buffer, at)
        stop = len(buffer) if end < 0 else end
        cut.hold(buffer[at:stop])
        if end >= 0:
            self._state = _State.DATA
            self._cut_tag = None
            self._end_cut_tag(cut, tokens)
        elif cut.passing:
            tokens.append((_COPY, cut.release(), b"", False))
        elif cut.size > LONGEST_TAG:
            if not cut.closing:
                self._settle(cut.name, tokens)
            kind = _COPY if cut.closing else _CUT
            tokens.append((kind, cut.release(), cut.name, False))
            cut.passing = True
        return stop

    def _end_cut_tag(self, cut: CutTag, tokens: list[Token]) -> None:
        raw, name = cut.release(), cut.name
        if cut.passing:
            tokens.append((_COPY, raw, b"", False))
            raw, tokens = b"<" + name + b">", []
        elif not name and (written := grammar.tag_name(raw, 0)):
            cut.closing, name = bool(written[1]), written[2].lower()
        if not name:
            tokens.append((_COPY, raw, b"", False))
        elif cut.closing:
            self._end_tag(raw, name, tokens)
        else:
            self._start_tag(raw, name, tokens)

    # ---- what is not content

    def _raw_text(self, buffer: bytes, at: int, last: bool, tokens: list[Token]) -> int:
        name = self._raw_name
        if name == b"script":
            end, safe = self._script.find_end(buffer, at)
        else:
            end, safe = find_end(name, buffer, at)
        if last and end < 0:
            safe = len(buffer)
        if safe > at:
            tokens.append((_RAW, buffer[at:safe], name, False))
        if end < 0:
            return safe
        # The rest of the end tag, attributes and all, is read as that of any cut tag.
        tag = grammar.tag_name(buffer, end)
        assert tag is not None
        tokens.append((_END, tag[0], name, False))
        self._script = ScriptData()
        self._state = _State.TAG
        self._cut_tag = CutTag(b"", closing=True)
        return tag.end()

    def _plaintext(self, buffer: bytes, at: int, last: bool, tokens: list[Token]) -> int:
        tokens.append((_COPY, buffer[at:], b"", False))
        return len(buffer)

    def _until_end(self, buffer: bytes, at: int, last: bool, tokens: list[Token]) -> int:
        """A comment, declaration or CDATA section, up to what ends it."""
        ends = _ENDS[self._state]
        found = [(where, len(end)) for end in ends if (where := buffer.find(end, at)) >= 0]
        if found:
            where, length = min(found)
            stop = where + length
            self._state = self._content
        else:
            longest = max(map(len, ends))  # all but its last byte may be the buffer's last bytes
            stop = max(at, len(buffer) - longest + 1)
        if stop > at:
            tokens.append((_COMMENT, buffer[at:stop], b"", False))
        return stop

    _STEPS: ClassVar[dict[_State, _Step]] = {
        _State.START: _start,
        _State.PROLOG: _prolog,
        _State.DATA: _data,
        _State.RAW_TEXT: _raw_text,
        _State.PLAINTEXT: _plaintext,
        _State.COMMENT: _until_end,
        _State.DECLARATION: _until_end,
        _State.CDATA: _until_end,
        _State.TAG: _in_tag,
    }
