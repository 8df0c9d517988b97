"""Parameters as helm reads them: a text of values, and whole numbers that stay such.

The text is JSON, in the letters that go-yaml takes for what they are.

Helm reads values by go-yaml (v2, ``readerc.go`` and ``scannerc.go``): it refuses an escaped surrogate pair, which JSON
writes for what lies beyond U+FFFF, and raw control characters (DEL, C1); U+0085, U+2028 and U+2029 break its lines.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from pattern_operator.api.generated import FieldKeys
from pattern_operator.limits import MAX_SETTING, MAX_SETTINGS
from pattern_operator.render.strvals import INT64, MAX_INDEX, MAX_LEVELS

_ESCAPE: Final = re.compile(r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)", re.DOTALL)
_RAW: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_UNSAID: Final = re.compile("[\0\ud800-\udfff]")  # what no word of a command line has
_NAME: Final = re.compile(r"[\\\[\].,={}]")  # what means something in a name for --set


def values_of(parameters: bytes) -> bytes:
    """The same JSON with what lies beyond U+FFFF written raw, and what go-yaml does not read raw escaped."""
    text = parameters.decode(errors="surrogatepass")
    text = _ESCAPE.sub(_unescaped, text) if "\\" in text else text
    return _RAW.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode(errors="surrogatepass")


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1] is None:
        return escape[0]
    return chr(0x10000 + ((int(escape[1], 16) & 0x3FF) << 10) + (int(escape[2], 16) & 0x3FF))


def settings_of(parameters: bytes, paths: Sequence[FieldKeys]) -> tuple[str, ...]:
    """The parameters at ``paths`` that are whole numbers, each as ``--set`` takes it.

    In a file of values a number is one of 64 bits with a point for helm, so that a template writes 1.00071e+09; by
    ``--set`` it is whole (Helm 4, ``pkg/strvals``). What ``--set`` cannot name, or is too long, is left to the file.
    """
    if not paths:
        return ()
    values = json.loads(parameters)
    found = dict.fromkeys(setting for path in paths for setting in _setting(values, path))
    return tuple(found)[:MAX_SETTINGS]


def _setting(values: Any, path: FieldKeys) -> Iterator[str]:
    name = ""
    for key in path:
        match values, key:
            case dict(), str() if key and key in values:
                name += f"{'.' if name else ''}{_NAME.sub(_escaped, key)}"
            case list(), int() if 0 <= key < min(len(values), MAX_INDEX + 1):
                name += f"[{key}]"
            case _:
                return
        values = values[key]
    if type(values) is int and values in INT64 and len(path) <= MAX_LEVELS and _UNSAID.search(name) is None:
        setting = f"{name}={values}"
        if len(setting.encode()) <= MAX_SETTING:
            yield setting


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"
