"""Headers that make a browser send reports."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.http.reporting import (
    filter_groups,
    filter_report_uri,
    group_names,
    may_log_errors,
)


def own_only(url: str) -> bool:
    return url.startswith("/") and not url.startswith("//")


def anything(url: str) -> bool:
    return True


def group(*urls: str, **more: Any) -> bytes:
    return json.dumps({"max_age": 60, "endpoints": [{"url": url} for url in urls], **more}).encode()


OWN, OTHERS = group("/r", group="own"), group("https://t.example/r", group="t")


# ---- Content-Security-Policy


@pytest.mark.parametrize(
    ("value", "left"),
    [
        (b"default-src 'self'; report-uri https://t.example/r", b"default-src 'self'"),
        (b"report-uri https://t.example; img-src  x ;", b"img-src  x ;"),
        (b"img-src x ;report-uri //t.example ; style-src y", b"img-src x ; style-src y"),
        (b"a;\tREPORT-URI\t/r\thttps://t.example\t/s; b", b"a;\tREPORT-URI /r /s; b"),
        (b"report-uri https://t.example", None),
        (b"; report-uri https://t.example;", None),
        (b"report-uri https://t.example, img-src x", b"img-src x"),
        (b"a, report-uri https://t.example , b;report-uri /r", b"a, b;report-uri /r"),
        (b"report-uri //t.example; report-uri //u.example; a", b"a"),
        (b"a; report-uri /r\x0bhttps://t.example", b"a; report-uri /r"),
        (b"a;\x0breport-uri\x0bhttps://t.example", b"a"),
        (b"a; report-uri https://t.example/a,https://t.example/b", b"a,https://t.example/b"),
        (b"report-uri https://\xe4.example; a", b"a"),
    ],
)
def test_policy_reports_only_to_allowed_addresses(value: bytes, left: bytes | None) -> None:
    assert filter_report_uri(value, own_only) == left


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" ,; ",
        b"default-src https://t.example ;; report-to csp , img-src *",
        b" report-uri   /r  ;report-uri, Report-URI /s /t\t",
        b"x-report-uri https://t.example; report-uris https://t.example",
        b"img-src https://t.example/report-uri",
    ],
)
def test_policy_that_reports_to_nobody_else_stays_byte_for_byte(value: bytes) -> None:
    assert filter_report_uri(value, own_only) == value


# ---- Report-To


def test_group_with_an_endpoint_that_is_denied_goes_and_others_keep_their_bytes() -> None:
    mixed = group("/r", "https://t.example/r")
    other = b'{ "endpoints":[{"url" : "/x"}],"max_age":1e2 }'

    assert filter_groups(OWN + b" ,\t" + mixed + b"," + other, own_only) == OWN + b", " + other
    assert filter_groups(OTHERS, own_only) is None
    assert filter_groups(OWN + b"," + other, own_only) == OWN + b"," + other


def test_what_makes_browsers_forget_a_group_passes() -> None:
    forgetting = group("https://t.example/r", max_age=0)

    assert filter_groups(forgetting, own_only) == forgetting
    assert filter_groups(group("https://t.example/r", max_age=False), own_only) is None


@pytest.mark.parametrize(
    "value",
    [
        b'{"endpoints":[{"url":"https://t.example"}]',
        b'{"endpoints":[{"url":"/r"}],"endpoints":[{"url":"https://t.example"}]}',
        b'{"endpoints":[{"url":"/r","url":"https://t.example"}]}',
        b'{"endpoints":{"url":"https://t.example"}}',
        b'{"endpoints":["https://t.example"]}',
        b'{"endpoints":[{"url":["https://t.example"]}]}',
        OWN + OWN,
        OWN + b",",
        b"," + OWN,
        OWN + b";" + OWN,
        b"[" + OWN + b"]",
        b'"https://t.example"',
        b"https://t.example",
        b'{"endpoints":[{"url":"/\xff"}]}',
        b'{"endpoints":' + b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_groups_that_cannot_be_read_are_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        filter_groups(value, own_only)


@pytest.mark.parametrize("value", [b"", b" ", b'{"max_age":%s,"x":[{}]}' % (b"9" * 9999)])
def test_group_that_leads_nowhere_stays(value: bytes) -> None:
    assert filter_groups(value, own_only) == value


@pytest.mark.threat("T21")
def test_very_long_list_of_groups_is_read_in_good_time() -> None:
    assert filter_groups(b",".join([OTHERS] * 20_000), own_only) is None


# ---- NEL


@pytest.mark.parametrize(
    ("value", "stays"),
    [
        (b'{"report_to":"own","max_age":60}', True),
        (b'{"report_to":"t","max_age":60}', False),
        (b'{"report_to":"never-said","max_age":60}', False),
        (b'{"max_age":60}', False),
        (b'{"report_to":"t","max_age":0}', True),
        (b"{}", False),
    ],
)
def test_errors_are_logged_to_groups_that_stay_only(value: bytes, stays: bool) -> None:
    names = group_names([OTHERS, b"not JSON", OWN], own_only)

    assert may_log_errors(value, names) is stays


def test_group_without_a_name_is_called_default() -> None:
    names = group_names([group("/r")], own_only)

    assert may_log_errors(b'{"report_to":"default","max_age":60}', names)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{}, {}",
        b"[]",
        b'"own"',
        b'{"report_to":["own"]}',
        b'{"report_to":"own","report_to":"t"}',
    ],
)
def test_error_logging_that_cannot_be_read_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        may_log_errors(value, frozenset(("own",)))


# ---- properties

POLICY_PIECES = [b"report-uri", b" ", b";", b",", b"/r", b"https://t.example", b"img-src", b"\x0b"]


@given(st.binary() | st.lists(st.sampled_from(POLICY_PIECES), max_size=12).map(b"".join))
def test_any_policy_can_be_filtered_twice(value: bytes) -> None:
    once = filter_report_uri(value, own_only)

    assert once is None or filter_report_uri(once, own_only) == once
    assert filter_report_uri(value, anything) == value


@given(st.lists(st.sampled_from(POLICY_PIECES), max_size=12).map(b"".join))
def test_no_denied_address_is_left_to_report_to(value: bytes) -> None:
    left = filter_report_uri(value, own_only) or b""

    for directive in left.replace(b",", b";").split(b";"):
        name, *urls = directive.split() or [b""]
        assert name != b"report-uri" or all(own_only(url.decode()) for url in urls)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.sampled_from(["/r", "//t", "url"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["url", "endpoints", "group", "max_age"]), inner)
    ),
)
GROUPS = st.lists(
    st.builds(
        lambda urls, name: group(*urls, group=name),
        st.lists(st.sampled_from(["/r", "https://t.example", "\ud800"]), max_size=3),
        st.text(max_size=3),
    ),
    max_size=3,
).map(b" , ".join)


@given(st.binary() | JSON.map(lambda thing: json.dumps(thing).encode()) | GROUPS)
def test_any_groups_are_refused_or_can_be_filtered_twice(value: bytes) -> None:
    try:
        once = filter_groups(value, own_only)
    except ValueError:
        return
    assert once is None or filter_groups(once, own_only) == once
    assert filter_groups(value, anything) == value
