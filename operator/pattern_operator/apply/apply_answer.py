"""Whether the answer to an apply shows the object that was asked for, as the pattern's own. Pure.

Mutating admission sees each apply and may change what is stored, and an aggregated API server or a proxy may answer as
it likes. An object that has lost our label is one of which no watch tells, and that would be left behind when it leaves
the pattern: its apply is not one that succeeded, whatever code the answer has.
"""

from typing import Final

from pattern_operator.api.fields import MAX_NAME, ObjectMeta
from pattern_operator.api.names import FIELD_MANAGER, OWNER_LABEL
from pattern_operator.api.object import Body, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.existing import is_ours
from pattern_operator.apply.ownership import label_of
from pattern_operator.quote import one_line

_WAY_OUT: Final = (
    "Let it keep the labels of pattern-operator.io: `kubectl get mutatingwebhookconfigurations,"
    "mutatingadmissionpolicies` shows what there is; of an aggregated API server, ask who runs it"
)
NOT_TRACKED: Final = (
    f"was stored without an entry of {FIELD_MANAGER} in metadata.managedFields, so changes of it by others are not"
    " seen, and fields that leave the artifact stay: something that changes objects on their way takes it off"
)


class UnexpectedAnswer(Exception):
    """An apply was answered as if it had succeeded, and the object is not as it was to be.

    ``reason`` is public; the message does not name the object that was asked for.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def check_answer(answer: Body, *, key: ObjectKey, uid: str, owner: str) -> None:
    """Look at the answer to an apply of ``key`` for the pattern with the id ``owner``.

    ``uid`` is that of the object that the apply was for; empty: it was to be made.

    Raises:
        UnexpectedAnswer: it is about another object, or does not have the pattern's label.
    """
    meta = ObjectMeta.of(answer)
    if (meta.namespace, meta.name) != (key.namespace, key.name):
        found = one_line(f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name, MAX_NAME)
        raise UnexpectedAnswer(
            Reason.APPLY_FAILED,
            f"the API server answered the apply with another object ({found or 'one without a name'})"
            ": look at what is between it and the operator.",
        )
    if uid and meta.uid != uid:
        raise UnexpectedAnswer(
            Reason.APPLY_FAILED,
            "the API server answered the apply with another object of the same name, although it was for the one that"
            " was there: look at what is between it and the operator.",
        )
    if (label := label_of(meta.raw)) != owner:
        lost = "with another value of" if label else "without"
        raise UnexpectedAnswer(
            Reason.OWNER_LABEL_REMOVED,
            f"was applied, and stored {lost} the label {OWNER_LABEL}, which something changes on its way (a mutating"
            " webhook or policy, an aggregated API server): nothing tells what becomes of it, and it stays when the"
            f" pattern goes. {_WAY_OUT}.",
        )


def note_of(answer: Body) -> str:
    """What people should know of an object that was applied; empty where all is as it should be."""
    return "" if any(is_ours(each) for each in ObjectMeta.of(answer).managers) else NOT_TRACKED
