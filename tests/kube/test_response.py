"""How answers are read: lines as they come, and no more of a body than is wanted."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import aiohttp
import pytest
from aiohttp import web
from tests.kube.fake_apiserver import serving

from pattern_operator.kube import response as module
from pattern_operator.kube.errors import AnswerTooLarge, ApiError
from pattern_operator.kube.response import lines, read_at_most


class Chunks:
    """A body that arrives in these pieces."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks

    async def iter_any(self) -> AsyncIterator[bytes]:
        for each in self._chunks:
            yield each


@pytest.mark.parametrize(
    ("chunks", "found"),
    [
        pytest.param((b"a\nb\n",), [b"a", b"b"], id="two at once"),
        pytest.param((b"a", b"b\nc", b"\n"), [b"ab", b"c"], id="in pieces"),
        pytest.param((b"\n", b"a\n"), [b"", b"a"], id="an empty one first"),
        pytest.param((b"a\nb",), [b"a"], id="without the end of the last"),
    ],
)
async def test_a_line_is_told_when_its_end_has_come(chunks: tuple[bytes, ...], found: list[bytes]):
    content = cast(aiohttp.StreamReader, Chunks(*chunks))

    assert [each async for each in lines(content)] == found


async def test_of_a_body_as_much_is_read_as_is_wanted():
    async with (
        serving(lambda _: web.Response(body=b"12345")) as session,
        session.http.get(session.server + "/api") as response,
    ):
        assert await read_at_most(response, 5) == b"12345"


async def test_a_body_that_is_longer_than_is_wanted_is_not_waited_for():
    over = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"123456")
        await over.wait()
        return response

    async with serving(answer) as session, session.http.get(session.server + "/api") as response:
        with pytest.raises(AnswerTooLarge):
            await read_at_most(response, 5)
        closed = response.closed
        over.set()

    assert closed


@pytest.mark.parametrize(("most", "words"), [(63, "could not be read whole"), (64, "the words of the server")])
async def test_a_refusal_is_read_up_to_its_limit(most: int, words: str, monkeypatch: pytest.MonkeyPatch):
    body = b'{"kind": "Status", "message": "the words of the server"}'.ljust(64)
    monkeypatch.setattr(module, "MAX_REFUSAL", most)

    async with serving(lambda _: web.Response(status=403, body=body)) as session:
        with pytest.raises(ApiError, match=words):
            await session.request("GET", "/api")
