"""Who the operator is to the API server, by the server's own word."""

import pytest
from tests.kube.fake_session import FakeSession
from tests.testbed.testbed import Testbed

from pattern_operator.kube import ApiError, Endpoint, Session, can_patch_everything, user_name
from pattern_operator.kube.endpoint import StaticAuth, tls_context


async def test_the_server_tells_the_user_that_the_credentials_stand_for(session):
    assert await user_name(session) == "admin"


async def test_an_account_is_told_by_its_user_name(cluster: Testbed):
    admin = cluster.controlplane.admin
    cluster.kubectl("create", "serviceaccount", "runner", "--namespace", "default")
    token = cluster.kubectl("create", "token", "runner", "--namespace", "default").strip()
    account = Endpoint(
        server=admin.server,
        authorization=StaticAuth(f"Bearer {token}"),
        tls=tls_context(ca=admin.ca.read_text()),
    )

    async with Session.open(account) as session:
        user = await user_name(session)
        everything = await can_patch_everything(session)
    cluster.kubectl("delete", "serviceaccount", "runner", "--namespace", "default")

    assert user == "system:serviceaccount:default:runner"
    assert not everything


async def test_the_server_tells_that_an_administrator_may_change_everything(session):
    assert await can_patch_everything(session)


@pytest.mark.parametrize("answer", [b"{}", b'{"status":[]}', b'{"status":{"userInfo":{"username":7}}}'])
async def test_an_answer_of_another_shape_tells_nobody(answer: bytes):
    assert await user_name(FakeSession(answer)) == ""


@pytest.mark.parametrize("code", [403, 404])
async def test_a_server_that_does_not_tell_is_not_a_failure(code: int):
    assert await user_name(FakeSession(ApiError(code=code, reason="", message="no"))) == ""


async def test_a_server_that_cannot_be_asked_is_one():
    with pytest.raises(ApiError):
        await user_name(FakeSession(ApiError(code=500, reason="InternalError", message="no")))


@pytest.mark.parametrize(
    ("answer", "may"),
    [
        (b'{"status":{"allowed":true}}', True),
        (b'{"status":{"allowed":false}}', False),
        (b'{"status":{"allowed":"true"}}', False),
        (b"{}", False),
    ],
)
async def test_only_a_server_that_says_so_lets_a_user_change_everything(answer: bytes, may: bool):
    assert await can_patch_everything(FakeSession(answer)) is may
