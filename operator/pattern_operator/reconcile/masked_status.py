"""A status without values of Secrets: in its messages, and in what they name of what was rendered. Pure.

The inventory and the hook under way stay as they are: what they name is found by them, and has its name in the cluster.
"""

from typing import Final

import msgspec

from pattern_operator.api.status import HooksStatus, RenderStatus, Status
from pattern_operator.telemetry.secret_values import Mask

MASKED: Final = frozenset({"conditions", "render", "hooks"})
"""The fields of a status that hold words; of ``hooks`` that is the message. All others are digests, versions and names
that the artifact, its signers or the spec give, which no parameter changes; and the inventory."""

_OURS: Final = frozenset({"format", "reason", "repairCounts"})  # words of the operator itself in ``status.render``


def masked(status: Status, mask: Mask) -> Status:
    """``status`` with ``mask`` over all that a rendering may have put into its words."""
    if not mask.values:
        return status
    conditions = tuple(msgspec.structs.replace(each, message=mask.text(each.message)) for each in status.conditions)
    return msgspec.structs.replace(
        status, conditions=conditions, render=_render(status.render, mask), hooks=_hooks(status.hooks, mask)
    )


def _render(render: RenderStatus | None, mask: Mask) -> RenderStatus | None:
    return None if render is None else msgspec.convert(_texts(msgspec.to_builtins(render), mask), RenderStatus)


def _texts(value: object, mask: Mask) -> object:
    """Each text of a status, however deep; it has as many levels as its type."""
    match value:
        case str():
            return mask.text(value)
        case list() | tuple():
            return [_texts(each, mask) for each in value]
        case dict():
            return {name: each if name in _OURS else _texts(each, mask) for name, each in value.items()}
        case _:
            return value


def _hooks(hooks: HooksStatus | None, mask: Mask) -> HooksStatus | None:
    return None if hooks is None else msgspec.structs.replace(hooks, message=mask.text(hooks.message))
