"""Lists and watches as the API server prints them: a row an object, with the printer columns of its kind.

Source: Kubernetes documentation, "Receiving resources as Tables". The server reads the columns out of each object, so
that a row is a hundredth of the object. The names and the version come with the row (PartialObjectMetadata); the rest
of the metadata is passed over, and never built.
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from msgspec import Raw

from pattern_operator.api.fields import MAX_NAME, MAX_OBJECT_NAME
from pattern_operator.kube.decode import in_turns, read_object
from pattern_operator.kube.errors import AnswerTooLarge, ApiError, ApiUnavailable
from pattern_operator.kube.pagination import PAGE, PageSize
from pattern_operator.kube.resource import Resource
from pattern_operator.kube.session import Session
from pattern_operator.limits import MAX_PAGE

ACCEPT: Final = "application/json;as=Table;v=v1;g=meta.k8s.io"
MAX_COLUMNS: Final = 64  # that are read; a CRD of people has under ten
MAX_CELL: Final = 2_048  # characters of a cell that are kept; the longest that a person reads is a message
_LONGEST_CELL: Final = 65_536  # bytes of JSON of a cell that is read at all


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row: whose it is, and the text of each column by its name; a column without a value is not there."""

    namespace: str
    name: str
    uid: str
    version: str  # resourceVersion
    created: str
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TablePage:
    """One page of a list: ``more`` is the token of the next one, empty at the last; ``version`` is that of the list."""

    rows: tuple[TableRow, ...]
    more: str
    version: str


@dataclass(frozen=True, slots=True)
class TableEvent:
    """An event of a watch: ``type`` is ADDED, MODIFIED, DELETED or BOOKMARK; ``row`` is None for a BOOKMARK."""

    type: str
    row: TableRow | None
    version: str


class _Column(msgspec.Struct):
    name: str


class _ListMeta(msgspec.Struct):
    resourceVersion: str = ""  # noqa: N815 - its name in JSON, as all that follow
    more: str = msgspec.field(default="", name="continue")


class _Metadata(msgspec.Struct):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resourceVersion: str = ""  # noqa: N815 - its name in JSON
    creationTimestamp: str | None = None  # noqa: N815 - its name in JSON


class _Object(msgspec.Struct):
    metadata: _Metadata


class _Row(msgspec.Struct):
    object: _Object
    cells: list[Raw]


class _Table(msgspec.Struct):
    metadata: _ListMeta
    columnDefinitions: list[_Column] | None = None  # noqa: N815 - its name in JSON
    rows: list[Raw] | None = None


class _Event(msgspec.Struct):
    type: str
    object: Raw


@dataclass(slots=True)
class TableReader:
    """Reads the tables of one list and its watch: a watch names the columns in its first event only."""

    _columns: tuple[str, ...] = field(default=())

    async def page(self, answer: bytes, *, after: str = "") -> TablePage:
        """Read a page; ``after`` is the token that it was asked with.

        Raises:
            ApiUnavailable: it is not a table, or leads to itself.
        """
        table = self._table(answer)
        if table.metadata.more and table.metadata.more == after:
            raise _unreadable("what was sent is a list without an end")
        rows = [self._row(bytes(each)) async for each in in_turns(table.rows or ())]
        found = tuple(row for row in rows if row is not None)
        return TablePage(found, table.metadata.more, table.metadata.resourceVersion)

    async def event(self, line: bytes) -> TableEvent:
        """Read an event of a watch.

        Raises:
            ApiError: the event is an ERROR: what the server says in it; ``ApiUnavailable`` for what is not an event.
        """
        event = _decoded(line, _Event)
        if event.type == "ERROR":
            raise ApiError.from_status(await read_object(bytes(event.object)))
        table = self._table(bytes(event.object))
        row = self._row(bytes(table.rows[0])) if table.rows and event.type != "BOOKMARK" else None
        if event.type not in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK") or (row is None) != (
            event.type == "BOOKMARK"
        ):
            raise _unreadable("what was sent is not a watch event")
        return TableEvent(event.type, row, table.metadata.resourceVersion or (row.version if row else ""))

    def _table(self, content: bytes) -> _Table:
        table: _Table = _decoded(content, _Table)
        if table.columnDefinitions:
            self._columns = tuple(each.name for each in table.columnDefinitions[:MAX_COLUMNS])
        return table

    def _row(self, content: bytes) -> TableRow | None:
        """The row; None for one without a name that an object can have, as a BOOKMARK's."""
        row = _decoded(content, _Row)
        meta = row.object.metadata
        if not 0 < len(meta.name) <= MAX_OBJECT_NAME or max(map(len, (meta.namespace, meta.uid))) > MAX_NAME:
            return None
        cells = {name: text for name, cell in zip(self._columns, row.cells, strict=False) if (text := _text(cell))}
        created = (meta.creationTimestamp or "")[:MAX_NAME]
        return TableRow(meta.namespace, meta.name, meta.uid, meta.resourceVersion[:MAX_NAME], created, cells)


async def table_pages(session: Session, resource: Resource, *, namespace: str = "") -> AsyncGenerator[TablePage, None]:
    """Every page of a collection, in the server's order; a namespace of no name is all of them.

    Raises:
        ApiError: the server refuses; ``Expired`` (410) where a page is too old to go on from.
    """
    reader, size, token = TableReader(), PageSize(PAGE), ""
    path = resource.path(namespace=namespace)
    while True:
        params = {"limit": str(size.limit)} | ({"continue": token} if token else {})
        try:
            answer = await session.request("GET", path, params=params, accept=ACCEPT, most=MAX_PAGE)
        except AnswerTooLarge as error:
            size.after(error)
            continue
        size.fitted(len(answer))
        page = await reader.page(answer, after=token)
        del answer
        yield page
        if not page.more:
            return
        token = page.more


async def watch_table(
    session: Session, resource: Resource, *, namespace: str = "", version: str, seconds: int
) -> AsyncGenerator[TableEvent, None]:
    """What changes after ``version``, until the server ends the watch after ``seconds``.

    Raises:
        ApiError: the server refuses, the version is too old (410), or the connection broke.
    """
    reader = TableReader()
    params = {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds), "resourceVersion": version}
    path = resource.path(namespace=namespace)
    # The server ends it in time; a connection that leads nowhere is ended by us.
    async for line in session.stream(path, params=params, accept=ACCEPT, timeout=seconds + 15.0):
        yield await reader.event(line)


def _text(cell: Raw) -> str:
    """A cell as text: what is a text, a number or a truth value; nothing of anything else (metav1.TableRow)."""
    content = bytes(cell).strip()
    if len(content) > _LONGEST_CELL or not content:
        return ""
    if content in (b"true", b"false") or content[:1] in b"-0123456789":
        return content.decode("ascii", "replace")[:MAX_CELL]
    try:
        return msgspec.json.decode(content, type=str)[:MAX_CELL]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def _decoded(content: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable("what was sent is not a table of objects") from error


def _unreadable(message: str) -> ApiUnavailable:
    return ApiUnavailable(code=0, reason="Unreadable", message=message)
