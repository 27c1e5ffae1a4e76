"""The targets by coverage, with atheris: python -m tests.fuzz TARGET|all SECONDS [CORPUS].

What breaks one is printed with its bytes; write those among the seeds of the target. What is found
to lead further is kept in CORPUS/TARGET, if one is named.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

_USAGE = "python -m tests.fuzz TARGET|all SECONDS [CORPUS]"
#: bytes of one input: some parsers read no more, others do the same again
_LONGEST = 4096


def main(name: str, seconds: str, corpus: str = "") -> int:
    if find_spec("atheris") is None:
        print("no atheris here: the targets run with hypothesis alone (pytest tests/fuzz)")
        return 0
    with TemporaryDirectory(prefix="asgi-consent-corpus-") as folder:
        if name != "all":
            return _fuzz(name, seconds, Path(corpus or folder))
        # libFuzzer ends its process.
        call = [sys.executable, "-m", "tests.fuzz"]
        failed = [
            one for one in _names() if subprocess.call([*call, one, seconds, corpus or folder])
        ]
    print(f"broken: {', '.join(failed)}" if failed else "all targets hold")
    return bool(failed)


def _names() -> list[str]:
    import tests.fuzz.targets  # noqa: F401
    from tests.fuzz.target import TARGETS

    return list(TARGETS)


def _fuzz(name: str, seconds: str, corpus: Path) -> int:
    import atheris

    with atheris.instrument_imports(include=["asgi_consent"]):
        import tests.fuzz.targets  # noqa: F401
    from tests.fuzz.target import TARGETS

    if name not in TARGETS:
        print(f"{_USAGE}\ntargets: {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    target = TARGETS[name]
    print(f"{name}: {target.invariant}", flush=True)
    own = corpus / name
    own.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(target.seeds):
        (own / f"seed-{number}").write_bytes(one)
    words = corpus / f"{name}.dict"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words if len(word) < 60))
    atheris.Setup(
        [
            "tests.fuzz",
            str(own),
            f"-dict={words}",
            f"-max_total_time={seconds}",
            f"-max_len={_LONGEST}",
            f"-artifact_prefix={corpus}/",
            "-timeout=20",  # a hang; what is slow fails the target itself
            "-rss_limit_mb=2048",
            "-verbosity=0",
            "-print_final_stats=1",
        ],
        target.run,
    )
    atheris.Fuzz()
    return 0


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(_USAGE)
    sys.exit(main(*sys.argv[1:]))
