import asyncio
import gzip
import json
import ssl
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.archive.archives import DESIGN, FILES, files
from tests.executors import EXECUTORS
from tests.source.fake_registry import ALICE, NAME, FakeRegistry, bearer, challenged, client, serving, sha256
from tests.source.tls import serving_https
from tests.testbed import registry as registries
from tests.testbed.registry import Options
from tests.testbed.repository import Account

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Reference, Repository, Revision
from pattern_operator.archive.unpack import unpack
from pattern_operator.errors import Stalled, Transient
from pattern_operator.limits import MAX_UNPACKED_FILES, MIB
from pattern_operator.source import Cache, Credential, DnsResolver, LayerSelector, Network, pull, push, resolve
from pattern_operator.source.manifest import OCI_MANIFEST

NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"], exclude_characters="/\\"), min_size=1)
PATHS = st.lists(NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4).map("/".join)


async def pushed(fake_registry: FakeRegistry, network, contents=FILES, **more) -> Revision:
    return await push(files(contents), registry=client(fake_registry, network), tag="1.0", **more)


def manifest_of(fake_registry: FakeRegistry, revision: Revision) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(fake_registry.manifests[str(revision.digest)][1])
    return manifest


# --- what is pushed -------------------------------------------------------------------------------------------------


async def test_an_artifact_has_the_shape_of_flux_and_of_mesherys_own_build(fake_registry, network):
    revision = await pushed(fake_registry, network)

    media_type, body = fake_registry.manifests["1.0"]
    manifest = json.loads(body)
    config = json.loads(fake_registry.blobs[manifest["config"]["digest"]])
    layer = fake_registry.blobs[manifest["layers"][0]["digest"]]
    assert revision == Revision("1.0", Digest.of(body))
    assert media_type == manifest["mediaType"] == OCI_MANIFEST
    assert manifest["config"]["mediaType"] == "application/vnd.cncf.flux.config.v1+json"
    assert [each["mediaType"] for each in manifest["layers"]] == ["application/vnd.cncf.flux.content.v1.tar+gzip"]
    assert manifest["layers"][0]["size"] == len(layer)
    assert config["rootfs"]["diff_ids"] == [sha256(gzip.decompress(layer))]
    assert set(unpack(layer, context="layer")) == set(files())


async def test_the_same_files_make_the_same_digest_in_any_order_on_any_day(fake_registry, network):
    one = await pushed(fake_registry, network, {"a.yml": b"1", "b/c.yml": b"2"})
    other = await pushed(fake_registry, network, {"b/c.yml": b"2", "a.yml": b"1"})
    different = await pushed(fake_registry, network, {"a.yml": b"1", "b/c.yml": b"3"})

    assert one == other != different


async def test_the_bytes_are_those_of_any_other_machine(fake_registry, network):
    revision = await pushed(fake_registry, network, {"design.yml": b"name: web\n"})

    config = fake_registry.blobs[manifest_of(fake_registry, revision)["config"]["digest"]]
    assert json.loads(config)["rootfs"]["diff_ids"] == [
        "sha256:4dd90e704b1a060aeb835a67d8d98c46494ef92f774a1b8e6b8a9a874f198705"
    ]
    layer = fake_registry.blobs[manifest_of(fake_registry, revision)["layers"][0]["digest"]]
    assert layer[:10] == b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"  # zlib would write which system it runs on


async def test_annotations_and_the_time_go_into_the_manifest_and_its_digest(fake_registry, network):
    created = datetime(2026, 11, 24, 13, tzinfo=timezone(timedelta(hours=1)))
    plain = await pushed(fake_registry, network)

    revision = await pushed(
        fake_registry, network, created=created, annotations={"org.opencontainers.image.version": "1.0"}
    )

    assert manifest_of(fake_registry, revision)["annotations"] == {
        "org.opencontainers.image.created": "2026-11-24T12:00:00Z",
        "org.opencontainers.image.version": "1.0",
    }
    assert "annotations" not in manifest_of(fake_registry, plain)
    assert revision.digest != plain.digest


# --- what is pushed can be pulled -----------------------------------------------------------------------------------


async def round_trip(contents: dict[str, bytes], directory) -> tuple[File, ...]:
    async with serving() as fake_registry, Network.open(resolver=DnsResolver()) as network:
        revision = await pushed(fake_registry, network, contents)
        artifact = await pull(
            Reference(fake_registry.repository, tag="1.0"),
            revision,
            registry=client(fake_registry, network),
            cache=Cache(directory, max_size=2**30, disk=EXECUTORS.disk),
            layer=LayerSelector(),
        )
        return artifact.files


@settings(max_examples=25)
@given(contents=st.dictionaries(PATHS.filter(str.isprintable), st.binary(max_size=2000), min_size=1, max_size=6))
def test_any_files_come_back_as_they_were(contents, tmp_path_factory):
    found = asyncio.run(round_trip(contents, tmp_path_factory.mktemp("cache")))

    assert {file.path: file.content for file in found} == contents
    assert [file.path for file in found] == sorted(contents)


@pytest.mark.parametrize(
    "contents",
    [
        pytest.param({"large.yml": b" " * (4 * MIB)}, id="what compresses as a bomb does"),
        pytest.param({f"{number}.yml": DESIGN for number in range(2_000)}, id="many files that are alike"),
        pytest.param({"n" * 1024: b"x"}, id="the longest name"),
        pytest.param({"empty.yml": b""}, id="an empty file"),
    ],
)
async def test_what_is_hard_to_take_back_is_taken_back(contents, tmp_path):
    assert {file.path: file.content for file in await round_trip(contents, tmp_path)} == contents


# --- what is refused before anyone is asked -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pushing", "reason", "says"),
    [
        pytest.param((), Reason.ARTIFACT_UNSUPPORTED, "nothing to push", id="nothing"),
        pytest.param((File("a", b"1"), File("a", b"2")), Reason.ARTIFACT_UNSUPPORTED, "'a' twice", id="twice"),
        pytest.param((File("a", b"1"), File("./a", b"1")), Reason.ARTIFACT_UNSUPPORTED, "'a' twice", id="in two ways"),
        pytest.param((File("../a", b""),), Reason.ARTIFACT_UNSUPPORTED, "leads out", id="out of it"),
        pytest.param((File("/a", b""),), Reason.ARTIFACT_UNSUPPORTED, "absolute", id="absolute"),
        pytest.param((File("a\\b", b""),), Reason.ARTIFACT_UNSUPPORTED, "rename it", id="a backslash"),
        pytest.param((File("a\udc80", b""),), Reason.ARTIFACT_UNSUPPORTED, "rename it", id="a name of other bytes"),
        pytest.param((File("", b""),), Reason.ARTIFACT_UNSUPPORTED, "not a name", id="no name"),
        pytest.param(
            tuple(File(f"{number}", b"") for number in range(MAX_UNPACKED_FILES + 1)),
            Reason.ARTIFACT_TOO_LARGE,
            "split",
            id="too many",
        ),
    ],
)
async def test_files_that_the_operator_would_not_take_back_are_refused(fake_registry, network, pushing, reason, says):
    with pytest.raises(Stalled) as refusal:
        await push(pushing, registry=client(fake_registry, network), tag="1.0")

    assert refusal.value.reason is reason
    assert says in refusal.value.message
    assert fake_registry.asked == []


@pytest.mark.parametrize(("limit", "value"), [("MAX_UNPACKED", 9_000), ("MAX_LAYERS_TOTAL", 100)])
async def test_more_bytes_than_the_operator_would_take_back_are_refused(
    fake_registry, network, monkeypatch, limit, value
):
    monkeypatch.setattr(import_module("pattern_operator.source.push"), limit, value)

    with pytest.raises(Stalled) as refusal:
        await pushed(fake_registry, network)

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE
    assert fake_registry.asked == []


async def test_as_much_as_the_operator_takes_back_is_pushed_and_not_a_byte_more(fake_registry, network, monkeypatch):
    module = import_module("pattern_operator.source.push")
    revision = await pushed(fake_registry, network)
    layer = fake_registry.blobs[manifest_of(fake_registry, revision)["layers"][0]["digest"]]
    exactly = {
        "MAX_UNPACKED_FILES": len(FILES),
        "MAX_UNPACKED": len(gzip.decompress(layer)),
        "MAX_LAYERS_TOTAL": len(layer),
    }
    for limit, value in exactly.items():
        monkeypatch.setattr(module, limit, value)

    assert await pushed(fake_registry, network) == revision
    for limit, value in exactly.items():
        with monkeypatch.context() as less, pytest.raises(Stalled) as refusal:
            less.setattr(module, limit, value - 1)
            await pushed(fake_registry, network)
        assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE


@pytest.mark.parametrize(("more", "packed"), [(0, True), (1, False)])
async def test_only_what_would_not_be_unpacked_again_is_not_compressed(
    fake_registry, network, monkeypatch, more: int, packed: bool
):
    contents = {"a.yml": b"x" * 20_000}
    revision = await pushed(fake_registry, network, contents)
    layer = fake_registry.blobs[manifest_of(fake_registry, revision)["layers"][0]["digest"]]
    tar = gzip.decompress(layer)
    small = gzip.compress(tar, compresslevel=9, mtime=0)
    monkeypatch.setattr(
        import_module("pattern_operator.source.push"), "MAX_UNPACK_RATIO", Fraction(len(tar) - more, len(small))
    )

    pushed_again = await pushed(fake_registry, network, contents)
    again = fake_registry.blobs[manifest_of(fake_registry, pushed_again)["layers"][0]["digest"]]

    assert gzip.decompress(again) == tar
    assert (len(again) < len(tar)) is packed


async def test_the_order_in_which_annotations_are_given_does_not_matter(fake_registry, network):
    one = await pushed(fake_registry, network, annotations={"a": "1", "b": "2"})
    other = await pushed(fake_registry, network, annotations={"b": "2", "a": "1"})

    assert one == other


@pytest.mark.parametrize("tag", ["", "a/b", "../x", "1.0@sha256:0a", "-x", "a" * 129, "1 0"])
async def test_what_is_not_a_tag_is_refused(fake_registry, network, tag):
    with pytest.raises(Stalled) as refusal:
        await push(files(), registry=client(fake_registry, network), tag=tag)

    assert refusal.value.reason is Reason.INVALID_REFERENCE
    assert fake_registry.asked == []


# --- how it is sent -------------------------------------------------------------------------------------------------


async def test_blobs_that_the_registry_has_are_not_sent_again(fake_registry, network):
    await pushed(fake_registry, network)
    fake_registry.asked.clear()

    await pushed(fake_registry, network)

    assert [asked.method for asked in fake_registry.asked] == ["HEAD", "HEAD", "PUT"]


async def test_an_upload_goes_where_the_registry_says_with_its_own_parameters(fake_registry, network):
    await pushed(fake_registry, network)

    uploads = [path for path in fake_registry.paths("PUT") if "/uploads/" in path]
    assert len(uploads) == 2
    assert all(path.startswith(f"/v2/{NAME}/blobs/uploads/1?state=a%2Fb&digest=sha256:") for path in uploads)


async def test_an_upload_to_another_host_takes_no_credentials_along(fake_registry, network):
    fake_registry.answer(
        "POST", "/uploads/", status=202, headers={"Location": f"{fake_registry.elsewhere}/v2/{NAME}/blobs/elsewhere"}
    )
    challenged(fake_registry, 'Basic realm="x"', accepted=ALICE.basic)
    registry = client(fake_registry, network, credential=ALICE)
    with pytest.raises(Stalled):
        await registry.manifest("missing")  # so that the credentials are sent at once from here on

    await push(files(), registry=registry, tag="1.0")

    sent = {
        asked.path.partition("?")[0]: asked.authorization
        for asked in fake_registry.asked
        if asked.method in ("POST", "PUT")
    }
    assert sent[f"/v2/{NAME}/blobs/elsewhere"] == ""


async def test_an_upload_is_not_sent_from_https_to_plain_http(fake_registry, tmp_path):
    async with serving_https(tmp_path, location=f"http://{fake_registry.address}/x") as (address, ca):
        context = ssl.create_default_context(cafile=ca)
        async with Network.open(resolver=DnsResolver(), trust=context) as network:
            with pytest.raises(Transient) as failure:
                await push(files(), registry=client(Repository(address, NAME), network, scheme="https"), tag="1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "plain http" in failure.value.message
    assert fake_registry.asked == []


@pytest.mark.parametrize("headers", [{}, {"Location": ""}, {"Location": "ftp://x/y"}, {"Location": "/a b"}])
async def test_an_upload_that_leads_nowhere_is_tried_again_later(fake_registry, network, headers):
    fake_registry.answer("POST", "/uploads/", status=202, headers=headers)

    with pytest.raises(Transient) as failure:
        await pushed(fake_registry, network)

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "not an address" in failure.value.message


async def test_who_may_push_asks_for_a_token_to_push(fake_registry, network):
    bearer(fake_registry)
    fake_registry.answer(
        "POST",
        "/uploads/",
        status=401,
        headers={"WWW-Authenticate": f'Bearer realm="http://{fake_registry.address}/token"'},
    )

    with pytest.raises(Stalled):
        await push(files(), registry=client(fake_registry, network, credential=ALICE), tag="1.0")

    assert "/token?scope=repository:team/web:pull,push" in fake_registry.paths("GET")


@pytest.mark.parametrize(
    ("method", "path"), [("HEAD", "/blobs/"), ("POST", "/uploads/"), ("PUT", "/uploads/"), ("PUT", "/manifests/")]
)
@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (401, Stalled, Reason.AUTHENTICATION_REQUIRED),
        (403, Stalled, Reason.ACCESS_DENIED),
        (413, Stalled, Reason.ARTIFACT_UNSUPPORTED),
        (429, Transient, Reason.REGISTRY_THROTTLED),
        (500, Transient, Reason.REGISTRY_UNAVAILABLE),
    ],
)
async def test_a_registry_that_refuses_is_quoted(fake_registry, network, method, path, status, kind, reason):
    fake_registry.answer(method, path, status=status)

    with pytest.raises(kind) as failure:
        await pushed(fake_registry, network)

    assert failure.value.reason is reason
    assert str(status) in failure.value.message


async def test_a_registry_that_stored_something_else_is_not_believed(fake_registry, network):
    fake_registry.answer("PUT", "/manifests/", status=201, headers={"Docker-Content-Digest": sha256(b"other")})

    with pytest.raises(Stalled) as refusal:
        await pushed(fake_registry, network)

    assert refusal.value.reason is Reason.DIGEST_MISMATCH
    assert sha256(b"other") in refusal.value.message


# --- a real registry ------------------------------------------------------------------------------------------------


async def test_a_real_registry_takes_it_and_gives_it_back(repository, network, cache):
    registry = client(Repository(repository.registry, repository.name), network)
    reference = Reference(registry.repository, tag="1.0")

    revision = await push(files(), registry=registry, tag="1.0", created=datetime(2026, 11, 24, tzinfo=UTC))
    found = await resolve(reference, registry=registry)
    artifact = await pull(reference, found, registry=registry, cache=cache, layer=LayerSelector())

    assert found == revision
    assert repository.tags() == ["1.0"]
    assert set(artifact.files) == set(files())
    assert artifact.artifact_type == "application/vnd.cncf.flux.config.v1+json"
    assert artifact.annotations == {"org.opencontainers.image.created": "2026-11-24T00:00:00Z"}


@pytest.mark.parametrize("auth", ["basic", "bearer"])
async def test_a_real_registry_that_wants_credentials_takes_it_with_them_only(testbed_state, network, auth):
    account = Account("alice", "s3cret")
    guarded = registries.start(testbed_state, name=f"push-{auth}", options=Options(auth=auth, account=account))
    repository = Repository(guarded.address, NAME)
    alice = Credential(account.name, account.password)

    with pytest.raises(Stalled) as refusal:
        await push(files(), registry=client(repository, network), tag="1.0")
    with pytest.raises(Stalled) as wrong:
        await push(files(), registry=client(repository, network, credential=Credential("alice", "x")), tag="1.0")
    revision = await push(files(), registry=client(repository, network, credential=alice), tag="1.0")
    found = await resolve(Reference(repository, tag="1.0"), registry=client(repository, network, credential=alice))
    guarded.stop()

    assert refusal.value.reason is Reason.AUTHENTICATION_REQUIRED
    assert wrong.value.reason is Reason.AUTHENTICATION_FAILED
    assert found == revision
