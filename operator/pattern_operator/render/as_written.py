"""What helm and kustomize wrote, to objects that are the same: nothing is repaired, and ``{}`` and ``[]`` stay.

Their authors saw this output and mean it. What is done to it is what ``helm install -n`` and ``kubectl apply -n`` do:
lists are taken apart, a namespace is filled in where a namespaced object has none, one object that stands there twice
is applied once. Only ``spec.render.targetNamespace`` moves what is written. Hooks are for who calls this (``hooks``).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import mapping, text
from pattern_operator.api.repair import Repair
from pattern_operator.api.report import Rendering
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.deduplicate import merge_duplicates, objects
from pattern_operator.render.document import Document, read
from pattern_operator.render.local_config import leave_out_local_config
from pattern_operator.render.manifests import entries, is_object
from pattern_operator.render.namespace import created_namespaces, keep_namespaces, update_references
from pattern_operator.render.options import Options
from pattern_operator.render.sops import HOW_TO, is_encrypted
from pattern_operator.render.written_keys import WrittenKeys, told


def documents(outputs: Iterable[File]) -> list[Document]:
    """Read what was written, each output by the path that its objects are to be known by.

    Raises:
        Stalled: DOCUMENT_INVALID, ARTIFACT_TOO_LARGE, with that path and the line of the output.
    """
    return [document for output in outputs for document in read(output)]


def components(found: Sequence[Document]) -> list[WorkingComponent]:
    """Make a working component of each object, in order, its body as it is written; ``kind: List`` is taken apart.

    Raises:
        Stalled: TOO_MANY_OBJECTS above MAX_COMPONENTS.
    """
    return [component(value, where=where, written=written) for where, value, written in entries(list(found))]


def rendering(
    made: Sequence[WorkingComponent], *, options: Options, form: str, name: str = "", version: str = ""
) -> Rendering:
    """The objects of ``made`` with their namespaces, each once, and a line of the report for each component.

    ``form`` is the format, as ``status.render.format`` has it.

    Raises:
        Stalled: TOO_MANY_OBJECTS above MAX_OBJECTS.
    """
    leave_out_local_config(made)
    for each in made:
        each.refuse_for_faults()
    keep_namespaces(made, options=options)
    if options.target_namespace:
        update_references(made, options=options)
    merge_duplicates(made)
    found = objects(made, decorate=lambda _: None)
    return Rendering(
        objects=(*created_namespaces(found, options=options), *found),
        components=tuple(each.report() for each in made),
        format=form,
        name=name,
        version=version,
    )


def component(value: Any, *, where: str, written: WrittenKeys) -> WorkingComponent:
    """The working component of one object; what is none is refused."""
    top, metadata = mapping(value), mapping(mapping(value).get("metadata"))
    made = WorkingComponent(id=where, name=text(metadata.get("name")), kind=text(top.get("kind")), written=written)
    made.path, _, position = where.rpartition("#")
    made.position = f"#{position}" if made.path else ""
    if not top or not isinstance(top.get("metadata") or {}, dict):
        made.refuse(ComponentReason.INVALID_DOCUMENT, f"{where} is not a Kubernetes object: correct what makes it")
    elif is_encrypted(top):
        made.refuse(ComponentReason.ENCRYPTED, f"{where} {HOW_TO}")
    elif is_object(made, top, where=where):
        made.body = top
        made.body["metadata"] = metadata
        made.source_namespace = text(metadata.get("namespace")) or None
        made.note(Repair.READ_KEYS_AS_KUBECTL, *told(written))
    return made
