"""`make messages`: what templates and code say, brought into every catalogue.

What is said no more goes; what is new comes with an empty translation, and is listed. Needs a
checkout: templates stand at its top.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from asgi_consent.assets import TEMPLATES
from asgi_consent.banner.translations import catalogue_path
from asgi_consent.languages import ENGLISH, LANGUAGES

_PACKAGE = Path(__file__).parents[1]
_JINJA = {"newstyle_gettext": "true", "trimmed": "true", "silent": "false"}
#: of the header of a catalogue, what says something
_KEPT = (b'"Language: ', b'"Plural-Forms: ', b'"Content-T')


def said() -> Catalog:
    """All that is said, in English."""
    template = Catalog()
    for folder, method, options in ((_PACKAGE, "python", {}), (TEMPLATES, "jinja2", _JINJA)):
        for message in _extracted(folder, method, options):
            template.add(message)
    return template


def _extracted(folder: Path, method: str, options: dict[str, Any]) -> Iterator[Any]:
    pattern = {"python": "**.py", "jinja2": "*.html"}[method]
    found = extract_from_dir(folder, [(pattern, method)], {pattern: options})
    return (message for _, _, message, _, _ in found)


def read(tag: str) -> Catalog:
    with catalogue_path(tag).open("rb") as file:
        return read_po(file)


def update(tag: str, template: Catalog) -> list[str]:
    """Bring the catalogue of a language up to date; gives what it does not say yet."""
    catalogue = read(tag)
    catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    written = BytesIO()
    write_po(written, catalogue, width=0, no_location=True)
    header, _, messages = written.getvalue().partition(b"\n\n")
    lines = [line for line in header.split(b"\n") if line[:1] != b'"' or line.startswith(_KEPT)]
    catalogue_path(tag).write_bytes(b"\n".join(lines) + b"\n\n" + messages)
    return [str(message.id) for message in catalogue if message.id and not message.string]


def main() -> int:
    template = said()
    missing = {tag: update(tag, template) for tag in LANGUAGES if tag != ENGLISH}
    for tag, messages in missing.items():
        for message in messages:
            print(f"{tag}: not translated yet: {message}")
    return 1 if any(missing.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
