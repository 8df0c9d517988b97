"""Quotes text that others wrote: one line, short, printable, and without what has the shape of a credential.

Three strengths. ``cut`` only shortens. ``quoted`` shows a value of an artifact between quotation marks. ``foreign`` is
for sentences of other programs, such as the message of a condition: they may repeat a password that they were given.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Final

ELLIPSIS: Final = "\u2026"
MASK: Final = "***"
_VALUE: Final = 256  # bytes of a value that a message shows: the longest name fits
_SENTENCE: Final = 512  # bytes of a sentence of another program

# What has the shape of a credential. The texts are cut before, and each pattern takes time in proportion to them.
_USERINFO: Final = re.compile(r"(?<=://)[^\s/@]{1,512}@")
# Without a scheme: robot:word@host/name. Not the tag and the digest of an image: name:tag@sha256:0a.
_USERINFO_ALONE: Final = re.compile(
    r"(?<![^\s\"'`(=,;<\[])[^\s\"'`(=,;<\[/@:]{1,256}+:[^\s/@]{1,256}+@(?!sha\d{3}:)(?=[\w\[])"
)
_IMAGE_DIGEST: Final = re.compile(r"@sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$")
_WORDS: Final = (
    r"(?:for|is|of|in|and|or|not?|must|may|was|from|to|has|should|with|the|an?|cannot|could|failed|invalid|missing"
    r"|expired|required|unauthorized|permission|access|error|unable|auth\w*)\b"
)
_QUOTED_OR_WORD: Final = r"(?:\"[^\"]*\"?|'[^']*'?|[^\s,;&)}\]]+)"
_ASSIGNED: Final = re.compile(
    r"(?i)((?:passw(?:or)?d|passphrase|pwd|secret|token|credentials?|api[_-]?key|access[_-]?key(?:[_-]?id)?"
    rf"|private[_-]?key|authorization)[\w-]{{0,32}}[\"']?\s?(?:=\s?|:\s?(?!{_WORDS})))((?:bearer\s|basic\s)?{_QUOTED_OR_WORD})"
)
_SPOKEN: Final = re.compile(
    rf"(?i)\b((?:password|passwd|passphrase|pwd|bearer|basic|token)\s)(?!{_WORDS})({_QUOTED_OR_WORD})"
)
_PEM: Final = re.compile(r"-----BEGIN [A-Z ]{1,40}-----[^-]*(?:-----END [A-Z ]{1,40}-----)?")
# What a controller hands on of an API server's refusal: a policy's own words, and values, may quote an object.
_RELAYED: Final = re.compile(
    r"(denied (?:the )?request:|(?:Invalid|Unsupported|Duplicate) value:|expected [a-z]{1,20}, got)[\s\S]*"
)
_RUN: Final = re.compile(r"(?<!sha256:)(?<!sha512:)\b[A-Za-z0-9+_=]{28,}")


def cut(text: str, limit: int) -> str:
    """``text``, of at most ``limit`` bytes of UTF-8; what was cut ends in an ellipsis."""
    if len(text) * 4 <= limit:
        return text
    encoded = text[: limit + 1].encode(errors="replace")
    if len(encoded) <= limit:
        return text if text.isascii() else encoded.decode()
    return encoded[: limit - len(ELLIPSIS.encode())].decode(errors="ignore") + ELLIPSIS


def first_few(items: Sequence[object], most: int, *, separator: str = ", ", at_least: str = "") -> str:
    """The first ``most`` of ``items``, and how many more there are: ``a, b and 3 more``, or ``a; b; and 3 more``.

    ``at_least`` is put before the number where more may exist than are known.
    """
    shown, rest = separator.join(map(str, items[:most])), len(items) - most
    if rest <= 0:
        return shown
    return f"{shown}{separator.rstrip().replace(',', '')} and {at_least}{rest} more"


def listed(sentences: Iterable[object], most: int = sys.maxsize) -> str:
    """Several sentences in one: each without the full stop that it may end in, because the text goes on after it.

    Only what is shown is made text.
    """
    every = list(sentences)
    shown = [each if each.endswith("...") else each.removesuffix(".") for each in map(str, every[:most])]
    return first_few([*shown, *every[most:]], most, separator="; ")


def one_line(text: str, limit: int = _SENTENCE) -> str:
    """``text`` on one line, without letters that command a terminal or turn the direction of reading, and cut."""
    head = text[: 2 * limit]
    if not head.isprintable():  # which is rare, and costs a step a letter
        head = "".join(letter if letter.isprintable() else " " for letter in head)
    shown = " ".join(head.split())
    return cut(shown + ELLIPSIS if len(text) > len(head) else shown, limit)


def quoted(value: object, limit: int = _VALUE) -> str:
    """A foreign value between quotation marks: escaped, and cut where it is long. Of what is not text, its type."""
    if not isinstance(value, str):
        return "nothing" if value is None else f"a JSON {type(value).__name__}"
    encoded = value[: limit + 1].encode(errors="replace")
    return repr(value) if len(encoded) <= limit else f"{encoded[:limit].decode(errors='ignore')!r}..."


def foreign(text: str, limit: int = _SENTENCE) -> str:
    """A sentence of another program: one line, cut, and without what has the shape of a credential."""
    return one_line(masked(text[: 8 * limit]) + ("" if len(text) <= 8 * limit else ELLIPSIS), limit)


def image(text: str, limit: int) -> str:
    """An image as another wrote it, masked: what stands before an @ is a name only where a digest follows.

    Nothing else of a name may have one (distribution/reference, grammar), so it is a user and a password.
    """
    digest = _IMAGE_DIGEST.search(text)
    name, of = (text[: digest.start()], digest[0]) if digest else (text, "")
    _, at, rest = name.rpartition("@")
    return foreign((f"{MASK}@{rest}" if at else name) + of, limit)


def masked(text: str) -> str:
    """``text`` without what has the shape of a credential: user and password of a URL, ``token=...``, keys, blobs."""
    text = _RELAYED.sub(rf"\g<1> {MASK}", text)
    text = _PEM.sub(MASK, text)
    text = _USERINFO.sub(f"{MASK}@", text)
    text = _USERINFO_ALONE.sub(f"{MASK}@", text)
    text = _ASSIGNED.sub(rf"\g<1>{MASK}", text)
    text = _SPOKEN.sub(rf"\g<1>{MASK}", text)
    return _RUN.sub(_unless_word, text)


def _unless_word(run: re.Match[str]) -> str:
    """Long runs of letters and digits are keys and hashes; without a digit they may be a name."""
    text = run.group()
    return MASK if any(map(str.isdigit, text)) and any(map(str.isalpha, text)) else text
