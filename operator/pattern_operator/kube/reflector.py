"""Follows one kind: every change is reported once, also what happened while the connection was down.

List, then watch from there (Kubernetes, "Efficient detection of changes"). A connection that ends goes on where it
stopped; after a 410 (the version is too old) the collection is listed again and compared with what was known, so that
an object that vanished meanwhile is reported as deleted. A settled watch sends one request every 5 to 9 minutes. One
that is silent for longer than bookmarks take is a connection that leads nowhere, and is opened again.

Nothing is believed newer than it is: etcd that was restored from a backup has versions below those that were seen, and
a watch from there would be silent until they are reached again. So a watch that broke looks at the version of the list
before it goes on. And nothing is believed gone because a server that starts does not serve the kind yet
(``kind_existence``).
"""

import asyncio
import random
import sys
from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final, NoReturn

from pattern_operator.api.fields import ObjectMeta, number_of
from pattern_operator.kube.decode import read_object
from pattern_operator.kube.errors import ApiError, ApiUnavailable, not_served_yet
from pattern_operator.kube.kind_existence import is_gone
from pattern_operator.kube.known_objects import KnownObjects, ObjectName
from pattern_operator.kube.pagination import TextPage, pages
from pattern_operator.kube.resource import Resource
from pattern_operator.kube.session import JSON, Session
from pattern_operator.kube.watch_event import Projection, WatchEvent
from pattern_operator.limits import MAX_PAGE

WATCH_SECONDS: Final = (300.0, 540.0)  # spread, so that a thousand watches do not end together
# Seconds without a line after which a watch is opened again. The API server sends a bookmark a minute after it was
# opened and after each bookmark, a second or two late, and can go on from any version of the last 75 seconds
# (``defaultBookmarkFrequency`` and ``DefaultEventFreshDuration`` of its watch cache): later could mean a new list.
LONGEST_QUIET: Final = 70.0
FIRST_BACK_OFF: Final = 0.2
LAST_BACK_OFF: Final = 30.0
LONGEST_REST: Final = timedelta(minutes=5)  # that a server may ask for (Retry-After): a longer wait would miss too much
_DEFECT: Final = ApiUnavailable(code=0, reason="InternalError", message="the operator failed on what was sent")
_METADATA: Final = f"{JSON};as=PartialObjectMetadata{{}};g=meta.k8s.io;v=v1"


class Reflector:
    """Follows the objects of one resource.

    ``on_change`` and ``on_problem`` are called in the loop; what they raise costs that one change, and is counted in
    the session's ``internal_errors``. ``on_problem`` is told of each new reason why the server does not answer as it
    should (``Forbidden``, ``NotFound``, ``Unreachable``...), once until it changes or is over; the watch tries again by
    itself. ``problem`` is what keeps it from following now, None when nothing does. ``synced`` is set when the first
    list is complete. Of a kind that is gone (``NotFound``), every object is reported as deleted.

    ``current`` is set while nothing is missed: the list is complete, and the watch goes on from there. It is not while
    the server cannot be asked, or refuses. ``on_current`` is called each time it becomes so.

    ``on_restored`` is called where the server has older versions than were seen, before what it has is told.

    ``remembers(namespace, name)`` says whether an object matters: of others nothing is kept, so that each version of
    them is told as modified, and nothing when they vanish unseen.
    """

    def __init__(
        self,
        session: Session,
        resource: Resource,
        *,
        projection: Projection,
        on_change: Callable[[WatchEvent], None],
        on_problem: Callable[[ApiError], None] | None = None,
        on_restored: Callable[[], None] = lambda: None,
        on_current: Callable[[], None] = lambda: None,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        remembers: Callable[[str, str], bool] = lambda namespace, name: True,
    ) -> None:
        self.synced = asyncio.Event()
        self.current = asyncio.Event()
        self.resource = resource
        self._session = session
        self._path = resource.path(namespace=namespace)
        self._selectors = {"labelSelector": label_selector, "fieldSelector": field_selector}
        self._projection = projection
        self._on_change = on_change
        self._on_problem = on_problem
        self._on_restored = on_restored
        self._on_current = on_current
        self._known = KnownObjects(resource, remembers=remembers)
        self._version = ""  # where to go on; empty: list first
        self._broke = False  # the last watch ended before its time
        self.problem: ApiError | None = None
        self.name = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
        self.last_activity = 0.0  # when it last got anything, or retried; seconds of the loop's clock
        self._failures = 0
        self._silences = 0  # watches that fell silent since the last bookmark

    async def run(self) -> NoReturn:
        """Follow until cancelled."""
        self._mark_active()
        self._session.watches.add(self)
        try:
            while True:
                try:
                    if self._version and self._broke:
                        await self._check_version()
                    if not self._version:
                        await self._list()
                    await self._follow()
                except ApiError as error:
                    self._broke = True
                    failure = await self._understood(error)
                    self._failed(failure)
                    await self._pause(failure)
                except Exception as error:  # a defect costs this kind for a moment, and not the operator
                    self._session.internal_errors.record("watch", error)
                    self.current.clear()
                    self._version = ""
                    self._failures += 1
                    await self._pause(_DEFECT)
        finally:
            self._session.watches.discard(self)

    async def _pause(self, error: ApiError) -> None:
        self._mark_active()
        await asyncio.sleep(self._back_off(error))
        self._mark_active()

    def _mark_active(self) -> None:
        self.last_activity = asyncio.get_running_loop().time()

    async def _understood(self, error: ApiError) -> ApiError:
        """The error; what gets 404 and is not gone is not served at the moment, and that passes."""
        if error.code != HTTPStatus.NOT_FOUND or await is_gone(self._session, self.resource):
            return error
        self._version = ""
        return not_served_yet(self.name)

    async def _check_version(self) -> None:
        """List again where the server does not know the version to continue from: etcd was restored from a backup."""
        params = {**self._selected(), "limit": "1"}
        page = await TextPage.of(await self._ask(params))
        if self._known.is_behind(page.version):
            self._version = ""

    async def _list(self) -> None:
        """Read the whole collection and report how it differs from what was known."""
        seen: set[ObjectName] = set()
        restored, version = False, ""
        async for listed in pages(self._ask, selectors=self._selectors, listings=sys.maxsize):
            self._mark_active()
            page, version = listed.page, listed.page.version
            if listed.restarted:
                seen.clear()
            async for item in page.items():
                if not restored and self._known.is_older(item, listed=page.version):
                    restored = True
                    self._restored()
                meta = ObjectMeta.of(item)
                seen.add((meta.namespace, meta.name))
                self._tell(*self._known.observe(item))
        if not version:
            raise ApiUnavailable(code=0, reason="Unreadable", message="the list that was sent has no resourceVersion")
        if not restored and self._known.is_behind(version):  # without a single object
            self._restored()
        for name in set(self._known.names) - seen:
            self._tell(self._known.vanish(name))
        self._version = version
        self._known.begin_at(number_of(version))
        self.problem = None
        self.synced.set()
        self._opened()

    async def _ask(self, params: dict[str, str]) -> bytes:
        return await self._session.request(
            "GET", self._path, params=params, accept=self._accepted("List"), most=MAX_PAGE
        )

    async def _follow(self) -> None:
        """Watch from the last version until the server ends it."""
        loop = asyncio.get_running_loop()
        seconds = int(random.uniform(*WATCH_SECONDS))  # noqa: S311 - spreads load, no secret
        params = {**self._selected(), "watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        params["resourceVersion"] = self._version
        started = loop.time()
        # The server ends the watch in time; one that does not is a connection that leads nowhere.
        stream = self._session.stream(
            self._path, params=params, accept=self._accepted(), timeout=seconds + 30.0, opened=self._opened
        )
        try:
            async with aclosing(stream), asyncio.timeout(self._quiet) as quiet:
                async for line in stream:
                    self._mark_active()
                    self._take(await read_object(line))
                    self._recovered()
                    quiet.reschedule(loop.time() + self._quiet)
        except TimeoutError:  # no problem yet: whether the server can be reached is seen by asking again
            self._mark_active()
            self._broke = True
            self._silences += 1
            return
        lasted = loop.time() - started
        self._broke = lasted < seconds - 1.0
        if lasted < 1.0:  # a server that is leaving ends each watch at once
            raise ApiUnavailable(code=0, reason="Unreachable", message="the API server ended the watch at once")
        self._recovered()

    @property
    def _quiet(self) -> float:
        """Seconds that this watch may be silent.

        Doubled each time until a bookmark comes: not every server sends them (an aggregated one need not).
        """
        return LONGEST_QUIET * (1 << min(self._silences, 10))

    def _take(self, event: dict[str, Any]) -> None:
        item = event.get("object")
        meta = ObjectMeta.of(item)
        match event.get("type"):
            case "BOOKMARK":
                self._silences = 0
            case "DELETED" if isinstance(item, dict):
                self._tell(*self._known.delete(item))
            case "ADDED" | "MODIFIED" if isinstance(item, dict):
                self._tell(*self._known.observe(item))
            case "ERROR":
                self._version = ""  # whatever it is: going on from here would end here again
                raise ApiError.from_status(item)
            case _:
                self._version = ""  # what was missed is unknown
                raise ApiUnavailable(code=0, reason="Unreadable", message="what was sent is not a watch event")
        self._version = meta.resource_version or self._version
        self._known.reach(meta.version)

    def _opened(self) -> None:
        """Nothing was missed until now, and what comes is told."""
        if not self.current.is_set():
            self.current.set()
            with self._session.internal_errors.contain("watch_callback"):
                self._on_current()

    def _restored(self) -> None:
        with self._session.internal_errors.contain("watch_callback"):
            self._on_restored()

    def remember(self, namespace: str, name: str, *, uid: str, version: str) -> None:
        """Tell this object as deleted, too, when it vanishes unseen: it is remembered only now."""
        self._known.remember(namespace, name, uid=uid, version=version)

    def _tell(self, *events: WatchEvent) -> None:
        for event in events:
            with self._session.internal_errors.contain("watch_callback"):
                self._on_change(event)

    def _failed(self, error: ApiError) -> None:
        self._failures += 1
        self.current.clear()
        expired = error.code == HTTPStatus.GONE  # the version, or the pages of a long list
        if expired or _from_the_future(error):
            self._version = ""
            return
        before, self.problem = self.problem, error
        if error.code == HTTPStatus.NOT_FOUND:
            self._version = ""
            for name in list(self._known.names):
                self._tell(self._known.vanish(name))
        if self._on_problem is not None and (
            before is None or (before.code, before.reason) != (error.code, error.reason)
        ):
            with self._session.internal_errors.contain("watch_callback"):
                self._on_problem(error)

    def _recovered(self) -> None:
        self._failures = 0
        self.problem = None

    def _back_off(self, error: ApiError) -> float:
        """Seconds to wait: doubled with each failure in a row, spread by half; not less than the server asks for."""
        longest = min(LAST_BACK_OFF, FIRST_BACK_OFF * (1 << min(self._failures - 1, 10)))
        asked = min(error.retry_after or timedelta(), LONGEST_REST)
        return asked.total_seconds() + longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret

    def _selected(self) -> dict[str, str]:
        return {name: value for name, value in self._selectors.items() if value}

    def _accepted(self, suffix: str = "") -> str:
        return _METADATA.format(suffix) if self._projection is Projection.METADATA else JSON


def _from_the_future(error: ApiError) -> bool:
    """Whether the server knows less than we have seen: etcd was restored from a backup."""
    return any(cause.reason == "ResourceVersionTooLarge" for cause in error.causes)
