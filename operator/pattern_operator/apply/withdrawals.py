"""Our label on objects of others, set by a lost race: somebody made the object between the look and our apply.

Until it is taken off, the object is in no inventory, because its label would let it be deleted with the pattern.
"""

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.owner_metadata import get_existing, withdraw_apply
from pattern_operator.kube import Resource, Session


class Withdrawals:
    """The applies that are to be taken back, by owner (its id) and object; a failure leaves one here for the next try.

    Lost with the process: then ``adoption`` finds the label, and a pattern that is deleted looks at what carries it.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._uids: dict[tuple[str, ObjectKey], str] = {}
        self._met: set[tuple[str, ObjectKey]] = set()

    def has(self, key: ObjectKey, owner: str) -> bool:
        """Whether an apply of ``owner`` to the object is to be taken back."""
        return (owner, key) in self._uids

    def add(self, key: ObjectKey, owner: str, *, uid: str) -> None:
        """The apply of ``owner`` met the object ``uid`` of somebody else."""
        self._uids[owner, key] = uid
        self._met.add((owner, key))

    def has_met(self, key: ObjectKey, owner: str) -> bool:
        """Whether an apply of ``owner`` that was to make the object wrote into one that was there.

        What was to refuse it does not do so here: the object is looked at first, until it is the pattern's.
        """
        return (owner, key) in self._met

    def record_own(self, key: ObjectKey, owner: str) -> None:
        """The object is the pattern's own."""
        self._met.discard((owner, key))

    async def withdraw(self, key: ObjectKey, owner: str, resource: Resource, *, impersonate: str | None) -> None:
        """Take our apply off the object, unless another took its place meanwhile.

        Raises:
            ApiError: it could not be; the next try does it.
        """
        uid = self._uids[owner, key]
        existing = await get_existing(self._session, resource, key, impersonate=impersonate)
        # Admission may have taken our label off at once; the fields are there all the same.
        if existing is not None and existing.uid == uid and existing.owner in ("", owner):
            await withdraw_apply(self._session, resource, key, uid=uid, impersonate=impersonate)
        del self._uids[owner, key]
