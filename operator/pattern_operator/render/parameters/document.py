"""One text of parameters to an object, and back: YAML or JSON, within limits, and never quoted in a message."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from pattern_operator.limits import KIB, MAX_PARAMETER_VALUES, MAX_PARAMETERS
from pattern_operator.nesting import NestedTooDeep, least_size, levels
from pattern_operator.render.invalid_yaml import InvalidYaml, KeyTwice, YamlTooLarge
from pattern_operator.render.yamlstream import load_documents


class InvalidParameters(ValueError):
    """A text is not an object of parameters; the message is a clause that holds nothing of it."""


def read_parameters(content: bytes, *, most: int = MAX_PARAMETER_VALUES) -> dict[str, object]:
    """The object of a YAML or JSON text; an empty one has none. ``most`` values and keys of it are built.

    Raises:
        InvalidParameters: it is anything else, or exceeds a limit.
    """
    if len(content) > MAX_PARAMETERS:
        raise InvalidParameters(_TOO_LONG)
    try:
        documents = list(load_documents(content.decode("utf-8-sig"), most=max(most, 0)))
    except UnicodeDecodeError:
        raise InvalidParameters("is not UTF-8") from None
    except YamlTooLarge as error:
        raise InvalidParameters(
            f"is nested deeper, or has more values than the {MAX_PARAMETER_VALUES} values and keys that all parameters"
            f" may have together, at line {error.line}"
        ) from None
    except KeyTwice as error:
        raise InvalidParameters(f"is not valid YAML: {error.unnamed}, at line {error.line}") from None
    except InvalidYaml as error:  # its own words may name a key, and who knows what stands where a key is expected
        raise InvalidParameters(f"is not valid YAML, at line {error.line}") from None
    if not documents:
        return {}
    if len(documents) > 1:
        raise InvalidParameters("has more than one document")
    found = documents[0].value
    if not isinstance(found, dict):
        raise InvalidParameters("is not an object, as in {replicas: 3}; for one text, name its parameter in targetPath")
    return found


def json_text(parameters: Mapping[str, object]) -> bytes:
    """``parameters`` as JSON, their names sorted; raises InvalidParameters where that is not possible, or too much."""
    try:
        if least_size(parameters, most=MAX_PARAMETERS) > MAX_PARAMETERS:  # aliases share a text, and JSON repeats it
            raise InvalidParameters(_TOO_LONG)
        text = json.dumps(parameters, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        content = text.encode()
    except NestedTooDeep as error:
        raise InvalidParameters(f"{error} levels") from None
    except InvalidParameters:
        raise
    except UnicodeEncodeError:
        raise InvalidParameters("has half a letter (an unpaired surrogate)") from None
    except ValueError:
        raise InvalidParameters("has a number that JSON does not have, or a very long one") from None
    if len(content) > MAX_PARAMETERS:
        raise InvalidParameters(_TOO_LONG)
    return content


def values_in(parameters: Mapping[str, object]) -> int:
    """How many values and keys they have; raises InvalidParameters where they are nested too deep."""
    try:
        return 1 + sum(_members(each) for level in levels(parameters) for each in level)
    except NestedTooDeep as error:
        raise InvalidParameters(f"{error} levels") from None


def _members(node: Mapping[str, object] | Sequence[object]) -> int:
    return 2 * len(node) if isinstance(node, Mapping) else len(node)


_TOO_LONG: Final = f"has more than {MAX_PARAMETERS // KIB} KiB"
