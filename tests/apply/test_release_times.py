"""Since when a pattern lets go of an object: that does not change while it does, and is counted on after a restart."""

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.release_times import ReleaseTime, ReleaseTimes

KEY, OTHER = ObjectKey("", "ConfigMap", "team", "a"), ObjectKey("", "ConfigMap", "team", "b")


def test_it_counts_from_the_first_time_for_each_object():
    times = ReleaseTimes()

    assert times.since(KEY, "web", now=1) == ReleaseTime(asked=1, at=1, earliest=1)
    assert times.since(OTHER, "web", now=2) == ReleaseTime(asked=2, at=2, earliest=2)
    assert times.since(KEY, "web", now=3) == ReleaseTime(asked=1, at=1, earliest=1)
    assert times.since(KEY, "shop", now=4) == ReleaseTime(asked=4, at=4, earliest=4)
    assert times.keys_of("web") == {KEY, OTHER}


def test_what_status_says_of_the_time_before_is_counted_until_it_is_forgotten():
    times = ReleaseTimes()
    times.note_earlier("web", at=-50, earliest=-90)

    assert times.since(KEY, "web", now=1) == ReleaseTime(asked=1, at=-50, earliest=-90)
    assert times.since(KEY, "shop", now=1) == ReleaseTime(asked=1, at=1, earliest=1)
    times.forget_earlier("web")
    assert times.since(KEY, "web", now=2) == ReleaseTime(asked=1, at=-50, earliest=-90)
    assert times.since(OTHER, "web", now=2) == ReleaseTime(asked=2, at=2, earliest=2)


def test_it_begins_anew_for_what_was_cancelled():
    times = ReleaseTimes()
    for key in (KEY, OTHER):
        times.since(key, "web", now=1)

    times.cancel("web", [KEY])

    assert times.keys_of("web") == {OTHER}
    assert times.since(KEY, "web", now=5).asked == 5
    assert times.since(OTHER, "web", now=5).asked == 1
