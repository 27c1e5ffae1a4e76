"""Pieces of HTML that tokenizers stumble over, and ways to rewrite and cut them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import strategies as st

from asgi_consent.catalog.urls import Base
from asgi_consent.decision import Decision, Grants, Page, Verdict
from asgi_consent.html.gating import Gating
from asgi_consent.html.rewriter import Rewriter
from asgi_consent.policy import Policy, UnknownHosts

PIECES = [
    b"<script>", b"</script>", b"<script src=https://t.example/x.js>", b"<!--", b"-->", b"--!>",
    b"<!-->", b"<!--->", b"<script ", b"</script ", b"<img src=https://t.example/p.gif>",
    b'<img alt="x>y" src="//t.example/p">', b"<img ", b"src=", b'"', b"'", b">", b"<", b"/", b"=",
    b" ", b"\n", b"<svg>", b"</svg>", b"<math>", b"</math>", b"<svg/>", b"<style>", b"</style>",
    b"<title>", b"</title>", b"<textarea>", b"</textarea>", b"<iframe src=//t.example>",
    b"</iframe>", b"<noscript>", b"</noscript>", b"<![CDATA[", b"]]>", b"<?x>", b"</3>", b"</>",
    b"<!doctype html>", b"<html>", b"<head>", b"<body>", b"</body>", b"<foreignObject>",
    b"</foreignObject>", b"<p>", b"</p>", b"<link rel=preload href=//t.example>", b"<xmp>",
    b"</xmp>", b"text", b"-", b"!", b"<plaintext>", b"<desc>", b"</desc>", b"<g>", b"</g>",
    b"counter('start')", b"<base href=//t.example/>", b"\xef\xbb\xbf", b"\x00", b"<iframe srcdoc='&lt;img src=//t.example&gt;'>",
]  # fmt: skip

soup = st.lists(st.sampled_from(PIECES), max_size=25).map(b"".join)


@st.composite
def cuts(draw: st.DrawFn, html: bytes) -> list[int]:
    """Offsets at which `html` is cut into pieces."""
    return sorted(draw(st.lists(st.integers(0, len(html)), max_size=6)))


def cut(html: bytes, offsets: Iterable[int]) -> list[bytes]:
    edges = [0, *offsets, len(html)]
    return [html[start:end] for start, end in pairwise(edges)]


def placeholder(verdict: Verdict, host: str, language: str) -> str:
    return f"<p>{verdict.service.name if verdict.service else host}</p>"


def ignore(element: str, verdict: Verdict, url: str) -> None:
    pass


def rewriter(
    policy: Policy, grants: Grants | None = None, *, head: bytes = b"", body: bytes = b""
) -> Rewriter:
    decision = Decision(policy, grants=grants or Grants())
    page = Page("shop.example", (Base("https", "shop.example", "/dir/page"),))
    return Rewriter(Gating(decision, page, placeholder, ignore), head=head, body=lambda _: body)


def rewrite(
    policy: Policy,
    html: bytes,
    grants: Grants | None = None,
    *,
    offsets: Iterable[int] = (),
    head: bytes = b"",
    body: bytes = b"",
) -> bytes:
    machine = rewriter(policy, grants, head=head, body=body)
    return b"".join(machine.feed(piece) for piece in cut(html, offsets)) + machine.close()


def everything_granted(policy: Policy) -> Policy:
    """The same services, and every host allowed."""
    return Policy(policy.services, unknown_hosts=UnknownHosts.ALLOW)
