"""The sentences that kube-apiserver's own validation is written with: of these only what fills a gap is masked.

``validation_messages.txt`` has one a line, ``{}`` for each gap that the server fills. They are the text constants of
Kubernetes 1.37.2 (Apache-2.0), of three words and more: ``pkg/apis/*/validation``, ``pkg/registry``,
``plugin/pkg/admission``, apimachinery ``pkg/api/validation`` and ``pkg/util/validation``, apiextensions-apiserver
``validation`` and ``schema``, kube-openapi ``validation``. What is shown between the
gaps comes from here, and never from the server.
"""

import re
from importlib.resources import files
from typing import Final

_GAP: Final = "{}"
_LONGEST: Final = 1024  # characters of a text that is compared
_READ: Final = 2 * _LONGEST  # with an example at its end
_WIDEST: Final = 300  # of a gap
# apimachinery, validation.RegexError: what would match, and the expression, follow the sentence.
_EXAMPLE: Final = re.compile(r" \((?:e\.g\.|regex used).*\Z", re.DOTALL)

Sentence = tuple[str, ...]


def _index(lines: list[str]) -> dict[str, tuple[Sentence, ...]]:
    """The sentences by their first word; under an empty word those that begin with a gap, or have one in that word."""
    found: dict[str, list[Sentence]] = {}
    for line in lines:
        literals = tuple(line.split(_GAP))
        word, space, _ = literals[0].partition(" ")
        found.setdefault(word if space else "", []).append(literals)
    # the most of what is known first: a gap at the end would take the rest of a longer sentence
    return {word: tuple(sorted(those, key=lambda it: -len("".join(it)))) for word, those in found.items()}


_SENTENCES: Final = _index(files(__package__).joinpath("validation_messages.txt").read_text("ascii").splitlines())


def known(text: str) -> tuple[Sentence, list[str]] | None:
    """What is said between the gaps, and what fills these, one less; None where the text is not a known sentence."""
    text = _EXAMPLE.sub("", text[:_READ].strip()).removesuffix(".")
    if len(text) > _LONGEST or not text.isprintable():
        return None
    for literals in (*_SENTENCES.get(text.partition(" ")[0], ()), *_SENTENCES.get("", ())):
        gaps = _gaps(literals, text)
        if gaps is not None:
            return literals, gaps
    return None


def _gaps(literals: Sentence, text: str) -> list[str] | None:
    first, *rest = literals
    if not rest:
        return [] if text == first else None
    if not text.startswith(first):
        return None
    gaps: list[str] = []
    begin = len(first)
    for position, literal in enumerate(rest, start=1):
        is_last = position == len(rest)
        end = len(text) - len(literal) if is_last else text.find(literal, begin)
        if end < begin or end - begin > _WIDEST or (is_last and not text.endswith(literal)):
            return None
        gaps.append(text[begin:end])
        begin = end + len(literal)
    return gaps
