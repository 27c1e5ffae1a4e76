"""The Refresh header, and `<meta http-equiv=refresh>`: where it leads.

https://html.spec.whatwg.org/multipage/semantics.html#shared-declarative-refresh-steps
"""

from __future__ import annotations

import re

from asgi_consent.catalog.urls import NOWHERE

# Looser than the standard: any text is a time and separators may be several, as in older browsers.
_refresh = re.compile(
    r"[\t-\r\x1c- \x85\xa0]*+[^\t\n\f\r ,;]*+[\t-\r\x1c- \x85\xa0,;]++"
    r"(?:url[\t\n\f\r ]*+=[\t\n\f\r ]*+)?+(.*)",
    re.IGNORECASE | re.ASCII | re.DOTALL,
).fullmatch


def refresh_url(value: str) -> str | None:
    """The URL that is loaded, not yet resolved; None where the page itself is loaded again.

    An address of nobody's where browsers disagree: the standard ends a quoted URL at the next
    quote, Chrome and Safari at the last one.
    """
    match = _refresh(value)
    url = match[1] if match else ""
    if url[:1] in ("'", '"'):
        quote = url[0]
        url, _, rest = url[1:].partition(quote)
        if quote in rest:
            return f"https://{NOWHERE}/"
    return url or None
