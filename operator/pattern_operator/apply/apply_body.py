"""What is sent: the fully specified intent of server-side apply, in a form whose fields the API server keeps."""

import base64
from typing import Any

import orjson

from pattern_operator.api.object import Object
from pattern_operator.apply.populated_fields import without_populated_fields


def apply_body(desired: Object) -> bytes:
    """The object as JSON, without what only the API server writes, and what is empty for the cluster to fill it.

    ``stringData`` of a Secret becomes ``data``: the server turns it into ``data`` without giving us those fields, so
    that a value changed by others would go unseen, and one removed from the pattern would stay (seen with 1.37).

    Raises:
        ValueError: the object cannot be written as JSON.
    """
    body = {name: value for name, value in desired.body.items() if name != "status"}
    given, data = body.get("stringData"), body.get("data")
    is_secret = (desired.key.group, desired.key.kind) == ("", "Secret")
    if is_secret and isinstance(given, dict) and (data is None or isinstance(data, dict)):
        del body["stringData"]
        body["data"] = {**(data or {}), **{name: _encoded(value) for name, value in given.items()}}
    body = without_populated_fields(body, key=desired.key)
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError as error:
        raise ValueError(f"cannot be written as JSON: {error}") from error


def _encoded(value: Any) -> Any:
    # What is not text is left for the API server to refuse, in its own words.
    try:
        return base64.b64encode(value.encode()).decode() if isinstance(value, str) else value
    except UnicodeEncodeError:
        return value  # an unpaired surrogate, which cannot be written as JSON either
