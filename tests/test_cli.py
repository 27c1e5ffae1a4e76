"""The command line, called as its user calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from asgi_consent.cli import main


def run(
    *arguments: str, stdin: bytes = b"", cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ASGI_CONSENT")}
    return subprocess.run(
        [sys.executable, "-m", "asgi_consent", *arguments],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=environment,
        timeout=60,
        check=False,
    )


def one_line(text: bytes) -> str:
    lines = text.decode().splitlines()
    assert len(lines) == 1, text
    return lines[0]


def test_init_writes_a_file_that_check_accepts(tmp_path: Path) -> None:
    assert run("init", cwd=tmp_path).returncode == 0

    checked = run("check", "consent.toml", cwd=tmp_path)

    assert checked.returncode == 0
    assert b"no mistakes" in checked.stdout


def test_init_never_overwrites_by_itself(tmp_path: Path) -> None:
    (tmp_path / "consent.toml").write_text("# mine")

    refused = run("init", cwd=tmp_path)

    assert refused.returncode == 2
    assert "--force" in one_line(refused.stderr)
    assert (tmp_path / "consent.toml").read_text() == "# mine"
    assert run("init", "--force", cwd=tmp_path).returncode == 0


def test_check_prints_every_mistake_and_fails(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('mode = "x"\n[policy]\nrevision = "one"\ntypo = 1\n')

    checked = run("check", str(path))

    assert checked.returncode == 1
    lines = checked.stdout.decode().splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{path}: ") for line in lines)
    assert b"Traceback" not in checked.stderr


def test_rewrite_gates_what_is_not_granted() -> None:
    html = b"<script src=https://www.google-analytics.com/a.js></script><img src=https://fonts.gstatic.com/x>"

    nothing = run("rewrite", "--url", "https://shop.example/", stdin=html).stdout
    statistics = run("rewrite", "--grant", "statistics", stdin=html).stdout
    both = run("rewrite", "--grant", "statistics", "--grant", "preferences", stdin=html).stdout

    assert nothing.count(b"data-consent-gated") == 2
    assert statistics.count(b"data-consent-gated") == 1
    assert both == html


def test_rewrite_tells_the_pages_own_hosts_from_others() -> None:
    html = b"<img src=https://img.shop.example/x.png>"

    assert run("rewrite", "--url", "https://www.shop.example/", stdin=html).stdout == html
    assert b"undeclared" in run("rewrite", stdin=html).stdout


def test_rewrite_goes_by_the_settings_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "consent.toml"
    path.write_text('unknown_hosts = "allow"\n')
    html = b"<img src=https://img.shop.example/x.png>"

    assert run("rewrite", "--config", str(path), stdin=html).stdout == html


def test_classify_answers_line_by_line_in_order() -> None:
    stdin = (
        b"url https://www.google-analytics.com/ga.js\ncookie _fbp\nstorage nobody\n"
        b"url www.youtube.com/embed/x?y=//z\n"
    )

    result = run("classify", stdin=stdin)

    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(a["kind"], a["service"], a["category"]) for a in answers] == [
        ("url", "google-analytics", "statistics"),
        ("cookie", "meta-pixel", "marketing"),
        ("storage", None, None),
        ("url", "youtube", "marketing"),
    ]
    assert answers[2] == {
        "kind": "storage", "value": "nobody", "service": None, "vendor": None, "category": None,
    }  # fmt: skip


def test_classify_takes_files_as_editors_write_them() -> None:
    lines = "\ufeffcookie\t_ga\r\n# a comment\n\n  storage   _hjid  \n"

    done = run("classify", stdin=lines.encode())

    assert [json.loads(line)["value"] for line in done.stdout.splitlines()] == ["_ga", "_hjid"]


def test_line_that_is_not_understood_is_shown() -> None:
    failed = run("classify", stdin=b"cookie _ga\nhttps://t.example/\n")

    assert failed.returncode == 2
    assert "line 2" in one_line(failed.stderr)
    assert "https://t.example/" in one_line(failed.stderr)


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["classify", "--help"], b""),
        (["classify"], "cookie é".encode()),
        (["rewrite", "--url", "é"], b""),
    ],
)
def test_terminal_that_knows_ascii_only_gets_no_traceback(
    arguments: list[str], stdin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")

    done = run(*arguments, stdin=stdin)

    assert b"Traceback" not in done.stderr
    if arguments == ["classify"]:
        assert json.loads(done.stdout)["value"] == "é"


@pytest.mark.parametrize(
    "url", ["x", "ftp://a.example/", "https://a.example:x/", "https://a b/", "https://:80/", "//a/"]
)
def test_address_of_no_page_is_refused(url: str) -> None:
    assert "--url" in one_line(run("rewrite", "--url", url).stderr)


def test_address_beyond_ascii_knows_its_own_host() -> None:
    page = b"<img src=https://xn--mnchen-3ya.de/x.png>"

    assert run("rewrite", "--url", "https://münchen.de/", stdin=page).stdout == page


def test_check_tells_of_categories_that_nothing_is_listed_in(tmp_path: Path) -> None:
    (tmp_path / "consent.toml").write_text(
        "[categories]\nmarketing = false\n[[services]]\nid = 'matomo'\n"
    )

    checked = run("check", cwd=tmp_path).stdout.decode()

    assert "visitors are asked for preferences, and no [[services]]" in checked


def test_classify_answers_before_the_input_ends() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "asgi_consent", "classify"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"cookie _ga\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["service"] == "google-analytics"
        process.stdin.close()


@pytest.mark.parametrize(
    ("arguments", "stdin", "expected"),
    [
        (["check", "no-such.toml"], b"", "no-such.toml"),
        (["rewrite", "--grant", "statistic"], b"", "statistic"),
        (["rewrite", "--url", "shop.example"], b"", "https://"),
        (["rewrite", "--config", "no-such.toml"], b"", "not found"),
        (["classify"], b"host x\n", "line 1"),
        (["demo", "--port", "99999"], b"", "99999"),
        (["demo", "--host", "no.such.host.invalid"], b"", "no.such.host.invalid"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(
    arguments: list[str], stdin: bytes, expected: str
) -> None:
    result = run(*arguments, stdin=stdin)

    assert result.returncode == 2
    assert expected in one_line(result.stderr)
    assert result.stdout == b""


def test_help_teaches() -> None:
    text = run("--help").stdout.decode()

    for command in ("init", "check", "demo", "rewrite", "classify"):
        assert command in text
        assert run(command, "--help").returncode == 0
    assert run("no-such-command").returncode == 2


def test_unreadable_files_are_told_from_mistakes_in_them(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / ("a" * 300), tmp_path / "none.toml"):
        result = run("check", str(path))
        assert result.returncode == 2
        assert "file:" in one_line(result.stderr)

    odd = tmp_path / "odd.toml"
    for content in (b"\xef\xbb\xbfmode = 'observe'\n", b"mode = 'enforce'\r\n"):
        odd.write_bytes(content)
        assert run("check", "--config", str(odd)).returncode == 0
    for content in (b"x = " + b"[" * 5000, b"x = " + b"1" * 5000, b"\xff"):
        odd.write_bytes(content)
        result = run("check", str(odd))
        assert result.returncode == 1
        assert "file: is not" in one_line(result.stdout)


@pytest.mark.parametrize("command", ["rewrite", "classify"])
def test_closed_or_full_output_is_no_traceback(command: str) -> None:
    for redirection, expected in (("<&-", 2), (">&-", 2), (">/dev/full", 2), ("| head -c 0", 0)):
        line = f"echo 'cookie _ga' | {sys.executable} -m asgi_consent {command} {redirection}"
        result = subprocess.run(["sh", "-c", line], capture_output=True, timeout=60, check=False)
        assert result.returncode == expected, redirection
        assert b"Traceback" not in result.stderr


def test_secret_in_the_settings_file_is_refused_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "consent.toml"
    path.write_text('secret_key = "hunter2hunter2"\n')

    result = run("check", str(path))

    assert b"ASGI_CONSENT_SECRET_KEY" in result.stdout
    assert b"hunter2" not in result.stdout + result.stderr


def test_catalogue_is_searched_by_every_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "search", "microsoft", "replay"]) == 0

    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "microsoft-clarity"
    ]


def test_catalogue_shows_all_that_is_known_of_a_service(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "show", "microsoft-clarity"]) == 0

    shown = json.loads(capsys.readouterr().out)
    assert shown["consent_api"] == "clarity-consent"
    assert {"name": "_clck", "lifetime": "1y"} in shown["cookies"]
    assert shown["needs_declaring"] is False


@pytest.mark.parametrize("arguments", [["show", "no-such-id"], ["search", "zzzzzz"]])
def test_what_the_catalogue_has_not_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(["catalogue", *arguments]) == 2

    assert len(capsys.readouterr().err.splitlines()) == 1
