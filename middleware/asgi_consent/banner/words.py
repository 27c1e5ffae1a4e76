"""What a kind of service is called on screen, and what it is for; texts that other files say.

In English, marked for translation: they are translated where they are shown.
"""

from __future__ import annotations

from asgi_consent.catalog.services import Service
from asgi_consent.languages import N_
from asgi_consent.update import Change

SESSION_WORDS = N_("until you close the browser")

#: what stands in a frame of this kind
_CONTENT = {
    "video": N_("Video"),
    "maps": N_("Map"),
    "audio": N_("Audio"),
    "social": N_("Post"),
    "comments": N_("Comments"),
    "chat": N_("Chat"),
    "search": N_("Search"),
    "ads": N_("Advertisement"),
    "survey": N_("Survey"),
    "scheduling": N_("Calendar"),
    "payments": N_("Payment"),
    "captcha": N_("Security check"),
}

_ANY_CONTENT = N_("Content")

_PURPOSES = {
    "accessibility": N_("Helps people to use the site"),
    "ab-testing": N_("Tries out variants of pages"),
    "ads": N_("Shows ads and measures what they lead to"),
    "affiliate": N_("Credits partners who sent you here"),
    "analytics": N_("Counts visits and clicks"),
    "attribution": N_("Finds out which ad led to a visit"),
    "audio": N_("Plays sound"),
    "avatars": N_("Shows pictures of people"),
    "captcha": N_("Tells people from robots"),
    "cdn": N_("Delivers files of the site"),
    "chat": N_("Lets you talk to us on the page"),
    "comments": N_("Shows and takes comments"),
    "consent": N_("Remembers consent"),
    "dmp": N_("Sorts visitors into audiences"),
    "ecommerce": N_("Runs the shop"),
    "error-monitoring": N_("Reports errors of the site"),
    "feature-flags": N_("Switches functions on and off"),
    "fonts": N_("Delivers fonts"),
    "hosting": N_("Delivers the site"),
    "login": N_("Lets you sign in"),
    "maps": N_("Shows maps"),
    "marketing-automation": N_("Links visits to newsletters and offers"),
    "payments": N_("Takes payments"),
    "performance": N_("Measures how fast pages are"),
    "product-analytics": N_("Measures how functions are used"),
    "push": N_("Sends notifications"),
    "reviews": N_("Shows reviews"),
    "search": N_("Searches the site"),
    "security": N_("Keeps attackers and robots out"),
    "session": N_("Keeps you signed in and forms safe"),
    "session-replay": N_("Records how pages are used"),
    "social": N_("Shows posts and share buttons"),
    "survey": N_("Asks for your opinion"),
    "tag-manager": N_("Loads other services"),
    "utility": N_("Adds a function to the page"),
    "video": N_("Plays videos"),
}


def content_of(service: Service | None) -> str:
    return _CONTENT.get(service.kind, _ANY_CONTENT) if service else _ANY_CONTENT


def purpose_of(service: Service) -> str:
    return service.purpose or _PURPOSES.get(service.kind, "")


#: what changed in a policy; {what}, {before} and {after} are those of the change
_SENTENCES = {
    "controller-name": "Responsible is now {after}, not {before}.",
    "controller-country": "Who is responsible is now in {after}, not in {before}.",
    "controller-contact": "You now reach us at {after}.",
    "category-added": "New purpose: {what}. {after}",
    "category-renamed": "“{before}” is now called “{after}”.",
    "category-purpose": "{what} now means: {after}",
    "category-signal": "Global Privacy Control no longer switches off {what}.",
    "category-removed": "{what} is no longer used.",
    "service-added": "New: {what} ({after}).",
    "service-moved": "{what} now belongs to {after}, not to {before}.",
    "service-vendor": "{what} is now run by {after}, not by {before}.",
    "service-country": "{what} is now run from {after}, not from {before}.",
    "service-purpose": "{what} is now used for: {after}.",
    "service-hosts": "{what} now also sends data to {after}.",
    "service-storage": "{what} now also uses the storage {after}.",
    "service-removed": "{what} is no longer used.",
    "cookie-added": "{what} now also sets the cookie {after}.",
    "cookie-lifetime": "{what}: kept for {after}, not for {before}.",
    "rule": "What counts before you choose is now {after}, not {before}.",
    "unknown-hosts": "Content of others that nobody has declared is now held back less.",
    "choice-lifetime": "Your choice is now kept for {after}, not for {before}.",
    "records-place": "Records of choices are now kept in {after}, not in {before}.",
    "records-lifetime": "Records of choices are now kept for {after}, not for {before}.",
    "records-data": "Records of choices now also hold: {after}.",
}


def sentence_of(change: Change) -> str:
    """A change, as visitors are told."""
    before, after = change.before or "nothing named", change.after or "nothing named"
    return _SENTENCES[change.kind].format(what=change.what, before=before, after=after)
