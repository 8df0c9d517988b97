"""What a signature is checked with, as users write it: text, or an entry of a Secret or ConfigMap.

The entry is of the namespace of a DesignPattern, and for a TrustPolicy of the operator's own.
"""

from typing import Annotated, Final

from msgspec import Meta

from pattern_operator.api.base import StrictStruct
from pattern_operator.api.types import DataKey, Pem, ResourceName, cel

# What is wrong with a text is a rule of the object around it: of a text itself the API server would print all, and it
# may be a private key.
_SEE = "in the namespace of the DesignPattern; for a TrustPolicy, in the operator's"
ONE_OF_THREE: Final = "[has(self.data), has(self.secretRef), has(self.configMapRef)].filter(x, x).size() == 1"
NO_PRIVATE_KEY: Final = (
    "!has(self.data) || !self.data.contains('PRIVATE KEY-----')",
    "data must not contain a private key: remove it, and treat it as disclosed",
)
KEY_RULES: Final = cel(
    (ONE_OF_THREE, "key needs exactly one of data, secretRef or configMapRef"),
    (
        "!has(self.data) || self.data.contains('-----BEGIN PUBLIC KEY-----')"
        " && self.data.split('-----BEGIN ').size() == 2",
        "data must be the PEM of one public key: cosign.pub, beginning with -----BEGIN PUBLIC KEY-----",
    ),
    NO_PRIVATE_KEY,
)

MaterialText = Annotated[str, Meta(min_length=1, max_length=32768)]


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


ONE_SOURCE: Final = cel((ONE_OF_THREE, "needs exactly one of data, secretRef or configMapRef"), NO_PRIVATE_KEY)
