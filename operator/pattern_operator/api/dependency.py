"""What a pattern depends on: other DesignPatterns that must be Ready before anything new of it is applied."""

from typing import Annotated, Final

from msgspec import Meta

from pattern_operator.api.base import ApiStruct
from pattern_operator.api.types import Namespace, ResourceName, VersionRange

MAX_DEPENDENCIES: Final = 32  # of a pattern, and as many of its artifact


class Dependency(ApiStruct, frozen=True):
    """Another DesignPattern, and which versions of it will do. As ``dependsOn`` of a Kustomization of Flux."""

    name: Annotated[ResourceName, Meta(description="Name of the DesignPattern.")]
    namespace: Annotated[
        Namespace | None,
        Meta(
            description="Its namespace. Default: the one of this DesignPattern. Another one is refused where the"
            " operator runs with `--no-cross-namespace`."
        ),
    ] = None
    version: Annotated[
        VersionRange | None,
        Meta(
            description="The range that its `status.version` must be in, as in `source.ref.semver`: `>=1.4 <2`, `~1.4`."
            " Default: any version."
        ),
    ] = None


Dependencies = Annotated[tuple[Dependency, ...], Meta(max_length=MAX_DEPENDENCIES)]
