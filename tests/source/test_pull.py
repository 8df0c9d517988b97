import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import NoReturn

import pytest
from tests.archive.archives import DESIGN, FILES, files, tgz
from tests.executors import EXECUTORS
from tests.source.fake_registry import INDEX, OCI, FakeRegistry, client, index, sha256

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Reference, Repository, Revision
from pattern_operator.errors import Stalled, Transient
from pattern_operator.limits import MAX_SMALL_CONTENT
from pattern_operator.source import Cache, LayerSelector, PullRecords, fetch_manifest, open_layers, pull

FLUX = "application/vnd.cncf.flux.content.v1.tar+gzip"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
LAYER = tgz()


def design(fake_registry: FakeRegistry, **more) -> Digest:
    """A design as Meshery's own build packs it."""
    return fake_registry.manifest([fake_registry.blob(LAYER, FLUX)], **more)


def cache_in(directory) -> Cache:
    """A cache as another process would open it."""
    return Cache(directory, max_size=2**20, disk=EXECUTORS.disk)


async def pulled(
    fake_registry: FakeRegistry,
    network,
    digest: Digest,
    *,
    cache: Cache,
    pull_records: PullRecords | None = None,
    running=None,
    **choice,
):
    return await pull(
        Reference(fake_registry.repository, tag="1.0"),
        Revision("1.0", digest),
        registry=client(fake_registry, network, pull_records=pull_records),
        cache=cache,
        layer=LayerSelector(**choice),
        running=running,
    )


async def refusal(fake_registry: FakeRegistry, network, digest: Digest, *, cache: Cache) -> Stalled:
    with pytest.raises(Stalled) as refused:
        await pulled(fake_registry, network, digest, cache=cache)
    return refused.value


# --- what comes back ------------------------------------------------------------------------------------------------


async def test_an_artifact_is_its_files_and_what_it_says_of_itself(fake_registry, network, cache):
    digest = design(fake_registry, artifactType="application/vnd.example", annotations={"a": "b"})

    artifact = await pulled(fake_registry, network, digest, cache=cache)

    assert artifact.repository == fake_registry.repository
    assert artifact.revision == Revision("1.0", digest)
    assert artifact.manifest == Descriptor(OCI, digest, len(fake_registry.manifests[str(digest)][1]))
    assert artifact.files == files(FILES)
    assert artifact.artifact_type == "application/vnd.example"
    assert artifact.annotations == {"a": "b"}


async def test_an_artifact_that_names_no_type_is_of_its_configs(fake_registry, network, cache):
    config = fake_registry.blob(b"{}", "application/vnd.cncf.flux.config.v1+json")

    artifact = await pulled(fake_registry, network, design(fake_registry, config=config), cache=cache)

    assert artifact.artifact_type == "application/vnd.cncf.flux.config.v1+json"


async def test_a_docker_save_tarball_that_crane_pushed_is_a_pattern(fake_registry, network, cache):
    config = fake_registry.blob(b"{}", "application/vnd.docker.container.image.v1+json")
    layer = fake_registry.blob(LAYER, "application/vnd.docker.image.rootfs.diff.tar.gzip")
    document = {"schemaVersion": 2, "mediaType": DOCKER, "config": config, "layers": [layer]}

    artifact = await pulled(fake_registry, network, fake_registry.document(document, media_type=DOCKER), cache=cache)

    assert artifact.files == files(FILES)
    assert artifact.manifest.media_type == DOCKER


async def test_files_that_oras_pushed_are_a_pattern(fake_registry, network, cache):
    layer = fake_registry.blob(DESIGN, "text/x-yaml", annotations={"org.opencontainers.image.title": "design.yml"})

    artifact = await pulled(fake_registry, network, fake_registry.manifest([layer]), cache=cache)

    assert artifact.files == files({"design.yml": DESIGN})


async def test_a_digest_of_sha512_is_as_good(fake_registry, network, cache):
    digest = Digest.of(LAYER, "sha512")
    fake_registry.blobs[str(digest)] = LAYER
    manifest = fake_registry.manifest([{"mediaType": FLUX, "digest": str(digest), "size": len(LAYER)}])
    body = fake_registry.manifests[str(manifest)][1]
    fake_registry.manifests[str(Digest.of(body, "sha512"))] = (OCI, body)

    artifact = await pulled(fake_registry, network, Digest.of(body, "sha512"), cache=cache)

    assert artifact.files == files(FILES)


async def test_only_the_layer_that_is_chosen_is_asked_for(fake_registry, network, cache):
    wanted = fake_registry.blob(tgz({"a": b"1"}), "application/vnd.a.tar+gzip")
    other = fake_registry.blob(tgz({"b": b"2"}), "application/vnd.b.tar+gzip")
    digest = fake_registry.manifest([other, wanted])

    artifact = await pulled(fake_registry, network, digest, cache=cache, media_type="application/vnd.a.tar+gzip")

    assert artifact.files == files({"a": b"1"})
    assert [path for path in fake_registry.paths("GET") if "/blobs/" in path] == [
        f"/v2/team/web/blobs/{wanted['digest']}"
    ]


# --- what was pulled before -----------------------------------------------------------------------------------------


async def test_a_second_pull_asks_nothing(fake_registry, network, cache):
    digest, pull_records = design(fake_registry), PullRecords()
    first = await pulled(fake_registry, network, digest, cache=cache, pull_records=pull_records)
    fake_registry.asked.clear()

    second = await pulled(fake_registry, network, digest, cache=cache, pull_records=pull_records)

    assert first == second
    assert fake_registry.asked == []


async def test_a_pull_after_a_restart_asks_whether_it_may_with_one_head(fake_registry, network, tmp_path):
    digest = design(fake_registry)
    before = cache_in(tmp_path)
    first = await pulled(fake_registry, network, digest, cache=before)
    await before.flush()
    fake_registry.asked.clear()

    second = await pulled(fake_registry, network, digest, cache=cache_in(tmp_path))

    assert first == second
    assert [(asked.method, asked.path) for asked in fake_registry.asked] == [
        ("HEAD", f"/v2/team/web/manifests/{digest}")
    ]


async def test_what_runs_already_is_pulled_after_a_restart_without_a_request(fake_registry, network, tmp_path):
    digest = design(fake_registry)
    before = cache_in(tmp_path)
    first = await pulled(fake_registry, network, digest, cache=before)
    await before.flush()
    fake_registry.asked.clear()

    assert await pulled(fake_registry, network, digest, cache=cache_in(tmp_path), running=digest) == first
    assert fake_registry.asked == []


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (401, Stalled, Reason.AUTHENTICATION_REQUIRED),
        (403, Stalled, Reason.ACCESS_DENIED),
        (404, Stalled, Reason.ARTIFACT_NOT_FOUND),
        (503, Transient, Reason.REGISTRY_UNAVAILABLE),
    ],
)
async def test_who_was_not_shown_it_is_not_given_what_others_pulled(
    fake_registry, network, cache, status, kind, reason
):
    digest = design(fake_registry)
    await pulled(fake_registry, network, digest, cache=cache)
    fake_registry.answer("HEAD", "/manifests/", status=status)
    fake_registry.answer("GET", "/manifests/", status=status)

    with pytest.raises(kind) as failure:
        await pulled(fake_registry, network, digest, cache=cache)

    assert failure.value.reason is reason


@pytest.mark.parametrize("status", [400, 404, 405, 406, 410, 501])
async def test_a_registry_that_knows_no_head_is_asked_for_the_manifest(fake_registry, network, cache, status):
    digest = design(fake_registry)
    first = await pulled(fake_registry, network, digest, cache=cache)
    fake_registry.answer("HEAD", "/manifests/", status=status)

    assert await pulled(fake_registry, network, digest, cache=cache) == first


async def test_what_one_repository_gave_is_not_given_to_who_asks_another(fake_registry, network, cache):
    digest = design(fake_registry)
    await pulled(fake_registry, network, digest, cache=cache)
    other = Repository(fake_registry.address, "team/other")

    with pytest.raises(Stalled) as refused:
        await pull(
            Reference(other, digest=digest),
            Revision("", digest),
            registry=client(other, network),
            cache=cache,
            layer=LayerSelector(),
            running=digest,
        )

    assert refused.value.reason is Reason.ARTIFACT_NOT_FOUND


async def test_two_versions_share_what_is_the_same(fake_registry, network, cache):
    await pulled(fake_registry, network, design(fake_registry), cache=cache)
    other = design(fake_registry, annotations={"org.opencontainers.image.version": "2"})
    fake_registry.asked.clear()

    await pulled(fake_registry, network, other, cache=cache)

    assert fake_registry.paths("GET") == [f"/v2/team/web/manifests/{other}"]


@pytest.mark.parametrize("damaged", ["manifest", "layer"])
async def test_what_was_damaged_on_the_disk_is_fetched_again_after_a_restart(
    fake_registry, network, cache, tmp_path, damaged
):
    digest, pull_records = design(fake_registry), PullRecords()
    first = await pulled(fake_registry, network, digest, cache=cache, pull_records=pull_records)
    await cache.flush()
    name = digest if damaged == "manifest" else Digest.of(LAYER)
    (file,) = (tmp_path / "cache").glob(f"*/sha256/{name.hex}")
    file.write_bytes(b"evil")
    fake_registry.asked.clear()
    cache = cache_in(tmp_path / "cache")

    second = await pulled(fake_registry, network, digest, cache=cache, pull_records=pull_records)
    asked = len(fake_registry.asked)
    third = await pulled(fake_registry, network, digest, cache=cache, pull_records=pull_records)

    assert first == second == third
    assert asked == len(fake_registry.asked) == 1


async def test_a_cache_that_cannot_be_used_is_an_error_of_its_own(fake_registry, network, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(Transient) as failure:
        await pulled(
            fake_registry,
            network,
            design(fake_registry),
            cache=cache_in(tmp_path / "file"),
        )

    assert failure.value.reason is Reason.CACHE_UNAVAILABLE


# --- what is not what it is called ----------------------------------------------------------------------------------


async def kept(cache: Cache, tmp_path) -> set[str]:
    """What is in the cache."""
    await cache.flush()
    return {f"sha256:{path.name}" for path in (tmp_path / "cache").glob("*/sha256/*")}


async def test_a_tampered_manifest_is_refused_and_not_kept(fake_registry, network, cache, tmp_path):
    digest = design(fake_registry)
    media_type, body = fake_registry.manifests[str(digest)]
    fake_registry.manifests[str(digest)] = (media_type, body.replace(b"layers", b"LAYERS"))

    error = await refusal(fake_registry, network, digest, cache=cache)

    assert error.reason is Reason.DIGEST_MISMATCH
    assert "Nothing of it is used" in error.message
    assert await kept(cache, tmp_path) == set()


async def test_a_tampered_layer_is_refused_and_not_kept(fake_registry, network, cache, tmp_path):
    digest = design(fake_registry)
    fake_registry.blobs[sha256(LAYER)] = LAYER[:-1] + b"!"

    error = await refusal(fake_registry, network, digest, cache=cache)

    assert error.reason is Reason.DIGEST_MISMATCH
    assert await kept(cache, tmp_path) == {str(digest)}


@pytest.mark.parametrize("wrong", [-1, 1, 1000])
@pytest.mark.parametrize("cached", [True, False], ids=["cached", "not cached"])
async def test_a_layer_of_another_size_than_its_manifest_says_is_refused(fake_registry, network, cache, wrong, cached):
    if cached:
        await pulled(fake_registry, network, design(fake_registry), cache=cache)
    lying = fake_registry.manifest([{**fake_registry.blob(LAYER, FLUX), "size": len(LAYER) + wrong}])

    assert (await refusal(fake_registry, network, lying, cache=cache)).reason is Reason.SIZE_MISMATCH


async def test_a_manifest_called_another_thing_by_the_registry_is_refused_and_not_kept(
    fake_registry, network, cache, tmp_path
):
    digest = design(fake_registry)
    fake_registry.manifests[str(digest)] = (INDEX, fake_registry.manifests[str(digest)][1])

    assert (await refusal(fake_registry, network, digest, cache=cache)).reason is Reason.ARTIFACT_UNSUPPORTED
    assert await kept(cache, tmp_path) == set()


async def test_an_index_of_several_manifests_is_not_a_pattern(fake_registry, network, cache):
    digests = [str(design(fake_registry)), str(fake_registry.manifest([]))]
    entries = [{"mediaType": OCI, "digest": each, "size": 1} for each in digests]
    digest = fake_registry.document(index(entries), media_type=INDEX)

    error = await refusal(fake_registry, network, digest, cache=cache)

    assert error.reason is Reason.ARTIFACT_UNSUPPORTED
    assert [each for each in digests if each not in error.message] == []


@pytest.mark.parametrize("missing", ["manifest", "layer"])
async def test_what_the_registry_does_not_have_is_not_found(fake_registry, network, cache, missing):
    digest = design(fake_registry)
    (fake_registry.manifests if missing == "manifest" else fake_registry.blobs).clear()

    error = await refusal(fake_registry, network, digest, cache=cache)

    assert error.reason is Reason.ARTIFACT_NOT_FOUND
    assert str(digest if missing == "manifest" else sha256(LAYER)) in error.message


@pytest.fixture
def by_tag_only(fake_registry: FakeRegistry) -> FakeRegistry:
    """A proxy cache that has what it gives by its tag not by its digest (zot #2584, harbor #18565)."""
    for method in ("GET", "HEAD"):
        fake_registry.answer(method, "/manifests/sha(256|512):", status=404)
    return fake_registry


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_what_the_registry_has_by_its_tag_only_is_pulled_by_it(by_tag_only, network, cache, algorithm):
    design(by_tag_only, tag="1.0")
    digest = Digest.of(by_tag_only.manifests["1.0"][1], algorithm)

    artifact = await pulled(by_tag_only, network, digest, cache=cache)

    assert artifact.revision == Revision("1.0", digest)
    assert artifact.files == files(FILES)


async def test_who_was_not_shown_what_is_cached_may_see_it_by_its_tag(by_tag_only, network, tmp_path):
    digest = design(by_tag_only, tag="1.0")
    await pulled(by_tag_only, network, digest, cache=cache_in(tmp_path))

    artifact = await pulled(by_tag_only, network, digest, cache=cache_in(tmp_path))

    assert artifact.files == files(FILES)


@pytest.mark.parametrize("cached", [False, True])
async def test_another_manifest_under_the_tag_is_not_used_and_it_is_tried_again_later(
    fake_registry, network, cache, cached
):
    digest = design(fake_registry, tag="1.0")
    if cached:
        await pulled(fake_registry, network, digest, cache=cache)
    for method in ("GET", "HEAD"):
        fake_registry.answer(method, "/manifests/sha256:", status=404)
    other = fake_registry.manifest([fake_registry.blob(LAYER, FLUX)], tag="1.0", annotations={"a": "b"})

    with pytest.raises(Transient) as failure:
        await pulled(fake_registry, network, digest, cache=cache, pull_records=PullRecords())

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert f"manifest {digest}: the registry does not have it (404), and what it has as tag 1.0 is {other}" in str(
        failure.value.message
    )


async def test_a_digest_that_the_user_named_is_asked_for_by_nothing_else(by_tag_only, network, cache):
    digest = design(by_tag_only, tag="1.0")

    with pytest.raises(Stalled) as refused:
        await pull(
            Reference(by_tag_only.repository, tag="1.0", digest=digest),
            Revision("1.0", digest),
            registry=client(by_tag_only, network),
            cache=cache,
            layer=LayerSelector(),
        )

    assert refused.value.reason is Reason.ARTIFACT_NOT_FOUND
    assert [path for path in by_tag_only.paths("GET") if path.endswith("/1.0")] == []


async def test_too_large_an_artifact_is_refused_before_any_of_it_is_pulled(fake_registry, network, cache):
    layers = [{"mediaType": FLUX, "digest": sha256(bytes([number])), "size": 2**25} for number in range(3)]

    error = await refusal(fake_registry, network, fake_registry.manifest(layers), cache=cache)

    assert error.reason is Reason.ARTIFACT_TOO_LARGE
    assert len(fake_registry.asked) == 1


@pytest.mark.parametrize(
    ("contents", "choice", "reason"),
    [
        (b"no archive" * 100, {}, Reason.ARCHIVE_REFUSED),
        (LAYER, {"path": "missing.yml"}, Reason.LAYER_NOT_FOUND),
        (LAYER, {"media_type": "a/b"}, Reason.LAYER_NOT_FOUND),
    ],
)
async def test_what_is_in_the_layers_is_judged_too(fake_registry, network, cache, contents, choice, reason):
    digest = fake_registry.manifest([fake_registry.blob(contents, FLUX)])

    with pytest.raises(Stalled) as refused:
        await pulled(fake_registry, network, digest, cache=cache, **choice)

    assert refused.value.reason is reason
    assert str(digest) in refused.value.message


# --- a real registry ------------------------------------------------------------------------------------------------


async def test_a_real_registry_that_is_tampered_with_is_found_out(registry, repository, network, cache):
    name = Repository(repository.registry, repository.name)
    digest = Digest.parse(repository.push("1.0", [(FLUX, LAYER)]))
    work = {"registry": client(name, network), "cache": cache, "layer": LayerSelector()}
    reference, revision = Reference(name, tag="1.0"), Revision("1.0", digest)

    for path, reason in (("/manifests/", Reason.DIGEST_MISMATCH), ("/blobs/", Reason.DIGEST_MISMATCH)):
        with registry.faulty({"path": path, "tamper": "yes"}), pytest.raises(Stalled) as refused:
            await pull(reference, revision, **work)
        assert refused.value.reason is reason
    with registry.faulty({"path": "/blobs/", "truncate": 10}), pytest.raises(Transient) as failure:
        await pull(reference, revision, **work)
    artifact = await pull(reference, revision, **work)

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert artifact.files == files(FILES)
    assert json.loads(repository.manifest("1.0").body)["layers"][0]["digest"] == sha256(LAYER)


class _Nobody(ThreadPoolExecutor):
    def submit(self, *_: object, **__: object) -> NoReturn:
        raise AssertionError("the loop's default executor is given to nobody")


async def test_what_is_no_manifest_is_refused_and_not_kept(fake_registry, network, cache):
    document = {"schemaVersion": 2, "mediaType": OCI, "config": fake_registry.blob(b"{}", OCI), "layers": "none"}
    digest = fake_registry.document(document)

    for _ in range(2):
        assert (await refusal(fake_registry, network, digest, cache=cache)).reason is Reason.ARTIFACT_UNSUPPORTED

    assert [each.method for each in fake_registry.asked] == ["GET", "GET"]


async def test_what_an_index_lists_is_shown_to_who_may_see_the_index(fake_registry, network, tmp_path):
    listed = design(fake_registry)
    entry = {"mediaType": OCI, "digest": str(listed), "size": len(fake_registry.manifests[str(listed)][1])}
    digest = fake_registry.document(index([entry]), media_type=INDEX)
    await pulled(fake_registry, network, digest, cache=(cache := cache_in(tmp_path)))
    fake_registry.asked.clear()

    await pulled(fake_registry, network, digest, cache=cache)

    assert [each.method for each in fake_registry.asked] == ["HEAD"]


async def test_a_layer_is_open_as_long_as_it_is_read(fake_registry, network, tmp_path):
    content = tgz({"a.yml": os.urandom(MAX_SMALL_CONTENT * 2)})
    digest = fake_registry.manifest([fake_registry.blob(content, FLUX)])
    registry, cache = client(fake_registry, network), cache_in(tmp_path)
    artifact = await fetch_manifest(
        Reference(fake_registry.repository, tag="1.0"),
        Revision("1.0", digest),
        registry=registry,
        cache=cache,
        layer=LayerSelector(),
    )

    async with open_layers(artifact, registry=registry, cache=cache) as ((_, file),):
        read = file.read()

    assert artifact.types == (FLUX,)
    assert read == content
    assert file.closed


async def test_pulling_never_uses_the_default_executor(fake_registry, network, cache):
    asyncio.get_running_loop().set_default_executor(_Nobody())

    assert (await pulled(fake_registry, network, design(fake_registry), cache=cache)).files


@pytest.mark.parametrize(("size", "in_memory"), [(MAX_SMALL_CONTENT, True), (MAX_SMALL_CONTENT + 1, False)])
async def test_only_a_small_layer_is_ever_whole_in_memory(fake_registry, network, cache, size, in_memory):
    digest = fake_registry.manifest([fake_registry.blob(b"x" * size, "text/yaml")])
    registry = client(fake_registry, network)
    artifact = await fetch_manifest(
        Reference(fake_registry.repository, digest=digest),
        Revision("", digest),
        registry=registry,
        cache=cache,
        layer=LayerSelector(),
    )

    for _ in ("pulled", "from the cache"):
        async with open_layers(artifact, registry=registry, cache=cache) as ((_, file),):
            assert isinstance(file, BytesIO) is in_memory
            assert file.read() == b"x" * size
