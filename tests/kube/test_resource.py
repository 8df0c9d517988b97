import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from pattern_operator.kube import ApiError, Resource
from pattern_operator.kube.resource import verb_and_resource

CONFIG_MAP = Resource(group="", version="v1", kind="ConfigMap", plural="configmaps", namespaced=True)
DEPLOYMENT = Resource(group="apps", version="v1", kind="Deployment", plural="deployments", namespaced=True)
ROLE = Resource(
    group="rbac.authorization.k8s.io", version="v1", kind="ClusterRole", plural="clusterroles", namespaced=False
)


@pytest.mark.parametrize(
    ("resource", "place", "path"),
    [
        (CONFIG_MAP, {}, "/api/v1/configmaps"),
        (CONFIG_MAP, {"namespace": "shop"}, "/api/v1/namespaces/shop/configmaps"),
        (CONFIG_MAP, {"namespace": "shop", "name": "a.b"}, "/api/v1/namespaces/shop/configmaps/a.b"),
        (DEPLOYMENT, {}, "/apis/apps/v1/deployments"),
        (
            DEPLOYMENT,
            {"namespace": "shop", "name": "web", "subresource": "status"},
            "/apis/apps/v1/namespaces/shop/deployments/web/status",
        ),
        (ROLE, {"name": "a"}, "/apis/rbac.authorization.k8s.io/v1/clusterroles/a"),
        (
            ROLE,
            {"namespace": "shop", "name": "system:node"},
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node",
        ),
        (ROLE, {"name": "a b?c#d"}, "/apis/rbac.authorization.k8s.io/v1/clusterroles/a%20b%3Fc%23d"),
    ],
)
def test_where_an_object_is(resource: Resource, place: dict[str, str], path: str):
    assert resource.path(**place) == path


@pytest.mark.parametrize("name", [".", "..", "a/b", "../secrets/x", "a%2fb", "/"])
@pytest.mark.parametrize("place", ["name", "namespace"])
def test_a_name_that_leads_elsewhere_is_refused_without_asking(name: str, place: str):
    with pytest.raises(ApiError, match="cannot be the name of an object") as refusal:
        CONFIG_MAP.path(**{"namespace": "shop", "name": "a", place: name})

    assert (refusal.value.code, refusal.value.reason) == (422, "Invalid")


@given(name=st.text(min_size=1), namespace=st.text(min_size=1))
def test_any_name_stays_in_its_place_or_is_refused(name: str, namespace: str):
    try:
        path = CONFIG_MAP.path(namespace=namespace, name=name)
    except (ApiError, UnicodeEncodeError):
        return

    url = URL(f"https://a.example{path}", encoded=True)
    assert url.parts == ("/", "api", "v1", "namespaces", namespace, "configmaps", name)
    assert (url.query_string, url.fragment) == ("", "")


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("GET", "/api", ("get", "discovery")),
        ("GET", "/apis", ("get", "discovery")),
        ("GET", "/api/v1", ("get", "discovery")),
        ("GET", "/apis/apps", ("get", "discovery")),
        ("GET", "/apis/apps/v1", ("get", "discovery")),
        ("GET", "/version", ("get", "nonresource")),
        ("GET", "/readyz/etcd", ("get", "nonresource")),
        ("GET", "/api/v1/configmaps", ("list", "configmaps")),
        ("GET", "/api/v1/configmaps?watch=1", ("watch", "configmaps")),
        ("GET", "/api/v1/configmaps?watch=true", ("watch", "configmaps")),
        ("GET", "/api/v1/configmaps?watch=0", ("list", "configmaps")),
        ("GET", "/api/v1/namespaces", ("list", "namespaces")),
        ("GET", "/api/v1/namespaces/shop", ("get", "namespaces")),
        ("PUT", "/api/v1/namespaces/shop/finalize", ("update", "namespaces/finalize")),
        ("PATCH", "/api/v1/namespaces/shop/status", ("patch", "namespaces/status")),
        ("GET", "/api/v1/namespaces/shop/configmaps", ("list", "configmaps")),
        ("GET", "/api/v1/namespaces/shop/configmaps/a", ("get", "configmaps")),
        ("DELETE", "/api/v1/namespaces/shop/configmaps/a", ("delete", "configmaps")),
        ("POST", "/apis/apps/v1/namespaces/shop/deployments", ("create", "deployments.apps")),
        ("PATCH", "/apis/apps/v1/namespaces/shop/deployments/web/scale", ("patch", "deployments.apps/scale")),
        ("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/a", ("get", "clusterroles.rbac.authorization.k8s.io")),
    ],
)
def test_requests_are_counted_by_words_without_names(method: str, path: str, words: tuple[str, str]):
    url = URL(f"https://a.example{path}")

    assert verb_and_resource(method, url.path, url.query) == words


@given(
    method=st.sampled_from(["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD"]),
    segments=st.lists(st.sampled_from(["api", "apis", "v1", "apps", "namespaces", "pods", "status", "a"]), max_size=8),
)
def test_any_request_has_words(method: str, segments: list[str]):
    verb, title = verb_and_resource(method, "/" + "/".join(segments), {})

    assert verb
    assert title
