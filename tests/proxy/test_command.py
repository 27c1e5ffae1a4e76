"""`proxy` and `serve` on the command line: what is wrong is said in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from asgi_consent.cli import main
from tests.asgi import SECRET
from tests.processes import LOOPBACK


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["proxy", "www.example.com"], "expected the address of a site"),
        (["proxy", "https://e.com/app"], "the path comes from the visitor"),
        (["proxy", "https://e.com", "--listen", "8000"], "expected an address such as"),
        (["proxy", "https://e.com", "--listen", "127.0.0.1:99999"], "expected an address such as"),
        (["proxy", "https://e.com", "--trust", "everybody"], "such as 10.0.0.0/8"),
        (["proxy", "https://e.com", "--timeout", "0"], "expected more than 0"),
        (["proxy", "https://e.com", "--ca-file", "nowhere.pem"], "there is no such file"),
        (["proxy", "https://e.com", "--config", "nowhere.toml"], "not found"),
        (["proxy", "https://e.com", "--secret-file", "key"], "is set as well"),
        (["serve", "nowhere"], "nowhere is not a folder"),
    ],
)
def test_mistake_is_one_line(
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ASGI_CONSENT_SECRET_KEY", SECRET)

    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_short_secret_in_the_environment_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASGI_CONSENT_SECRET_KEY", "short")

    assert main(["serve", str(tmp_path), "--listen", f"{LOOPBACK}:0"]) == 2
    assert "fewer than 32 characters" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["proxy", "www.example.com"],
        ["proxy", "https://e.com", "--listen", "127.0.0.1:99999"],
        ["proxy", "https://e.com", "--connections", "0"],
        ["serve", "nowhere"],
        ["serve", ".", "--listen", "192.0.2.1:80"],
    ],
)
def test_mistake_leaves_no_new_key_behind(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ASGI_CONSENT_SECRET_KEY", raising=False)

    assert main([*arguments, "--secret-file", str(tmp_path / "key")]) == 2
    assert [*tmp_path.iterdir()] == []
