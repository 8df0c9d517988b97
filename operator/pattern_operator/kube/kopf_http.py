"""The lists that kopf reads: in pages bounded by bytes, and parsed with the event loop free in between.

kopf asks for a fixed number of objects a page and parses one in one go. A page of two is safe where each may fill all
that etcd takes, but then ten thousand small ones are five thousand requests. So the number that kopf asks for is
replaced by one that fits what there is, and the answer that it gets reads itself, one object after another.
"""

from typing import Any, Final

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType

from pattern_operator.kube.decode import read_list
from pattern_operator.kube.errors import AnswerTooLarge
from pattern_operator.kube.pagination import PageSize
from pattern_operator.kube.response import Answer, read_at_most
from pattern_operator.limits import MAX_PAGE_OF_KOPF

PAGE: Final = 500  # objects that are asked for first: what kubectl and client-go ask for


class ListAnswer(Answer):
    """An answer whose list, if ``Pages`` has read it, is parsed by ``kube.decode``; any other as aiohttp does."""

    text_of_list: bytes | None = None

    async def json(self, **options: Any) -> Any:
        """The JSON of the answer; raises ApiUnavailable for a list that cannot be read."""
        if self.text_of_list is None:
            return await super().json(**options)
        text, self.text_of_list = self.text_of_list, None  # the response outlives what is built of it
        return await read_list(text)


class Pages:
    """A middleware for one listing at a time: kopf reads a collection page by page, and no two at once."""

    def __init__(self, *, most: int = MAX_PAGE_OF_KOPF) -> None:
        self._most = most
        self._pages = PageSize(PAGE, most=most)

    async def fit(self, request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
        """Send a request; that for a page again and again, until it is for one that is small enough."""
        if request.method != "GET" or "limit" not in request.url.query:
            return await handler(request)
        if "continue" not in request.url.query:
            self._pages = PageSize(PAGE, most=self._most)
        while True:
            request.url = request.url.update_query(limit=str(self._pages.limit))
            response = await handler(request)
            if response.status != 200 or not isinstance(response, ListAnswer):
                return response
            try:
                # A page of one object is taken as it is: nobody else can ask for less, and it fits into etcd.
                response.text_of_list = await read_at_most(response, self._most if self._pages.limit > 1 else None)
            except AnswerTooLarge as error:
                self._pages.after(error)
            else:
                self._pages.fitted(len(response.text_of_list))
                return response
