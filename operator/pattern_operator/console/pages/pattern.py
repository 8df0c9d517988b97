"""The page of one pattern: its way, who signed it, its history, objects and YAML, and what a user can do to it."""

from http import HTTPStatus
from typing import Any, Final

import orjson
from aiohttp import web

from pattern_operator.api import inventorycodec
from pattern_operator.api.fields import ObjectMeta, shallow
from pattern_operator.api.names import GROUP, PLURAL
from pattern_operator.console.actions import ACTIONS, Action, owner_of, possible_actions
from pattern_operator.console.event_stream import stream_view
from pattern_operator.console.html import segment
from pattern_operator.console.pattern_detail import PatternDetail
from pattern_operator.console.pattern_view import PatternView
from pattern_operator.console.visit import Console, SignedOut, Visit
from pattern_operator.kube import Access, ApiError, objects
from pattern_operator.kube.wellknown import DESIGN_PATTERN

FIELD_MANAGER: Final = "patternctl-console"
MAX_YAML: Final = 256 * 1024  # characters; a status with thousands of objects is read with kubectl
Body = dict[str, Any]


class NotPossible(Exception):
    """The action is not one that the pattern can be given now; the message says why."""


async def show(visit: Visit) -> web.Response:
    """The pattern as it is now."""
    namespace, name = _named(visit)
    pattern = await objects.get(visit.session.user.session, DESIGN_PATTERN, namespace=namespace, name=name)
    done = ACTIONS.get(visit.request.query.get("done", ""))
    values = await _values(visit, pattern)
    yaml = await visit.compute(_yaml, visit.console, pattern)
    return visit.page("pattern.html", done=done.done if done else "", yaml=yaml, **values)


async def stream(visit: Visit) -> web.StreamResponse:
    """Its way, signers, history and objects, again whenever it changes. The watch is that of the list of patterns."""
    namespace, name = _named(visit)
    view = await visit.patterns(namespace)
    shown = _Shown(visit, view, namespace, name)
    return await stream_view(visit, view, shown.part)


class _Shown:
    """What a stream shows of one pattern: it is asked for again only when the row of it has changed."""

    def __init__(self, visit: Visit, view: PatternView, namespace: str, name: str) -> None:
        self._visit = visit
        self._view = view
        self._key = (namespace, name)
        self._version: str | None = ""
        self._values: dict[str, Any] | None = None
        self._problem = ""

    async def part(self) -> str:
        """The part as it is now.

        Raises:
            SignedOut: the API server does not know the user any more.
        """
        row = self._view.rows.get(self._key)
        version = row.resource_version if row is not None else None
        if version != self._version or self._values is None:
            await self._read()
            self._version = version
        if self._values is None:
            return self._visit.render("_gone.html", message=self._problem)
        return self._visit.render("_pattern.html", **self._values)

    async def _read(self) -> None:
        namespace, name = self._key
        try:
            session = self._visit.session.user.session
            pattern = await objects.get(session, DESIGN_PATTERN, namespace=namespace, name=name)
            self._values = await _values(self._visit, pattern)
        except ApiError as error:
            if error.code == HTTPStatus.UNAUTHORIZED:
                raise SignedOut from error
            self._values, self._problem = None, error.message


async def confirm(visit: Visit) -> web.Response:
    """What an action does, the line of kubectl that does the same, and the button."""
    action, _ = await _asked(visit)
    namespace, name = _named(visit)
    line = action.kubectl_line(namespace, name)
    return visit.page("confirm.html", action=action, namespace=namespace, name=name, kubectl=line)


async def act(visit: Visit) -> web.Response:
    """Do what was asked for, and go back to the page; raises as ``_asked``, and ApiError where the server refuses."""
    action, pattern = await _asked(visit)
    namespace, name = _named(visit)
    session = visit.session.user.session
    if action.change is None:
        uid = ObjectMeta.of(pattern).uid
        await objects.delete(session, DESIGN_PATTERN, namespace=namespace, name=name, uid=uid)
    else:
        body = orjson.dumps(action.change(visit.console.now()))
        await objects.patch_merge(
            session, DESIGN_PATTERN, body=body, namespace=namespace, name=name, field_manager=FIELD_MANAGER
        )
    where = f"{visit.console.base}/patterns/{segment(namespace)}/{segment(name)}?done={action.name}"
    if action.change is None:
        where = f"{visit.console.base}/patterns?done={action.name}"
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": where})


async def _asked(visit: Visit) -> tuple[Action, Body]:
    """The action of the URL, and the pattern as it is.

    Raises:
        NotPossible: there is no such action, or not for this pattern now, or nothing may be changed in this console.
    """
    action = ACTIONS.get(visit.request.match_info["action"])
    if not visit.may_change:
        raise NotPossible("this console is read-only: the line of kubectl on the page of the pattern does the same")
    if action is None:
        raise NotPossible(f"there is no such action: there are {', '.join(ACTIONS)}")
    namespace, name = _named(visit)
    pattern = await objects.get(visit.session.user.session, DESIGN_PATTERN, namespace=namespace, name=name)
    if action not in possible_actions(pattern):
        owner = owner_of(pattern)
        why = f"{owner} manages this pattern: change it there" if owner else "reload the page to see how it is now"
        raise NotPossible(f"{action.label} is not possible: {why}")
    return action, pattern


async def _values(visit: Visit, pattern: Body) -> dict[str, Any]:
    """What the templates of the page are given; buttons are for what the user has the right to."""
    detail = await visit.compute(_detail, pattern)
    actions = possible_actions(pattern)
    verbs = sorted({action.verb for action in actions})
    asked = [Access(verb, GROUP, PLURAL, namespace=detail.namespace, name=detail.name) for verb in verbs]
    allowed = dict(zip(verbs, await visit.session.user.rights(asked), strict=True))
    buttons = [
        (action, action.kubectl_line(detail.namespace, detail.name), visit.may_change and allowed[action.verb])
        for action in actions
    ]
    return {"pattern": detail, "buttons": buttons, "owner": owner_of(pattern)}


def _detail(pattern: Body) -> PatternDetail:
    """What is shown of it; where its inventory is compressed, it is written out in ``pattern``, too."""
    inventorycodec.expand(pattern)
    return PatternDetail.of(pattern)


def _yaml(console: Console, pattern: Body) -> str:
    """The object as YAML, without managedFields; its inventory is written out by now."""
    metadata = {name: value for name, value in ObjectMeta.of(pattern).raw.items() if name != "managedFields"}
    whole = shallow({**pattern, "metadata": metadata})
    text = console.write_yaml(whole if isinstance(whole, dict) else {})
    return text if len(text) <= MAX_YAML else f"{text[:MAX_YAML]}\n# and more: kubectl get -o yaml has all\n"


def _named(visit: Visit) -> tuple[str, str]:
    return visit.request.match_info["namespace"], visit.request.match_info["name"]
