"""The page Patterns: what runs, which version, is it well, who signed it."""

from http import HTTPStatus
from typing import Any

from aiohttp import web

from pattern_operator.console.actions import ACTIONS
from pattern_operator.console.event_stream import stream_view
from pattern_operator.console.pattern_list import READY, SUSPENDED, Query, select
from pattern_operator.console.pattern_view import MAX_ROWS, PatternView, ViewPhase
from pattern_operator.console.visit import Visit


async def show(visit: Visit) -> web.Response:
    """The list as its URL asks for it."""
    query = Query.of(visit.request.query)
    view = await visit.patterns(query.namespace)
    if view.state.phase is ViewPhase.FORBIDDEN:
        return visit.page(
            "patterns_forbidden.html",
            status=HTTPStatus.FORBIDDEN,
            message=view.state.message,
            namespace=query.namespace or visit.console.settings.namespace,
            role="pattern-operator-view",
        )
    unknown = view.state.phase is ViewPhase.NOT_LIVE and not view.rows
    status = HTTPStatus.SERVICE_UNAVAILABLE if unknown else HTTPStatus.OK
    done = ACTIONS.get(visit.request.query.get("done", ""))
    return visit.page(
        "patterns.html",
        status=status,
        ready_choices=(*READY, SUSPENDED),
        done=done.done if done else "",
        **_values(view, query),
    )


async def stream(visit: Visit) -> web.StreamResponse:
    """The same list, again and again."""
    query = Query.of(visit.request.query)
    view = await visit.patterns(query.namespace)

    async def part() -> str:
        return visit.render("_patterns.html", **_values(view, query))

    return await stream_view(visit, view, part)


def _values(view: PatternView, query: Query) -> dict[str, Any]:
    """What the templates of the list are given."""
    page = select(view.rows.values(), query)
    return {
        "page": page,
        "query": page.query,
        "state": view.state,
        "most": MAX_ROWS if view.truncated else 0,
        "namespace": view.namespace,
    }
