"""What happened to one request, written down while it happens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from asgi_consent.catalog.services import Service
from asgi_consent.catalog.urls import Base, resolve
from asgi_consent.decision import Decision, Verdict
from asgi_consent.findings import Findings, quoted
from asgi_consent.html.memo import Memos
from asgi_consent.http.cookies import parse_set_cookie
from asgi_consent.http.headers import get_all
from asgi_consent.http.request import Request
from asgi_consent.ours import OURS
from asgi_consent.page_memo import HeadMemo, PageMemo
from asgi_consent.privacy.detector import Finding
from asgi_consent.response_headers import Tools
from asgi_consent.types import Message, Send

_LONGEST = 200  # characters of what a page says
_MOST = 500  # different things of one request


@dataclass(frozen=True, slots=True)
class Judged:
    """`what`: an element, a header or a cookie; `of`: its address, or its name. `declare`: what to
    add to consent.toml so that it is known; empty where it is. `ours`: a cookie of our own."""

    what: str
    of: str
    verdict: Verdict
    declare: str = ""
    ours: bool = False

    @property
    def allowed(self) -> bool:
        return self.ours or self.verdict.allowed

    @property
    def taken_for(self) -> str:
        service = self.verdict.service
        if service is not None:
            return f"{service.name} ({service.category})"
        return self.verdict.category or "nobody has declared it"


@dataclass
class Trace:
    """One request. `number` tells it from others of this process."""

    number: int
    request: Request
    decision: Decision
    region: str
    observe: bool
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    status: int = 0
    held: dict[Judged, None] = field(default_factory=dict[Judged, None])
    sent: list[Judged] = field(default_factory=list[Judged])
    set: list[Judged] = field(default_factory=list[Judged])
    notes: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.sent = [self._cookie(name) for name, _ in self.request.cookies[:_MOST]]

    @property
    def address(self) -> str:
        return f"{self.request.method} {self.request.address[:_LONGEST]}"

    @property
    def is_page(self) -> bool:
        return self.request.wants_document or bool(self.held or self.set)

    def tools(self, tools: Tools, note: bytes) -> Tools:
        """Tools that tell this trace what they find, and remember nothing: what is remembered is
        not found again."""
        findings = TracedFindings(tools.findings, self)
        return replace(
            tools, findings=findings, memos=Memos(), pages=PageMemo(), heads=HeadMemo(), note=note
        )

    def hearing(self, send: Send) -> Send:
        """`send`, and the cookies that the app sets are written down before they are judged."""

        async def hearing(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                for value in get_all(message.get("headers") or (), b"set-cookie"):
                    name = parse_set_cookie(bytes(value), "/").name
                    if len(self.set) < _MOST:
                        self.set.append(self._cookie(name))
            await send(message)

        return hearing

    def note(self, text: str) -> None:
        if len(self.notes) < _MOST:
            self.notes.append(text)

    def hold(self, what: str, verdict: Verdict, url: str) -> None:
        if len(self.held) < _MOST:
            self.held[Judged(what, url[:_LONGEST], verdict, self._declare(verdict, url))] = None

    def _cookie(self, name: bytes) -> Judged:
        shown = name.decode("latin-1")
        verdict = self.decision.cookie(shown)
        declare = ""
        if verdict.category is None and name not in OURS:
            known = self.decision.policy.matcher.cookie(shown)
            declare = declaration_of(shown, f"cookies = [{{ name = {quoted(shown)} }}]", known)
        return Judged("cookie", shown[:_LONGEST], verdict, declare, ours=name in OURS)

    def _declare(self, verdict: Verdict, url: str) -> str:
        service = verdict.service
        if service is not None:
            return "" if service.declared else f'[[services]]\nid = "{service.id}"'
        target = resolve(url, Base()) if url else None
        if verdict.category is not None or target is None or not target.host:
            return ""
        known = self.decision.policy.matcher.url(target)
        return declaration_of(target.host, f"hosts = [{quoted(target.host)}]", known)


def declaration_of(name: str, mark: str, known: Iterable[Service]) -> str:
    """The lines that declare what is recognised by `mark`; where the long tail knows whose it may
    be, by that service's id."""
    if service := next(iter(known), None):
        return f'[[services]]\nid = "{service.id}"'
    id_ = "".join(char if char.isascii() and char.isalnum() else "-" for char in name.lower())
    return "\n".join(
        (
            "[[services]]",
            f'id = "{id_.strip("-")[:60] or "unnamed"}"',
            f"name = {quoted(name)}",
            'category = "marketing"  # or statistics, preferences, necessary',
            mark,
        )
    )


class TracedFindings(Findings):
    """The findings of the app, told to one trace as well."""

    def __init__(self, findings: Findings, trace: Trace) -> None:
        vars(self).update(vars(findings))  # one memory, so that the log hears of a thing once
        self._trace = trace

    def element(self, name: str, verdict: Verdict, url: str) -> None:
        super().element(name, verdict, url)
        self._trace.hold(name, verdict, url)

    def withheld(self, name: str, why: str) -> None:
        super().withheld(name, why)
        self._trace.note(f"header {name}: {why}")

    def unread(self, what: str, extras: Iterable[str] = ()) -> None:
        super().unread(what, extras)
        self._trace.note(f"{what} cannot be read")

    def personal_data(self, name: bytes, finding: Finding) -> None:
        super().personal_data(name, finding)
        self._trace.note(
            f"cookie {name.decode('latin-1')[:_LONGEST]} holds personal data: {finding}"
        )
