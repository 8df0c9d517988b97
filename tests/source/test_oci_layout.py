"""An OCI layout arrives as it is: checked before anything is sent, and sent by our own client alone."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.archive.archives import FILES, files, tgz
from tests.executors import EXECUTORS
from tests.open_files import open_files_below
from tests.source.fake_registry import ALICE, FakeRegistry, bearer, client, serving
from tests.source.registry.test_network import PRIVATE, PUBLIC, opened

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Reference
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.source import DiskCache, LayerSelector, oci_layout, pull
from pattern_operator.source.layout_marker import is_layout
from pattern_operator.source.manifest import OCI_INDEX, OCI_MANIFEST
from pattern_operator.source.oci_layout import _CheckedRegistry, push_layout

FLUX = "application/vnd.cncf.flux.content.v1.tar+gzip"
REF_NAME = "org.opencontainers.image.ref.name"


class Layout:
    """A layout as other tools write it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.listed: list[dict[str, Any]] = []
        self.write()

    def write(self, *, version: str = "1.0.0", **more: Any) -> None:
        self.path.mkdir(exist_ok=True)
        (self.path / "oci-layout").write_text(json.dumps({"imageLayoutVersion": version}))
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": self.listed, **more}
        (self.path / "index.json").write_text(json.dumps(index))

    def blob(self, content: bytes, media_type: str) -> dict[str, Any]:
        digest = Digest.of(content)
        file = self.path / "blobs" / digest.algorithm / digest.hex
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return {"mediaType": media_type, "digest": str(digest), "size": len(content)}

    def add(self, layer: bytes, *, tag: str | None = "1.0", media_type: str | None = OCI_MANIFEST) -> Digest:
        document = {
            "schemaVersion": 2,
            **({"mediaType": media_type} if media_type else {}),
            "config": self.blob(b"{}", "application/vnd.cncf.flux.config.v1+json"),
            "layers": [self.blob(layer, FLUX)],
        }
        entry = self.blob(json.dumps(document, indent=1).encode(), OCI_MANIFEST)
        self.listed.append({**entry, **({"annotations": {REF_NAME: tag}} if tag else {})})
        self.write()
        return Digest.parse(entry["digest"])

    def file(self, digest: Digest) -> Path:
        return self.path / "blobs" / digest.algorithm / digest.hex


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "layout")


async def refusal(layout: Layout, fake_registry: FakeRegistry, network, *, tag: str = "1.0") -> PatternError:
    with pytest.raises(PatternError) as refused:
        await push_layout(layout.path, registry=client(fake_registry, network), tag=tag)
    return refused.value


async def test_what_is_pushed_keeps_its_digest_and_can_be_pulled(layout, fake_registry, network, tmp_path):
    digest = layout.add(tgz())

    revision = await push_layout(layout.path, registry=client(fake_registry, network), tag="1.0")

    assert (revision.tag, revision.digest) == ("1.0", digest)
    assert fake_registry.manifests["1.0"] == (OCI_MANIFEST, layout.file(digest).read_bytes())
    artifact = await pull(
        Reference(fake_registry.repository, tag="1.0"),
        revision,
        registry=client(fake_registry, network),
        cache=DiskCache(tmp_path / "cache", max_size=2**20, disk=EXECUTORS.disk),
        layer=LayerSelector(),
    )
    assert artifact.files == files(FILES)


async def test_what_the_registry_has_is_not_sent_again(layout, fake_registry, network):
    layout.add(tgz())
    await push_layout(layout.path, registry=client(fake_registry, network), tag="1.0")
    fake_registry.asked.clear()

    await push_layout(layout.path, registry=client(fake_registry, network), tag="1.0")

    assert fake_registry.paths("POST") == []
    assert [path.rpartition("/")[2] for path in fake_registry.paths("PUT")] == ["1.0"]


@pytest.mark.parametrize("tag", ["2.0", None], ids=["another tag", "no tag"])
async def test_the_only_artifact_needs_no_tag_of_this_name(layout, fake_registry, network, tag):
    digest = layout.add(tgz(), tag=tag)

    assert (await push_layout(layout.path, registry=client(fake_registry, network), tag="1.0")).digest == digest


async def test_of_several_the_one_with_the_tag_is_pushed(layout, fake_registry, network):
    layout.add(tgz({"a.yml": b"1"}), tag="0.9")
    digest = layout.add(tgz({"a.yml": b"2"}), tag="1.0")

    assert (await push_layout(layout.path, registry=client(fake_registry, network), tag="1.0")).digest == digest


async def test_a_tag_that_is_not_there_is_said_with_those_that_are(layout, fake_registry, network):
    for number in range(7):
        layout.add(tgz({"a.yml": b"%d" % number}), tag=f"0.{number}")

    error = await refusal(layout, fake_registry, network)

    assert error.reason is Reason.LAYER_NOT_FOUND
    assert "'0.4' and 2 more" in error.message
    assert fake_registry.asked == []


@pytest.mark.parametrize("part", ["manifest", "layer"])
async def test_what_was_changed_is_refused_before_anything_is_sent(layout, fake_registry, network, part):
    layer = tgz()
    digest = layout.add(layer)
    file = layout.file(digest if part == "manifest" else Digest.of(layer))
    file.write_bytes(file.read_bytes()[:-1] + b"!")

    error = await refusal(layout, fake_registry, network)

    assert error.reason is Reason.DIGEST_MISMATCH
    assert fake_registry.asked == []


async def test_what_is_longer_than_its_descriptor_says_is_refused(layout, fake_registry, network):
    layer = tgz()
    layout.add(layer)
    layout.file(Digest.of(layer)).write_bytes(layer + b"!")

    assert (await refusal(layout, fake_registry, network)).reason is Reason.SIZE_MISMATCH
    assert fake_registry.asked == []


@pytest.mark.parametrize("part", ["layer", "blobs", "index.json"])
async def test_no_link_is_followed(layout, fake_registry, network, tmp_path, part):
    layer = tgz()
    layout.add(layer)
    file = layout.file(Digest.of(layer)) if part == "layer" else layout.path / part
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")

    error = await refusal(layout, fake_registry, network)

    assert error.reason is Reason.ARCHIVE_REFUSED
    assert f"{file} is a link" in error.message
    assert fake_registry.asked == []


async def test_a_digest_that_would_lead_out_of_the_layout_is_refused(layout, fake_registry, network, tmp_path):
    layout.add(tgz())
    (tmp_path / "secret").write_text("x")
    layout.listed[0]["digest"] = "sha256:../../../secret"
    layout.write()

    assert (await refusal(layout, fake_registry, network)).reason is Reason.ARTIFACT_UNSUPPORTED
    assert fake_registry.asked == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda layout: layout.write(version="2.0.0"), "version '2.0.0'"),
        (lambda layout: (layout.path / "oci-layout").write_text("{"), "oci-layout is not valid JSON"),
        (lambda layout: layout.write(manifests={}), "no list of objects manifests"),
        (lambda layout: (layout.path / "index.json").write_text("[]"), "is not a JSON object"),
    ],
    ids=["another version", "a marker that is not JSON", "no list", "a list"],
)
async def test_what_is_not_a_layout_that_is_known_is_refused(layout, fake_registry, network, change, says):
    layout.add(tgz())
    change(layout)

    error = await refusal(layout, fake_registry, network)

    assert error.reason is Reason.ARTIFACT_UNSUPPORTED
    assert says in error.message


@pytest.mark.parametrize(
    ("media_type", "says"),
    [
        (None, "does not say that it is application/vnd.oci.image.manifest.v1+json"),
        ("application/vnd.docker.distribution.manifest.v2+json", "does not say that it is application/vnd.oci"),
        (OCI_INDEX, "does not have that shape"),
    ],
)
async def test_only_what_says_that_it_is_a_manifest_is_pushed(layout, fake_registry, network, media_type, says):
    layout.add(tgz(), media_type=media_type)

    error = await refusal(layout, fake_registry, network)

    assert error.reason is Reason.ARTIFACT_UNSUPPORTED
    assert says in error.message
    assert fake_registry.asked == []


async def test_files_of_the_layout_are_closed_whether_it_is_pushed_or_refused(layout, fake_registry, network):
    digest = layout.add(tgz())
    await push_layout(layout.path, registry=client(fake_registry, network), tag="1.0")
    layout.file(digest).write_bytes(b"")
    await refusal(layout, fake_registry, network)

    assert open_files_below(layout.path) == []


@pytest.mark.parametrize(("room", "fits"), [(2, True), (1, False)])
async def test_the_blobs_of_a_layout_count_together(layout, fake_registry, network, monkeypatch, room: int, fits: bool):
    content = tgz()
    layout.add(content)
    monkeypatch.setattr(oci_layout, "MAX_LAYERS_TOTAL", len(content) + room)  # the configuration has two bytes

    if fits:
        await push_layout(layout.path, registry=client(fake_registry, network), tag="1.0")
    else:
        assert (await refusal(layout, fake_registry, network)).reason is Reason.ARTIFACT_TOO_LARGE
        assert fake_registry.asked == []


async def test_a_part_that_is_missing_is_said(layout, fake_registry, network):
    layer = tgz()
    layout.add(layer)
    layout.file(Digest.of(layer)).unlink()

    assert (await refusal(layout, fake_registry, network)).reason is Reason.ARTIFACT_NOT_FOUND


async def test_a_token_service_of_another_owner_is_told_nothing(layout, fake_registry, network):
    layout.add(tgz())
    realm = 'Bearer realm="https://tokens.stranger.example/token",service="x"'
    fake_registry.answer("HEAD", "", status=401, headers={"WWW-Authenticate": realm})

    with pytest.raises(Stalled) as refused:
        await push_layout(layout.path, registry=client(fake_registry, network, credential=ALICE), tag="1.0")

    assert refused.value.reason is Reason.AUTHENTICATION_FAILED
    assert {asked.authorization for asked in fake_registry.asked} == {""}


async def test_who_has_a_token_pushes_with_it(layout, fake_registry, network):
    layout.add(tgz())
    bearer(fake_registry)

    await push_layout(layout.path, registry=client(fake_registry, network, credential=ALICE), tag="1.0")

    assert "1.0" in fake_registry.manifests


async def test_an_upload_is_not_sent_to_what_is_not_an_address(layout, fake_registry, network):
    layout.add(tgz())
    fake_registry.answer("POST", "/uploads/", status=202, headers={"Location": "ftp://store.example/x"})

    error = await refusal(layout, fake_registry, network)

    assert isinstance(error, Transient)
    assert fake_registry.paths("PUT") == []


async def test_an_upload_is_sent_nowhere_less_public_than_the_registry(layout):
    layout.add(tgz())
    async with serving(host=PUBLIC) as public, serving(host=PRIVATE) as private, opened() as network:
        public.answer("POST", "/uploads/", status=202, headers={"Location": f"http://{private.address}/upload"})
        error = await refusal(layout, public, network)

    assert error.reason is Reason.ADDRESS_REFUSED
    assert private.asked == []


async def test_an_upload_goes_to_the_registry_although_it_asked_another_host_for_what_it_has(layout):
    digest = layout.add(tgz())
    async with serving(host=PUBLIC) as public, serving(host=PRIVATE) as private, opened() as network:
        public.answer("HEAD", "^/none$", status=404)

        away = {"Location": f"http://{public.address}/none"}
        private.answer("HEAD", "/blobs/sha256:", status=307, headers=away)
        revision = await push_layout(layout.path, registry=client(private, network), tag="1.0")

    assert revision.digest == digest
    assert len(public.asked) == 2


async def test_an_upload_goes_where_the_registry_says_with_its_own_parameters(layout, fake_registry, network):
    digest = layout.add(tgz())
    where = f"/v2/{fake_registry.repository.name}/blobs/uploads/elsewhere?state=a%2Fb"
    fake_registry.answer("POST", "/uploads/", status=202, headers={"Location": where})

    revision = await push_layout(layout.path, registry=client(fake_registry, network), tag="1.0")

    assert revision.digest == digest
    uploads = [path for path in fake_registry.paths("PUT") if "/manifests/" not in path]
    assert len(uploads) == 2
    assert all("/uploads/elsewhere?" in path and "state=" in path for path in uploads)


async def test_the_length_of_what_is_sent_is_that_of_its_bytes(fake_registry, network):
    sender = _CheckedRegistry(client(fake_registry, network), loop=asyncio.get_running_loop())
    url = f"http://{fake_registry.address}/v2/{fake_registry.repository.name}/manifests/1.0"
    headers = {"Content-Length": "1", "Content-Type": OCI_MANIFEST}

    async with asyncio.timeout(10):
        await sender._request(url, "PUT", b'{"schemaVersion": 2}', headers)

    assert fake_registry.manifests["1.0"] == (OCI_MANIFEST, b'{"schemaVersion": 2}')


async def test_a_registry_that_stored_something_else_is_said(layout, fake_registry, network):
    layout.add(tgz())
    other = {"Docker-Content-Digest": str(Digest.of(b"other"))}
    fake_registry.answer("PUT", "/manifests/", status=201, headers=other)

    assert (await refusal(layout, fake_registry, network)).reason is Reason.DIGEST_MISMATCH


async def test_a_layer_that_oras_cannot_read_is_refused_and_not_a_crash(layout, fake_registry, network):
    layout.add(b"[" * 100_000)

    assert (await refusal(layout, fake_registry, network)).reason is Reason.ARTIFACT_UNSUPPORTED


def test_a_layout_is_known_by_its_marker(layout, tmp_path):
    assert is_layout(layout.path)
    assert not is_layout(tmp_path)
    assert not is_layout(tmp_path / "missing")
    (tmp_path / "oci-layout").symlink_to(layout.path / "oci-layout")
    assert not is_layout(tmp_path)
