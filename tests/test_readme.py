"""What the README says is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from asgi_consent.catalog.builtin import builtin_services
from asgi_consent.settings import read_settings
from tests.asgi import SECRET

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", blocks("python"), ids=lambda code: code.splitlines()[-2])
def test_every_python_block_runs(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "consent.toml").write_text('mode = "enforce"\n')
    monkeypatch.chdir(tmp_path)
    for variable in ("CONSENT_KEY", "ASGI_CONSENT_SECRET_KEY"):
        monkeypatch.setenv(variable, SECRET)

    exec(compile(code, "README.md", "exec", dont_inherit=True), {"__name__": "readme"})


@pytest.mark.parametrize("document", blocks("toml"))
def test_every_settings_block_is_valid(
    document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "1.toml").write_text("policy = {revision = 1}\n")

    read_settings(tomllib.loads(document))


def test_size_of_the_catalogue_is_told_right() -> None:
    numbers = set(re.findall(r"(\d+) services", README))

    assert numbers == {str(len(builtin_services()))}


def test_every_file_named_in_the_picture_exists() -> None:
    picture = README.split("middleware/asgi_consent/\n", 1)[1].split("```", 1)[0]

    for name in re.findall(r"\b[a-z_]+\.py\b|^  [a-z]+/", picture, re.MULTILINE):
        assert (ROOT / "middleware/asgi_consent" / name.strip()).exists(), name


def test_every_make_target_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()

    for target in set(re.findall(r"`?make ([a-z]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
