"""Parameters as the text of values that helm reads: JSON, in the letters that go-yaml takes for what they are.

Helm reads values by go-yaml (v2, ``readerc.go`` and ``scannerc.go``): it refuses an escaped surrogate pair, which JSON
writes for what lies beyond U+FFFF, and raw control characters (DEL, C1); U+0085, U+2028 and U+2029 break its lines.
"""

import re
from typing import Final

_ESCAPE: Final = re.compile(r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)", re.DOTALL)
_RAW: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def values_of(parameters: bytes) -> bytes:
    """The same JSON with what lies beyond U+FFFF written raw, and what go-yaml does not read raw escaped."""
    text = parameters.decode(errors="surrogatepass")
    text = _ESCAPE.sub(_unescaped, text) if "\\" in text else text
    return _RAW.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode(errors="surrogatepass")


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1] is None:
        return escape[0]
    return chr(0x10000 + ((int(escape[1], 16) & 0x3FF) << 10) + (int(escape[2], 16) & 0x3FF))
