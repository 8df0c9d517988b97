"""Tells of objects in versions that Kubernetes no longer serves: they are kept, for old clusters still have them."""

from collections.abc import Iterable

from pattern_operator.api.removed import removed
from pattern_operator.render.draft import Draft


def tell_removed(drafts: Iterable[Draft]) -> None:
    """Say of each draft in a removed version what to write; whether the cluster has it, the cluster says."""
    for draft in drafts:
        if not draft.settled and (gone := removed(draft.api_version, draft.kind)):
            draft.repairs.append(f"kept as it is, though {gone}")
