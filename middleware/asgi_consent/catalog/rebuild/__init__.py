"""Rebuilds `tail.tsv` from the lists in `sources.toml`. Not part of the wheel.

    python -m asgi_consent.catalog.rebuild --sources DIR     write it anew
    python -m asgi_consent.catalog.rebuild --check           fail if it is not what would be written

DIR holds a git repository for each source, named by its id; the commit that `sources.toml` names is
read from it, whatever is checked out. Without DIR, `--check` compares the hashes in `recorded.txt`.
Only facts are taken: names, hosts, cookie names and lifetimes, categories; never a description.
"""
