"""Objects through kustomize and back, with every text as it was.

kustomize reads YAML, and writes objects through three encoders. What they refuse or take for their own is replaced by a
word before, and put back after: control characters, the key ``<<``, annotations of kustomize's own, and numbers that
its patches round, because they are 64-bit floating point there. They sort keys and leave out empty annotations: the
order and those come from the object as it was.
"""

import hashlib
import json
import re
from typing import Any, Final

# Outside of what go-yaml prints as it is (yaml.v3, is_printable), and what JSON may write in two ways.
_ODD: Final = re.compile(r"[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_NO_ASCII: Final = re.compile(r"[^\x20-\x7e\U00010000-\U0010ffff]")
_MAPS: Final = ("labels", "annotations")
_EXACT: Final = 2**53  # up to here each whole number is one of 64 bits of floating point
_DIGITS: Final = 32  # of a SHA-256: a word is also the key of a label, which has 63 letters
_OWN: Final = r"(?:internal\.)?config\.(?:kubernetes|k8s)\.io/|kustomize\.config\.k8s\.io/"
_OF_KUSTOMIZE: Final = re.compile(rf"{_OWN}|(?:<<)?\Z")
# It writes the keys of labels and annotations without quotes, and then reads some as numbers, or as nothing.
_OF_NO_MAP: Final = re.compile(
    rf"{_OWN}|(?![A-Za-z][\w.-]*(?:/[\w.-]*)?\Z)|(?:null|true|false|yes|no|on|off|y|n|nan|inf)\Z",
    re.IGNORECASE | re.ASCII,
)


class Words:
    """The words that stand for values while kustomize has the objects.

    ``content`` is all that kustomize is given. The words hold its digest: nobody writes content that holds its own.
    """

    def __init__(self, content: str) -> None:
        self.key = hashlib.sha256(content.encode()).hexdigest()[:_DIGITS]
        self.removed = f"removed-{self.key}."
        self._values: list[Any] = []
        self._known: dict[tuple[type, Any], str] = {}
        self._word = re.compile(rf"carried-{self.key}-([0-9]+)\.")

    def hide(self, value: Any, field: str = "") -> Any:
        """A copy of ``value``, the content of ``field``, that kustomize takes."""
        if isinstance(value, dict):
            refused = _OF_NO_MAP if field in _MAPS else _OF_KUSTOMIZE
            return {self._hide(key, refused): self.hide(child, key) for key, child in value.items()}
        if isinstance(value, list):
            return [self.hide(child) for child in value]
        if isinstance(value, str):
            return self._hide(value, _ODD)
        return self._word_for(value) if _is_rounded(value) else value

    def show(self, value: Any) -> Any:
        """A copy of ``value`` with what was hidden."""
        if isinstance(value, dict):
            return {self._show(key): self.show(child) for key, child in value.items()}
        if isinstance(value, list):
            return [self.show(child) for child in value]
        if not isinstance(value, str):
            return value
        whole = self._word.fullmatch(value)
        return self._values[int(whole[1])] if whole is not None else self._show(value)

    def _hide(self, text: str, refused: re.Pattern[str]) -> str:
        return self._word_for(text) if _ODD.search(text) or refused.match(text) else text

    def _word_for(self, value: Any) -> str:
        known = (type(value), value)
        if known not in self._known:
            self._known[known] = f"carried-{self.key}-{len(self._values)}."
            self._values.append(value)
        return self._known[known]

    def _show(self, text: str) -> str:
        return self._word.sub(lambda match: str(self._values[int(match[1])]), text) if self.key in text else text


def _is_rounded(value: Any) -> bool:
    """Whether 64 bits of floating point change a number: it is beyond 2^53, or has a point that Go leaves out."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and abs(value) > _EXACT


def encoded(value: Any) -> str:
    """``value`` as JSON that YAML reads the same way: nothing in it is left for a reader to take for another type."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _NO_ASCII.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def in_order_of(before: Any, after: Any) -> Any:
    """``after`` with the keys in the order of ``before``; new ones follow."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = (*(key for key in before if key in after), *(key for key in after if key not in before))
        return {key: in_order_of(before.get(key), after[key]) for key in keys}
    if isinstance(before, list) and isinstance(after, list):
        return [in_order_of(before[place] if place < len(before) else None, each) for place, each in enumerate(after)]
    return after
