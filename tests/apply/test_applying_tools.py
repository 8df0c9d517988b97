"""Which field managers are tools that people apply manifests with, and which are not."""

import pytest

from pattern_operator.api.fields import ManagedFieldsEntry
from pattern_operator.apply.applying_tools import is_of_what_was_there, is_of_whole_manifests, is_older


@pytest.mark.parametrize(
    ("name", "operation", "subresource", "older", "whole", "all_there"),
    [
        ("kubectl-client-side-apply", "Update", "", True, True, False),
        ("helm", "Apply", "", True, True, False),
        ("kubectl", "Apply", "", True, False, False),
        ("kubectl-edit", "Update", "", True, False, False),
        ("kustomize-controller", "Apply", "", True, False, False),
        ("argocd-controller", "Apply", "", True, False, False),
        ("before-first-apply", "Update", "", True, False, True),
        ("before-first-apply", "Apply", "", False, False, False),
        ("before-first-apply", "Update", "status", False, False, False),
        ("kubectl", "Update", "scale", False, False, False),
        ("helm", "Update", "status", False, False, False),
        ("somebody", "Apply", "", False, False, False),
        ("kube-controller-manager", "Update", "", False, False, False),
    ],
)
def test_tools_are_told_by_name_operation_and_subresource(
    name: str, operation: str, subresource: str, older: bool, whole: bool, all_there: bool
) -> None:
    entry = ManagedFieldsEntry(name, operation, subresource, "", {})

    assert (is_older(entry), is_of_whole_manifests(entry), is_of_what_was_there(entry)) == (older, whole, all_there)
