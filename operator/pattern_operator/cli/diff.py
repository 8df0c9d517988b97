"""``patternctl diff``: which objects and fields differ between two patterns, or two versions of one."""

import argparse
from typing import TYPE_CHECKING, Final

from pattern_operator.cli import exit_codes, inputs, output, rendering
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pattern_operator.api.object import Object
    from pattern_operator.diff import Difference, FieldDifference, ObjectDifference

_EXAMPLES: Final = """\
examples:
  patternctl diff oci://registry.example/web:1.0.0 oci://registry.example/web:1.1.0
  patternctl diff oci://registry.example/web:1.1.0 ./web           what a push of the folder would change
  patternctl diff ./chart-1.0.tgz ./chart-1.1.tgz --name web --values prod.yaml
  patternctl diff ./old ./new -o json                              for programs, with the fields of each object

Both are rendered with the same flags, as patternctl render does. Values of Secrets are compared and never shown.

"""
_SIGNS: Final = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
_REFERENCE: Final = "FILE|DIR|REFERENCE|-"


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    codes = (exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE, exit_codes.REFUSED, exit_codes.DIFFERENT)
    command = commands.add_parser(
        "diff",
        help="compare the objects of two patterns, or versions of one",
        description="Show which objects and fields differ between two patterns, or two versions of one.",
        epilog=_EXAMPLES + exit_codes.table(*codes),
    )
    command.add_argument("artifact", metavar="REFERENCE_A", help=f"what is before: {_REFERENCE}")
    command.add_argument("artifact_after", metavar="REFERENCE_B", help=f"what is after: {_REFERENCE}")
    command.add_argument(
        "-o", "--output", choices=("table", "json", "yaml"), default="table", help="how to print (table: for people)"
    )
    command.add_argument(
        "--on-invalid",
        choices=rendering.ON_INVALID,
        help="where a component is refused: compare nothing, or the rest",
    )
    rendering.add_flags(command)
    command.set_defaults(run=run, no_hooks=False)


def run(options: argparse.Namespace) -> int:
    """Render both, compare, and print."""
    from pattern_operator.diff import compare, difference_document

    if options.artifact == options.artifact_after == inputs.STDIN:
        options.command.error("only one of the two can be standard input")
    before = _objects(options)
    after = _objects(argparse.Namespace(**{**vars(options), "artifact": options.artifact_after}))
    if before is None or after is None:
        return exit_codes.REFUSED
    difference = compare(before, after)
    if options.output == "table":
        for line in _lines(difference):
            print(line)
    else:
        from pattern_operator.cli import yaml_output

        output.document(yaml_output.dump(difference_document(difference), options.output))
    return exit_codes.DIFFERENT if difference.objects else exit_codes.OK


def _objects(options: argparse.Namespace) -> "list[Object] | None":
    """The objects and hooks; None, and why on standard error, where a component is refused."""
    printed = rendering.printed(options)
    for message in (*printed.complaints(), *printed.notes()):
        output.print_error(f"{output.plain(options.artifact)}: {message}")
    return None if printed.is_refused else printed.objects


def _lines(difference: "Difference") -> "Iterator[str]":
    for each in difference.objects:
        yield from _object(each)
    counts = ", ".join(
        f"{sum(1 for each in difference.objects if each.change == change)} {change}" for change in _SIGNS
    )
    yield f"{counts}, {difference.same} the same"


def _object(each: "ObjectDifference") -> "Iterator[str]":
    sign, colour = _SIGNS[each.change]
    yield output.colour(f"{sign} {output.plain(each.key.display_name)}", colour)
    yield from (_field(field) for field in each.fields)
    if each.more_fields:
        yield f"    and {each.more_fields} more fields"


def _field(field: "FieldDifference") -> str:
    sign, colour = _SIGNS[field.change]
    values = " -> ".join(output.plain(each) for each in (field.before, field.after) if each)
    return output.colour(f"    {sign} {output.plain(field.path)}: {values}", colour)
