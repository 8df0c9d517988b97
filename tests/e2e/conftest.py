"""What the tests of the whole way share: a story to tell on a cluster with an operator."""

import pytest
from tests.e2e.story import Story
from tests.testbed.repository import Repository
from tests.testbed.testbed import Testbed


@pytest.fixture
def story(testbed: Testbed, namespace: str, repository: Repository) -> Story:
    """A DesignPattern that is not applied yet, in a namespace and with a repository of its own."""
    return Story(testbed.kubectl, namespace, repository)
