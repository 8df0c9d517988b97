"""Notes objects in versions that Kubernetes no longer serves; they are kept, because old clusters still serve them."""

from collections.abc import Iterable

from pattern_operator.api.removed import removed
from pattern_operator.api.repair import Repair
from pattern_operator.render.component import WorkingComponent


def note_removed_versions(components: Iterable[WorkingComponent]) -> None:
    """Note what to write in place of a removed version; whether the cluster serves it is not known here."""
    for component in components:
        if not component.excluded and (gone := removed(component.api_version, component.kind)):
            component.note(Repair.KEEP_REMOVED_VERSIONS, f"kept as it is, though {gone}")
