"""Whether a pattern could take over an object that another one owns: shown by a dry run of its own account.

Who only names an object, or may only look at it, is never offered it, and so holds nobody up. Source: Kubernetes
documentation, "Dry-run": authorization, validation and admission are the same as for the real request.
"""

from dataclasses import replace
from http import HTTPStatus

from pattern_operator.api.names import FIELD_MANAGER
from pattern_operator.api.object import Object
from pattern_operator.apply.apply_body import apply_body
from pattern_operator.apply.existing import Existing
from pattern_operator.apply.ignore_differences import Rule, pointers_of, without
from pattern_operator.apply.ownership import Owner, add_owner_metadata
from pattern_operator.kube import ApiError, Conflicts, Resource, Session, objects


async def check_takeover(
    session: Session,
    resource: Resource,
    desired: Object,
    existing: Existing,
    *,
    owner: Owner,
    rules: tuple[Rule, ...],
    impersonate: str | None,
) -> None:
    """Try, without changing anything, to apply ``desired`` to the very object ``existing`` as the one of ``owner``.

    Raises:
        ApiError: it was refused, or the API server could not say.
        ValueError: it is not JSON.
    """
    marked = add_owner_metadata(desired, owner=owner, adopted=existing.adopted, uid=existing.uid)
    body = without(marked.body, pointers_of(rules, desired))
    try:
        await objects.apply(
            session,
            resource,
            body=apply_body(replace(marked, body=body)),
            namespace=desired.key.namespace,
            name=desired.key.name,
            field_manager=FIELD_MANAGER,
            conflicts=Conflicts.FORCE,
            impersonate=impersonate,
            dry_run="All",
        )
    except ApiError as error:
        if not _is_about_dry_runs(error):
            raise


def _is_about_dry_runs(error: ApiError) -> bool:
    """Whether only a webhook that knows no dry run is in the way: by then the account was found to have the right.

    Source: k8s.io/apiserver, admission/plugin/webhook/errors, ``NewDryRunUnsupportedErr``.
    """
    return error.code == HTTPStatus.BAD_REQUEST and "does not support dry run" in error.message
