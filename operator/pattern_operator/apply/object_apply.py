"""One object to the cluster: made where nothing tells of one, else looked at, and applied if it may be the pattern's.

Each apply is for the very object that was looked at, or for none at all: where it is another one meanwhile, the API
server refuses, and it is looked at again.
"""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Final

from pattern_operator.api.object import Body, Object, ObjectKey
from pattern_operator.apply.adoption import Adopt, Create, Own, Refuse, Skip
from pattern_operator.apply.apply_answer import check_answer, note_of
from pattern_operator.apply.apply_run import ApplyRun
from pattern_operator.apply.errors import is_unavailable
from pattern_operator.apply.existing import read
from pattern_operator.apply.object_locks import ObjectLocks
from pattern_operator.apply.ownership_check import OwnershipCheck
from pattern_operator.apply.server_side_apply import ServerSideApply
from pattern_operator.apply.transfer import Transfers
from pattern_operator.apply.withdrawals import Withdrawals
from pattern_operator.kube import ApiError, Resource
from pattern_operator.kube.conflict import is_field_conflict, is_optimistic_lock, is_overtaken
from pattern_operator.kube.kind_existence import is_missing

LOOKS: Final = 3  # at an object that others make anew meanwhile


class Contested(Exception):
    """Others changed the object, or made it anew, between each look at it and the apply."""

    def __init__(self) -> None:
        super().__init__("is changed or created again and again by somebody else; it is retried later.")


class ObjectApply:
    """Applies one object at a time; ``check`` tells whose it is, ``withdrawals`` what is to be taken back.

    ``on_request`` is called with the key before anything is sent that may change the object.
    """

    def __init__(
        self,
        *,
        check: OwnershipCheck,
        sender: ServerSideApply,
        withdrawals: Withdrawals,
        transfers: Transfers,
        on_request: Callable[[ObjectKey], None],
    ) -> None:
        self._check = check
        self._sender = sender
        self._withdrawals = withdrawals
        self._transfers = transfers
        self._on_request = on_request
        self._locks = ObjectLocks()

    async def apply(self, desired: Object, resource: Resource, run: ApplyRun) -> Body | Skip | Refuse:
        """Look whose the object is, and apply it where it may be the pattern's; the answer, or why it was not sent.

        Nobody looks before what nothing tells of is made. Each apply is for the very object that was looked at (its
        UID, or that there is none): where another took its place meanwhile, the API server refuses, and it is looked at
        again.

        Raises:
            ApiError, KindNotFound: it was refused.
            Contested, LockTimeout: others were faster each time, or have not got an answer yet; whose the object is
                now is not known.
            UnexpectedAnswer: it was answered, and is not the object that was asked for, or not the pattern's own.
            ValueError: it is not JSON.
        """
        key, owner = desired.key, run.request.owner
        await self._withdraw(key, resource, run)
        must_look = self._withdrawals.has_met(key, owner.id)  # a watch may not show yet that it was taken back
        lock = self._locks.at(key)
        if not must_look and await self._check.need_not_look(key, resource, run.request):
            made = await self._create(desired, resource, run)
            if made is not None:
                return made
            must_look = True  # a watch may show our label by now, of an apply that was taken back
        for number in range(LOOKS):
            since = lock.uses
            known = None if number or must_look else self._check.known(key, owner)
            decision = known or await self._check.look(desired, resource, run.request)
            if isinstance(decision, Skip | Refuse):
                return decision
            send = partial(self._send, desired, resource, decision, run)
            try:  # what carries our label already is nobody else's to take: no lock is needed
                with self._transfers.taking(key, owner):
                    answer = await (send() if known is not None else lock.run(send, since=since))
            except ApiError as error:
                if not is_optimistic_lock(error) or number + 1 == LOOKS:
                    raise
                continue  # the quota that counts the object was changed meanwhile
            if answer is not None:
                return answer
        raise Contested

    async def _create(self, desired: Object, resource: Resource, run: ApplyRun) -> Body | None:
        """Make the object where there is none; None where there is one, which is to be looked at.

        Of several that make it at once the API server lets one, so no lock is needed. An apply to an object of others
        may also be refused for what is in it, by a field manager or by admission: so each refusal of an object that is
        there is left to the look.

        Raises:
            ApiError, KindNotFound: there is none, and it cannot be made; or the API server does not say.
            ValueError: it is not JSON.
        """
        try:
            return await self._send(desired, resource, Create(conditional=True), run)
        except ApiError as error:
            if is_field_conflict(error) or is_optimistic_lock(error):  # of the object's fields, or of a quota
                return None
            if is_unavailable(error) or (error.code == HTTPStatus.NOT_FOUND and not error.is_denial):
                raise  # nobody can say, or there can be none
            if not await self._check.is_there(desired.key, resource, run.request):
                raise
            return None

    async def _send(
        self, desired: Object, resource: Resource, decision: Create | Own | Adopt, run: ApplyRun
    ) -> Body | None:
        """Apply to the very object that was looked at; None where another took its place, to be looked at anew."""
        key = desired.key
        self._on_request(key)
        try:
            sent, note = await self._sender.send(desired, resource, decision, run.request)
        except ApiError as error:
            is_gone = not isinstance(decision, Create) and is_missing(error, key.name)
            if not (is_overtaken(error, resource, key.name) or is_gone):
                raise
            return None
        if not sent.is_of_others:
            uid = "" if isinstance(decision, Create) else decision.uid
            check_answer(sent.body, key=key, uid=uid, owner=run.request.owner.id)
            if note := note or note_of(sent.body):
                run.notes[key] = note
            if sent.remaining:
                run.remaining[key] = sent.remaining
            run.record_change(key, decision, sent.body)
            self._withdrawals.record_own(key, run.request.owner.id)
            return sent.body
        # Somebody made it between the look and the apply, and the API server did not refuse that (``create_only``): it
        # is theirs, and decided about as such.
        self._withdrawals.add(key, run.request.owner.id, uid=read(sent.body).uid)
        await self._withdraw(key, resource, run)
        return None

    async def _withdraw(self, key: ObjectKey, resource: Resource, run: ApplyRun) -> None:
        """Take back an apply that met somebody else's object, also of an earlier run."""
        owner = run.request.owner.id
        if not self._withdrawals.has(key, owner):
            return
        run.disowned.add(key)
        self._on_request(key)
        await self._withdrawals.withdraw(key, owner, resource, impersonate=run.request.impersonate)
        run.disowned.discard(key)
