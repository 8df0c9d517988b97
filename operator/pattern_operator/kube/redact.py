"""Shows text of servers, and of rules in them, word by word: what has the shape of a value is masked."""

import re
from collections.abc import Iterable
from typing import Final

from pattern_operator.kube.fieldpath import name_or_mask
from pattern_operator.kube.request_content import RequestContent
from pattern_operator.kube.safe_words import is_safe_word
from pattern_operator.kube.validation_messages import known
from pattern_operator.quote import MASK, cut

_FIRST: Final = 1024  # characters of a rule that are read
_DETAIL: Final = 300  # bytes of one rule
SENTENCE: Final = 700  # bytes of what a webhook or a policy says
_READ: Final = 4 * SENTENCE  # characters of it that are read: several masks in a row are one
_EXAMPLE: Final = re.compile(r" ?\((?:e\.g\.|regex used)[^\n]{0,600}")
# No part of these can match in two ways: an optional separator would let a long word match in millions.
_WORD: Final = re.compile(r"[A-Za-z]{1,24}(?:[-/_.:'\u2019][A-Za-z]{1,24}){0,7}[-/_.:]?")
KNOWN: Final = re.compile(
    r"(?i)-?[0-9]{1,7}%?|-?[0-9]{1,6}(?:\.[0-9]{1,3})?(?:m|[kmgtpe]i?)?|v[0-9]{1,2}(?:(?:alpha|beta)[0-9]{1,2})?|ipv[46]"
    r"|k8s(?:\.io)?|(?:[a-z]{1,24}[./-]){1,6}k8s(?:\.io)?(?:/[a-z.-]{1,40})?|(?:[a-z0-9.-]{1,60}/)v[0-9](?:(?:alpha|beta)[0-9])?"
    r"|sha(?:256|512)|base64|u?int(?:32|64)|utf-8|x509|rfc[ -]?[0-9]{4}|dns-1[01][0-9]{2}"
    r"|(?:oci|https?)://(?:[a-z]{1,24}(?:[./][a-z]{1,24}){0,8}/?)?|[<>=!]{1,2}|[-*_.,:;/|&+]{1,3}"
)
_PATH_WORD: Final = re.compile(
    r"[./]?[A-Za-z]{1,40}(?:\[[0-9*]{0,5}\])?(?:[./][A-Za-z]{1,40}(?:\[[0-9*]{0,5}\])?){0,12}[./]?"
)
_LONGEST_WORD: Final = 300
_VERSION: Final = re.compile(r"v[0-9]{1,2}(?:(?:alpha|beta)[0-9]{1,2})?")
AROUND: Final = "\"'`()[]{},;:.!?\u2019\u201c\u201d"


def sentence(text: str, request: RequestContent) -> str:
    """What a webhook, a policy or a rule in CEL says, word by word; empty where all of it would be masked.

    A word is shown when it has the shape of one, or is a name in what was sent, and is not part of a value in it. Where
    the object may hold more than was sent, it must be one that rules are written with, whatever its shape. A sentence
    of kube-apiserver itself is known, and only what fills its gaps is looked at.
    """
    if request.hides_all:
        return ""
    if found := known_sentence(text, request):
        return found
    words = together(_sentence_word(word, request) for word in text[:_READ].split())
    shown = cut(" ".join(words), SENTENCE)
    return shown if any(letter.isalpha() for letter in shown) else ""


def known_sentence(text: str, request: RequestContent) -> str:
    """A sentence of kube-apiserver itself, what fills its gaps word by word; empty for any other text."""
    found = known(text)
    if found is None:
        return ""
    (first, *rest), gaps = found
    shown = first + "".join(f"{_gap(gap, request)}{literal}" for gap, literal in zip(gaps, rest, strict=True))
    return cut(shown, SENTENCE)


def _gap(text: str, request: RequestContent) -> str:
    """What fills a gap, word by word, with the blanks around it; the versions of an API are not values."""
    words = " ".join(together(_gap_word(word, request) for word in text.split()))
    return text[: len(text) - len(text.lstrip())] + words + text[len(text.rstrip()) :] if words else text


def _gap_word(word: str, request: RequestContent) -> str:
    core = word.strip(AROUND)
    return word if _VERSION.fullmatch(core) and not request.has_value(core) else _sentence_word(word, request)


def rule(text: str) -> str:
    """The words of a rule of validation; the first line of it, because a difference of values follows in the next."""
    line = _EXAMPLE.sub("", text[:_FIRST].partition("\n")[0])
    return cut(" ".join(together(_rule_word(word) for word in line.split())), _DETAIL)


def _rule_word(word: str) -> str:
    return _printable(word) if all(is_plain(part.strip(AROUND)) for part in word.split(",")) else MASK


def _sentence_word(word: str, request: RequestContent) -> str:
    core = word.strip(AROUND)
    if not core:
        return _printable(word) if len(word) <= 3 else MASK
    if request.has_name(core):
        return _printable(word)
    if request.has_value(core):
        return MASK
    if not request.is_whole:
        return _printable(word) if is_safe_word(core) else MASK
    parts = [part.strip(AROUND) for part in re.split(r"[/,]", core)]  # Pod/default/web
    return _printable(word) if is_plain(core) or all(request.has_name(p) or is_plain(p) for p in parts) else MASK


def is_plain(core: str) -> bool:
    """Whether a word has the shape of one, of a small number, a version or the path of a field."""
    return not core or (
        len(core) <= _LONGEST_WORD and any(shape.fullmatch(core) for shape in (_WORD, KNOWN, _PATH_WORD))
    )


def _printable(word: str) -> str:
    return word if word.isascii() and word.isprintable() else MASK


def together(words: Iterable[str]) -> list[str]:
    """Several masks in a row are one."""
    kept: list[str] = []
    for word in words:
        if word != MASK or not kept or kept[-1] != MASK:
            kept.append(word)
    return kept


def subject_of(match: re.Match[str]) -> str:
    """``Job.batch "migrate"``: the kind and the name of the first two groups."""
    kind, name = match.group(1), match.group(2)[1:-1]
    return f'{name_or_mask(kind)} "{name_or_mask(name)}"'
