"""Selects the files of an artifact that are the pattern, and tells a design from plain manifests."""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Final

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_DOCUMENTS
from pattern_operator.quote import quoted
from pattern_operator.render.design import Design, is_design, parse
from pattern_operator.render.document import Document, is_document, read
from pattern_operator.render.manifests import is_manifest
from pattern_operator.render.options import Options
from pattern_operator.render.sops import HOW_TO, is_encrypted
from pattern_operator.render.unbuilt import chart, kustomization

_DESIGN_NAMES: Final = ("design.yml", "design.yaml", "design.json")
_KUSTOMIZATIONS: Final = frozenset({"kustomization.yaml", "kustomization.yml", "kustomization"})
_CHARTS: Final = frozenset({"chart.yaml"})


def select(files: Sequence[File], *, options: Options) -> Design | list[Document]:
    """Read the pattern: a design, or the documents of plain manifests.

    A design is the file called ``design.yml`` (``.yaml``, ``.json``), else the only design among the documents.

    Raises:
        Stalled: NOT_A_PATTERN when there is neither, or more than one design; DOCUMENT_INVALID and ARTIFACT_TOO_LARGE
            from reading.
    """
    chosen = _selected(files, options=options)
    _refuse_too_much(chosen)
    for file in _named_as_design(chosen, options=options):
        if designs := _designs(read(file)):
            return _only(designs)
    if options.format != "Meshery":
        _refuse_what_needs_a_build(chosen)
    documents = [document for file in chosen for document in read(file)]
    if options.format != "Manifests" and (designs := _designs(documents)):
        return _only(designs)
    if options.format == "Meshery":
        raise _not_a_pattern(
            "the artifact contains no Meshery design: no document has schemaVersion designs.meshery.io/*"
        )
    return _manifests(documents)


def is_read(path: str, *, options: Options) -> bool:
    """Whether ``select`` would read a file by this path, where it is not the only one."""
    if not (wanted := _wanted(options)):
        return is_document(path) or PurePosixPath(path).name.lower() in _KUSTOMIZATIONS
    return path == wanted or (path.startswith(f"{wanted}/") and is_document(path))


def _wanted(options: Options) -> str:
    """The path that was asked for, empty for all."""
    return (options.path or "").strip("/").removeprefix("./")


def _named_as_design(files: list[File], *, options: Options) -> list[File]:
    """The files that are called as designs are, nearest the root first; none where manifests are asked for."""
    named = [file for file in files if _name(file) in _DESIGN_NAMES and options.format != "Manifests"]
    return sorted(named, key=lambda file: (len(PurePosixPath(file.path).parts), file.path))


def _designs(documents: Iterable[Document]) -> list[Document]:
    return [document for document in documents if is_design(document.value)]


def _selected(files: Sequence[File], *, options: Options) -> list[File]:
    """The files under ``options.path`` that may hold documents; a file that is named, whatever its suffix."""
    chosen = [file for file in files if is_read(file.path, options=options)]
    if not (path := _wanted(options)):
        return chosen or list(files if len(files) == 1 else ())  # `oras push` keeps names that have no suffix
    named = [file for file in files if file.path == path]
    if not chosen:
        raise _not_a_pattern(f"the artifact has no file or folder {quoted(path)}; correct spec.source.layer.path")
    return named or chosen


def _refuse_too_much(files: list[File]) -> None:
    size = sum(len(file.content) for file in files)
    if size > MAX_DOCUMENTS:
        raise Stalled(
            reason=Reason.ARTIFACT_TOO_LARGE,
            message=f"the pattern's documents are {size} bytes, and the operator reads {MAX_DOCUMENTS}."
            " Name the part that is meant in spec.source.layer.path, or split the artifact.",
        )


def _refuse_what_needs_a_build(files: list[File]) -> None:
    for file in files:
        if _name(file) in _KUSTOMIZATIONS:
            raise kustomization(file.path)
        if _name(file) in _CHARTS:
            raise chart(file.path)


def _manifests(documents: list[Document]) -> list[Document]:
    if not any(is_manifest(document.value) or is_encrypted(document.value) for document in documents):
        raise _not_a_pattern("the artifact contains neither a Meshery design nor a document with apiVersion and kind")
    return documents


def _only(designs: list[Document]) -> Design:
    if len(designs) > 1:
        raise _not_a_pattern(
            f"the artifact contains {len(designs)} designs, {designs[0].where} and {designs[1].where} among them:"
            " name the file of one in spec.source.layer.path"
        )
    if is_encrypted(designs[0].value):
        raise Stalled(reason=Reason.DOCUMENT_INVALID, message=f"{designs[0].where} {HOW_TO}")
    return parse(designs[0])


def _name(file: File) -> str:
    return PurePosixPath(file.path).name.lower()


def _not_a_pattern(message: str) -> Stalled:
    return Stalled(reason=Reason.NOT_A_PATTERN, message=message)
