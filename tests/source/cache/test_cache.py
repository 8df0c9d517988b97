"""Small content comes from memory, without a thread; all of it is on the disk in the end."""

import asyncio
import io
import threading
from pathlib import Path

import pytest
from tests.executors import EXECUTORS

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.errors import Transient
from pattern_operator.executors import Threads
from pattern_operator.limits import MAX_SMALL_CONTENT
from pattern_operator.source import Cache, DiskCache

SMALL, LARGE = b"kind: ConfigMap\n", b"x" * (MAX_SMALL_CONTENT + 1)
SCOPE = "https://registry.example/v2/team/web"


class Counted(Threads):
    """Counts what is done in a thread."""

    def __init__(self) -> None:
        super().__init__("disk", size=1)
        self.calls: list[object] = []

    def of(self, flow):
        mine = super().of(flow)
        mine.calls = self.calls
        return mine

    def submit(self, fn, /, *args, **kwargs):
        self.calls.append(fn)
        return super().submit(fn, *args, **kwargs)


def opened(directory: Path) -> Cache:
    return Cache(directory, max_size=2**24, disk=EXECUTORS.disk)


@pytest.mark.parametrize("content", [SMALL, LARGE, b""], ids=["small", "large", "empty"])
async def test_what_was_put_is_there_also_after_a_restart(tmp_path, content):
    cache, digest = opened(tmp_path), Digest.of(content)
    await cache.put(digest, content, scope=SCOPE)
    await cache.flush()

    for each in (cache, opened(tmp_path)):
        assert await each.get(digest, scope=SCOPE) == content
        file = await each.open(digest, size=len(content), scope=SCOPE)
        assert file is not None
        with file:
            assert file.read() == content


async def test_small_content_takes_no_thread_once_the_directory_was_looked_at(tmp_path):
    threads = Counted()
    cache, digest = Cache(tmp_path, max_size=2**24, disk=threads), Digest.of(SMALL)
    assert await cache.get(Digest.of(b"first"), scope=SCOPE) is None
    threads.calls.clear()

    missing = await cache.get(digest, scope=SCOPE)
    unopened = await cache.open(digest, size=len(SMALL), scope=SCOPE)
    await cache.put(digest, SMALL, scope=SCOPE)
    found = await cache.open(digest, size=len(SMALL), scope=SCOPE)

    assert (missing, unopened) == (None, None)
    assert isinstance(found, io.BytesIO)
    assert len(threads.calls) == 1  # the write, for which nobody waited
    await cache.flush()


async def test_what_comes_from_the_disk_is_in_memory_after_that(tmp_path):
    digest = Digest.of(SMALL)
    before = opened(tmp_path)
    await before.put(digest, SMALL, scope=SCOPE)
    await before.flush()
    threads = Counted()
    after = Cache(tmp_path, max_size=2**24, disk=threads)

    first = await after.get(digest, scope=SCOPE)
    threads.calls.clear()
    second = await after.get(digest, scope=SCOPE)

    assert first == second == SMALL
    assert threads.calls == []


async def test_what_one_repository_gave_is_not_given_to_who_asks_another(tmp_path):
    cache, digest = opened(tmp_path), Digest.of(SMALL)
    await cache.put(digest, SMALL, scope=SCOPE)

    assert await cache.get(digest, scope=f"{SCOPE}2") is None


@pytest.mark.parametrize("wrong", [-1, 1])
async def test_content_of_another_size_than_is_named_is_not_there_whole(tmp_path, wrong):
    cache, digest = opened(tmp_path), Digest.of(SMALL)
    await cache.put(digest, SMALL, scope=SCOPE)

    assert await cache.open(digest, size=len(SMALL) + wrong, scope=SCOPE) is None


async def test_large_content_is_read_from_a_file(tmp_path):
    cache, digest = opened(tmp_path), Digest.of(LARGE)
    async with cache.writer(digest, scope=SCOPE) as writer:
        await writer.write(LARGE)
        (await writer.commit()).close()

    file = await cache.open(digest, size=len(LARGE), scope=SCOPE)

    assert file is not None
    with file:
        assert file.fileno() > 0


async def test_a_disk_that_fails_is_told_to_the_next_who_brings_something(tmp_path, monkeypatch):
    cache = opened(tmp_path)
    assert await cache.get(Digest.of(b"first"), scope=SCOPE) is None
    full = OSError(28, "No space left on device")

    def refuse(*_, **__):
        raise full

    with monkeypatch.context() as broken:
        broken.setattr("pattern_operator.source.cache.disk.tempfile.mkstemp", refuse)
        await cache.put(Digest.of(b"1"), b"1", scope=SCOPE)
        await cache.flush()
        with pytest.raises(Transient) as failure:
            await cache.put(Digest.of(b"2"), b"2", scope=SCOPE)
        assert await cache.get(Digest.of(b"2"), scope=SCOPE) is None

    assert failure.value.reason is Reason.CACHE_UNAVAILABLE
    await cache.put(Digest.of(b"2"), b"2", scope=SCOPE)
    with monkeypatch.context() as nobody_waits:
        nobody_waits.setattr(DiskCache, "put", refuse)
        await cache.put(Digest.of(b"3"), b"3", scope=SCOPE)
    await cache.flush()
    after = opened(tmp_path)
    assert [await after.get(Digest.of(each), scope=SCOPE) for each in (b"2", b"3")] == [b"2", b"3"]


async def test_a_cache_that_is_closed_has_all_of_it_on_the_disk(tmp_path):
    cache = opened(tmp_path)
    for number in range(100):
        await cache.put(Digest.of(b"%d" % number), b"%d" % number, scope=SCOPE)

    await cache.aclose()

    after = opened(tmp_path)
    assert [await after.get(Digest.of(b"%d" % number), scope=SCOPE) for number in range(100)] == [
        b"%d" % number for number in range(100)
    ]


async def test_closing_waits_for_what_is_still_being_written(tmp_path):
    released, threads = threading.Event(), Threads("disk", size=1)
    threads.submit(released.wait)
    cache = Cache(tmp_path, max_size=2**24, disk=threads)
    await cache.put(Digest.of(SMALL), SMALL, scope=SCOPE)

    closing = asyncio.create_task(cache.aclose())
    for _ in range(5):
        await asyncio.sleep(0)
    early = closing.done()
    released.set()
    await closing

    assert not early
    assert [path.read_bytes() for path in tmp_path.glob("*/*/*")] == [SMALL]


async def test_a_disk_that_hangs_does_not_keep_a_cache_from_closing(tmp_path, monkeypatch):
    monkeypatch.setattr("pattern_operator.source.cache.cache.CLOSING", 0.05)
    released, threads = threading.Event(), Threads("disk", size=1)
    threads.submit(released.wait)
    cache = Cache(tmp_path, max_size=2**24, disk=threads)
    await cache.put(Digest.of(SMALL), SMALL, scope=SCOPE)

    async with asyncio.timeout(5.0):
        await cache.aclose()

    assert list(tmp_path.iterdir()) == []
    released.set()
