import pytest

from pattern_operator.api.fields import (
    MAX_FINALIZERS,
    MAX_NAME,
    MAX_OBJECT_NAME,
    MAX_WORD,
    ObjectMeta,
    finalizers_of,
    generation,
    has_condition,
    integer,
    list_at,
    mapping_at,
    mappings_at,
    number_of,
    shallow,
    text,
    text_at,
)

BODY = {
    "metadata": {"name": "it", "labels": {"a": "1", "b": 2}, "finalizers": ["x", 5, "y"], "deletionTimestamp": "2026"},
    "spec": {"finalizers": ["kubernetes"]},
    "status": {"conditions": [{"type": "Ready", "status": "True"}, 5, {"type": 1}]},
}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (text_at(BODY, "metadata", "name"), "it"),
        (text_at(BODY, "metadata", "labels", "b"), ""),
        (text_at(BODY, "metadata", "name", "deeper"), ""),
        (text_at([], "metadata"), ""),
        (mapping_at(BODY, "metadata", "labels"), {"a": "1", "b": 2}),
        (mapping_at(BODY, "metadata", "finalizers"), {}),
        (list_at(BODY, "metadata", "finalizers"), ["x", 5, "y"]),
        (list_at(BODY, "metadata"), []),
        (list(mappings_at(BODY, "status", "conditions")), [{"type": "Ready", "status": "True"}, {"type": 1}]),
        (finalizers_of(BODY), ("x", "y", "kubernetes")),
        (has_condition(BODY, "Ready"), True),
        (has_condition(BODY, "Other"), False),
        (ObjectMeta.of(BODY).deleting, True),
        (ObjectMeta.of({"metadata": {"deletionTimestamp": 5}}).deleting, False),
        (ObjectMeta.of(BODY).label("a"), "1"),
        (ObjectMeta.of(BODY).generation, None),
    ],
)
def test_what_has_the_right_shape_is_read_and_all_else_is_absent(found, expected):
    assert found == expected


def test_an_unpaired_surrogate_becomes_a_question_mark():
    assert text("a\ud800b") == "a?b"


@pytest.mark.parametrize(
    ("value", "found"), [(5, 5), (True, 7), (1.0, 7), ("5", 7), (2**63, 7), (10**4000, 7), (None, 7)]
)
def test_an_integer_is_one_of_64_bits(value, found):
    assert integer(value, 7) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        *((5, 5), (-1, -1), ("5", 5), ("-1", -1), (True, None), (1.0, None), ("1.0", None), ("", None), ("+5", None)),
        *(
            (" 5", None),
            ("5\n", None),
            ("\u0661", None),
            ("9" * 19, None),
            ("9" * 5000, None),
            (2**63, None),
            (None, None),
        ),
    ],
)
def test_a_generation_is_a_number_or_its_decimal_text(value, found):
    assert generation(value) == found


@pytest.mark.parametrize(("version", "number"), [("12", 12), ("9" * 21, 0), ("\u0661", 0), ("-1", 0), ("", 0)])
def test_a_version_is_a_number_that_can_be_compared_or_says_nothing(version, number):
    assert number_of(version) == number


def test_a_name_that_is_too_long_is_not_a_name_for_to_cut_it_would_make_it_another():
    metadata = {"name": "x" * MAX_OBJECT_NAME, "namespace": "y" * MAX_NAME}
    longer = {name: f"{value}z" for name, value in metadata.items()}

    assert (ObjectMeta(metadata).name, ObjectMeta(metadata).namespace) == (metadata["name"], metadata["namespace"])
    assert (ObjectMeta(longer).name, ObjectMeta(longer).namespace) == ("", "")


def test_of_finalizers_so_many_are_kept_and_so_much_of_each():
    found = ObjectMeta.of({"metadata": {"finalizers": ["x" * 5000] * 5000}}).finalizers

    assert len(found) == MAX_FINALIZERS
    assert set(map(len, found)) == {MAX_WORD}


def test_what_is_nested_too_deep_to_be_written_is_cut():
    assert shallow({"a": {"b": [1, {"c": 2}]}}, depth=2) == {"a": {"b": None}}
