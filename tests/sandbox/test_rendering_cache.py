"""What was rendered is rendered once, apart for each namespace, and bounded."""

import asyncio
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from tests.hostile import tar
from tests.sandbox.jobs import LARGE, PLAN, layers, of_layer
from tests.sandbox.programs.test_runner import until
from tests.sandbox.test_sandbox import workers

from pattern_operator.archive import Layer
from pattern_operator.render import Options
from pattern_operator.sandbox import BuildRefused, Plan, Sandbox
from pattern_operator.sandbox.rendering_cache import RenderingCache, UnderWay, rendering_key


def _of(content: bytes, request: bytes = b"request") -> bytes:
    return rendering_key(request, [(Layer("", "", len(content)), BytesIO(content))])


def test_a_key_is_of_the_request_and_of_all_bytes_of_the_layers():
    assert _of(b"a") == _of(b"a")
    assert len({_of(b"a"), _of(b"b"), _of(b"a", b"other"), _of(b"", b"requesta")}) == 4


def test_a_key_is_of_the_whole_layer_wherever_it_stands():
    content = BytesIO(b"abc")
    content.read(2)

    assert rendering_key(b"request", [(Layer("", "", 3), content)]) == _of(b"abc")


def test_a_tenant_gets_only_what_was_made_for_it():
    cache = RenderingCache(100, share=50)
    cache.put("team", b"key", b"answer")

    assert cache.get("team", b"key") == b"answer"
    assert cache.get("other", b"key") is None


def test_a_tenant_evicts_its_own_first():
    cache = RenderingCache(100, share=50)
    cache.put("other", b"key", b"x" * 40)
    for each in (b"1", b"2"):
        cache.put("team", each, b"y" * 20)
    cache.get("team", b"1")

    cache.put("team", b"3", b"z" * 20)

    assert cache.get("team", b"2") is None
    assert cache.get("team", b"1") == b"y" * 20
    assert cache.get("other", b"key") == b"x" * 40


def test_all_of_it_is_bounded():
    cache = RenderingCache(100, share=50)
    for each in range(10):
        cache.put(f"team-{each}", b"key", b"x" * 30)
    cache.put("team", b"key", b"x" * 51)

    assert cache.size == 90
    assert cache.get("team", b"key") is None
    assert cache.get("team-9", b"key") is not None


def test_an_answer_takes_the_place_of_the_one_before():
    cache = RenderingCache(100, share=50)
    cache.put("team", b"key", b"x" * 30)
    cache.put("team", b"key", b"y" * 40)

    assert (cache.get("team", b"key"), cache.size) == (b"y" * 40, 40)


async def _objects(sandbox: Sandbox, content: bytes, *, tenant: str = "team", plan: Plan = PLAN) -> list[str]:
    async with sandbox.rendered(plan, layers(content), tenant=tenant) as rendering:
        return [each.key.display_name for each in rendering.objects]


async def _jobs(sandbox: Sandbox) -> int:
    """How many workers were started so far; none is left, so the next job needs another."""
    await sandbox._pool.close()
    return sandbox._pool.started


async def test_what_is_the_same_is_rendered_once(sandbox):
    assert await _objects(sandbox, LARGE) == await _objects(sandbox, LARGE)
    await sandbox._pool.close()

    assert await _objects(sandbox, LARGE) == ["ConfigMap default/web"]
    assert not workers()


@pytest.mark.parametrize(
    ("content", "tenant", "plan"),
    [
        pytest.param(LARGE + b"# more", "team", PLAN, id="other bytes"),
        pytest.param(LARGE, "other", PLAN, id="another namespace"),
        pytest.param(LARGE, "team", replace(PLAN, options=Options(kube_version="v1.30.0")), id="another cluster"),
    ],
)
async def test_what_is_not_the_same_is_rendered_again(sandbox, content: bytes, tenant: str, plan: Plan):
    await _objects(sandbox, LARGE)
    before = await _jobs(sandbox)

    await _objects(sandbox, content, tenant=tenant, plan=plan)

    assert await _jobs(sandbox) == before + 1


PATTERN = b"""\
apiVersion: pattern-operator.io/v1alpha1
kind: Pattern
name: web
parameters:
  schema: {type: object, properties: {name: {type: string}}}
"""


async def test_with_other_parameters_it_is_rendered_again_and_otherwise(sandbox):
    content = tar({"pattern.yaml": PATTERN, "a.yaml": LARGE.replace(b"name: web", b"name: '${name}'")})

    async def named(name: bytes) -> list[str]:
        plan = replace(PLAN, options=Options(parameters=b'{"name": "%s"}' % name))
        async with sandbox.rendered(plan, of_layer(content), tenant="team") as rendering:
            return [each.key.display_name for each in rendering.objects]

    assert await named(b"a") == ["ConfigMap default/a"]
    before = await _jobs(sandbox)

    assert await named(b"a") == ["ConfigMap default/a"]
    assert await _jobs(sandbox) == before
    assert await named(b"b") == ["ConfigMap default/b"]
    assert await _jobs(sandbox) == before + 1


async def test_what_is_refused_is_not_kept(sandbox):
    for _ in range(2):
        with pytest.raises(BuildRefused):
            await _objects(sandbox, b"a: [\n" + LARGE)
        await sandbox._pool.close()

    assert sandbox._pool.started == 2


async def test_two_uses_share_nothing(sandbox):
    async with (
        sandbox.rendered(PLAN, layers(LARGE), tenant="team") as first,
        sandbox.rendered(PLAN, layers(LARGE), tenant="team") as second,
    ):
        assert first == second
        assert first.objects[0].body is not second.objects[0].body


async def test_memory_counts_for_what_is_kept_too(sandbox):
    await _objects(sandbox, LARGE)
    before = sandbox._memory.free

    async with sandbox.rendered(PLAN, layers(LARGE), tenant="team"):
        assert sandbox._memory.free < before

    assert sandbox._memory.free == before


def counted(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tenant of each job that a worker is given."""
    jobs: list[str] = []
    run = sandbox._pool.run

    async def noted(tenant: str, *given: Any, **named: Any) -> bytes:
        jobs.append(tenant)
        return await run(tenant, *given, **named)

    monkeypatch.setattr(sandbox._pool, "run", noted)
    return jobs


async def test_what_is_asked_for_by_several_at_once_is_rendered_once(sandbox, monkeypatch):
    jobs = counted(sandbox, monkeypatch)

    found = await asyncio.gather(*(_objects(sandbox, LARGE) for _ in range(4)))

    assert found == [["ConfigMap default/web"]] * 4
    assert jobs == ["team"]


async def test_nobody_waits_for_what_another_namespace_makes(sandbox, monkeypatch):
    jobs = counted(sandbox, monkeypatch)

    await asyncio.gather(*(_objects(sandbox, LARGE, tenant=tenant) for tenant in ("team", "other")))

    assert sorted(jobs) == ["other", "team"]


async def test_who_waited_for_one_that_was_cancelled_makes_it(sandbox, monkeypatch):
    jobs = counted(sandbox, monkeypatch)
    first = asyncio.create_task(_objects(sandbox, LARGE))
    await until(lambda: jobs)
    second = asyncio.create_task(_objects(sandbox, LARGE))
    first.cancel()
    await asyncio.wait({first})

    assert await second == ["ConfigMap default/web"]
    assert jobs == ["team", "team"]
    assert not sandbox._under_way._ended


async def test_who_waited_for_one_that_made_nothing_waits_for_no_other():
    under_way, inside, go = UnderWay(), list[int](), asyncio.Event()

    async def make(number: int) -> None:
        async with under_way.first("team", b"key"):
            inside.append(number)
            await go.wait()

    makers = [asyncio.create_task(make(number)) for number in range(3)]
    await asyncio.sleep(0)
    assert inside == [0]
    go.set()
    await makers[0]
    go.clear()
    await until(lambda: len(inside) == 3)
    go.set()
    await asyncio.gather(*makers)

    assert not under_way._ended
