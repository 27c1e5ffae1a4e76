"""A sans-IO object: `feed(bytes) -> bytes`, `close() -> bytes`. Copies all it does not gate.

The output is the same for every way of cutting the input. Held back are a cut tag and the text of a
script or a style sheet until its end, both bounded; what is too long to be judged stays gated.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from asgi_consent.html.gating import Gating
from asgi_consent.html.tags import is_self_closing
from asgi_consent.html.tokenizer import Tokenizer
from asgi_consent.html.tokens import Kind, Token

#: bytes of one script or style sheet that are held until its end is seen
LONGEST_TEXT = 8 * 1024 * 1024
_DEEPEST_SRCDOC = 4
_MOST_ENDS = 4  # a tag may open raw text

# looked up once
_COPY, _HEAD, _START, _CUT, _RAW, _END, _COMMENT, _SETTLE = Kind
_log = logging.getLogger("asgi_consent")


#: (language of the page) → what goes into its body
Body = Callable[[str], bytes]


class Rewriter:
    """`head` goes first into the head, `body` first into the body (at the end of a document that
    has no body tag); a `fragment` is put into a document that is there already."""

    def __init__(
        self,
        gating: Gating,
        *,
        head: bytes = b"",
        body: Body | None = None,
        fragment: bool = False,
        _nested: int = 0,
    ) -> None:
        self._gating = gating
        self._head = head
        self._body = body
        self._nested = _nested
        self._tokens = Tokenizer(fragment=fragment, scripting=not gating.noscript)
        self._started = False
        self._head_is_next = False
        self._held: _HeldElement | None = None
        self._noscript: Rewriter | None = None
        self._out: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        self._started = self._started or bool(data)
        for tokens in self._tokens.feed(data):
            self._take(tokens)
        return self._flush()

    def close(self) -> bytes:
        for tokens in self._tokens.close():
            self._take(tokens)
        if self._held:  # scripts that the document ends in do not run, style sheets count
            self._release(self._held)
        if self._noscript:
            self._out.append(self._noscript.close())
        if not self._started:
            return b""
        self._put_head()
        if self._tokens.accepts_markup:
            self._put_body()
        return self._flush()

    def finish(self) -> bytes:
        """The end of a noscript's text. Without scripting it is markup and may be in the middle of
        a tag, a comment or raw text, which would then swallow what follows, or set it free: so it
        gets an end here."""
        out = b""
        for _ in range(_MOST_ENDS):
            ending = self._tokens.ending()
            if not ending:
                break
            out += self.feed(ending)
        return out + self.close()

    @property
    def leaves_doubt(self) -> bool:
        """Whether, in spite of `finish`, foreign content may be open."""
        return self._tokens.may_be_inside

    def _flush(self) -> bytes:
        out = b"".join(self._out)
        self._out.clear()
        return out

    def _take(self, tokens: list[Token]) -> None:
        copy = self._out.append
        for kind, raw, name, foreign in tokens:
            if self._head_is_next and not (kind is _START and name == b"head"):
                self._put_head()
            if self._held and self._hold(self._held, kind, raw, name):
                continue
            if kind is _START:
                self._start(raw, name, foreign)
            elif kind is _RAW and name == b"noscript":
                self._noscript_text(raw)
            elif kind is _END and name == b"noscript":
                self._end_noscript()
                copy(raw)
            elif kind is _CUT:
                self._cut(raw, name)
            elif not raw:
                self._between(kind, name)
            else:
                copy(raw)

    # ---- one kind of token each

    def _start(self, raw: bytes, name: bytes, foreign: bool) -> None:
        if name == b"base" and not foreign:
            self._gating.base(raw)
        sent = self._gating.start_tag(name, raw, foreign=foreign, inside=self._holds_back)
        if not sent:  # its text decides
            if foreign and is_self_closing(name, raw):
                sent = raw
            else:
                self._held = _HeldElement(name, raw, foreign)
        self._out.append(sent)
        if name == b"head":
            self._put_head()
        elif name == b"body" and not foreign:
            self._put_body()

    def _between(self, kind: Kind, markup: bytes) -> None:
        if kind is _HEAD:
            self._head_is_next = True
            self._gating.html(markup)
        elif kind is _SETTLE and not self._gating.denies_nothing:
            self._out.append(markup)

    def _cut(self, raw: bytes, name: bytes) -> None:
        if name == b"base":
            self._gating.base_unread()
        self._out.append(self._gating.cut_tag(name, raw))

    def _noscript_text(self, raw: bytes) -> None:
        if self._noscript is None:
            # With scripting its text is no markup, without it is; the boundaries are the same.
            self._noscript = Rewriter(
                self._gating.in_noscript(), fragment=True, _nested=self._nested
            )
        self._out.append(self._noscript.feed(raw))

    def _end_noscript(self) -> None:
        if self._noscript:
            self._out.append(self._noscript.finish())
            if self._noscript.leaves_doubt:
                self._tokens.doubt()
            self._noscript = None

    # ---- parts

    def _put_head(self) -> None:
        if self._head_is_next:
            self._out.append(self._head)
            self._head_is_next = False

    def _put_body(self) -> None:
        if self._body:
            self._out.append(self._body(self._gating.language))
            self._body = None

    def _holds_back(self, document: bytes) -> bool:
        """Whether a document inside this one has something to hold back."""
        if self._nested >= _DEEPEST_SRCDOC:
            return True
        inner = Rewriter(self._gating.inner(), _nested=self._nested + 1)
        return inner.feed(document) + inner.close() != document

    def _hold(self, held: _HeldElement, kind: Kind, raw: bytes, name: bytes) -> bool:
        """Whether a token belongs to the text of the element that is held; if not, it goes on."""
        if kind is _RAW or not name:
            held.text.append(raw)
            held.size += len(raw)
            if held.size > LONGEST_TEXT:
                _log.warning("an element of over %d bytes of text stays gated", LONGEST_TEXT)
                self._release(held, judged=False)
            return True
        # In foreign content its text may go on after an element in it: such an element is held back
        # unread, if there is anything that it could do.
        self._release(held, judged=name == held.name and kind is not _START)
        return False

    def _release(self, held: _HeldElement, *, judged: bool = True) -> None:
        gating, text = self._gating, b"".join(held.text)
        if judged:
            sent = gating.with_text(held.name, held.start, text, foreign=held.foreign)
        else:
            sent = gating.unknown_text(held.name, held.start) + text
        self._out.append(sent)
        self._held = None


@dataclass(slots=True)
class _HeldElement:
    """A script or style sheet whose text decides whether it is gated."""

    name: bytes
    start: bytes
    foreign: bool
    text: list[bytes] = field(default_factory=list)
    size: int = 0
