"""Numbers as pictures: SVG that needs no script and no style of its own page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

_WIDTH, _HEIGHT, _FOOT = 640, 160, 18
_ACCEPTED, _REFUSED = "#2f7d5b", "#b9562f"  # apart in brightness, too, for those who see no colours
_DAYS = 60


def days_chart(days: Mapping[str, Mapping[str, int]]) -> Markup:
    """A bar for each of the last days: agreed below, refused and withdrawn above."""
    shown = [*days.items()][-_DAYS:]
    if not shown:
        return Markup("")
    totals = [_yes(counts) + _no(counts) for _, counts in shown]
    most = max(*totals, 1)
    step = _WIDTH / len(shown)
    bars: list[str] = []
    for at, (day, counts) in enumerate(shown):
        yes, no = _yes(counts), _no(counts)
        title = f"{day}: {yes} agreed, {no} refused or withdrawn"
        base = float(_HEIGHT)
        rects = ""
        for count, colour in ((yes, _ACCEPTED), (no, _REFUSED)):
            height = count / most * (_HEIGHT - 8)
            base -= height
            rects += _rect(at * step + 1, base, max(step - 2, 1), height, colour)
        bars.append(f"<g><title>{escape(title)}</title>{rects}</g>")
    ends = [(0, "start", shown[0][0]), (_WIDTH, "end", shown[-1][0])]
    labels = "".join(
        f'<text x="{x}" y="{_HEIGHT + 14}" text-anchor="{anchor}">{escape(day)}</text>'
        for x, anchor, day in ends
    )
    return _svg(f"Decisions a day, at most {most}", _HEIGHT + _FOOT, "".join(bars) + labels)


def share_chart(rows: Sequence[tuple[str, float, str]]) -> Markup:
    """A bar for each name, its share from 0 to 1, and what is written next to it."""
    lines: list[str] = []
    for at, (name, share, said) in enumerate(rows):
        y = at * 26
        lines.append(
            f'<text x="0" y="{y + 15}">{escape(name[:24])}</text>'
            + _rect(190, y + 4, share * 330, 14, _ACCEPTED)
            + f'<text x="{196 + share * 330:.0f}" y="{y + 15}">{escape(said)}</text>'
        )
    return _svg("Shares", len(rows) * 26, "".join(lines)) if rows else Markup("")


def _yes(counts: Mapping[str, int]) -> int:
    return sum(counts.get(name, 0) for name in ("given", "changed", "renewed"))


def _no(counts: Mapping[str, int]) -> int:
    return sum(counts.get(name, 0) for name in ("refused", "withdrawn"))


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'
    )


def _svg(title: str, height: float, inner: str) -> Markup:
    return Markup(
        f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}" '
        f'font-size="12" fill="currentColor">{inner}</svg>'
    )
