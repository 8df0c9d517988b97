"""What a new leader asks before it works."""

import tracemalloc

import orjson
import pytest
from aiohttp import web
from tests.fatpattern import fat
from tests.kube.fake_apiserver import script, serving

from pattern_operator.kube import ApiError
from pattern_operator.manager import CannotRun
from pattern_operator.reconcile import PatternStore
from pattern_operator.startup import load_patterns


def created(name: str, at: str) -> dict[str, object]:
    body = fat(name)
    body["metadata"] = {**body["metadata"], "creationTimestamp": at}
    return body


async def test_the_oldest_patterns_are_worked_on_first():
    bodies = [created("new", "2026-03-01T00:00:00Z"), created("old", "2026-01-01T00:00:00Z")]
    answer, _ = script(web.Response(body=orjson.dumps({"metadata": {}, "items": bodies})))

    async with serving(answer) as session:
        found = await load_patterns(session, PatternStore())

    assert [key.name for key in found] == ["old", "new"]


async def test_an_api_server_without_the_crds_is_no_reason_to_exit_and_the_message_says_what_to_apply():
    answer, _ = script(web.Response(status=404, text="404 page not found"))

    async with serving(answer) as session:
        with pytest.raises(CannotRun, match="has no kind DesignPattern: apply crds/"):
            await load_patterns(session, PatternStore())


async def test_any_other_refusal_is_told_as_it_is():
    answer, _ = script(web.Response(status=403, body=b'{"kind":"Status","reason":"Forbidden","code":403}'))

    async with serving(answer) as session:
        with pytest.raises(ApiError) as refusal:
            await load_patterns(session, PatternStore())

    assert refusal.value.reason == "Forbidden"


async def test_patterns_of_fat_metadata_are_found_in_little_memory():
    page = orjson.dumps({"metadata": {}, "items": [fat(f"p{number}") for number in range(8)]})
    answer, _ = script(web.Response(body=page))
    patterns = PatternStore()

    async with serving(answer) as session:
        tracemalloc.start()
        try:
            found = await load_patterns(session, patterns)
            held, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert [key.name for key in found] == [f"p{number}" for number in range(8)]
    assert most < 4 * len(page)
    assert held < len(page) / 8
