"""The secret key of `proxy` and `serve` where none is set: made once, kept in a private file."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from asgi_consent.errors import SecretKeyError

_FOLDER, _NAME = "asgi-consent", "secret-key"


def usual_secret_file() -> Path:
    """https://specifications.freedesktop.org/basedir-spec: state that survives restarts."""
    state = os.environ.get("XDG_STATE_HOME", "")
    base = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    return base / _FOLDER / _NAME


def keep_secret(path: Path) -> tuple[str, bool]:
    """The key in `path`, and whether it has just been made. Raises SecretKeyError where it cannot
    be kept, or where others may read it."""
    try:
        return _read(path), False
    except FileNotFoundError:
        pass
    except OSError as error:
        raise SecretKeyError(f"{path} cannot be read: {error.strerror}") from None
    key = secrets.token_urlsafe(32)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, key)
    except FileExistsError:  # another one was quicker
        return _read(path), False
    except OSError as error:
        raise SecretKeyError(
            f"no secret key: {path} cannot be written ({error.strerror}); "
            "set ASGI_CONSENT_SECRET_KEY"
        ) from None
    return key, True


def _read(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        found = os.fstat(file.fileno())
        if os.name == "posix" and found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SecretKeyError(f"{path} may be read by others: chmod 600 {path}")
        return file.read().strip()


def _write(path: Path, key: str) -> None:
    """All of it or nothing, and never over another one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    finally:
        draft.unlink()
