"""`asgi-consent serve`: a folder of files as a site."""

from __future__ import annotations

from pathlib import Path

import pytest

from asgi_consent.proxy.build import static_app
from asgi_consent.proxy.pages import Pages
from asgi_consent.proxy.static_site import FolderError, StaticSite
from asgi_consent.types import App
from tests.asgi import SECRET, get
from tests.conftest import shop_settings


@pytest.fixture
def site(tmp_path: Path) -> App:
    files = {
        "index.html": "<p>home<img src=https://t.example/p.gif>",
        "about.html": "<p>about",
        "docs/index.html": "<p>docs",
        "docs.html": "<p>another",
        "style.css": "p {}",
        ".env": "PASSWORD=1",
        ".git/config": "secret",
        "docs/.hidden.html": "secret",
        ".well-known/security.txt": "Contact: a@b.example",
    }
    for name, text in files.items():
        path = tmp_path / "public" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "outside.txt").write_text("secret")
    (tmp_path / "public" / "link.txt").symlink_to(tmp_path / "outside.txt")
    return static_app(tmp_path / "public", shop_settings(), SECRET)


def test_pages_are_gated_and_other_files_are_not_touched(site: App) -> None:
    page, style = get(site, "/"), get(site, "/style.css")

    assert b"data-consent-src=https://t.example/p.gif" in page.body
    assert page.body.count(b"<asgi-consent") == 1
    assert style.body == b"p {}"


@pytest.mark.parametrize(
    ("path", "text"), [("/about", b"about"), ("/about.html", b"about"), ("/docs/", b"docs")]
)
def test_addresses_need_no_html_at_their_end(site: App, path: str, text: bytes) -> None:
    assert text in get(site, path).body


def test_folder_is_found_without_its_slash(site: App) -> None:
    answer = get(site, "/docs")

    assert answer.first("location") == b"http://shop.example/docs/"


@pytest.mark.parametrize(
    "path",
    ["/.env", "/.git/config", "/docs/.hidden.html", "/docs/.hidden", "/../outside.txt",
     "/docs/../../outside.txt", "//etc/passwd", "/link.txt", "/nowhere", "/a\0b", "/" + "x" * 5000],
)  # fmt: skip
def test_what_is_not_part_of_the_site_is_not_there(site: App, path: str) -> None:
    answer = get(site, path)

    assert answer.status in (400, 404)
    assert b"secret" not in answer.body
    assert b"PASSWORD" not in answer.body


def test_well_known_files_are_there(site: App) -> None:
    assert get(site, "/.well-known/security.txt").status == 200


def test_own_404_page_is_used(site: App, tmp_path: Path) -> None:
    (tmp_path / "public" / "404.html").write_text("<p>lost?")

    answer = get(site, "/nowhere")

    assert (answer.status, b"lost?" in answer.body) == (404, True)


def test_only_reading_is_possible(site: App) -> None:
    assert get(site, "/about", method="DELETE").status == 405


def test_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="is not a folder"):
        StaticSite(tmp_path / "nowhere", Pages())
