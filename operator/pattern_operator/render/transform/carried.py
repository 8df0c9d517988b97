"""Objects through kustomize and back, with every text as it was.

kustomize reads YAML, and writes objects through three encoders. What they refuse or take for their own is replaced by a
word before, and put back after: control characters, the key ``<<``, annotations of kustomize's own. They sort keys and
leave out empty annotations: the order and those come from the object as it was.
"""

import json
import re
from typing import Any, Final

# Outside of what go-yaml prints as it is (yaml.v3, is_printable), and what JSON may write in two ways.
_ODD: Final = re.compile(r"[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_NO_ASCII: Final = re.compile(r"[^\x20-\x7e\U00010000-\U0010ffff]")
_MAPS: Final = ("labels", "annotations")
_OWN: Final = r"(?:internal\.)?config\.(?:kubernetes|k8s)\.io/|kustomize\.config\.k8s\.io/"
_OF_KUSTOMIZE: Final = re.compile(rf"{_OWN}|(?:<<)?\Z")
# It writes the keys of labels and annotations without quotes, and then reads some as numbers, or as nothing.
_OF_NO_MAP: Final = re.compile(
    rf"{_OWN}|(?![A-Za-z][\w.-]*(?:/[\w.-]*)?\Z)|(?:null|true|false|yes|no|on|off|y|n|nan|inf)\Z",
    re.IGNORECASE | re.ASCII,
)


class Words:
    """The words that stand for texts while kustomize has the objects; none of them occurs in what it is given."""

    def __init__(self, content: str) -> None:
        self._prefix = "carried-text-"
        while self._prefix in content:
            self._prefix += "x-"
        self._texts: list[str] = []
        self._known: dict[str, str] = {}
        self._word = re.compile(re.escape(self._prefix) + r"([0-9]+)\.")

    def hide(self, value: Any, field: str = "") -> Any:
        """A copy of ``value``, the content of ``field``, that kustomize takes."""
        if isinstance(value, dict):
            refused = _OF_NO_MAP if field in _MAPS else _OF_KUSTOMIZE
            return {self._hide(key, refused): self.hide(child, key) for key, child in value.items()}
        if isinstance(value, list):
            return [self.hide(child) for child in value]
        return self._hide(value, _ODD) if isinstance(value, str) else value

    def show(self, value: Any) -> Any:
        """A copy of ``value`` with the texts that were hidden."""
        if isinstance(value, dict):
            return {self._show(key): self.show(child) for key, child in value.items()}
        if isinstance(value, list):
            return [self.show(child) for child in value]
        return self._show(value) if isinstance(value, str) else value

    def _hide(self, text: str, refused: re.Pattern[str]) -> str:
        if not _ODD.search(text) and not refused.match(text):
            return text
        if text not in self._known:
            self._known[text] = f"{self._prefix}{len(self._texts)}."
            self._texts.append(text)
        return self._known[text]

    def _show(self, text: str) -> str:
        if self._prefix not in text:
            return text
        return self._word.sub(lambda match: self._texts[int(match[1])], text)


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
