"""Whole pages that were rewritten before: a site sends the same page many times.

What goes out depends on what comes in and on its context: all else that rewriting depends on. For
a context the last page is remembered, and compared byte by byte: a page that differs in one, such
as a token of its own, is another page.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

LONGEST = 512 * 1024  # bytes of a page, in and out together
_MOST = 16 * 1024 * 1024  # bytes of all
_BESIDES = 4096  # bytes that a context takes, about


class RewrittenPage(NamedTuple):
    """`held` is how many elements were put into their neutral form."""

    source: bytes
    sent: bytes
    held: int

    @property
    def size(self) -> int:
        return len(self.source) + len(self.sent) + _BESIDES


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

    def put(self, context: Hashable, page: RewrittenPage) -> None:
        if page.size > LONGEST:
            return
        if old := self._pages.pop(context, None):
            self._bytes -= old.size
        self._pages[context] = page
        self._bytes += page.size
        while self._bytes > _MOST and self._pages:
            self._bytes -= self._pages.popitem(last=False)[1].size
