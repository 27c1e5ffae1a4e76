"""One function for each parser of what others send: it takes any bytes and says what must hold.

How a list of header values is made of bytes: a line feed, which no header can hold, ends each.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from contextlib import suppress
from datetime import timedelta
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast
from urllib.parse import quote

import ada_url
from itsdangerous import Signer
from starlette.requests import cookie_parser

from asgi_consent.boundary import Boundary
from asgi_consent.catalog.domains import LONGEST_HOST, is_same_site
from asgi_consent.catalog.urls import Base, resolve
from asgi_consent.consent import UNKNOWN, Choice, make_choice
from asgi_consent.csp_reports import CspReports
from asgi_consent.decision import Grants
from asgi_consent.errors import LedgerError, SettingsError
from asgi_consent.findings import Findings
from asgi_consent.http.client_hints import kept_hints
from asgi_consent.http.cookies import (
    MOST_COOKIES,
    filter_cookies,
    is_token,
    parse_set_cookie,
    remove_cookie,
)
from asgi_consent.http.csp import CSP, OwnFiles, admit
from asgi_consent.http.known_scopes import read_scopes, write_scopes
from asgi_consent.http.links import FETCHING, filter_links
from asgi_consent.http.refresh import refresh_url
from asgi_consent.http.reporting import (
    filter_groups,
    filter_report_uri,
    group_names,
    may_log_errors,
)
from asgi_consent.http.request import Request, local_address
from asgi_consent.http.structured import filter_dictionary, filter_list
from asgi_consent.languages import LANGUAGES, accepted_languages, choose
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.proof import signed, signer_of
from asgi_consent.privacy.decodings import readings
from asgi_consent.privacy.detector import Detector
from asgi_consent.proxy.hops import Hops, read_hops, with_hops
from asgi_consent.settings import Settings, load_settings
from asgi_consent.signing import LONGEST_TOKEN, ConsentSigner
from asgi_consent.types import Headers
from tests.asgi import SECRET, scope_of
from tests.conftest import shop_settings
from tests.fuzz.readers import read_links, read_set_cookie, read_strings
from tests.fuzz.target import target
from tests.http.csp_oracle import FALLBACKS, Ask, allowed
from tests.http.test_refresh import WHITE, by_chrome, by_the_standard, leads_out


def lines(name: bytes, data: bytes) -> Headers:
    return [(name, value) for value in data.split(b"\n")]


def own_only(url: str, passive: bool = False) -> bool:
    """Stands for a decision: of this site is what is a path of it."""
    return url.startswith("/") and not url.startswith("//") and "\\" not in url


def is_within(kept: list[bytes], whole: list[bytes]) -> bool:
    """Whether all of `kept` is in `whole`, in that order."""
    rest = iter(whole)
    return all(one in rest for one in kept)


# ---- cookies


def some_cookie(name: bytes) -> bool:
    return bool(name) and name[0] % 2 == 0  # b, d, f, … but not a, c, e


@target(
    b"a=1; b=2;\tc=3; d=4",
    b"\xa0b=1; b\xa0=1; b =1;=b=1;;; ;b; b=\nb=2;b=3",
    b'b="x; b=2"; d="\\073"; f=\\',
    b"b=\x00\r; \x0bb=1; \x85d=1",
    b";" * 400 + b"b=1",
    b"b=1; " * 300,
    b"b=" + b"x" * 16_378 + b"; d=1",
)
def cookies(data: bytes) -> None:
    """Never raises; what is kept was allowed, in order, byte for byte."""
    headers = [(b"host", b"h"), *lines(b"cookie", data), (b"x", data)]
    sent = [piece.strip(b" \t") for piece in data.replace(b"\n", b";").split(b";")]

    filtered, removed = filter_cookies(headers, some_cookie)

    values = [value for name, value in filtered if name == b"cookie"]
    assert len(values) <= 1
    assert [h for h in filtered if h[0] != b"cookie"] == [(b"host", b"h"), (b"x", data)]
    kept = [piece for value in values for piece in value.split(b"; ")]
    assert is_within(kept, sent)
    for piece in kept:
        name, equals, _ = piece.partition(b"=")
        assert equals
        assert is_token(name)
        assert some_cookie(name)
    assert len(kept) + len(removed) <= MOST_COOKIES
    if len(data) < 1000 and len(sent) <= MOST_COOKIES:  # nothing was cut
        assert len(kept) + len(removed) == sum(map(bool, sent))
        good = (piece.partition(b"=") for piece in sent)
        assert len(kept) == sum(1 for n, e, _ in good if e and is_token(n) and some_cookie(n))
    for text in values:
        assert all(some_cookie(name.encode("latin-1")) for name in _names_for_starlette(text))


def _names_for_starlette(value: bytes) -> list[str]:
    return [name for name in cookie_parser(value.decode("latin-1")) if name]


@target(
    b"a=1; Path=/x; Domain=.Shop.Example; Max-Age=0; Partitioned; Secure; HttpOnly",
    b" a = 1 ;path=x;PATH = /y ; path=\x0b/z; domain=x; domain=",
    b"a=1; domain=..x; partitioned=0",
    b"a=1; domain=. .x",
    b"a=1; Expires=Thu, 01 Jan 99999999999999999999 00:00:00 GMT",
    b"a=1; Expires=Thu, 01 Jan 2020 00:00:00 +99999999999999999999; Max-Age=",
    b"a; Path=/; expires=Wednesday, 09-Nov-99 23:12:40 GMT; max-age=-0",
    b"=a; Path=/\r\nx; Max-Age=\xb2\xb3; Expires=0, 0 0 0 0:0:0 -0000",
)
def set_cookie(data: bytes) -> None:
    """Name and scope are those a browser reads; its removal is one header for the same cookie."""
    cookie = parse_set_cookie(data, "/default")

    scope = cookie.scope
    read = (cookie.name.decode("latin-1"), scope.path, scope.domain, scope.partitioned)
    assert read == read_set_cookie(data, "/default")
    for _, value in remove_cookie(cookie.name, scope, secure=True):
        assert not set(value) & set(b"\r\n\0")
        again = parse_set_cookie(value)
        assert again.removes
        assert again.name == cookie.name
        if re.fullmatch(r"([!-\-/-~][!-~]*)?", scope.domain):  # else no browser takes it
            assert again.scope == scope


@target(
    write_scopes([(b"a", parse_set_cookie(b"a=1; Path=/x; Domain=y.example").scope)]),
    b'[["a","/x","",false],["b","/","shop.example",true]]',
    b'[["a","/;x","\\r\\n",1],["\\u0100",2,3,4],"abcd",{"a":1,"b":2,"c":3,"d":4}]',
    b'{"abcd":1}',
    b'[["a b","/x","",false],["a;b","/x","",false],["","/x","",false]]',
    b"[" * 700,
    b'[[1e999,1,1,1],["a",' + b"9" * 500 + b",0,0]]",
)
def known_scopes(data: bytes) -> None:
    """Never raises; all it can do is remove a cookie, by a name that cookies have."""
    written = base64.urlsafe_b64encode(data).rstrip(b"=")
    for value in (data, written):
        for name, scope in read_scopes(value):
            assert is_token(name)
            for _, header in remove_cookie(name, scope, secure=True):
                assert not set(header) & set(b"\r\n\0")
                assert parse_set_cookie(header).removes


# ---- headers of responses that make a browser load something


@target(
    b'</a.css>; rel=preload; as=style, <https://t.example/,x>; rel="preconnect"',
    b'</a>; title="x, <y>; rel=preload"; rel="next prefetch", <//t.example>;rel=icon',
    b'</a.png>; rel=preload; as=image; imagesrcset="/b.png 1x, https://t.example/c 2x"',
    b'<//t.example>; rel="\\preload"; rel=canonical; REL = Stylesheet',
    b'</a>; rel=preload, <"//t.example>; rel=preload; "<',
    b"<//t.example;>;;rel = = preload;rel,<>;rel*=x,,",
    b'</a>; x="y, <z>; rel=preload, <//t.example>; rel="',
    b'<x>; y="z"w, <//t.example>; v=", <//t.example>; rel=icon", </a>; x y=", <//t.example>"',
    b'</a.css>; as=x"; rel="y", <//t.example>;z, <//t.example>; rel="preconnect"',
    b'</a; title="x, <y>; rel=z, <//t.example; rel="next>;rel=icon',
    b'""' * 100 + b"<//t.example>; rel=preload",
)
def link(data: bytes) -> None:
    """No link is kept that fetches what is not allowed; the rest is kept in order, as written."""
    kept = filter_links(data, own_only)

    if kept is None:
        return
    assert filter_links(kept, own_only) == kept
    if kept != data:
        at = 0
        for one in kept.split(b", "):
            at = data.find(one, at)
            assert at >= 0, one
    fetching = [found for found in read_links(kept) if found.rels & FETCHING_WORDS]
    assert all(own_only(found.url) for found in fetching)


FETCHING_WORDS = {word.decode() for word in FETCHING}


@target(
    b'"/a" ,\t"https://t.example", "/b"',
    b'a="/a", b="https://t.example", *c_-.*="/c";x="=,";y=1.5;z',
    rb'"/a\"b", "//t.example"',
    rb'a="/a\"b";x, b="//t.example"',
    rb'"\"/a\\";as="x, y";n=1.5;t=a/b;o, "//t"',
    b'"/a";x="//t",,"/b"',
    b'a=("/a" "/b"), "/\xe4", "/\\x"',
)
def structured(data: bytes) -> None:
    """Refused, or: what is left leads nowhere that is not allowed, in the standard's reading."""
    for filtered, keys in ((filter_list, False), (filter_dictionary, True)):
        try:
            left = filtered(data, own_only)
        except ValueError:
            continue
        with suppress(ValueError):  # looser than the standard: then browsers read nothing
            assert all(map(own_only, read_strings(left or b"", keys=keys)))
        with suppress(ValueError):
            meant = [url for url in read_strings(data, keys=keys) if own_only(url)]
            assert meant == read_strings(left or b"", keys=keys)


@target(
    b"0; url=https://t.example/",
    b" 5,URL\t=\t'//t.example'x\"//own.example\"'",
    b".;//t.example;url=/x",
    b'0;url="//own.example"@t.example/"',
    b"\x0b\x0c0;//t.example",
    b"0\x0c\x0b;//t.example",
    b"0\x0b;\xa0url=//t.example",
    b"1 url url = = //t.example",
)
def refresh(data: bytes) -> None:
    """What leads away in anybody's reading leads away in ours."""
    value = data.decode("latin-1")
    url = refresh_url(value)
    assert url != ""
    read = (by_the_standard(value), by_chrome(value, WHITE), by_chrome(value, " \t"))
    assert leads_out(url) or not any(map(leads_out, read))


@target(
    b"default-src 'self'; report-uri /r https://t.example/r ;report-to x, img-src *",
    b'{"group":"a","max_age":60,"endpoints":[{"url":"https://t.example"}]}, {"max_age":0}',
    b'{"endpoints":[{"url":"/r"},{"url":"//t"}],"max_age":1e5} ,\n{"endpoints":[{"url":"/r"}]}',
    b'{"report_to":"default","max_age":1,"max_age":0}',
    b'{"a":' * 600,
    b'{"endpoints":[{"url":"\\ud800"},{"url":1}],"max_age":NaN}',
    b"REPORT-URI\x0b//t;report-uri/r;\x0creport-uri\t/r,,report-uri;",
)
def reporting(data: bytes) -> None:
    """Refused, or: no report goes where it may not; all else of a policy stays as it is."""
    policy = filter_report_uri(data, own_only) or b""
    for text in re.split(rb"[;,]", policy):
        words = text.split()
        if words and words[0].lower() == b"report-uri":
            assert all(own_only(url.decode("latin-1")) for url in words[1:])
    assert _others(policy) == _others(data)
    group_names([data], own_only)
    with suppress(ValueError):
        may_log_errors(data, {"default"})
    with suppress(ValueError):
        groups = filter_groups(data, own_only) or b""
        for group in json.loads(b"[" + groups + b"]"):
            if group.get("max_age") != 0:
                assert all(
                    own_only(end["url"]) for end in group.get("endpoints", []) if "url" in end
                )


def _others(policy: bytes) -> list[bytes]:
    """The directives that report to nobody."""
    directives = [part.strip() for part in re.split(rb"[;,]", policy)]
    return [one for one in directives if one and not one.lower().startswith(b"report-uri")]


@target(
    b"Sec-CH-UA, Sec-CH-UA-Model , DPR;x, sec-ch-prefers-color-scheme",
    b"sec-ch-ua-model;a,\x0bdevice-memory,\x0c,rtt\t",
)
def client_hints(data: bytes) -> None:
    """No hint is kept that tells devices apart, and none is made up."""
    kept = kept_hints(data)
    assert kept_hints(kept) == kept
    words = {word.partition(b";")[0].strip().lower() for word in kept.split(b",")}
    assert not words & {b"sec-ch-ua-model", b"device-memory", b"rtt"}
    given = [word.strip(b"\t\n\f\r ") for word in data.split(b",")]
    assert is_within([word.strip(b"\t\n\f\r ") for word in kept.split(b",")], [*given, b""])


# ---- policies

PAGE = "https://shop.example/cart"
GUARD = "https://shop.example/_consent/guard.js"
STYLE = "https://shop.example/_consent/banner.css"
DIGEST = "sha256-guard"
FILES = OwnFiles((GUARD.encode(),), (STYLE.encode(),), lambda: (f"'{DIGEST}'".encode(),))
ASKS = [
    *(Ask(kind) for kind in ("inline-script", "inline-handler", "eval")),
    *(
        Ask(kind, url)
        for kind in sorted({*FALLBACKS} - {"inline-script", "inline-handler", "eval"})
        for url in ("https://shop.example/x", "https://t.example/x", "data:x")
    ),
    Ask("script", "https://t.example/x", by_script=True),
    Ask("script", "https://t.example/x", nonce="n"),
    Ask("inline-script", nonce="n"),
    Ask("inline-script", digest="sha256-app"),
]


@target(
    b"default-src 'none'",
    b"script-src 'nonce-n' 'strict-dynamic'; style-src 'self' ,img-src * data:",
    b"script-src 'none'\x0bt.example; style-src-elem\t'none'\x0b*",
    b"script-src\x0c*;SCRIPT-SRC 'none';;, ,default-src 'self' 'nonce-n'",
    b"default-src 'none'; script-src \xe9 *\nscript-src-elem https:\r'sha256-app'",
    b"script-src x'nonce-n' 'NONCE-N' 'unsafe-inline' 'unsafe-eval'; default-src t.example:*",
    b"worker-src https://t.example/; child-src 'none'; form-action 'self'; frame-src *.example",
    b"script-src 'unsafe-hashes' 'report-sample' t.example:99999 http://[ //",
)
def csp(data: bytes) -> None:
    """A policy is never weaker than the app's, nor stricter, and our own files pass it."""
    headers = lines(CSP, data)
    admission = admit(headers, FILES)
    digest = DIGEST if admission.with_integrity else ""
    guard = Ask("script", GUARD, nonce=admission.nonce.decode("latin-1"), digest=digest)

    assert len(admission.headers) == len(headers)
    for (name, before), (same, after) in zip(headers, admission.headers, strict=True):
        assert name == same
        assert after.split(b",")[-1].endswith(before.split(b",")[-1])
        for ask in ASKS if before != after else []:
            assert allowed(after, ask, PAGE) == allowed(before, ask, PAGE), ask
        assert allowed(after, guard, PAGE)
        assert allowed(after, Ask("style", STYLE), PAGE)


_POLICY = shop_settings(catalogue={"use": False}).policy
_SOURCES = re.compile(
    rb"(default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:"
    rb"(?: (?:wss?://)?(?:\*\.)?[a-z0-9_.-]+(?::\*)?(?:/[A-Za-z0-9/._~-]*)?)*)"
    rb"; report-uri /_consent/report"
).fullmatch


@target(
    b"shop.example",
    b"www.Shop.co.uk:8443",
    b"*.com",
    b"*.t.example:1",
    b"[::1]:8000",
    b"a b;script-src *,x",
    b"shop.example\r\nx: y",
    b"t.example.",
    b"\xe9.example:\xb2",
    b"x" * 300,
    b".",
)
def boundary(data: bytes) -> None:
    """Whatever Host says: one policy, and nothing passes but what is declared and the site's own."""
    request = Request(scope_of("/", [(b"host", data)], scheme="https"))
    ours = Boundary(_POLICY, "/_consent")
    for grants in (Grants(), Grants(_POLICY.optional)):
        name, value = ours.header(request, grants, 100_000) or (CSP, b"")
        assert name == CSP
        assert _SOURCES(value), value
        assert ours.short_header(request, grants, 200)[1].startswith(b"default-src 'self' ")
        for host in ("t.example", "www.t.example", "evil.com", "counter.example"):
            passes = allowed(value, Ask("script", f"https://{host}/x"), PAGE)
            own = is_same_site(host, request.host) or host == request.host
            declared = host == "counter.example" and grants.categories
            assert bool(own or declared) >= passes, host


class _Told:
    """Stands for Findings."""

    def __init__(self) -> None:
        self.hosts: list[tuple[str, str]] = []

    def reported(self, host: str, directive: str) -> None:
        self.hosts.append((host, directive))


@target(
    b'{"csp-report":{"blocked-uri":"https://odd.example/?s=1","effective-directive":"img-src"}}',
    b'[{"type":"csp-violation","body":{"blockedURL":"https://o.example","effectiveDirective":"x"}}]',
    b'{"csp-report":{"blocked-uri":"https://\\ud800.example","violated-directive":"img-src *"}}',
    b'{"csp-report":{"blocked-uri":"https://\\u001b[31m\\n","effective-directive":"img-src\\n"}}',
    b'{"csp-report":[]}',
    b'{"csp-report":{"blocked-uri":"http:://x","violated-directive":"img-src"}}',
    b"[" * 5000,
    b"9" * 5000,
    b'[{"type":"csp-violation","body":{"blockedURL":"//://","effectiveDirective":{}}},1,null]',
)
def csp_reports(data: bytes) -> None:
    """No report, or: names of undeclared hosts are told, and no word of it besides."""
    told = _Told()
    reports = CspReports(_POLICY, cast(Findings, told), clock=lambda: 0.0)
    with suppress(ValueError, RecursionError):  # as its endpoint does
        reports.take(data, "shop.example")
    assert len(told.hosts) <= 50
    for host, directive in told.hosts:
        assert 0 < len(host) <= LONGEST_HOST
        assert not set("/?#@") & set(host) or "%" in data.decode("latin-1")
        assert not is_same_site(host, "shop.example")
        assert re.fullmatch(r"[a-z-]{1,40}", directive)


# ---- tokens

NOW = 1_800_000_000


def _signer(key: str) -> ConsentSigner:
    return ConsentSigner([key], revisions=[3], lifetime=timedelta(days=180), clock=lambda: NOW)


OURS, THEIRS = _signer(SECRET), _signer(SECRET[::-1])
CONSENT = make_choice(UNKNOWN, Choice.of(["statistics"], ["films"]), revision=3, time=NOW, gpc=True)
WRITTEN = {
    "consent": OURS.write(CONSENT),
    "once": OURS.write_once("films"),
    "operator": OURS.write_operator("t" * 32),
}


def _spelled_otherwise(token: bytes) -> bytes:
    """The last character of a signature holds four bits, of six: the others may be any to base64."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + bytes([alphabet[alphabet.index(token[-1]) + 1]])


def _read_by_all(text: bytes) -> list[str]:
    """By which readers this is a token."""
    found = []
    if OURS.read(text) != UNKNOWN:
        found.append("consent")
    if OURS.read_once(text) is not None:
        found.append("once")
    if OURS.is_operator(text, "t" * 32):
        found.append("operator")
    return found


@target(
    *WRITTEN.values(),
    THEIRS.write(CONSENT),
    *map(_spelled_otherwise, WRITTEN.values()),
    b"\x00\x00\x01w",
    b"\xff\xff\x01=",
    b"\x00\x02\x00.",
    b"{}",
    b'{"subject":"x","time":1800000000,"revision":3,"status":"given","categories":[]}',
    b'{"service":"films","time":0}',
    b"v1..",
    b"." * LONGEST_TOKEN,
)
def token(data: bytes) -> None:
    """Only what our key signed is read, by its own reader, in the one form it was written in."""
    assert OURS.read(WRITTEN["consent"]) == CONSENT
    forged = [data]
    payload = b"v1." + base64.urlsafe_b64encode(data).rstrip(b"=")
    for salt in ("consent", "once", "operator", ""):
        for key, version in ((SECRET[::-1], b""), (SECRET, b"x")):
            signing = Signer(
                key,
                salt=f"asgi-consent.{salt}",
                digest_method=hashlib.sha256,
                key_derivation="hmac",
            )
            forged.append(signing.sign(version + payload))
    if len(data) >= 3:  # the first bytes say where a genuine one is cut, and how much of it
        for good in WRITTEN.values():
            at = int.from_bytes(data[:2]) % (len(good) + 1)
            forged.append(good[:at] + data[3:] + good[at + data[2] :])
    for text in forged:
        found = _read_by_all(text)
        assert found == [name for name, good in WRITTEN.items() if good == text]


@cache
def _keys() -> LedgerKeys:
    return LedgerKeys([SECRET])


_RECEIPT = json.dumps(signed({"a": [1, "é"]}, _keys(), NOW)).encode()


@target(
    _RECEIPT,
    _RECEIPT.replace(b"1", b"1.0", 1),
    b'{"proof":{"proofValue":"z' + b"2" * 90 + b'"}}',
    b'{"proof":[["proofValue","z1"],["type","DataIntegrityProof"]]}',
    b'{"a":"\\ud800","proof":{"proofValue":"z1","type":"DataIntegrityProof"}}',
    b"[" * 3000,
    b"9" * 5000,
)
def receipt(data: bytes) -> None:
    """Genuine is only what we signed, and as we signed it."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    with suppress(LedgerError):
        assert signer_of(document) not in _keys().public or document == json.loads(_RECEIPT)


# ---- settings


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="asgi-consent-fuzz-")


@target(
    b'[site]\nname="Shop"\nhosts=["a\\nb","cdn.example"]\nlanguages=["de","xx"]\n',
    b'mode="observe"\n[policy]\nrevision=2\nurl={de="/d",en="/e"}\npublished=2026-11-01\n',
    b'[[services]]\nid="a"\nname="A"\ncategory="statistics"\nhosts=["*.t.example","/x"]\n',
    b'[[services]]\nid="google-analytics"\ncookies=["_ga*",{name="*"},{name="x",lifetime="1y"}]\n',
    b"mode" + b".a" * 3000 + b"=1",
    b"a=" + b"[" * 2000,
    b"mode=0x" + b"f" * 5000,
    b"[policy]\nrevision=0x" + b"f" * 5000,
    b"[consent]\nlifetime='1\xd9\xa3d'",
    '[[services]]\nid="a"\nname="A"\ncategory="marketing"\ncookies=[{name="x",lifetime="1٣d"}]'.encode(),
    b'policy="x"',
    b'[policy]\nhistory=["consent.toml","\\u0000"]',
    b'[theme]\ntemplates="\\u0000"\n[theme.light]\nink="#fff"\nradius=-1',
    b"\"\\n\\u2028\\u001b\"=1\n'a.b'=nan\nunknown_hosts=[[inf,1979-05-27T07:32:00Z]]",
    b"\xef\xbb\xbf[categories]\nstatistics=false\nx={label='\\u0085'}\n",
    b"\xff",
    b'[region.rules]\n"US-CA"="opt-out"\nX="y"\n[region]\nheader="CF IPCountry"\n',
    b'[ledger]\nurl="postgresql://u:p@[/x"\nretention="1d"\nkeep=["ip","\\u007f"]\n[gpp]\nsection="x"',
)
def settings(data: bytes) -> None:
    """Any bytes: settings, or one SettingsError that names each mistake in one line."""
    folder = Path(_folder().name)
    file, outer = folder / "consent.toml", folder / "outer.toml"
    file.write_bytes(data)
    outer.write_bytes(b'[policy]\nrevision=7\nhistory=["consent.toml"]\n')
    for path in (file, outer):
        found = _settings_or_error(path)
        if isinstance(found, SettingsError):
            told = str(found).splitlines()
            assert len(told) == len(found.problems) > 0
            assert all(line.startswith(f"{path}: ") and line.isprintable() for line in told)
        else:
            for service in found.policy.declared:
                times = [cookie.lifetime for cookie in service.cookies if cookie.lifetime]
                assert all(
                    time.unit in {"s", "m", "h", "d", "w", "mo", "y", "session"} for time in times
                )
            assert 0 < found.policy.revision.number < 2**53  # what JSON and databases hold
            found.theme.css()


def _settings_or_error(path: Path) -> Settings | SettingsError:
    try:
        return load_settings(path)
    except SettingsError as error:
        return error


# ---- what a request says


@target(
    b"de-CH, fr;q=0.9, *;q=0.1",
    b"a;q=1.0000,b;q=2,c;q=0,;q=1,d ; q=0.5",
    b",".join(b"x%d" % number for number in range(100)),
    b"en\x0b, \xe9, zh-TW-" + b"a" * 900,
    b"//t.example/\\..//%2e%2e//",
    b"/./\\t.example?//#",
    b"//.",
    b"//..?x",
    b"//.#//",
)
def request(data: bytes) -> None:
    """Never raises; languages are tags, one of ours is chosen, and no way back leads away."""
    tags = accepted_languages(data)
    assert len(tags) <= 20
    assert all(re.fullmatch(r"[A-Za-z0-9-]+", tag) for tag in tags)
    assert choose(tags, tuple(LANGUAGES)) in LANGUAGES
    for text in (data.decode("latin-1"), data.decode("utf-8", "surrogateescape")):
        back = local_address(text)
        assert back.isascii()
        assert ada_url.URL(back, base=PAGE).origin == "https://shop.example"
    names = (b"host", b"referer", b"origin", b"sec-fetch-dest", b"accept", b"cookie")
    asked = Request(scope_of("/", [(name, data) for name in names], query_string=data))
    assert asked.address.isascii()
    assert asked.full_path.startswith("/")
    assert isinstance(asked.base, Base)
    assert not asked.is_same_origin or asked.header(b"origin") == b"http://" + data


@target(
    b"https://t.example/a?b#c",
    b" \t\n//\\t.example:80\\x",
    b"https:\\\\u:p@t.example.",
    b"https:own.example/",
    b"HTTPS:////%74.example%2f",
    b"ht\ttps:/\n/t.e\rxample",
    "https://ｔ.example。/ \u00ad".encode(),
    b"https://\xed\xa0\x80.example/",
    b"wss://[::1]:1/",
    b"https://" + "é.".encode() * 200,
    b"data:,x",
)
def urls(data: bytes) -> None:
    """Never raises; what a browser loads from elsewhere is never taken for the site's own."""
    for text in (
        data.decode("latin-1"),
        data.decode("utf-8", "surrogatepass" if _wtf8(data) else "replace"),
    ):
        found = resolve(text, Base("https", "own.example", "/a/b"))
        assert found is None or len(found.host) <= LONGEST_HOST
        try:
            there = ada_url.URL(
                text.encode("utf-8", "replace").decode(), base="https://own.example/a/b"
            )
        except ValueError:
            continue
        if there.protocol in ("http:", "https:", "ws:", "wss:") and there.hostname != "own.example":
            assert found is not None
            assert found.host != "own.example"


def _wtf8(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


_TRUSTED = (ip_network("10.0.0.0/8"),)


@target(
    b'for=1.2.3.4;host="shop.example";proto=https, for="[2001:db8::1]:80"',
    b'for=10.0.0.1,for=10.0.0.2;by=x,for="_hidden";proto=ftp',
    b'for="\\"1.2.3.4";host="a,b"\nproto=http;;=;for==',
    b"1.2.3.4, 10.1.1.1:80 ,unknown,[::ffff:10.0.0.1]",
    b"for=1.2.3.4%eth0, fe80::1%\r\n",
    b"https, http\nshop.example",
)
def hops(data: bytes) -> None:
    """Who is not trusted is not read; of others only addresses, http or https, and hosts."""
    for name in (b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"):
        headers = lines(name, data)
        stranger = read_hops(scope_of("/", headers, client=("1.1.1.1", 1)), _TRUSTED)
        assert stranger == Hops(("1.1.1.1",), "http", b"shop.example")
        read = read_hops(scope_of("/", headers, client=("10.0.0.9", 1)), _TRUSTED)
        assert read.addresses[-1] == "10.0.0.9"
        assert len(read.addresses) <= 16
        assert read.scheme in ("http", "https")
        for address in read.addresses:
            ip_address(address)
        for _, value in with_hops(headers, read):
            assert not set(value) & set(b"\r\n\0")


# ---- personal data

_DETECTOR = Detector()
_DETECTOR.watch("ada@shop.example")


@target(
    b"ada%40shop.example",
    base64.b64encode(b"ada@shop.example"),
    b'{"a":[1.5,2.5,{"b":"x"}],"c":"\\ud800"}',
    b"eyJhIjoiYiJ9.eyJtYWlsIjoiYWRhQHNob3AuZXhhbXBsZSJ9.x",
    b"s:ada@shop.example.sig",
    b"[" * 4000,
    b"[" + b"9" * 4090 + b"]",
    "DE٠٢ ٤٤٤٤ ١٢٣٤ +49 ٣٠ ١٢٣٤٥٦٧ 1٩٢.168.١.1".encode(),
    b"%25" * 1000 + b"40",
    b"a%2525252525252540shop.example",
    b"[1e999,-1e999]",
    b"1:2:3:4:5:6:7:8 aa:bb:cc:dd:ee:ff 52.52000,13.40495 4111 1111 1111 1111",
)
def personal_data(data: bytes) -> None:
    """Never raises; at most 64 readings, four decodings deep, and what base64 hides is read."""
    for text in (data.decode("latin-1"), data.decode("utf-8", "replace")):
        found = readings(text)
        assert 0 < len(found) <= 64
        assert found[0].text == text[: 4 * 1024]
        assert all(len(reading.how) <= 4 for reading in found)
        kinds = [(finding.kind, finding.where) for finding in _DETECTOR.find("name", text)]
        assert len(kinds) == len(set(kinds))
    plain = re.sub(r"[^a-z0-9@.]", "", data.decode("latin-1"))[:200]
    if len(plain) >= 9:
        for hidden in (base64.b64encode(plain.encode()).decode(), quote(plain, safe="")):
            assert any(reading.text == plain for reading in readings(hidden))
