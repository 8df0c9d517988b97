import itertools
import re
import resource
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import FILTER_SECONDS, MAX_FILTER, MIB
from pattern_operator.source.tag_filter import filter_tags

TAG = "a" * 127 + "!"


def kept(tags: list[str], pattern: str, *, clock=time.monotonic) -> list[str]:
    return filter_tags(tags, pattern=pattern, clock=clock)


def refusal(pattern: str, tags: list[str] | None = None, **more) -> Stalled:
    with pytest.raises(Stalled) as refused:
        kept(tags or ["1.0.0"], pattern, **more)
    assert refused.value.reason is Reason.INVALID_REFERENCE
    assert "source.ref.semverFilter" in refused.value.message
    assert len(refused.value.message) < 1500
    return refused.value


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        pytest.param("^1", ["1.0.0", "1.1.0-rc.1"], id="anchored"),
        pytest.param("rc", ["1.1.0-rc.1"], id="searched, not matched whole"),
        pytest.param("^[0-9.]+$", ["1.0.0", "2.0.0"], id="releases"),
        pytest.param(r"^\d+\.0\.0$", ["1.0.0", "2.0.0"], id="classes of Perl"),
        pytest.param("^(?P<major>1)", ["1.0.0", "1.1.0-rc.1"], id="a named group, as Flux's docs have it"),
        pytest.param("(?i)LATEST", ["latest"], id="with a flag"),
        pytest.param("", ["1.0.0", "latest", "1.1.0-rc.1", "2.0.0"], id="everything"),
        pytest.param("x", [], id="nothing"),
    ],
)
def test_the_tags_in_which_it_is_found_are_kept_in_order(pattern, wanted):
    assert kept(["1.0.0", "latest", "1.1.0-rc.1", "2.0.0"], pattern) == wanted


@settings(max_examples=50)
@given(
    tags=st.lists(st.text("abc.-019", max_size=20)),
    pattern=st.sampled_from(["a", "[^a]", "^.$", "a+b?", "(a|b)*c", r"\d", r"^[0-9]+\.[0-9]+$", "a{2,3}"]),
)
def test_it_keeps_what_re_keeps(tags, pattern):
    assert kept(tags, pattern) == [tag for tag in tags if re.search(pattern, tag)]


def test_ten_thousand_tags_are_no_trouble():
    tags = [f"1.0.{number}" for number in range(10_000)]

    assert kept(tags, "[05]$") == tags[::5]


@pytest.mark.parametrize(
    "pattern",
    [
        *("(", "[z-a]", "*", "(?P<a>", "(" * 500, "\ud800"),
        pytest.param("(?=a)b", id="look-ahead"),
        pytest.param("(?<!a)b", id="look-behind"),
        pytest.param(r"(a)\1", id="a back-reference"),
        pytest.param("a{1001}", id="more repeats than RE2 takes"),
    ],
)
def test_what_re2_does_not_take_is_refused_and_the_message_says_whose_syntax_it_is(pattern):
    assert "RE2" in refusal(pattern).message


def test_an_expression_of_more_letters_than_are_read_is_refused():
    assert kept(["1.0.0"], "1" + "|1" * ((MAX_FILTER - 2) // 2) + "1" * (1 - MAX_FILTER % 2)) == ["1.0.0"]
    assert f"at most {MAX_FILTER}" in refusal("a" * (MAX_FILTER + 1)).message


@pytest.mark.parametrize(
    "pattern", [r"((\pL{30}){30})", "(a{1,1000})", "(?:x{0,1000}){1}", r"[\pL\pN]{1000}", "(?i)" + r"\pL{100}" * 50]
)
def test_an_expression_that_takes_much_memory_is_refused_or_takes_little(pattern):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        kept([TAG] * 10, pattern)
    except Stalled as error:
        assert error.reason is Reason.INVALID_REFERENCE

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4 * MIB // 1024


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(?:a?){4000000000}", "(a|aa)+$", "(a?){100}a{100}", "(.*)*x", "(x+x+)+y", "((a*)*)*b"]
)
def test_no_expression_takes_longer_than_it_may(pattern):
    begun = time.thread_time()  # a busy machine may stop it at any moment
    try:
        kept([TAG] * 10_000, pattern, clock=time.thread_time)
    except Stalled as error:
        assert error.reason is Reason.INVALID_REFERENCE

    assert time.thread_time() - begun < FILTER_SECONDS + 1.5


def test_an_expression_that_takes_too_long_is_given_up():
    ticks = itertools.count(0, FILTER_SECONDS / 10)

    found = refusal("a", ["b"] * 100, clock=lambda: next(ticks))

    assert "make it simpler" in found.message


def test_an_expression_that_takes_as_long_as_it_may_is_not_given_up():
    ticks = iter([0.0, FILTER_SECONDS])

    assert kept(["a"], "a", clock=lambda: next(ticks)) == ["a"]


def test_why_an_expression_is_refused_is_said_where_it_is_read_and_nowhere_else(capfd):
    assert "it takes too much memory" in refusal(r"((\pL{30}){30})").message
    assert "correct it" in refusal("(").message
    assert capfd.readouterr().err == ""
