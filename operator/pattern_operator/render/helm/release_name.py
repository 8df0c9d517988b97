"""The name of a release: of a pattern's name, which may be longer than Helm lets one be.

Source: Helm 4, ``pkg/action`` (``releaseNameMaxLen``); Flux, helm-controller, ``internal/release`` (``ShortenName``),
whose form is taken, so that what comes from there keeps its names.
"""

import hashlib
from typing import Final

_LONGEST: Final = 53  # characters
_HASH: Final = 12  # of them


def release_name(name: str) -> str:
    """``name`` where Helm takes it, else its first 40 characters, ``-``, and 12 of its SHA-256."""
    if len(name) <= _LONGEST:
        return name
    begin = name[: _LONGEST - _HASH - 1].rstrip(".")  # after a dot no name begins with -
    return f"{begin}-{hashlib.sha256(name.encode()).hexdigest()[:_HASH]}"
