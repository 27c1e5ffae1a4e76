"""Where a URL leads, as a browser sees it."""

from __future__ import annotations

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.catalog.domains import is_ip
from asgi_consent.catalog.urls import Base, Target, base_of, resolve

PAGE = Base("https", "shop.example", "/a/b")


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://t.example/x.js?y#z", "t.example", "/x.js"),
        ("//t.example", "t.example", "/"),
        ("HTTPS://T.Example/X", "t.example", "/X"),
        ("  https://t.example/x\n", "t.example", "/x"),
        ("https://t.exa\tmple/x", "t.example", "/x"),
        ("ht\ntps://t.example/", "t.example", "/"),
        ("https:\\\\t.example\\x", "t.example", "/x"),
        ("\\\\t.example/x", "t.example", "/x"),
        ("https:////t.example/x", "t.example", "/x"),
        ("http:t.example", "t.example", "/"),
        ("https://user:pass@t.example:8443/x", "t.example", "/x"),
        ("https://shop.example@t.example/", "t.example", "/"),
        ("https://t.example./x", "t.example", "/x"),
        ("https://t%2eexample/x", "t.example", "/x"),
        ("https://bücher.example/", "xn--bcher-kva.example", "/"),
        ("https://straße.example/", "xn--strae-oqa.example", "/"),
        ("https://t。ｅxample/", "t.example", "/"),
        ("https://t.ex\u00adample/", "t.example", "/"),
        ("https://" + "a." * 200 + "example/", "nowhere.invalid", "/"),
        ("https:\\\\" + "a." * 200 + "example/", "nowhere.invalid", "/"),
        ("wss://t.example/socket", "t.example", "/socket"),
        ("https://[2001:db8::1]:8080/x", "[2001:db8::1]", "/x"),
        ("https://t.example/a/../%74r", "t.example", "/tr"),
        ("x.js", "shop.example", "/a/x.js"),
        ("/x.js", "shop.example", "/x.js"),
        ("../x.js", "shop.example", "/x.js"),
        ("?x", "shop.example", "/a/b"),
        ("https:x.js", "shop.example", "/a/x.js"),
        ("https:/x.js", "shop.example", "/x.js"),
    ],
)
def test_url_leads_where_a_browser_goes(url: str, host: str, path: str) -> None:
    assert resolve(url, PAGE) == Target(host, path)


@pytest.mark.parametrize(
    "url", ["", " ", "#top", "data:text/javascript,1", "blob:x", "javascript:1", "about:blank"]
)
def test_url_that_fetches_nothing_leads_nowhere(url: str) -> None:
    assert resolve(url, PAGE) is None


def test_base_element_moves_relative_urls() -> None:
    base = base_of("//cdn.example/dir/", PAGE)

    assert resolve("x.js", base) == Target("cdn.example", "/dir/x.js")


HOSTS = st.sampled_from(["t.example", "T.EXAMPLE", "t.example.", "t%2Eexample", "127.0.0.1"])
GLUE = st.sampled_from(["//", "\\\\", "/\\", "///", "/", "", "\t//", "//\n", "//user@", "//a:b@"])


@given(
    scheme=st.sampled_from(["", "http:", "https:", "HTTPS:", "ws:", " https:", "h\tttps:"]),
    glue=GLUE,
    host=HOSTS,
    rest=st.text(alphabet="/\\?#ab.%2F@:\t ", max_size=8),
)
def test_host_is_the_one_of_the_url_standard(scheme: str, glue: str, host: str, rest: str) -> None:
    url = scheme + glue + host + rest
    try:
        expected = ada_url.URL(url, base="https://shop.example/a/b")
    except ValueError:
        return  # no browser fetches it
    if expected.protocol not in ("http:", "https:", "ws:"):
        assert resolve(url, PAGE) is None
        return
    if is_ip(expected.hostname) and expected.hostname not in url:
        return  # an address written as a number: to us an unknown host, which is held back

    found = resolve(url, PAGE)

    assert found is not None
    assert found.host == expected.hostname.rstrip(".")
