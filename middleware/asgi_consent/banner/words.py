"""What a kind of service is called on screen, and what it is for."""

from __future__ import annotations

from asgi_consent.catalog.services import Service

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
