"""`asgi-consent ledger …`: each command calls one function of the ledger."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asgi_consent.banner.shown import ticked, words_of
from asgi_consent.catalog.services import Lifetime
from asgi_consent.environment import SECRET_KEY_VARIABLE, ledger_address, secret_keys
from asgi_consent.errors import LedgerError, SecretKeyError
from asgi_consent.ledger.address import OFF, LedgerAddress
from asgi_consent.ledger.chain import Head, Row, read_checkpoint
from asgi_consent.ledger.erasure import erase, purge
from asgi_consent.ledger.export import FORMATS
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.opening import one_line, open_store, upgrade
from asgi_consent.ledger.records import read_record
from asgi_consent.ledger.statistics import statistics
from asgi_consent.ledger.store import Store
from asgi_consent.ledger.verify import verify
from asgi_consent.ledger.writer import Writer
from asgi_consent.settings import Settings, load_settings
from asgi_consent.signing import check_keys

_ROWS_A_LINE = 10_000  # of progress
Command = Callable[[argparse.Namespace], int]


@dataclass
class _Place:
    """Where the ledger is, and the settings that say so."""

    settings: Settings
    address: LedgerAddress

    @classmethod
    def of(cls, options: argparse.Namespace) -> _Place:
        settings = load_settings(options.config) if options.config else Settings()
        address = _address(options.url) if options.url else ledger_address(settings)
        if address.kind == OFF:
            raise LedgerError("the ledger is off: nothing was recorded; --url names one")
        return cls(settings, address)

    @contextmanager
    def opened(self, *, readonly: bool = True) -> Iterator[Store]:
        """Raises LedgerError, also for what the driver raises while it is used."""
        store = open_store(self.address, readonly=readonly)
        try:
            if not store.is_current():
                raise LedgerError(
                    f"{self.address} has an older schema, or none: asgi-consent ledger upgrade"
                )
            yield store
        except store.errors as error:
            raise LedgerError(f"{self.address}: {one_line(error)}") from error
        finally:
            store.close()


def add_ledger_command(commands: argparse._SubParsersAction[Any]) -> None:
    about = "look at the record of all decisions, prove it, trim it"
    ledger = commands.add_parser(
        "ledger",
        help=about,
        description=f"{about[0].upper()}{about[1:]}. The ledger is the one that --url names, "
        "else the environment variable ASGI_CONSENT_LEDGER, else [ledger] of --config, else "
        "sqlite:///asgi-consent.db.",
        epilog="Start with: asgi-consent ledger stats",
    )
    actions = ledger.add_subparsers(title="actions", metavar="ACTION", required=True)

    def add(function: Command, about: str, more: str = "") -> argparse.ArgumentParser:
        action: argparse.ArgumentParser = actions.add_parser(
            function.__name__.strip("_"),
            help=about,
            description=f"{about[0].upper()}{about[1:]}. {more}",
        )
        action.add_argument("--config", metavar="FILE", help="a consent.toml with [ledger]")
        action.add_argument("--url", metavar="URL", help="sqlite:///PATH or postgresql://…")
        action.set_defaults(command=function)
        return action

    checking = add(
        _verify,
        "find records that were edited, removed, inserted or moved",
        "Names each by its number. Exit 1 if there is any. The signature is checked with "
        f"{SECRET_KEY_VARIABLE}, or with --key.",
    )
    checking.add_argument("--key", action="append", metavar="did:key:…", help="a public key")
    checking.add_argument(
        "--checkpoint", metavar="FILE", help="lines of asgi-consent ledger checkpoint, to compare"
    )
    add(_checkpoint, "print the signed end of the chain", "Publish it: it proves a later rewrite.")
    counting = add(_stats, "count decisions", "Over time, by category, language and method.")
    counting.add_argument("--since", metavar="30d", type=_lifetime, help="only the newest")
    counting.add_argument("--json", action="store_true", help="as JSON")
    replay = add(_replay, "show what a visitor was shown", "Writes the exact HTML document.")
    replay.add_argument("record", metavar="RECORD", help="the id of a record")
    replay.add_argument("--text", action="store_true", help="its words and buttons, in order")
    exporting = add(_export, "write all records to standard output")
    exporting.add_argument("--format", choices=[*FORMATS], default="jsonl", help="default: jsonl")
    exporting.add_argument("--since", metavar="30d", type=_lifetime, help="only the newest")
    purging = add(_purge, "forget records that were kept long enough", "Frozen ones stay.")
    purging.add_argument(
        "--older-than", metavar="3y", type=_lifetime, help="default: [ledger] retention"
    )
    erasing = add(_erase, "forget all records of one visitor", "The chain still verifies.")
    erasing.add_argument("subject", metavar="SUBJECT", help="the visitor's id, from a record")
    add(_upgrade, "make the ledger, or bring its schema up to date")
    add(
        _reseal,
        "sign the end of the chain with the newest key",
        "For when all secret keys were replaced at once. Verify first, with the old key.",
    )


def _lifetime(text: str) -> float:
    """In seconds."""
    try:
        duration = Lifetime(text).duration
    except ValueError:
        duration = None
    if duration is None:
        raise argparse.ArgumentTypeError(f"{text}: expected such as 30d, 12mo or 3y")
    return duration.total_seconds()


# ---- actions


def _verify(options: argparse.Namespace) -> int:
    place = _Place.of(options)
    keys = LedgerKeys([], options.key) if options.key else _keys_or_none()
    checkpoints = _checkpoints(options.checkpoint, keys)
    with place.opened() as store:
        report = verify(store, keys, checkpoints, _Progress("verified"))
    for problem in report.problems:
        print(problem)
    erased = f", {report.erased} erased" if report.erased else ""
    signed = "signed by this key" if report.signed else "signature not checked: no key"
    if report.problems:
        count = len(report.problems)
        print(f"{count} problem{'' if count == 1 else 's'} in {place.address}", file=sys.stderr)
        return 1
    print(f"{place.address}: {report.records} records{erased}, all as they were recorded; {signed}")
    return 0


def _checkpoint(options: argparse.Namespace) -> int:
    with _Place.of(options).opened() as store:
        head = store.head()
    if head is None:
        raise LedgerError("the ledger has no head")
    print(json.dumps(head.checkpoint()))
    return 0


def _stats(options: argparse.Namespace) -> int:
    with _Place.of(options).opened() as store:
        found = statistics(_with_progress(store.all_rows()), _since(options.since))
    if options.json:
        print(json.dumps(found.document(), indent=2))
    else:
        print("\n".join(found.lines()))
    return 0


def _replay(options: argparse.Namespace) -> int:
    with _Place.of(options).opened() as store:
        row = store.row_with(options.record)
        if row is None or row.body is None:
            raise LedgerError(f"there is no record {options.record[:40]!a}, or it was erased")
        record = read_record(row.body)
        shown = store.shown(record.shown) if record.shown else None
    if shown is None:
        raise LedgerError(
            f"record {record.record_id} was made by {record.method}: nothing is known to have "
            "been shown"
        )
    document = ticked(shown.document, record.before)
    if options.text:
        print(f"{record.moment:%Y-%m-%d %H:%M:%S} UTC, {record.event}, {shown.hash}\n")
        print("\n".join(words_of(document)))
    else:
        print(document)
    return 0


def _export(options: argparse.Namespace) -> int:
    since = _since(options.since)
    with _Place.of(options).opened() as store:
        rows = (row for row in store.all_rows() if not since or (row.time or 0) >= since)
        sys.stdout.writelines(FORMATS[options.format](rows))
    return 0


def _purge(options: argparse.Namespace) -> int:
    place = _Place.of(options)
    age = options.older_than or place.settings.ledger.retention.total_seconds()
    if age < place.settings.lifetime.total_seconds():
        raise LedgerError("--older-than: a choice in force needs its record; keep at least as long")
    with place.opened(readonly=False) as store:
        writer = Writer(lambda: store, _keys())
        done = purge(writer, store, writer.now() - int(age * 1000), _Progress("purged"))
    print(f"{done} records purged")
    return 0


def _erase(options: argparse.Namespace) -> int:
    with _Place.of(options).opened(readonly=False) as store:
        done = erase(Writer(lambda: store, _keys()), store, options.subject)
    print(f"{done} records erased")
    return 0 if done else 1


def _upgrade(options: argparse.Namespace) -> int:
    place = _Place.of(options)
    store = open_store(place.address)
    try:
        done = upgrade(store, _keys())
    except store.errors as error:
        raise LedgerError(f"{place.address}: {one_line(error)}") from error
    finally:
        store.close()
    numbers = ", ".join(map(str, done))
    print(f"{place.address}: {f'applied migration {numbers}' if done else 'is up to date'}")
    return 0


def _reseal(options: argparse.Namespace) -> int:
    keys = _keys()
    with _Place.of(options).opened(readonly=False) as store:
        head = store.begin()
        store.set_head(head.sealed(keys))
        store.commit()
    print(f"signed: record {head.number}, key {keys.public[0]}")
    return 0


# ---- what several need


def _address(url: str) -> LedgerAddress:
    try:
        return LedgerAddress.parse(url)
    except ValueError as error:
        raise LedgerError(f"--url: {error}") from None


def _keys() -> LedgerKeys:
    return LedgerKeys(check_keys(secret_keys()))


def _keys_or_none() -> LedgerKeys | None:
    try:
        return _keys()
    except SecretKeyError:
        return None


def _checkpoints(path: str | None, keys: LedgerKeys | None) -> list[Head]:
    if path is None:
        return []
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LedgerError(f"--checkpoint {path}: {error}") from None
    found = [read_checkpoint(line) for line in lines if line.strip()]
    for head in found:
        if keys is not None and not head.is_sealed(keys):
            raise LedgerError(f"--checkpoint: the one of record {head.number} has another key")
    return found


def _since(seconds: float | None) -> int:
    return int((time.time() - seconds) * 1000) if seconds else 0


class _Progress:
    """A line that grows, for people who watch."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._due = _ROWS_A_LINE

    def __call__(self, number: int) -> None:
        if number >= self._due and sys.stderr.isatty():
            self._due = number + _ROWS_A_LINE
            print(f"\r{self._verb} {number} records", end="\r", file=sys.stderr, flush=True)


def _with_progress(rows: Iterator[Row]) -> Iterator[Row]:
    progress = _Progress("counted")
    for row in rows:
        progress(row.number)
        yield row
