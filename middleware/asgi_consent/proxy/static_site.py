"""A folder of files as a site: its index pages, addresses without .html, its own 404.html."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope as StarletteScope

from asgi_consent.errors import ConsentError
from asgi_consent.proxy.pages import Pages
from asgi_consent.types import Receive, Scope, Send


class FolderError(ConsentError):
    """There is no folder to serve."""


def check_folder(folder: Path) -> None:
    """Raises FolderError."""
    if not folder.is_dir():
        raise FolderError(f"{folder} is not a folder")


class StaticSite:
    """Raises FolderError."""

    def __init__(self, folder: Path, pages: Pages) -> None:
        check_folder(folder)
        self._files = _Files(directory=folder, html=True)
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
        elif scope["type"] == "http":
            try:
                await self._files(scope, receive, send)
            except HTTPException as error:
                status = error.status_code if error.status_code in (404, 405) else 404
                await self._pages.send(send, scope, status)


class _Files(StaticFiles):
    """Never what begins with a dot: .git and .env lie in such folders. .well-known is meant to be
    seen, RFC 8615."""

    async def get_response(self, path: str, scope: StarletteScope) -> Response:
        hidden = (part for part in path.split(os.sep) if part.startswith("."))
        if any(part not in (".", ".well-known") for part in hidden):
            raise HTTPException(404)
        if scope["method"] in ("GET", "HEAD") and not path.endswith(".html"):
            found = await anyio.to_thread.run_sync(self._named_without_html, path)
            if found:
                return self.file_response(*found, scope)
        return await super().get_response(path, scope)

    def _named_without_html(self, path: str) -> tuple[str, os.stat_result] | None:
        """The page that `path` is short for, if there is nothing at `path` itself."""
        try:
            if self.lookup_path(path)[1] is not None:
                return None
            full, found = self.lookup_path(path + ".html")
        except (OSError, ValueError):  # too long for a name, or with a NUL: the base class answers
            return None
        return (full, found) if found is not None and stat.S_ISREG(found.st_mode) else None
