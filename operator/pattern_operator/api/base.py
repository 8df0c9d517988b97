"""The base of all types of the API: camelCase in YAML, immutable in the program."""

from msgspec import Struct


class ApiStruct(Struct, rename="camel", omit_defaults=True, kw_only=True, frozen=True):
    """A type of the API that users write or read."""
