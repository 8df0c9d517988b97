import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.source.fake_registry import ALICE, NAME, challenged, client, descriptor
from tests.source.tls import serving_https
from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.errors import Stalled, Transient
from pattern_operator.source import DnsResolver, Network
from pattern_operator.source.registry.redirects import UnsafeRedirect, address

CONTENT = b"apiVersion: v1\n" * 100
SCHEMES = ["http", "https"]


async def test_a_redirect_is_followed_and_credentials_stay_behind(peer, network):
    peer.blob(CONTENT)
    peer.redirect("/blobs/", f"{peer.elsewhere}/store/x%2Fy?sig=a%2Bb")
    challenged(peer, 'Basic realm="x"', accepted=ALICE.basic)
    peer.answer("GET", "^/store/", body=CONTENT)

    found = await client(peer, network, credential=ALICE).blob(descriptor(CONTENT))

    assert found == CONTENT
    stored = next(asked for asked in peer.asked if asked.path.startswith("/store/"))
    assert stored.authorization == ""
    assert stored.path == "/store/x%2Fy?sig=a%2Bb"


async def test_another_hosts_challenge_is_not_answered(peer, network):
    peer.redirect("/blobs/", f"{peer.elsewhere}/store")
    peer.answer("GET", "^/store", status=401, headers={"WWW-Authenticate": 'Basic realm="steal"'})

    with pytest.raises(Transient):
        await client(peer, network, credential=ALICE).blob(descriptor(CONTENT))

    assert {asked.authorization for asked in peer.asked} == {""}


async def test_a_404_of_another_host_proves_no_absence(peer, network):
    peer.redirect("/manifests/", f"{peer.elsewhere}/nowhere")

    with pytest.raises(Transient) as failure:
        await client(peer, network).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE


async def test_redirects_end(peer, network):
    peer.redirect("/blobs/", f"http://{peer.address}/v2/{NAME}/blobs/again")

    with pytest.raises(Transient) as failure:
        await client(peer, network).blob(descriptor(CONTENT))

    assert len(peer.asked) == 6
    assert "5 times" in failure.value.message


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("ftp://127.0.0.1/x", id="another protocol"),
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("http://user:pw@127.0.0.1/x", id="with credentials"),
        pytest.param("http://[", id="half an address"),
        pytest.param("", id="nothing"),
        pytest.param("/x HTTP/1.1", id="more than one word of a request's line"),
        pytest.param("/x\ty", id="a tab"),
        pytest.param("/\u00e4", id="beyond ASCII"),
    ],
)
async def test_a_redirect_to_no_address_is_not_followed(peer, network, location):
    peer.redirect("/blobs/", location)

    with pytest.raises(Transient) as failure:
        await client(peer, network).blob(descriptor(CONTENT))

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "no address" in failure.value.message
    assert len(peer.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_each_kind_of_redirect_is_followed(peer, network, status):
    peer.redirect("/blobs/", "../../../../store/y#part", status=status)
    peer.answer("GET", "^/store/y$", body=CONTENT)

    assert await client(peer, network).blob(descriptor(CONTENT)) == CONTENT


async def test_whoever_sends_us_back_gets_the_credentials_at_home_only(peer, network):
    challenged(peer, 'Basic realm="x"', accepted=ALICE.basic)
    peer.redirect(f"^/v2/{NAME}/blobs/sha256", f"{peer.elsewhere}/there")
    peer.redirect("^/there$", f"http://{peer.address}/v2/{NAME}/blobs/home")
    peer.answer("GET", "/blobs/home$", body=CONTENT)
    registry = client(peer, network, credential=ALICE)
    peer.manifest([], tag="1.0")
    await registry.manifest("1.0")
    peer.asked.clear()

    assert await registry.blob(descriptor(CONTENT)) == CONTENT
    assert [asked.authorization for asked in peer.asked] == [ALICE.basic, "", ALICE.basic]


@given(
    location=st.text() | st.text(st.characters(min_codepoint=33, max_codepoint=126)), scheme=st.sampled_from(SCHEMES)
)
def test_no_location_raises_anything_but_a_refusal_or_leads_out_of_https(location, scheme):
    try:
        target = address(location, source=URL(f"{scheme}://reg.example/v2/"))
    except UnsafeRedirect as error:
        assert str(error).startswith(("to ", "from "))
    else:
        assert target.scheme == "https" or scheme == "http"
        assert target.raw_path_qs.isascii()
        assert target.raw_path_qs.isprintable()


async def test_an_upload_is_not_redirected(peer, network):
    peer.answer("POST", "/uploads/", status=307, headers={"Location": f"{peer.elsewhere}/x"})

    with pytest.raises(Transient):
        await client(peer, network).request("POST", "blobs/uploads/", context="upload")

    assert len(peer.asked) == 1


async def test_https_is_not_left_for_http(network, tmp_path, peer):
    async with serving_https(tmp_path, location=f"http://{peer.address}/x") as (address, ca):
        context = ssl.create_default_context(cafile=ca)
        async with Network.open(resolver=DnsResolver(), trust=context) as trusting:
            registry = client(Repository(address, NAME), trusting, scheme="https")
            with pytest.raises(Transient) as failure:
                await registry.blob(descriptor(CONTENT))
        with pytest.raises(Stalled) as refusal:
            await client(Repository(address, NAME), network, scheme="https").blob(descriptor(CONTENT))

    assert "plain http" in failure.value.message
    assert peer.asked == []
    assert refusal.value.reason is Reason.TLS_FAILED
