"""The reference of the command line, from the parser that reads it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from asgi_consent.cli import command_parser
from docs.made.markdown import plain, table


def command_line() -> str:
    """Every command with its arguments, from the parser that reads them."""
    parser = command_parser()
    text = f"# Command line\n\n{parser.description}\n\n"
    text += (
        "Exit codes: 0 is fine; 1, `check` found mistakes or `verify` faults; 2, bad usage or it "
        "could not run. An error is one line on standard error.\n"
    )
    return text + "".join(map(_command, _commands(parser)))


def _commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield command
                yield from _commands(command)


def _command(parser: argparse.ArgumentParser) -> str:
    name = parser.prog.partition(" ")[2]
    text = f"\n##{'#' * name.count(' ')} {name}\n\n{plain(parser.description or '')}\n"
    rows = [_argument(action) for action in parser._actions if _is_told(action)]
    if rows:
        usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
        text += f"\n```text\n{usage}\n```\n\n{table(('argument', 'what it is'), rows)}"
    if parser.epilog:
        begin, _, example = parser.epilog.partition(": ")
        text += f"\n{begin[0].upper()}{begin[1:]}: `{example}`\n"
    return text


def _is_told(action: argparse.Action) -> bool:
    return not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)


def _argument(action: argparse.Action) -> tuple[str, str]:
    value = str(action.metavar or ("" if action.nargs == 0 else action.dest.upper()))
    if action.choices:
        value = " or ".join(map(str, action.choices))
    name = f"{' '.join(action.option_strings)} {value}".strip()
    told = (action.help or "") % vars(action)
    return plain(f"`{name}`"), plain(told)
