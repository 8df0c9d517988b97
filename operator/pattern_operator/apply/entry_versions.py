"""Entries of managedFields that the API server cannot read any more get the version that is applied.

Before it applies anything the API server converts the object to the version of each entry (structured-merge-diff,
``merge/update.go``). A custom resource cannot be converted to a version that its CRD does not have any more; and where
versions are converted by changing the apiVersion alone, a field that the version of an entry does not declare cannot be
read in it. Then every apply of whatever version is refused, by whomever (kubernetes #111937, fluxcd/flux2 #5715).

So when an apply is refused for that, and only then, the pattern's own entry is given the version of the manifest, which
changes no value: fields have the same names in all versions where they are converted so. Where that does not do, the
entries of others are given it, too. Everything is asked and written in the name of the pattern's account.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from pattern_operator.api.fields import MAX_MANAGERS, ManagedFieldsEntry, ObjectMeta, mappings, text
from pattern_operator.api.object import Body
from pattern_operator.apply import fieldset
from pattern_operator.apply.existing import is_ours
from pattern_operator.apply.metadata_edit import MetadataEditor
from pattern_operator.kube import ApiError
from pattern_operator.kube.errors import is_unreadable_entry

Entry = Mapping[str, Any]


async def apply_over_versions(send: Callable[[], Awaitable[Body]], *, editor: MetadataEditor) -> Body:
    """Send the apply, and again where it was refused for the version of an entry that could be changed.

    Raises:
        ApiError: as ``send`` and as ``MetadataEditor.edit``.
    """
    for is_picked in (_is_ours, _is_any):
        try:
            return await send()
        except ApiError as error:
            if not is_unreadable_entry(error):
                raise
        await editor.edit(partial(in_version, api_version=editor.resource.api_version, is_picked=is_picked))
    return await send()


def in_version(live: object, api_version: str, *, is_picked: Callable[[Entry], bool]) -> dict[str, Any] | None:
    """The merge patch of the metadata in which the picked entries have this version; None where they all have it.

    The object must still be as it was (``Conflict``). Two entries that become the same one hold the fields of both.
    """
    meta = ObjectMeta.of(live)
    entries: dict[tuple[object, ...], Entry] = {}
    changed = False
    for each in list(mappings(meta.raw.get("managedFields")))[:MAX_MANAGERS]:
        entry = each
        if is_picked(each) and each.get("apiVersion") != api_version:
            entry, changed = {**each, "apiVersion": api_version}, True
        name = tuple(text(entry.get(part)) for part in ("manager", "operation", "apiVersion", "subresource"))
        if (same := entries.get(name)) is not None:
            fields = fieldset.union(fieldset.read(same.get("fieldsV1")), fieldset.read(entry.get("fieldsV1")))
            entry = {**entry, "fieldsV1": fields}
        entries[name] = entry
    if not changed:
        return None
    return {"uid": meta.uid, "resourceVersion": meta.resource_version, "managedFields": list(entries.values())}


def _is_ours(entry: Entry) -> bool:
    return is_ours(ManagedFieldsEntry.of(entry))


def _is_any(_: Entry) -> bool:
    return True
