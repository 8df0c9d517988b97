"""JSON and YAML output for programs, which kubectl reads the same.

kubectl reads YAML by the rules of go-yaml v2 (see ``render.scalar``): ``y`` is true and ``1e3`` is a thousand, which
PyYAML takes for text and would write without quotes.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

import orjson
import yaml

_PLAIN: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./:@+ -]*")  # no number, no null, no sign of YAML's own begins so
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
# C1 controls, of which U+009B begins a command (ECMA-48, 8.3.16), and what turns the direction of reading (UAX 9, 2).
_COMMANDS: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_NEVER: Final = 2**20  # columns after which a line is folded
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # PyYAML's own C emitter is not always there


class _Writer(_Dumper):  # type: ignore[misc] # which of the two it is depends on the installation
    """Writes objects as kubectl does: in blocks, without aliases, long texts as they are."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _text(writer: Any, text: str) -> Any:
    if _COMMANDS.search(text):
        style = '"'  # in which each of them may be an escape
    elif "\n" in text:
        style = "|"
    elif _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        style = ""
    else:
        style = '"'
    return writer.represent_scalar("tag:yaml.org,2002:str", str(text), style=style)


_Writer.add_representer(str, _text)
_Writer.add_multi_representer(str, _text)  # the words of an enumeration


def dump(value: Any, form: str) -> str:
    """``value`` as ``json`` or ``yaml``, with the line break at its end."""
    if form == "json":
        try:
            return _escaped(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
        except orjson.JSONEncodeError:  # the name of a file, in a report, that is not UTF-8
            return json.dumps(value, indent=2) + "\n"
    return stream([value]).removeprefix("---\n")


def line(value: Any) -> str:
    """``value`` as JSON on one line, with the line break at its end."""
    return _escaped(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE).decode())


def _escaped(text: str) -> str:
    """JSON or YAML whose texts command no terminal, nor turn the direction of reading: the same value, in escapes."""
    return _COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def stream(values: Sequence[Any]) -> str:
    """A YAML document for each of ``values``; empty where there is none.

    The line breaks at the end belong to it: a long text that ends the last document may end in some.
    """
    text: str = yaml.dump_all(
        values, Dumper=_Writer, sort_keys=False, explicit_start=True, allow_unicode=True, width=_NEVER
    )
    return _escaped(text)
