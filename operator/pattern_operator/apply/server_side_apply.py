"""One object to the API server by server-side apply, once it is decided whose it is.

Source: Kubernetes documentation, "Server-Side Apply". Around the one request: fields that others write are released
first (``field_release``), what people put in the place of ours is taken back (``field_reclaim``), and what tools such
as kubectl or Helm set on an adopted object, or share with the pattern on its own, is handed on (``migrate``); an entry
of managedFields in a version that cannot be read gets another one (``entry_versions``). What of the pattern's fields
stays all the same is told (``co_owners``). Everything is sent in the name of the pattern's account.
"""

from dataclasses import dataclass, replace
from functools import partial

from pattern_operator.api.names import FIELD_MANAGER
from pattern_operator.api.object import Body, Object
from pattern_operator.apply.adoption import Adopt, Create, Own
from pattern_operator.apply.apply_body import apply_body
from pattern_operator.apply.apply_run import ApplyRequest
from pattern_operator.apply.co_owners import RemainingField, remaining_fields
from pattern_operator.apply.entry_versions import apply_over_versions
from pattern_operator.apply.existing import has_other_managers
from pattern_operator.apply.field_reclaim import FieldReclaim, may_reclaim
from pattern_operator.apply.field_release import fields_left_to_others, release_fields
from pattern_operator.apply.ignore_differences import Pointer, formerly_applied, without, without_released
from pattern_operator.apply.metadata_edit import MetadataEditor
from pattern_operator.apply.migrate import hand_on_share, migrate
from pattern_operator.apply.new_kind import recheck_kind
from pattern_operator.apply.ownership import add_owner_metadata
from pattern_operator.apply.pvc_size import STORAGE, explain_grown_pvc
from pattern_operator.kube import NO_VERSION, ApiError, Conflicts, Discovery, Resource, Session, objects


@dataclass(frozen=True, slots=True)
class Sent:
    """The object after its apply. ``is_of_others``: it was to be made, and somebody else had just made it.

    ``remaining`` are the fields that left the pattern by it, and stay because others have them.
    """

    body: Body
    is_of_others: bool = False
    remaining: tuple[RemainingField, ...] = ()


class ServerSideApply:
    """Sends applies. Fields of an object that is the pattern's own are taken back from whoever holds them now."""

    def __init__(self, session: Session, discovery: Discovery) -> None:
        self._session = session
        self._discovery = discovery

    async def send(
        self, desired: Object, resource: Resource, decision: Create | Own | Adopt, request: ApplyRequest
    ) -> tuple[Sent, str]:
        """Apply to the very object that ``decision`` is about; the object then, and what people should know of it.

        Raises:
            ApiError, KindNotFound: it was refused, or another object took its place (``conflict.is_overtaken``).
            ValueError: it is not JSON.
        """
        key = desired.key
        left, note = await fields_left_to_others(
            self._session,
            desired,
            rules=request.rules,
            scaled_by="" if isinstance(decision, Create) else decision.scaled_by,
            scales=isinstance(decision, Own) and decision.scales,
            scaled=(key.group, key.kind, key.namespace, key.name) in request.scaled,
            impersonate=request.impersonate,
        )
        if isinstance(decision, Own):
            left = (*left, *formerly_applied(request.rules, desired))
        send = partial(self._send_without, desired=desired, resource=resource, decision=decision, request=request)
        try:
            return await send(left), note
        except ApiError as error:
            await recheck_kind(error, resource, discovery=self._discovery)
            note = await explain_grown_pvc(self._session, resource, desired, error, impersonate=request.impersonate)
            if not note:
                raise
            return await send((*left, STORAGE)), note

    async def _send_without(
        self,
        left: tuple[Pointer, ...],
        *,
        desired: Object,
        resource: Resource,
        decision: Create | Own | Adopt,
        request: ApplyRequest,
    ) -> Sent:
        """Apply the object without what of it is left to others, but where it is made: then with all of it."""
        key, impersonate = desired.key, request.impersonate
        force = isinstance(decision, Own) or (isinstance(decision, Adopt) and request.conflicts == "Take")
        marked = add_owner_metadata(
            desired,
            owner=request.owner,
            adopted=isinstance(decision, Adopt) or (isinstance(decision, Own) and decision.adopted),
            uid="" if isinstance(decision, Create) else decision.uid,
            version=NO_VERSION if isinstance(decision, Create) and decision.conditional else "",
        )
        sent = without(marked.body, left) if left and not isinstance(decision, Create) else marked.body
        body = apply_body(replace(marked, body=sent))
        apply = partial(
            objects.apply,
            self._session,
            resource,
            body=body,
            namespace=key.namespace,
            name=key.name,
            field_manager=FIELD_MANAGER,
            conflicts=Conflicts.FORCE if force else Conflicts.FAIL,
            impersonate=impersonate,
        )
        editor = MetadataEditor(session=self._session, resource=resource, key=key, impersonate=impersonate)
        if isinstance(decision, Create):
            answer = await apply()
            if has_other_managers(answer):
                return Sent(answer, is_of_others=True)
            # From here on controllers write it, too, and are not who has made it.
            return Sent(await release_fields(editor, marked, paths=left, live=answer) if left else answer)
        reclaim = FieldReclaim(
            editor=editor,
            desired=marked,
            sent=body,
            left=left,
            may=partial(may_reclaim, decision, takes=force),
        )
        send = partial(reclaim.applied, partial(apply_over_versions, apply, editor=editor))
        keep = partial(without_released, body=marked.body, paths=left)
        if isinstance(decision, Adopt) and decision.migrates:
            await migrate(editor, send=apply, insist=send, keep=keep)
        if not isinstance(decision, Own):
            return Sent(await send())
        if any(each.hands_on for each in decision.co_owners):
            await hand_on_share(editor, keep=keep)
        if decision.touched:
            await reclaim.replaced()
        if left:
            await release_fields(editor, marked, paths=left)
        answer = await send()
        return Sent(answer, remaining=remaining_fields(decision.co_owners, answer, keep=keep))
