"""What the spec of a pattern asks of rendering."""

from dataclasses import dataclass
from typing import Literal

Format = Literal["Auto", "Meshery", "Manifests"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """``spec.render``, ``spec.source.layer.path`` and ``spec.apply.createNamespace``: what rendering reads of a spec.

    ``path`` is a file or a folder of the artifact, ``default_namespace`` the pattern's own namespace, and
    ``target_namespace``, when it is set, the one that every namespaced object goes to.
    """

    format: Format = "Auto"
    path: str | None = None
    default_namespace: str = "default"
    target_namespace: str | None = None
    create_namespace: bool = False
