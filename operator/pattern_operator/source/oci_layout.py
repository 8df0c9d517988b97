"""Copies an artifact from an OCI image layout on this machine to a registry, byte for byte: its digest stays the same.

Format: OCI image-spec 1.1, "Image Layout", as ``oras copy --to-oci-layout`` and ``skopeo copy`` write it. What is sent,
and in which order, is the work of oras-py; it sees only content that was checked here, and it sends nothing itself:
each request goes through ``RepositoryClient`` (docs/adr/0010). For the command line only: importing it takes a second.
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import requests
from oras.layout import NewLayout
from oras.provider import Registry
from yarl import URL

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Revision
from pattern_operator.errors import Stalled
from pattern_operator.executors import run_in
from pattern_operator.json_fields import object_list_field, string_field, string_map_field
from pattern_operator.limits import MAX_LAYERS_TOTAL, MAX_MANIFEST
from pattern_operator.quote import first_few, quoted
from pattern_operator.source.layout_marker import INDEX, MARKER
from pattern_operator.source.local_tree import opened, read_below, shown
from pattern_operator.source.manifest import OCI_MANIFEST, Manifest, parse_manifest, read_descriptor
from pattern_operator.source.registry.client import RepositoryClient
from pattern_operator.source.registry.transport import Response
from pattern_operator.source.upload import ensure_stored, upload_target
from pattern_operator.strict_json import InvalidDocument, read_bounded

_REF_NAME: Final = "org.opencontainers.image.ref.name"  # image-spec 1.1, "Pre-Defined Annotation Keys"
_VERSION: Final = "1.0.0"
_NAMED: Final = 5  # tags of a layout that a message names
_TAG: Final = 128  # characters of one: no registry has longer ones (distribution-spec 1.1)
_EXPECTED: Final = {"HEAD": (200, 404), "POST": (202,), "PUT": (201,)}


async def push_layout(path: Path, *, registry: RepositoryClient, tag: str) -> Revision:
    """Push what the layout calls ``tag``, or the one manifest that it has, under ``tag``.

    Raises:
        Stalled: LAYER_NOT_FOUND: the layout has no such tag. ARTIFACT_NOT_FOUND, ARCHIVE_REFUSED, ARTIFACT_TOO_LARGE,
            ARTIFACT_UNSUPPORTED, DIGEST_MISMATCH, SIZE_MISMATCH: it is not what it should be. And what
            ``RepositoryClient`` raises.
        Transient: the registry could not be asked.
    """
    with TemporaryDirectory(prefix="patternctl-") as private:
        digest = await run_in(registry.executors.disk, _copy_checked, path, Path(private), tag)
        provider = _CheckedRegistry(registry, loop=asyncio.get_running_loop())
        await run_in(registry.executors.disk, provider.push, private, tag)
    ensure_stored(digest, provider.stored, context=registry.context(f"push of {tag}"))
    return Revision(tag, digest)


class _CheckedRegistry(Registry):  # type: ignore[misc] # oras ships no types
    """The registry as oras-py knows it, each request of which goes through our own client. Runs in a thread."""

    def __init__(self, registry: RepositoryClient, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._client = registry
        self._loop = loop
        self._begun: Response | None = None
        self.stored = ""  # the digest that the registry says the last manifest has

    def push(self, layout: str, tag: str) -> None:
        """Push the checked layout at ``layout``."""
        repository = self._client.repository
        try:
            NewLayout(layout).push_to_registry(self, f"{repository.host}/{repository.name}:{tag}", tag=tag)
        except (ValueError, LookupError, TypeError, RecursionError) as error:  # of oras, which is not a reader of ours
            raise Stalled(
                reason=Reason.ARTIFACT_UNSUPPORTED,
                message=f"the OCI layout cannot be pushed ({type(error).__name__}): push the files of the pattern.",
            ) from error

    def do_request(
        self,
        url: str,
        method: str = "GET",
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        stream: bool = False,  # noqa: FBT001, FBT002 - the signature of oras
    ) -> requests.Response:
        """Send one request as ``RepositoryClient`` does, and wait for the answer; raises as that."""
        del json, stream
        asked = asyncio.run_coroutine_threadsafe(self._request(url, method, data, dict(headers or {})), self._loop)
        answer = asked.result()
        response = requests.Response()
        response.status_code, response.url, response._content = answer.status, str(answer.url), answer.body
        if method == "POST":  # oras would guess the scheme and host of one that is relative
            context = self._client.context("push of an OCI layout")
            target = upload_target(answer.headers.get("Location", ""), source=answer.url, context=context)
            response.headers["Location"] = str(target)
        return response

    async def _request(self, url: str, method: str, data: bytes | None, headers: dict[str, str]) -> Response:
        headers.pop("Content-Length", None)  # of the body, and nothing else says so
        _, _, path = URL(url, encoded=True).raw_path_qs.partition(f"/{self._client.repository.name}/")
        context = self._client.context(f"push: {method} {path.partition('?')[0]}")
        if method == "PUT" and self._begun is not None and not path.startswith("manifests/"):
            begun, self._begun = self._begun, None
            return await self._client.request(
                method,
                upload_target(url, source=begun.url, context=context),
                context=context,
                headers=headers,
                body=data,
                expect=_EXPECTED[method],
                given_by=begun,
            )
        answer = await self._client.request(
            method, path, context=context, headers=headers, body=data, expect=_EXPECTED[method]
        )
        if method == "POST":
            self._begun = answer
        if method == "PUT":
            self.stored = answer.headers.get("Docker-Content-Digest", "")
        return answer


def _copy_checked(path: Path, private: Path, tag: str) -> Digest:
    """Copy what is pushed into an empty layout of our own: of each blob the digest and size are checked before."""
    try:
        with opened(path) as root:
            _refuse_unknown_version(read_below(root, (MARKER,), where=path, most=MAX_MANIFEST), path)
            entry = _chosen(read_below(root, (INDEX,), where=path, most=MAX_MANIFEST), tag, path)
            content = _blob(root, entry, where=path, most=MAX_MANIFEST)
            manifest = _manifest(content, path)
            blobs = {entry.digest: content}
            room = MAX_LAYERS_TOTAL
            for each in (manifest.config, *manifest.layers):
                if each.digest not in blobs:
                    blobs[each.digest] = _blob(root, each, where=path, most=room)
                    room -= each.size
    except OSError as error:
        raise Stalled(
            reason=Reason.ARTIFACT_NOT_FOUND,
            message=f"{shown(path)} is an OCI layout of which a part cannot be read ({error.strerror}): write it"
            " again.",
        ) from error
    for digest, blob in blobs.items():
        folder = private / "blobs" / digest.algorithm
        folder.mkdir(parents=True, exist_ok=True)
        (folder / digest.hex).write_bytes(blob)
    listed = {
        "mediaType": OCI_MANIFEST,
        "digest": str(entry.digest),
        "size": entry.size,
        "annotations": {_REF_NAME: tag},
    }
    (private / INDEX).write_text(json.dumps({"schemaVersion": 2, "manifests": [listed]}))
    (private / MARKER).write_text(json.dumps({"imageLayoutVersion": _VERSION}))
    return entry.digest


def _refuse_unknown_version(content: bytes, path: Path) -> None:
    try:
        version = string_field(read_bounded(content), "imageLayoutVersion")
    except InvalidDocument as error:
        raise _unsupported(path, f"its {MARKER} {error}") from error
    if version != _VERSION:
        raise _unsupported(path, f"it has version {quoted(version)} and not {_VERSION}")


def _chosen(content: bytes, tag: str, path: Path) -> Descriptor:
    """The descriptor of the manifest that is called ``tag``, or of the only one."""
    try:
        listed = object_list_field(read_bounded(content), "manifests")
        named = {string_map_field(each, "annotations").get(_REF_NAME, ""): each for each in listed}
        chosen = named.get(tag) or (listed[0] if len(listed) == 1 else None)
        if chosen is not None:
            return read_descriptor(chosen)
    except InvalidDocument as error:
        raise _unsupported(path, f"its {INDEX} {error}") from error
    tags = first_few([quoted(each, _TAG) for each in sorted(filter(None, named))], _NAMED) or "none"
    raise Stalled(
        reason=Reason.LAYER_NOT_FOUND,
        message=f"the OCI layout {shown(path)} has {len(listed)} manifests and none is called {quoted(tag)}: push to a"
        f" tag that it has ({tags}).",
    )


def _manifest(content: bytes, path: Path) -> Manifest:
    manifest = parse_manifest(content, context=f"the manifest in {shown(path)}")
    if string_field(read_bounded(content), "mediaType") != OCI_MANIFEST:  # its own words: no registry adds any here
        raise _unsupported(path, f"its manifest does not say that it is {OCI_MANIFEST}")
    return manifest


def _blob(root: int, descriptor: Descriptor, *, where: Path, most: int) -> bytes:
    """The content that ``descriptor`` names, checked against it."""
    digest = descriptor.digest
    content = read_below(root, ("blobs", digest.algorithm, digest.hex), where=where, most=most)
    if len(content) != descriptor.size:
        raise Stalled(
            reason=Reason.SIZE_MISMATCH,
            message=f"{shown(where)}: blob {digest} has {len(content)} bytes, and its descriptor says"
            f" {descriptor.size}: write the layout again.",
        )
    if (found := Digest.of(content, digest.algorithm)) != digest:
        raise Stalled(
            reason=Reason.DIGEST_MISMATCH,
            message=f"{shown(where)}: blob {digest} is {found}: it was changed. Write the layout again.",
        )
    return content


def _unsupported(path: Path, why: str) -> Stalled:
    return Stalled(
        reason=Reason.ARTIFACT_UNSUPPORTED,
        message=f"{shown(path)} is not an OCI layout that is read: {why}. Write it again, or push the files"
        " themselves.",
    )
