import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.encoding import decode_base64, quoted


@given(content=st.binary(), wrong=st.sampled_from(" \n\t-_.=%é\0"), place=st.integers(0, 40))
def test_base64_has_one_text_for_each_value(content, wrong, place):
    text = base64.b64encode(content).decode()
    place = min(place, len(text))

    assert decode_base64(text) == content
    with pytest.raises(InvalidDocument):
        decode_base64(text[:place] + wrong + text[place:])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "nothing"),
        ("text", "'text'"),
        ("line\nbreak \x1b[31m \ud800", r"'line\nbreak \x1b[31m \ud800'"),
        ("x" * 81, f"'{'x' * 80}'..."),
        ({"a": "secret"}, "a JSON dict"),
        (1, "a JSON int"),
    ],
    ids=["none", "text", "control characters", "long", "object", "number"],
)
def test_a_foreign_value_in_a_message_is_escaped_and_short(value, shown):
    assert quoted(value) == shown
