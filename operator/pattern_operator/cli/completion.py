"""``patternctl completion``: words for bash, zsh, fish and kubectl while a command line is typed.

A shell's script only asks the program (``patternctl __complete WORD...``), which answers as kubectl expects it of a
plugin: a candidate a line, behind a tab what it is for, and at the end ``:4`` (no files) or ``:0`` (files, too).
Source: Kubernetes documentation, "Extend kubectl with plugins", section "Creating completion script for your plugin".
"""

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from pattern_operator.cli import exit_codes
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pattern_operator.cli.session import Cluster

COMPLETE: Final = "__complete"
_NO_FILES: Final = 4  # directives of kubectl's completion
_FILES: Final = 0
_OF_FILES: Final = frozenset(  # arguments that name a file or folder
    {
        *("artifact", "path", "pattern", "key", "kubeconfig", "report", "values", "patch"),
        *("policy", "trusted_root", "notation_policy", "trust_store", "layout", "output_key_prefix"),
    }
)
_NAMES_WITHIN: Final = 2.0  # seconds that a person waits for names; without an answer there are none

_EXAMPLES = """\
examples:
  patternctl completion fish > ~/.config/fish/completions/patternctl.fish
  patternctl completion zsh > "${fpath[1]}/_patternctl"                    needs compinit, as in most ~/.zshrc
  source <(patternctl completion bash)                                   this shell; or add the line to ~/.bashrc

`kubectl pattern` is completed where kubectl is: kubectl asks the program kubectl_complete-pattern, which comes along.

"""
_BASH: Final = """\
# bash completion of patternctl
_patternctl() {
    local IFS=$'\\n' lines directive
    local words=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
    lines=($(patternctl __complete "${words[@]}" "${COMP_WORDS[COMP_CWORD]}" 2>/dev/null)) || return
    directive=${lines[${#lines[@]}-1]}
    unset "lines[${#lines[@]}-1]"
    COMPREPLY=($(compgen -W "${lines[*]%%$'\\t'*}" -- "${COMP_WORDS[COMP_CWORD]}"))
    if [[ $directive == :0 && ${#COMPREPLY[@]} -eq 0 ]]; then
        COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
        compopt -o filenames 2>/dev/null
    fi
}
complete -F _patternctl patternctl
"""
_ZSH: Final = """\
#compdef patternctl
# zsh completion of patternctl
_patternctl() {
    local -a lines described
    local line directive
    lines=("${(@f)$(patternctl __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    directive=${lines[-1]}
    for line in "${(@)lines[1,-2]}"; do
        described+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}")
    done
    if (( ${#described} )); then
        _describe 'patternctl' described
    elif [[ $directive == :0 ]]; then
        _files
    fi
}
if [[ ${funcstack[1]} == _patternctl ]]; then
    _patternctl "$@"
else
    compdef _patternctl patternctl
fi
"""
_FISH: Final = """\
# fish completion of patternctl
function __patternctl_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines (patternctl __complete $words[2..-1] 2>/dev/null)
    set -l count (count $lines)
    if test $count -gt 1
        printf '%s\\n' $lines[1..(math $count - 1)]
    else if test "$lines[$count]" = ':0'
        __fish_complete_path (commandline -ct)
    end
end
complete -c patternctl -f -a '(__patternctl_complete)'
"""
_SCRIPTS: Final = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "completion",
        help="print what completes command lines in bash, zsh or fish",
        description="Print the script that completes command lines of patternctl in a shell.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.USAGE),
    )
    command.add_argument("shell", choices=tuple(_SCRIPTS), metavar="SHELL", help="bash, zsh or fish")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    sys.stdout.write(_SCRIPTS[options.shell])
    return exit_codes.OK


def complete(top: Parser, words: list[str]) -> int:
    """Answer a shell: what the last of ``words``, which may be empty, can become."""
    last = words[-1] if words else ""
    candidates, directive = _candidates(top, words[:-1], last)
    for word, what in candidates:
        if word.startswith(last):
            print(f"{word}\t{what}")
    print(f":{directive}")
    return exit_codes.OK


def _candidates(top: Parser, before: list[str], last: str) -> tuple[list[tuple[str, str]], int]:
    command, given = _command(top, before)
    if command is None:
        commands = _subcommands(top)
        return [*commands.items(), *(_flags(top) if last.startswith("-") else ())], _NO_FILES
    action = _awaits(command, given[-1]) if given else None
    if action is not None:
        return _values(action, given)
    if last.startswith("-"):
        return list(_flags(command)), _NO_FILES
    positional = _positional(command, given)
    return _values(positional, given) if positional is not None else ([], _NO_FILES)


def _subparsers(top: Parser) -> "argparse._SubParsersAction[Parser]":
    return next(action for action in top._actions if isinstance(action, argparse._SubParsersAction))


def _subcommands(top: Parser) -> dict[str, str]:
    return {each.dest: each.help or "" for each in _subparsers(top)._choices_actions}


def _command(top: Parser, before: list[str]) -> tuple[Parser | None, list[str]]:
    """The sub-command that was typed, and the words after it."""
    choices = _subparsers(top).choices
    for position, word in enumerate(before):
        if word in choices:
            return choices[word], before[position + 1 :]
    return None, []


def _flags(command: Parser) -> Iterator[tuple[str, str]]:
    for action in command._actions:
        for flag in action.option_strings:
            yield flag, (action.help or "").replace("%%", "%")


def _awaits(command: Parser, word: str) -> argparse.Action | None:
    """The flag whose value comes next."""
    for action in command._actions:
        if word in action.option_strings and action.nargs != 0:
            return action
    return None


def _positional(command: Parser, given: list[str]) -> argparse.Action | None:
    """The argument without a flag that the next word is for."""
    count, skip = 0, False
    for word in given:
        if skip or word.startswith("-"):
            skip = not skip and _awaits(command, word) is not None
            continue
        count += 1
    positionals = [action for action in command._actions if not action.option_strings]
    if count < len(positionals):
        return positionals[count]
    return positionals[-1] if positionals and positionals[-1].nargs == "+" else None


def _values(action: argparse.Action, given: list[str]) -> tuple[list[tuple[str, str]], int]:
    if action.choices:
        return [(str(each), "") for each in action.choices], _NO_FILES
    if action.dest in ("name", "names"):
        return [(name, "") for name in _names(given) if name not in given], _NO_FILES
    if action.dest == "namespace":
        return [(name, "") for name in _namespaces(given[:-1])], _NO_FILES  # without the flag that awaits it
    return [], _FILES if action.dest in _OF_FILES else _NO_FILES


def _names(given: list[str]) -> list[str]:
    """The names of patterns where the words typed so far lead; none where nobody answers soon."""
    from pattern_operator.kube import objects
    from pattern_operator.kube.wellknown import DESIGN_PATTERN

    return _listed(given, lambda here: objects.list_(here.session, DESIGN_PATTERN, namespace=here.namespace))


def _namespaces(given: list[str]) -> list[str]:
    """The namespaces of the cluster that the words typed so far lead to; none for who may not list them."""
    from pattern_operator.cli.installation import NAMESPACES
    from pattern_operator.kube import objects

    return _listed(given, lambda here: objects.list_(here.session, NAMESPACES))


def _listed(given: list[str], ask_for: "Callable[[Cluster], Awaitable[Sequence[dict[str, Any]]]]") -> list[str]:
    """The names of what a cluster lists; none where nobody answers soon."""
    import asyncio

    from pattern_operator.api.fields import ObjectMeta
    from pattern_operator.cli import cluster, session
    from pattern_operator.errors import PatternError
    from pattern_operator.kube import ApiError

    where = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    cluster.add_arguments(where)

    async def ask() -> list[str]:
        options, _ = where.parse_known_args(given)
        async with asyncio.timeout(_NAMES_WITHIN), session.connected(options) as here:
            found = await ask_for(here)
        return [ObjectMeta.of(each).name for each in found]

    try:
        return asyncio.run(ask())
    except (PatternError, ApiError, TimeoutError, OSError, argparse.ArgumentError):
        return []
