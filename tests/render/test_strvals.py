"""``--set`` as Helm reads it: a table of what the real helm answers, and that nothing but a value or an error comes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.testbed.paths import ROOT

from pattern_operator.render.strvals import InvalidSetting, set_values

CASES = json.loads((ROOT / "tests" / "data" / "strvals" / "cases.json").read_text())
TEXTS = st.text(alphabet="ab.,=[]{}\\01-+ \n\u00e9tT", max_size=24)


def parsed(text, *, reading=None):
    values: dict[str, Any] = {}
    set_values(text, values, reading=reading)
    return values


@pytest.mark.parametrize("case", CASES["set"], ids=lambda case: repr(case["text"]))
def test_set_is_what_the_real_helm_makes_of_it(case):
    if "values" in case:
        assert parsed(case["text"]) == case["values"]
        assert json.dumps(parsed(case["text"]), sort_keys=True) == json.dumps(case["values"], sort_keys=True)
    else:
        with pytest.raises(InvalidSetting):
            parsed(case["text"])


def test_as_text_nothing_is_a_number():
    assert parsed("a=1,b=true,c={1,null}", reading=str) == {"a": "1", "b": "true", "c": ["1", "null"]}


def test_later_settings_lie_over_earlier_ones():
    values = {"image": {"tag": "1", "name": "web"}, "hosts": ["a", "b"]}

    set_values("image.tag=2,hosts[1]=c,hosts[3]=d", values)

    assert values == {"image": {"tag": 2, "name": "web"}, "hosts": ["a", "c", None, "d"]}


@pytest.mark.parametrize("text", ["a" + "[1]" * 2_000 + "=x", "a." * 2_000 + "b=x", "a[99999999999999999999]=x"])
def test_what_would_build_much_of_little_is_refused(text):
    with pytest.raises(InvalidSetting):
        parsed(text)


@given(TEXTS)
def test_any_text_is_values_or_an_error_of_ours(text):
    try:
        values = parsed(text)
    except InvalidSetting as error:
        assert len(str(error)) < 2_000
    else:
        assert json.loads(json.dumps(values)) == values


@given(st.lists(st.sampled_from(["a", "b.c", "d\\.e", "f[0]", "f[1].g", "h[0][1]"]), min_size=1, max_size=4), TEXTS)
def test_settings_one_after_another_are_as_in_one(names, value):
    escaped = "".join(f"\\{letter}" if letter in ",\\{}" else letter for letter in value)
    one: dict[str, Any] = {}
    many: dict[str, Any] = {}
    try:
        set_values(",".join(f"{name}={escaped}" for name in names), one)
    except InvalidSetting:
        return
    for name in names:
        set_values(f"{name}={escaped}", many)
    if escaped:  # Helm takes an empty value at the end for the end of the text
        assert one == many
