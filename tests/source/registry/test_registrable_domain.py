import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.source.registry.registrable_domain import has_same_registrable_domain

HOST = st.lists(st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True), min_size=1, max_size=4).map(".".join)
RELATED = st.lists(st.sampled_from(["a", "reg", "com", "co", "uk"]), min_size=1, max_size=4).map(".".join)


@pytest.mark.parametrize(
    ("realm", "registry"),
    [
        ("ghcr.io", "ghcr.io"),
        ("GHCR.io", "ghcr.io."),
        ("auth.docker.io", "registry-1.docker.io"),
        ("gitlab.com", "registry.gitlab.com"),
        ("gitlab.example.com", "registry.gitlab.example.com"),
        ("auth.quay.io", "quay.io"),
        ("sso.redhat.com", "registry.connect.redhat.com"),
        ("dockerauth.cn-hangzhou.aliyuncs.com", "registry.cn-hangzhou.aliyuncs.com"),
        ("gitlab.example.co.uk", "registry.example.co.uk"),
        ("auth.team.github.io", "registry.team.github.io"),
        ("auth.münchen.de", "registry.xn--mnchen-3ya.de"),
        ("auth.corp.internal", "registry.corp.internal"),
        ("auth.kube-system.svc", "registry.kube-system.svc"),
        ("auth.team.svc.cluster.local", "registry.team.svc.cluster.local"),
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "LOCALHOST"),
        ("[::1]", "[0::1]"),
        ("co.uk", "co.uk"),
        pytest.param("xx." + "x." * 121 + "good.com", "good.com", id="as long as a name may be"),
    ],
)
def test_hosts_of_one_owner(realm, registry):
    assert has_same_registrable_domain(realm, registry)
    assert has_same_registrable_domain(registry, realm)


@pytest.mark.parametrize(
    ("realm", "registry"),
    [
        pytest.param("evil.example", "registry.good.example.com", id="a stranger"),
        pytest.param("evilgitlab.com", "gitlab.com", id="a name that only ends alike"),
        pytest.param("gitlab.com.evil.net", "gitlab.com", id="a name that only begins alike"),
        pytest.param("evil.com", "good.com", id="one top-level domain"),
        pytest.param("evil.co.uk", "good.co.uk", id="one suffix of two labels"),
        pytest.param("evil.com.au", "registry.com.au", id="another one"),
        pytest.param("evil.city.kawasaki.jp", "good.kawasaki.jp", id="an exception of a wildcard"),
        pytest.param("evil.x.kobe.jp", "good.x.kobe.jp", id="a suffix by a wildcard"),
        pytest.param("evil.github.io", "good.github.io", id="a private suffix"),
        pytest.param("evil.github.io", "github.io", id="below a private suffix that is the registry"),
        pytest.param("evil.s3.amazonaws.com", "good.s3.amazonaws.com", id="buckets"),
        pytest.param("evil.azurewebsites.net", "good.azurewebsites.net", id="sites of one cloud"),
        pytest.param("evil.xn--55qx5d.cn", "good.公司.cn", id="a suffix beyond ASCII"),
        pytest.param("com", "good.com", id="the top-level domain itself"),
        pytest.param("co.uk", "good.co.uk", id="the suffix itself"),
        pytest.param("evil", "registry", id="two names without a domain"),
        pytest.param("a..example.com", "example.com", id="an empty label"),
        pytest.param("x" * 250 + ".example.com", "example.com", id="longer than a name may be"),
        pytest.param("a.1", "b.a.1", id="a number in the place of a top-level domain"),
        pytest.param("x.localhost", "localhost", id="below a name without a domain"),
        pytest.param("evil.internal", "good.internal", id="a domain that nobody listed"),
        pytest.param("auth.other.svc.cluster.local", "registry.team.svc.cluster.local", id="another namespace"),
        pytest.param("auth.other.svc", "registry.team.svc", id="another namespace, shorter"),
        pytest.param("10-0-0-1.other.pod.cluster.local", "registry.team.svc.cluster.local", id="a pod of another one"),
        pytest.param("auth.other.svc.k8s.corp.com", "registry.team.svc.k8s.corp.com", id="in a cluster's own domain"),
        pytest.param("10.0.0.2", "10.0.0.1", id="another address"),
        pytest.param("1.10.0.0.1", "10.0.0.1", id="below an address"),
        pytest.param("127.0.0.1", "localhost", id="a name and its address"),
        pytest.param("[::2]", "[::1]", id="another address of IPv6"),
        pytest.param("", "good.com", id="nobody"),
        pytest.param("", "", id="nobody twice"),
        pytest.param(".com", "good.com", id="a name without its first label"),
        pytest.param("a..good.com", "good.com", id="a name with an empty label"),
        pytest.param("x." * 123 + "good.com", "good.com", id="longer than any name"),
        pytest.param("a:1.good.com", "good.com", id="a colon in a name"),
        pytest.param("a..svc", "b..svc", id="a namespace without a name"),
    ],
)
def test_hosts_that_may_have_two_owners(realm, registry):
    assert not has_same_registrable_domain(realm, registry)
    assert not has_same_registrable_domain(registry, realm)


@given(host=HOST)
def test_every_host_is_of_its_own_owner(host):
    assert has_same_registrable_domain(host, host)


@given(realm=RELATED, registry=RELATED)
def test_who_has_one_owner_shares_at_least_two_labels_or_is_the_same(realm, registry):
    if has_same_registrable_domain(realm, registry) and realm != registry:
        assert realm.split(".")[-2:] == registry.split(".")[-2:]
        assert "." in registry


@given(st.text(), st.text())
def test_no_text_raises(one, other):
    assert has_same_registrable_domain(one, other) in (True, False)
