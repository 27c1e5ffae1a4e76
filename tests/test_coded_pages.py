"""Pages that the app sends coded: read as if they were not, sent as the client takes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from asgi_consent import ConsentMiddleware
from asgi_consent.http import coding as codings
from asgi_consent.types import Header, Headers, Receive, Scope, Send
from tests.asgi import Answer, SimpleApp, get
from tests.http.codings import CODINGS, packed, unpacked

Protect = Callable[..., ConsentMiddleware]

HTML: Header = (b"content-type", b"text/html; charset=utf-8")
PAGE = b"<html><head></head><body><img src=https://t.example/p.gif></body></html>"
GATED = b"data-consent-src=https://t.example/p.gif"
BANNER = b"<asgi-consent"

every_coding = pytest.mark.parametrize("coding", CODINGS)
every_layering = pytest.mark.parametrize("coding", [*CODINGS, b"gzip, br", b"zstd, br, gzip"])


def coded(
    protect: Protect,
    coding: bytes,
    *headers: Header,
    accept: bytes | None = None,
    page: bytes = PAGE,
    ask: Headers | None = None,
    status: int = 200,
    **more: str,
) -> Answer:
    """The answer to a request, with Accept-Encoding where `accept` is given, for `page` in `coding`;
    `more` goes into the settings."""
    given = [*(headers or [HTML]), (b"content-encoding", coding)]
    app = SimpleApp(packed(coding, page), headers=given, status=status)
    asked = [*(ask or []), *([(b"accept-encoding", accept)] if accept is not None else [])]
    return get(protect(app, **more), headers=asked)


@every_layering
@pytest.mark.asgi_case(6)
def test_coded_page_is_gated_and_coded_again(protect: Protect, coding: bytes) -> None:
    for accept in (coding, b"br;q=1.0, gzip;q=0.8, *;q=0.1", None):
        answer = coded(protect, coding, accept=accept)
        assert answer.all("content-encoding") == [coding]
        page = unpacked(coding, answer.body)
        assert GATED in page
        assert page.count(BANNER) == 1


@every_layering
def test_page_in_a_coding_that_the_client_cannot_read_is_sent_without(
    protect: Protect, coding: bytes
) -> None:
    for accept in (b"", b"identity", b"compress", coding.replace(b",", b";q=0,") + b";q=0"):
        answer = coded(protect, coding, accept=accept)
        assert answer.all("content-encoding") == []
        assert answer.body.startswith(b"<html><head>")
        assert GATED in answer.body


def test_page_whose_coding_hangs_on_the_request_says_so(protect: Protect) -> None:
    for accept in (b"br", b"gzip"):
        (vary,) = coded(protect, b"br", accept=accept).all("vary")
        assert vary.split(b", ").count(b"accept-encoding") == 1
        assert b"cookie" in vary

    told = coded(protect, b"br", HTML, (b"vary", b"Accept-Encoding"))
    assert (told.first("vary") or b"").startswith(b"accept-encoding, cookie, ")
    assert b"accept-encoding" not in (get(protect(SimpleApp(PAGE))).first("vary") or b"")


@pytest.mark.parametrize("accept", [b"br", b"gzip"])
def test_head_of_a_coded_page_has_the_same_headers(protect: Protect, accept: bytes) -> None:
    headers = [HTML, (b"content-encoding", b"br"), (b"content-length", b"72"), (b"etag", b'"v1"')]
    asked = [(b"accept-encoding", accept)]

    head = get(protect(SimpleApp(b"", headers=headers)), headers=asked, method="HEAD")
    whole = get(protect(SimpleApp(packed(b"br", PAGE), headers=headers)), headers=asked)

    assert head.headers == whole.headers
    assert head.body == b""
    assert head.first("content-length") is None


@every_coding
def test_coded_page_without_a_type_is_recognised(protect: Protect, coding: bytes) -> None:
    untyped = (b"x-app", b"1")

    assert GATED in unpacked(coding, coded(protect, coding, untyped).body)
    assert coded(protect, coding, untyped, page=b"{}").body == packed(coding, b"{}")


@every_coding
def test_coded_fragment_is_gated_and_gets_no_banner(protect: Protect, coding: bytes) -> None:
    answer = coded(
        protect, coding, page=b"<img src=https://t.example/p.gif>", ask=[(b"hx-request", b"true")]
    )

    page = unpacked(coding, answer.body)
    assert GATED in page
    assert BANNER not in page


@every_coding
def test_coded_page_in_utf_16_stays_in_utf_16(protect: Protect, coding: bytes) -> None:
    answer = coded(
        protect, coding, (b"content-type", b"text/html"), page=PAGE.decode().encode("utf-16")
    )

    assert GATED.decode() in unpacked(coding, answer.body).decode("utf-16")


@every_coding
def test_coded_file_sent_by_path_is_gated(protect: Protect, coding: bytes, tmp_path: Path) -> None:
    path = tmp_path / "page"
    path.write_bytes(packed(coding, PAGE))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [HTML, (b"content-encoding", coding)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.pathsend", "path": str(path)})

    assert GATED in unpacked(coding, get(protect(app)).body)


@every_coding
def test_observed_page_passes_byte_for_byte(
    protect: Protect, coding: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = coded(protect, coding, accept=b"identity", mode="observe")

    assert answer.body == packed(coding, PAGE)
    assert answer.headers == [HTML, (b"content-encoding", coding)]
    assert 'would hold back undeclared img of host "t.example"' in caplog.text


# ---- what is left alone


@every_coding
@pytest.mark.parametrize(
    ("status", "headers", "ask"),
    [
        (206, [HTML, (b"content-range", b"bytes 0-9/99")], [(b"range", b"bytes=0-9")]),
        (204, [HTML], []),
        (200, [HTML, (b"cache-control", b"public, no-transform")], []),
        (200, [HTML, (b"content-disposition", b'attachment; filename="a.html"')], []),
        (200, [(b"content-type", b"application/xhtml+xml")], []),
        (200, [(b"content-type", b"text/plain")], []),
        (200, [(b"content-type", b"text/event-stream")], []),
        (304, [(b"content-type", b"image/png")], []),
    ],
)
def test_what_is_no_page_keeps_its_coding(
    protect: Protect, coding: bytes, status: int, headers: Headers, ask: Headers
) -> None:
    answer = coded(protect, coding, *headers, accept=b"identity", ask=ask, status=status)

    assert answer.body == packed(coding, PAGE)
    assert answer.headers == [*headers, (b"content-encoding", coding)]


def test_xhtml_passes_with_a_warning(protect: Protect, caplog: pytest.LogCaptureFixture) -> None:
    coded(protect, b"gzip", (b"content-type", b"application/xhtml+xml"))

    assert "application/xhtml+xml cannot be read and passes ungated" in caplog.text


# ---- what is not known


@pytest.mark.parametrize("coding", [b"dcb", b"dcz", b"gzip, dcb", b"gzip, gzip, gzip, gzip"])
def test_unknown_coding_passes_with_one_warning(
    protect: Protect, coding: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    app = protect(SimpleApp(PAGE, headers=[HTML, (b"content-encoding", coding)]))

    assert get(app).body == get(app, headers=[(b"accept-encoding", b"")]).body == PAGE
    assert caplog.text.count(f"coded as {coding.decode()} cannot be read and passes ungated\n") == 1


@pytest.mark.parametrize(("coding", "extra"), [(b"br", "brotli"), (b"zstd", "zstd")])
def test_coding_whose_extra_is_missing_passes_with_a_warning_that_names_it(
    protect: Protect,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    coding: bytes,
    extra: str,
) -> None:
    monkeypatch.delitem(codings._CODINGS, coding)

    headers = [HTML, (b"content-encoding", coding)]
    answer = get(protect(SimpleApp(PAGE, headers=headers)))

    assert answer.body == PAGE
    assert answer.headers == headers
    assert f"passes ungated; to have it read, install asgi-consent[{extra}]" in caplog.text


ASKED = b"dcb, dcz, br, gzip;q=0.8, zstd, deflate, *;q=0.1, identity;q=0"


@pytest.mark.parametrize(
    ("missing", "seen"),
    [
        ([], b"br, gzip;q=0.8, zstd, deflate"),
        ([b"br"], b"gzip;q=0.8, zstd, deflate"),
        ([b"br", b"zstd"], b"gzip;q=0.8, deflate"),
        ([b"br", b"zstd", b"gzip", b"deflate"], b"identity"),
    ],
)
def test_app_is_asked_for_pages_in_codings_that_can_be_undone(
    protect: Protect, monkeypatch: pytest.MonkeyPatch, missing: list[bytes], seen: bytes
) -> None:
    for coding in missing:
        monkeypatch.delitem(codings._CODINGS, coding)

    assert asked_of_the_app(protect) == [seen]


def test_app_is_asked_for_all_else_as_the_browser_asks(protect: Protect) -> None:
    assert asked_of_the_app(protect, (b"sec-fetch-dest", b"image")) == [ASKED]
    assert asked_of_the_app(protect, (b"accept", b"text/html"), mode="observe") == [ASKED]


def asked_of_the_app(protect: Protect, *headers: Header, **more: str) -> list[bytes]:
    app = SimpleApp()
    get(protect(app, **more), headers=[*headers, (b"accept-encoding", ASKED)])
    return [value for name, value in app.scope["headers"] if name == b"accept-encoding"]
