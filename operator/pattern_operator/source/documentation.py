"""What is for people in an artifact: a README and a changelog, each a layer of its own behind the content.

Behind, because Meshery and Flux read the first layer; of its own, because the operator then never pulls it.
"""

from pathlib import PurePosixPath
from typing import Final

from pattern_operator.api.artifact import Descriptor, File
from pattern_operator.api.names import DOCUMENTATION_ANNOTATION
from pattern_operator.archive import TITLE
from pattern_operator.limits import MAX_DOCUMENTATION
from pattern_operator.source.layers import is_documentation
from pattern_operator.source.manifest import Manifest
from pattern_operator.source.registry.client import RepositoryClient
from pattern_operator.source.upload import upload_blob, written

MARKDOWN: Final = "text/markdown"  # RFC 7763
_MOST: Final = 4  # of one artifact that are read; there are two


async def upload_documentation(registry: RepositoryClient, file: File) -> dict[str, object]:
    """Upload a file as a layer, and return its descriptor as a manifest has it; raises as ``upload_blob``."""
    descriptor = written(await upload_blob(registry, file.content, media_type=MARKDOWN))
    return descriptor | {"annotations": {TITLE: PurePosixPath(file.path).name, DOCUMENTATION_ANNOTATION: "true"}}


async def fetch_documentation(manifest: Manifest, *, registry: RepositoryClient) -> tuple[File, ...]:
    """The files that are for people; what is larger than those that are pushed is left out.

    Raises:
        Stalled: SIZE_MISMATCH, DIGEST_MISMATCH, and what ``RepositoryClient`` raises.
        Transient: the registry could not be asked.
    """
    chosen = [layer for layer in manifest.layers if is_documentation(layer) and layer.size <= MAX_DOCUMENTATION]
    return tuple([File(_name(layer), await registry.blob(layer)) for layer in chosen[:_MOST]])


def _name(layer: Descriptor) -> str:
    return PurePosixPath(layer.annotations.get(TITLE, "")).name
