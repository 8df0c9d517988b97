"""The service account of a pod, and the token that the kubelet replaces."""

from pathlib import Path
from typing import Any

import pytest
from tests.kube.apiserver import ApiServer, user_at

from pattern_operator.kube import ApiError, CredentialsError, Endpoint
from pattern_operator.kube.in_cluster import in_cluster


@pytest.fixture
def account(server: ApiServer, tmp_path: Path) -> Path:
    """The files that a pod finds, as the kubelet lays them out."""
    (tmp_path / "ca.crt").write_text(server.authority.ca.read_text())
    (tmp_path / "namespace").write_text("patterns\n")
    (tmp_path / "token").write_text(server.token + "\n")
    return tmp_path


def endpoint_of(server: ApiServer, account: Path, **more: Any) -> Endpoint:
    return in_cluster(host="127.0.0.1", port=str(server.port), root=account, **more)


async def test_a_pod_uses_its_service_account(server, account):
    endpoint = endpoint_of(server, account)

    assert await user_at(endpoint) == "admin"
    assert endpoint.namespace == "patterns"


async def test_a_rotated_token_is_used_without_a_new_session(server, account):
    time = 0.0
    endpoint = endpoint_of(server, account, clock=lambda: time)
    first = await user_at(endpoint)
    (account / "token").write_text(server.other_token)

    time += 5.0
    before = await user_at(endpoint)
    time += 6.0
    after = await user_at(endpoint)

    assert (first, before, after) == ("admin", "admin", "other")


async def test_a_refused_token_is_read_again_at_once(server, account):
    (account / "token").write_text("expired")
    endpoint = endpoint_of(server, account)
    (account / "token").write_text(server.other_token)

    assert await user_at(endpoint) == "other"


async def test_a_token_that_stays_refused_is_an_error_after_one_more_look(server, account):
    (account / "token").write_text("expired")

    with pytest.raises(ApiError) as refusal:
        await user_at(endpoint_of(server, account))

    assert (refusal.value.code, refusal.value.reason) == (401, "Unauthorized")


async def test_a_token_file_that_is_being_swapped_keeps_the_token_that_was(server, account):
    time = 0.0
    endpoint = endpoint_of(server, account, clock=lambda: time)
    (account / "token").unlink()
    time += 60.0

    assert await user_at(endpoint) == "admin"


@pytest.mark.parametrize("missing", ["token", "ca.crt"])
def test_a_service_account_without_its_files_is_refused(server, account, missing):
    (account / missing).unlink()

    with pytest.raises(CredentialsError, match=str(account)):
        endpoint_of(server, account)
