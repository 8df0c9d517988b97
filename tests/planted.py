"""Secret values that tests plant in what they make, and the search for them in what is shown to people.

Every value begins and ends with a mark that this process drew at random, so that one search finds every value, also one
that was cut at either end, and nothing is found by chance.
"""

import base64
import hashlib
import math
import re
import secrets
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import quote

MARK: Final = secrets.choice(string.ascii_lowercase) + "".join(
    secrets.choice(string.ascii_lowercase + string.digits) for _ in range(9)
)  # 51 bits, and neither case nor anything that an encoding would have to escape
PIN: Final = "".join(secrets.choice("12345678") for _ in range(15))  # a JSON number that every reader keeps exactly
_AROUND: Final = 60  # characters of context on either side of what was found


class Shape(Enum):
    """The shapes in which secrets lie in objects and travel between programs."""

    SECRET_DATA = "data of a Secret"
    STRING_DATA = "stringData of a Secret"
    ENVIRONMENT = "the environment of a container"
    ARGUMENT = "an argument of a container"
    USERINFO = "the userinfo of a URL"
    DOCKER_AUTH = "the password of a docker config"
    PRIVATE_KEY = "a line of a PEM private key"
    BEARER_TOKEN = "a bearer token"
    CONFIG_MAP = "a value of a ConfigMap"
    ANNOTATION = "the value of an annotation"
    NUMBER = "a JSON number of a custom resource"
    MULTI_LINE = "text of several lines"
    ENCODED = "the base64 of a value"
    URL_ENCODED = "the URL-encoded form of a value"


@dataclass(frozen=True, slots=True)
class Leak:
    """A planted value that was found: in which form, and what stands around it."""

    form: str
    context: str


def value(shape: Shape) -> str:
    """What is planted as ``shape``: the same text all through this process."""
    return _VALUES[shape]


def environment() -> list[dict[str, str]]:
    """Variables of a container that hold secrets."""
    return [
        {"name": "DB_PASSWORD", "value": value(Shape.ENVIRONMENT)},
        {"name": "DB_URL", "value": f"postgres://app:{value(Shape.USERINFO)}@db.example/app"},
    ]


def leaks(shown: str | bytes) -> list[Leak]:
    """Every form of a planted value in ``shown``, also where line breaks and spaces were put into it."""
    text = shown.decode(errors="replace") if isinstance(shown, bytes) else shown
    return list(_found(text, _NEEDLES)) or list(_found(_SPACING.sub("", text), _UNSPACED))


def assert_no_leak(shown: Mapping[str, str | bytes]) -> None:
    """Fail with each planted value in ``shown``, named by where it was."""
    found = [f"in {where}, {leak.form}: ...{leak.context}..." for where, text in shown.items() for leak in leaks(text)]
    assert not found, f"{len(found)} planted secrets are shown:\n" + "\n".join(found[:10])


def _found(text: str, needles: dict[str, str]) -> Iterator[Leak]:
    searched = text.lower()
    for needle, form in needles.items():
        at = searched.find(needle)
        if at >= 0:
            yield Leak(form, text[max(0, at - _AROUND) : at + len(needle) + _AROUND])


def _values() -> Iterator[tuple[Shape, str]]:
    """A value a shape; quotes, ampersands and the like are what escaping and cutting trips over."""
    awkward = "-\"<&>' %41+/=\\{ä}-"
    for shape in Shape:
        yield shape, f"{MARK}{awkward}{shape.name.lower()}-{MARK}"
    yield Shape.USERINFO, f"{MARK}.userinfo-{MARK}"
    yield Shape.DOCKER_AUTH, f"{MARK}-docker/auth+{MARK}"
    yield Shape.PRIVATE_KEY, f"{MARK}MHcCAQEEIG{MARK}"
    yield Shape.BEARER_TOKEN, f"{MARK}.eyJhbGciOi.{MARK}"
    yield Shape.NUMBER, PIN
    yield Shape.MULTI_LINE, f"{MARK}\n  second: line\n\tof {MARK}\n"
    yield Shape.ENCODED, base64.b64encode(f"{MARK}-encoded-{MARK}".encode()).decode()
    yield Shape.URL_ENCODED, quote(f"{MARK}@:/?#-url-{MARK}", safe="")


def _forms(mark: bytes) -> Iterator[tuple[str, str]]:
    """What becomes of ``mark`` inside a longer text that is encoded as a whole, and what it is called.

    A value that is planted as its base64 may be encoded twice more on its way to the reader.
    """
    yield from _spellings(mark, "")
    for once in _base64(mark):
        yield from _spellings(once.encode(), " of base64")
        for twice in _base64(once.encode()):
            yield from _spellings(twice.encode(), " of base64 of base64")
            yield from ((thrice, "in base64 of base64 of base64") for thrice in _base64(twice.encode()))


def _spellings(content: bytes, of: str) -> Iterator[tuple[str, str]]:
    """How programs write bytes."""
    text = content.decode()
    yield text, f"as it is{of}"
    yield text[::-1], f"reversed{of}"
    yield content.hex(), f"in hex{of}"
    yield "".join(f"%{byte:02x}" for byte in content), f"URL-encoded throughout{of}"
    yield "".join(f"\\x{byte:02x}" for byte in content), f"in \\x escapes{of}"
    yield "".join(f"\\u{byte:04x}" for byte in content), f"in \\u escapes{of}"
    yield " ".join(map(str, content)), f"as a list of bytes{of}"
    yield ",".join(map(str, content)), f"as a list of bytes{of}"
    yield ", ".join(map(str, content)), f"as a list of bytes{of}"
    yield ", ".join(map(hex, content)), f"as Go writes bytes{of}"


def _base64(content: bytes) -> Iterator[str]:
    """The characters that stand for ``content`` wherever it begins in what is encoded: RFC 4648, sections 4 and 5."""
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(bytes(offset) + content).decode()
            yield encoded[math.ceil(offset * 8 / 6) : (offset + len(content)) * 8 // 6]


def _digests(text: str) -> Iterator[tuple[str, str]]:
    """A hash tells a short secret to whoever tries them all."""
    for algorithm in ("md5", "sha1", "sha256", "sha512"):
        digest = hashlib.new(algorithm, text.encode(), usedforsecurity=False)
        yield digest.hexdigest(), f"as its {algorithm}"
        yield base64.b64encode(digest.digest()).decode().rstrip("="), f"as its {algorithm} in base64"


def _needles() -> Iterator[tuple[str, str]]:
    """What is searched for, in lower case, and the form that it is."""
    yield from _forms(MARK.encode())
    yield from _forms(PIN.encode())
    yield f"{PIN[0]}.{PIN[1:9]}", "as a number with an exponent"
    yield f"{int(PIN):,}", "as a number with separators"
    yield f"{int(PIN):x}", "as a hexadecimal number"
    for text in _VALUES.values():
        yield from _digests(text)


_SPACING: Final = re.compile(r"\s|\\[nrt]")
_VALUES: Final = dict(_values())
_NEEDLES: Final = {needle.lower(): form for needle, form in _needles()}
_UNSPACED: Final = {_SPACING.sub("", needle): form for needle, form in _NEEDLES.items()}
