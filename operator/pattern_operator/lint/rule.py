"""The rules of lint: its own, and those of the renderer by the names that they have there."""

from enum import StrEnum


class Severity(StrEnum):
    """How much a finding says; ``level`` of SARIF has the same words."""

    ERROR = "error"  # the operator, or the API server, refuses it
    WARNING = "warning"  # rendering repairs it
    NOTE = "note"  # it is left out, or cannot be checked


class Rule(StrEnum):
    """A rule of lint itself; every other one is a ``Repair``, a ``ComponentReason`` or a ``Reason``."""

    description: str
    severity: Severity

    def __new__(cls, value: str, severity: Severity, description: str) -> "Rule":
        """Join the public word, the severity and the sentence that documents it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.severity = severity
        member.description = description
        return member

    UNKNOWN_FIELD = (
        "UnknownField",
        Severity.ERROR,
        "The kind has no such field; server-side apply refuses the object.",
    )
    WRONG_TYPE = "WrongType", Severity.ERROR, "A field has a value of another type than its schema says."
    INVALID_VALUE = "InvalidValue", Severity.ERROR, "A value is outside of what its schema allows."
    MISSING_REQUIRED_FIELD = (
        "MissingRequiredField",
        Severity.ERROR,
        "A field that its kind requires is absent or empty.",
    )
    UNKNOWN_KIND = (
        "UnknownKind",
        Severity.ERROR,
        "The version of Kubernetes serves the group, and has no such kind in it; or the CRD has no such version.",
    )
    NO_COMPONENTS = (
        "NoComponents",
        Severity.WARNING,
        "The design has no components: there is nothing to deploy, and an update to it is refused.",
    )
    UNKNOWN_HOOK = (
        "UnknownHook",
        Severity.WARNING,
        "A Helm hook has a moment, weight or delete policy that Helm does not know: it leaves it out, or ignores that.",
    )
    NO_SCHEMA = (
        "NoSchema",
        Severity.NOTE,
        "The kind is of no schema that is at hand: bring its CRD, or use `--schemas cluster`.",
    )
    NOT_CHECKED = (
        "NotChecked",
        Severity.NOTE,
        "It cannot be checked here and now; the message says what is missing, such as parameters, helm or kustomize.",
    )
