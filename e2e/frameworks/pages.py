"""What the sites have in common: their page, their stream, the settings of the consent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from jinja2 import Environment

SECRET = "framework-key-5b1c9e7d3f8a2046-7c41"
STATIC = Path(__file__).with_name("static")
ROWS = 200

#: takes csrf (a form field), name, message, statistics
PAGE = """<!doctype html><html><head><title>Site</title>
<link rel="stylesheet" href="/static/site.css"></head>
<body><h1>Site</h1>
<p id="name">{{ name }}</p><p id="message">{{ message }}</p>
<form method="post" action="/sign-in">{{ csrf }}<input name="name"><button>Sign in</button></form>
<form method="post" action="/track">{{ csrf }}<button>Track</button></form>
{% if statistics %}<p id="counted">counted</p>{% endif %}
<a href="/download">Download</a>
<img src="http://third.localhost:9/undeclared.gif" alt="">
<p id="event"></p><p id="socket"></p>
<script>
const events = new EventSource("/events");
events.onmessage = (event) => { page("event", event.data); events.close(); };
const page = (id, text) => { document.getElementById(id).textContent = text; };
if (!location.search.includes("no-socket")) {
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/socket");
  socket.onopen = () => socket.send("hello");
  socket.onmessage = (message) => page("socket", message.data);
}
</script></body></html>"""

page = Environment(autoescape=True).from_string(PAGE)

SETTINGS = {
    "services": [
        {
            "id": "counter",
            "name": "Counter",
            "category": "statistics",
            "hosts": ["counter.example"],
            "cookies": [{"name": "counted"}],
        }
    ]
}


async def rows() -> AsyncIterator[str]:
    """A long page, a row at a time."""
    yield "<!doctype html><html><body><dl>"
    for number in range(ROWS):
        yield f"<dd>{number}"
        await asyncio.sleep(0)
    yield "</dl></body></html>"


def plain_rows() -> Iterator[str]:
    yield "<!doctype html><html><body><dl>"
    for number in range(ROWS):
        yield f"<dd>{number}"
    yield "</dl></body></html>"


async def ticks() -> AsyncIterator[str]:
    while True:
        yield "data: tick\n\n"
        await asyncio.sleep(0.1)


def plain_ticks() -> Iterator[str]:
    for _ in range(20):
        yield "data: tick\n\n"
        time.sleep(0.05)
