"""Plain scalars, each compared with what kubectl 1.37 reads (``kubectl annotate --local -o json``)."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.render.scalar import key, resolve, whole


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, True) for word in ("y", "Y", "yes", "Yes", "on", "On", "true", "True", "TRUE")),
        *((word, False) for word in ("n", "N", "no", "off", "Off", "false", "FALSE")),
        *((word, None) for word in ("", "~", "null", "Null", "NULL")),
        *((word, word) for word in ("oN", "tRue", "nUll", "=", "<<", "_1", "1e", "1.2.3", "v1", "-", ".", "+")),
        ("022", 18),
        ("0o22", 18),
        ("-022", -18),
        ("0x1F", 31),
        ("0X1f", 31),
        ("-0x1F", -31),
        ("0b11", 3),
        ("0B1", 1),
        ("-0b11", -3),
        ("08", 8),
        ("-08", -8),
        ("1_000", 1000),
        ("1_", 1),
        ("0x_1", 1),
        ("1_0.5", 10.5),
        ("+1", 1),
        ("-0", 0),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1e+3", 1000),
        ("12e03", 12000),
        ("0.1e5", 10000),
        ("1.", 1),
        ("1.e3", 1000),
        ("1.50", 1.5),
        (".5", 0.5),
        ("+.5", 0.5),
        ("-.5", -0.5),
        ("22:22", "22:22"),
        ("22:22:22", "22:22:22"),
        ("2020-01-01", "2020-01-01"),
        ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
        ("9007199254740993", 9007199254740993),
        ("1e21", 1e21),
        ("18446744073709551616", 18446744073709551616.0),
        ("1e400", "1e400"),
    ],
)
def test_a_plain_scalar_is_what_kubectl_takes_it_for(text: str, value: object):
    read = resolve(text)

    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("text", [".inf", "-.Inf", "+.INF", ".nan", ".NaN"])
def test_what_json_cannot_hold_is_refused(text: str):
    with pytest.raises(ValueError, match="no number that JSON can hold"):
        resolve(text)


@pytest.mark.parametrize(
    ("value", "name"),
    [("a", "a"), (1, "1"), (18, "18"), (1.5, "1.5"), (True, "true"), (False, "false")],
)
def test_a_key_becomes_text(value: str | float, name: str):
    assert key(value) == name


def test_null_is_no_key():
    with pytest.raises(ValueError, match="null"):
        key(None)


@given(st.text())
def test_a_scalar_that_is_read_is_text_a_word_or_a_finite_number(text: str):
    try:
        read = resolve(text)
    except ValueError:
        return

    assert read is None or isinstance(read, str | bool | int) or math.isfinite(read)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_whole_number_keeps_its_value(value: float):
    assert whole(value) == value
