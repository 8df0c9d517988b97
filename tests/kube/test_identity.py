"""Who an operator is: a pod by its name, anything else by its host and process, which may have ended."""

import os
import signal
import socket
import subprocess
import sys
from importlib import import_module

import pytest
import yaml
from tests.testbed.paths import ROOT

from pattern_operator.kube import holder_is_dead, identity, lease_namespace

DEPLOYMENT = ROOT / "manifests" / "base" / "deployment.yaml"
HOST = socket.gethostname()


def test_outside_of_pods_an_operator_is_a_process_of_its_host(tmp_path):
    assert identity(account=tmp_path / "none", environment={}) == f"{HOST}_{os.getpid()}"
    assert lease_namespace(account=tmp_path / "none") == "pattern-operator-system"


def test_in_a_pod_it_is_the_pod_in_the_pods_namespace(tmp_path):
    (tmp_path / "namespace").write_text("team\n")

    assert identity(account=tmp_path, environment={}) == HOST
    assert lease_namespace(account=tmp_path) == "team"


def test_two_pods_with_the_name_of_their_host_are_two_and_a_restarted_container_is_one(tmp_path):
    first = {"POD_NAME": "pattern-operator-abc", "POD_UID": "11111111-2222-3333-4444-555555555555"}
    second = first | {"POD_UID": "66666666-7777-8888-9999-000000000000"}

    assert identity(account=tmp_path, environment=first) != identity(account=tmp_path, environment=second)
    assert identity(account=tmp_path, environment=first) == identity(account=tmp_path, environment=dict(first))
    assert not holder_is_dead(identity(account=tmp_path, environment=first))


@pytest.mark.parametrize("told", [{"POD_NAME": "web"}, {"POD_UID": "1"}, {"POD_NAME": "", "POD_UID": "1"}])
def test_a_pod_that_is_told_half_of_its_identity_goes_by_its_host(tmp_path, told):
    assert identity(account=tmp_path, environment=told) == HOST


def test_the_deployment_tells_the_pod_its_name_and_uid():
    (container,) = yaml.safe_load(DEPLOYMENT.read_text())["spec"]["template"]["spec"]["containers"]
    fields = {each["name"]: each["valueFrom"]["fieldRef"]["fieldPath"] for each in container["env"]}

    assert fields == {"POD_NAME": "metadata.name", "POD_UID": "metadata.uid"}


def test_a_process_that_runs_has_not_ended():
    assert not holder_is_dead(f"{HOST}_{os.getpid()}")


def test_a_process_that_was_killed_has_ended_also_before_its_parent_knows():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    holder = f"{HOST}_{child.pid}"
    running = holder_is_dead(holder)

    child.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays a zombie
    as_a_zombie = holder_is_dead(holder)
    child.wait()

    assert (running, as_a_zombie, holder_is_dead(holder)) == (False, True, True)


@pytest.mark.parametrize(
    "holder",
    [
        "",
        HOST,
        "another-host_1",
        f"{HOST}_",
        f"{HOST}_web",
        f"{HOST}_-1",
        f"{HOST}_99999999999999999999",
        f"{HOST}_1",
        f"{HOST}_{'9' * 5000}",
    ],
)
def test_of_whom_it_cannot_be_told_nobody_says_that_it_has_ended(holder):
    assert not holder_is_dead(holder)


def test_a_process_of_somebody_else_has_not_ended(monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)

    assert not holder_is_dead(f"{HOST}_{os.getpid()}")


def test_a_process_that_ends_while_it_is_looked_at_is_not_said_to_have_ended(monkeypatch):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    monkeypatch.setattr(os, "kill", lambda *_: None)  # it was there a moment ago

    assert not holder_is_dead(f"{HOST}_{child.pid}")


def test_the_process_with_the_longest_number_may_have_ended(monkeypatch):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    monkeypatch.setattr(import_module("pattern_operator.kube.identity"), "MAX_PID_DIGITS", len(str(child.pid)))

    assert holder_is_dead(f"{HOST}_{child.pid}")
