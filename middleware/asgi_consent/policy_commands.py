"""`asgi-consent policy diff`: what visitors would be told and asked, before they are."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from asgi_consent.banner.words import sentence_of
from asgi_consent.policy import Policy
from asgi_consent.revisions import update_of
from asgi_consent.settings import load_settings
from asgi_consent.update import Update


def add_policy_command(commands: argparse._SubParsersAction[Any]) -> None:
    policy = commands.add_parser(
        "policy",
        help="compare revisions of a policy",
        description="Compare revisions of a policy.",
        epilog="example: asgi-consent policy diff policies/1.toml consent.toml",
    )
    actions = policy.add_subparsers(title="actions", metavar="ACTION", required=True)
    diff = actions.add_parser(
        "diff",
        help="what changed, how much it matters, and what visitors would be asked for",
        description="What changed from OLD to NEW, how much it matters, and what visitors who "
        "chose under OLD would be asked for.",
    )
    diff.add_argument("old", metavar="OLD", help="a consent.toml")
    diff.add_argument("new", metavar="NEW", help="another one")
    diff.add_argument("--json", action="store_true", help="as JSON")
    diff.set_defaults(command=_diff)


def _diff(options: argparse.Namespace) -> int:
    old, new = load_settings(options.old), load_settings(options.new)
    update = update_of(old, new)
    asked = _asked(update, new.policy)
    if options.json:
        changes = [{**asdict(one), "sentence": sentence_of(one)} for one in update.changes]
        document = {"severity": update.severity, "changes": changes, "asked": asked}
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    if not update.changes:
        print("no change that visitors would be told about")
        return 0
    for change in update.changes:
        print(f"{change.severity:<6} {sentence_of(change)}")
    print(f"\n{update.severity}: {_consequence(update, asked)}")
    if old.policy.revision.number == new.policy.revision.number:
        print("note: both are of the same revision, so nobody would be told; raise the newer one")
    return 0


def _asked(update: Update, policy: Policy) -> list[str]:
    if update.everything:
        return sorted(policy.optional)
    return sorted(
        {*update.new, *update.changed, *(s for s in update.services if policy.services[s].declared)}
    )


def _consequence(update: Update, asked: list[str]) -> str:
    if update.everything:
        return "somebody else is responsible, so everybody is asked again for all"
    if asked:
        return f"who had agreed is asked for {', '.join(asked)}; the rest stays as it was chosen"
    if update.severity == "major":
        return "everybody who chose is told prominently; nothing needs a new answer"
    return "everybody who chose is told once"
