"""The API server refuses what is plainly no range of versions, and never one that the operator reads."""

import json
import re

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st
from tests.api.test_crd import accepted, pattern, refusal  # noqa: F401 - fixtures
from tests.testbed import semver

from pattern_operator.api.crd import schema
from pattern_operator.errors import Stalled
from pattern_operator.source.semver.range import SemverRange

ALL = json.loads(semver.TABLE.read_text())
AT_ONCE = 32  # dependencies that a pattern may have


def rule() -> str:
    """The expression that the API server matches, as CEL has it."""
    version = schema()["properties"]["spec"]["properties"]["dependsOn"]["items"]["properties"]["version"]
    (found,) = version["x-kubernetes-validations"]
    text = re.fullmatch(r"self\.matches\('(.*)'\)", found["rule"])
    assert text is not None
    return text[1].replace("\\\\", "\\")


RULE = re2.compile(rule())


def is_read(text: str) -> bool:
    try:
        SemverRange(text)
    except Stalled:
        return False
    return True


TOKENS = st.sampled_from(
    [
        *(
            ">",
            "<",
            "=",
            "!",
            "~",
            "^",
            "v",
            "x",
            "X",
            "*",
            "-",
            " - ",
            "||",
            "|",
            ",",
            ", ",
            " ",
            "\t",
            "\n",
            "+",
            ".",
        ),
        *("1", "0", "2.3", "1.2.3", "1.x", "-rc.1", "+b", "1.2.3-rc.1+b.5", "a"),
    ]
)
NUMBER = st.sampled_from(["0", "1", "12", "x", "*"])
BOUND = st.builds(
    lambda sign, space, v, parts, pre, build: f"{sign}{space}{v}{'.'.join(parts)}{pre}{build}",
    st.sampled_from(["", "=", "!=", ">", ">=", "=>", "<", "<=", "=<", "~", "~>", "^"]),
    st.sampled_from(["", " ", "\t"]),
    st.sampled_from(["", "v"]),
    st.lists(NUMBER, min_size=1, max_size=3),
    st.sampled_from(["", "-0", "-rc.1"]),
    st.sampled_from(["", "+b.1"]),
)
RANGE = st.lists(st.tuples(BOUND, st.sampled_from([" ", ",", ", ", " || ", "||", " - ", " ,"])), min_size=1).map(
    lambda parts: "".join(part for bound in parts for part in bound)[: -len(parts[-1][1])]
)


@given(st.one_of(st.lists(TOKENS, min_size=1, max_size=12).map("".join), RANGE))
def test_no_range_that_the_operator_reads_is_refused(text):
    assert RULE.search(text) is not None or not is_read(text)


@pytest.mark.parametrize("text", [text for text in ALL if ALL[text] is not None])
def test_nor_one_that_masterminds_reads(text):
    assert text == "" or RULE.search(text) is not None


def test_the_api_server_takes_each_of_them(accepted):  # noqa: F811 - the fixture
    ranges = [text for text in ALL if text and ALL[text] is not None]

    assert len(ranges) > 300
    for begin in range(0, len(ranges), AT_ONCE):
        wanted = [{"name": "db", "version": text} for text in ranges[begin : begin + AT_ONCE]]
        assert accepted(pattern(dependsOn=wanted))["spec"]["dependsOn"] == wanted


@pytest.mark.parametrize(
    "text",
    ["nonsense", "latest", "the newest", ">=1.4 <<2", "1.2.3.4", ">=", "1.x,", "1;2", "1,,2", "1.2.", "-1", " "],
)
def test_what_is_none_is_refused_with_what_is_right(refusal, text):  # noqa: F811 - the fixture
    assert not is_read(text)
    assert "must be a range of versions, such as '>=1.4 <2'" in refusal(
        pattern(dependsOn=[{"name": "db", "version": text}])
    )
    assert "belongs into source.ref.tag" in refusal(pattern(ref={"semver": text}))
