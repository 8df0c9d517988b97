"""What a pattern depends on: other DesignPatterns that must be Ready before anything new of it is applied."""

import re
from typing import Annotated, Final

from msgspec import Meta

from pattern_operator.api.base import ApiStruct
from pattern_operator.api.types import Namespace, ResourceName, VersionRange

MAX_DEPENDENCIES: Final = 32  # of a pattern, and as many of its artifact

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"  # RFC 1123, as Kubernetes reads it
_NAME: Final = re.compile(rf"{_LABEL}([.]{_LABEL})*")
_NAMESPACE: Final = re.compile(_LABEL)


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

    @property
    def misnamed(self) -> str:
        """The field that nothing can bear as its name, and would be waited for for ever; empty where none is.

        The API server checks it of a spec; what an artifact names comes from its author.
        """
        if not _NAME.fullmatch(self.name):
            return "name"
        return "" if self.namespace is None or _NAMESPACE.fullmatch(self.namespace) else "namespace"


Dependencies = Annotated[tuple[Dependency, ...], Meta(max_length=MAX_DEPENDENCIES)]
