import asyncio
import errno
import hashlib
import os
import tempfile
from pathlib import Path

import pytest
from tests.executors import EXECUTORS
from tests.open_files import open_files_below

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.errors import Transient
from pattern_operator.source import DiskCache
from pattern_operator.source.cache import disk as module
from pattern_operator.source.cache.entry import BLOCK, cost_of

CONTENT = b"kind: ConfigMap\n"
DIGEST = Digest.of(CONTENT)
SCOPE = "https://registry.example/v2/team/web"
UNIT = cost_of(100)
FOLDER = hashlib.sha256(SCOPE.encode()).hexdigest()[:32]


@pytest.fixture
def cache(tmp_path) -> DiskCache:
    return DiskCache(tmp_path / "cache", max_size=2**30, disk=EXECUTORS.disk)


def contents(number: int, *, size: int = 100) -> list[tuple[Digest, bytes]]:
    made = [bytes([each]) * size for each in range(number)]
    return [(Digest.of(content), content) for content in made]


async def test_what_was_put_is_got(cache):
    await cache.put(DIGEST, CONTENT, scope=SCOPE)

    assert await cache.get(DIGEST, scope=SCOPE) == CONTENT


async def test_what_was_never_put_is_not_there(cache):
    assert await cache.get(DIGEST, scope=SCOPE) is None


async def test_what_one_repository_gave_is_not_given_to_who_asks_another(cache):
    await cache.put(DIGEST, CONTENT, scope=SCOPE)

    assert await cache.get(DIGEST, scope="https://stranger.example/v2/team/web") is None


async def test_empty_content_is_content(cache):
    await cache.put(Digest.of(b""), b"", scope=SCOPE)

    assert await cache.get(Digest.of(b""), scope=SCOPE) == b""


async def test_each_algorithm_has_its_place(tmp_path):
    cache = DiskCache(tmp_path, max_size=1000, disk=EXECUTORS.disk)
    long = Digest.of(CONTENT, "sha512")

    await cache.put(long, CONTENT, scope=SCOPE)

    assert await cache.get(long, scope=SCOPE) == CONTENT
    assert await cache.get(DIGEST, scope=SCOPE) is None
    assert (tmp_path / FOLDER / "sha512" / long.hex).read_bytes() == CONTENT


async def test_content_survives_a_restart(tmp_path):
    await DiskCache(tmp_path, max_size=1000, disk=EXECUTORS.disk).put(DIGEST, CONTENT, scope=SCOPE)

    assert await DiskCache(tmp_path, max_size=1000, disk=EXECUTORS.disk).get(DIGEST, scope=SCOPE) == CONTENT


@pytest.mark.parametrize(
    "damage", [b"", CONTENT[:-1], CONTENT + b"!", b"evil"], ids=["emptied", "cut", "longer", "else"]
)
async def test_content_that_was_changed_on_the_disk_is_as_if_it_had_never_been_there(tmp_path, damage):
    cache = DiskCache(tmp_path, max_size=1000, disk=EXECUTORS.disk)
    await cache.put(DIGEST, CONTENT, scope=SCOPE)
    path = tmp_path / FOLDER / "sha256" / DIGEST.hex
    path.write_bytes(damage)

    assert await cache.get(DIGEST, scope=SCOPE) is None
    assert not path.exists()

    await cache.put(DIGEST, CONTENT, scope=SCOPE)
    assert await cache.get(DIGEST, scope=SCOPE) == CONTENT


async def test_content_that_someone_removed_is_put_again(tmp_path):
    cache = DiskCache(tmp_path, max_size=1000, disk=EXECUTORS.disk)
    await cache.put(DIGEST, CONTENT, scope=SCOPE)
    (tmp_path / FOLDER / "sha256" / DIGEST.hex).unlink()

    assert await cache.get(DIGEST, scope=SCOPE) is None

    await cache.put(DIGEST, CONTENT, scope=SCOPE)
    assert await cache.get(DIGEST, scope=SCOPE) == CONTENT


async def test_content_that_someone_removed_takes_no_room(tmp_path):
    (first, one), (second, two), (third, three) = contents(3)
    cache = DiskCache(tmp_path, max_size=2 * UNIT, disk=EXECUTORS.disk)
    await cache.put(first, one, scope=SCOPE)
    await cache.put(second, two, scope=SCOPE)
    (tmp_path / FOLDER / "sha256" / second.hex).unlink()
    assert await cache.get(second, scope=SCOPE) is None
    assert cache.is_missing(second, scope=SCOPE)

    await cache.put(third, three, scope=SCOPE)

    assert await cache.get(first, scope=SCOPE) == one


async def test_files_of_one_moment_are_all_there_after_a_restart(tmp_path):
    made = contents(2)
    for digest, content in made:
        await DiskCache(tmp_path, max_size=2**20, disk=EXECUTORS.disk).put(digest, content, scope=SCOPE)
    for path in tmp_path.rglob("*"):
        os.utime(path, ns=(10**18, 10**18))

    cache = DiskCache(tmp_path, max_size=2**20, disk=EXECUTORS.disk)

    assert [await cache.get(digest, scope=SCOPE) for digest, _ in made] == [content for _, content in made]


async def test_a_directory_is_made_with_those_that_lead_to_it(tmp_path):
    cache = DiskCache(tmp_path / "not" / "there" / "yet", max_size=1000, disk=EXECUTORS.disk)

    assert await cache.get(DIGEST, scope=SCOPE) is None
    await cache.put(DIGEST, CONTENT, scope=SCOPE)

    assert await cache.get(DIGEST, scope=SCOPE) == CONTENT


async def test_nothing_is_known_to_be_missing_before_the_directory_was_looked_at(tmp_path):
    await DiskCache(tmp_path, max_size=1000, disk=EXECUTORS.disk).put(DIGEST, CONTENT, scope=SCOPE)
    cache = DiskCache(tmp_path, max_size=1000, disk=EXECUTORS.disk)

    assert not cache.is_missing(DIGEST, scope=SCOPE)
    assert not cache.is_missing(Digest.of(b"other"), scope=SCOPE)
    await cache.get(DIGEST, scope=SCOPE)
    assert not cache.is_missing(DIGEST, scope=SCOPE)
    assert cache.is_missing(Digest.of(b"other"), scope=SCOPE)


# --- how much is kept -----------------------------------------------------------------------------------------------


async def test_the_least_recently_used_goes_first(tmp_path):
    cache = DiskCache(tmp_path, max_size=3 * UNIT, disk=EXECUTORS.disk)
    (first, one), (second, two), (third, three), (fourth, four) = contents(4)
    await cache.put(first, one, scope=SCOPE)
    await cache.put(second, two, scope=SCOPE)
    await cache.put(third, three, scope=SCOPE)

    await cache.get(first, scope=SCOPE)
    await cache.put(fourth, four, scope=SCOPE)

    assert [await cache.get(digest, scope=SCOPE) for digest in (first, second, third, fourth)] == [
        one,
        None,
        three,
        four,
    ]


async def test_use_is_remembered_over_a_restart(tmp_path):
    (first, one), (second, two), (third, three) = contents(3)
    before = DiskCache(tmp_path, max_size=2 * UNIT, disk=EXECUTORS.disk)
    await before.put(first, one, scope=SCOPE)
    await before.put(second, two, scope=SCOPE)
    os.utime(tmp_path / FOLDER / "sha256" / first.hex, ns=(1, 1))  # both were written in one tick of the clock
    os.utime(tmp_path / FOLDER / "sha256" / second.hex, ns=(2, 2))
    await before.get(first, scope=SCOPE)

    after = DiskCache(tmp_path, max_size=2 * UNIT, disk=EXECUTORS.disk)
    await after.put(third, three, scope=SCOPE)

    assert [await after.get(digest, scope=SCOPE) for digest in (first, second, third)] == [one, None, three]


async def test_files_on_the_disk_never_exceed_the_size_that_was_set(tmp_path):
    cache = DiskCache(tmp_path, max_size=4 * UNIT + UNIT // 2, disk=EXECUTORS.disk)

    for digest, content in contents(20):
        await cache.put(digest, content, scope=SCOPE)
        await cache.put(digest, content, scope=SCOPE)

    kept = [path.stat().st_size for path in tmp_path.glob("*/*/*")]
    assert sum(kept) == 400


async def test_what_alone_exceeds_the_size_is_kept_until_something_else_comes(tmp_path):
    cache = DiskCache(tmp_path, max_size=10, disk=EXECUTORS.disk)
    (first, one), (second, two) = contents(2)

    await cache.put(first, one, scope=SCOPE)
    there = await cache.get(first, scope=SCOPE)
    await cache.put(second, two, scope=SCOPE)

    assert there == one
    assert await cache.get(first, scope=SCOPE) is None
    assert await cache.get(second, scope=SCOPE) == two


async def test_a_smaller_cache_over_the_same_directory_shrinks_it(tmp_path):
    before = DiskCache(tmp_path, max_size=10 * UNIT, disk=EXECUTORS.disk)
    for digest, content in contents(5):
        await before.put(digest, content, scope=SCOPE)

    after = DiskCache(tmp_path, max_size=UNIT + UNIT // 2, disk=EXECUTORS.disk)
    await after.put(DIGEST, CONTENT, scope=SCOPE)

    assert sum(path.stat().st_size for path in tmp_path.glob("*/*/*")) <= 150


async def test_what_is_counted_is_the_room_on_the_disk_and_not_the_bytes_of_content(tmp_path):
    cache = DiskCache(tmp_path, max_size=256 * BLOCK, disk=EXECUTORS.disk)

    for digest, content in contents(200, size=3):
        await cache.put(digest, content, scope=f"{SCOPE}/{digest.hex}")

    kept = [each.lstat() for each in tmp_path.rglob("*")]
    assert sum(max(BLOCK, each.st_blocks * 512) for each in kept) <= 256 * BLOCK
    assert len(kept) > 60


async def test_there_is_a_most_of_pieces_however_small_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_ENTRIES", 5)
    cache = DiskCache(tmp_path, max_size=2**30, disk=EXECUTORS.disk)

    for digest, content in contents(20, size=1):
        await cache.put(digest, content, scope=SCOPE)

    assert len(list(tmp_path.glob("*/*/*"))) == 5


async def test_what_was_written_piece_by_piece_counts_once(tmp_path):
    large = b"x" * 3 * BLOCK
    cache = DiskCache(tmp_path, max_size=cost_of(len(large)) + UNIT - 1, disk=EXECUTORS.disk)
    async with cache.writer(Digest.of(large), scope=SCOPE) as writer:
        await writer.write(large)
        (await writer.commit()).close()

    await cache.put(DIGEST, CONTENT, scope=SCOPE)

    assert await cache.get(Digest.of(large), scope=SCOPE) is None


async def test_what_was_being_written_does_not_count_beside_what_was_written(tmp_path):
    cache = DiskCache(tmp_path, max_size=2 * UNIT, disk=EXECUTORS.disk)
    await cache.put(DIGEST, CONTENT, scope=SCOPE)
    async with cache.writer(Digest.of(b"x"), scope=SCOPE) as writer:
        await writer.write(b"x")
        (await writer.commit()).close()

    assert await cache.get(DIGEST, scope=SCOPE) == CONTENT


async def test_what_was_opened_last_stays_also_after_a_restart(tmp_path):
    (first, one), (second, two), (third, three) = contents(3)
    cache = DiskCache(tmp_path, max_size=2 * UNIT, disk=EXECUTORS.disk)
    for digest, content in ((first, one), (second, two)):
        await cache.put(digest, content, scope=SCOPE)
    for age, path in enumerate(tmp_path.glob("*/*/*")):
        os.utime(path, (age, age + 2 * (path.name == second.hex)))
    opened = await cache.open(first, size=len(one), scope=SCOPE)
    assert opened is not None
    opened.close()

    cache = DiskCache(tmp_path, max_size=2 * UNIT, disk=EXECUTORS.disk)
    await cache.put(third, three, scope=SCOPE)

    assert await cache.get(first, scope=SCOPE) == one
    assert await cache.get(second, scope=SCOPE) is None


async def test_what_was_opened_last_is_the_last_to_go(tmp_path):
    (first, one), (second, two), (third, three) = contents(3)
    cache = DiskCache(tmp_path, max_size=2 * UNIT, disk=EXECUTORS.disk)
    for digest, content in ((first, one), (second, two)):
        await cache.put(digest, content, scope=SCOPE)

    opened = await cache.open(first, size=len(one), scope=SCOPE)
    await cache.put(third, three, scope=SCOPE)

    assert opened is not None
    opened.close()
    assert await cache.get(first, scope=SCOPE) == one
    assert await cache.get(second, scope=SCOPE) is None


@pytest.mark.parametrize("how", ["opened", "written"])
async def test_content_is_where_it_was_read_to_also_for_who_reads_its_descriptor(cache, how: str):
    async with cache.writer(DIGEST, scope=SCOPE) as writer:
        await writer.write(CONTENT)
        file = await writer.commit()
    if how == "opened":
        file.close()
        file = await cache.open(DIGEST, size=len(CONTENT), scope=SCOPE)

    with file:
        places = [os.lseek(file.fileno(), 0, os.SEEK_CUR)]
        file.read(1)
        places.append(os.lseek(file.fileno(), 0, os.SEEK_CUR))

    assert places == [0, 1]


async def test_a_byte_too_little_for_two_keeps_one(tmp_path):
    cache = DiskCache(tmp_path, max_size=2 * UNIT - 1, disk=EXECUTORS.disk)

    for digest, content in contents(2):
        await cache.put(digest, content, scope=SCOPE)

    assert len(list(tmp_path.glob("*/*/*"))) == 1


async def test_repositories_whose_content_is_gone_leave_no_folders(tmp_path):
    cache = DiskCache(tmp_path, max_size=2 * UNIT, disk=EXECUTORS.disk)

    for digest, content in contents(20):
        await cache.put(digest, content, scope=f"{SCOPE}/{digest.hex}")

    assert len(list(tmp_path.iterdir())) == 2


async def test_empty_folders_of_an_earlier_process_are_removed(tmp_path):
    (tmp_path / FOLDER / "sha256").mkdir(parents=True)
    (tmp_path / "lost+found").mkdir()

    await DiskCache(tmp_path, max_size=UNIT, disk=EXECUTORS.disk).get(DIGEST, scope=SCOPE)

    assert [each.name for each in tmp_path.iterdir()] == ["lost+found"]


async def test_what_is_being_written_counts_and_what_is_given_up_counts_no_more(tmp_path):
    cache = DiskCache(tmp_path, max_size=10 * UNIT, disk=EXECUTORS.disk)
    (first, one), (second, two), (third, three) = contents(3)
    await cache.put(first, one, scope=SCOPE)

    async with cache.writer(second, scope=SCOPE) as writer:
        await writer.write(bytes(10 * UNIT))
    evicted = await cache.get(first, scope=SCOPE)
    await cache.put(second, two, scope=SCOPE)
    await cache.put(third, three, scope=SCOPE)

    assert evicted is None
    assert await cache.get(second, scope=SCOPE) == two


async def test_a_limit_of_open_files_that_is_reached_is_said_as_such(tmp_path, monkeypatch):
    cache = DiskCache(tmp_path, max_size=UNIT, disk=EXECUTORS.disk)

    def full(**_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(tempfile, "mkstemp", full)
    with pytest.raises(Transient, match="limit of open files") as failure:
        await cache.put(DIGEST, CONTENT, scope=SCOPE)

    assert failure.value.reason is Reason.CACHE_UNAVAILABLE


# --- what lies in the directory -------------------------------------------------------------------------------------


async def test_what_a_process_left_unfinished_is_removed(tmp_path):
    unfinished = tmp_path / FOLDER / "sha256" / ".unfinished-abc"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(b"half")

    assert await DiskCache(tmp_path, max_size=1000, disk=EXECUTORS.disk).get(DIGEST, scope=SCOPE) is None
    assert not unfinished.exists()


async def test_what_another_process_removes_meanwhile_is_gone(tmp_path, monkeypatch):
    cache = DiskCache(tmp_path, max_size=1000, disk=EXECUTORS.disk)
    await cache.put(DIGEST, CONTENT, scope=SCOPE)
    unfinished = tmp_path / FOLDER / "sha256" / f"{module._UNFINISHED}1"
    unfinished.write_bytes(b"x")
    unlink = Path.unlink

    def remove_first(path: Path, *, missing_ok: bool = False) -> None:
        unlink(path)
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", remove_first)

    assert await DiskCache(tmp_path, max_size=1000, disk=EXECUTORS.disk).get(DIGEST, scope=SCOPE) == CONTENT
    assert not unfinished.exists()


async def test_files_of_others_are_let_be(tmp_path):
    others = [tmp_path / "index.json", tmp_path / FOLDER / "sha256" / "README", tmp_path / FOLDER / "md5" / "x"]
    for other in others:
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_bytes(b"x" * 1000)

    cache = DiskCache(tmp_path, max_size=100, disk=EXECUTORS.disk)
    await cache.put(DIGEST, CONTENT, scope=SCOPE)

    assert await cache.get(DIGEST, scope=SCOPE) == CONTENT
    assert all(other.exists() for other in others)


async def test_a_write_that_fails_leaves_nothing_behind(tmp_path):
    cache = DiskCache(tmp_path, max_size=1000, disk=EXECUTORS.disk)
    await cache.put(DIGEST, CONTENT, scope=SCOPE)
    other = Digest.of(b"other")
    (tmp_path / FOLDER / "sha256" / other.hex).mkdir()  # so that the file cannot take its place

    with pytest.raises(Transient) as failure:
        await cache.put(other, b"other", scope=SCOPE)

    assert failure.value.reason is Reason.CACHE_UNAVAILABLE
    assert not list(tmp_path.glob("*/*/.unfinished-*"))
    assert await cache.get(DIGEST, scope=SCOPE) == CONTENT


@pytest.mark.parametrize(
    "use", [lambda cache: cache.get(DIGEST, scope=SCOPE), lambda cache: cache.put(DIGEST, CONTENT, scope=SCOPE)]
)
async def test_a_directory_that_cannot_be_used_is_an_error_that_says_what_to_do(tmp_path, use):
    (tmp_path / "file").write_text("")
    cache = DiskCache(tmp_path / "file" / "cache", max_size=1000, disk=EXECUTORS.disk)

    with pytest.raises(Transient) as failure:
        await use(cache)

    assert failure.value.reason is Reason.CACHE_UNAVAILABLE
    assert str(tmp_path / "file" / "cache") in failure.value.message
    assert "--cache-dir" in failure.value.message


async def test_a_directory_that_was_mended_is_used_again(tmp_path):
    (tmp_path / "cache").write_text("")
    cache = DiskCache(tmp_path / "cache", max_size=1000, disk=EXECUTORS.disk)
    with pytest.raises(Transient):
        await cache.put(DIGEST, CONTENT, scope=SCOPE)

    (tmp_path / "cache").unlink()
    await cache.put(DIGEST, CONTENT, scope=SCOPE)

    assert await cache.get(DIGEST, scope=SCOPE) == CONTENT


async def test_many_at_once_get_what_they_put(tmp_path):
    cache = DiskCache(tmp_path, max_size=5 * UNIT, disk=EXECUTORS.disk)
    made = contents(30)

    async def use(digest: Digest, content: bytes) -> bool:
        await cache.put(digest, content, scope=SCOPE)
        return await cache.get(digest, scope=SCOPE) in (content, None)

    used = await asyncio.gather(*(use(*made[number % 30]) for number in range(120)))

    assert all(used)
    files = {path.name: path.stat().st_size for path in tmp_path.glob("*/*/*")}
    assert sum(files.values()) <= 500
    assert sum([await cache.get(digest, scope=SCOPE) is not None for digest, _ in made]) == len(files)


# --- content that is never in memory as a whole ---------------------------------------------------------------------


async def test_what_is_written_piece_by_piece_is_open_at_its_beginning_and_kept(cache):
    async with cache.writer(DIGEST, scope=SCOPE) as writer:
        for piece in (CONTENT[:3], CONTENT[3:]):
            await writer.write(piece)
        with await writer.commit() as file:
            assert file.read() == CONTENT

    assert await cache.get(DIGEST, scope=SCOPE) == CONTENT


async def test_what_is_not_finished_leaves_nothing(cache, tmp_path):
    with pytest.raises(ZeroDivisionError):
        async with cache.writer(DIGEST, scope=SCOPE) as writer:
            await writer.write(CONTENT)
            raise ZeroDivisionError

    assert await cache.open(DIGEST, size=len(CONTENT), scope=SCOPE) is None
    assert [path.name for path in tmp_path.rglob("*")] == ["cache"]


async def test_opened_content_can_be_read_although_it_is_evicted_meanwhile(tmp_path):
    cache = DiskCache(tmp_path, max_size=UNIT, disk=EXECUTORS.disk)
    await cache.put(DIGEST, CONTENT, scope=SCOPE)

    opened = await cache.open(DIGEST, size=len(CONTENT), scope=SCOPE)
    await cache.put(Digest.of(b"other"), b"other", scope=SCOPE)

    assert opened is not None
    with opened:
        assert opened.read() == CONTENT
    assert await cache.get(DIGEST, scope=SCOPE) is None


async def test_content_that_someone_removed_is_not_opened_and_is_put_again(cache, tmp_path):
    await cache.put(DIGEST, CONTENT, scope=SCOPE)
    next(path for path in tmp_path.rglob("*") if path.is_file()).unlink()

    assert await cache.open(DIGEST, size=len(CONTENT), scope=SCOPE) is None
    assert cache.is_missing(DIGEST, scope=SCOPE)

    await cache.put(DIGEST, CONTENT, scope=SCOPE)
    assert await cache.get(DIGEST, scope=SCOPE) == CONTENT


async def test_a_file_of_which_the_time_cannot_be_set_is_not_left_open(cache, tmp_path, monkeypatch):
    await cache.put(DIGEST, CONTENT, scope=SCOPE)

    def refuse(_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "utime", refuse)
    with pytest.raises(Transient) as failure:
        await cache.open(DIGEST, size=len(CONTENT), scope=SCOPE)

    assert failure.value.reason is Reason.CACHE_UNAVAILABLE
    assert open_files_below(tmp_path) == []


async def test_content_that_cannot_take_its_place_is_not_left_open(cache, tmp_path):
    async with cache.writer(DIGEST, scope=SCOPE) as writer:
        await writer.write(CONTENT)
        (writer.path.parent / DIGEST.hex).mkdir()
        with pytest.raises(Transient) as failure:
            await writer.commit()

    assert failure.value.reason is Reason.CACHE_UNAVAILABLE
    assert open_files_below(tmp_path) == []


@pytest.mark.parametrize("found", [CONTENT + b"!", CONTENT[:-1] + b"!", b""])
async def test_content_that_was_changed_on_the_disk_is_not_opened(cache, tmp_path, found):
    await cache.put(DIGEST, CONTENT, scope=SCOPE)
    next(path for path in tmp_path.rglob("*") if path.is_file()).write_bytes(found)

    assert await cache.open(DIGEST, size=len(CONTENT), scope=SCOPE) is None
    assert cache.is_missing(DIGEST, scope=SCOPE)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
