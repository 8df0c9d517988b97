"""What kubectl or Helm set on an object is handed on to the pattern that adopts it, and goes when it leaves that.

Without this a field that leaves the pattern stays forever, because its older manager has it too. Source: Kubernetes
documentation, "Server-Side Apply", "Upgrading from client-side apply to server-side apply"; the rules of versions are
those of client-go, ``util/csaupgrade``. When the object is adopted, the pattern's first apply is tried without effect,
and what the API server would then say of the managers is written with the older ones' fields handed on. On an object
that is the pattern's, such a tool may come to share fields later, or ``before-first-apply`` where managedFields were
cleared: then the share is handed on before the next apply. The fields themselves are not touched by that.
"""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from pattern_operator.api.fields import MAX_MANAGERS, ManagedFieldsEntry, ObjectMeta, mapping_at, mappings
from pattern_operator.api.object import Body, ObjectKey
from pattern_operator.apply import fieldset
from pattern_operator.apply.adoption import GUARDED
from pattern_operator.apply.applying_tools import is_of_whole_manifests, is_older
from pattern_operator.apply.existing import is_ours
from pattern_operator.apply.metadata_edit import MetadataEditor
from pattern_operator.kube import ApiError

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
Entry = Mapping[str, Any]
Keep = Callable[[fieldset.Fields], fieldset.Fields]

# Others write these on purpose, whoever wrote the manifest: they stay as they are where the pattern does not have them.
_OF_OTHERS: Final = (
    ("f:status",),
    ("f:spec", "f:replicas"),
    ("f:spec", "f:clusterIP"),
    ("f:spec", "f:clusterIPs"),
    ("f:spec", "f:nodeName"),
    ("f:spec", "f:volumeName"),
    ("f:metadata", "f:finalizers"),
    ("f:metadata", "f:ownerReferences"),
)


def migration(tried: object, *, key: ObjectKey, keep: Keep = lambda fields: fields) -> dict[str, Any] | None:
    """The merge patch of the metadata that hands the fields on, before the first apply; None: nothing is handed on.

    ``tried`` is what the API server answers to that apply as a dry run, of any shape. Without an entry of ours in it
    nothing can be handed on. ``keep`` is what of a set of fields the pattern wants to have: not what it leaves to
    others.
    """
    meta = ObjectMeta.of(tried)
    entries = list(mappings(meta.raw.get("managedFields")))[:MAX_MANAGERS]
    ours = next((each for each in entries if is_ours(ManagedFieldsEntry.of(each))), None)
    annotated = bool(meta.annotation(LAST_APPLIED))
    older = [each for each in entries if is_older(ManagedFieldsEntry.of(each))]
    if ours is None or not (older or annotated):
        return None
    applied = fieldset.read(ours.get("fieldsV1"))
    handed_on, kept = applied, list[Entry]()
    for each in entries:
        if each is ours:
            continue
        if not is_older(ManagedFieldsEntry.of(each)):
            kept.append(each)
            continue
        theirs = fieldset.difference(fieldset.read(each.get("fieldsV1")), applied)
        if each.get("apiVersion") != ours.get("apiVersion"):
            continue  # fields of another version are others: nobody has them, and none of them goes
        if key.group_kind not in GUARDED and is_of_whole_manifests(ManagedFieldsEntry.of(each)):
            left, theirs = _divided(theirs)
            handed_on = fieldset.union(handed_on, left)
        if theirs:
            kept.append({**each, "fieldsV1": theirs})
    metadata: dict[str, Any] = {
        "uid": meta.uid,
        "resourceVersion": meta.resource_version,
        "managedFields": [{**ours, "fieldsV1": keep(handed_on)}, *kept],
        **({"annotations": {LAST_APPLIED: None}} if annotated and not _holds_annotation(applied) else {}),
    }
    return metadata


def share_handed_on(live: object, *, keep: Keep) -> dict[str, Any] | None:
    """The merge patch of the metadata that hands on what older tools share with the pattern; None: they share nothing.

    ``live`` is an object of the pattern or its metadata alone, of any shape. What only they have stays theirs; of an
    entry of a list nothing stays once nobody holds the entry itself. ``keep`` is as for ``migration``.
    """
    meta = ObjectMeta.of(live)
    entries = list(mappings(meta.raw.get("managedFields")))[:MAX_MANAGERS]
    ours = next((each for each in entries if is_ours(ManagedFieldsEntry.of(each))), None)
    if ours is None:
        return None
    wanted = keep(fieldset.read(ours.get("fieldsV1")))
    kept, shared = list[Entry](), False
    for each in entries:
        if each is ours:
            continue
        theirs = fieldset.read(each.get("fieldsV1"))
        if not (is_older(ManagedFieldsEntry.of(each)) and fieldset.intersection(theirs, wanted)):
            kept.append(each)
            continue
        shared = True
        if each.get("apiVersion") != ours.get("apiVersion"):
            continue  # as in ``migration``
        if rest := fieldset.difference(theirs, wanted):
            kept.append({**each, "fieldsV1": rest})
    if not shared:
        return None
    return {"uid": meta.uid, "resourceVersion": meta.resource_version, "managedFields": [ours, *kept]}


async def hand_on_share(editor: MetadataEditor, *, keep: Keep) -> None:
    """Hand on what older tools share with the pattern on an object of its own, before it is applied.

    Raises:
        ApiError: as ``MetadataEditor.edit``.
    """
    await editor.edit(lambda live: share_handed_on(live, keep=keep))


def _divided(fields: fieldset.Fields) -> tuple[fieldset.Fields, fieldset.Fields]:
    """What goes when the pattern does not have it, and what stays all the same."""
    goes = fields
    for path in _OF_OTHERS:
        goes = fieldset.without(goes, path)
    return goes, fieldset.difference(fields, goes)


def _holds_annotation(applied: fieldset.Fields) -> bool:
    return f"f:{LAST_APPLIED}" in mapping_at(applied, "f:metadata", "f:annotations")


def needs_migration(entries: tuple[ManagedFieldsEntry, ...], annotations: Mapping[str, str]) -> bool:
    """Whether an object that is to be adopted may have fields to hand on; who has them, no manager may say yet."""
    return not entries or LAST_APPLIED in annotations or any(map(is_older, entries))


async def migrate(
    editor: MetadataEditor,
    *,
    send: Callable[..., Awaitable[Body]],
    insist: Callable[[], Awaitable[Body]],
    keep: Keep,
) -> None:
    """Hand the fields on before the apply ``send`` is sent, which takes ``dry_run``. No field changes by that.

    ``insist`` applies for good, and makes room for it first: it is called where the dry run cannot tell.

    Raises:
        ApiError: the apply would be refused; or as ``MetadataEditor.edit``.
    """

    async def tried() -> Body:
        try:
            return await send(dry_run="All")
        except ApiError as error:
            if error.code not in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
                raise
            # A webhook that cannot try without effect, or what an older manager has does not go with the manifest.
            return await insist()

    await editor.edit(lambda tried: migration(tried, key=editor.key, keep=keep), read=tried)
