"""Hides the values of Secrets before anything is compared, so that no word on a difference can hold one.

Of a Secret only what ``kubectl describe`` shows is kept: names of keys, the type, labels. Everything else of it is
hidden, also where it has another shape than a Secret has, and also in annotations, to which tools copy whole objects.
A hidden value that changed is told as changed: a digest with a key of this process stands in its place.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from pattern_operator.api.fields import mapping, shallow, text
from pattern_operator.api.object import Body

MAX_DEPTH: Final = 100  # levels of an object that are compared; those of documents have 64
# kubectl apply writes the whole object there (kubectl, "Declarative Management"); of no kind does it say more.
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_SECRETS: Final = frozenset({"Secret", "SecretList"})
_SHOWN: Final = frozenset({"apiVersion", "kind", "type", "immutable"})
_SHOWN_METADATA: Final = frozenset({"name", "namespace", "labels", "finalizers", "ownerReferences"})
_BY_KEY: Final = frozenset({"data", "stringData", "annotations"})  # of which the keys are shown


@dataclass(frozen=True, slots=True)
class Hidden:
    """A value that is not shown; two are equal where the values are."""

    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mask:
    """Hides values for one comparison: the key of its digests is random, so that they tell nothing beyond it."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def of(self, body: Body) -> Body:
        """A copy of ``body`` in which what is secret is ``Hidden``; it holds nothing deeper than ``MAX_DEPTH``."""
        return mapping(self._masked(shallow(body, depth=MAX_DEPTH)))

    def _masked(self, value: Any) -> Any:
        """A value without the Secrets in it: an object of another kind may hold whole ones, to have them applied."""
        if isinstance(value, list):
            return [self._masked(each) for each in value]
        if not isinstance(value, dict):
            return value
        if text(value.get("kind")) in _SECRETS and text(value.get("apiVersion")) == "v1":
            return self._secret(value)
        return {name: self._hide(each) if name == LAST_APPLIED else self._masked(each) for name, each in value.items()}

    def _secret(self, body: Body) -> Body:
        found = {name: value if name in _SHOWN else self._part(name, value) for name, value in body.items()}
        if isinstance(metadata := body.get("metadata"), dict):
            found["metadata"] = {
                name: value if name in _SHOWN_METADATA else self._part(name, value) for name, value in metadata.items()
            }
        return found

    def _part(self, name: str, value: Any) -> Any:
        if name in _BY_KEY and isinstance(value, dict):
            return {key: self._hide(each) for key, each in value.items()}
        return self._hide(value)

    def _hide(self, value: Any) -> Hidden:
        return Hidden(hashlib.blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), key=self.key).digest())
