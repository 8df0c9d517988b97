"""What rendering made of each published design, and of each kind's smallest object, judged by a real API server."""

from collections import Counter
from collections.abc import Iterator

import pytest
from tests.render.designs import MESHERY, published, readme
from tests.render.dryrun import DryRun
from tests.render.minimal import MINIMAL
from tests.render.rendered import render
from tests.render.test_designs import EXPECTED, REFUSED_BY_README_ONLY
from tests.render.test_required import CASES, without
from tests.testbed.kubectl import Kubectl
from tests.testbed.testbed import Testbed

# Admission asks for the service account of a Pod; these are of kube-system, where the captured Pods ran.
ACCOUNTS = ("kube-proxy", "coredns")


@pytest.fixture(scope="module")
def crowded(kubectl: Kubectl) -> Iterator[str]:
    """Give a namespace with the service accounts that Pods of the designs name."""
    kubectl("create", "namespace", "designs")
    for account in ("default", *ACCOUNTS):
        kubectl.apply(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": "designs"}}
        )
    yield "designs"
    kubectl("delete", "namespace", "designs", "--wait=false")


@pytest.mark.parametrize("name", EXPECTED)
async def test_the_server_admits_of_a_design_exactly_what_was_measured(name: str, cluster: Testbed, crowded: str):
    expected, row = EXPECTED[name], readme()[name]
    rendering = render(published(name), options=MESHERY)

    refused: Counter[str] = Counter()
    messages = []
    async with DryRun.open(cluster.controlplane.admin, namespace=crowded) as server:
        for made in rendering.objects:
            answer = await server.apply(made.body)
            if not answer.admitted:
                refused[made.key.kind] += 1
                messages.append(f"{made.key.display_name}: {answer.message}")

    assert refused == Counter(expected.left), messages
    # A protected Namespace exists already and is not sent; the README counts it, unless its label was refused.
    protected = expected.protected - (name in REFUSED_BY_README_ONLY)
    assert len(rendering.objects) - refused.total() + protected == row.admitted


@pytest.mark.parametrize("kind", MINIMAL)
async def test_the_server_admits_the_smallest_object_of_a_kind(kind: str, cluster: Testbed, crowded: str):
    async with DryRun.open(cluster.controlplane.admin, namespace=crowded) as server:
        answer = await server.apply(MINIMAL[kind])

    assert answer.admitted, answer.message


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, path, _ in CASES])
async def test_the_server_refuses_what_rendering_refuses(kind: str, path: str, cluster: Testbed, crowded: str):
    async with DryRun.open(cluster.controlplane.admin, namespace=crowded) as server:
        answer = await server.apply(without(MINIMAL[kind], path))

    assert not answer.admitted
