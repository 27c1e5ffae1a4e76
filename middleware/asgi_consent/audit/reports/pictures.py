"""Pictures in a report: screenshots with marks, and the timeline of a visit."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from asgi_consent.audit.evidence import Box, Evidence, Stage

_MARK = (200, 0, 60)
_WIDTH = 900  # pixels of a picture in a report
_MOST_HOSTS = 14
_ROW = 18


def marked(picture: bytes, marks: Sequence[tuple[Box, str]]) -> str:
    """The screenshot with frames around what is meant, as an address with all in it."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    draw = ImageDraw.Draw(image)
    for (x, y, width, height), label in marks[:10]:
        if width < 1 or x > image.width or y > image.height:
            continue
        draw.rectangle((x - 4, y - 4, x + width + 4, y + height + 4), outline=_MARK, width=4)
        length = draw.textlength(label)
        draw.rectangle((x - 4, y - 20, x + length + 6, y - 4), fill=_MARK)
        draw.text((x + 1, y - 18), label, fill=(255, 255, 255))
    image.thumbnail((_WIDTH, _WIDTH * 2))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=70)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode("ascii")


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    needs_consent: bool
    title: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """One stage: a row a host, a dot a contact, from left to right in time. In pixels."""

    stage: str
    seconds: float
    height: int
    rows: Sequence[tuple[float, str, bool]]
    dots: Sequence[Dot]
    told: str


def timeline(evidence: Evidence, stage: Stage) -> Timeline:
    seconds = max(stage.ended - stage.began, 0.1)
    consent: dict[str, bool] = {}
    for contact in stage.contacts:
        url = f"https:{contact.url}" if contact.url.startswith("//") else contact.url
        needs = not evidence.judge.url(url).necessary
        consent[contact.host] = consent.get(contact.host, False) or needs
    hosts = sorted(consent, key=lambda host: not consent[host])[:_MOST_HOSTS]
    rows = [(20 + _ROW * at, host, consent[host]) for at, host in enumerate(hosts)]
    lines = {host: y for y, host, _ in rows}
    dots = [
        Dot(
            300 + 560 * min(1.0, (contact.at - stage.began) / seconds),
            lines[contact.host] - 4,
            consent[contact.host],
            f"{contact.at - stage.began:.2f} s: {contact.how or contact.kind} {contact.host}",
        )
        for contact in stage.contacts
        if contact.host in lines
    ]
    asked = sum(consent.values())
    told = (
        f"{len(stage.contacts)} contacts, {len(consent)} host{'' if len(consent) == 1 else 's'}, "
        f"{seconds:.1f} seconds; consent is needed by {asked or 'none'} of the hosts"
    )
    return Timeline(stage.name, round(seconds, 1), 30 + _ROW * len(rows), rows, dots, told)
