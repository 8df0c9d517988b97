"""The published designs, all of them: what rendering makes of each, against the README that was measured before it."""

from collections import Counter
from dataclasses import dataclass, field

import orjson
import pytest
from tests.cputime import cpu_time
from tests.render.designs import MESHERY, names, published, readme, unmarked
from tests.render.rendered import render

from pattern_operator.api.object import Body
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Outcome
from pattern_operator.errors import Stalled
from pattern_operator.render import Options


@dataclass(frozen=True, slots=True)
class Expected:
    """What becomes of a design: objects, Namespaces that are not owned, components that are the same as another.

    ``refused`` are the components that rendering refuses, by reason and kind; ``left`` are those that only the API
    server can refuse, by kind: it alone knows CRDs, fields and values.
    """

    objects: int
    protected: int = 0
    duplicates: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)


EXPECTED = {
    "bookinfo-istio": Expected(8, duplicates=1, left={"VirtualService": 1, "Gateway": 1}),
    "bookinfo-selectors": Expected(
        0,
        refused={
            "MissingApiVersion/VirtualService": 1,
            "MissingApiVersion/Gateway": 1,
            "SelectorMismatch/Deployment": 6,
        },
    ),
    "captured-pods": Expected(3, protected=1),
    "chaos-mesh": Expected(1, protected=1, left={"BlockChaos": 1}),
    "comments-only": Expected(0),
    "deployments-tutorial": Expected(1, protected=1),
    "deployments-tutorial-v1beta2": Expected(1, protected=1),
    "deployments-tutorial-v1beta3": Expected(1, protected=1),
    "flex-in-a-box": Expected(
        9,
        protected=1,
        duplicates=3,
        refused={"DifferingDuplicate/ArgoCD": 2, "MissingName/GithubActionRunner": 1},
        left={
            "ArgoCD": 2,
            "ClusterWorkflowTemplate": 1,
            "CronWorkflow": 1,
            "GithubActionRunner": 1,
            "Grafana": 1,
            "Prometheus": 1,
        },
    ),
    "fluentd/v1": Expected(4),
    "fluentd/v2": Expected(5, protected=1),
    "gke-autoscaling": Expected(
        16,
        protected=2,
        refused={"MissingRequiredField/Deployment": 44},
        left={"HorizontalPodAutoscaler": 1, "PodMonitor": 1},
    ),
    "guestbook": Expected(7, protected=1),
    "guestbook-services": Expected(
        7,
        protected=1,
        duplicates=2,
        refused={"MissingRequiredField/StorageClass": 1, "MissingRequiredField/VolumeAttachment": 1},
        left={"Service": 1},
    ),
    "istio-mtls": Expected(
        9,
        protected=1,
        refused={
            "MissingRequiredField/Pod": 1,
            "MissingRequiredField/Service": 1,
            "MissingRequiredField/ClusterRoleBinding": 4,
        },
        left={"ClusterRoleBinding": 3, "ClusterRole": 1, "IstioOperator": 1, "WasmPlugin": 1},
    ),
    "mysql-pod": Expected(1, protected=1),
    "nginx-deployment": Expected(2, protected=1),
    "nginx-emptied/v1": Expected(2),
    "nginx-emptied/v2": Expected(0),
    "nginx-ingress-oldest": Expected(1),
    "online-boutique": Expected(15, protected=1, left={"Deployment": 1}),
    "pods-tutorial/v1": Expected(1),
    "pods-tutorial/v2": Expected(1, protected=1),
    "postgres-oldest": Expected(6),
    "prometheus-cr": Expected(1, protected=1, left={"Prometheus": 1}),
    "prometheus-opencost": Expected(5, protected=1),
    "rabbitmq-operator": Expected(28, protected=1),
    "rbac-references": Expected(5, protected=1, refused={"MissingRequiredField/ClusterRoleBinding": 1}),
    "redis-php-guestbook": Expected(
        11, protected=1, left={"AccessContextManagerServicePerimeter": 1, "ComputeInstance": 1}
    ),
    "vault": Expected(12, protected=1),
    "wordpress": Expected(10, protected=1),
    "wordpress-mysql": Expected(
        8, protected=1, refused={"MissingRequiredField/PersistentVolume": 2, "ConflictingListEntries/Service": 1}
    ),
    "zookeeper": Expected(
        4,
        protected=1,
        refused={
            "MissingRequiredField/DaemonSet": 1,
            "MissingRequiredField/Deployment": 1,
            "MissingRequiredField/StatefulSet": 1,
        },
    ),
}
# Its label is one that the API server refuses, which the README counts; here the Namespace `default` is never applied.
REFUSED_BY_README_ONLY = {"guestbook-services": Counter(Namespace=1)}
# Refused by the server once, and merged here beforehand: the README counts each component.
MERGED_BEFORE_THE_SERVER = {"flex-in-a-box": Counter(ArgoCD=1, Grafana=1, Prometheus=1)}


def test_every_published_design_is_in_the_table():
    assert set(EXPECTED) | {"not-a-design"} == set(names()) == set(readme())


@pytest.mark.parametrize("name", EXPECTED)
def test_a_published_design_becomes_what_the_table_says(name: str):
    expected = EXPECTED[name]

    rendering = render(published(name), options=MESHERY)

    skipped = Counter(report.reason for report in rendering.with_outcome(Outcome.SKIPPED))
    refused = Counter(f"{report.reason}/{report.kind}" for report in rendering.with_outcome(Outcome.REFUSED))
    assert len(rendering.objects) == expected.objects
    assert refused == Counter(expected.refused)
    assert skipped["ProtectedNamespace"] == expected.protected
    assert skipped["Duplicate"] == expected.duplicates
    assert len({made.key for made in rendering.objects}) == expected.objects
    assert expected.objects == sum(1 for _ in rendering.with_outcome(Outcome.RENDERED))


@pytest.mark.parametrize("name", EXPECTED)
def test_what_was_measured_of_a_design_still_holds(name: str):
    row, expected = readme()[name], EXPECTED[name]

    rendering = render(published(name), options=MESHERY)

    skipped = Counter(report.reason for report in rendering.with_outcome(Outcome.SKIPPED))
    refused = Counter(report.kind for report in rendering.with_outcome(Outcome.REFUSED)) + Counter(expected.left)
    assert len(rendering.components) == row.components
    assert skipped["Annotation"] == row.annotations
    assert skipped["Alias"] == row.aliases
    assert row.components - row.annotations - skipped["Ignored"] == row.deployable
    assert refused + REFUSED_BY_README_ONLY.get(name, Counter()) + MERGED_BEFORE_THE_SERVER.get(name, Counter()) == (
        row.refused
    )
    protected = expected.protected - (name in REFUSED_BY_README_ONLY)
    assert expected.objects - sum(expected.left.values()) + protected == row.admitted


def test_a_manifest_published_as_a_design_is_not_a_design():
    with pytest.raises(Stalled) as refusal:
        render(published("not-a-design"), options=MESHERY)

    assert refusal.value.reason is Reason.NOT_A_PATTERN


def test_a_manifest_published_as_a_design_is_found_to_be_one():
    rendering = render(published("not-a-design"), options=Options())

    assert rendering.format == "Manifests"
    assert [made.key.kind for made in rendering.objects][:3] == ["Jaeger", "Service", "Deployment"]


@pytest.mark.parametrize("name", [name for name in EXPECTED if EXPECTED[name].objects])
def test_rendering_a_published_design_again_gives_the_same(name: str):
    files = published(name)

    once, again = render(files, options=MESHERY), render(files, options=MESHERY)

    assert orjson.dumps([made.body for made in once.objects]) == orjson.dumps([made.body for made in again.objects])
    assert once.components == again.components


@pytest.mark.parametrize("name", [name for name in EXPECTED if EXPECTED[name].objects])
def test_no_field_of_a_rendered_object_has_a_space_or_is_of_another_cluster(name: str):
    captured = {"uid", "resourceVersion", "ownerReferences", "creationTimestamp", "generateName", "managedFields"}

    rendering = render(published(name), options=MESHERY)

    for made in rendering.objects:
        assert not [field for field in _fields(made.body) if " " in field]
        assert not captured & set(made.body["metadata"])
        assert "status" not in made.body


def test_the_largest_published_design_is_rendered_in_half_a_second():
    files = published("online-boutique")

    assert cpu_time(lambda: render(files, options=MESHERY), enough=0.5) < 0.5


@pytest.mark.parametrize("name", names())
def test_a_report_on_a_published_design_holds_none_of_its_passwords(name: str):
    secrets = ("psltest", "secretpassword", "strongpassword", "REDACTED")

    try:
        told = repr(render(published(name), options=Options()))
    except Stalled as refusal:
        told = refusal.diagnostics()

    assert not [secret for secret in secrets if secret in told]


@pytest.mark.parametrize(
    ("before", "after", "same", "changed", "gone", "come"),
    [
        pytest.param(
            "fluentd/v1",
            "fluentd/v2",
            {"ClusterRole fluentd-es", "ServiceAccount fluentd-es", "DaemonSet fluentd-es-v2.7.0"},
            {"ClusterRoleBinding fluentd-es"},
            set(),
            {"Namespace efklog"},  # the other that comes is the Namespace default, which is not owned
            id="fluentd: across the two forms",
        ),
        pytest.param(
            "pods-tutorial/v1",
            "pods-tutorial/v2",
            set(),
            set(),
            {"Service service-rd-9870"},
            {"Pod meshery-milestone"},
            id="pods-tutorial: one goes, one comes",
        ),
        pytest.param(
            "nginx-emptied/v1",
            "nginx-emptied/v2",
            set(),
            set(),
            {"Deployment nginx-deployment", "Service nginxservice"},
            set(),
            id="nginx-emptied: nothing is left",
        ),
    ],
)
def test_an_update_of_a_published_design_changes_these_objects(
    before: str, after: str, same: set[str], changed: set[str], gone: set[str], come: set[str]
):
    old, new = _bodies(before), _bodies(after)

    kept = set(old) & set(new)

    assert {key for key in kept if old[key] == new[key]} == same
    assert {key for key in kept if old[key] != new[key]} == changed
    assert (set(old) - set(new), set(new) - set(old)) == (gone, come)


def _bodies(name: str) -> dict[str, Body]:
    rendering = render(published(name), options=MESHERY)
    return {f"{made.key.kind} {made.key.name}": unmarked(made.body) for made in rendering.objects}


def _fields(value: object) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(field for child in value.values() for field in _fields(child))]
    return [field for item in value for field in _fields(item)] if isinstance(value, list) else []
