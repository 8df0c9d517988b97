"""What a new leader asks the API server before it starts to work: who it is, and which DesignPatterns there are."""

import asyncio
import logging
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import Protected, excess_permissions, operator_rbac
from pattern_operator.apply.operator_rbac import CLUSTER_ROLE_BINDING
from pattern_operator.handlers import decode_or_log
from pattern_operator.kube import ApiError, Session, objects, user_name
from pattern_operator.kube.wellknown import DESIGN_PATTERN
from pattern_operator.manager import LEASE_NAME, CannotRun, Process
from pattern_operator.reconcile import PatternKey, PatternStore

RBAC_PAUSE: Final = 5.0  # seconds until RBAC that could not be read is read again; doubles
LONGEST_RBAC_PAUSE: Final = 60.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """The objects that no pattern may change, because the operator needs them, and the rights that it has too much."""

    protected: Protected
    excess_permissions: str  # a clause; empty where it has none, or where patterns may use the operator's own
    rbac_was_read: bool  # else ``protected`` knows its RBAC objects by the names of manifests/ alone


async def own_account(process: Process, session: Session) -> OwnAccount:
    """Ask who the operator is, and log it with the rules in force.

    RBAC that cannot be read holds up no pattern: what runs is to be kept while a part of the API server is away. Its
    objects are protected by their usual names, and by their subjects, until ``until_rbac_is_read``.

    Raises:
        ApiError: the API server could not be asked.
    """
    user = await user_name(session)
    protected = Protected.of(user, lease=(process.lease_namespace, LEASE_NAME))
    rbac_was_read = True
    try:
        protected = replace(protected, rbac=await operator_rbac(session, protected=protected))
    except ApiError as error:
        rbac_was_read = False
        logger.warning("own RBAC cannot be read, and is protected by its usual names until it is: %s", error)
    account = f" account={protected.account.user}" if protected.account.user != user else ""
    logger.info("works as: user=%s%s", user or "(unknown)", account)
    logger.info("rules: %s", process.settings.flags)
    if not process.settings.tenancy.require_service_account:
        return OwnAccount(protected, "", rbac_was_read)
    excess = await excess_permissions(session, protected=protected)
    if excess:
        logger.warning("too many rights: %s", excess)
    return OwnAccount(protected, excess, rbac_was_read)


async def until_rbac_is_read(session: Session, *, protected: Protected) -> None:
    """Read the operator's own RBAC again until the API server answers.

    Raises:
        CannotRun: it has objects that ``protected`` does not know: the work starts again with them.
    """
    pause = RBAC_PAUSE
    while True:
        await asyncio.sleep(pause)
        try:
            found = await operator_rbac(session, protected=protected)
        except ApiError:
            pause = min(pause * 2, LONGEST_RBAC_PAUSE)
            continue
        keys = (ObjectKey(CLUSTER_ROLE_BINDING.group, kind, "", name) for kind, name in found)
        if all(protected.why(key) for key in keys):
            return
        raise CannotRun("own RBAC can be read now, and has names of its own: starting again, to protect it by them")


async def load_patterns(session: Session, patterns: PatternStore) -> list[PatternKey]:
    """List the DesignPatterns into ``patterns``; the keys of those that ask for work, the oldest first.

    Of each body only what is read is kept, before the next is built.

    Raises:
        CannotRun: the CRDs are missing.
        ApiError: the API server could not be asked.
    """
    found: set[tuple[str, PatternKey]] = set()
    try:
        async for body in objects.each(session, DESIGN_PATTERN):
            key = decode_or_log(body, patterns=patterns)
            if key is not None:
                found.add((ObjectMeta.of(body).created, key))
    except ApiError as error:
        if error.code != HTTPStatus.NOT_FOUND:
            raise
        raise CannotRun(
            f"the API server at {session.server} has no kind DesignPattern: apply crds/"
            " (kubectl apply --server-side -k crds)"
        ) from error
    return [key for _, key in sorted(found)]
