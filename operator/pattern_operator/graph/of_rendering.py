"""The graph of a pattern before it is deployed: of what rendering made of it, and of the design if it is one."""

from collections.abc import Iterator

from pattern_operator.api.object import Object, pluralize
from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.graph.build import MAX_NAME, MAX_WORDS, Part, graph_of
from pattern_operator.graph.design_edges import edges_of
from pattern_operator.graph.model import Edge, Graph, Node, NodeType, Point
from pattern_operator.graph.state import NodeState
from pattern_operator.quote import one_line
from pattern_operator.render import ComponentReason, Design

_STATES = {Outcome.REFUSED: NodeState.REFUSED, Outcome.SKIPPED: NodeState.SKIPPED}


def graph_of_rendering(rendering: Rendering, design: Design | None) -> Graph:
    """A node for each object and hook, and for each component of which there is none; drawings are left out."""
    objects = {str(each.key): each for each in _objects(rendering)}
    reports = {each.id: each for each in rendering.components}
    points = {each.id or each.place: each.drawn_at for each in design.components} if design is not None else {}
    parts = [_part(id_, each, reports.get(each.component), points.get(each.component)) for id_, each in objects.items()]
    nodes_of = {each.component: id_ for id_, each in objects.items() if each.component}
    components = list[Node]()
    for report in rendering.components:
        if report.outcome is not Outcome.RENDERED and report.reason != ComponentReason.ANNOTATION:
            node = _component(f"component/{len(components)}/{report.id}", report, points.get(report.id))
            nodes_of.setdefault(report.id, node.id)
            components.append(node)
    drawn = (_between(edge, nodes_of) for edge in edges_of(design)) if design is not None else iter(())
    return graph_of(parts, components=components, drawn=(each for each in drawn if each is not None))


def _objects(rendering: Rendering) -> Iterator[Object]:
    yield from rendering.objects
    yield from (each.object for each in rendering.hooks)


def _between(edge: Edge, nodes_of: dict[str, str]) -> Edge | None:
    """An edge between components as one between nodes; None where one of them has no node."""
    source, target = nodes_of.get(edge.source), nodes_of.get(edge.target)
    if source is None or target is None:
        return None
    return Edge(source, target, edge.relation, edge.origin)


def _part(id_: str, rendered: Object, report: ComponentReport | None, point: tuple[float, float] | None) -> Part:
    repairs = len(report.repairs) + report.more_repairs if report is not None else 0
    told = pluralize(repairs, "repair") if repairs else ""
    return Part(id_, rendered.body, NodeState.RENDERED, told, Point(*point) if point else None)


def _component(id_: str, report: ComponentReport, point: tuple[float, float] | None) -> Node:
    return Node(
        id=id_,
        type=NodeType.COMPONENT,
        kind=one_line(report.kind, MAX_NAME),
        name=one_line(report.name or report.id, MAX_NAME),
        namespace=one_line(report.namespace, MAX_NAME),
        state=_STATES[report.outcome],
        message=one_line(report.message, MAX_WORDS),
        drawn_at=Point(*point) if point else None,
    )
