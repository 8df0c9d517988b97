"""The search for planted secrets finds each where it is, in whatever form, and nothing where it is not."""

import base64
import hashlib
import html
import json
import textwrap
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from tests import planted
from tests.planted import PIN, Shape, assert_no_leak, leaks, value

FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 behind one byte": lambda text: base64.b64encode(b"a" + text.encode()).decode(),
    "base64 behind two bytes": lambda text: base64.b64encode(b"ab" + text.encode() + b"c").decode(),
    "URL-safe base64": lambda text: base64.urlsafe_b64encode(b"?>~" + text.encode()).decode(),
    "base64 of base64": lambda text: base64.b64encode(b"x" + base64.b64encode(b"a" + text.encode())).decode(),
    "base64 in lines": lambda text: base64.encodebytes(b"p" * 50 + text.encode()).decode(),
    "base64 in escaped lines": lambda text: json.dumps(base64.encodebytes(b"p" * 50 + text.encode()).decode()),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "hex in groups": lambda text: text.encode().hex(" ", 4),
    "hex of base64": lambda text: base64.b64encode(text.encode()).hex(),
    "URL-encoded": lambda text: quote(text, safe=""),
    "URL-encoded as a form": quote_plus,
    "URL-encoded throughout": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "JSON": json.dumps,
    "JSON of JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON in escapes": lambda text: "".join(f"\\u{ord(each):04X}" for each in text),
    "repr": repr,
    "repr of bytes": lambda text: repr(text.encode()),
    "HTML": html.escape,
    "upper case": str.upper,
    "bytes as Go's %v": lambda text: str(list(text.encode())).replace(",", ""),
    "bytes as Go's %#v": lambda text: ", ".join(map(hex, text.encode())),
    "a JSON list of bytes": lambda text: json.dumps(list(text.encode())),
    "wrapped": lambda text: "\n    ".join(textwrap.wrap(text, 7)),
    "the first half": lambda text: text[: len(text) // 2 + 3],
    "the second half": lambda text: text[-(len(text) // 2 + 3) :],
    "sha256": lambda text: hashlib.sha256(text.encode()).hexdigest(),
    "sha256 in base64": lambda text: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode(),
    "md5": lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
}
WHOLE = {"the first half", "the second half"}  # of a number a half is nobody's


@pytest.mark.parametrize("shape", Shape, ids=lambda shape: shape.name)
@pytest.mark.parametrize("form", FORMS)
def test_a_planted_value_is_found_in_every_form(shape: Shape, form: str) -> None:
    if shape is Shape.NUMBER and form in WHOLE:
        form = "plain"
    shown = f'Invalid value: "{FORMS[form](value(shape))}": no'

    assert leaks(shown)
    assert leaks(shown.encode())
    with pytest.raises(AssertionError, match="in the log, "):
        assert_no_leak({"status": "nothing", "the log": shown})


@pytest.mark.parametrize(
    "written",
    [PIN, f"{int(PIN):.9e}", f"{int(PIN):,}", f"{int(PIN):#x}", f"{float(PIN)}"],
    ids=["plain", "exponent", "grouped", "hexadecimal", "float"],  # not by value: each worker plants its own
)
def test_a_number_is_found_however_it_is_written(written: str) -> None:
    assert leaks(f"must be less than 7, is {written}.")


def test_nothing_is_found_where_nothing_was_planted() -> None:
    innocent = json.dumps({"message": "spec.replicas: must be a number", "digest": hashlib.sha256(b"").hexdigest()})

    assert leaks(innocent * 1000) == []
    assert_no_leak({"status": innocent, "log": b"\xff\xfe"})


def test_what_was_found_is_told_with_what_stands_around_it() -> None:
    (leak,) = leaks(f"{'x' * 500} Deployment web: env[0].value {planted.MARK} is refused {'y' * 500}")

    assert leak.form == "as it is"
    assert "Deployment web: env[0].value" in leak.context
    assert len(leak.context) < 200


def test_no_two_shapes_are_planted_with_the_same_value() -> None:
    assert len({value(shape) for shape in Shape}) == len(Shape) >= 12
