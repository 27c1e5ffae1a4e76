"""How the page asks: the banner, its controls, the way back; and browsers unlike others."""

from __future__ import annotations

import re

from asgi_consent.audit.checks.findings import missing, proofs_of_contacts, proofs_of_items
from asgi_consent.audit.evidence import Evidence
from asgi_consent.audit.looks import Appearance
from asgi_consent.audit.results import Judgement, Proof, Result, failed, not_judged, passed

_TOLERANCE = 0.10  # of width and height, in either direction
_READABLE = 4.5  # WCAG 2.2 SC 1.4.3
_STANDS_OUT = 2.0  # how many times one may stand out more than the other
_SAME_FONT = 0.5  # pixels

_NO_BANNER = not_judged("No banner was found on the first page.")
_says_honoured = re.compile(
    r"opt[- ]?out (preference )?(signal|request)[^.]{0,40}(honou?red|processed|applied|received)"
    r"|global privacy control|\bGPC\b",
    re.IGNORECASE,
).search


def asked_on_arrival(evidence: Evidence) -> Result:
    fresh = evidence.stage("fresh")
    if fresh is None:
        return missing(evidence, "fresh")
    if not fresh.asks:
        used = proofs_of_items(evidence, fresh) or proofs_of_contacts(evidence, fresh, "request")
        if used and evidence.rule == "opt-in":
            return failed(
                "Nobody is asked, and things are used that need consent.", used[:5], fresh.picture
            )
        return not_judged("No banner was found: none is needed, or this run did not recognise it.")
    if evidence.banner is not None and evidence.banner.asked_deep is False:
        return failed("The first page asks, another page does not.", (), fresh.picture)
    name = evidence.banner.name if evidence.banner else ""
    return passed(f"Asked by {name or 'a banner'}.")


def reject_offered(evidence: Evidence) -> Result:
    banner = evidence.banner
    if banner is None:
        return _NO_BANNER
    if "accept" not in banner.controls:
        return not_judged("The banner has no button to accept.")
    if "reject" not in banner.controls:
        shown = ", ".join(f"“{name}”" for name in banner.controls.values())
        return failed(
            f"The first layer offers {shown} and no way to refuse.",
            (),
            banner.picture,
            [(box, kind) for kind, box in banner.boxes.items() if kind in ("accept", "settings")],
        )
    return passed(f"“{banner.controls['accept']}” and “{banner.controls['reject']}”.")


def equal_prominence(evidence: Evidence) -> Result:
    banner = evidence.banner
    if banner is None:
        return _NO_BANNER
    if banner.accept is None or banner.reject is None:
        return not_judged("There are no two buttons to compare.")
    differences = list(_differences(banner.accept, banner.reject))
    if not differences:
        return passed(
            f"Both {banner.accept.width:.0f} × {banner.accept.height:.0f} px, contrast "
            f"{banner.accept.text:.1f} and {banner.reject.text:.1f}."
        )
    return failed(
        _sentence("; ".join(differences)),
        (),
        banner.picture,
        [(banner.accept.box, "accept"), (banner.reject.box, "reject")],
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _differences(accept: Appearance, reject: Appearance) -> list[str]:
    found = []
    if accept.tag != reject.tag:
        found.append(f"accept is a {accept.tag}, reject a {reject.tag}")
    for word, one, other in (
        ("wide", accept.width, reject.width),
        ("high", accept.height, reject.height),
    ):
        if other < one * (1 - _TOLERANCE):
            found.append(f"accept is {one:.0f} px {word}, reject {other:.0f}")
    if accept.font_size - reject.font_size > _SAME_FONT:
        found.append(
            f"the text of accept is {accept.font_size:g} px, of reject {reject.font_size:g}"
        )
    if accept.font_family != reject.font_family or accept.font_weight > reject.font_weight:
        found.append("the fonts differ")
    found += [
        f"the contrast of {name} is {look.text:.1f}, less than {_READABLE}"
        for name, look in (("accept", accept), ("reject", reject))
        if look.text < _READABLE
    ]
    if accept.fill > _STANDS_OUT * reject.fill:
        found.append(f"accept stands out {accept.fill:.1f} : 1, reject {reject.fill:.1f} : 1")
    return found


def not_preticked(evidence: Evidence) -> Result:
    if evidence.banner is None:
        return _NO_BANNER
    ticked = evidence.banner.ticked
    if ticked is None:
        return not_judged("The layers of the banner could not be opened.")
    optional = [label for label in ticked if not _is_necessary(label)]
    if not optional:
        return passed("No box that can be unticked is ticked.")
    return failed(
        f"{len(optional)} boxes are ticked beforehand",
        [Proof(f"“{label or 'without a label'}” is ticked") for label in optional[:20]],
        evidence.banner.picture,
    )


def _is_necessary(label: str) -> bool:
    return bool(
        re.search(r"necessary|essential|required|notwendig|nécessaire|necesari", label.lower())
    )


def keyboard(evidence: Evidence) -> Result:
    banner = evidence.banner
    if banner is None:
        return _NO_BANNER
    offered = {"accept", "reject"} & set(banner.controls)
    if not offered or banner.reached is None:
        return not_judged("The banner has no buttons that could be reached.")
    if lost := sorted(offered - banner.reached):
        boxes = [(box, kind) for kind, box in banner.boxes.items() if kind in lost]
        return failed(f"Tab never comes to {' and '.join(lost)}.", (), banner.picture, boxes)
    if evidence.keyboard_rejects is False:
        return failed("Enter on the button does not answer the banner.", (), banner.picture)
    if evidence.keyboard_rejects is None:
        return not_judged("Tab comes to every button; pressing one was not tried.")
    return passed("Tab comes to every button, and Enter answers.")


def no_scroll_lock(evidence: Evidence) -> Result:
    if evidence.banner is None:
        return _NO_BANNER
    if evidence.banner.scrolls is None:
        return not_judged("The page is not long enough to be scrolled.")
    if evidence.banner.scrolls:
        return passed("The page moves under the banner.")
    return failed("The page does not move while the banner is there.", (), evidence.banner.picture)


def no_wall(evidence: Evidence) -> Result:
    refused, accepted = evidence.stage("refused"), evidence.stage("accepted")
    if refused is None:
        banner = evidence.banner
        if banner is not None and "accept" in banner.controls and "reject" not in banner.controls:
            silent = evidence.stage("silent")
            if silent is not None and silent.covered:
                return failed("There is no way past the banner but to accept.", (), banner.picture)
        return missing(evidence, "refused")
    if refused.status >= 400 and (accepted is None or accepted.status < 400):
        return failed(f"After refusing the page answers {refused.status}.", (), refused.picture)
    if refused.covered and not (accepted and accepted.covered):
        return failed("After refusing the page stays covered.", (), refused.picture)
    if accepted is None:
        return not_judged("There is no accepted page to compare with.")
    if refused.address.partition("?")[0] != accepted.address.partition("?")[0]:
        return failed(f"Who refuses is led to {refused.address}.", (), refused.picture)
    if len(refused.text) < len(accepted.text) / 2:
        return failed(
            f"After refusing the page has {len(refused.text)} characters of text, after accepting "
            f"{len(accepted.text)}.",
            (),
            refused.picture,
        )
    return passed("The same page after refusing as after accepting.")


def choice_kept(evidence: Evidence) -> Result:
    stages = [
        ("after refusing", evidence.stage("refused"), evidence.stage("refused, back again")),
        ("after accepting", evidence.stage("accepted"), evidence.stage("accepted, back again")),
    ]
    judged = 0
    for when, same, later in stages:
        if same is None or later is None:
            continue
        judged += 1
        for stage, where in ((same, "the next page"), (later, "the next visit")):
            if stage.asks:
                return failed(f"Asked again {when}, on {where}.", (), stage.picture)
    if not judged:
        return missing(evidence, "refused")
    if judged == 1:
        return not_judged("Only one of the two answers could be given.")
    return passed("Not asked again, on the next page or after a restart of the browser.")


def way_back(evidence: Evidence) -> Result:
    if not evidence.ways_back:
        return missing(evidence, "refused")
    lost = [url for url, there in evidence.ways_back.items() if not there]
    if lost:
        refused = evidence.stage("refused")
        return failed(
            f"{len(lost)} of {len(evidence.ways_back)} pages have no way back to the choice.",
            [Proof("no control was found by its name", url) for url in lost],
            refused.picture if refused else b"",
        )
    return passed(f"Found on {len(evidence.ways_back)} of {len(evidence.ways_back)} pages.")


def withdraw_easy(evidence: Evidence) -> Result:
    accept, withdraw = evidence.presses.get("accept"), evidence.presses.get("withdraw")
    if accept is None or "withdraw" not in evidence.presses:
        return missing(evidence, "accepted" if accept is None else "consent")
    if withdraw is None:
        stage = evidence.stage("accepted, back again")
        if stage is not None:
            return failed("After accepting no way to withdraw was found.", (), stage.picture)
        return missing(evidence, "withdrawn")
    told = f"Accepting took {_presses(accept)}, withdrawing {_presses(withdraw)}"
    # One press may open the banner again: the EDPB itself proposes an icon that does.
    if withdraw > accept + 1:
        return failed(f"{told}.")
    return passed(f"{told}{', one of which opens the banner' if withdraw > accept else ''}.")


def _presses(count: int) -> str:
    return f"{count} press{'' if count == 1 else 'es'}"


def gpc_shown(evidence: Evidence) -> Result:
    stage = evidence.stage("gpc")
    if stage is None:
        return missing(evidence, "gpc")
    if _says_honoured(stage.text):
        return passed("The page names the signal.")
    if evidence.rule == "opt-in":
        return not_judged("The page does not say so; that is required where the rule is opt-out.")
    return failed("Nothing on the page says that the signal was honoured.", (), stage.picture)


def cookies_blocked(evidence: Evidence) -> Result:
    stage = evidence.stage("no cookies")
    if stage is None:
        return missing(evidence, "no cookies")
    if stage.status >= 400:
        return failed(f"Without cookies the page answers {stage.status}.", (), stage.picture)
    if stage.asks:
        return failed("An answer was given, and the next page asks again.", (), stage.picture)
    return passed("Not asked, or not asked again after an answer.")


ASKING: dict[str, Judgement] = {
    "asked-on-arrival": asked_on_arrival,
    "reject-offered": reject_offered,
    "equal-prominence": equal_prominence,
    "not-preticked": not_preticked,
    "keyboard": keyboard,
    "no-scroll-lock": no_scroll_lock,
    "no-wall": no_wall,
    "choice-kept": choice_kept,
    "way-back": way_back,
    "withdraw-easy": withdraw_easy,
    "gpc-shown": gpc_shown,
    "cookies-blocked": cookies_blocked,
}
