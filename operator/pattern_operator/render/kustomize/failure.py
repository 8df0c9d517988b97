"""What kustomize said, in a message: its own words, bounded, without the folder it ran in and without secret values."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import array, mapping, mappings, text
from pattern_operator.api.reason import Reason
from pattern_operator.errors import PatternError, Stalled
from pattern_operator.quote import MASK, one_line
from pattern_operator.render.document import is_document, read
from pattern_operator.render.kustomize.kustomization import Kustomization, load, lowered
from pattern_operator.render.kustomize.tree import Tree

_ERROR: Final = "Error: "
_LONGEST: Final = 4_096  # bytes of what kustomize said: it repeats the way to where it failed
_READ: Final = 65_536  # letters of it that are looked at
_LEAST: Final = 4  # letters of a value that is hidden: shorter ones are in every word
_TRACE: Final = "\n\ngoroutine "  # behind what a Go program said that stopped on a defect of its own
_QUOTED: Final = {  # where it repeats a patch, a whole object, or a node of one (kyaml, yaml/types.go, ErrorIfInvalid)
    re.compile(r":?\s*node contents:[\s\S]*"): "",
    re.compile(r"with config: `[\s\S]*?\n`(?=: )"): "",
    re.compile(r"map\[string\]interface \{\}\{[\s\S]*\}(?=: )|map\[string\]interface \{\}\{[\s\S]*"): "an object",
    re.compile(r'\[patch: "(?:\\.|[^"\\])*"\]'): "[patch]",
    re.compile(r"(?:must specify one of patch and path in|patch and path can't be set)[\s\S]*"): "a patch is not one",
}
_ABSOLUTE: Final = re.compile(r"/[^\s'\":,;()\[\]]+")


def failed(stderr: str, *, where: str, names: Iterable[str] = (), hidden: Iterable[str] = ()) -> Stalled:
    """The failure of a run; ``names`` are paths of the artifact, ``hidden`` what no message may hold."""
    words = words_of(stderr, names=names, hidden=hidden)
    return Stalled(
        reason=Reason.KUSTOMIZE_FAILED,
        message=f"{where}: kustomize says: {words}. Correct it and publish the artifact again.",
    )


def words_of(stderr: str, *, names: Iterable[str] = (), hidden: Iterable[str] = ()) -> str:
    """What kustomize said of a failure, as a sentence without its full stop."""
    said = stderr[:_READ].partition(_TRACE)[0]
    if _ERROR in said:  # what stands before are warnings
        said = said[said.index(_ERROR) + len(_ERROR) :]
    said = without_values(said, hidden)
    for pattern, words in _QUOTED.items():
        said = pattern.sub(words, said)
    return one_line(_without_folder(said, set(names)), _LONGEST).rstrip(".") or "nothing"


def without_values(said: str, hidden: Iterable[str]) -> str:
    """``said`` without each of the values, the longest first, however Go has quoted them."""
    for value in sorted({each for each in hidden if len(each) >= _LEAST}, key=len, reverse=True):
        for form in (value, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")):
            said = said.replace(form, MASK)
    return said


def secret_values(tree: Tree, folders: Iterable[str]) -> Iterator[str]:
    """Values of the Secrets that a kustomization makes or has, for as far as they can be read."""
    for folder in folders:
        try:
            yield from _generated(tree, load(tree, folder))
        except PatternError:
            continue


def _generated(tree: Tree, found: Kustomization) -> Iterator[str]:
    for each in mappings(found.fields.get("secretgenerator")):
        fields = lowered(each)
        for literal in array(fields.get("literals")):
            name, equal, value = text(literal).partition("=")
            yield value if equal else name
        for path in (*array(fields.get("envs")), fields.get("env")):
            if isinstance(path, str) and (file := tree.file(_near(found.folder, path))) is not None:
                yield from _lines(file)
    for _, path in found.texts("resources"):
        file = tree.file(_near(found.folder, path))
        if file is not None and is_document(file.path):
            yield from _of_secrets(file)


def _lines(file: File) -> Iterator[str]:
    for line in file.content.decode("utf-8", "replace").splitlines():
        name, equal, value = line.partition("=")
        yield value.strip() if equal else name.strip()


def _of_secrets(file: File) -> Iterator[str]:
    for document in read(file):
        top = mapping(document.value)
        if text(top.get("kind")) == "Secret":
            for name in ("data", "stringData"):
                yield from (value for value in mapping(top.get(name)).values() if isinstance(value, str))


def _near(folder: str, path: str) -> str:
    return path if folder == "." else f"{folder}/{path}"


def _without_folder(said: str, names: set[str]) -> str:
    """Paths as the artifact has them: what kustomize ran in is a folder of one run."""
    roots = {root for path in _ABSOLUTE.findall(said) if (root := _root(path, names))}
    for root in sorted(roots, key=len, reverse=True):
        said = said.replace(f"{root}/", "").replace(root, ".")
    return said


def _root(path: str, names: set[str]) -> str:
    parts = path.rstrip("/").split("/")
    for place in range(2, len(parts)):
        if "/".join(parts[place:]) in names:
            return "/".join(parts[:place])
    return ""
