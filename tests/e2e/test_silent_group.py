"""An aggregated API of somebody else that does not answer costs nobody else anything."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from tests.e2e.story import Story, condition, config_map, eventually, push, widget, widgets


@pytest.fixture
def silent(story: Story) -> Iterator[str]:
    """A group whose APIService leads nowhere, as the API server has noticed."""
    group = f"s{uuid4().hex[:8]}.example.com"
    name = f"v1.{group}"
    service = {"name": "nowhere", "namespace": story.namespace, "port": 443}
    spec = {"group": group, "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 100}
    story.kubectl.apply(
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": name},
            "spec": {**spec, "insecureSkipTLSVerify": True, "service": service},
        }
    )
    path = ("get", "--raw", "/apis")
    eventually(lambda: group in story.kubectl(*path))
    yield group
    story.kubectl("delete", "apiservice", name, "--ignore-not-found")


def test_a_definition_is_pruned_and_deleted_although_another_group_is_silent(
    story: Story, group: str, silent: str
) -> None:
    other = f"x{group}"
    push(story.repository, "1.0.0", widgets(group), widget(group, "w"), widgets(other), config_map("stays"))
    second = push(story.repository, "2.0.0", widgets(group), widget(group, "w"), config_map("stays"))
    story.want()
    story.until_says("Ready", "Ready")

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    story.until_runs(second)
    eventually(lambda: not story.there("crd", f"widgets.{other}"))
    story.delete()
    story.until_gone()

    eventually(lambda: not story.there("crd", f"widgets.{group}"))


def test_a_namespace_waits_for_a_silent_group_and_says_which(story: Story, silent: str) -> None:
    name = f"{story.namespace}-own"
    push(story.repository, "1.0.0", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    story.want()
    story.until_says("Ready", "Ready")

    story.delete()
    said = story.until(lambda status: condition(status, "Ready")["reason"] == "ApiServerUnavailable")
    story.kubectl("delete", "apiservice", f"v1.{silent}")
    story.until_gone()

    message = condition(said, "Ready")["message"]
    assert f"nobody can say that it is empty: the API server behind the group {silent} does not answer" in message
