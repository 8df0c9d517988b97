"""A volume claim that somebody grew: its request only goes up, so a smaller one in the manifest is left out.

Source: Kubernetes documentation, "Persistent Volumes", "Expanding Persistent Volumes Claims": a claim never shrinks.
"""

import re
from decimal import Decimal
from http import HTTPStatus
from typing import Final

from pattern_operator.api.fields import ObjectMeta, integer, mapping_at
from pattern_operator.api.object import Object
from pattern_operator.apply.existing import is_ours
from pattern_operator.apply.ignore_differences import Pointer
from pattern_operator.kube import ApiError, Resource, Session, objects

STORAGE: Final[Pointer] = ("spec", "resources", "requests", "storage")
_CLAIM: Final = ("", "PersistentVolumeClaim")
# Kubernetes documentation, "Quantity": a number of 64 bits with a suffix, or an exponent.
_QUANTITY: Final = re.compile(
    r"([+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40}))(?:[eE]([+-]?[0-9]{1,2})|([A-Za-z]{1,2}))?"
)
_SMALL_AND_LARGE: Final = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_UNITS: Final = {
    **{unit: Decimal(1000) ** (power - 3) for power, unit in enumerate(_SMALL_AND_LARGE)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
}


def bytes_of(value: object) -> Decimal | None:
    """A quantity of storage in bytes; None for what is not a quantity."""
    if isinstance(value, float) or (isinstance(value, int) and value == integer(value)):
        value = str(value)
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    number, exponent, unit = match.groups()
    if exponent is not None:
        return Decimal(number).scaleb(int(exponent))
    factor = _UNITS.get(unit or "")
    return None if factor is None else Decimal(number) * factor


async def explain_grown_pvc(
    session: Session, resource: Resource, desired: Object, error: ApiError, *, impersonate: str | None
) -> str:
    """What people should know of a claim whose apply was refused because somebody grew it; empty: nobody did.

    A pattern that wants less than it asked for itself is refused, as with every field that is kept for life.

    Raises:
        ApiError: it could not be looked at.
    """
    key = desired.key
    if key.group_kind != _CLAIM or error.code != HTTPStatus.UNPROCESSABLE_ENTITY:
        return ""
    asked = _request(desired.body)
    body = await objects.get(session, resource, namespace=key.namespace, name=key.name, impersonate=impersonate)
    live = _request(body)
    wants, has = bytes_of(asked), bytes_of(live)
    if wants is None or has is None or has <= wants or _is_ours(body):
        return ""
    return (
        f"the claim asks for {live}, which is more than the {asked} of the artifact, and is not changed, because a"
        f" claim never shrinks: write {live} in the artifact, or list /spec/resources/requests/storage in"
        " spec.apply.ignoreDifferences"
    )


def _request(body: object) -> object:
    return mapping_at(body, *STORAGE[:-1]).get(STORAGE[-1])


def _is_ours(body: object) -> bool:
    """Whether the size that a claim asks for is what our apply wrote."""
    path = [f"f:{name}" for name in STORAGE]
    return any(
        is_ours(each) and path[-1] in mapping_at(each.fields, *path[:-1]) for each in ObjectMeta.of(body).managers
    )
