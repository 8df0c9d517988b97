"""What the spec of a pattern asks of rendering."""

from dataclasses import dataclass
from typing import Literal

Format = Literal["Auto", "Meshery", "Manifests"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """``spec.render`` and ``spec.source.layer.path``, as far as rendering reads them.

    ``path`` is a file or a folder of the artifact, ``default_namespace`` the pattern's own namespace, and
    ``target_namespace``, when it is set, the one that every namespaced object goes to.
    """

    format: Format = "Auto"
    path: str | None = None
    default_namespace: str = "default"
    target_namespace: str | None = None
