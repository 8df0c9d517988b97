"""Plain scalars, each compared with what kubectl 1.37 reads (``kubectl annotate --local -o json``)."""

import json
import math
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.testbed.kubectl import BINARY

from pattern_operator.render.scalar import key, resolve, value, whole
from pattern_operator.render.yamlstream import load_all

DATA = Path(__file__).parents[1] / "data" / "kubectl-scalars"
VALUES = json.loads((DATA / "values.json").read_text())
KEYS = json.loads((DATA / "keys.json").read_text())


@pytest.mark.parametrize(
    ("text", "expected"),
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
        ("0x52908400098527886E0F7030069857D2E4169EE7", "0x52908400098527886E0F7030069857D2E4169EE7"),
        ("-0xFFFFFFFFFFFFFFFF", "-0xFFFFFFFFFFFFFFFF"),
        ("0x1_0000_0000_0000_0000", "0x1_0000_0000_0000_0000"),
        ("0b" + "1" * 65, "0b" + "1" * 65),
        ("0xFFFFFFFFFFFFFFFF", 2**64 - 1),
        ("0" + "7" * 25, float("7" * 25)),
        ("0x" + "0" * 5000 + "1", 1),
        ("._3", "._3"),
        (".1_", ".1_"),
        (".1_0", 0.1),
    ],
)
def test_a_plain_scalar_is_what_kubectl_takes_it_for(text: str, expected: object):
    read = value(resolve(text))

    assert (read, type(read)) == (expected, type(expected))


def test_the_table_of_kubectl_holds_for_values():
    read = {text: value(resolve(text)) for text in VALUES}

    assert {text: found for text, found in read.items() if not same(found, VALUES[text])} == {}


def test_the_table_of_kubectl_holds_for_keys():
    assert {text: key(resolve(text)) for text in KEYS} == KEYS


def test_the_tables_are_what_kubectl_reads():
    lines = [f"  - {text}" for text in VALUES] + ["keys:"] + [f"  - {text}: 1" for text in KEYS]
    body = "\n".join(["apiVersion: v1", "kind: Any", "metadata: {name: a}", "values:", *lines])
    command = [str(BINARY), "annotate", "--local", "--filename=-", "a=b", "--output=json"]
    done = subprocess.run(command, input=body.encode(), capture_output=True, check=True, timeout=60)

    read = json.loads(done.stdout)

    assert dict(zip(VALUES, read["values"], strict=True)) == VALUES
    assert {text: name for text, (name,) in zip(KEYS, read["keys"], strict=True)} == KEYS
    ((_, ours),) = load_all(body)
    assert ours["keys"] == read["keys"]


def same(found: object, expected: object) -> bool:
    """Whether two values are one in JSON, where a number is a double or a whole number of 64 bits with its sign."""
    if isinstance(found, int) and not isinstance(found, bool) and found > 2**63 - 1:
        found, expected = float(found), expected + 0.0 if isinstance(expected, int) else expected
    if isinstance(found, float) and isinstance(expected, int) and abs(expected) >= 2**63:
        expected = float(expected)
    return (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("text", [".inf", "-.Inf", "+.INF", ".nan", ".NaN"])
def test_what_json_cannot_hold_is_refused(text: str):
    with pytest.raises(ValueError, match="not a number that JSON can hold"):
        value(resolve(text))


@pytest.mark.parametrize(
    ("scalar", "name"),
    [
        ("a", "a"),
        (1, "1"),
        (18, "18"),
        (2**63 - 1, "9223372036854775807"),
        (1.5, "1.5"),
        (True, "true"),
        (False, "false"),
        (1e6, "1e+06"),
        (999999.0, "999999"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (16777217.0, "1.6777216e+07"),
        (3.4028234663852886e38, "3.4028235e+38"),
        (1e300, ".inf"),
        (-math.inf, "-.inf"),
        (math.nan, ".nan"),
        (0.0, "0"),
        (-0.0, "-0"),
    ],
)
def test_a_key_becomes_text(scalar: str | float, name: str):
    assert key(scalar) == name


@pytest.mark.parametrize(("scalar", "why"), [(None, "null"), (2**63, "more than 63 bits")])
def test_what_kubectl_makes_no_key_of_is_none(scalar: int | None, why: str):
    with pytest.raises(ValueError, match=why):
        key(scalar)


@given(st.floats())
def test_every_number_has_a_name_as_a_key(number: float):
    assert key(number)


@given(st.text())
def test_a_scalar_that_is_read_is_text_a_word_or_a_finite_number(text: str):
    try:
        read = value(resolve(text))
    except ValueError:
        return

    assert read is None or isinstance(read, str | bool | int) or math.isfinite(read)


@pytest.mark.parametrize(
    ("number", "kind"), [(1000.0, int), (-(2.0**62), int), (0.5, float), (2.0**63, float), (-(2.0**63), float)]
)
def test_a_whole_number_is_an_integer_where_a_field_of_kubernetes_can_hold_it(number: float, kind: type):
    assert type(whole(number)) is kind


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_whole_number_keeps_its_value(number: float):
    assert whole(number) == number
