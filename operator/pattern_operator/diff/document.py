"""A difference as JSON values for programs. Names are in camelCase, as in Kubernetes."""

from typing import Any

from pattern_operator.diff.compare import Change, Difference, ObjectDifference
from pattern_operator.diff.fields import FieldDifference


def difference_document(difference: Difference) -> dict[str, Any]:
    """``objects``, and how many were added, removed, changed, and are the same."""
    counts: dict[str, Any] = {str(change): difference.count(change) for change in Change}
    return {**counts, "same": difference.same, "objects": [_object(each) for each in difference.objects]}


def _object(each: ObjectDifference) -> dict[str, Any]:
    key = each.key
    value: dict[str, Any] = {"change": str(each.change), "group": key.group, "kind": key.kind}
    value |= {"namespace": key.namespace, "name": key.name}
    if each.change is Change.CHANGED:
        value["fields"] = [_field(field) for field in each.fields]
    if each.more_fields:
        value["moreFields"] = each.more_fields
    return value


def _field(field: FieldDifference) -> dict[str, Any]:
    value = {"path": field.path, "change": str(field.change), "before": field.before, "after": field.after}
    return {name: each for name, each in value.items() if each}
