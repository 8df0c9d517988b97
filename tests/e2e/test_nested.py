"""Patterns that hold DesignPatterns: one level below the other, and never in a circle."""

from typing import Any

from tests.e2e.story import API, Story, condition, config_map, push


def inner(story: Story, name: str, repository: str) -> dict[str, Any]:
    """A DesignPattern as an object of another pattern."""
    source = {"url": f"oci://{story.repository.registry}/{repository}", "insecure": True, "ref": {"tag": "1.0.0"}}
    spec = {"interval": "1h", "source": source}
    return {"apiVersion": API, "kind": "DesignPattern", "metadata": {"name": name}, "spec": spec}


def test_a_pattern_of_patterns_is_ready_when_they_are_and_takes_them_with_it(story: Story, registry) -> None:
    nested = registry.repository("nested")
    push(nested, "1.0.0", config_map("in-the-inner"))
    digest = push(story.repository, "1.0.0", inner(story, "inner", nested.name), config_map("in-the-outer"))

    story.want()
    story.until_runs(digest)
    there = story.names()
    story.delete()
    story.until_gone()

    assert there == ["in-the-inner", "in-the-outer"]
    assert story.names() == story.names("designpattern") == []


def test_a_pattern_that_holds_itself_is_refused_and_can_be_deleted(story: Story) -> None:
    push(story.repository, "1.0.0", inner(story, story.name, story.repository.name), config_map("settings"))

    story.want()
    refused = story.until_says("Ready", "ContainsItself")
    story.delete()
    story.until_gone()

    assert f"DesignPattern {story.namespace}/{story.name}, which is this pattern or contains it" in refused["message"]
    assert story.names() == []


def test_two_patterns_that_hold_each_other_end_where_the_circle_would_close(story: Story, registry) -> None:
    other = registry.repository("other")
    push(other, "1.0.0", inner(story, story.name, story.repository.name))
    push(story.repository, "1.0.0", inner(story, "other", other.name))

    story.want()
    closes = Story(story.kubectl, story.namespace, other, name="other")
    refused = closes.until_says("Ready", "ContainsItself")
    story.delete()
    story.until_gone()

    assert f"DesignPattern {story.namespace}/{story.name}" in refused["message"]
    assert condition({"conditions": [refused]}, "Ready")["status"] == "False"
    closes.until_gone()
