"""Reads what the API server sends without holding the event loop: an object of anybody's may be in it.

An object has 1.5 MiB in etcd. Half a million empty lists fit in there, which the parser builds for 0.1 s, and a page of
500 such objects would hold the loop for a minute. So the objects of a list are read one after another, with the loop
free in between, and of an object that is made of too much only the parts that are not are read.
"""

import time
from asyncio import sleep
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec
import orjson
from msgspec import UNSET, Raw, UnsetType

from pattern_operator.kube.errors import ApiUnavailable
from pattern_operator.kube.json_depth import prune_depth
from pattern_operator.kube.json_size import is_too_large

T = TypeVar("T")

MAX_TURN: Final = 0.005  # seconds of work on many things before the event loop gets a turn


class _Parts(msgspec.Struct):
    """What the operator reads of an object, of a watch event and of a Status; all else is passed over."""

    apiVersion: Raw | UnsetType = UNSET  # noqa: N815 - its name in JSON, as all that follow
    kind: Raw | UnsetType = UNSET
    metadata: Raw | UnsetType = UNSET
    spec: Raw | UnsetType = UNSET
    status: Raw | UnsetType = UNSET
    data: Raw | UnsetType = UNSET
    type: Raw | UnsetType = UNSET
    object: Raw | UnsetType = UNSET
    code: Raw | UnsetType = UNSET
    reason: Raw | UnsetType = UNSET
    message: Raw | UnsetType = UNSET
    details: Raw | UnsetType = UNSET


class _Metadata(msgspec.Struct):
    """What the operator reads of metadata."""

    name: Raw | UnsetType = UNSET
    namespace: Raw | UnsetType = UNSET
    uid: Raw | UnsetType = UNSET
    resourceVersion: Raw | UnsetType = UNSET  # noqa: N815 - its name in JSON
    generation: Raw | UnsetType = UNSET
    creationTimestamp: Raw | UnsetType = UNSET  # noqa: N815 - its name in JSON
    deletionTimestamp: Raw | UnsetType = UNSET  # noqa: N815 - its name in JSON
    labels: Raw | UnsetType = UNSET
    annotations: Raw | UnsetType = UNSET
    finalizers: Raw | UnsetType = UNSET
    ownerReferences: Raw | UnsetType = UNSET  # noqa: N815 - its name in JSON
    managedFields: Raw | UnsetType = UNSET  # noqa: N815 - its name in JSON


class _List(msgspec.Struct):
    """A list, its objects as text."""

    metadata: Raw
    items: list[Raw] | None = None


_INSIDE: Final = {"metadata": _Metadata, "object": _Parts}  # what is taken apart itself where it is too much


async def read_object(answer: bytes) -> dict[str, Any]:
    """Read an object, an event of a watch, or any other answer that is not a list of objects.

    What is nested deeper than is read, and what is made of more than is read, is left out, and the rest is there.

    Raises:
        ApiUnavailable: it is not a JSON object: something else has answered, such as a proxy's login page.
    """
    document = await _read(answer, kind=_Parts)
    if not isinstance(document, dict):
        message = "what answered is not an API server: it sent no JSON object; look at the proxy in between"
        raise ApiUnavailable(code=0, reason="Unreadable", message=message)
    return document


async def read_list(answer: bytes) -> dict[str, Any]:
    """Read a list of objects: its ``metadata`` and ``items``. What is not a list is read as an object.

    Raises:
        ApiUnavailable: as ``read_object``.
    """
    texts = await split_list(answer)
    if texts is None:
        return await read_object(answer)
    return {"metadata": texts.metadata, "items": [each async for each in texts.read()]}


@dataclass(frozen=True, slots=True)
class ListTexts:
    """A list whose objects are still text: what is built of one may be ten times as large."""

    metadata: Any
    items: list[Raw]

    async def read(self) -> AsyncGenerator[Any, None]:
        """Read one object after another, with the loop free in between; raises ApiUnavailable for what cannot be."""
        async for each in in_turns(self.items):
            yield await _item(bytes(each))


async def split_list(answer: bytes) -> ListTexts | None:
    """Take a list apart without reading its objects; None for what is not a list."""
    try:
        found = msgspec.json.decode(answer, type=_List)
    except RecursionError:
        answer = await prune_depth(answer)
        try:
            found = msgspec.json.decode(answer, type=_List)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return ListTexts(_whole(bytes(found.metadata)), found.items or [])


async def in_turns(many: Iterable[T]) -> AsyncIterator[T]:
    """Each of ``many``, with the loop free in between whenever they took ``MAX_TURN`` seconds."""
    begun = time.perf_counter()
    for each in many:
        yield each
        if time.perf_counter() - begun > MAX_TURN:
            await sleep(0)
            begun = time.perf_counter()


async def _item(content: bytes) -> Any:
    found = await _read(content, kind=_Parts)
    if found is None and content != b"null":  # to leave it out would be to take the object for gone
        raise ApiUnavailable(code=0, reason="Unreadable", message="an object in the list that was sent cannot be read")
    return found


async def _read(content: bytes, *, kind: type[msgspec.Struct]) -> Any:
    """The value; None for what is not JSON."""
    if not is_too_large(content):
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError:
            return _whole(await prune_depth(content))
    try:
        return _in_parts(content, kind=kind)
    except RecursionError:
        return _in_parts(await prune_depth(content), kind=kind)


def _in_parts(content: bytes, *, kind: type[msgspec.Struct]) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    parts: dict[str, Any] = {}
    for name in kind.__struct_fields__:
        part = getattr(found, name)
        if part is UNSET:
            continue
        text = bytes(part)
        if not is_too_large(text):
            parts[name] = _whole(text)
        elif name in _INSIDE:
            parts[name] = _in_parts(text, kind=_INSIDE[name])
    return parts


def _whole(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
