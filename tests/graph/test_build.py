"""What objects own, name and select becomes edges; what they name and nobody has is a node outside."""

import pytest
from tests.cputime import cpu_time
from tests.graph.graphs import body, edge, edges_of, node, part, workload

from pattern_operator.graph import NodeState, NodeType, Part, graph_of
from pattern_operator.graph import build as module

CONTAINER = {
    "name": "app",
    "envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "keys"}}],
    "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a"}}}],
}
POD = {
    "serviceAccountName": "runner",
    "imagePullSecrets": [{"name": "pull"}],
    "containers": [CONTAINER],
    "volumes": [
        {"name": "a", "configMap": {"name": "files"}},
        {"name": "b", "secret": {"secretName": "certificate"}},
        {"name": "c", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "d", "projected": {"sources": [{"configMap": {"name": "more"}}]}},
    ],
}


def named(*names):
    return [part(*name.split("/")) for name in names]


def test_a_workload_reads_mounts_and_runs_as_what_its_pods_name():
    parts = [
        workload("web", pod=POD),
        *named("ConfigMap/settings", "ConfigMap/files", "ConfigMap/more", "Secret/keys", "Secret/pull"),
        *named("Secret/certificate", "ServiceAccount/runner", "PersistentVolumeClaim/data"),
    ]

    assert edges_of(graph_of(parts)) == {
        ("Deployment/web", "reads", "ConfigMap/settings"),
        ("Deployment/web", "reads", "Secret/keys"),
        ("Deployment/web", "mounts", "ConfigMap/files"),
        ("Deployment/web", "mounts", "ConfigMap/more"),
        ("Deployment/web", "mounts", "Secret/certificate"),
        ("Deployment/web", "mounts", "PersistentVolumeClaim/data"),
        ("Deployment/web", "pulls images with", "Secret/pull"),
        ("Deployment/web", "runs as", "ServiceAccount/runner"),
    }


HTTP = {"paths": [{"path": "/", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}


@pytest.mark.parametrize(
    ("source", "relation", "target"),
    [
        (
            part("Ingress", "web", "networking.k8s.io/v1", spec={"rules": [{"http": HTTP}]}),
            "routes to",
            part("Service", "web"),
        ),
        (
            part(
                "HorizontalPodAutoscaler",
                "web",
                "autoscaling/v2",
                spec={"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
            ),
            "scales",
            workload("web"),
        ),
        (
            part(
                "RoleBinding",
                "web",
                "rbac.authorization.k8s.io/v1",
                roleRef={"kind": "Role", "name": "web"},
                subjects=[],
            ),
            "grants",
            part("Role", "web", "rbac.authorization.k8s.io/v1"),
        ),
        (
            part(
                "RoleBinding",
                "web",
                "rbac.authorization.k8s.io/v1",
                subjects=[{"kind": "ServiceAccount", "name": "web", "namespace": "shop"}],
            ),
            "grants to",
            part("ServiceAccount", "web"),
        ),
        (
            part(
                "HTTPRoute",
                "web",
                "gateway.networking.k8s.io/v1",
                spec={"rules": [{"backendRefs": [{"name": "web", "port": 80}]}]},
            ),
            "routes to",
            part("Service", "web"),
        ),
        (
            part("HTTPRoute", "web", "gateway.networking.k8s.io/v1", spec={"parentRefs": [{"name": "front"}]}),
            "is attached to",
            part("Gateway", "front", "gateway.networking.k8s.io/v1"),
        ),
        (part("Service", "web", spec={"selector": {"app": "web"}}), "selects", workload("web")),
        (
            part("NetworkPolicy", "all", "networking.k8s.io/v1", spec={"podSelector": {}}),
            "selects",
            workload("web", "StatefulSet"),
        ),
        (
            part("PodDisruptionBudget", "web", "policy/v1", spec={"selector": {"matchLabels": {"app": "web"}}}),
            "selects",
            part("Pod", "alone", metadata={"labels": {"app": "web"}}),
        ),
        (
            part("ServiceMonitor", "web", "monitoring.coreos.com/v1", spec={"selector": {"matchLabels": {"a": "b"}}}),
            "selects",
            part("Service", "web", metadata={"labels": {"a": "b"}}),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else value.id,
)
def test_an_object_leads_to_what_it_names_or_selects(source, relation, target):
    assert (source.id, relation, target.id) in edges_of(graph_of([source, target]))


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (part("Service", "web", spec={"selector": {"app": "other"}}), workload("web")),
        (part("Service", "web", spec={"selector": {}}), workload("web")),
        (part("Service", "web", spec={"selector": {"app": "web"}}), workload("web", namespace="other")),
        (part("Deployment", "web", spec={"selector": {"matchLabels": {"app": "web"}}}), workload("web", "Job")),
        (part("ConfigMap", "a", data={"configMapRef": {"name": "b"}}), part("ConfigMap", "b")),
    ],
    ids=["other labels", "no selector", "another namespace", "a selector of its own pods", "data is no reference"],
)
def test_an_object_leads_to_nothing_that_it_does_not_name(source, target):
    assert edges_of(graph_of([source, target])) == set()


def test_an_owner_is_found_by_its_uid_and_else_by_its_name():
    by_uid = {"ownerReferences": [{"kind": "ReplicaSet", "name": "another", "uid": "u1"}]}
    by_name = {"ownerReferences": [{"kind": "ReplicaSet", "name": "web"}]}
    parts = [
        part("ReplicaSet", "web", "apps/v1", metadata={"uid": "u1"}),
        part("Pod", "a", metadata=by_uid),
        part("Pod", "b", metadata=by_name),
        part("Pod", "c", metadata={"ownerReferences": [{"kind": "ReplicaSet", "name": "gone", "uid": "u2"}]}),
    ]

    assert edges_of(graph_of(parts)) == {("ReplicaSet/web", "owns", "Pod/a"), ("ReplicaSet/web", "owns", "Pod/b")}


def test_what_is_owned_says_no_more_than_its_owner_but_for_its_volumes():
    owned = {"labels": {"app": "web"}, "ownerReferences": [{"kind": "StatefulSet", "name": "web"}]}
    parts = [
        workload("web", "StatefulSet"),
        Part("Pod/web-0", body("Pod", "web-0", metadata=owned, spec=POD)),
        part("Service", "web", spec={"selector": {"app": "web"}}),
        *named("ConfigMap/settings", "PersistentVolumeClaim/data"),
    ]

    assert edges_of(graph_of(parts)) == {
        ("StatefulSet/web", "owns", "Pod/web-0"),
        ("Service/web", "selects", "StatefulSet/web"),
        ("Pod/web-0", "mounts", "PersistentVolumeClaim/data"),
    }


def test_what_is_named_and_not_there_is_a_node_outside():
    found = graph_of([workload("web", pod={"serviceAccountName": "default", "containers": [CONTAINER]})])

    outside = {(each.kind, each.name, each.namespace) for each in found.nodes if each.state is NodeState.OUTSIDE}
    assert outside == {("ConfigMap", "settings", "shop"), ("Secret", "keys", "shop")}


def test_what_has_no_namespace_is_outside_once():
    claims = [
        part("PersistentVolumeClaim", name, namespace=name, spec={"storageClassName": "fast"}) for name in ("a", "b")
    ]

    (outside,) = (each for each in graph_of(claims).nodes if each.state is NodeState.OUTSIDE)
    assert (outside.kind, outside.namespace) == ("StorageClass", "")


def test_a_namespace_of_the_pattern_contains_what_nothing_leads_to():
    parts = [
        part("Namespace", "shop", namespace=""),
        part("Service", "web", spec={"selector": {"app": "web"}}),
        workload("web"),
        part("ConfigMap", "elsewhere", namespace="other"),
    ]

    assert ("Namespace/shop", "contains", "Service/web") in edges_of(graph_of(parts))
    assert {each.target for each in graph_of(parts).edges if each.relation == "contains"} == {"Service/web"}


def test_edges_of_a_design_are_taken_where_both_ends_are_there():
    component = node("drawn", NodeState.SKIPPED)
    drawn = [edge("drawn -> ConfigMap/a", "network"), edge("drawn -> nowhere")]

    found = graph_of(named("ConfigMap/a"), components=[component], drawn=drawn)

    assert edges_of(found) == {("drawn", "network", "ConfigMap/a")}


def test_the_words_of_a_node_are_bounded_and_on_one_line():
    long = Part("a", body("ConfigMap", "n" * 2000, namespace="x"), NodeState.FAILED, "m\n\x1b[2J" * 2000)

    (made,) = graph_of([long]).nodes

    assert made.type is NodeType.OBJECT
    assert len(made.message.encode()) <= module.MAX_WORDS
    assert made.message.isprintable()


def test_what_names_without_end_has_bounded_edges(monkeypatch):
    monkeypatch.setattr(module, "MAX_EDGES", 10)
    monkeypatch.setattr(module, "MAX_OUTSIDE", 5)
    env = [{"configMapRef": {"name": f"c{number}"}} for number in range(100)]
    parts = [workload("web", pod={"containers": [{"envFrom": env}]})]

    found = graph_of(parts)

    assert (len(found.edges), len(found.nodes), found.more_edges) == (5, 6, True)


def test_an_id_that_comes_twice_is_one_node_also_outside():
    a = Part("outside/ConfigMap/shop/settings", body("Pod", "a"))
    b = Part("b", body("Pod", "b", spec={"containers": [CONTAINER]}))

    found = graph_of([a, a, b])

    assert [each.id for each in found.nodes] == [a.id, "b", "outside/Secret/shop/keys"]


def test_objects_beyond_the_most_are_not_held(monkeypatch):
    monkeypatch.setattr(module, "MAX_NODES", 3)

    assert len(graph_of(named("ConfigMap/a", "ConfigMap/b"), components=[node("x"), node("y")]).nodes) == 3


@pytest.mark.usefixtures("untraced")
def test_fourteen_thousand_objects_are_a_graph_in_time():
    services = [part("Service", f"s{number}", spec={"selector": {"app": "a"}}) for number in range(7_000)]
    pods = [part("Pod", f"p{number}", metadata={"labels": {"app": "a"}}) for number in range(7_000)]

    assert cpu_time(lambda: graph_of([*services, *pods]), enough=3) < 3
    assert graph_of([*services, *pods]).more_edges
