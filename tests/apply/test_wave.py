import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.apply.wave import DeletionWave, Wave, is_of_the_server, reverse_waves, wave_of, waves

KINDS = [
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", Wave.FOUNDATION),
    ("v1", "Namespace", Wave.FOUNDATION),
    ("scheduling.k8s.io/v1", "PriorityClass", Wave.FOUNDATION),
    ("storage.k8s.io/v1", "StorageClass", Wave.FOUNDATION),
    ("storage.k8s.io/v1", "VolumeAttributesClass", Wave.FOUNDATION),
    ("networking.k8s.io/v1", "IngressClass", Wave.FOUNDATION),
    ("resource.k8s.io/v1", "DeviceClass", Wave.FOUNDATION),
    ("node.k8s.io/v1", "RuntimeClass", Wave.FOUNDATION),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", Wave.FOUNDATION),
    ("rbac.authorization.k8s.io/v1", "Role", Wave.CONFIGURATION),
    ("v1", "ServiceAccount", Wave.CONFIGURATION),
    ("v1", "ConfigMap", Wave.CONFIGURATION),
    ("v1", "Secret", Wave.CONFIGURATION),
    ("v1", "Service", Wave.CONFIGURATION),
    ("v1", "PersistentVolume", Wave.CONFIGURATION),
    ("v1", "PersistentVolumeClaim", Wave.CONFIGURATION),
    ("networking.k8s.io/v1", "NetworkPolicy", Wave.CONFIGURATION),
    ("v1", "ResourceQuota", Wave.CONFIGURATION),
    ("v1", "LimitRange", Wave.CONFIGURATION),
    ("gateway.networking.k8s.io/v1", "GatewayClass", Wave.CONFIGURATION),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", Wave.BINDINGS),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", Wave.BINDINGS),
    ("apps/v1", "Deployment", Wave.WORKLOADS),
    ("v1", "Pod", Wave.WORKLOADS),
    ("batch/v1", "CronJob", Wave.WORKLOADS),
    ("networking.k8s.io/v1", "Ingress", Wave.WORKLOADS),
    ("policy/v1", "PodDisruptionBudget", Wave.WORKLOADS),
    ("autoscaling/v2", "HorizontalPodAutoscaler", Wave.WORKLOADS),
    ("cert-manager.io/v1", "Certificate", Wave.CUSTOM),
    ("gateway.networking.k8s.io/v1", "Gateway", Wave.CUSTOM),
    ("serving.knative.dev/v1", "Service", Wave.CUSTOM),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", Wave.INTERCEPTORS),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", Wave.INTERCEPTORS),
    ("apiregistration.k8s.io/v1", "APIService", Wave.INTERCEPTORS),
]


def made(api_version: str, kind: str, name: str = "x") -> Object:
    return Object.of({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}})


@pytest.mark.parametrize(("api_version", "kind", "wave"), KINDS, ids=[f"{v} {k}" for v, k, _ in KINDS])
def test_each_kind_has_its_wave(api_version: str, kind: str, wave: Wave):
    assert wave_of(made(api_version, kind).key) is wave


many = st.lists(
    st.builds(
        lambda kind, name: made(kind[0], kind[1], name), st.sampled_from(KINDS), st.text("abc", min_size=1, max_size=3)
    ),
    unique_by=lambda each: each.key,
)


@given(data=st.data(), objects=many)
def test_the_same_objects_give_the_same_waves_in_whatever_order_they_come(data: st.DataObject, objects: list[Object]):
    shuffled = data.draw(st.permutations(objects))

    assert waves(shuffled) == waves(objects)


@given(objects=many)
def test_every_object_is_in_one_wave_and_no_wave_is_empty(objects: list[Object]):
    made_waves = waves(objects)

    assert sorted(each.key for wave in made_waves for each in wave) == sorted(each.key for each in objects)
    assert all(made_waves)


@given(objects=many)
def test_what_is_needed_comes_first_and_leaves_last(objects: list[Object]):
    order = [wave_of(wave[0].key) for wave in waves(objects)]
    back = [wave_of(wave[0]) for wave in reverse_waves(each.key for each in objects if not gives_rights(each.key))]

    assert order == sorted(set(order))
    assert back == sorted(set(back), reverse=True)


@given(objects=many)
def test_what_gives_rights_leaves_after_all_else_and_bindings_last(objects: list[Object]):
    # An account deletes the objects of its pattern, and the controllers that finalize them act by rights of it, too.
    order = [key for wave in reverse_waves(each.key for each in objects) for key in wave]
    ranks = [2 if key.kind.endswith("Binding") else int(gives_rights(key)) for key in order]

    assert ranks == sorted(ranks)


def gives_rights(key: ObjectKey) -> bool:
    return key.group == "rbac.authorization.k8s.io" or (key.group, key.kind) == ("", "ServiceAccount")


def test_the_waves_go_in_this_order():
    assert [each.name for each in sorted(Wave)] == [
        "FOUNDATION",
        "CONFIGURATION",
        "BINDINGS",
        "WORKLOADS",
        "CUSTOM",
        "INTERCEPTORS",
    ]
    assert [each.name for each in sorted(DeletionWave)] == [
        "INTERCEPTORS",
        "CUSTOM",
        "WORKLOADS",
        "CONFIGURATION",
        "FOUNDATION",
        "RIGHTS",
        "BINDINGS",
    ]


# The API groups of kube-apiserver 1.37 itself ("kubectl api-versions" without any CRD or aggregated server).
SERVED = (
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
)


@pytest.mark.parametrize("group", SERVED)
def test_a_group_of_the_api_server_itself_has_no_custom_objects(group: str):
    assert is_of_the_server(group)
    assert wave_of(ObjectKey(group, "Thing", "a", "b")) is not Wave.CUSTOM


@pytest.mark.parametrize("group", ["gateway.networking.k8s.io", "snapshot.storage.k8s.io", "example.com", "k8s.io"])
def test_other_groups_are_custom_whatever_they_are_called(group: str):
    assert not is_of_the_server(group)
    assert wave_of(ObjectKey(group, "Thing", "a", "b")) is Wave.CUSTOM


def test_a_kind_that_only_sounds_built_in_is_custom():
    assert wave_of(ObjectKey("apps.example.com", "Deployment", "a", "b")) is Wave.CUSTOM
