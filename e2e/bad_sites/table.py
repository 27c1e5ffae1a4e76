"""The table of sites: what each is called, breaks and needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from e2e.bad_sites.decent import UNDECIDED, Feature, View


@dataclass(frozen=True)
class BadSite:
    """`fails` is the one check that must fail; `bad` and `good` make the two sites differ. Vectors
    that only the first visit shows need no others."""

    name: str
    fails: str
    bad: Feature
    good: Feature | None = None
    rule: str = "opt-in"
    declares: bool = False
    visits: Sequence[str] = ()

    @property
    def needed(self) -> Sequence[str]:
        """The visits that can show the fault, and those that its check compares with."""
        return self.visits or NEEDED.get(self.fails, ("silence",))


#: visits by check; where none is given the first visit is enough
NEEDED = {
    "keyboard": ("silence", "gpc"),
    "without-scripts": ("silence", "no-scripts"),
    "gpc-honoured": ("silence", "refusal", "consent", "gpc"),
    "gpc-shown": ("silence", "refusal", "consent", "gpc"),
    "cookies-blocked": ("no-cookies",),
    **dict.fromkeys(
        (
            # what keeps the choice is known by what both answers leave
            "placeholders",
            "refused-requests",
            "refused-stores",
            "way-back",
            "no-wall",
            "accepted-works",
            "accepted-declared",
            "choice-kept",
            "lifetimes",
            "no-email",
            "no-personal-data",
            "withdraw-easy",
            "withdrawn-stores",
            "withdrawn-requests",
        ),
        ("silence", "refusal", "consent"),
    ),
}
ONLY_FIRST = ("silence",)
SITES: list[BadSite] = []


def site(fails: str, good: Feature | None = None, **more: object) -> Callable[[Feature], Feature]:
    def add(bad: Feature) -> Feature:
        name = bad.__name__.replace("_", "-")
        SITES.append(BadSite(name, fails, bad, good, **more))  # type: ignore[arg-type]
        return bad

    return add


def undecided(view: View) -> bool:
    return view.state == UNDECIDED
