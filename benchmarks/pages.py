"""The pages to measure on: real ones from a folder, else made up here, the same on every run.

A made-up page has what real ones have and speed depends on: a few hundred kilobytes at most, two
thirds of it text and tags, a hundred tags that fetch per 100 kB, the rest code and styles; the
catalogue's own vendors among them, repeated templates, and the places where no markup is.
"""

from __future__ import annotations

import gzip
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from asgi_consent.catalog.builtin import builtin_services

#: bytes of the pages whose time is given per 100 kB
TYPICAL = range(60_000, 160_000)

_SEED = 20
_SIZES = (2, 4, 9, 15, 24, 40, 64, 70, 84, 97, 103, 110, 118, 131, 150, 190, 240, 310, 420, 800)
_SYLLABLES = re.findall("..", "bacedifogulameniporusatevizoanelinoruster")


class NamedPage(NamedTuple):
    name: str
    body: bytes


class Corpus(NamedTuple):
    origin: str
    pages: list[NamedPage]

    @property
    def size(self) -> int:
        return sum(len(page.body) for page in self.pages)

    @property
    def median(self) -> NamedPage:
        """The page nearest to 100 kB."""
        return min(self.pages, key=lambda page: abs(len(page.body) - 100_000))

    def __str__(self) -> str:
        return f"{len(self.pages)} {self.origin}, {self.size / 1e6:.1f} MB"


def load(folder: Path) -> Corpus:
    """The `.html` and `.html.gz` files of `folder`; made-up pages where there are none."""
    files = _files(folder)
    if not files:
        return Corpus("made-up pages", list(_made_up()))
    shown = os.path.relpath(folder)
    return Corpus(f"pages of {shown}", [NamedPage(path.name, _read(path)) for path in files])


def has_pages(folder: Path) -> bool:
    return bool(_files(folder))


def _files(folder: Path) -> list[Path]:
    return sorted((*folder.glob("*.html"), *folder.glob("*.html.gz")))


def _read(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


def _made_up() -> Iterator[NamedPage]:
    for kilobytes in _SIZES:
        writer = _Writer(random.Random(_SEED * 1000 + kilobytes))
        yield NamedPage(f"made-up-{kilobytes}k", writer.page(kilobytes * 1000))


class _Writer:
    """Writes one page in pieces that real pages are made of."""

    def __init__(self, chance: random.Random) -> None:
        services = [service for service in builtin_services().values() if service.hosts]
        self._pick = chance.choice
        self._number = chance.randint
        self._vendors = [
            pattern.replace("*.", "w.") for service in services for pattern in service.hosts
        ]
        self._vendors = [host for host in self._vendors if not host.startswith("/")]
        self._inline = [piece for service in services for piece in service.inline]
        self._unknown = [f"cdn{number}.{self._word()}.example" for number in range(6)]

    def page(self, size: int) -> bytes:
        parts = [self._opening()]
        written = len(parts[0])
        while written < size:
            parts.append(self._pick(self._PIECES)(self))
            written += len(parts[-1])
        return "".join((*parts, "\n</main></body>\n</html>\n")).encode()

    def _word(self) -> str:
        return "".join(self._pick(_SYLLABLES) for _ in range(self._number(1, 4)))

    def _text(self, words: int) -> str:
        return " ".join(self._word() for _ in range(words)).capitalize()

    def _url(self) -> str:
        """Mostly the site's own, as on real pages."""
        path = f"/{self._word()}/{self._word()}-{self._number(1, 999)}"
        kind = self._number(1, 10)
        if kind <= 6:
            return path
        if kind <= 8:
            return f"https://{self._pick(self._vendors)}{path}?a=1&amp;b={self._number(1, 99)}"
        return f"//{self._pick(self._unknown)}{path}"

    def _opening(self) -> str:
        rels = ("stylesheet", "preload", "dns-prefetch", "icon", "canonical", "alternate")
        links = "".join(f'<link rel="{rel}" href="{self._url()}">\n' for rel in rels)
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f"<title>{self._text(5)}</title>\n{links}{self._style()}{self._script()}"
            '</head>\n<body class="page">\n<main>\n'
        )

    def _article(self) -> str:
        lines = (
            f'<p class="text">{self._text(self._number(60, 180))} '
            f'<a href="{self._url()}" class="link">{self._text(3)}</a>.</p>\n'
            for _ in range(self._number(2, 6))
        )
        return (
            f'<article id="{self._word()}"><h2>{self._text(5)}</h2>\n{"".join(lines)}</article>\n'
        )

    def _menu(self) -> str:
        item = '<li class="menu__item"><a class="menu__link" href="{}"><span>{}</span></a></li>\n'
        items = (item.format(self._url(), self._word()) for _ in range(self._number(8, 20)))
        return f'<nav aria-label="{self._word()}"><ul>\n{"".join(items)}</ul></nav>\n'

    def _pictures(self) -> str:
        def picture() -> str:
            url = self._url()
            return (
                f'<figure><img class="pic" src="{url}" srcset="{url}?w=400 400w, {url}?w=800 800w" '
                f'alt="{self._text(4)}" width="400" height="300" loading="lazy">'
                f"<figcaption>{self._text(6)}</figcaption></figure>\n"
            )

        return "".join(picture() for _ in range(self._number(3, 9)))

    def _table(self) -> str:
        row = "<tr><td>{}</td><td style='text-align: right'>{}</td><td>{}</td></tr>\n"
        rows = (
            row.format(self._word(), self._number(1, 9999), self._text(2))
            for _ in range(self._number(4, 10))
        )
        return f"<table>\n{''.join(rows)}</table>\n"

    def _script(self) -> str:
        snippet = self._pick(self._inline) if self._number(1, 4) == 1 else "site.start"
        lines = (
            f"  if (a.{self._word()} < {self._number(1, 99)}) b['{self._word()}'] = '<b>' + c;\n"
            for _ in range(self._number(10, 60))
        )
        return f"<script>\n(function () {{\n{''.join(lines)}  {snippet}();\n}})();\n</script>\n"

    def _scripts(self) -> str:
        tags = (f'<script async src="{self._url()}"></script>\n' for _ in range(self._number(1, 5)))
        return "".join(tags)

    def _style(self) -> str:
        rules = (
            f".{self._word()} > .{self._word()}:hover {{ margin: {self._number(0, 40)}px; "
            f"background: {self._pick(('#eee', '#fff', '#369', f'url({self._url()})'))} }}\n"
            for _ in range(self._number(10, 60))
        )
        return f"<style>\n{''.join(rules)}</style>\n"

    def _data(self) -> str:
        entries = ",".join(f'"{self._word()}":"{self._url()}"' for _ in range(self._number(5, 40)))
        return f'<script type="application/json">{{{entries}}}</script>\n'

    def _pixel(self) -> str:
        return (
            f'<noscript><img src="https://{self._pick(self._vendors)}/p?id={self._number(1, 9999)}"'
            ' width="1" height="1" style="display:none" alt=""></noscript>\n'
        )

    def _frame(self) -> str:
        return (
            f'<iframe src="{self._url()}" title="{self._word()}" width=560 height=315></iframe>\n'
        )

    def _drawing(self) -> str:
        path = " ".join(f"L{self._number(0, 99)} {self._number(0, 99)}" for _ in range(30))
        return f'<svg viewBox="0 0 99 99" aria-hidden="true"><path d="M0 0 {path}"/></svg>\n'

    def _teaser(self) -> str:
        style = f"background-image: url('{self._url()}'); height: {self._number(90, 300)}px"
        return f'<div class="teaser" style="{style}"><h3>{self._text(6)}</h3></div>\n'

    def _comment(self) -> str:
        return f'<!-- {self._text(12)} <img src="https://{self._pick(self._vendors)}/x"> -->\n'

    _PIECES = (
        *((_article,) * 5),
        *((_menu,) * 2),
        *((_pictures,) * 3),
        *((_script,) * 4),
        *((_scripts,) * 2),
        *((_style,) * 2),
        _table,
        _data,
        _pixel,
        _frame,
        _drawing,
        _comment,
        _teaser,
    )
