"""The base of all types of the API: camelCase in YAML, immutable in the program."""

from msgspec import Struct


class ApiStruct(Struct, rename="camel", omit_defaults=True, kw_only=True, frozen=True, gc=False):
    """A type of the API that users write or read.

    Frozen, and made of what was there before it, so that none is ever part of a cycle: the garbage collector need not
    look at them (``gc``), which are a third of all that is kept of a pattern.
    """


class StrictStruct(ApiStruct, frozen=True, forbid_unknown_fields=True):
    """As ``ApiStruct``, and a field that it does not have is refused: what says whom to trust is read whole or not."""
