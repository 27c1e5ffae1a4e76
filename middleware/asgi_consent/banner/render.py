"""Templates → bytes. Rendered once for each state and language, and kept; a request only fills in
its address.

All output is ASCII with character references, so that it fits a page of any charset.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from typing import Any
from urllib.parse import quote

from markupsafe import escape

from asgi_consent.banner.declaration import services_of
from asgi_consent.banner.guard import guard_script
from asgi_consent.banner.shown import ShownDocuments
from asgi_consent.banner.state import BARE, State
from asgi_consent.banner.static_files import SCRIPTS, files_of, sha256_digest
from asgi_consent.banner.templates import environment_of, unusable
from asgi_consent.banner.translations import Language, language_of
from asgi_consent.banner.trial import try_all
from asgi_consent.banner.vendors import GPP, INTERPRETER
from asgi_consent.catalog.services import Service
from asgi_consent.consent import UNKNOWN
from asgi_consent.decision import Decision, Grants
from asgi_consent.errors import SettingsError
from asgi_consent.http.csp import OwnFiles
from asgi_consent.http.request import Request
from asgi_consent.languages import LANGUAGES, N_, choose
from asgi_consent.ledger.store import Shown
from asgi_consent.policy import Activation
from asgi_consent.settings import Settings

# Stand-ins in a kept rendering for what differs by page: its address as a form value and inside a
# URL.
_ADDRESS = "THE-RETURN-ADDRESS"
_ADDRESS_QUOTED = "THE-QUOTED-ADDRESS"

_ANY = frozenset(("any",))

_is_authority = re.compile(r"[a-z0-9_.:\[\]-]+").fullmatch


# Each surface of which proofs are kept, and its style sheet.
_SHEET_OF = {"banner": "banner.css", "preferences": "page.css", "placeholder": "placeholder.css"}


@dataclass(frozen=True, slots=True)
class Placement:
    """The page that the banner goes into. `root` is where the app is mounted, `address` what to
    come back to; `reloads`: it can be loaded again without harm; `just_chosen`: say so. `nonce` and
    `with_integrity` are what the app's policy asks of scripts; `bounded`: ours is enforced;
    `secure`: it came over HTTPS."""

    root: str
    address: str
    nonce: bytes = b""
    with_integrity: bool = False
    reloads: bool = True
    just_chosen: bool = False
    reminds: bool = False
    bounded: bool = False
    secure: bool = False


class Banner:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        #: our scripts and style sheets, by their names
        self.files = files_of(settings.theme)
        self._environment = environment_of(settings)
        self.shown = ShownDocuments(self.render_shown)
        # Bounded: who chooses single services in many combinations only evicts.
        self._body_of = lru_cache(512)(self._render_body)
        self.placeholder = lru_cache(2048)(self._render_placeholder)
        #: the guard's script for a set of grants on a host
        self.guard = lru_cache(64)(self._write_guard)
        # A mistake in a template shows now, not when the first visitor comes.
        if settings.theme.templates:
            self._try_templates(settings.theme.templates)
        self._body_of(State.of(Decision(settings.policy), "", self.language()))

    def language(self, *wanted: str) -> str:
        """The tag of the language to speak with who wants one of these, the first of them most."""
        return choose(wanted, self._settings.site.languages)

    def head(self, decision: Decision, host: str, place: Placement) -> bytes:
        """The guard, first in the head."""
        address = self._guard_address(decision.grants, place.root)
        digest = self._guard_digest(decision.grants, host) if place.with_integrity else b""
        return _script(address, place.nonce, digest)

    def state(self, decision: Decision, place: Placement, language: str = "") -> State:
        """All that the banner of a page depends on besides its placement."""
        return State.of(
            decision,
            place.root,
            language,
            secure=place.secure,
            just_chosen=place.just_chosen,
            reminds=place.reminds,
        )

    def body(self, decision: Decision, place: Placement, language: str) -> bytes:
        """Banner and link, first in the body."""
        pieces = self._body_of(self.state(decision, place, language))
        texts = {
            _ADDRESS: _ascii(str(escape(place.address))),
            _ADDRESS_QUOTED: quote(place.address, safe="/").encode(),
        }
        # Piece by piece: what is put in is never looked through for stand-ins itself.
        banner = b"".join(texts[piece] if isinstance(piece, str) else piece for piece in pieces)
        digest = SCRIPTS["banner.js"].digest if place.with_integrity else b""
        more = self._for_the_banner(place)
        return banner + _script(self._file("banner.js", place.root), place.nonce, digest, more)

    def own_files(self, decision: Decision, request: Request) -> OwnFiles:
        """What a policy of the app's must let through for a page."""
        if not _is_authority(request.authority):
            return OwnFiles((), (), lambda: ())
        origin = f"{'https' if request.secure else 'http'}://{request.authority}"
        folder = origin + self._prefix(request.root) + "/"
        scripts, styles = (
            tuple((folder + name).encode("ascii") for name in names)
            for names in (("guard.js", "banner.js"), ("banner.css", "placeholder.css"))
        )

        def digests() -> tuple[bytes, ...]:
            guard = self._guard_digest(decision.grants, request.host)
            return tuple(b"'%s'" % digest for digest in (guard, SCRIPTS["banner.js"].digest))

        return OwnFiles(scripts, styles, digests)

    def find_shown(
        self, hash_: str, decision: Decision, language: str, *, secure: bool
    ) -> Shown | None:
        """What a visitor with this decision says to have seen, by its hash: something that this
        process has shown, or would have."""
        state = State.of(decision, "", language, secure=secure).bare()
        for surface in ("banner", "preferences"):
            if (shown := self.shown.of(language, surface, state)).hash == hash_:
                return shown
        return self.shown.find(hash_)

    def page(
        self,
        name: str,
        decision: Decision,
        root: str,
        address: str,
        language: str,
        *,
        secure: bool = False,
        reminds: bool = False,
        **more: Any,
    ) -> bytes:
        """A page of our own: `preferences`, `blocked`, `error`."""
        state = State.of(decision, root, language, secure=secure, reminds=reminds)
        context = self._context(state)
        if name == "preferences":
            context["shown"] = self.shown.of(language, "preferences", state.bare()).hash
        context |= {"address": address, "address_quoted": quote(address), **more}
        context |= {"consent": decision.consent}
        return _ascii(self._environment.get_template(f"{name}.html").render(context))

    def _render_body(self, state: State) -> list[bytes | str]:
        """The banner in pieces: its bytes, and in between the names of stand-ins."""
        context = self._context(state)
        context |= {"address": _ADDRESS, "address_quoted": _ADDRESS_QUOTED}
        context["shown"] = self.shown.of(state.language, "banner", state.bare()).hash
        text = self._environment.get_template("banner.html").render(context)
        pieces = re.split(f"({_ADDRESS}|{_ADDRESS_QUOTED})", text)
        return [piece if at % 2 else _ascii(piece) for at, piece in enumerate(pieces)]

    def render_shown(self, surface: str, state: State, service: Service | None = None) -> str:
        """The document that is kept as a proof."""
        context = self._context(state)
        context |= {"address": "", "address_quoted": ""}
        context |= {"consent": UNKNOWN, "standalone": True, "css": self._css(surface)}
        if service is not None:
            context |= {"service": service, "host": "", "grants": True}
            context["category"] = self._label(service.category)
        return self._environment.get_template(f"{surface}.html").render(context)

    def _render_placeholder(
        self,
        service: Service | None,
        category: str | None,
        host: str,
        root: str,
        language: str,
        grants: bool = True,
    ) -> str:
        """`grants`: with the buttons that allow the service."""
        bare = replace(BARE, language=language)
        shown = self.shown.of(language, "placeholder", bare, service).hash if service else ""
        return self._environment.get_template("placeholder.html").render(
            service=service,
            host=host,
            category=self._label(category or ""),
            language=language_of(language),
            shown=shown,
            standalone=False,
            grants=grants,
            prefix=self._prefix(root),
            css=self._file("placeholder.css", root),
        )

    def _label(self, category: str) -> str | None:
        labels = {known.id: known.label for known in self._settings.policy.categories}
        return labels.get(category)

    def _context(self, state: State) -> dict[str, Any]:
        settings, categories = self._settings, self._settings.policy.categories
        language = language_of(state.language)
        return {
            "state": state,
            "language": language,
            "languages": [(tag, LANGUAGES[tag]) for tag in settings.site.languages],
            "site_name": language.say(settings.site.name or N_("This site")),
            "shown": "",
            "standalone": False,
            "prefix": self._prefix(state.root),
            "preferences": f"{self._prefix(state.root)}/preferences?lang={state.language}",
            "banner_css": self._file("banner.css", state.root),
            "rights_js": self._file("rights.js", state.root),
            "page_css": self._file("page.css", state.root),
            "optional": [c for c in categories if not c.necessary],
            "services_of": partial(services_of, settings, secure=state.secure),
            "in_use": self._in_use(state, language),
            "notice": settings.announced.notice,
            "upcoming_from": settings.announced.effective,
            "signalled": language.listing(language.say(c.label) for c in categories if c.gpc),
        }

    def _for_the_banner(self, place: Placement) -> bytes:
        """What banner.js needs to know of the page, as attributes of its tag."""
        known = b" defer"
        if not place.reloads:
            known += b" data-no-reload"
        if place.bounded:
            known += b" data-bounded"
        if self._settings.activation is Activation.IN_PLACE:
            address = self._file("activate.js", place.root)
            known += b' data-activate="%s"' % _ascii(str(escape(address)))
        return known

    def _in_use(self, state: State, language: Language) -> str:
        policy = self._settings.policy
        names = [c.label for c in policy.categories if c.necessary or c.id in state.categories]
        names += [service.name for id_, service in policy.services.items() if id_ in state.services]
        return language.listing(map(language.say, names))

    @cached_property
    def guard_version(self) -> str:
        scripts = SCRIPTS["guard.js"].version + INTERPRETER.version + GPP.version
        return scripts + self._settings.policy.version

    def _guard_address(self, grants: Grants, root: str) -> str:
        return f"{self._prefix(root)}/guard.js?v={self.guard_version}&grants={grants.key}"

    def _write_guard(self, grants: Grants, host: str) -> bytes:
        return guard_script(self._settings.policy, grants, host)

    def _guard_digest(self, grants: Grants, host: str) -> bytes:
        return sha256_digest(self.guard(grants, host))

    def _prefix(self, root: str) -> str:
        return root + self._settings.prefix

    # ---- for a trial of the operator's templates, which raises SettingsError

    def _try_templates(self, folder: str) -> None:
        problems = [*unusable(folder, self._environment), *try_all(self._settings, self)]
        if problems:
            raise SettingsError(self._settings.source, dict.fromkeys(problems))

    def render_sent(self, state: State) -> str:
        """The banner as a page has it, with stand-ins for the page's address."""
        pieces = self._render_body(state)
        return "".join(one if isinstance(one, str) else one.decode() for one in pieces)

    def placeholder_of(self, service: Service | None, language: str) -> str:
        category = service.category if service else None
        return self._render_placeholder(service, category, "host.example", "", language)

    def _css(self, surface: str) -> str:
        return self.files[_SHEET_OF[surface]].body.decode()

    def _file(self, name: str, root: str) -> str:
        return f"{self._prefix(root)}/{name}?v={self.files[name].version}"


def _script(address: str, nonce: bytes, digest: bytes, more: bytes = b"") -> bytes:
    if nonce:
        more += b' nonce="%s"' % nonce
    if digest:
        more += b' integrity="%s"' % digest
    return b'<script src="%s"%s></script>' % (_ascii(str(escape(address))), more)


def _ascii(text: str) -> bytes:
    return text.encode("ascii", "xmlcharrefreplace")
