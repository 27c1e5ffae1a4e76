"""Regional rules as data: `regions.toml` → region → rule."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from asgi_consent.policy import Rule

_FILE = Path(__file__).with_name("regions.toml")


@cache
def regional_rules() -> dict[str, Rule]:
    profiles = tomllib.loads(_FILE.read_text(encoding="utf-8"))["profiles"]
    return {region: Rule(profile["rule"]) for profile in profiles for region in profile["regions"]}
