"""Who an operator is: a pod by its name, anything else by its host and process, which may have ended."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from pattern_operator.kube import identity, is_ended, lease_namespace

HOST = socket.gethostname()


def test_outside_of_pods_an_operator_is_a_process_of_its_host(tmp_path):
    assert identity(account=tmp_path / "none") == f"{HOST}_{os.getpid()}"
    assert lease_namespace(account=tmp_path / "none") == "pattern-operator-system"


def test_in_a_pod_it_is_the_pod_in_the_pods_namespace(tmp_path):
    (tmp_path / "namespace").write_text("team\n")

    assert identity(account=tmp_path) == HOST
    assert lease_namespace(account=tmp_path) == "team"


def test_a_process_that_runs_has_not_ended():
    assert not is_ended(f"{HOST}_{os.getpid()}")


def test_a_process_that_was_killed_has_ended_also_before_its_parent_knows():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    holder = f"{HOST}_{child.pid}"
    running = is_ended(holder)

    child.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays a zombie
    as_a_zombie = is_ended(holder)
    child.wait()

    assert (running, as_a_zombie, is_ended(holder)) == (False, True, True)


@pytest.mark.parametrize(
    "holder",
    ["", HOST, "another-host_1", f"{HOST}_", f"{HOST}_web", f"{HOST}_-1", f"{HOST}_99999999999999999999", f"{HOST}_1"],
)
def test_of_whom_it_cannot_be_told_nobody_says_that_it_has_ended(holder):
    assert not is_ended(holder)
