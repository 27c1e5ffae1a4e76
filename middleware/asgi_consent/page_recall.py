"""What one response has to do with pages that went out before: is it one, and will it be."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from asgi_consent.faults import count_faults, note_fault
from asgi_consent.page_memo import KnownHead, RewrittenPage
from asgi_consent.response_headers import Tools
from asgi_consent.types import Headers, Message


class PageRecall:
    """`start` is the app's own start message while it is held back: a page went out with its
    headers before, and the body will tell whether it is that page again."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._faults = count_faults()
        self._headers_held = self._count_headers()
        self._key: Hashable = None  # of its headers
        self._head: KnownHead | None = None  # that it went out with, or goes out with now
        self.start: Message | None = None

    @property
    def is_possible(self) -> bool:
        """Whether the body is one that may have been rewritten before, or will be again."""
        return self._head is not None

    def knows(self, start: Message, key_of: Callable[[Message], Hashable]) -> bool:
        """Whether a page went out with these headers before; then `start` waits for the body."""
        try:
            if not start.get("trailers"):
                self._key = key_of(start)
                self._head = self._tools.heads.get(self._key) if self._key else None
        except Exception as error:
            note_fault("looking for a page that went out before", error)
        self.start = start if self._head else None
        return self._head is not None

    def take(self, message: Message) -> tuple[Headers, RewrittenPage] | None:
        """The page, with its headers, if the body of `message` is all of it, and the same."""
        page = None
        if message["type"] == "http.response.body" and not message.get("more_body"):
            page = self.seen(bytes(message.get("body", b"")))
        head, self._head, self.start = self._head, None, None
        return ([*head.headers], page) if head and page else None

    def begins(self, headers: Headers, context: Hashable) -> None:
        """A page goes out with these headers; `context` is all that its body depends on."""
        self._head = KnownHead(headers, context)

    def seen(self, page: bytes) -> RewrittenPage | None:
        try:
            return self._tools.pages.get(self._head.context, page) if self._head else None
        except Exception as error:
            note_fault("looking for a page that was rewritten before", error)
            return None

    def remember(self, page: RewrittenPage) -> None:
        """Unless something failed: what a fault leaves out, it leaves out only once."""
        if self._faults != count_faults() or self._head is None:
            return
        try:
            is_kept = self._tools.pages.put(self._head.context, page)
            # What was held back of the headers is counted each time.
            if is_kept and self._key and self._headers_held == self._count_headers():
                self._tools.heads.put(self._key, self._head)
        except Exception as error:
            note_fault("remembering a page", error)

    def _count_headers(self) -> int:
        return self._tools.findings.tally.counts["headers"]
