"""What others write of an object that a pattern applies: found out before the apply, and given up around it.

Everything is asked and written in the name of the pattern's account.
"""

from collections.abc import Iterable

from pattern_operator.api.object import Body, Object
from pattern_operator.apply.autoscaler import autoscaler_of
from pattern_operator.apply.ignore_differences import REPLICAS, Pointer, Rule, has, pointers_of, release_patch
from pattern_operator.apply.metadata_edit import MetadataEditor
from pattern_operator.kube import Session


async def fields_left_to_others(
    session: Session,
    desired: Object,
    *,
    rules: Iterable[Rule],
    scaled_by: str,
    scales: bool = False,
    scaled: bool = False,
    impersonate: str | None,
) -> tuple[tuple[Pointer, ...], str]:
    """What others write of the object, and what people should know of it.

    That is what the spec says (``rules``), and the replicas where an autoscaler has them (``scaled_by``), or aims at
    the object and the manifest has left them out, though our apply set them (``scales``). ``scaled``: an autoscaler
    of the same pattern aims at it.

    Raises:
        ApiUnavailable: the API server does not answer.
    """
    left = pointers_of(rules, desired)
    if REPLICAS in left or not (scaled_by or scales):
        return left, ""
    if not has(desired.body, REPLICAS):
        is_scaled = scales and (scaled or await _is_scaled(session, desired, impersonate=impersonate))
        return ((*left, REPLICAS) if is_scaled else left), ""
    if not scaled_by:
        return left, ""
    scaler = await autoscaler_of(session, desired.key, manager=scaled_by, impersonate=impersonate)
    return (left, "") if scaler is None else ((*left, REPLICAS), str(scaler))


async def _is_scaled(session: Session, desired: Object, *, impersonate: str | None) -> bool:
    return await autoscaler_of(session, desired.key, manager="", impersonate=impersonate) is not None


async def release_fields(
    editor: MetadataEditor, applied: Object, *, paths: tuple[Pointer, ...], live: Body | None = None
) -> Body:
    """Be no manager of what is left to others; no value changes. The object then, or as it was read.

    ``live`` is the object where it was just read.

    Raises:
        ApiError: as ``MetadataEditor.edit``.
    """
    edited = await editor.edit(lambda live: release_patch(live, body=applied.body, paths=paths), live=live)
    return edited.body
