"""Set-Cookie headers that remove what is not granted any more, as many as fit into one response."""

from __future__ import annotations

from collections.abc import Iterable

from asgi_consent.decision import Decision
from asgi_consent.http.cookies import remove_cookie, remove_wherever
from asgi_consent.http.headers import LARGEST_HEAD, size_of
from asgi_consent.http.known_scopes import KnownScopes
from asgi_consent.http.request import Request
from asgi_consent.types import Headers
from asgi_consent.visitor import VisitorCookies


def removals(
    visitor: VisitorCookies,
    request: Request,
    decision: Decision,
    known: KnownScopes,
    names: Iterable[bytes],
    path: str,
    headers: Headers,
) -> Headers:
    """For a response that has `headers` already. First the cookies of which it is `known` where
    they live, then `names`, which came with a request for `path`. What does not fit comes with one
    of the next responses."""
    room = LARGEST_HEAD - size_of(headers)
    removed = _of_known_scope(visitor, request, decision, known, room)
    room -= size_of(removed)
    return removed + remove_wherever(names, request.host, path, secure=request.secure, room=room)


def _of_known_scope(
    visitor: VisitorCookies, request: Request, decision: Decision, known: KnownScopes, room: int
) -> Headers:
    kept = dict(known)
    removed: Headers = []
    for name, scope in known:
        if decision.cookie(name.decode("latin-1")).allowed:
            continue
        header = remove_cookie(name, scope, secure=request.secure)
        without_it = {key: None for key in kept if key != (name, scope)}
        rest = visitor.set_scopes(request, without_it)
        if size_of([*removed, *header, *rest]) > room:
            break
        removed += header
        kept = without_it
    return removed + visitor.set_scopes(request, kept) if removed else []
