"""What a run saw: the stages of several people's visits. Checks read it; nothing here judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from asgi_consent.audit.judging import Judge
from asgi_consent.audit.looks import Appearance
from asgi_consent.audit.stores import Item, Look, Read
from asgi_consent.audit.traffic import Contact, SentCookie

Box = tuple[float, float, float, float]


@dataclass
class Stage:
    """A part of one visit: what was sent from `began` to `ended`, what was stored at its end.

    `asks` says whether a banner was there at its end, `offers` which controls were.
    """

    name: str
    began: float
    ended: float = 0.0
    urls: list[str] = field(default_factory=list[str])
    contacts: list[Contact] = field(default_factory=list[Contact])
    look: Look = field(default_factory=Look)
    reads: list[Read] = field(default_factory=list[Read])
    asks: bool = False
    closed: bool = True  # the banner went away with the answer
    offers: dict[str, str] = field(default_factory=dict[str, str])
    text: str = ""
    status: int = 200
    covered: bool = False
    picture: bytes = b""  # JPEG of the window
    address: str = ""

    @property
    def items(self) -> Sequence[Item]:
        return self.look.items


@dataclass
class BannerFacts:
    """What was measured at the banner of the first page."""

    tool: str = ""
    name: str = ""
    language: str = ""
    controls: dict[str, str] = field(default_factory=dict[str, str])  # kind → name
    boxes: dict[str, Box] = field(default_factory=dict[str, Box])
    accept: Appearance | None = None
    reject: Appearance | None = None
    ticked: list[str] | None = None  # None: nothing could be looked at
    reached: set[str] | None = None  # kinds of controls that Tab comes to
    scrolls: bool | None = None  # None: there is nothing to scroll to
    asked_deep: bool | None = None  # None: there was no second page
    picture: bytes = b""


@dataclass
class Evidence:
    """Everything one run saw of one site."""

    url: str
    judge: Judge
    rule: str = "opt-in"
    configured: bool = False
    identities: tuple[str, ...] = ()
    stages: dict[str, Stage] = field(default_factory=dict[str, Stage])
    banner: BannerFacts | None = None
    presses: dict[str, int | None] = field(default_factory=dict[str, int | None])
    cookies: list[SentCookie] = field(default_factory=list[SentCookie])
    keyboard_rejects: bool | None = None
    missed: dict[str, str] = field(default_factory=dict[str, str])  # stage → why it is missing
    ways_back: dict[str, bool] = field(default_factory=dict[str, bool])  # page → a control is there
    limits: list[str] = field(default_factory=list[str])
    interrupted: bool = False
    began: float = 0.0
    seconds: float = 0.0

    def stage(self, name: str) -> Stage | None:
        return self.stages.get(name)
