"""``suspend``, ``resume``, ``reconcile`` and ``get -w``, on a real API server; the test plays the operator."""

import json
import os
import pty
import subprocess
import threading
from contextlib import contextmanager

import pytest
from tests.cli.conftest import RUNS, ready
from tests.cli.program import ENDS_WITHIN, Patternctl, read_terminal
from tests.testbed.kubectl import BINARY

REQUESTED = "pattern-operator.io/requestedAt"


@pytest.fixture
def patternctl(patternctl: Patternctl, known) -> Patternctl:
    """patternctl, for a user whose kubeconfig is at its usual place."""
    (patternctl.home / ".kube").mkdir()
    (patternctl.home / ".kube" / "config").write_text(known.kubeconfig.path.read_text())
    return patternctl


@pytest.fixture
def spec_of(known, namespace):
    return lambda name: known.json("get", "dp", name, "-n", namespace)["spec"]


# --- suspend and resume -----------------------------------------------------------------------------------------------


def test_what_is_suspended_is_resumed(patternctl, namespace, pattern, spec_of):
    pattern("web")

    suspended = patternctl("suspend", "web", "-n", namespace)
    assert (suspended.code, suspended.err) == (0, "")
    assert suspended.out == f"web: suspended; `patternctl resume web -n {namespace}` ends that\n"
    assert spec_of("web")["suspend"] is True

    assert patternctl("resume", "web", "-n", namespace).out == "web: resumed\n"
    assert spec_of("web")["suspend"] is False


def test_what_is_so_already_is_said_and_not_changed(patternctl, known, namespace, pattern):
    pattern("web", suspend=True)
    before = known.json("get", "dp", "web", "-n", namespace)["metadata"]["resourceVersion"]

    assert patternctl("suspend", "web", "-n", namespace).out == "web: is suspended already\n"
    assert known.json("get", "dp", "web", "-n", namespace)["metadata"]["resourceVersion"] == before


def test_where_one_name_is_mistyped_none_is_changed(patternctl, namespace, pattern, spec_of):
    pattern("web")
    pattern("backend")

    done = patternctl("suspend", "web", "backnd", "-n", namespace)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"patternctl: PatternNotFound: there is no DesignPattern {namespace}/backnd on https://")
    assert done.err.endswith("; did you mean backend?\n")
    assert spec_of("web").get("suspend") is not True


def test_several_are_changed_and_printed_for_programs(patternctl, namespace, pattern):
    pattern("web")
    pattern("db")

    names = patternctl("suspend", "web", "db", "web", "-n", namespace, "-o", "name")
    listed = patternctl("resume", "web", "db", "-n", namespace, "-o", "json")
    one = patternctl("suspend", "db", "-n", namespace, "-o", "yaml")

    assert names.out == "designpattern.pattern-operator.io/web\ndesignpattern.pattern-operator.io/db\n"
    assert [(each["metadata"]["name"], each["spec"]["suspend"]) for each in listed.json["items"]] == [
        ("web", False),
        ("db", False),
    ]
    assert one.yaml[0]["spec"]["suspend"] is True


def test_a_name_of_another_namespace_is_found_there(patternctl, known, namespace, pattern):
    name = f"only-{namespace}"
    pattern(name)

    done = patternctl("suspend", name, "-n", "default")

    assert done.err.endswith(f"; there is one in namespace {namespace}: name it with -n\n")


def test_a_name_of_several_other_namespaces_is_found_in_all(patternctl, known, namespace, pattern):
    name, second = f"both-{namespace}", f"{namespace}-2"
    pattern(name)
    body = known.json("get", "dp", name, "-n", namespace)
    known("create", "namespace", second)
    known.apply({**body, "metadata": {"name": name, "namespace": second}})

    done = patternctl("suspend", name, "-n", "default")

    assert done.err.endswith(f"; there are some in namespaces {namespace}, {second}: name it with -n\n")


def test_who_may_not_change_patterns_is_told_what_to_ask_for(patternctl, known, namespace, pattern):
    pattern("web")
    known("create", "serviceaccount", "viewer", "-n", namespace)
    known("create", "role", "viewer", "-n", namespace, "--verb=get,list,watch", "--resource=designpatterns")
    known("create", "rolebinding", "viewer", "-n", namespace, "--role=viewer", f"--serviceaccount={namespace}:viewer")
    config = json.loads((patternctl.home / ".kube" / "config").read_text())
    config["users"][0]["user"] = {"token": known("create", "token", "viewer", "-n", namespace).strip()}
    (patternctl.home / "viewer").write_text(json.dumps(config))

    done = patternctl("suspend", "web", "-n", namespace, "--kubeconfig", "viewer")

    assert (done.code, done.out) == (1, "")
    assert "does not let you change patterns: " in done.err
    assert done.err.endswith("Ask who runs the cluster for the ClusterRole pattern-operator-edit\n")


# --- reconcile --------------------------------------------------------------------------------------------------------


@pytest.fixture
def answers(known, namespace):
    """Play the operator: answer the next request of a pattern with these statuses, one after another."""

    def play(name, *statuses):
        def run():
            with _requests(known, name, namespace) as requests:
                asked = next(requests)
            for status in statuses:
                whole = {"lastHandledReconcileAt": asked, "observedGeneration": 1} | status
                patch = json.dumps({"status": whole})
                known("patch", "dp", name, "-n", namespace, "--type=merge", "--subresource=status", "-p", patch)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    return play


@contextmanager
def _requests(known, name, namespace):
    """The values of requestedAt, as they come."""
    path = f"jsonpath={{.metadata.annotations.{REQUESTED.replace('.', chr(92) + '.')}}}{{'\\n'}}"
    command = [BINARY, "get", "dp", name, "-n", namespace, "-w", "-o", path]
    with subprocess.Popen(
        command, env={**os.environ, "KUBECONFIG": str(known.kubeconfig.path)}, stdout=subprocess.PIPE, text=True
    ) as watch:
        assert watch.stdout is not None
        yield (line.strip() for line in watch.stdout if line.strip())
        watch.terminate()


def test_a_request_is_an_annotation(patternctl, known, namespace, pattern):
    pattern("web")

    done = patternctl("reconcile", "web", "-n", namespace)

    assert done.out == f"web: is reconciled now; `patternctl get web -n {namespace} -w` shows its progress\n"
    assert known.json("get", "dp", "web", "-n", namespace)["metadata"]["annotations"][REQUESTED].startswith("20")


def test_wait_ends_when_the_answer_is_that_it_is_ready(patternctl, namespace, pattern, answers):
    pattern("web", RUNS | ready("True", "Ready", "1.4.2 runs"))
    applying = ready("Unknown", "Progressing", "applying 1.4.3")
    answers("web", applying, RUNS | ready("True", "Ready", "1.4.3 runs: 3 objects"))

    done = patternctl("reconcile", "web", "-n", namespace, "--wait")

    assert (done.code, done.out, done.err) == (0, "web: 1.4.3 runs: 3 objects\n", "")


def test_what_was_ready_before_the_request_is_not_an_answer(patternctl, namespace, pattern):
    pattern("web", RUNS | ready("True", "Ready", "1.4.2 runs"))

    done = patternctl("reconcile", "web", "-n", namespace, "--wait", "--timeout", "2s")

    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "patternctl: web is not ready after 2 s: the operator has not looked at it yet, and nobody holds the Lease"
        " pattern-operator-system/pattern-operator: no operator runs there."
        f" `patternctl get web -n {namespace} -w` continues to watch it.\n"
    )


def test_wait_ends_where_only_a_change_helps(patternctl, namespace, pattern, answers):
    pattern("web")
    failed = ready("False", "SignatureMissing", "no signature: sign it")
    failed["conditions"].append({**failed["conditions"][0], "type": "Stalled", "status": "True"})
    answers("web", failed)

    done = patternctl("reconcile", "web", "-n", namespace, "--wait")

    assert (done.code, done.out) == (1, "")
    assert done.err == "patternctl: web is not ready: SignatureMissing: no signature: sign it\n"


def test_a_registry_that_is_away_is_not_a_success_although_what_runs_is_ready(patternctl, namespace, pattern, answers):
    pattern("web")
    status = RUNS | ready("True", "Ready", "1.4.2 runs")
    fetched = {**status["conditions"][0], "type": "Fetched", "status": "False", "message": "r.example is away."}
    answers("web", {**status, "conditions": [*status["conditions"], fetched]})

    done = patternctl("reconcile", "web", "-n", namespace, "--wait", "--timeout", "5s")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: web is not ready after 5 s: r.example is away. `patternctl get web")


def test_a_pattern_that_is_deleted_meanwhile_is_said(patternctl, known, namespace, pattern):
    pattern("web")

    def delete():
        with _requests(known, "web", namespace) as requests:
            next(requests)
        known("delete", "dp", "web", "-n", namespace)

    thread = threading.Thread(target=delete, daemon=True)
    thread.start()
    done = patternctl("reconcile", "web", "-n", namespace, "--wait")
    thread.join(ENDS_WITHIN)

    assert (done.code, done.err) == (1, "patternctl: web was deleted meanwhile\n")


def test_a_suspended_pattern_is_not_waited_for(patternctl, namespace, pattern):
    pattern("web", suspend=True)

    done = patternctl("reconcile", "web", "-n", namespace, "--wait")

    assert (done.code, done.out) == (1, "")
    assert done.err == f"patternctl: web is suspended: `patternctl resume web -n {namespace}` ends that\n"


def test_on_a_terminal_it_tells_how_it_goes(patternctl, namespace, pattern, answers):
    pattern("web")
    answers("web", ready("Unknown", "Progressing", "applying 1.4.3"), RUNS | ready("True", "Ready", "1.4.3 runs"))
    ours, theirs = pty.openpty()
    command = patternctl.command("reconcile", "web", "-n", namespace, "--wait")
    with subprocess.Popen(
        command, env=patternctl.environment, cwd=patternctl.home, stdout=subprocess.PIPE, stderr=theirs
    ) as running:
        os.close(theirs)
        out, _ = running.communicate(timeout=ENDS_WITHIN)

    assert out.decode() == "web: 1.4.3 runs\n"
    told = read_terminal(ours)
    assert "web: waiting, and nobody holds the Lease pattern-operator-system/pattern-operator" in told
    assert "web: applying 1.4.3" in told


# --- get: labels, names, watching -------------------------------------------------------------------------------------


def test_a_selector_chooses(patternctl, known, namespace, pattern):
    pattern("web")
    pattern("db")
    known("label", "dp", "web", "-n", namespace, "team=shop")

    assert patternctl("get", "-n", namespace, "-l", "team=shop", "-o", "name").out == (
        "designpattern.pattern-operator.io/web\n"
    )
    assert patternctl("get", "-n", namespace, "-l", "team!=shop", "-o", "name").out == (
        "designpattern.pattern-operator.io/db\n"
    )
    none = patternctl("get", "-n", namespace, "-l", "team=none")
    assert none.err == "patternctl: no patterns with these labels in this namespace; -A lists all\n"


@pytest.mark.parametrize("selector", ["a==b==c", "a in (b", "=", "-a=b"])
def test_a_selector_that_is_wrong_says_how_one_is_written(patternctl, selector):
    done = patternctl("get", f"--selector={selector}")

    assert (done.code, done.out) == (2, "")
    assert "write a=b, a!=b or a in (b,c), joined by commas" in done.err


@contextmanager
def following(patternctl, *arguments):
    """The lines of ``get -w``, as they come."""
    command = patternctl.command("get", "-w", *arguments)
    with subprocess.Popen(
        command, env=patternctl.environment, cwd=patternctl.home, stdout=subprocess.PIPE, text=True
    ) as running:
        yield running.stdout
        running.terminate()


def test_each_change_is_a_row(patternctl, known, namespace, pattern):
    pattern("web")

    with following(patternctl, "-n", namespace) as lines:
        assert next(lines).split()[0] == "NAME"
        assert next(lines).split()[:2] == ["web", "Unknown"]
        pattern("db", RUNS | ready("True", "Ready", "1.4.2 runs"))
        assert next(lines).split()[:2] == ["db", "Unknown"]
        assert next(lines).split()[:3] == ["db", "True", "Ready"]
        known("delete", "dp", "web", "-n", namespace)
        assert next(lines).split()[:3] == ["web", "False", "Deleted"]


def test_programs_read_a_change_on_each_line(patternctl, known, namespace, pattern):
    pattern("web")

    with following(patternctl, "-n", namespace, "-o", "json") as lines:
        first = json.loads(next(lines))
        known("label", "dp", "web", "-n", namespace, "a=b")
        second = json.loads(next(lines))
        known("delete", "dp", "web", "-n", namespace)
        third = json.loads(next(lines))

    assert [each["type"] for each in (first, second, third)] == ["ADDED", "MODIFIED", "DELETED"]
    assert second["object"]["metadata"]["labels"] == {"a": "b"}
    assert "managedFields" not in first["object"]["metadata"]


def test_one_pattern_is_watched_by_its_name(patternctl, namespace, pattern):
    pattern("web")
    pattern("db")

    with following(patternctl, "web", "-n", namespace, "-o", "name") as lines:
        assert next(lines) == "designpattern.pattern-operator.io/web\n"

    done = patternctl("get", "wbe", "-w", "-n", namespace)
    assert (done.code, done.err.endswith("; did you mean web?\n")) == (1, True)


def test_names_of_patterns_are_completed(patternctl, namespace, pattern):
    pattern("web")
    pattern("worker")
    pattern("db")

    done = patternctl("__complete", "suspend", "-n", namespace, "worker", "w")

    assert done.out == "web\t\n:4\n"


@pytest.mark.parametrize("flag", ["-n", "--namespace"])
def test_namespaces_are_completed(patternctl, namespace, flag):
    done = patternctl("__complete", "get", flag, namespace[:-1])

    assert done.out == f"{namespace}\t\n:4\n"
