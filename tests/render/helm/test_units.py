"""Parts of it by themselves: words of templates, differences, and what is taken out of messages."""

import base64
import json
import re
from copy import deepcopy

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.cputime import cpu_time

from pattern_operator.limits import MAX_GENERATED, MAX_SETTINGS
from pattern_operator.render.helm.actions import calls, replaced, replaced_field
from pattern_operator.render.helm.differences import differences
from pattern_operator.render.helm.hooks import left_out
from pattern_operator.render.helm.redaction import redacted
from pattern_operator.render.helm.values import settings_of, values_of
from pattern_operator.render.strvals import set_values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=12,
)


# --- actions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "lines"),
    [
        ("{{ lookup }}", [1]),
        ("{{- lookup -}}\n{{(lookup)}}", [1, 2]),
        ("{{ if eq 1 2 }}\n{{ x | lookup }}{{end}}", [2]),
        ("lookup {{ x }} lookup", []),
        ("{{/* lookup */}}{{- /* lookup */ -}}", []),
        ("{{/* {{ lookup }} */}}", []),
        ('{{ "lookup" }}{{ `lookup` }}', []),
        ('{{ "\\"lookup" }}', []),
        ("{{ .lookup }}{{ $lookup }}{{ $x.lookup }}{{ lookups }}", []),
        ('{{ "}}" lookup }}', [1]),
        ("{{ lookup", [1]),
        ("{{", []),
        ("{{ `lookup", []),
        ("{{ '\"' lookup '\"' }}", [1]),
    ],
)
def test_a_call_is_a_word_of_an_action(template, lines):
    assert [each.line for each in calls(template.encode(), ("lookup",))] == lines


def test_what_is_replaced_is_the_calls_and_nothing_else():
    assert (
        replaced(b"now {{ now | date }}{{ .now }}{{ `now` }}", "now", b"(x)")
        == b"now {{ (x) | date }}{{ .now }}{{ `now` }}"
    )


@given(st.text("{}/*\"'`.$\\\n now-", max_size=60))
def test_any_text_is_looked_through_and_what_is_replaced_is_whole(text):
    content = text.encode()

    assert replaced(content, "now", b"now") == content
    assert all(content[each.start : each.end] == b"now" for each in calls(content, ("now",)))


# --- differences ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "paths"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, [("b",)]),
        ({"a": {"b": "x"}}, {"a": {"b": "y", "c": "z"}}, [("a", "b"), ("a", "c")]),
        ({"a": [1, 2]}, {"a": [1, 3]}, [("a", 1)]),
        ({"a": [1]}, {"a": [1, 2]}, [("a",)]),
        ({"a": 1}, {"a": True}, [("a",)]),
        ({"a": []}, {"a": {}}, [("a",)]),
        ({"a": None}, {}, [("a",)]),
    ],
)
def test_the_values_that_differ_are_named_as_near_as_can_be(first, second, paths):
    assert list(differences(first, second)) == paths


@given(JSON, JSON)
def test_there_are_differences_where_two_values_are_not_the_same(first, second):
    assert bool(differences(first, second)) == (json.dumps(first, sort_keys=True) != json.dumps(second, sort_keys=True))
    assert not differences(first, deepcopy(first))


def test_many_differences_are_named_by_what_holds_them():
    first = {"data": {str(number): number for number in range(MAX_GENERATED + 1)}, "kept": 1}
    second = {"data": {str(number): -1 - number for number in range(MAX_GENERATED + 1)}, "kept": 1}

    assert differences(first, second) == (("data",),)


def test_a_mapping_of_many_other_keys_is_named_as_a_whole():
    assert differences({"a" * 1000 + str(n): n for n in range(200)}, {}) == ((),)


# --- fields ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "field"),
    [
        ("{{ .C.V.x }}", b".C.V"),
        ("{{ $.C.V }}", b"$.C.V"),
        ("{{f $c.V}}", b"$c.V"),
        ("{{(.V)}}", b".V"),
        ("{{ (f).V }}", None),
        ("{{ .Vx }}", None),
        ("{{ `.V` }}", None),
        (".C.V", None),
    ],
)
def test_a_field_is_replaced_with_all_that_leads_to_it(template, field):
    made = replaced_field(template.encode(), ".V", lambda each: b"@%s@" % each)

    assert made == (template.encode().replace(field, b"@%s@" % field) if field else template.encode())


def walked_back_each_time(content: bytes, name: str) -> bytes:
    """What ``replaced_field`` makes with ``@...@``, by walking back from each field to where all of it begins."""
    pieces, begin = list[bytes](), 0
    for call in calls(content, (name,)):
        start = call.start
        while start > begin and re.fullmatch(rb"[A-Za-z0-9_.$]", content[start - 1 : start]):
            start -= 1
        if content[start - 1 : start] != b")":
            pieces += [content[begin:start], b"@%s@" % content[start : call.end]]
            begin = call.end
    return b"".join((*pieces, content[begin:]))


@given(st.lists(st.sampled_from(["{{", "}}", ".V", ".V", ".a", "$", ")", "(", " ", "V", '"', "x"]), max_size=30))
@example(["{{", ")", ".V", ".V", "}}"])
@example(["{{", ")", ".V", ".a", ".V", " ", ".V", ".V", "}}"])
def test_fields_are_replaced_as_by_walking_back_from_each(parts: list[str]):
    content = "".join(["{{", *parts]).encode()

    assert replaced_field(content, ".V", lambda each: b"@%s@" % each) == walked_back_each_time(content, ".V")


def test_a_long_chain_behind_parentheses_takes_time_in_proportion():
    content = b"{{ if false }}{{ (dict)" + b".HelmVersion" * 8_000 + b" }}{{ end }}"

    # A minute where each is walked back to the parentheses.
    assert cpu_time(lambda: replaced_field(content, ".HelmVersion", lambda each: each), enough=0.5) < 0.5


# --- redaction ------------------------------------------------------------------------------------------------------


@given(
    st.text(min_size=1, max_size=20).filter(lambda text: text.strip() and "*" not in text), st.text("xyz ", max_size=10)
)
def test_a_value_of_four_letters_is_in_no_message(value, around):
    text = redacted(around + value + around, json.dumps({"a": [value]}).encode())

    assert len(value.strip()) < 4 or value.strip() not in text


@given(st.text(min_size=10, max_size=30), st.text(max_size=8), st.text(max_size=8))
def test_a_value_is_in_no_message_in_the_base64_of_a_longer_text(value: str, before: str, after: str):
    whole = base64.b64encode(f"{before}{value}{after}".encode()).decode()
    begins = len(before.encode()) * 8 // 6 + 2
    of_value = whole[begins : (len(before.encode()) + len(value.encode())) * 8 // 6]

    assert of_value not in redacted(f"auth: {whole}", json.dumps({"a": value}).encode())


def test_another_base64_stays():
    other = base64.b64encode(b"user:something-else").decode()

    assert redacted(other, b'{"a": "password-1234"}') == other


def test_a_short_value_is_taken_out_as_a_word():
    assert redacted("port 80 of 8080", b'{"port": 80}') == "port *** of 8080"


def test_words_and_no_values_stay():
    assert redacted("true is needed", b'{"a": true, "b": null, "c": "", "d": {}}') == "true is needed"


@pytest.mark.parametrize("parameters", [b"", b"{}", b"[]"])
def test_without_parameters_nothing_is_taken_out(parameters):
    assert redacted("as it is", parameters) == "as it is"


def test_what_cannot_be_looked_for_is_not_said():
    assert redacted("secret", b"{") == ""


# --- values ---------------------------------------------------------------------------------------------------------


@given(st.text(), st.booleans())
def test_values_are_the_parameters_in_other_letters(text, ascii_only):
    written = json.dumps({text: [text]}, ensure_ascii=ascii_only).encode(errors="surrogatepass")

    assert json.loads(values_of(written)) == {text: [text]}


def test_an_escaped_backslash_is_no_begin_of_a_pair():
    assert values_of(rb'"\\ud83d\\ude00"') == rb'"\\ud83d\\ude00"'


# --- whole numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "path", "setting"),
    [
        ({"n": 3}, ("n",), "n=3"),
        ({"n": -(2**63)}, ("n",), f"n={-(2**63)}"),
        ({"a": {"b": [{"c": 5}]}}, ("a", "b", 0, "c"), "a.b[0].c=5"),
        ({"a": [[1, 2]]}, ("a", 0, 1), "a[0][1]=2"),
        ({"a.b/c": {"[d],=": 7}}, ("a.b/c", "[d],="), r"a\.b/c.\[d\]\,\==7"),
        ({"n": 2**63}, ("n",), None),
        ({"n": "3"}, ("n",), None),
        ({"n": True}, ("n",), None),
        ({"n": 1.0}, ("n",), None),
        ({"n": None}, ("n",), None),
        ({"n": {"m": 3}}, ("n",), None),
        ({"n": 3}, ("n", "m"), None),
        ({"n": 3}, ("m",), None),
        ({"n": [3]}, ("n", 1), None),
        ({"n": [3]}, ("n", -1), None),
        ({"": 3}, ("",), None),
        ({"a\0b": 3}, ("a\0b",), None),
        ({"\ud800": 3}, ("\ud800",), None),
        ({"x" * 3_000: 3}, ("x" * 3_000,), None),
    ],
)
def test_a_whole_number_is_a_setting_and_nothing_else_is(values, path, setting):
    assert settings_of(json.dumps(values).encode(), [path]) == ((setting,) if setting else ())


def test_settings_are_bounded_and_each_is_given_once():
    values = {f"n{number}": number for number in range(MAX_SETTINGS + 9)}

    assert len(settings_of(json.dumps(values).encode(), [(name,) for name in values])) == MAX_SETTINGS
    assert settings_of(b'{"n": 1}', [("n",), ("n",)]) == ("n=1",)


KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=4)
NUMBERS = st.recursive(
    st.integers(-(2**63), 2**63 - 1),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(KEYS, inner, min_size=1, max_size=3),
    max_leaves=8,
)


def paths_of(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    return [path] if items is None else [found for key, child in items for found in paths_of(child, (*path, key))]


@given(st.dictionaries(KEYS, NUMBERS, min_size=1, max_size=3))
def test_each_setting_sets_what_is_there_already(values):
    settings = settings_of(json.dumps(values).encode(), paths_of(values))
    made = deepcopy(values)
    for each in settings:
        set_values(each, made)

    assert len(settings) == len(paths_of(values))
    assert made == values


SKIPS = 'level=INFO msg="skipping unknown hooks" hookTypes='


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (f"{SKIPS}pre-fly", "web/templates/a.yaml"),
        (f'{SKIPS}"pre-fly, \\"x\\""', ""),
        (f'{SKIPS}"pre-fly \\x00"', ""),
        (f"{SKIPS}pre-fly and more", None),
        (f"x {SKIPS}pre-fly", None),
        (SKIPS, None),
        ('level=INFO msg="skipping hooks" hookTypes=pre-fly', None),
        ("", None),
    ],
)
def test_only_what_helm_says_of_a_hook_that_it_leaves_out_makes_a_row(line: str, path: str | None):
    said = f"level=WARN msg=other\n{line}\n"
    found = list(left_out(said, {"web/templates/a.yaml": b"helm.sh/hook: pre-fly\n", "web/templates/b.yaml": b""}))

    assert [each.path for each in found] == ([] if path is None else [path])


def test_the_rows_of_what_helm_leaves_out_are_bounded_and_have_an_id_each():
    found = list(left_out(f"{SKIPS}pre-fly\n" * 1000, {}))

    assert len(found) == len({each.id for each in found}) == 50
