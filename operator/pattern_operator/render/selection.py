"""Selects the files of an artifact that are the pattern, and tells a design from plain manifests."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_DOCUMENTS
from pattern_operator.quote import quoted
from pattern_operator.render.build_root import (
    CHART,
    KUSTOMIZATIONS,
    Chart,
    Kustomization,
    build_root,
    is_below,
    wanted_path,
)
from pattern_operator.render.design import Design, is_design, parse
from pattern_operator.render.design_references import BEGIN as REFERENCE
from pattern_operator.render.document import Document, is_document, read, refuse_shape
from pattern_operator.render.manifests import is_manifest
from pattern_operator.render.options import Options
from pattern_operator.render.parameters.substitution import InvalidReference, Substitution
from pattern_operator.render.sops import HOW_TO, is_encrypted
from pattern_operator.render.unbuilt import chart, kustomization

_DESIGN_NAMES: Final = ("design.yml", "design.yaml", "design.json")
_OF_DESIGNS: Final = ("Auto", "Meshery")


def select(
    files: Sequence[File], *, options: Options, substitution: Substitution | None = None
) -> Design | list[Document] | Chart | Kustomization:
    """Read the pattern: a design, the documents of plain manifests, or what is to be built by a program.

    ``substitution`` puts parameters into designs and manifests.

    A design is the file called ``design.yml`` (``.yaml``, ``.json``), else the only design among the documents.

    Raises:
        Stalled: NOT_A_PATTERN when there is none, more than one design, or manifests beside what is to be built;
            DOCUMENT_INVALID and ARTIFACT_TOO_LARGE from reading.
    """
    chosen = _selected(files, options=options)
    _refuse_too_much(chosen)
    for file in _named_as_design(chosen, options=options):
        if designs := _designs(_read(file, substitution)):
            return _only(designs)
    if options.format != "Meshery":
        root = build_root([file.path for file in files], options=options)
        if root is not None:
            if options.format == "Manifests":
                raise chart(root.where) if isinstance(root, Chart) else kustomization(root.where)
            _refuse_manifests_beside(chosen, root, options=options)
            return root
    documents = [document for file in chosen for document in _read(file, substitution)]
    if options.format != "Manifests" and (designs := _designs(documents)):
        return _only(designs)
    if options.format == "Meshery":
        raise _not_a_pattern(
            "the artifact contains no Meshery design: no document has schemaVersion designs.meshery.io/*"
        )
    return _manifests(documents)


def _read(file: File, substitution: Substitution | None) -> Iterator[Document]:
    """The documents of a file, with parameters in them; raises as ``document.read``."""
    for document in read(file):
        if substitution is None:
            yield document
            continue
        try:
            meant = REFERENCE if is_design(document.value) else ""
            value = substitution.substitute(document.value, meant=meant)
        except InvalidReference as error:
            raise Stalled(
                reason=Reason.DOCUMENT_INVALID,
                message=f"{file.path}, in the document that begins at line {document.line}: {error}.",
            ) from None
        refuse_shape(value, path=file.path)
        yield replace(document, value=value)


def needs_all_files(paths: Collection[str], *, options: Options) -> bool:
    """Whether more is read than ``is_read`` says, as a program reads it: templates, packages, files of any suffix."""
    if options.format == "Meshery":
        return False
    try:
        return build_root(paths, options=options) is not None
    except Stalled:  # rendering says so
        return False


def files_beyond_documents(paths: Sequence[str], *, options: Options) -> Callable[[str], bool] | None:
    """Which files of a folder are read where ``is_read`` is not all: those of a chart, or all there are.

    What lies beside a chart is read as ``is_read`` says; a kustomization may name any file of the artifact. None where
    documents are all that is read.
    """
    if options.format == "Meshery":
        return None
    try:
        root = build_root(paths, options=options)
    except Stalled:  # rendering says so
        return None
    if isinstance(root, Chart):
        chart_root = root
        return lambda path: is_below(path, chart_root) or is_read(path, options=options)
    return (lambda _: True) if root is not None else None


def has_builds(paths: Iterable[str]) -> bool:
    """Whether a file is of a chart or a kustomization, which may need any other file beside it."""
    return any(PurePosixPath(path).name.lower() in (*KUSTOMIZATIONS, CHART) for path in paths)


def is_read(path: str, *, options: Options) -> bool:
    """Whether ``select`` would read a file by this path, where it is not the only one."""
    wanted = wanted_path(options)
    if wanted and not path.startswith(f"{wanted}/"):
        return path == wanted
    return is_document(path) or PurePosixPath(path).name.lower() in KUSTOMIZATIONS


def _named_as_design(files: list[File], *, options: Options) -> list[File]:
    """The files that are called as designs are, nearest the root first; none where manifests are asked for."""
    named = [file for file in files if _name(file) in _DESIGN_NAMES and options.format in _OF_DESIGNS]
    return sorted(named, key=lambda file: (len(PurePosixPath(file.path).parts), file.path))


def _designs(documents: Iterable[Document]) -> list[Document]:
    return [document for document in documents if is_design(document.value)]


def _selected(files: Sequence[File], *, options: Options) -> list[File]:
    """The files under ``options.path`` that may hold documents; a file that is named, whatever its suffix."""
    chosen = [file for file in files if is_read(file.path, options=options)]
    if not (path := wanted_path(options)):
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


def _refuse_manifests_beside(files: list[File], root: Chart | Kustomization, *, options: Options) -> None:
    """What lies beside the only chart or kustomization, and was not asked for by its format or path, may be meant."""
    if options.format != "Auto" or root.path == ".":
        return
    for file in files:
        if not is_below(file.path, root) and any(is_manifest(each.value) for each in read(file)):
            raise _not_a_pattern(
                f"the artifact contains {quoted(root.where)}, and manifests beside it, such as {quoted(file.path)}:"
                " name what is meant in spec.source.layer.path, or the format in spec.render.format"
            )


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
