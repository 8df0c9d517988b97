"""Each repair by name: a part of a design that needs it, what is told of it, and that it is made once."""

from typing import Any

import orjson
import pytest
from tests.render.designs import MESHERY, component, deployment, design, redrawn
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.repair import CONSENTED, MadeRepair, Repair
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.render import Options

CONSENTING = Options(format="Meshery", allowed_repairs=frozenset(CONSENTED))
RBAC = "rbac.authorization.k8s.io"
ROLE = {"apiGroup": RBAC, "kind": "Role", "name": "reader"}
SUBJECT = {"kind": "ServiceAccount", "name": "robot", "namespace": "shop"}
ROBOT = component("ServiceAccount", "robot", {"metadata": {"namespace": "shop"}})


def _workload(**spec: Any) -> dict[str, Any]:
    return component("Deployment", "web", deployment(**spec), version="apps/v1")


def _binding(*subjects: dict[str, Any], **fields: Any) -> dict[str, Any]:
    configuration = {"metadata": {"namespace": "shop"}, "subjects": list(subjects), "roleRef": ROLE} | fields
    return component("RoleBinding", "readers", configuration, version=f"{RBAC}/v1")


def _ports(*ports: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return component("Service", "web", {"spec": {"ports": list(ports)} | spec})


def _volume_of(name: str) -> dict[str, Any]:
    return _workload(volumes=[{"name": "settings", "configMap": {"name": name}}])


def _spaced(**more: Any) -> dict[str, Any]:
    selector = {"match Labels": {"app": "web"}} | more
    configuration = deployment()
    return component("Deployment", "web", {"spec": configuration["spec"] | {"selector": selector}}, version="apps/v1")


def _replicas(number: int | None) -> dict[str, Any]:
    return component("Deployment", "web", {"spec": deployment()["spec"] | {"replicas": number}}, version="apps/v1")


def _selecting_others() -> dict[str, Any]:
    spec = deployment()["spec"] | {"selector": {"matchLabels": {"app": "other"}}}
    return component("Deployment", "web", {"spec": spec}, version="apps/v1")


PARENT = {
    "kind": "hierarchical",
    "type": "parent",
    "subType": "inventory",
    "selectors": [{"allow": {"from": [{"id": "drawn-inside"}], "to": [{"id": "drawn-namespace"}]}}],
}

NEEDING: dict[Repair, File] = {
    Repair.UNSPACE_FIELD_NAMES: design(_spaced()),
    Repair.MERGE_SPACED_FIELDS: design(_spaced(matchLabels={"app": "web"})),
    Repair.DROP_NULL_FIELDS: design(_replicas(None)),
    Repair.READ_NULL_CONFIGURATION: design(component("Namespace", "shop", None)),
    Repair.DROP_KIND_SUFFIX: design(component("Deployment.K8s", "web", deployment(), version="apps/v1")),
    Repair.SET_BUILT_IN_API_VERSION: design(component("Deployment", "web", deployment(), version="")),
    Repair.MAKE_NAME_VALID: design(component("ConfigMap", "Web Settings", {"data": {"a": "b"}})),
    Repair.FOLLOW_RENAMED: design(component("ConfigMap", "Web Settings", {}), _volume_of("Web Settings")),
    Repair.PREFER_DISPLAY_NAME: design(component("ConfigMap", "web", {"metadata": {"name": "other"}})),
    Repair.MAKE_NAMESPACE_VALID: design(component("ConfigMap", "web", {"metadata": {"namespace": "My Team"}})),
    Repair.SET_NAMESPACE_FROM_PARENT: design(
        component("Namespace", "shop", {}, id="drawn-namespace"),
        component("ConfigMap", "web", {"data": {"a": "b"}}, id="drawn-inside"),
        relationships=[PARENT],
    ),
    Repair.DROP_NAMESPACE: design(
        component("ClusterRole", "reader", {"metadata": {"namespace": "shop"}, "rules": []}, version=f"{RBAC}/v1")
    ),
    Repair.FOLLOW_MOVED: design(ROBOT, _binding(SUBJECT)),
    Repair.DROP_CAPTURED_METADATA: design(
        component("ConfigMap", "web", {"metadata": {"uid": "1", "resourceVersion": "2"}})
    ),
    Repair.DROP_STATUS: design(
        component("Service", "web", {"status": {"loadBalancer": {}}, "spec": {"ports": [{"port": 80}]}})
    ),
    Repair.DROP_CAPTURED_FIELDS: design(
        component(
            "Pod",
            "web",
            {"metadata": {"uid": "1"}, "spec": {"nodeName": "n", "containers": [{"name": "a", "image": "b:1"}]}},
        )
    ),
    Repair.DROP_SUBJECT_STUBS: design(_binding({"name": "robot"}, SUBJECT)),
    Repair.COMPLETE_SUBJECTS: design(ROBOT, _binding({"name": "robot"})),
    Repair.CORRECT_ROLE_GROUP: design(_binding(SUBJECT, roleRef=ROLE | {"apiGroup": f"{RBAC}/v1"})),
    Repair.DROP_CONTAINER_STUBS: design(
        _workload(
            containers=[
                {"ports": [{"containerPort": 80}]},
                {"name": "web", "image": "web:1", "ports": [{"containerPort": 80}]},
            ]
        )
    ),
    Repair.MERGE_LIST_ENTRIES: design(_ports({"port": 80}, {"port": 80})),
    Repair.RESOLVE_REFERENCES: design(
        _replicas(3), _ports({"port": "$(#ref.components.0.configuration.spec.replicas)"})
    ),
    Repair.IGNORE_DEPENDENCIES: design(component("ConfigMap", "web", {}, metadata={"dependsOn": ["grafana"]})),
    Repair.KEEP_REMOVED_VERSIONS: design(
        component(
            "CronJob",
            "nightly",
            {
                "spec": {
                    "schedule": "0 3 * * *",
                    "jobTemplate": {
                        "spec": {
                            "template": {
                                "spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b:1"}]}
                            }
                        }
                    },
                }
            },
            version="batch/v1beta1",
        )
    ),
    Repair.READ_KEYS_AS_KUBECTL: File(
        "web.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {on: x}\n"
    ),
    Repair.SET_SELECTOR_FROM_TEMPLATE: design(_selecting_others()),
    Repair.NAME_CONTAINERS: design(component("Pod", "web", {"spec": {"containers": [{"image": "acme/web-app:1"}]}})),
    Repair.NAME_PORTS: design(_ports({"port": 80}, {"port": 443, "name": "https"})),
}


def options_for(repair: Repair) -> Options:
    if repair is Repair.READ_KEYS_AS_KUBECTL:
        return Options()
    if repair is Repair.FOLLOW_MOVED:
        return Options(format="Meshery", target_namespace="target")
    return CONSENTING if repair.needs_consent else MESHERY


def made_by(repair: Repair) -> Rendering:
    return render([NEEDING[repair]], options=options_for(repair))


def test_a_key_that_was_read_as_kubectl_reads_it_is_not_told_again():
    (made,) = made_by(Repair.READ_KEYS_AS_KUBECTL).objects

    (row,) = render([File("web.json", orjson.dumps(made.body))], options=Options()).components

    assert row.repairs == ()


def test_every_repair_is_in_the_table():
    assert set(NEEDING) == set(Repair)


@pytest.mark.parametrize("repair", list(Repair), ids=str)
def test_a_repair_is_told_in_the_words_of_its_example(repair: Repair):
    told = [each for row in made_by(repair).components for each in row.repairs if each.name is repair]

    assert told == [MadeRepair(repair, repair.example)]
    assert not any(row.outcome is Outcome.REFUSED for row in made_by(repair).components)


@pytest.mark.parametrize("repair", [each for each in Repair if each is not Repair.READ_KEYS_AS_KUBECTL], ids=str)
def test_what_was_repaired_renders_to_the_same_without_a_repair(repair: Repair):
    once = made_by(repair)

    again = render([redrawn(once)], options=options_for(repair))

    assert [each.body for each in again.objects] == [each.body for each in once.objects]
    assert {each.name for row in again.components for each in row.repairs} <= {Repair.KEEP_REMOVED_VERSIONS}
