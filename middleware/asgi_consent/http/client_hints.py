"""Client hints: what Accept-CH, Critical-CH and `<meta http-equiv=accept-ch>` ask browsers to tell.

Those that browsers tell anyway, or that say how a page is to look, may be asked for. All others
(model, versions, architecture, memory, network speed) tell devices apart.
https://wicg.github.io/client-hints-infrastructure/#policy-controlled-features
"""

from __future__ import annotations

_PREFERENCE = b"sec-ch-prefers-"
_HARMLESS = frozenset(
    b"sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform save-data "
    b"dpr width viewport-width viewport-height "
    b"sec-ch-dpr sec-ch-width sec-ch-viewport-width sec-ch-viewport-height "
    b"sec-ch-forced-colors".split()
)


def kept_hints(value: bytes) -> bytes:
    """The list without the hints that tell devices apart; empty where none is left."""
    members = [member.strip(b"\t\n\f\r ") for member in value.split(b",")]
    kept = [member for member in members if not member or _is_harmless(member)]
    return value if len(kept) == len(members) else b", ".join(filter(None, kept))


def _is_harmless(member: bytes) -> bool:
    name = member.partition(b";")[0].rstrip(b"\t\n\f\r ").lower()
    return name in _HARMLESS or name.startswith(_PREFERENCE)
