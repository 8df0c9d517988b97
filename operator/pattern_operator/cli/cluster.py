"""What commands about DesignPatterns share: the flags for the cluster, and how patterns are printed.

Nothing here imports what ``--help`` does not need; ``session`` connects to the cluster.
"""

import argparse
from typing import Any, Final

from pattern_operator.cli import output

RESOURCE: Final = "designpattern.pattern-operator.io"  # as kubectl prints it with -o name


class UsageError(Exception):
    """The command line is wrong, which only the API server could see; the message says what is right."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Declare which cluster, and which namespace of it."""
    command.add_argument("-n", "--namespace", help="its namespace (default: the one of the kubeconfig's context)")
    command.add_argument("--kubeconfig", metavar="FILE", help="default: $KUBECONFIG, then ~/.kube/config")
    command.add_argument("--context", help="the context of the kubeconfig (default: its current one)")


def typed(command: str, name: str, options: argparse.Namespace) -> str:
    """Another command for the same pattern, as it is typed."""
    return f"patternctl {command} {name}" + (f" -n {options.namespace}" if options.namespace else "")


def check_name(name: str) -> None:
    """Raise UsageError for ``dp/web``, as kubectl takes it: a command is about one kind."""
    kind, slash, alone = name.rpartition("/")
    if slash:
        raise UsageError(f"NAME is the name alone: write {alone or 'web'}, without {kind}/")


def add_output(command: argparse.ArgumentParser) -> None:
    """Declare how to print what was changed."""
    choices = ("table", "json", "yaml", "name")
    command.add_argument("-o", "--output", choices=choices, default="table", help="how to print (table: for people)")


def show(patterns: list[dict[str, Any]], form: str) -> None:
    """Print patterns for programs: one as it is, several as a list, or a name each."""
    if form == "name":
        from pattern_operator.api.fields import ObjectMeta

        for each in patterns:
            print(f"{RESOURCE}/{output.plain(ObjectMeta.of(each).name)}")
        return
    from pattern_operator.cli import yaml_output

    for each in patterns:
        readable(each)
    whole = patterns[0] if len(patterns) == 1 else {"apiVersion": "v1", "kind": "List", "items": patterns}
    output.document(yaml_output.dump(whole, form))


def readable(pattern: dict[str, Any]) -> None:
    """Leave out what is longer than all the rest, and kubectl does not show either; write out what is compressed."""
    from pattern_operator.api.inventorycodec import expand

    if isinstance(metadata := pattern.get("metadata"), dict):
        metadata.pop("managedFields", None)
    expand(pattern)
