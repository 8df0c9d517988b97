"""The values of ``--values``, ``--set`` and ``--set-string``, put together as Helm does: files, then settings."""

import json
from collections.abc import Sequence
from typing import Any

from pattern_operator.api.reason import Reason
from pattern_operator.cli import inputs
from pattern_operator.errors import Stalled
from pattern_operator.quote import quoted
from pattern_operator.render.document import read
from pattern_operator.render.strvals import InvalidSetting, set_values


def merged(files: Sequence[str], *, settings: Sequence[str] = (), texts: Sequence[str] = ()) -> bytes:
    """JSON of all values. ``null`` stays: it removes a default of a chart.

    Raises:
        Stalled: ARTIFACT_NOT_FOUND, DOCUMENT_INVALID, ARTIFACT_TOO_LARGE: of a file, which is not
            a mapping either, or a setting is not what Helm takes.
    """
    values: dict[str, Any] = {}
    for path in files:
        values = merge(values, _values(path))
    for flag, given, as_text in (("--set", settings, False), ("--set-string", texts, True)):
        for number, text in enumerate(given, start=1):
            try:
                set_values(text, values, as_text=as_text)
            except InvalidSetting as error:
                raise _invalid(
                    f"{flag} number {number}: {error}: write key=value, as in {flag} image.tag=1.2"
                ) from None
    return json.dumps(values).encode() if files or settings or texts else b"{}"


def merge(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """``over`` laid over ``under``: mappings are merged, all else is replaced (helm 4, ``loader.MergeMaps``)."""
    both = dict(under)
    for key, value in over.items():
        below = both.get(key)
        both[key] = merge(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return both


def _values(path: str) -> dict[str, Any]:
    """The documents of a file of values, one laid over the other, as helm 4 reads them."""
    found: dict[str, Any] = {}
    try:
        documents = [each for file in inputs.read(path) for each in read(file)]
    except Stalled as error:  # in words for an artifact, which a file of values is not
        message = error.message.replace(" and publish the artifact again", "").replace(
            "a file or folder.", "a file of values."
        )
        raise error.saying(f"--values: {message}") from None
    for document in documents:
        if not isinstance(document.value, dict):
            raise _invalid(f"{quoted(path)} is not a mapping of values: write them as key: value.")
        found = merge(found, document.value)
    return found


def _invalid(message: str) -> Stalled:
    return Stalled(reason=Reason.DOCUMENT_INVALID, message=message)
