"""Who takes part in `proxy.py`: how each is started, and what it must do to a page.

Every one that rewrites has to make the page's third-party sources inert and to put one banner at
its end. The rivals are told which hosts those are; we find them out.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import environ
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import NamedTuple

SERVER_CORE, LOAD_CORE = "0", "1"
BANNER = '<div id="bench-banner">Cookies?</div>'
_KEY = "bench-5b1c9e7d3f8a2046c7e1d9b3a8f0"
_HERE = Path(__file__).parent
_source = re.compile(rb"""src=["'](?:https?:)?//([a-z0-9.-]+)""")


class Contestant(NamedTuple):
    """`files` are written before `command` runs; `{port}`, `{upstream}` and `{folder}`, where the
    files are, are filled in. `marker` is what counts as a banner in its output."""

    name: str
    command: list[str]
    files: dict[str, str]
    path: str = "/page.html"
    marker: bytes = BANNER.encode()


@dataclass(frozen=True, slots=True)
class Site:
    """The page, and the nginx behind every proxy that serves it."""

    page: bytes
    folder: Path

    @property
    def hosts(self) -> list[str]:
        return sorted({host.decode() for host in _source.findall(self.page)})[:10]


def behind() -> Contestant:
    """The nginx behind every proxy."""
    files = {"up.conf": _nginx("root {folder}/www;", types="text/html html; text/plain txt;")}
    return Contestant("", [_find_nginx(), "-c", "{folder}/up.conf", "-p", "{folder}"], files)


def contestants(site: Site) -> Iterator[Contestant]:
    python, nginx = sys.executable, _find_nginx()
    serve = [python, "-m", "uvicorn", "--log-level=error", "--port={port}", "--app-dir", str(_HERE)]
    proxy = [python, "-m", "asgi_consent", "proxy", "http://127.0.0.1:{upstream}"]
    proxy += ["--listen=127.0.0.1:{port}"]
    ours = b"<asgi-consent"
    conf = ["-c", "{folder}/rival.conf", "-p", "{folder}"]
    through = "proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection '';"

    def proxied(more: str, modules: str = "") -> dict[str, str]:
        location = f"location / {{ {through} {more} }}"
        return {"rival.conf": _nginx(location, upstream=True, modules=modules)}

    yield Contestant("bare app", [*serve, "bench_app:bare"], {}, "/page", b"</body>")
    yield Contestant("app with asgi-consent", [*serve, "bench_app:gated"], {}, "/page", ours)
    yield Contestant("bare app, JSON", [*serve, "bench_app:bare"], {}, "/json")
    yield Contestant("app with asgi-consent, JSON", [*serve, "bench_app:gated"], {}, "/json")
    yield Contestant("asgi-consent proxy, passing through", proxy, {}, "/page.txt")
    yield Contestant("asgi-consent proxy, rewriting", proxy, {}, marker=ours)
    yield Contestant("nginx proxy_pass", [nginx, *conf], proxied(""), "/page.txt")
    yield Contestant("nginx sub_filter", [nginx, *conf], proxied(_sub_filters(site.hosts)))
    subs = Path("/usr/lib/nginx/modules/ngx_http_subs_filter_module.so")
    if subs.exists():
        files = proxied(_subs_filters(site.hosts), f"load_module {subs};")
        yield Contestant("nginx subs_filter, regex", [nginx, *conf], files)
    if mitmdump := shutil.which("mitmdump"):
        command = [mitmdump, "-q", "--mode", "reverse:http://127.0.0.1:{upstream}"]
        command += ["--listen-port", "{port}", "-s", "{folder}/rewrite.py"]
        yield Contestant("mitmproxy, regex script", command, {"rewrite.py": _mitm(site.hosts)})
    if workerd := shutil.which("workerd"):
        files = {"config.capnp": _CAPNP, "worker.js": _worker(site.hosts)}
        yield Contestant("workerd HTMLRewriter", [workerd, "serve", "{folder}/config.capnp"], files)


@contextmanager
def started(
    contestant: Contestant, folder: Path, port: int, upstream: int, core: str = SERVER_CORE
) -> Iterator[Popen[bytes]]:
    values = {"{port}": str(port), "{upstream}": str(upstream), "{folder}": str(folder)}

    def filled(text: str) -> str:
        for name, value in values.items():
            text = text.replace(name, value)
        return text

    for name, text in contestant.files.items():
        (folder / name).write_text(filled(text))
    command = ["taskset", "-c", core, *map(filled, contestant.command)]
    environment = {"ASGI_CONSENT_SECRET_KEY": _KEY, "BENCH_FOLDER": str(folder)}
    process = Popen(command, stdout=DEVNULL, stderr=DEVNULL, env={**environ, **environment})
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def _find_nginx() -> str:
    found = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if found is None:
        raise SystemExit("nginx is needed: apt-get install nginx-light")
    return found


def _nginx(location: str, *, upstream: bool = False, modules: str = "", types: str = "") -> str:
    behind = "upstream up { server 127.0.0.1:{upstream}; keepalive 64; }" if upstream else ""
    known = f"types {{ {types} }}" if types else ""
    return f"""{modules} daemon off; worker_processes 1; pid {{folder}}/nginx-{{port}}.pid;
error_log /dev/null; events {{ worker_connections 512; }}
http {{ access_log off; {known} client_body_temp_path {{folder}}/t1; proxy_temp_path {{folder}}/t2;
fastcgi_temp_path {{folder}}/t3; uwsgi_temp_path {{folder}}/t4; scgi_temp_path {{folder}}/t5;
keepalive_requests 1000000; {behind}
server {{ listen 127.0.0.1:{{port}}; {location} }} }}"""


def _sub_filters(hosts: list[str]) -> str:
    lines = [f"sub_filter 'src=\"https://{host}' 'data-src=\"https://{host}';" for host in hosts]
    return " ".join([*lines, f"sub_filter '</body>' '{BANNER}</body>'; sub_filter_once off;"])


def _subs_filters(hosts: list[str]) -> str:
    names = "|".join(map(re.escape, hosts))
    pattern = f"src=(.)(https?:)?//({names})"
    banner = f"subs_filter '</body>' '{BANNER}</body>' ig;"
    return f"subs_filter '{pattern}' 'data-src=$1$2//$3' igr; {banner}"


def _mitm(hosts: list[str]) -> str:
    names = "|".join(map(re.escape, hosts))
    return f"""import re
SOURCES = re.compile(rb'src=(.)((?:https?:)?//(?:{names}))')
def response(flow):
    body = SOURCES.sub(rb'data-src=\\1\\2', flow.response.content)
    flow.response.content = body.replace(b'</body>', {BANNER.encode()!r} + b'</body>')
"""


def _worker(hosts: list[str]) -> str:
    return f"""const hosts = new Set({json.dumps(hosts)});
class Gate {{ element(e) {{ const src = e.getAttribute("src");
  if (!src) return; try {{ if (hosts.has(new URL(src, "http://x").host)) {{
  e.setAttribute("data-src", src); e.removeAttribute("src"); }} }} catch {{}} }} }}
class End {{ element(e) {{ e.append({json.dumps(BANNER)}, {{ html: true }}); }} }}
export default {{ async fetch(request, env) {{
  const url = new URL(request.url); url.host = "127.0.0.1:{{upstream}}";
  return new HTMLRewriter().on("script[src],img[src],iframe[src]", new Gate()).on("body", new End())
    .transform(await fetch(url)); }} }};"""


_CAPNP = """using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .w),
    (name = "internet", network = (allow = ["private", "local", "public"])) ],
  sockets = [ (name = "http", address = "127.0.0.1:{port}", http = (), service = "main") ] );
const w :Workerd.Worker = (
  modules = [ (name = "worker", esModule = embed "worker.js") ], compatibilityDate = "2025-01-01" );
"""
