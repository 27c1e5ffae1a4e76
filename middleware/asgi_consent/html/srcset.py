"""The URLs of a srcset. https://html.spec.whatwg.org/multipage/images.html#parsing-a-srcset-attribute"""

from __future__ import annotations

import re

_url = re.compile(r"[\t\n\f\r ,]*([^\t\n\f\r ]+)").match
# Descriptors run to the next comma outside of parentheses.
_descriptors = re.compile(r"(?:[^(,]++|\([^)]*+\)?+)*+").match


def srcset_urls(value: str) -> list[str]:
    urls: list[str] = []
    at = 0
    while match := _url(value, at):
        url = match[1]
        at = match.end()
        if url.endswith(","):
            url = url.rstrip(",")
        else:
            rest = _descriptors(value, at)
            assert rest is not None  # matches the empty string
            at = rest.end()
        if url:
            urls.append(url)
    return urls
