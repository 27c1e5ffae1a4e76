"""Elements that were gated before, for the next page: a site repeats its tags on every page.

Shared by all requests of an app, bounded in bytes. A memo belongs to one context: all that gating
depends on besides what is written, and what is written is the key.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

_MOST_CONTEXTS = 8
_MOST_SHARED = 4 * 1024 * 1024  # bytes of one generation of a memo that requests share
_MOST_OF_PAGE = 64 * 1024  # and of one that a page has to itself


class Memo:
    """As written → as sent. Two generations: what is used stays when the older one goes."""

    __slots__ = ("_bytes", "_most", "_old", "_young")

    def __init__(self, most: int = _MOST_OF_PAGE) -> None:
        self._most = most
        self._young: dict[bytes, bytes] = {}
        self._old: dict[bytes, bytes] = {}
        self._bytes = 0

    def get(self, key: bytes) -> bytes | None:
        sent = self._young.get(key)
        if sent is None and (sent := self._old.get(key)) is not None:
            self.put(key, sent)
        return sent

    def put(self, key: bytes, sent: bytes) -> None:
        if len(key) > self._most // 4:
            return
        self._young[key] = sent
        self._bytes += len(key) + (len(sent) if sent is not key else 0)
        if self._bytes > self._most:
            self._old, self._young, self._bytes = self._young, {}, 0


class Memos:
    """The memos of the contexts that were used last."""

    def __init__(self) -> None:
        self._memos: OrderedDict[Hashable, Memo] = OrderedDict()

    def of(self, context: Hashable) -> Memo:
        memo = self._memos.get(context)
        if memo is None:
            memo = self._memos[context] = Memo(_MOST_SHARED)
            if len(self._memos) > _MOST_CONTEXTS:
                self._memos.popitem(last=False)
        else:
            self._memos.move_to_end(context)
        return memo
