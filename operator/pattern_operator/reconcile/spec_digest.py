"""The digest that stands for what a spec asks for, however it is fetched: status keeps it of what was applied. Pure."""

import hashlib
from typing import Final

import msgspec

from pattern_operator.api.spec import Spec

_DIGITS: Final = 24  # of a SHA-256 that are kept: 96 bits


def spec_digest(spec: Spec) -> str:
    """What stands for the part of a spec that decides which objects are applied and how."""
    source = spec.source
    # Defaults are left out of the JSON, so that a field that a later version adds changes no digest.
    return digest_of([source.url, source.ref, source.layer, spec.verify, spec.render, spec.apply])


def was_asked_by(spec: Spec, state: str) -> bool:
    """Whether ``state``, as status keeps it (``reached.state_of``), is that of ``spec``, with whatever policy."""
    return bool(state) and state.partition("-")[0] == spec_digest(spec)


def digest_of(parts: object) -> str:
    """What stands for values that have a JSON form."""
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:_DIGITS]
