"""Paths of fields as API servers write them, and names: shown where they have the shape of one, else masked.

Two notations: apimachinery's ``spec.containers[0].env[1]``, ``data[a.crt]``, and structured-merge-diff's
``.spec.containers[name="web"].env[name="PW"].value`` where a set's member (``[="value"]``) is a value itself.
"""

import re
from typing import Final

from pattern_operator.quote import ELLIPSIS, MASK, cut

_LONGEST: Final = 300  # bytes of a path that is shown
_READ: Final = 2000  # characters of a path that are read
_FIELD: Final = re.compile(r"\.?[A-Za-z0-9_$][\w$~/-]{0,252}|\.(?=\.)|<nil>")
_BRACKET: Final = re.compile(r'\[((?:[^\]"\\]|"(?:[^"\\]|\\.)*"){0,1000})\]')
_PAIR: Final = re.compile(r'([\w.-]{1,63})=("(?:[^"\\]|\\.)*"|[^,]{0,300})(?:,|$)')
_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[\w./:@~-]{0,251}[\w~])?")
# The keys of list entries in Kubernetes' own kinds (x-kubernetes-list-map-keys): they identify, and hold no secret.
_IDENTIFIES: Final = frozenset(
    {
        *("name", "type", "key", "kind", "uid", "ip", "port", "containerPort", "protocol", "mountPath", "devicePath"),
        *("topologyKey", "whenUnsatisfiable", "driver", "group", "resource", "version", "namespace", "id", "path"),
    }
)
# Those that have a shape of their own: what has another stands there by mistake, and may be anything.
_SHAPES: Final = {
    "port": re.compile(r"[0-9]{1,5}"),
    "containerPort": re.compile(r"[0-9]{1,5}"),
    "ip": re.compile(r"[0-9A-Fa-f.:]{2,45}"),
    "protocol": re.compile(r"TCP|UDP|SCTP"),
}


def field_path(path: str) -> str:
    """``path`` without values, of at most some hundred bytes; what has not the shape of a path ends it."""
    text, shown, at = path[:_READ], [], 0
    while at < len(text):
        if match := _FIELD.match(text, at):
            shown.append(match.group())
        elif match := _BRACKET.match(text, at):
            shown.append(f"[{_inside(match.group(1))}]")
        else:
            shown.append(ELLIPSIS)
            break
        at = match.end()
    return cut("".join(shown), _LONGEST)


def name_or_mask(name: str) -> str:
    """``name`` where it has the shape of one that Kubernetes or a field manager gives."""
    return name if name == "" or _NAME.fullmatch(name) else MASK


def _inside(text: str) -> str:
    if text.isdecimal() or text in ("", "*"):
        return text
    if text.startswith("="):
        return ELLIPSIS
    pairs = list(_PAIR.finditer(text))
    if pairs and "".join(pair.group() for pair in pairs) == text:
        return ",".join(f"{pair[1]}={_identity(pair[1], pair[2])}" for pair in pairs)
    return text if _NAME.fullmatch(_bare(text)) else ELLIPSIS


def _identity(key: str, value: str) -> str:
    bare = _bare(value)
    is_known = key in _IDENTIFIES and _NAME.fullmatch(bare.strip("/") or "x")
    return value if is_known and _SHAPES.get(key, _NAME).fullmatch(bare.strip("/") or "x") else ELLIPSIS


def _bare(text: str) -> str:
    """What stands between quotation marks: the patterns above take none alone."""
    return text.removeprefix('"').removesuffix('"')
