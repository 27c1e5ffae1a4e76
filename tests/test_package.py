"""What ships: the wheel, the version, the clauses, the helpers for frameworks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from fastapi import FastAPI
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from starlette.requests import Request
from starlette.testclient import TestClient

import asgi_consent
from asgi_consent import ConsentError, ConsentMiddleware
from asgi_consent.assets import STATIC, TEMPLATES
from asgi_consent.audit.clauses import CLAUSES
from asgi_consent.integrations.fastapi import ConsentDependency, requires
from asgi_consent.integrations.jinja import consent_context
from tests.asgi import SECRET, SimpleApp, get, post, scope_of

ROOT = Path(__file__).parents[1]


def built(folder: Path, **environment: str) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        env=os.environ | environment,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_wheel_holds_code_templates_static_files_and_types(tmp_path: Path) -> None:
    names = set(zipfile.ZipFile(built(tmp_path)).namelist())

    assert "asgi_consent/py.typed" in names
    assert "asgi_consent/catalog/services.jsonl" in names
    assert "asgi_consent/audit/clauses.toml" in names
    assert "asgi_consent/locales/zh_Hant/LC_MESSAGES/asgi_consent.po" in names
    for folder, source in (("templates", TEMPLATES), ("static", STATIC)):
        for path in source.rglob("*.*"):
            # Where somebody has run make lint.
            if not {"node_modules", ".checked"}.isdisjoint(path.parts):
                continue
            assert f"asgi_consent/{folder}/{path.relative_to(source)}" in names
    assert not any(name.startswith(("middleware", "tests", "e2e")) for name in names)


def test_wheel_is_the_same_bytes_wherever_and_whenever_it_is_built(tmp_path: Path) -> None:
    here = built(tmp_path / "here", TZ="UTC", LC_ALL="C")
    there = built(tmp_path / "there", TZ="Asia/Kathmandu", LC_ALL="C.UTF-8", PYTHONHASHSEED="7")

    assert here.read_bytes() == there.read_bytes()


def test_newest_entry_of_the_changelog_is_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()

    match = re.search(r"^## (\S+)", text, re.MULTILINE)
    assert match is not None
    assert match[1] == asgi_consent.__version__


def test_clauses_are_all_there_and_in_order() -> None:
    assert list(CLAUSES) == [f"C{number}" for number in range(1, 62)]
    assert all(clause.claim and clause.permits and clause.topic for clause in CLAUSES.values())


def test_fastapi_dependency_gives_the_consent_and_gates_a_route() -> None:
    app = FastAPI()

    @app.get("/")
    async def home(consent: ConsentDependency) -> dict[str, bool]:
        return {"statistics": consent.allows("statistics")}

    @app.get("/numbers", dependencies=[requires("statistics")])
    async def numbers() -> str:
        return "many"

    app.add_middleware(ConsentMiddleware, secret_key=SECRET)
    client = TestClient(app)
    assert client.get("/").json() == {"statistics": False}
    assert client.get("/numbers").status_code == 403

    client.post(
        "/_consent/choice", json={"choice": "accept"}, headers={"origin": "http://testserver"}
    )
    assert client.get("/").json() == {"statistics": True}
    assert client.get("/numbers").json() == "many"


def test_jinja_context_has_the_consent() -> None:
    app = SimpleApp()
    get(ConsentMiddleware(app, secret_key=SECRET))

    assert consent_context(Request(app.scope))["consent"].allows("necessary")


def test_missing_middleware_is_said_plainly() -> None:
    with pytest.raises(ConsentError, match="add ConsentMiddleware"):
        consent_context(Request(scope_of("/")))


def test_choice_by_a_script_without_sec_fetch_needs_the_origin() -> None:
    app = ConsentMiddleware(SimpleApp(), secret_key=SECRET)

    assert (
        post(
            app, "/_consent/choice", b"choice=accept", [(b"origin", b"http://shop.example")]
        ).status
        == 303
    )


def test_lock_has_all_that_development_asks_for_with_the_hashes_of_its_files() -> None:
    """`make lock` writes it anew after a change in pyproject.toml."""
    text = (ROOT / "requirements-dev.txt").read_text()
    locked: dict[str, list[str]] = {}
    for entry in re.split(r"\n(?=[a-z0-9])", text)[1:]:  # without the comment
        pin, *hashes = entry.split(" \\\n")
        name, _, version = pin.partition("==")
        assert all(one.strip().startswith("--hash=sha256:") for one in hashes), name
        assert hashes, name
        locked.setdefault(name, []).append(version.partition(" ;")[0])

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    waiting, seen = [*project["dependencies"], *extras["dev"]], 0
    while waiting:
        asked = Requirement(waiting.pop())
        if asked.name == "asgi-consent":
            waiting += [one for extra in asked.extras for one in extras[extra]]
            continue
        seen += 1
        found = locked[canonicalize_name(asked.name)]
        assert all(asked.specifier.contains(version) for version in found), asked
    assert seen > 40
