"""What a request contains, so that no message repeats a value of it: the values, and the names that may be shown.

An answer speaks of the object that results, which may hold more than the request (``RequestContent.is_whole``).
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import orjson

from pattern_operator.api.fields import MAX_DEPTH, mapping_at, text_at

# An apply with this resourceVersion makes an object, and is refused where there is one: no object comes to have it,
# because etcd's revisions are int64, and so are those of what is used in its place (kine).
NO_VERSION: Final = str(2**63 - 1)
_LARGEST: Final = 128 * 1024  # bytes of a request whose values are compared; of a larger one no sentence is shown
_SHORTEST: Final = 4  # letters of a word that counts as a value: shorter ones occur everywhere
_PIECES: Final = re.compile(r"[^\s\"'=:@/,;{}\[\]()<>&?|]+")
# What identifies, wherever it stands in an object. Their values are names, which a message must be able to say.
_NAMES: Final = frozenset(
    {
        *("apiVersion", "kind", "name", "namespace", "image", "claimName", "secretName", "serviceAccountName"),
        *("storageClassName", "ingressClassName", "priorityClassName", "nodeName", "generateName"),
    }
)
# The groups of kube-apiserver itself; a CRD's group has a dot, and under k8s.io more than these have one more part.
_BUILT_IN: Final = re.compile(
    r"(?:v1|(?:[a-z]+|(?:[a-z]+|rbac\.authorization|flowcontrol\.apiserver|internal\.apiserver)\.k8s\.io)/v[0-9]\w*)"
)


@dataclass(frozen=True)
class RequestContent:
    """The body of a request (JSON), and its path.

    ``hides_all``: it is about a Secret, or cannot be read or compared, so no sentence of an answer may be shown.
    """

    body: bytes | None = field(default=None, repr=False)
    path: str = ""

    @property
    def hides_all(self) -> bool:
        """Whether no sentence of an answer may be shown."""
        if "/secrets" in self.path or (self.body is not None and len(self.body) > _LARGEST):
            return True
        return self.body is not None and (self._object is None or self._object.get("kind") in ("Secret", "List"))

    @property
    def is_whole(self) -> bool:
        """Whether the object that is made of the request has no value of others: it is sent to be created.

        What is sent for an object that exists, which then is named by its UID or version, is a part of it; a patch, the
        options of a deletion and a request without a body are even less. What mutating webhooks add is not known here.
        Of what was sent to be made where there is none (``NO_VERSION``), the answer is not shown where there is one.
        """
        kind, metadata = text_at(self._object, "kind"), mapping_at(self._object, "metadata")
        is_new = not metadata.get("uid") and metadata.get("resourceVersion") in (None, "", NO_VERSION)
        return kind not in ("", "DeleteOptions") and is_new

    @property
    def is_deletion(self) -> bool:
        """Whether an object is to be deleted by it."""
        return text_at(self._object, "kind") == "DeleteOptions"

    @property
    def is_custom(self) -> bool:
        """Whether the object is of a kind that is not Kubernetes' own: its rules are written by anybody."""
        version = self._object.get("apiVersion") if self._object else None
        return isinstance(version, str) and not _BUILT_IN.fullmatch(version)

    def has_name(self, word: str) -> bool:
        """Whether ``word`` is a name, a kind, an image or the name of a field in the object."""
        return word in self._names

    def has_value(self, word: str) -> bool:
        """Whether ``word`` is a part of a value in the object, or has one in it."""
        if len(word) < _SHORTEST:
            return False
        return word in self._values or any(piece in self._pieces for piece in _PIECES.findall(word))

    def not_base64(self) -> tuple[str, ...]:
        """The paths of fields that Kubernetes reads as base64 and that are not: of Secrets, ConfigMaps, authorities."""
        if self._object is None:
            return ()
        field = {"Secret": "data", "ConfigMap": "binaryData"}.get(str(self._object.get("kind")), "")
        values = self._object.get(field)
        wrong = [f"{field}.{key}" for key, value in _texts(values) if not _is_base64(value)]
        return (*wrong, *(path for path, value in _authorities(self._object, "", 0) if not _is_base64(value)))

    @cached_property
    def _object(self) -> dict[str, Any] | None:
        if self.body is None or len(self.body) > _LARGEST:
            return None
        try:
            document = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None
        return document if isinstance(document, dict) else None

    @cached_property
    def _leaves(self) -> tuple[frozenset[str], tuple[str, ...]]:
        names: set[str] = set()
        values: list[str] = []
        for is_name, text in _walk(self._object, name="", depth=0):
            if is_name:
                names.add(text)
            else:
                values.append(text)
                values += _decoded(text)
        return frozenset(names), tuple(values)

    @cached_property
    def _names(self) -> frozenset[str]:
        return self._leaves[0]

    @cached_property
    def _values(self) -> str:
        return "\n".join(self._leaves[1])

    @cached_property
    def _pieces(self) -> frozenset[str]:
        found = (piece for value in self._leaves[1] for piece in _PIECES.findall(value))
        return frozenset(piece for piece in found if len(piece) >= _SHORTEST and piece not in self._names)


NO_CONTENT: Final = RequestContent()


def _walk(value: Any, *, name: str, depth: int) -> Iterator[tuple[bool, str]]:
    """Each text and number of the object, and each name of a field; whether it is a name."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        for key, child in value.items():
            yield True, key
            yield from _walk(child, name=key, depth=depth + 1)
    elif isinstance(value, list):
        for child in value:
            yield from _walk(child, name=name, depth=depth + 1)
    elif isinstance(value, str):
        yield name in _NAMES, value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield False, str(value)


def _texts(values: Any) -> Iterator[tuple[str, str]]:
    for key, value in values.items() if isinstance(values, dict) else ():
        if isinstance(value, str):
            yield key, value


def _authorities(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Each ``caBundle``, with its path."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        for key, child in value.items():
            if key == "caBundle" and isinstance(child, str):
                yield f"{path}{key}", child
            yield from _authorities(child, f"{path}{key}.", depth + 1)
    elif isinstance(value, list):
        for position, child in enumerate(value):
            yield from _authorities(child, f"{path[:-1]}[{position}].", depth + 1)


def _is_base64(text: str) -> bool:
    """Whether Go's ``encoding/base64`` reads it: over line breaks, and with the padding that is due."""
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _decoded(text: str) -> list[str]:
    """What a value is in base64, where it is that and text."""
    try:
        return [base64.b64decode(text, validate=True).decode()]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return []
