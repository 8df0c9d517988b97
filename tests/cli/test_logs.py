"""``patternctl logs``: the logs of a pattern's pods, through a real API server from a kubelet."""

import json
import subprocess
from collections.abc import Iterator

import pytest
from tests.cli.program import ENDS_WITHIN, Patternctl
from tests.cli.running import Running, containers, owned_by, pod, workload
from tests.testbed.authority import Authority
from tests.testbed.kubelet import Kubelet, kubelet

RESTARTED = {"name": "app", "image": "a", "imageID": "", "ready": False, "restartCount": 3}


@pytest.fixture
def patternctl(patternctl: Patternctl, known) -> Patternctl:
    """patternctl, for a user whose kubeconfig is at its usual place."""
    (patternctl.home / ".kube").mkdir()
    (patternctl.home / ".kube" / "config").write_text(known.kubeconfig.path.read_text())
    return patternctl


@pytest.fixture(scope="module")
def node(known, tmp_path_factory) -> Iterator[Kubelet]:
    """The kubelet of the node ``node-1``."""
    with kubelet(Authority.create(tmp_path_factory.mktemp("kubelet"))) as here:
        body, status = here.node("node-1")
        known("create", "-f", "-", stdin=json.dumps(body))
        known("patch", "node", "node-1", "--subresource=status", "--type=merge", "-p", json.dumps(status))
        yield here


@pytest.fixture
def running(known, namespace, pattern, node):
    pattern("web")
    node.asked.clear()
    node.ended.clear()
    node.followed.clear()
    return Running(known, namespace)


@pytest.fixture
def pods(running, node):
    """Two pods of a Deployment, the second of which has a second container; their logs are what the kubelet has."""
    deployment = running.manage(workload("Deployment", "web"))
    labels = {"app": "web"}
    owner = running.make(workload("ReplicaSet", "web") | {"metadata": owned_by(deployment, labels=labels)})
    for name, of in (("web-1", ("app",)), ("web-2", ("app", "proxy"))):
        metadata = owned_by(owner, labels=labels) | {"name": name}
        running.make(pod(metadata, nodeName="node-1", **containers(*of)), status={"phase": "Running"})
        for container in of:
            node.logs[f"{running.namespace}/{name}/{container}"] = f"{name} {container} one\ntwo\n".encode()
    return running


def test_each_line_comes_with_the_pod_and_container_that_wrote_it(patternctl, namespace, pods):
    done = patternctl("logs", "web", "-n", namespace)

    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        *("web-1/app web-1 app one", "web-1/app two"),
        *("web-2/app web-2 app one", "web-2/app two"),
        *("web-2/proxy web-2 proxy one", "web-2/proxy two"),
    ]


def test_the_last_lines_are_asked_for_and_all_where_that_is_said(patternctl, namespace, pods, node):
    patternctl("logs", "web", "-n", namespace)
    patternctl("logs", "web", "-n", namespace, "--tail", "7")
    patternctl("logs", "web", "-n", namespace, "--tail", "-1")

    assert [query.get("tailLines") for _, query in node.asked] == [["10"]] * 3 + [["7"]] * 3 + [None] * 3


def test_only_containers_of_a_name_are_read_where_one_is_given(patternctl, namespace, pods, node):
    done = patternctl("logs", "web", "-n", namespace, "-c", "proxy")

    assert [line.split()[0] for line in done.out.splitlines()] == ["web-2/proxy", "web-2/proxy"]
    assert len(node.asked) == 1


def test_a_container_that_no_pod_has_is_refused_with_those_there_are(patternctl, namespace, pods):
    done = patternctl("logs", "web", "-n", namespace, "-c", "nothing")

    assert (done.code, done.out) == (1, "")
    assert done.err == "patternctl: no container of web is called nothing: there are app, proxy\n"


def test_for_programs_each_line_is_an_object(patternctl, namespace, pods):
    done = patternctl("logs", "web", "-n", namespace, "-c", "proxy", "-o", "json")

    assert json.loads(done.out.splitlines()[0]) == {
        "namespace": namespace,
        "pod": "web-2",
        "container": "proxy",
        "line": "web-2 proxy one",
    }


def test_a_log_that_is_followed_is_printed_as_it_comes(patternctl, namespace, pods, node):
    command = patternctl.command("logs", "web", "-n", namespace, "-f", "-c", "proxy")

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=patternctl.environment) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert process.poll() is None
        node.ended.set()
        rest = process.stdout.read()
        code = process.wait(ENDS_WITHIN)

    assert (first, rest, code) == ("web-2/proxy web-2 proxy one\n", "web-2/proxy two\n", 0)


def test_a_log_that_cannot_be_read_is_said_and_the_others_are_printed(patternctl, namespace, pods, node):
    del node.logs[f"{namespace}/web-1/app"]

    done = patternctl("logs", "web", "-n", namespace)

    assert done.code == 1
    assert done.err.startswith("patternctl: web-1/app: ")
    assert "web-2/proxy two" in done.out


def test_a_line_commands_no_terminal_and_keeps_its_blanks(patternctl, namespace, pods, node):
    node.logs[f"{namespace}/web-2/proxy"] = b"  \x1b]0;owned\x07\tlast without its end"

    done = patternctl("logs", "web", "-n", namespace, "-c", "proxy")

    assert done.out == "web-2/proxy   ?]0;owned?\tlast without its end\n"


def test_the_run_before_is_read_of_containers_that_were_started_again(patternctl, namespace, pods, node, known):
    patch = json.dumps({"status": {"containerStatuses": [RESTARTED]}})
    known("patch", "pod", "web-1", "-n", namespace, "--subresource=status", "--type=merge", "-p", patch)

    done = patternctl("logs", "web", "-n", namespace, "--previous")

    assert done.code == 0
    assert {line.split()[0] for line in done.out.splitlines()} == {"web-1/app"}
    assert [query["previous"] for _, query in node.asked] == [["true"]]


def test_there_is_no_run_before_where_nothing_was_started_again(patternctl, namespace, pods):
    done = patternctl("logs", "web", "-n", namespace, "--previous")

    assert done.code == 1
    assert "no container of web has been started again" in done.err


def test_a_pattern_without_pods_is_said_to_have_none(patternctl, namespace, running):
    done = patternctl("logs", "web", "-n", namespace)

    assert (done.code, done.out) == (0, "")
    assert done.err == f"patternctl: web has no pods; `patternctl tree web -n {namespace}` shows its objects\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--tail", "-2"], "'-2' is not a number of lines"),
        (["--tail", "all"], "'all' is not a number of lines"),
        (["--follow", "--previous"], "--follow and --previous exclude each other"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(patternctl, words, said):
    done = patternctl("logs", "web", *words)

    assert done.code == 2
    assert said in done.err
