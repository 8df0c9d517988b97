"""Masks the values of Secrets that a pattern is rendered with, where its texts go out: status, events and logs.

A chart or manifest may make a key or a name of a value, and messages show keys and names. The last readings of a
pattern count, because objects may still be called by an older one. The inventory is not masked: it has to name what it
deletes.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pattern_operator.quote import ELLIPSIS, MASK
from pattern_operator.telemetry.logfields import ATTRIBUTE

MAX_VALUES: Final = 64  # of a reading: each is looked for in all texts of a status, 128 KiB at most: some ms
LONGEST: Final = 253  # characters: no name or key of Kubernetes has more
_READINGS: Final = 2
_SHORTEST: Final = 8  # characters; shorter ones are words, ports, versions and numbers that messages are full of
_SHORTEST_WITH_DIGIT: Final = 6
_CUT_HERE: Final = re.compile(rf"({ELLIPSIS}|['\"]\.\.\.)")  # as ``cut`` and ``quoted`` end
_TRIES: Final = 8  # places at the end of a cut text that may be the beginning of one value
_CUT: Final = 4  # characters of the beginning of a value from which on it is masked where a text was cut in it
_PLAIN: Final = re.compile(r"[^\W\d_]+|\d+")  # letters alone or digits alone: masked as a whole word only
_WORD: Final = r"[^\W_]"


def counts(value: str) -> bool:
    """Whether a value is masked: it has eight characters, or six with a digit, and may be a name or a key."""
    if not len(value) <= LONGEST or "\n" in value or not any(map(str.isalnum, value)):
        return False
    return len(value) >= (_SHORTEST_WITH_DIGIT if any(map(str.isdigit, value)) else _SHORTEST)


@dataclass(frozen=True, slots=True)
class Mask:
    """Takes ``values`` out of texts; the longest come first."""

    values: tuple[str, ...] = ()

    def text(self, text: str) -> str:
        """``text`` with a mask for each value, in whatever case, and for the part of one in which a text was cut."""
        folded = text.casefold()
        for each in self.values:
            if each.casefold() in folded:
                text = re.sub(_pattern(each), MASK, text, flags=re.IGNORECASE)
        return self._without_parts(text) if self.values and _CUT_HERE.search(text) else text

    def _without_parts(self, text: str) -> str:
        pieces = _CUT_HERE.split(text)  # what was cut, and the marks of that, in turn
        return "".join((*map(self._without_part, pieces[:-1]), pieces[-1]))

    def _without_part(self, piece: str) -> str:
        folded = piece[-LONGEST:].casefold()
        for each in self.values:
            begin, at = each.casefold(), len(folded)
            for _ in range(_TRIES):
                at = folded.rfind(begin[:_CUT], 0, at + _CUT - 1)
                if at < 0:
                    break
                if begin.startswith(folded[at:]):
                    return piece[: at - len(folded)] + MASK
        return piece


NO_MASK: Final = Mask()


def _pattern(value: str) -> str:
    inside = re.escape(value)
    whole = len(value) < _SHORTEST or _PLAIN.fullmatch(value)
    return rf"(?<!{_WORD}){inside}(?!{_WORD})" if whole else inside


def _forms(value: str) -> Iterator[str]:
    """As it is, and as it stands between quotation marks: of Python (``quoted``), of JSON and of Go."""
    yield value
    escaped = value.replace("\\", "\\\\")
    yield from (escaped, escaped.replace("'", "\\'"), escaped.replace('"', '\\"'))


class SecretValues:
    """The values of each pattern that was rendered since the process began, by its ``namespace/name``."""

    def __init__(self) -> None:
        self._readings: dict[str, tuple[frozenset[str], ...]] = {}
        self._masks: dict[str, Mask] = {}

    def remember(self, pattern: str, values: Iterable[str]) -> None:
        """A pattern is rendered with these from now on. Of very many those with digits are taken first."""
        found = sorted({each for each in values if counts(each)}, key=lambda each: (each.isalpha(), each))
        forms = dict.fromkeys(form for each in found for form in _forms(each))
        newest, before = frozenset(islice(forms, MAX_VALUES)), self._readings.get(pattern, ())
        if newest in before[:1] or not (newest or before):
            return
        kept = (newest, *(each for each in before if each != newest))[:_READINGS]
        self._readings[pattern] = kept
        self._masks[pattern] = Mask(tuple(sorted(frozenset().union(*kept), key=lambda each: (-len(each), each))))

    def forget(self, pattern: str) -> None:
        """A pattern is gone."""
        self._readings.pop(pattern, None)
        self._masks.pop(pattern, None)

    def of(self, pattern: str) -> Mask:
        """What is masked in texts about a pattern."""
        return self._masks.get(pattern, NO_MASK)

    @contextmanager
    def masked_in_logs(self) -> Iterator[None]:
        """Until the end of the block each line about a pattern is masked, whoever writes it."""
        masking, handlers = _Masking(self), tuple(logging.getLogger().handlers)
        for each in handlers:
            each.addFilter(masking)
        try:
            yield
        finally:
            for each in handlers:
                each.removeFilter(masking)


class _Masking(logging.Filter):
    def __init__(self, secrets: SecretValues) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        said = getattr(record, ATTRIBUTE, None)
        mask = self._secrets.of(str(said.get("pattern"))) if isinstance(said, dict) else NO_MASK
        if mask.values:
            record.msg, record.args = mask.text(record.getMessage()), ()
        return True
