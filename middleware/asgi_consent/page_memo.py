"""Whole pages that were rewritten before: a site sends the same page many times.

What goes out depends on what comes in and on its context: all else that rewriting depends on. For
a context the last page is remembered, and compared byte by byte: a page that differs in one, such
as a token of its own, is another page. The headers it went out with depend on more, and are
remembered by all that they may depend on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from asgi_consent.types import Headers

LONGEST = 512 * 1024  # bytes of a page, in and out together
_MOST = 16 * 1024 * 1024  # bytes of all
_MOST_HEADS = 512
_BESIDES = 16384  # bytes that a context takes at most, about


class RewrittenPage(NamedTuple):
    """`held` is how many elements were put into their neutral form."""

    source: bytes
    sent: bytes
    held: int

    @property
    def size(self) -> int:
        return len(self.source) + len(self.sent) + _BESIDES


class KnownHead(NamedTuple):
    """The headers that a page went out with, and the context of its body."""

    headers: Headers
    context: Hashable


class HeadMemo:
    """Those that were used last."""

    def __init__(self) -> None:
        self._heads: OrderedDict[Hashable, KnownHead] = OrderedDict()

    def get(self, key: Hashable) -> KnownHead | None:
        head = self._heads.get(key)
        if head is not None:
            self._heads.move_to_end(key)
        return head

    def put(self, key: Hashable, head: KnownHead) -> None:
        self._heads[key] = head
        if len(self._heads) > _MOST_HEADS:
            self._heads.popitem(last=False)


class PageMemo:
    """Those that were used last."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Hashable, RewrittenPage] = OrderedDict()
        self._bytes = 0

    def get(self, context: Hashable, source: bytes) -> RewrittenPage | None:
        page = self._pages.get(context)
        if page is None or page.source != source:
            return None
        self._pages.move_to_end(context)
        return page

    def put(self, context: Hashable, page: RewrittenPage) -> bool:
        """Whether it is kept."""
        if page.size > LONGEST:
            return False
        if old := self._pages.pop(context, None):
            self._bytes -= old.size
        self._pages[context] = page
        self._bytes += page.size
        while self._bytes > _MOST and self._pages:
            self._bytes -= self._pages.popitem(last=False)[1].size
        return True
