"""What all types of the kind share: camelCase in YAML, immutable in the program."""

from msgspec import Struct


class Camel(Struct, rename="camel", omit_defaults=True, kw_only=True, frozen=True):
    """The base of every type that users write or read."""
