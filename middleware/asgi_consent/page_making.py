"""What a page becomes for one visitor: its headers, what rewrites its body, and the context in
which that gives the same again."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from asgi_consent.banner.render import Placement
from asgi_consent.decision import Decision, Page, Verdict
from asgi_consent.faults import note_fault
from asgi_consent.html.gating import Gating
from asgi_consent.html.plain import PlainRewriter
from asgi_consent.html.rewriter import Rewriter
from asgi_consent.http.csp import admit
from asgi_consent.http.headers import get_all, get_header, size_of
from asgi_consent.http.request import Request
from asgi_consent.languages import content_language
from asgi_consent.ours import STATES
from asgi_consent.response_headers import HeaderFilter, Tools, unjudged
from asgi_consent.types import Headers


class MadePage(NamedTuple):
    """`context` is all that the rewritten body depends on besides the page; None where it is not
    worth remembering."""

    headers: Headers
    rewriter: Rewriter | PlainRewriter | None
    context: Hashable = None


#: headers of a request that nothing which we do to a page depends on; what is not known to be one
#: of them makes another page
_INDIFFERENT = frozenset(
    (
        *(b"user-agent", b"sec-ch-ua", b"sec-ch-ua-mobile", b"sec-ch-ua-platform", b"referer"),
        *(b"connection", b"upgrade-insecure-requests", b"priority", b"sec-fetch-user"),
        *(b"cache-control", b"pragma", b"cookie", b"x-forwarded-for", b"x-real-ip", b"forwarded"),
        *(b"x-request-id", b"traceparent", b"tracestate"),
    )
)
_LONGEST_HEAD = 8192  # bytes of headers, and
_LONGEST_ADDRESS = 2048  # characters, written three times; a page of more is not remembered


class PageMaking:
    def __init__(
        self, tools: Tools, request: Request, decision: Decision, headers: HeaderFilter
    ) -> None:
        self._tools = tools
        self._request = request
        self._decision = decision
        self._filter = headers

    def key(self, headers: Headers) -> Hashable:
        """All that the headers of a document depend on, given those of the app; None where they are
        not to be remembered. Of the visitor's cookies only what ours say."""
        request, decision = self._request, self._decision
        if self._filter.is_for_once or not self._is_for_many(headers):
            return None
        if any(name.lower() == b"set-cookie" for name, _ in headers):
            return None
        return (
            *headers,
            tuple(pair for pair in request.cookies if pair[0] in STATES),
            *(pair for pair in request.headers if pair[0] not in _INDIFFERENT),
            *(request.secure, request.address, request.full_path, request.path),
            decision.meaning,
            self._tools.visitor.just_chose(decision.consent),
        )

    def _is_for_many(self, headers: Headers) -> bool:
        """Whether the page may be one that others get as well, and is not too long to be kept."""
        request = self._request
        if self._tools.observe or request.method != "GET" or request.header(b"authorization"):
            return False
        if any(b"no-store" in value.lower() for value in get_all(headers, b"cache-control")):
            return False
        address = len(request.address) + len(request.full_path) + len(request.path)
        return (
            address <= _LONGEST_ADDRESS
            and size_of(headers) + size_of(request.headers) <= _LONGEST_HEAD
        )

    def page(self, headers: Headers) -> MadePage:
        """The first of three ways that does not fail."""
        if self._tools.observe:
            return MadePage(headers, self._observing())
        for way in (self._as_page, self._without_banner):
            try:
                made = way(headers)
                return made if self._is_for_many(headers) else made._replace(context=None)
            except Exception as error:
                note_fault("making a page", error)
        return MadePage(unjudged(headers), PlainRewriter())

    def fragment(self) -> Rewriter:
        """For HTML that is put into a page that is there already."""
        return Rewriter(self._gating(self._tools.languages(self._request)), fragment=True)

    def _observing(self) -> Rewriter | None:
        try:
            gating = self._gating(self._tools.languages(self._request))
            return Rewriter(gating, fragment=self._request.is_fragment)
        except Exception as error:
            note_fault("looking at a page", error)
            return None

    def _without_banner(self, headers: Headers) -> MadePage:
        return MadePage(self._filter.page(headers)[0], self.fragment())

    def _as_page(self, headers: Headers) -> MadePage:
        decision, request, banner = self._decision, self._request, self._tools.banner
        if request.is_fragment:
            context = self._context(self._tools.languages(request))
            return self._without_banner(headers)._replace(context=context)
        named = content_language(get_header(headers, b"content-language") or b"")
        languages = (named, *self._tools.languages(request))  # the most wanted first
        admission = admit(headers, banner.own_files(decision, request))
        headers, meta = self._filter.page(admission.headers)
        reloads = request.method in ("GET", "HEAD")
        place = Placement(
            root=request.root,
            address=request.address if reloads else request.root + "/",
            nonce=admission.nonce,
            with_integrity=admission.with_integrity,
            reloads=reloads,
            just_chosen=self._tools.visitor.just_chose(decision.consent),
            reminds=self._tools.visitor.reminds(request),
            bounded=self._tools.boundary.enforces,
            secure=request.secure,
        )
        head = meta + banner.head(decision, request.host, place)

        def body(language: str) -> bytes:
            try:
                tag = banner.language(language, *languages)
                return banner.body(decision, place, tag) + self._tools.note
            except Exception as error:
                note_fault("rendering the banner", error)
                return b""

        rewriter = Rewriter(
            self._gating(languages), head=head, body=None if request.is_framed else body
        )
        context = (head, place, banner.state(decision, place), *self._context(languages))
        # With a nonce it is another page each time.
        return MadePage(headers, rewriter, None if admission.nonce else context)

    def _context(self, languages: tuple[str, ...]) -> tuple[Hashable, ...]:
        """What gating depends on, and whether there is a banner."""
        request = self._request
        return (
            *(request.is_fragment, request.is_framed, request.is_from_here, languages),
            *(request.host, request.base, request.root, self._decision.grants),
        )

    def _gating(self, languages: tuple[str, ...]) -> Gating:
        decision, request, banner = self._decision, self._request, self._tools.banner
        # In a frame of somebody else's page a press may not be the visitor's own doing.
        lured = request.is_framed and not request.is_from_here

        def placeholder(verdict: Verdict, host: str, language: str) -> str:
            tag = banner.language(language, *languages)
            return banner.placeholder(
                verdict.service, verdict.category, host, request.root, tag, not lured
            )

        return Gating(
            decision,
            Page(request.host, (request.base,)),
            placeholder,
            self._tools.findings.element,
            memos=self._tools.memos,
            variant=(request.root, lured, banner.language(*languages)),
        )
