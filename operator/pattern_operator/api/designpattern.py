"""The kind ``DesignPattern``: ``spec`` and ``status``.

The schema of the CRD and ``docs/designpattern.md`` are generated from these types and from nothing else (``make
crds``, ``make docs``).
"""

from typing import Annotated, Any

import msgspec
import orjson
from msgspec import Meta, field

from pattern_operator.api.base import ApiStruct
from pattern_operator.api.inventorycodec import unpacked
from pattern_operator.api.metadata import Metadata, bounded
from pattern_operator.api.spec import Spec
from pattern_operator.api.status import Inventory, Status


class DesignPattern(ApiStruct, frozen=True):
    """A pattern of Kubernetes resources from an OCI registry: pulled, verified, rendered, applied and kept so."""

    metadata: Metadata
    spec: Annotated[Spec, Meta(description="The desired state.")]
    status: Annotated[Status, Meta(description="The observed state, written by the operator alone.")] = field(
        default_factory=Status
    )


def decode(body: dict[str, Any]) -> DesignPattern:
    """Read a resource as the API server gives it; raises msgspec.ValidationError for what the CRD would refuse.

    Its inventory has all entries: while status has none, those that were written ahead. Only one that cannot be read
    keeps its compressed text. Nothing of ``body`` that the operator does not read is kept.
    """
    try:
        pattern = msgspec.convert(_with_parameters_as_text(bounded(body)), DesignPattern)
        msgspec.json.encode(pattern)  # all of it will be written again
    except UnicodeEncodeError as error:
        raise msgspec.ValidationError("Expected text, got an unpaired surrogate") from error
    if ahead := pattern.metadata.annotations.write_ahead:
        return with_inventory(pattern, Inventory.of(ahead))
    if not pattern.status.inventory.compressed:
        return pattern
    try:
        return with_inventory(pattern, unpacked(pattern.status.inventory))
    except ValueError:
        return pattern


def _with_parameters_as_text(body: dict[str, Any]) -> dict[str, Any]:
    """``body`` with ``spec.render.parameters`` as JSON text, its names sorted; raises msgspec.ValidationError."""
    spec = body.get("spec")
    render = spec.get("render") if isinstance(spec, dict) else None
    parameters = render.get("parameters") if isinstance(render, dict) else None
    if not isinstance(spec, dict) or not isinstance(render, dict) or parameters is None:
        return body
    if not isinstance(parameters, dict):
        raise msgspec.ValidationError("Expected `object` - at `$.spec.render.parameters`")
    try:
        text = orjson.dumps(parameters, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError as error:  # nested too deep, a number of more than 64 bits, half a letter
        raise msgspec.ValidationError("Expected JSON values - at `$.spec.render.parameters`") from error
    return {**body, "spec": {**spec, "render": {**render, "parameters": text}}}


def with_inventory(pattern: DesignPattern, inventory: Inventory) -> DesignPattern:
    """``pattern`` with this inventory in its status."""
    return msgspec.structs.replace(pattern, status=msgspec.structs.replace(pattern.status, inventory=inventory))
