"""What a worker process has of the one that started it: its socket."""

import os

import pytest
from tests.sandbox.jobs import LARGE
from tests.sandbox.test_sandbox import objects_of, workers

from pattern_operator.limits import MIB


@pytest.mark.parametrize("variable", ["HOME", "PATTERN_SECRET"])
async def test_a_worker_inherits_nothing(monkeypatch, sandbox, tmp_path, variable):
    monkeypatch.setenv(variable, "planted")
    secret = (tmp_path / "secret").open("w")
    os.set_inheritable(secret.fileno(), True)

    await objects_of(sandbox, LARGE)

    (worker,) = workers()
    environment = open(f"/proc/{worker}/environ", "rb").read()  # noqa: SIM115, PTH123, ASYNC230 - files of /proc, which are read at once
    assert b"planted" not in environment
    limits = open(f"/proc/{worker}/limits").read()  # noqa: SIM115, PTH123, ASYNC230 - files of /proc, which are read at once
    assert str(160 * MIB) in limits
    handles = {os.readlink(f"/proc/{worker}/fd/{handle}") for handle in os.listdir(f"/proc/{worker}/fd")}  # noqa: PTH208, PTH115 - files of /proc, which are read at once
    assert not any("secret" in each for each in handles)
    assert len(handles) <= 2  # its socket and /dev/null
