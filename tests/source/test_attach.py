"""A document that is attached is found by whoever looks for referrers, whatever the registry can."""

import json

import pytest
from aiohttp import web
from tests.source.fake_registry import BUNDLE, INDEX, OCI, client, index, sha256

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled, Transient
from pattern_operator.limits import MAX_MANIFEST
from pattern_operator.source import fetch_signatures
from pattern_operator.source.attach import Attachment, attach

CONTENT = b'{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}'
ANNOTATIONS = {"org.opencontainers.image.created": "2026-01-01T00:00:00Z"}


@pytest.fixture
def subject(fake_registry):
    digest = fake_registry.manifest([], tag="1.0")
    return Descriptor(OCI, digest, len(fake_registry.manifests["1.0"][1]))


@pytest.fixture
def attached(fake_registry, network, subject):
    """Attach a bundle; ``waited`` gets the seconds between tries."""

    async def attached(waited=None):
        async def sleep(seconds):
            ([] if waited is None else waited).append(seconds)

        attachment = Attachment(CONTENT, BUNDLE, ANNOTATIONS)
        return await attach(attachment, subject=subject, registry=client(fake_registry, network), sleep=sleep)

    return attached


@pytest.fixture
def without_api(fake_registry):
    fake_registry.referrers = None
    return fake_registry


def tag_of(subject):
    return f"sha256-{subject.digest.hex}"


def listed(registry, subject):
    media_type, body = registry.manifests[tag_of(subject)]
    assert media_type == INDEX
    return json.loads(body)["manifests"]


def says_oci_subject(registry, subject):
    """Answer as a registry that has the API does, and list what is pushed."""

    async def take(request):
        body = await request.read()
        registry.refer(registry.document(body), BUNDLE)
        return web.Response(status=201, headers={"OCI-Subject": str(subject.digest)})

    registry.on("PUT", "/manifests/sha256:", take)


async def test_the_referrer_is_one_blob_about_the_subject(fake_registry, subject, attached):
    says_oci_subject(fake_registry, subject)

    done = await attached()

    manifest = json.loads(fake_registry.manifests[str(done.digest)][1])
    assert done.tag is None
    assert manifest == {
        "schemaVersion": 2,
        "mediaType": OCI,
        "artifactType": BUNDLE,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": sha256(b"{}"), "size": 2},
        "layers": [{"mediaType": BUNDLE, "digest": sha256(CONTENT), "size": len(CONTENT)}],
        "subject": {"mediaType": OCI, "digest": str(subject.digest), "size": subject.size},
        "annotations": ANNOTATIONS,
    }
    assert fake_registry.blobs[sha256(CONTENT)] == CONTENT
    assert tag_of(subject) not in fake_registry.manifests


async def test_a_registry_that_lists_it_without_saying_so_gets_no_tag(fake_registry, subject, attached):
    async def take(request):
        fake_registry.refer(fake_registry.document(await request.read()), BUNDLE)
        return web.Response(status=201)

    fake_registry.on("PUT", "/manifests/sha256:", take)

    assert (await attached()).tag is None
    assert tag_of(subject) not in fake_registry.manifests


async def test_where_there_is_no_api_the_list_is_made(without_api, subject, attached):
    done = await attached()

    assert done.tag == tag_of(subject)
    size = len(without_api.manifests[str(done.digest)][1])
    assert listed(without_api, subject) == [
        {
            "mediaType": OCI,
            "digest": str(done.digest),
            "size": size,
            "artifactType": BUNDLE,
            "annotations": ANNOTATIONS,
        }
    ]


async def test_what_was_listed_before_stays_as_it_is(without_api, subject, attached):
    other = {"mediaType": OCI, "digest": sha256(b"sbom"), "size": 4, "artifactType": "application/spdx+json", "x": [1]}
    without_api.document(index([other]), tag=tag_of(subject), media_type=INDEX)

    done = await attached()

    assert [each["digest"] for each in listed(without_api, subject)] == [other["digest"], str(done.digest)]
    assert listed(without_api, subject)[0] == other


async def test_attaching_the_same_twice_lists_it_once(without_api, subject, attached):
    assert await attached() == await attached()
    assert len(listed(without_api, subject)) == 1


@pytest.mark.parametrize("api", [True, False], ids=["referrers API", "fallback tag"])
async def test_what_is_attached_is_found_by_the_operator(fake_registry, network, subject, attached, api):
    if api:
        says_oci_subject(fake_registry, subject)
    else:
        fake_registry.referrers = None

    done = await attached()

    found = await fetch_signatures(subject.digest, registry=client(fake_registry, network))
    assert found.failures == ()
    assert [(each.where, each.payload) for each in found.signatures] == [(f"referrer {done.digest}", CONTENT)]


def overwritten(registry, subject, *, times):
    """Let somebody else write the list right after each of the first ``times`` writes, without what was just written.

    Others' entries that they had read stay in it, as with two who read at the same time.
    """
    left = times
    theirs = {"mediaType": OCI, "digest": sha256(b"theirs"), "size": 6, "artifactType": BUNDLE}

    async def take(request):
        nonlocal left
        body = await request.read()
        if left:
            left -= 1
            body = index([theirs])
        registry.document(body, tag=tag_of(subject), media_type=INDEX)
        return web.Response(status=201)

    registry.on("PUT", f"/manifests/{tag_of(subject)}$", take)
    return theirs["digest"]


async def test_an_entry_that_another_writer_removed_is_entered_again(without_api, subject, attached):
    theirs = overwritten(without_api, subject, times=2)
    waited: list[float] = []

    done = await attached(waited)

    assert [each["digest"] for each in listed(without_api, subject)] == [theirs, str(done.digest)]
    assert waited == [0.2, 0.4]


async def test_a_list_that_others_always_change_is_given_up_with_the_reason(without_api, subject, attached):
    overwritten(without_api, subject, times=100)

    with pytest.raises(Transient, match="was entered 5 times, and others who wrote at the same time removed it") as no:
        await attached()
    assert no.value.reason is Reason.REGISTRY_UNAVAILABLE


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(b'{"schemaVersion": 2, "config": {}, "layers": []}', OCI), (b'{"schemaVersion": 2, "manifests": [1]}', INDEX)],
    ids=["a manifest", "a list of other things"],
)
async def test_a_tag_that_is_something_else_is_not_overwritten(without_api, subject, attached, content, media_type):
    without_api.document(content, tag=tag_of(subject), media_type=media_type)

    with pytest.raises(Stalled, match="is not an index: nothing there was changed"):
        await attached()
    assert without_api.manifests[tag_of(subject)][1] == content


async def test_a_list_that_is_full_is_not_written(without_api, subject, attached):
    entry = {"mediaType": OCI, "digest": sha256(b"sbom"), "size": 4, "annotations": {"a": "x" * (MAX_MANIFEST - 300)}}
    without_api.document(index([entry]), tag=tag_of(subject), media_type=INDEX)

    with pytest.raises(Stalled, match=f"more than {MAX_MANIFEST} bytes") as refused:
        await attached()
    assert refused.value.reason is Reason.ARTIFACT_TOO_LARGE


async def test_a_list_that_cannot_be_read_now_is_not_taken_for_an_empty_one(without_api, subject, attached):
    without_api.answer("GET", f"/manifests/{tag_of(subject)}$", status=503)

    with pytest.raises(Transient):
        await attached()
    assert tag_of(subject) not in without_api.manifests
