"""How often, and how long, what a new kind lacks is retried."""

import asyncio

import pytest
from tests.faketime import run

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import Owner
from pattern_operator.apply.apply_run import ApplyRequest, ApplyRun
from pattern_operator.apply.new_kind import NEW_KIND_DELAYS, retry_new_kind
from pattern_operator.kube import KindNotFound, Resource

WIDGET = ObjectKey("example.com", "Widget", "team", "w")
OTHER = ObjectKey("example.com", "Gadget", "team", "g")
WIDGETS = Resource("example.com", "v1", "Widget", "widgets", namespaced=True)


def bringing(*kinds: Resource) -> ApplyRun:
    request = ApplyRequest(
        owner=Owner("id", "team", "web"),
        conflicts="Fail",
        adopt="IfUnowned",
        rules=(),
        owned=(),
        impersonate=None,
        scaled=frozenset(),
    )
    return ApplyRun(request=request, own_kinds={(r.group, r.version, r.kind): r for r in kinds}, namespaces=set())


class Served:
    """A kind that is served after some tries."""

    def __init__(self, after: int) -> None:
        self.after, self.tries = after, 0

    async def __call__(self) -> str:
        self.tries += 1
        if self.tries <= self.after:
            raise KindNotFound(group="example.com", kind="Widget", version="v1")
        return "applied"


@pytest.mark.parametrize("after", range(len(NEW_KIND_DELAYS) + 1))
def test_it_is_tried_again_with_growing_pauses_until_it_is_served(after: int):
    async def scenario() -> tuple[str, float]:
        begun = asyncio.get_running_loop().time()
        answer = await retry_new_kind(Served(after), WIDGET, bringing(WIDGETS))
        return answer, asyncio.get_running_loop().time() - begun

    answer, took = run(scenario())

    assert answer == "applied"
    assert took == pytest.approx(sum(NEW_KIND_DELAYS[:after]))


def test_in_the_end_it_fails_and_what_is_not_brought_fails_at_once():
    never, other = Served(99), Served(99)

    async def scenario() -> None:
        with pytest.raises(KindNotFound):
            await retry_new_kind(never, WIDGET, bringing(WIDGETS))
        with pytest.raises(KindNotFound):
            await retry_new_kind(other, OTHER, bringing())

    run(scenario())

    assert (never.tries, other.tries) == (len(NEW_KIND_DELAYS) + 1, 1)
