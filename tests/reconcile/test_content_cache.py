"""What is remembered of Secrets and ConfigMaps has a bound for all together."""

import tracemalloc

from pattern_operator.reconcile.content_cache import ContentCache


def test_what_is_kept_is_given_until_it_is_dropped():
    contents = ContentCache[str]()
    contents.keep("a", {"k": b"1"})
    contents.keep("a", {"k": b"2"})
    kept = contents.get("a")
    contents.drop("a")
    contents.drop("a")

    assert kept == {"k": b"2"}
    assert contents.get("a") is None


def test_the_first_makes_room_for_the_last():
    contents = ContentCache[int](most=10_000)
    for number in range(10):
        contents.keep(number, {"k": bytes(2_000)})

    assert [number for number in range(10) if contents.get(number) is not None] == [6, 7, 8, 9]


def test_what_just_fits_is_kept():
    one, two = ContentCache[int](most=1_200), ContentCache[int](most=2_400)
    one.keep(1, {"k": bytes(999)})
    for each in (1, 2):
        two.keep(each, {"k": bytes(999)})

    assert one.get(1) == two.get(1) == two.get(2) == {"k": bytes(999)}


def test_what_is_kept_again_takes_its_room_once():
    contents = ContentCache[int](most=3_000)
    contents.keep(1, {"k": bytes(1_000)})
    for _ in range(10):
        contents.keep(2, {"k": bytes(1_000)})

    assert contents.get(1) is not None


def test_what_was_dropped_leaves_its_room():
    contents = ContentCache[int](most=3_000)
    for number in range(10):
        contents.keep(number, {"k": bytes(2_000)})
        contents.drop(number)
    contents.keep(1, {"k": bytes(2_000)})

    assert contents.get(1) is not None


def test_what_is_larger_than_all_room_is_not_kept_and_puts_nothing_out():
    contents = ContentCache[int](most=1_000)
    contents.keep(1, {"k": b"1"})
    contents.keep(2, {"k": bytes(2_000)})

    assert contents.get(1) == {"k": b"1"}
    assert contents.get(2) is None


def test_any_number_of_large_ones_takes_little_memory():
    contents = ContentCache[int](most=1_000_000)
    tracemalloc.start()
    try:
        for number in range(40):
            contents.keep(number, {f"k{number}-{entry}": bytes(100) for entry in range(500)})
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held < 2_000_000
