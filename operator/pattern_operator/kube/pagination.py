"""Lists in pages: each is bounded in bytes, and pages that became too old (410) are read again."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Self

from pattern_operator.api.fields import text_at
from pattern_operator.kube.decode import ListTexts, read_object, split_list
from pattern_operator.kube.errors import AnswerTooLarge, ApiError, ApiUnavailable
from pattern_operator.limits import MAX_PAGE

PAGE: Final = 500  # objects of one answer: what kubectl and client-go ask for
_STEP: Final = 8  # times fewer, or more, objects; three tries from 500 to a single one


@dataclass(frozen=True, slots=True)
class Page:
    """``items`` are its objects, ``more`` the token of the next page (empty: the last), ``version`` of the list."""

    items: list[dict[str, Any]]
    more: str
    version: str

    @classmethod
    def of(cls, answer: dict[str, Any], *, after: str = "") -> Self:
        """Read a page (metav1.ListMeta); ``after`` is the token it was asked with.

        Items that are not objects are left out.

        Raises:
            ApiUnavailable: it is not a list, or leads to itself: to believe it would be to take all objects for gone.
        """
        items, more = answer.get("items"), text_at(answer, "metadata", "continue")
        if not isinstance(items, list | None) or not isinstance(answer.get("metadata"), dict):
            raise ApiUnavailable(code=0, reason="Unreadable", message="what was sent is not a list of objects")
        if more and more == after:
            raise ApiUnavailable(code=0, reason="Unreadable", message="what was sent is a list without an end")
        found = [each for each in items or () if isinstance(each, dict)]
        return cls(found, more, text_at(answer, "metadata", "resourceVersion"))


@dataclass(frozen=True, slots=True)
class TextPage:
    """A page whose objects are still text; all else as in ``Page``."""

    texts: ListTexts
    more: str
    version: str

    @classmethod
    async def of(cls, answer: bytes, *, after: str = "") -> Self:
        """Read all of a page but its objects; raises as ``Page.of``, and ApiUnavailable for what is not JSON."""
        texts = await split_list(answer)
        whole = Page.of(await read_object(answer) if texts is None else {"metadata": texts.metadata}, after=after)
        return cls(texts or ListTexts({}, []), whole.more, whole.version)

    async def items(self) -> AsyncIterator[dict[str, Any]]:
        """The objects, each read when it is its turn; what is not an object is left out."""
        async with aclosing(self.texts.read()) as found:
            async for each in found:
                if isinstance(each, dict):
                    yield each


class PageSize:
    """How many objects a page is asked for: ``limit``, and fewer where a page has more than ``most`` bytes.

    And more again after small ones: fat objects of somebody cost requests of their own only.
    """

    def __init__(self, limit: int, *, most: int = MAX_PAGE) -> None:
        self.limit = limit
        self._largest = limit
        self._most = most

    def after(self, error: AnswerTooLarge) -> int:
        """The limit of the next try; raises ``error`` where a page of a single object was too large."""
        if self.limit == 1:
            raise error
        self.limit = max(1, self.limit // _STEP)
        return self.limit

    def fitted(self, size: int) -> int:
        """The limit of the next page, after one of ``size`` bytes."""
        if size < self._most // _STEP:
            self.limit = min(self._largest, self.limit * _STEP)
        return self.limit


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a collection; ``restarted``: the pages before it were too old to go on from, and count no more."""

    page: TextPage
    restarted: bool


async def pages(
    ask: Callable[[dict[str, str]], Awaitable[bytes]], *, selectors: Mapping[str, str], listings: int
) -> AsyncGenerator[Listed, None]:
    """Every page of a collection; ``ask`` sends the query and returns the body, ``listings`` is how often it begins.

    After a 410 all is asked for in one answer, as client-go does it (``FullListIfExpired``); where that is too large,
    in smaller pages.

    Raises:
        ApiError: whatever ``ask`` raises, among it ``Expired`` (410) where the pages were too old ``listings`` times.
    """
    size = PageSize(PAGE)
    params = {"limit": str(size.limit)} | {name: value for name, value in selectors.items() if value}
    anew = False
    while True:
        try:
            answer = await ask(params)
        except AnswerTooLarge as error:
            params["limit"] = str(size.after(error))
            continue
        except ApiError as error:
            if error.code != HTTPStatus.GONE or not params.pop("continue", "") or listings <= 1:
                raise
            params.pop("limit", None)
            anew, listings = True, listings - 1
            continue
        params["limit"] = str(size.fitted(len(answer)))
        page = await TextPage.of(answer, after=params.get("continue", ""))
        del answer
        yield Listed(page, anew)
        if not page.more:
            return
        anew, params["continue"] = False, page.more
