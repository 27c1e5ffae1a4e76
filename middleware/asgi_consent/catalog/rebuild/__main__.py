from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from asgi_consent.catalog import builtin
from asgi_consent.catalog.domains import registrable_domain
from asgi_consent.catalog.rebuild import lists, table
from asgi_consent.catalog.rebuild.checkouts import HERE, Checkout, known_sources
from asgi_consent.catalog.rebuild.cookie_lists import open_cookie_database
from asgi_consent.catalog.rebuild.facts import Fact
from asgi_consent.catalog.rebuild.merge import merged
from asgi_consent.catalog.services import Service

_RECORD = HERE / "recorded.txt"
_HASHED = (
    builtin.TAIL_FILE,
    builtin.SERVICES_FILE,
    *(HERE / name for name in ("judged.txt", "sources.toml")),
)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m asgi_consent.catalog.rebuild",
        description="Rebuilds the catalogue's tail.tsv.",
    )
    parser.add_argument(
        "--sources", type=Path, metavar="DIR", help="a git repository for each id in sources.toml"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if the table has drifted"
    )
    options = parser.parse_args()
    if options.sources is None:
        if not options.check:
            parser.error("--sources DIR is needed to rebuild; --check alone compares hashes")
        return _check_hashes()
    missing = [
        id_
        for id_, s in known_sources().items()
        if s.address and not (options.sources / id_).exists()
    ]
    if missing:
        parser.error(
            f"{options.sources} lacks {', '.join(missing)}: git clone each there under its id"
        )
    text = _rebuilt(options.sources)
    if options.check:
        same = text == builtin.TAIL_FILE.read_text(encoding="utf-8")
        print(f"tail.tsv {'is' if same else 'is not'} what its sources give")
        return 0 if same else 1
    builtin.TAIL_FILE.write_text(text, encoding="utf-8")
    _RECORD.write_text(_hashes(), encoding="utf-8")
    count, size = text.count("\n") - 2, len(text) // 1024
    print(f"wrote {builtin.TAIL_FILE.name}: {count} services, {size} kB")
    return 0


def _check_hashes() -> int:
    print("no --sources: comparing hashes only")
    if _hashes() == _RECORD.read_text(encoding="utf-8"):
        print("tail.tsv, and what it is made from, are as they were recorded")
        return 0
    print(
        "tail.tsv or what it is made from has changed: rebuild it with --sources", file=sys.stderr
    )
    return 1


def _hashes() -> str:
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in _HASHED
    )


def _rebuilt(folder: Path) -> str:
    at = {id_: Checkout(folder, source) for id_, source in known_sources().items()}
    services = builtin.full_services()
    seen = lists.seen_on_the_web(at["third-party-web"])
    judged = list(lists.judged())
    shared = {fact.host for fact in judged if not fact.category}
    rows = merged(
        [
            judged,
            lists.third_party_web(at["third-party-web"]),
            lists.whotracksme(at["whotracks.me"]),
            _widened(lists.prebid_server(at["prebid-server"]), shared),
            _widened(lists.prebid_js(at["prebid.js"]), shared),
            [f for f in lists.hosts_file(at["adaway"], "hosts.txt") if f.host in seen],
            [f for f in lists.hosts_file(at["anudeep"], "adservers.txt") if f.host in seen],
        ],
        _covered(services.values()),
        seen,
    )
    credit = "; ".join(
        f"{source.mark}: {source.name}, {source.licence}, {source.address}".rstrip(", ")
        for source in known_sources().values()
    )
    cookies = open_cookie_database(at["open-cookie-database"])
    return table.written(rows, cookies, services, credit)


def _widened(facts: Iterable[Fact], shared: set[str]) -> Iterator[Fact]:
    """A bidder's domain is all its own, unless it is known to be everybody's."""
    for fact in facts:
        domain = registrable_domain(fact.host)
        if domain not in shared:
            yield fact._replace(host=domain)


def _covered(services: Iterable[Service]) -> frozenset[str]:
    patterns = {host for service in services for host in service.hosts}
    return frozenset(host for host in patterns if "*." + host in patterns)


if __name__ == "__main__":
    raise SystemExit(main())
