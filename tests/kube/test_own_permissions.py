"""What the operator itself is refused: known from the answers that it gets, for as long as it is so."""

import pytest
from aiohttp import web
from tests.kube.fake_apiserver import script, serving

from pattern_operator.kube import OwnPermissions
from pattern_operator.kube.own_permissions import LASTS

PATH = "/apis/pattern-operator.io/v1alpha1/designpatterns"


def test_a_refusal_lasts_until_the_same_is_allowed():
    access = OwnPermissions()

    access.answered("list designpatterns.pattern-operator.io", 403)
    access.answered("patch designpatterns.pattern-operator.io/status", 200)
    refused = access.complaint
    access.answered("list designpatterns.pattern-operator.io", 200)

    assert refused.startswith("the operator itself may not list designpatterns.pattern-operator.io (403): give it its")
    assert access.complaint == ""


def test_a_refusal_that_is_not_repeated_is_not_a_fault_for_ever():
    now = 1000.0
    access = OwnPermissions(clock=lambda: now)
    access.answered("patch designpatterns.pattern-operator.io", 403)  # for a pattern that was deleted since
    access.answered("list designpatterns.pattern-operator.io", 403)
    now += LASTS - 1
    access.answered("list designpatterns.pattern-operator.io", 403)
    now += 2

    assert access.complaint.startswith("the operator itself may not list designpatterns.pattern-operator.io (403)")


def test_credentials_that_are_not_taken_any_more_are_told_apart():
    access = OwnPermissions()

    access.answered("list designpatterns.pattern-operator.io", 401)

    assert "does not accept the operator's credentials any more" in access.complaint


def test_several_refusals_are_one_line():
    access = OwnPermissions()
    for verb in ("list", "watch", "patch"):
        access.answered(f"{verb} designpatterns.pattern-operator.io", 403)

    assert "may not list designpatterns.pattern-operator.io and 2 more (403)" in access.complaint


@pytest.mark.parametrize("code", [0, 199, 300, 404, 409, 422, 429, 500, 503])
def test_a_server_that_is_away_or_fails_refuses_nothing_and_allows_nothing(code: int):
    access, refused = OwnPermissions(), OwnPermissions()
    refused.answered("list x", 403)

    access.answered("list x", code)
    refused.answered("list x", code)

    assert access.complaint == ""
    assert refused.complaint != ""


async def test_what_kopf_is_refused_is_noted():
    answer, _ = script(web.Response(status=403, body=b"{}"), web.Response(body=b'{"metadata":{},"items":[]}'))

    async with serving(answer) as session:
        noted: list[tuple[int, str]] = []
        for _ in range(2):
            async with session.kopf_http.get(session.server + PATH, params={"limit": "500"}) as response:
                noted.append((response.status, session.own_permissions.complaint))

    (refused, why), answered = noted
    assert refused == 403
    assert "may not list designpatterns.pattern-operator.io (403)" in why
    assert answered == (200, "")


async def test_what_the_operators_session_asks_for_others_is_not_noted():
    answer, _ = script(web.Response(status=403, body=b"{}"))

    async with serving(answer) as session, session.http.get(session.server + PATH):
        assert session.own_permissions.complaint == ""


def test_a_refusal_is_over_when_its_time_is():
    moments = [1000.0]
    access = OwnPermissions(clock=lambda: moments[-1])
    access.answered("list designpatterns.pattern-operator.io", 403)
    complaints = list[str]()
    for passed in (LASTS - 1, LASTS):
        moments.append(1000.0 + passed)
        complaints.append(access.complaint)

    assert list(map(bool, complaints)) == [True, False]
