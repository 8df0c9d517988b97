"""The log of a container: what is asked for, and lines that are never longer than one may be."""

import pytest
from aiohttp import web
from tests.kube.fake_apiserver import script, serving

from pattern_operator.kube import ApiError
from pattern_operator.kube.pod_logs import MAX_LINE, LogQuery, pod_log

ALL = LogQuery(tail=None, follow=False, previous=False)


async def read(answer, query=ALL, **names):
    handler, asked = script(answer)
    named = {"namespace": "shop", "pod": "web-0", "container": "app"} | names
    async with serving(handler) as session:
        return [line async for line in pod_log(session, **named, query=query)], asked


async def test_the_lines_are_those_of_the_container():
    lines, (request,) = await read(web.Response(body=b"one\ntwo\nthree"))

    assert lines == [b"one", b"two", b"three"]
    assert request.path == "/api/v1/namespaces/shop/pods/web-0/log"
    assert dict(request.query) == {"container": "app"}


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        (LogQuery(tail=0, follow=False, previous=False), {"tailLines": "0"}),
        (LogQuery(tail=5, follow=True, previous=False), {"tailLines": "5", "follow": "true"}),
        (LogQuery(tail=None, follow=False, previous=True), {"previous": "true"}),
    ],
    ids=str,
)
async def test_what_is_asked_for_goes_to_the_server(query, asked):
    _, (request,) = await read(web.Response(), query)

    assert dict(request.query) == {"container": "app", **asked}


async def test_a_line_without_an_end_comes_in_pieces():
    lines, _ = await read(web.Response(body=b"x" * (3 * MAX_LINE)))

    assert b"".join(lines) == b"x" * (3 * MAX_LINE)
    assert len(lines) > 1


async def test_a_refusal_is_an_error():
    status = b'{"kind": "Status", "code": 400, "reason": "BadRequest", "message": "container is waiting"}'

    with pytest.raises(ApiError) as refusal:
        await read(web.Response(status=400, body=status))

    assert refusal.value.code == 400


async def test_a_name_that_leads_elsewhere_is_refused_without_asking():
    with pytest.raises(ApiError, match="cannot be the name of an object"):
        await read(web.Response(), pod="../secrets")
