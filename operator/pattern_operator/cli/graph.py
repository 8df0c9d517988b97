"""``patternctl graph``: what a pattern is made of and how its parts hang together, before it is deployed."""

import argparse
from typing import TYPE_CHECKING, Final

from pattern_operator.cli import exit_codes, output, rendering
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from pattern_operator.graph import Graph

_EXAMPLES: Final = """\
examples:
  patternctl graph ./design.yml                                       as a nested list
  patternctl graph oci://registry.example/web:1.0.0 -o svg > web.svg  as a picture
  patternctl graph ./chart --name web --values prod.yaml -o mermaid   for a page of Markdown
  patternctl graph ./web -o dot | dot -Tpdf > web.pdf                 for Graphviz
  patternctl graph ./web -o json                                      nodes and edges for programs

Nodes are objects, and components of a design that have none; edges are relationships of the design, and what objects
own, name and select. What they name and the pattern does not have is a node, too (Outside). A picture has the places
that the author gave, and at most 200 nodes: the rest is folded by kind. The list, dot and json have all of them.

"""
_FORMS: Final = ("list", "svg", "mermaid", "dot", "json", "yaml")


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "graph",
        help="draw what a pattern is made of",
        description="Show what a pattern is made of and how its parts hang together, before it is deployed.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE),
    )
    command.add_argument(
        "artifact",
        nargs="?",
        metavar="FILE|DIR|REFERENCE|-",
        help="a file, folder, tar or oci:// reference; - for standard input (default: what --pattern names)",
    )
    command.add_argument("-o", "--output", choices=_FORMS, default="list", help="how to print (list: for people)")
    rendering.add_flags(command)
    command.hint = "; the name of a release is given by --name, and further patches by --patch"
    command.set_defaults(run=run, on_invalid="Skip")  # what is refused is a node that says so


def run(options: argparse.Namespace) -> int:
    """Render, and print the graph."""
    from pattern_operator.graph import graph_of_rendering
    from pattern_operator.render import design_of

    if options.artifact is None and options.pattern is None:
        options.command.error("name what to draw: a file, folder or reference, or a DesignPattern by --pattern")
    made = rendering.render(options)
    is_design = made.rendering.format == "Meshery"  # else its documents need not be read again
    design = design_of(made.files, options=made.asked.options) if is_design else None
    graph = graph_of_rendering(made.rendering, design)
    given = options.artifact if options.artifact is not None else options.pattern
    output.document(_written(graph, options.output, title=made.rendering.name or given))
    if not graph.nodes:
        output.print_error(f"there is nothing to draw in {output.plain(given)}")
    return exit_codes.OK


def _written(graph: "Graph", form: str, *, title: str) -> str:
    from pattern_operator.cli import tree_lines, yaml_output
    from pattern_operator.graph import dot, graph_document, lay_out, mermaid, outline, svg

    match form:
        case "svg":
            return svg(lay_out(graph), title=title)
        case "mermaid":
            return mermaid(graph)
        case "dot":
            return dot(graph)
        case "list":
            return "".join(f"{line}\n" for line in tree_lines.tree_lines(outline(graph)))
    return yaml_output.dump(graph_document(graph), form)
