"""What a kind of service is called on screen, and what it is for."""

from __future__ import annotations

from asgi_consent.catalog.services import Service
from asgi_consent.update import Change

#: what stands in a frame of this kind
_CONTENT = {
    "video": "Video",
    "maps": "Map",
    "audio": "Audio",
    "social": "Post",
    "comments": "Comments",
    "chat": "Chat",
    "search": "Search",
    "ads": "Advertisement",
    "survey": "Survey",
    "scheduling": "Calendar",
    "payments": "Payment",
    "captcha": "Security check",
}

_PURPOSES = {
    "accessibility": "Helps people to use the site",
    "ab-testing": "Tries out variants of pages",
    "ads": "Shows ads and measures what they lead to",
    "affiliate": "Credits partners who sent you here",
    "analytics": "Counts visits and clicks",
    "attribution": "Finds out which ad led to a visit",
    "audio": "Plays sound",
    "avatars": "Shows pictures of people",
    "captcha": "Tells people from robots",
    "cdn": "Delivers files of the site",
    "chat": "Lets you talk to us on the page",
    "comments": "Shows and takes comments",
    "consent": "Remembers consent",
    "dmp": "Sorts visitors into audiences",
    "ecommerce": "Runs the shop",
    "error-monitoring": "Reports errors of the site",
    "feature-flags": "Switches functions on and off",
    "fonts": "Delivers fonts",
    "hosting": "Delivers the site",
    "login": "Lets you sign in",
    "maps": "Shows maps",
    "marketing-automation": "Links visits to newsletters and offers",
    "payments": "Takes payments",
    "performance": "Measures how fast pages are",
    "product-analytics": "Measures how functions are used",
    "push": "Sends notifications",
    "reviews": "Shows reviews",
    "search": "Searches the site",
    "security": "Keeps attackers and robots out",
    "session": "Keeps you signed in and forms safe",
    "session-replay": "Records how pages are used",
    "social": "Shows posts and share buttons",
    "survey": "Asks for your opinion",
    "tag-manager": "Loads other services",
    "utility": "Adds a function to the page",
    "video": "Plays videos",
}


def content_of(service: Service | None) -> str:
    return _CONTENT.get(service.kind, "Content") if service else "Content"


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
