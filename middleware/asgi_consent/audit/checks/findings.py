"""What of the evidence needs consent: contacts and stored things, by the clause they concern."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from asgi_consent.audit.evidence import Box, Evidence, Stage
from asgi_consent.audit.judging import Ruling
from asgi_consent.audit.results import Proof, Result, failed, not_judged, passed
from asgi_consent.audit.stores import COOKIE, Item
from asgi_consent.audit.traffic import NETLOG, Contact

REQUEST, HINT, PLUGIN, PLACEHOLDER = "request", "hint", "plug-in", "placeholder"

_BEHIND_THE_SCENES = ("reporting-endpoints", "report-to", "nel", "report-uri")
_MOST = 20  # proofs shown of one kind


def contacts(evidence: Evidence, stage: Stage) -> Iterator[tuple[str, Contact, Ruling]]:
    """Who was contacted that needs consent, and what kind of clause it concerns."""
    hinted = {hint.url for hint in stage.look.hints if not _is_reporting(hint.how)}
    hosts = {urlsplit(url).hostname for url in hinted}
    plugins = {one.url for one in stage.look.places if one.tag in ("object", "embed")}
    asked = {contact.host for contact in stage.contacts if contact.kind == "request"}
    stand_ins = {one.url for one in stage.look.places if one.stands_in}
    for contact in stage.contacts:
        ruling = evidence.judge.url(_with_scheme(contact.url))
        if ruling.necessary:
            continue
        if contact.how == "preconnect":
            # Browsers connect by themselves ahead of a frame, and to where they were led before.
            own_idea = contact.host in asked or stage.name != "fresh"
            if contact.host in hosts or not own_idea:
                yield HINT, contact, ruling
        elif contact.url in stand_ins:
            yield PLACEHOLDER, contact, ruling
        elif contact.url in plugins:
            yield PLUGIN, contact, ruling
        else:
            yield HINT if contact.url in hinted else REQUEST, contact, ruling


def proofs_of_contacts(evidence: Evidence, stage: Stage, ground: str) -> list[Proof]:
    """One proof for each address; the hints of a page count whether or not they were followed."""
    found: dict[str, Proof] = {}
    for kind, contact, ruling in contacts(evidence, stage):
        if kind == ground:
            found.setdefault(_bare(contact.url), _of_contact(contact, ruling, stage))
    if ground in (HINT, REQUEST):
        reached = {urlsplit(url).hostname for url in found}
        for hint in stage.look.hints:
            ruling = evidence.judge.url(hint.url)
            wanted = (ground == REQUEST) == _is_reporting(hint.how)
            if not ruling.necessary and wanted and urlsplit(hint.url).hostname not in reached:
                text = f"{hint.how} names {_host(hint.url)} ({_name(ruling)})"
                found.setdefault(hint.url, Proof(text, hint.url, stage=stage.name))
    return list(found.values())


def items(evidence: Evidence, stage: Stage) -> Iterator[tuple[Item, Ruling]]:
    """What is stored that needs consent."""
    for item in stage.items:
        ruling = evidence.judge.item(item)
        if not ruling.necessary:
            yield item, ruling


def proofs_of_items(
    evidence: Evidence, stage: Stage, *, cookies: bool | None = None, own: bool = False
) -> list[Proof]:
    """One proof for each; `cookies` tells them from other stores, `own` leaves others out."""
    found: dict[tuple[str, str, str, str, bool], Proof] = {}
    for item, ruling in items(evidence, stage):
        if cookies is not None and (item.kind == COOKIE) != cookies:
            continue
        if own and not ruling.own:
            continue
        found.setdefault(item.key, _of_item(item, ruling, stage))
    return list(found.values())


def new_since(evidence: Evidence, stage: Stage, before: Stage | None) -> list[Proof]:
    """Everything in `stage` that needs consent and was not there in `before`."""
    hosts = {contact.host for contact in before.contacts} if before else set()
    known = {item.key for item in before.items} if before else set()
    seen = [
        _of_contact(contact, ruling, stage)
        for _, contact, ruling in contacts(evidence, stage)
        if contact.host not in hosts
    ]
    seen += [
        _of_item(item, ruling, stage)
        for item, ruling in items(evidence, stage)
        if item.key not in known
    ]
    return list({proof.text + proof.url: proof for proof in seen}.values())


def judged(
    evidence: Evidence, stage_name: str, what: str, proofs: Iterable[Proof], stage: Stage | None
) -> Result:
    """Failed if there are proofs, passed if the stage was seen, else not judged."""
    if stage is None:
        return missing(evidence, stage_name)
    found = list(proofs)
    if not found:
        return passed(f"Seen: {len(stage.contacts)} contacts, {len(stage.items)} things stored.")
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return failed(
        f"{len(found)} {what}{more and ', the first of them:'}",
        found[:_MOST],
        stage.picture,
        marks(stage, found),
    )


def missing(evidence: Evidence, stage_name: str) -> Result:
    why = evidence.missed.get(stage_name) or next(
        iter(evidence.missed.values()), "this part of the run was left out"
    )
    return not_judged(f"{why[0].upper()}{why[1:]}.")


def marks(stage: Stage, proofs: Iterable[Proof]) -> list[tuple[Box, str]]:
    """Where on the page the elements are that a proof is about."""
    boxes = {place.url: place.box for place in stage.look.places if place.box[2] > 1}
    return [(boxes[proof.url], _host(proof.url)) for proof in proofs if proof.url in boxes]


def _of_contact(contact: Contact, ruling: Ruling, stage: Stage) -> Proof:
    how = {
        "": "request",
        "ping": "beacon",
        "preconnect": "connection ahead of time",
        "dns": "name looked up",
        "webtransport": "WebTransport connection",
    }.get(contact.how, f"{contact.how} request")
    if contact.how == "" and contact.seen_by[:1] == (NETLOG,) and len(contact.seen_by) < 3:
        how = "request that the page's own events do not show"
    return Proof(
        f"{how} to {contact.host} ({_name(ruling)})",
        contact.url,
        contact.initiator,
        stage.name,
        round(contact.at - stage.began, 2),
        contact.seen_by,
    )


def _of_item(item: Item, ruling: Ruling, stage: Stage) -> Proof:
    flags = [
        word for word, on in (("HttpOnly", item.http_only), ("Partitioned", item.partitioned)) if on
    ]
    kind = {
        "cookie": "cookie",
        "localStorage": "local storage key",
        "sessionStorage": "session storage key",
        "indexedDB": "database",
        "cacheStorage": "cache",
        "fileSystem": "file",
        "storageBucket": "storage bucket",
        "windowName": "window name",
    }.get(item.kind, item.kind)
    told = "".join(f", {flag}" for flag in flags)
    return Proof(
        f"{kind} “{item.name}” of {item.host}{told} ({_name(ruling)})", "", item.by, stage.name
    )


def _name(ruling: Ruling) -> str:
    if not ruling.service:
        return "undeclared"
    return f"{ruling.service}, {ruling.category}"


def _is_reporting(how: str) -> bool:
    return how.startswith(_BEHIND_THE_SCENES)


def _with_scheme(url: str) -> str:
    return f"https:{url}" if url.startswith("//") else url


def _bare(url: str) -> str:
    return url.partition("?")[0]


def _host(url: str) -> str:
    return urlsplit(url).hostname or url
