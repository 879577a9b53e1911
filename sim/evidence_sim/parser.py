"""The parser of the command and of its parts: it suggests names, refuses options, writes scripts that complete."""

import argparse
import sys
from itertools import chain
from pathlib import Path
from typing import Any

from evidence_sim.machines import MACHINES
from evidence_sim.meant import meant
from evidence_sim.usage import OK, Unusable, machines

SHELLS = ("bash", "zsh", "fish")
_SAYS = """bash:  eval "$(evidence-sim completion bash)"        in ~/.bashrc
zsh:   eval "$(evidence-sim completion zsh)"         in ~/.zshrc, after compinit
fish:  evidence-sim completion fish | source         in ~/.config/fish/config.fish"""
_EXAMPLES = """examples:
  evidence-sim completion bash
  evidence-sim completion fish
"""


class Parser(argparse.ArgumentParser):
    """As argparse's, whose parsers of commands are of its kind; a name that there is not is told the nearest."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)  # examples keep their lines
        super().__init__(**settings)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """An option that there is not ends it here, before what follows it is taken for something else."""
        given = sys.argv[1:] if args is None else list(args)
        parts = commands(self)
        for one in given[: next((at for at, one in enumerate(given) if one == "--" or one in parts), None)]:
            option = one.partition("=")[0]
            known = self._option_string_actions
            if option.startswith("--") and " " not in one and not any(name.startswith(option) for name in known):
                self.error(f"there is no option {option}{meant(option, known)}")
        return super().parse_known_args(given, namespace)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as wrong:
            raise argparse.ArgumentError(action, f"{wrong.message}{meant(value, action.choices or ())}") from None


def add_completion(parts: Any, whole: argparse.ArgumentParser) -> None:
    """The command `completion`, of the whole parser."""
    completion = parts.add_parser(
        "completion",
        help="print the script by which a shell completes evidence-sim",
        description=_SAYS,
        epilog=_EXAMPLES,
    )
    completion.add_argument("shell", choices=SHELLS)

    def printed(given: argparse.Namespace) -> int:
        sys.stdout.write(completing(whole, given.shell))
        return OK

    completion.set_defaults(do=printed)


def completing(whole: argparse.ArgumentParser, shell: str) -> str:
    """The script. The parser is spent: what only completion should offer is written into it."""
    import shtab  # only this command needs it

    for action in chain.from_iterable(part._actions for part in (whole, *commands(whole).values())):
        if action.type is Path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # what shtab looks for
        elif action.type is machines:
            action.choices = list(MACHINES)
    return shtab.complete(whole, shell)


def refuse_misplaced(whole: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    """Raises Unusable where an option stands before a command that has none of the name."""
    if given.named is None:
        return
    known = {action.dest for action in commands(whole)[given.named]._actions}
    for action in whole._actions:
        value = getattr(given, action.dest, action.default)
        if action.option_strings and value != action.default and action.dest not in known:
            option = action.option_strings[0]
            raise Unusable(f"{given.named} has no {option}; leave out {option} {value}")


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of a parser's commands, by name."""
    return {
        name: command
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for name, command in action.choices.items()
    }
