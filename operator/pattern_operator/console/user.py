"""One signed-in user: the session with the API server in the user's own name, and the views that are shared by tabs."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from typing import Final

from pattern_operator.aio import cancel_and_wait, run_all
from pattern_operator.console.pattern_view import PatternView
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import Access, Endpoint, Session, UserInfo, may, user_info

MAX_VIEWS: Final = 4  # at once, each of a namespace or of all; more tabs look at the ones that are there


class TooManyViews(Exception):
    """The user looks at as many namespaces at once as one user can."""


class User:
    """Who is signed in. ``open`` it, and ``close`` it when the user leaves: nothing of it is kept."""

    def __init__(
        self,
        info: UserInfo,
        session: Session,
        stack: AsyncExitStack,
        *,
        errors: InternalErrors,
        clock: Callable[[], float],
    ) -> None:
        self.info = info
        self.session = session
        self._stack = stack
        self._errors = errors
        self._clock = clock
        self._views: dict[str, PatternView] = {}
        self._tasks: dict[PatternView, asyncio.Task[None]] = {}

    @classmethod
    async def open(cls, endpoint: Endpoint, *, errors: InternalErrors, clock: Callable[[], float]) -> "User":
        """Ask the API server who it is that asks.

        Raises:
            ApiError: it does not know (401), or could not be asked.
        """
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(Session.open(endpoint, internal_errors=errors))
            info = await user_info(session)
            return cls(info, session, stack.pop_all(), errors=errors, clock=clock)

    def patterns(self, namespace: str) -> PatternView:
        """The patterns of a namespace, of all where it is empty; one watch however often it is asked for.

        Raises:
            TooManyViews: too many others are looked at.
        """
        view = self._views.get(namespace)
        if view is None or view.state.ended:
            self._views = {name: each for name, each in self._views.items() if not each.state.ended}
            if len(self._views) >= MAX_VIEWS:
                raise TooManyViews
            view = PatternView(self.session, namespace=namespace, errors=self._errors, clock=self._clock)
            self._views[namespace] = view
            self._tasks[view] = task = asyncio.create_task(view.run(), name=f"view-{namespace}")
            task.add_done_callback(lambda _: self._tasks.pop(view, None))
        view.use()
        return view

    async def rights(self, asked: Iterable[Access]) -> list[bool]:
        """Which of these the user has, in their order.

        Raises:
            ApiError: the API server could not be asked.
        """
        return await run_all((may(self.session, access) for access in asked), name="rights")

    def forget_views(self) -> None:
        """Tell all who look that the user is signed out."""
        for view in self._views.values():
            view.sign_out()
        self._views = {}

    async def close(self) -> None:
        """Leave: the views end, and the connections are closed."""
        self.forget_views()
        await cancel_and_wait(tuple(self._tasks.values()))
        await self._stack.aclose()
