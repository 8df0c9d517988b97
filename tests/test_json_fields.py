import pytest

from pattern_operator.json_fields import object_field, object_list_field, string_field, string_map_field
from pattern_operator.strict_json import InvalidDocument


def test_what_may_be_absent_is_empty():
    assert (
        string_field({}, "a"),
        string_field({"a": None}, "a"),
        string_map_field({}, "a"),
        string_map_field({"a": None}, "a"),
    ) == ("", "", {}, {})


@pytest.mark.parametrize(
    ("take", "value", "says"),
    [
        (string_field, 1, "a that is not a string"),
        (string_field, ["x"], "a that is not a string"),
        (string_map_field, [], "a that are not a map of strings"),
        (string_map_field, {"b": 1}, "a that are not a map of strings"),
        (object_field, None, "no object a"),
        (object_field, [], "no object a"),
        (object_list_field, None, "no list of objects a"),
        (object_list_field, {}, "no list of objects a"),
        (object_list_field, [{}, 1], "no list of objects a"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(take, value, says):
    with pytest.raises(InvalidDocument, match=says):
        take({"a": value}, "a")
