"""Which layers of an artifact hold the pattern, decided by its manifest before any of them is pulled."""

from typing import Final

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reason import Reason
from pattern_operator.archive import TITLE, Layer, LayerSelector
from pattern_operator.archive.layers import not_found
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_LAYERS_TOTAL
from pattern_operator.source.manifest import Manifest
from pattern_operator.source.media_types import essence, is_beside_content, is_named_beside_content

_ZSTD: Final = ("+zstd", ".zstd", "/zstd")


def select_layers(manifest: Manifest, *, selector: LayerSelector, context: str) -> tuple[Descriptor, ...]:
    """The layers to pull, none twice. SBOMs, attestations and the empty layer beside the content are passed over.

    Raises:
        Stalled: LAYER_NOT_FOUND: there is none, or none of the wanted media type. ARTIFACT_TOO_LARGE: together they
            have more than ``MAX_LAYERS_TOTAL`` bytes. ARTIFACT_UNSUPPORTED: a compression that is not read.
    """
    wanted = [layer for layer in manifest.layers if _is_wanted(layer, selector=selector)]
    if not wanted:
        raise not_found([layer.media_type for layer in manifest.layers], selector=selector, context=context)
    layers = tuple({(layer.digest, layer.annotations.get(TITLE)): layer for layer in wanted}.values())
    total = sum(layer.size for layer in layers)
    if total > MAX_LAYERS_TOTAL:
        raise Stalled(
            reason=Reason.ARTIFACT_TOO_LARGE,
            message=f"{context} has layers of {total} bytes, and at most {MAX_LAYERS_TOTAL} are pulled: choose one"
            " with source.layer.mediaType, or split the artifact.",
        )
    for layer in layers:
        if layer.media_type.endswith(_ZSTD):
            raise Stalled(
                reason=Reason.ARTIFACT_UNSUPPORTED,
                message=f"{context} has a layer that is compressed with zstd, which is not read: push it with gzip.",
            )
    return layers


def _is_wanted(layer: Descriptor, *, selector: LayerSelector) -> bool:
    """Whether the user named the layer by its media type, or without a name, whether it is content at all."""
    if selector.media_type is not None:
        return layer.media_type == essence(selector.media_type)
    return not is_beside_content(layer.media_type) and not is_named_beside_content(layer.annotations.get(TITLE, ""))


def layer_of(descriptor: Descriptor) -> Layer:
    """What decides how the layer is read."""
    return Layer(descriptor.media_type, descriptor.annotations.get(TITLE, ""), descriptor.size)
