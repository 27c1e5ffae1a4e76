"""The secret key that proxy and serve make for themselves."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from asgi_consent.errors import SecretKeyError
from asgi_consent.proxy.secret_file import keep_secret, usual_secret_file
from asgi_consent.signing import check_keys


def test_key_is_made_once_and_kept_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key"

    key, made = keep_secret(path)

    assert made
    assert check_keys([key]) == [key]
    assert keep_secret(path) == (key, False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["key"]


def test_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("x" * 40)
    path.chmod(0o644)

    with pytest.raises(SecretKeyError, match="chmod 600"):
        keep_secret(path)


def test_key_that_cannot_be_kept_is_an_error_and_not_a_random_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SecretKeyError, match=r"ASGI_CONSENT_SECRET_KEY|cannot be read"):
        keep_secret(tmp_path / "file" / "key")


def test_usual_place_is_where_state_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    assert usual_secret_file() == Path("/var/state/asgi-consent/secret-key")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert usual_secret_file() == Path.home() / ".local/state/asgi-consent/secret-key"
