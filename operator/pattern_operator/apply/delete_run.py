"""One call for the deletion of objects: whose they are, in whose name they go, and whether the API server answers."""

from collections.abc import Collection
from dataclasses import dataclass

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.ownership import Owner
from pattern_operator.kube import ApiError
from pattern_operator.kube.kind_existence import Definitions


@dataclass(slots=True, kw_only=True)
class DeleteRun:
    """What holds for all objects of one call of ``Deleter.delete_all``; ``unavailable`` ends what has not begun."""

    owner: Owner
    impersonate: str | None
    otherwise: Reason
    later: Collection[ObjectKey] = ()  # that are deleted after these
    unavailable: ApiError | None = None  # the API server does not answer, or throttles us
    definitions: Definitions  # of kinds that discovery does not show
