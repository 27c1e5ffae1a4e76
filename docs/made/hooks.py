"""What MkDocs runs: it gets the pages and tables of pages.py in memory. Needs the project's folder
to be importable, as `python -m mkdocs` has it."""

from __future__ import annotations

from typing import Any

from mkdocs.structure.files import File, Files

from docs.made.pages import PAGES, with_tables


def on_files(files: Files, config: Any) -> Files:
    for path, make in PAGES.items():
        files.append(File.generated(config, path, content=make()))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    return with_tables(markdown)
