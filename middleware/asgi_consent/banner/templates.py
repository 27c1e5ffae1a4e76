"""The templates, ours and those that an operator puts in their place.

An operator's banner.html begins with `{% extends "asgi-consent/banner.html" %}` and fills blocks,
so that what we change elsewhere in ours comes with the next version.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateSyntaxError,
    select_autoescape,
)

from asgi_consent.assets import TEMPLATES
from asgi_consent.banner.translations import speak
from asgi_consent.banner.words import content_of, purpose_of, sentence_of
from asgi_consent.errors import Problem
from asgi_consent.settings import Settings

_KEY = "theme.templates"
_OURS = "asgi-consent"  # what ours are called by those that extend them


def environment_of(settings: Settings) -> Environment:
    ours = FileSystemLoader(TEMPLATES)
    loaders = [ours, PrefixLoader({_OURS: ours})]
    if settings.theme.templates:
        loaders.insert(0, FileSystemLoader(settings.theme.templates))
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # what was looked at is what visitors get
    )
    speak(environment)
    environment.filters["sentence"] = sentence_of
    environment.globals.update(
        site=settings.site,
        controller=settings.controller,
        policy=settings.policy,
        theme=settings.theme,
        content_of=content_of,
        purpose_of=purpose_of,
        any_chosen=lambda services, chosen: any(s.id in chosen for s in services),
    )
    return environment


def unusable(folder: str, environment: Environment) -> Iterator[Problem]:
    """Files that cannot be read, or would never be, as ours have no such name. An operator's own
    pieces begin with an underscore."""
    known = [path.name for path in TEMPLATES.glob("*.html")]
    for path in sorted(Path(folder).iterdir()):
        if path.suffix != ".html" or path.name.startswith("."):
            continue  # a copy that an editor keeps, a note
        if path.name not in known and not path.name.startswith("_"):
            close = "".join(get_close_matches(path.name, known, n=1))
            hint = f'; did you mean "{close}"?' if close else f"; ours are {', '.join(known)}"
            why = f"expected the name of a template of ours, or _{path.name}{hint}"
            yield _problem(path.name, why)
            continue
        try:
            environment.get_template(path.name)
        except Exception as error:
            yield mistake(path.name, error)


def mistake(name: str, error: Exception) -> Problem:
    """What went wrong when a template was rendered, and in which line."""
    if isinstance(error, TemplateSyntaxError):
        where = f"{error.name or name}, line {error.lineno}"
    else:
        where, traceback = name, error.__traceback__
        while traceback:
            file = Path(traceback.tb_frame.f_code.co_filename)
            if file.suffix == ".html":  # Jinja puts templates into tracebacks
                where = f"{file.name}, line {traceback.tb_lineno}"
            traceback = traceback.tb_next
    return _problem(where, f"expected a template that can be rendered: {error}")


def unfair(name: str, why: str) -> Problem:
    return _problem(name, why)


def _problem(where: str, what: str) -> Problem:
    return Problem(_KEY, where, what)
