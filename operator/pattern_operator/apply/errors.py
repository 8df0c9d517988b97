"""What a refusal of the API server means for a pattern: the reason, what the server says, and the next step.

What is shown of the server's words has no value of an object in it (``kube.status_message``).
"""

from http import HTTPStatus
from typing import Final

from pattern_operator.api.account import ServiceAccount
from pattern_operator.api.object import ObjectKey, pluralize
from pattern_operator.api.reason import Reason
from pattern_operator.apply.immutable import next_step, says_immutable, without_subject
from pattern_operator.apply.need import KindNeeded, NamespaceNeeded, Need, RightsNeeded
from pattern_operator.apply.rbac_denial import MissingPermission
from pattern_operator.apply.result import ApplyFailure
from pattern_operator.kube.conflict import is_optimistic_lock
from pattern_operator.kube.errors import ApiError, KindNotFound, is_unreadable_entry
from pattern_operator.kube.status_message import MAX_CAUSES
from pattern_operator.quote import first_few

VERBS: Final = "get, create, patch and delete"  # what applying an object, and removing it again, takes
_MANAGERS: Final = 3  # field managers that a message names before it says what to do
_FIELDS: Final = 20  # fields of a conflict that a message names


def failure_of(
    key: ObjectKey, error: ApiError, *, otherwise: Reason = Reason.APPLY_FAILED, account: str | None = None
) -> ApplyFailure:
    """The failure that ``error`` is for the object; ``otherwise`` is its reason when nothing more special fits.

    ``account`` is the user in whose name it was to be applied for a pattern; None where it was the operator itself, or
    something else was tried.
    """
    reason, message = _judge(key, error, otherwise, ServiceAccount.of_user(account or ""))
    return ApplyFailure(key, reason, message, error.retry_after, _need(key, error, reason))


def kind_not_found(key: ObjectKey, error: KindNotFound) -> ApplyFailure:
    """The failure of an object whose kind is not there."""
    need = KindNeeded(error.group, error.kind, error.version or "")
    return ApplyFailure(key, Reason.KIND_NOT_FOUND, error.fact, need=need, next_step=error.next_step)


def _need(key: ObjectKey, error: ApiError, reason: Reason) -> Need | None:
    if is_missing_namespace(error):
        return NamespaceNeeded(key.namespace)
    if reason is Reason.FORBIDDEN:
        return RightsNeeded(key.namespace)
    # The "default" account of a new namespace is made a moment later: what needs it is refused until then.
    account = error.code == HTTPStatus.FORBIDDEN and "serviceaccount" in error.message.replace(" ", "")
    return RightsNeeded(key.namespace) if account else None


def deletion_failure_of(key: ObjectKey, error: ApiError, *, otherwise: Reason, account: str | None) -> ApplyFailure:
    """The failure of an object that could not be deleted, or looked at to be deleted; as ``failure_of`` for the rest.

    What the account lacks to delete is less than what it takes to apply, and no change of the artifact makes up for it.
    """
    lacking = MissingPermission.of(error)
    if lacking is None:
        return failure_of(key, error, otherwise=otherwise, account=account)
    message = (
        f"{error.message}. To have it deleted, {lacking.granted('get', 'delete')}; make the account first if it is"
        " gone."
    )
    return ApplyFailure(key, Reason.FORBIDDEN, message, error.retry_after, RightsNeeded(key.namespace))


def reason_of(error: ApiError) -> Reason:
    """The reason of an error that is about no object: what was refused was answered, so the server is not away."""
    refused = error.code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    return Reason.FORBIDDEN if refused else Reason.API_SERVER_UNAVAILABLE


def is_unavailable(error: ApiError) -> bool:
    """Whether the API server does not answer, or still asks to slow down after the session's own tries.

    The rest of a run is not tried then: each request would wait as long, and make it worse.
    """
    return error.code in (0, HTTPStatus.TOO_MANY_REQUESTS) and not error.is_denial


def passes_by_itself(error: ApiError) -> bool:
    """Whether what was refused may pass at the next try although nobody has changed anything."""
    return is_unavailable(error) or is_optimistic_lock(error) or error.code >= HTTPStatus.INTERNAL_SERVER_ERROR


def is_missing_namespace(error: ApiError) -> bool:
    """Whether the API server has not got (or not seen) the namespace yet, rather than the kind."""
    return error.code == HTTPStatus.NOT_FOUND and error.message.startswith('namespaces "')


def _judge(key: ObjectKey, error: ApiError, otherwise: Reason, account: ServiceAccount | None) -> tuple[Reason, str]:
    if error.is_denial:  # its code is the choice of who wrote the webhook or the policy
        return otherwise, _denial(key, error)
    match error.code:
        case 0 | 429 | 502 | 503 | 504:
            return Reason.API_SERVER_UNAVAILABLE, error.message
        case HTTPStatus.CONFLICT if held := _held(error):
            return Reason.CONFLICT, _conflict(held, at_least="at least " if len(error.causes) == MAX_CAUSES else "")
        case HTTPStatus.UNPROCESSABLE_ENTITY if way_out := _way_out_of_definition(key, error):
            return otherwise, f"{without_subject(error.message)}. {way_out}"
        case HTTPStatus.UNPROCESSABLE_ENTITY if is_unreadable_entry(error):
            way_out = (
                "Apply it in the version that is stored (spec.versions of the CRD), or clear metadata.managedFields"
            )
            return otherwise, f"{error.message}. {way_out}: set it to a list of one empty entry, [{{}}]."
        case HTTPStatus.NOT_FOUND if is_missing_namespace(error):
            way_out = "Create the namespace, add it to the pattern, or set spec.apply.createNamespace: true."
            return otherwise, f"{error.message}. {way_out}"
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return otherwise, (
                f"{error.message}: the object is larger than the API server takes (1.5 MiB with what it adds). Make it"
                " smaller, or split it."
            )
        case HTTPStatus.UNPROCESSABLE_ENTITY | HTTPStatus.FORBIDDEN | HTTPStatus.BAD_REQUEST if says_immutable(
            error.message
        ):
            said = without_subject(error.message)  # the failure names the object
            return otherwise, f"{said}. The field cannot be changed on an object that exists: {next_step(key)}"
        case HTTPStatus.FORBIDDEN:
            return _forbidden(key, error, otherwise, account)
    return otherwise, error.message


def _denial(key: ObjectKey, error: ApiError) -> str:
    """The words of a webhook or a policy; of a field that it does not let change the way out, too."""
    if not says_immutable(error.message):
        return error.message
    return f"{error.message}. The field cannot be changed on an object that exists: {next_step(key)}"


def _way_out_of_definition(key: ObjectKey, error: ApiError) -> str:
    """What to do about a change of a CRD that validation (apiextensions) refuses; empty where nothing is known."""
    if key.kind != "CustomResourceDefinition":
        return ""
    if any(cause.field.startswith("status.storedVersions") for cause in error.causes):
        return _stored_versions(key)
    if any(cause.field.startswith("spec.conversion.webhookClientConfig") for cause in error.causes):
        return _webhook_left(key)
    return ""


def _stored_versions(key: ObjectKey) -> str:
    """How a version of a CRD is dropped (Kubernetes documentation, "Versions in CustomResourceDefinitions")."""
    return (
        "Objects may still be stored in that version. Keep it in spec.versions with served: false; write every object"
        f" again (kubectl get {key.name} -A -o yaml | kubectl replace -f -); take the version out of"
        f" status.storedVersions (kubectl edit crd {key.name} --subresource=status); only then drop it from the"
        " pattern."
    )


def _webhook_left(key: ObjectKey) -> str:
    return (
        "Another manager has written a field of the webhook, as cainjector does with caBundle, and an apply leaves what"
        f" is another's. Remove it: kubectl patch crd {key.name} --type=json"
        """ -p '[{"op": "replace", "path": "/spec/conversion", "value": {"strategy": "None"}}]'."""
    )


def _forbidden(
    key: ObjectKey, error: ApiError, otherwise: Reason, account: ServiceAccount | None
) -> tuple[Reason, str]:
    """403 is also what quotas, pod security and other admission say; only RBAC names a user and a verb."""
    if error.is_namespace_terminating:
        return otherwise, f"{error.message}. It is applied again; let the deletion of the namespace end."
    if "cannot impersonate" in error.message:  # the operator itself is refused: no right of the account would help
        return Reason.FORBIDDEN, (
            f"{error.message}. Name another account in spec.apply.serviceAccountName, or let the operator impersonate"
            " this one (ClusterRole pattern-operator-follower, resourceNames)."
        )
    if "is attempting to grant RBAC permissions" in error.message:
        return otherwise, (
            f"{error.message}. Nobody can give rights that they do not have: have them granted to that account, too, or"
            " remove the object from the artifact."
        )
    if "cannot" in error.message and "User" in error.message:
        return Reason.FORBIDDEN, f"{error.message}. {_grant(key, error, account)}"
    return otherwise, error.message


def _grant(key: ObjectKey, error: ApiError, account: ServiceAccount | None) -> str:
    """Which account to grant what; of an account that does not exist the API server only says that it may not."""
    if account is None:
        lacking = MissingPermission.of(error)
        return f"{_sentence(lacking.granted())}." if lacking else "Grant that account this verb on this resource."
    grant = f"Grant ServiceAccount {account.namespace}/{account.name} the verbs {VERBS} on this resource"
    if not key.namespace:
        grant += " (by a ClusterRoleBinding), or remove the object from the artifact"
    elif key.namespace != account.namespace:
        grant += f" in namespace {key.namespace}, or set spec.render.targetNamespace: {account.namespace}"
    return f"{grant}. Does this account exist? If not, create it or correct spec.apply.serviceAccountName."


def _sentence(clause: str) -> str:
    return clause[:1].upper() + clause[1:]


def _held(error: ApiError) -> list[tuple[str, str]]:
    """Each field that another manager holds, with who that is (``"kubectl" using v1``)."""
    conflicts = (cause for cause in error.causes if cause.reason == "FieldManagerConflict")
    return [(cause.message.removeprefix("conflict with "), cause.field) for cause in conflicts]


def _conflict(held: list[tuple[str, str]], *, at_least: str) -> str:
    """The fact, the way out, and then the fields: a message that is cut loses only some of these."""
    managers = list(dict.fromkeys(manager for manager, _ in held))
    who = first_few(managers, _MANAGERS)
    fields: dict[str, list[str]] = {}
    for manager, field in held[:_FIELDS]:
        fields.setdefault(manager, []).append(field)
    rest = len(held) - _FIELDS
    text = "; ".join(f"{manager} holds {', '.join(names)}" for manager, names in fields.items())
    are = "is" if len(held) == 1 else "are"
    return (
        f"{at_least}{pluralize(len(held), 'field')} of it {are} held with other values by {who} (field managers):"
        f" remove them from the pattern, or set spec.apply.conflicts: Take to take them over. {text}"
        + (f" and {at_least}{rest} more" if rest > 0 else "")
    )
