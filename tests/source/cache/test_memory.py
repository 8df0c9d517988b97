"""What is kept in memory, and what goes first."""

from pattern_operator.api.reference import Digest
from pattern_operator.source.cache.entry import Entry
from pattern_operator.source.cache.memory import _OVERHEAD, MemoryCache

KIB = 1024
ONE, TWO, THREE = (Entry.of("https://registry.example/v2/team/web", Digest.of(each)) for each in (b"1", b"2", b"3"))


def test_what_was_put_is_got():
    memory = MemoryCache(max_size=KIB, max_content=10)
    memory.put(ONE, b"x")

    assert memory.get(ONE) == b"x"
    assert memory.get(TWO) is None


def test_only_small_content_is_kept():
    memory = MemoryCache(max_size=KIB, max_content=2)
    memory.put(ONE, b"xx")
    memory.put(TWO, b"xxx")

    assert (memory.takes(2), memory.takes(3)) == (True, False)
    assert (memory.get(ONE), memory.get(TWO)) == (b"xx", None)


def test_the_least_recently_used_goes_first():
    memory = MemoryCache(max_size=2 * (_OVERHEAD + 1), max_content=1)
    memory.put(ONE, b"1")
    memory.put(TWO, b"2")
    memory.get(ONE)

    memory.put(THREE, b"3")

    assert [memory.get(each) for each in (ONE, TWO, THREE)] == [b"1", None, b"3"]


def test_what_is_put_twice_counts_once():
    memory = MemoryCache(max_size=2 * (_OVERHEAD + 1), max_content=1)
    for _ in range(5):
        memory.put(ONE, b"1")

    memory.put(TWO, b"2")

    assert (memory.get(ONE), memory.get(TWO)) == (b"1", b"2")


def test_what_does_not_fit_evicts_down_to_the_limit_and_no_further():
    memory = MemoryCache(max_size=2 * _OVERHEAD + 10, max_content=10)
    memory.put(ONE, b"1")
    memory.put(TWO, b"2" * 9)
    assert memory.get(ONE) == b"1"  # together they have just as much as there is room for

    memory.put(THREE, b"3")

    assert [memory.get(each) for each in (ONE, TWO, THREE)] == [b"1", None, b"3"]
