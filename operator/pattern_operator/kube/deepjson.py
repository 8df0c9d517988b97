"""JSON that is nested deeper than the reader goes: what lies too deep is left out, and the rest is read.

The API server keeps objects that are nested 10,000 deep (sigs.k8s.io/json), and orjson reads 1,024. One such object in
a list of thousands would otherwise hide all of its kind.
"""

import re
from typing import Any, Final

import orjson

MAX_DEPTH: Final = 200  # of what is kept; orjson writes 254 levels, and Kubernetes' own kinds have 30
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]')


def read_lenient(content: bytes) -> Any:
    """Parse JSON; None for what is not JSON.

    Where orjson does not go down all the way, values that are nested deeper than ``MAX_DEPTH`` are null.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        return orjson.loads(without_depths(content))
    except orjson.JSONDecodeError:
        return None


def without_depths(content: bytes) -> bytes:
    """``content`` with null in place of each array or object that is nested deeper than ``MAX_DEPTH``."""
    kept, depth, begun = [], 0, 0
    for token in _TOKEN.finditer(content):
        match token.group()[:1]:
            case b"[" | b"{":
                depth += 1
                if depth == MAX_DEPTH + 1:
                    kept.append(content[begun : token.start()])
            case b"]" | b"}":
                depth -= 1
                if depth == MAX_DEPTH:
                    kept.append(b"null")
                    begun = token.end()
    kept.append(content[begun:] if depth <= MAX_DEPTH else b"")
    return b"".join(kept)
