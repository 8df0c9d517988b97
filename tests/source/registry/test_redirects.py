import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.source.fake_registry import ALICE, NAME, challenged, client, descriptor
from tests.source.tls import serving_https
from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.errors import Stalled, Transient
from pattern_operator.source import DnsResolver, Network
from pattern_operator.source.registry.redirects import UnsafeRedirect, address

CONTENT = b"apiVersion: v1\n" * 100
SCHEMES = ["http", "https"]


async def test_a_redirect_is_followed_and_credentials_stay_behind(fake_registry, network):
    fake_registry.blob(CONTENT)
    fake_registry.redirect("/blobs/", f"{fake_registry.elsewhere}/store/x%2Fy?sig=a%2Bb")
    challenged(fake_registry, 'Basic realm="x"', accepted=ALICE.basic)
    fake_registry.answer("GET", "^/store/", body=CONTENT)

    found = await client(fake_registry, network, credential=ALICE).blob(descriptor(CONTENT))

    assert found == CONTENT
    stored = next(asked for asked in fake_registry.asked if asked.path.startswith("/store/"))
    assert stored.authorization == ""
    assert stored.path == "/store/x%2Fy?sig=a%2Bb"


async def test_a_redirected_head_is_followed(fake_registry, network):
    digest = Digest.of(CONTENT)
    headers = {"Location": f"{fake_registry.elsewhere}/store"}
    fake_registry.answer("HEAD", "/manifests/", status=307, headers=headers)
    fake_registry.answer("GET", "/manifests/", body=b"{}", headers={"Docker-Content-Digest": str(Digest.of(b"{}"))})
    fake_registry.answer("HEAD", "^/store", headers={"Docker-Content-Digest": str(digest)})

    await client(fake_registry, network).resolve_tag("1.0")

    assert "/store" in fake_registry.paths("HEAD")


async def test_a_redirect_that_does_not_say_where_leads_to_no_address(fake_registry, network):
    fake_registry.answer("GET", "/blobs/", status=307)

    with pytest.raises(Transient) as failure:
        await client(fake_registry, network).blob(descriptor(CONTENT))

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "to something that is not an address" in failure.value.message


@pytest.mark.parametrize("location", ["", "//:80/x", "https://:443/x", "mailto:a@b.example", "https://me@b.example/"])
def test_what_names_no_host_is_not_followed(location):
    with pytest.raises(UnsafeRedirect, match="is not an address"):
        address(location, source=URL("https://registry.example/v2/"))


async def test_another_hosts_challenge_is_not_answered(fake_registry, network):
    fake_registry.redirect("/blobs/", f"{fake_registry.elsewhere}/store")
    fake_registry.answer("GET", "^/store", status=401, headers={"WWW-Authenticate": 'Basic realm="steal"'})

    with pytest.raises(Transient):
        await client(fake_registry, network, credential=ALICE).blob(descriptor(CONTENT))

    assert {asked.authorization for asked in fake_registry.asked} == {""}


async def test_a_404_of_another_host_proves_no_absence(fake_registry, network):
    fake_registry.redirect("/manifests/", f"{fake_registry.elsewhere}/nowhere")

    with pytest.raises(Transient) as failure:
        await client(fake_registry, network).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE


async def test_redirects_end(fake_registry, network):
    fake_registry.redirect("/blobs/", f"http://{fake_registry.address}/v2/{NAME}/blobs/again")

    with pytest.raises(Transient) as failure:
        await client(fake_registry, network).blob(descriptor(CONTENT))

    assert len(fake_registry.asked) == 6
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
async def test_a_redirect_to_no_address_is_not_followed(fake_registry, network, location):
    fake_registry.redirect("/blobs/", location)

    with pytest.raises(Transient) as failure:
        await client(fake_registry, network).blob(descriptor(CONTENT))

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "not an address" in failure.value.message
    assert len(fake_registry.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_each_kind_of_redirect_is_followed(fake_registry, network, status):
    fake_registry.redirect("/blobs/", "../../../../store/y#part", status=status)
    fake_registry.answer("GET", "^/store/y$", body=CONTENT)

    assert await client(fake_registry, network).blob(descriptor(CONTENT)) == CONTENT


async def test_whoever_sends_us_back_gets_the_credentials_at_home_only(fake_registry, network):
    challenged(fake_registry, 'Basic realm="x"', accepted=ALICE.basic)
    fake_registry.redirect(f"^/v2/{NAME}/blobs/sha256", f"{fake_registry.elsewhere}/there")
    fake_registry.redirect("^/there$", f"http://{fake_registry.address}/v2/{NAME}/blobs/home")
    fake_registry.answer("GET", "/blobs/home$", body=CONTENT)
    registry = client(fake_registry, network, credential=ALICE)
    fake_registry.manifest([], tag="1.0")
    await registry.manifest("1.0")
    fake_registry.asked.clear()

    assert await registry.blob(descriptor(CONTENT)) == CONTENT
    assert [asked.authorization for asked in fake_registry.asked] == [ALICE.basic, "", ALICE.basic]


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


async def test_an_upload_is_not_redirected(fake_registry, network):
    fake_registry.answer("POST", "/uploads/", status=307, headers={"Location": f"{fake_registry.elsewhere}/x"})

    with pytest.raises(Transient):
        await client(fake_registry, network).request("POST", "blobs/uploads/", context="upload")

    assert len(fake_registry.asked) == 1


async def test_https_is_not_left_for_http(network, tmp_path, fake_registry):
    async with serving_https(tmp_path, location=f"http://{fake_registry.address}/x") as (address, ca):
        context = ssl.create_default_context(cafile=ca)
        async with Network.open(resolver=DnsResolver(), trust=context) as trusting:
            registry = client(Repository(address, NAME), trusting, scheme="https")
            with pytest.raises(Transient) as failure:
                await registry.blob(descriptor(CONTENT))
        with pytest.raises(Stalled) as refusal:
            await client(Repository(address, NAME), network, scheme="https").blob(descriptor(CONTENT))

    assert "plain http" in failure.value.message
    assert fake_registry.asked == []
    assert refusal.value.reason is Reason.TLS_FAILED
