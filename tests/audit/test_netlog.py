"""Chromium's network log: what counts as a contact, wherever the file ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.audit.netlog import read_netlog

TYPES = {
    "URL_REQUEST_START_JOB": 1,
    "REQUEST_ALIVE": 2,
    "HTTP_TRANSACTION_READ_RESPONSE_HEADERS": 3,
    "HTTP_STREAM_JOB_CONTROLLER": 4,
    "QUIC_SESSION_WEBTRANSPORT_CLIENT_ALIVE": 5,
    "DNS_TRANSACTION": 6,
    "OTHER": 7,
}
SITE = "https://shop.example https://shop.example"


def event(type_: str, number: int = 1, phase: int = 1, **params: Any) -> str:
    return json.dumps(
        {
            "params": params,
            "phase": phase,
            "source": {"id": number, "type": 1},
            "time": "500",
            "type": TYPES[type_],
        },
        separators=(",", ":"),
    )


def log(*events: str) -> str:
    constants = {"logEventTypes": TYPES, "timeTickOffset": 1_700_000_000_000}
    head = json.dumps({"constants": constants}, separators=(",", ":"))[:-1]
    return head + ',\n"events": [\n' + ",\n".join(events) + "]}\n"


def started(url: str, initiator: str = "https://shop.example", **more: Any) -> str:
    return event(
        "URL_REQUEST_START_JOB",
        url=url,
        initiator=initiator,
        method="GET",
        network_isolation_key=more.pop("site", SITE),
        request_type=more.pop("request_type", "other"),
        **more,
    )


def contacts(tmp_path: Path, *events: str) -> list[tuple[str, str, str]]:
    path = tmp_path / "log.json"
    path.write_text(log(*events))
    return [(one.kind, one.how, one.url) for one in read_netlog(path).contacts]


def test_requests_connections_and_lookups_are_contacts(tmp_path: Path) -> None:
    assert contacts(
        tmp_path,
        started("https://shop.example/", "not an origin", request_type="main frame"),
        started("https://ads.example/b"),
        event("HTTP_STREAM_JOB_CONTROLLER", url="https://hint.example/", is_preconnect=True),
        event("HTTP_STREAM_JOB_CONTROLLER", url="https://shop.example/", is_preconnect=False),
        event("QUIC_SESSION_WEBTRANSPORT_CLIENT_ALIVE", url="https://wt.example/"),
        event("DNS_TRANSACTION", hostname="stun.example."),
        event("OTHER", url="https://nobody.example/"),
    ) == [
        ("request", "document", "https://shop.example/"),
        ("request", "", "https://ads.example/b"),
        ("connection", "preconnect", "https://hint.example/"),
        ("connection", "webtransport", "https://wt.example/"),
        ("lookup", "dns", "//stun.example/"),
    ]


def test_what_the_browser_asks_for_itself_is_no_contact_of_the_page(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    update = started("https://update.example/x", "not an origin", site="null null")
    path.write_text(log(update))

    found = read_netlog(path)

    assert found.contacts == []
    assert found.own_hosts == {"update.example"}


def test_report_that_nobody_initiates_is_a_contact_and_help_with_forms_is_not(
    tmp_path: Path,
) -> None:
    report, fills_in = "https://reports.example/r", "https://autofill.example/q"
    assert contacts(
        tmp_path,
        event("REQUEST_ALIVE", 1, url=report, traffic_annotation=109891200),
        started(report, "not an origin"),
        event("REQUEST_ALIVE", 2, url=fills_in, traffic_annotation=88863520),
        started(fills_in, "not an origin").replace('"id":1', '"id":2'),
    ) == [("request", "", report)]


def test_set_cookie_is_read_as_sent_and_headers_are_no_addresses(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    headers = ["HTTP/1.1 200 OK", "link: <https://never.example/>", "Set-Cookie: a=1; HttpOnly"]
    path.write_text(
        log(
            event("REQUEST_ALIVE", 9, url="https://shop.example/"),
            event("HTTP_TRANSACTION_READ_RESPONSE_HEADERS", 9, 0, headers=headers),
        )
    )

    found = read_netlog(path)

    assert [(one.raw, one.url) for one in found.cookies] == [
        ("a=1; HttpOnly", "https://shop.example/")
    ]
    assert found.contacts == []


@given(cut=st.integers(0, 2000), junk=st.text(max_size=20))
def test_log_that_is_cut_off_or_damaged_gives_what_came_before(
    tmp_path_factory: Any, cut: int, junk: str
) -> None:
    path = tmp_path_factory.mktemp("log") / "log.json"
    whole = log(*(started(f"https://a{number}.example/") for number in range(5)))
    path.write_text(whole[:cut] + junk, encoding="utf-8")

    found = [one.url for one in read_netlog(path).contacts]

    assert found == [f"https://a{number}.example/" for number in range(len(found))]


def test_file_that_is_no_log_gives_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    for text in ("", "[]", "{}", '{"constants": {}}', '{"constants": {"logEventTypes": 3},\n'):
        path.write_text(text)
        assert read_netlog(path).contacts == []
