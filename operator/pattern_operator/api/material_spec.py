"""What a signature is checked with, as users write it: text, or an entry of a Secret or ConfigMap.

The entry is of the namespace of a DesignPattern, and for a TrustPolicy of the operator's own.
"""

from typing import Annotated, Final

from msgspec import Meta

from pattern_operator.api.base import StrictStruct
from pattern_operator.api.types import DataKey, Pem, ResourceName, cel

_SEE = "in the namespace of the DesignPattern; for a TrustPolicy, in the operator's"
ONE_OF_THREE: Final = "[has(self.data), has(self.secretRef), has(self.configMapRef)].filter(x, x).size() == 1"
_NO_PRIVATE_KEY: Final = (
    "!self.contains('PRIVATE KEY-----')",
    "must not contain a private key: remove it, and treat it as disclosed",
)

MaterialText = Annotated[str, Meta(min_length=1, max_length=32768), cel(_NO_PRIVATE_KEY)]


class KeyReference(StrictStruct, frozen=True):
    """One entry of a Secret or ConfigMap that contains a public key."""

    name: Annotated[ResourceName, Meta(description=f"Name of the Secret or ConfigMap, {_SEE}.")]
    key: Annotated[DataKey, Meta(description="The entry of its data.")] = "cosign.pub"


class EntryReference(StrictStruct, frozen=True):
    """One entry of a Secret or ConfigMap."""

    name: Annotated[ResourceName, Meta(description=f"Name of the Secret or ConfigMap, {_SEE}.")]
    key: Annotated[DataKey, Meta(description="The entry of its data.")]


class Key(StrictStruct, frozen=True):
    """A public key: exactly one of its text, a Secret entry or a ConfigMap entry."""

    data: Annotated[
        Pem | None,
        Meta(description="The public key itself: PEM of an ECDSA, RSA or Ed25519 key."),
    ] = None
    secret_ref: Annotated[KeyReference | None, Meta(description="A Secret entry that contains the PEM.")] = None
    config_map_ref: Annotated[KeyReference | None, Meta(description="A ConfigMap entry that contains the PEM.")] = None


class Material(StrictStruct, frozen=True):
    """What a signature is checked with: exactly one of its text, a Secret entry or a ConfigMap entry."""

    data: Annotated[MaterialText | None, Meta(description="The text itself.")] = None
    secret_ref: Annotated[EntryReference | None, Meta(description="A Secret entry that contains it.")] = None
    config_map_ref: Annotated[EntryReference | None, Meta(description="A ConfigMap entry that contains it.")] = None


ONE_SOURCE: Final = cel((ONE_OF_THREE, "needs exactly one of data, secretRef or configMapRef"))
