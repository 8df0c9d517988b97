"""A kustomization file as far as it is read here: what it loads. Everything else is for kustomize to judge.

Source: kustomize 5.8, ``api/types/kustomization.go``. Its fields are read whatever their case, as Go reads JSON
(``Unmarshal``), so that ``Resources:`` is no way around a check.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import array, mapping, text
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.quote import quoted
from pattern_operator.render.document import read
from pattern_operator.render.kustomize.tree import KUSTOMIZATIONS, Tree, joined
from pattern_operator.render.sops import HOW_TO, is_encrypted

_WHOLE: Final = (
    "Take the folder that holds all of it, and name that of this kustomization in spec.source.layer.path, as in"
    " `patternctl render . --path overlays/dev`"
)
COMPONENT: Final = "Component"
_KINDS: Final = ("", "Kustomization", COMPONENT)


@dataclass(frozen=True, slots=True)
class Kustomization:
    """``path`` is the file, ``folder`` where it lies; ``fields`` have names in small letters."""

    path: str
    folder: str
    kind: str
    fields: Mapping[str, Any] = field(repr=False)

    def values(self, name: str) -> list[Any]:
        """The entries of a list."""
        return array(self.fields.get(folded(name)))

    def texts(self, name: str) -> Iterator[tuple[str, str]]:
        """Each entry of a list that is text, with its field: ``resources[2]``."""
        for index, each in enumerate(self.values(name)):
            if isinstance(each, str):
                yield f"{name}[{index}]", each


def invalid(where: str, why: str, advice: str = "Correct it and publish the artifact again") -> Stalled:
    """The failure of a kustomization: file, and field, and what is wrong there."""
    return Stalled(reason=Reason.KUSTOMIZATION_INVALID, message=f"{where}: {why}. {advice}.")


def load(tree: Tree, folder: str) -> Kustomization:
    """Read the kustomization of a folder.

    Raises:
        Stalled: KUSTOMIZATION_INVALID: there is none, or several, or it is no mapping; DOCUMENT_INVALID and
            ARTIFACT_TOO_LARGE from reading.
    """
    found = tree.kustomizations(folder)
    if not found:
        raise invalid(quoted(folder), f"it has no {', '.join(KUSTOMIZATIONS[:-1])} or {KUSTOMIZATIONS[-1]}")
    if len(found) > 1:
        names = " and ".join(quoted(each.path) for each in found)
        raise invalid(names, "a folder has one kustomization file, and kustomize takes none of several", "Keep one")
    return _parse(found[0], folder)


def _parse(file: File, folder: str) -> Kustomization:
    documents = list(islice(read(file), 2))
    value = documents[0].value if documents else None
    if not isinstance(value, dict) or len(documents) > 1:
        raise invalid(file.path, "it is not one mapping, which a kustomization is")
    if is_encrypted(value):
        raise Stalled(reason=Reason.DOCUMENT_INVALID, message=f"{file.path} {HOW_TO}")
    fields = lowered(value)
    kind = text(fields.get("kind"))
    if kind not in _KINDS:
        raise invalid(file.path, f"its kind is {quoted(kind)}, and kustomize knows Kustomization and Component")
    return Kustomization(file.path, folder, kind, fields)


def lowered(value: object) -> dict[str, Any]:
    """A mapping by its keys in small letters, as Go reads JSON into a structure; the later of two counts."""
    return {folded(name): child for name, child in mapping(value).items()}


def folded(name: str) -> str:
    """The name of a field in small letters, as Go folds it (``encoding/json/fold.go``): the long s is an s."""
    return name.lower().replace("\u017f", "s")


def place(folder: str, path: str, *, where: str) -> str:
    """Where ``path`` leads, from the root; raises Stalled where that is out of the artifact."""
    try:
        return joined(folder, path)
    except ValueError as error:
        raise invalid(where, f"{quoted(path)} {error}, and only its own files are read", _WHOLE) from None
