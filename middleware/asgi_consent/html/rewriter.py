"""A sans-IO object: `feed(bytes) -> bytes`, `close() -> bytes`. Copies all it does not gate.

The output is the same for every way of cutting the input. Held back are a cut tag and the code of
an inline script until its end, both bounded; what is too long to be judged stays gated.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from asgi_consent.catalog.urls import NOWHERE, Base, base_of
from asgi_consent.html.elements import REPORTED
from asgi_consent.html.gating import Gating, is_javascript
from asgi_consent.html.tags import Tag
from asgi_consent.html.tokenizer import Kind, Token, Tokenizer

#: bytes of one inline script that are held until its end is seen
LONGEST_SCRIPT = 8 * 1024 * 1024
_DEEPEST_SRCDOC = 4
_MOST_ENDS = 4  # a tag may open raw text

_log = logging.getLogger("asgi_consent")


class Rewriter:
    """`head` goes first into the head, `body` first into the body (at the end of a document that
    has no body tag)."""

    def __init__(
        self, gating: Gating, *, head: bytes = b"", body: bytes = b"", _nested: int = 0
    ) -> None:
        self._gating = gating
        self._head = head
        self._body = body
        self._nested = _nested
        self._tokens = Tokenizer(prolog=bool(head), scripting=not gating.noscript)
        self._started = False
        self._head_is_next = False
        self._script: _HeldScript | None = None
        self._noscript: Rewriter | None = None
        self._out: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        self._started = self._started or bool(data)
        for token in self._tokens.feed(data):
            self._take(token)
        return self._flush()

    def close(self) -> bytes:
        for token in self._tokens.close():
            self._take(token)
        if self._script:  # the document ends inside a script: browsers do not run it
            self._out += (self._script.tag.raw, *self._script.code)
            self._script = None
        if self._noscript:
            self._out.append(self._noscript.close())
        if not self._started:
            return b""
        self._put_head()
        if self._body and self._tokens.accepts_markup:
            self._out.append(self._body)
            self._body = b""
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

    def _flush(self) -> bytes:
        out = b"".join(self._out)
        self._out.clear()
        return out

    def _take(self, token: Token) -> None:
        if token.kind is Kind.HEAD:
            self._head_is_next = True
            return
        is_head = token.kind is Kind.START and token.name == b"head"
        if self._head_is_next and not is_head:
            self._put_head()
        if token.kind is Kind.START:
            self._start(token)
        elif token.kind is Kind.RAW:
            self._raw_text(token)
        elif token.kind is Kind.END:
            self._end(token)
        elif token.kind is Kind.CUT:
            if token.name == b"base":
                self._add_base(Base(host=NOWHERE))  # too long to be read: to nobody we know
            elif token.name == b"noscript":
                self._enter_noscript()
            self._out.append(self._gating.cut_tag(token.name, token.raw))
        else:
            self._out.append(token.raw)
        if is_head:
            self._put_head()

    def _put_head(self) -> None:
        if self._head_is_next:
            self._out.append(self._head)
            self._head_is_next = False

    def _start(self, token: Token) -> None:
        name, raw = token.name, token.raw
        if name == b"noscript":
            self._enter_noscript()
        elif name in REPORTED:
            raw = self._reported(Tag(name, raw), token.foreign)
        self._out.append(raw)
        if name == b"body" and not token.foreign:
            self._out.append(self._body)
            self._body = b""

    def _enter_noscript(self) -> None:
        # With scripting its text is no markup, without it is; the boundaries are the same.
        self._noscript = Rewriter(self._gating.in_noscript(), _nested=self._nested)

    def _reported(self, tag: Tag, foreign: bool) -> bytes:
        """The tag as it may be sent; nothing yet where its script has to be read first."""
        if tag.name == b"base":
            if tag.get(b"href") is not None:
                self._add_base(base_of(tag.text(b"href"), self._gating.page.bases[0]))
            return tag.raw
        if tag.name == b"script" and not foreign and tag.get(b"src") is None:
            if is_javascript(tag):
                self._script = _HeldScript(tag)
                return b""
            return tag.raw
        return self._judged(
            tag,
            lambda: self._gating.start_tag(
                tag, foreign=foreign, gates_inside=self._gates_srcdoc(tag)
            ),
        )

    def _judged(self, tag: Tag, judge: Callable[[], bytes]) -> bytes:
        try:
            return judge()
        except Exception:
            _log.exception("a %s could not be judged and stays gated", tag.name.decode("ascii"))
            return self._gating.cut_tag(tag.name, tag.raw)

    def _add_base(self, base: Base) -> None:
        self._gating.page.add_base(base, sure=not self._gating.noscript)

    def _gates_srcdoc(self, tag: Tag) -> bool:
        """Whether the document inside an iframe's srcdoc holds something that must be gated."""
        if tag.name != b"iframe" or tag.get(b"srcdoc") is None:
            return False
        if self._nested >= _DEEPEST_SRCDOC:
            return True
        document = tag.text(b"srcdoc").encode("utf-8", "replace")
        inner = Rewriter(self._gating.inner(), _nested=self._nested + 1)
        return inner.feed(document) + inner.close() != document

    def _raw_text(self, token: Token) -> None:
        if self._script:
            self._script.code.append(token.raw)
            self._script.size += len(token.raw)
            if self._script.size > LONGEST_SCRIPT:
                _log.warning("an inline script of over %d bytes stays gated", LONGEST_SCRIPT)
                self._release(self._gating.unknown_script(self._script.tag))
        elif self._noscript:
            self._out.append(self._noscript.feed(token.raw))
        else:
            self._out.append(token.raw)

    def _end(self, token: Token) -> None:
        if self._script:
            tag, code = self._script.tag, b"".join(self._script.code)
            self._release(self._judged(tag, lambda: self._gating.inline_script(tag, code)))
        elif self._noscript:
            self._out.append(self._noscript.finish())
            self._noscript = None
        self._out.append(token.raw)

    def _release(self, start_tag: bytes) -> None:
        assert self._script is not None
        self._out += (start_tag, *self._script.code)
        self._script = None


class _HeldScript:
    """An inline script whose code decides whether its start tag is gated."""

    def __init__(self, tag: Tag) -> None:
        self.tag = tag
        self.code: list[bytes] = []
        self.size = 0
