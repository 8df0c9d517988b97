"""``patternctl get``: what runs, told from a real API server, and why nothing can be told."""

import json
import os
import pty
from pathlib import Path
from uuid import uuid4

import pytest
from tests.cli.conftest import DIGEST, RUNS, ready
from tests.cli.program import Patternctl, read_terminal
from tests.kube.apiserver import ApiServer
from tests.testbed.kubeconfig import Kubeconfig

from pattern_operator.api.names import FINALIZER


@pytest.fixture
def patternctl(patternctl: Patternctl, known) -> Patternctl:
    """patternctl, for a user whose kubeconfig is at its usual place."""
    (patternctl.home / ".kube").mkdir()
    (patternctl.home / ".kube" / "config").write_text(known.kubeconfig.path.read_text())
    return patternctl


# --- for people -----------------------------------------------------------------------------------------------------


def test_a_table_says_what_runs_and_whether_it_is_well(patternctl, namespace, pattern):
    pattern(
        "api", RUNS | ready("False", "SignatureMissing", "no signature:\n  sign it") | {"status": "SignatureMissing"}
    )
    pattern("web", RUNS | ready("True", "Ready", "1.4.2 runs: 3 objects"))

    done = patternctl("get", "-n", namespace)

    assert (done.code, done.err) == (0, "")
    header, api, web = done.out.splitlines()
    assert header.split() == ["NAME", "READY", "STATUS", "VERSION", "DIGEST", "AGE", "MESSAGE"]
    assert api.split()[:5] == ["api", "False", "SignatureMissing", "1.4.2", "0a1b2c3d4e5f"]
    assert api.endswith("   no signature: sign it")
    assert web.split()[:5] == ["web", "True", "Ready", "1.4.2", "0a1b2c3d4e5f"]
    assert web.endswith("   1.4.2 runs: 3 objects")
    assert header.index("MESSAGE") == web.index("1.4.2 runs")


def test_a_wide_table_says_who_signed_and_where_it_comes_from(patternctl, namespace, pattern):
    pattern("web", RUNS | ready("True", "Ready", "runs"), suspend=True)

    header, web = patternctl("get", "-n", namespace, "-o", "wide").out.splitlines()

    assert header.endswith("   OBJECTS   VERIFIED BY      SUSPENDED   URL                                   MESSAGE")
    assert web.endswith("   3         audit, release   true        oci://registry.example/patterns/web   runs")


def test_the_patterns_of_all_namespaces_come_with_theirs(patternctl, namespace, pattern):
    pattern("web")

    done = patternctl("get", "-A")

    assert done.out.splitlines()[0].split()[:2] == ["NAMESPACE", "NAME"]
    assert [namespace, "web"] in [line.split()[:2] for line in done.out.splitlines()]


def test_a_pattern_that_the_operator_has_not_seen_is_unknown(patternctl, namespace, pattern):
    pattern("web")

    done = patternctl("get", "web", "-n", namespace)

    (_, web) = done.out.splitlines()
    assert web.split()[:5] == ["web", "Unknown", "<none>", "<none>", "<none>"]
    assert web.endswith("   not seen by the operator yet")


@pytest.mark.parametrize(
    ("finalizers", "deleted", "said"),
    [
        ([FINALIZER], False, "an operator has begun with it, and has not reported yet: is it running?"),
        (["example.org/other"], False, "not seen by the operator yet"),
        ([FINALIZER], True, "it is being deleted, and no operator has reported on it: is one running?"),
        (["example.org/other"], True, "it is being deleted, and no operator has reported on it: is one running?"),
    ],
)
def test_a_pattern_of_which_nothing_is_reported_says_how_far_an_operator_got(
    patternctl, known, namespace, pattern, finalizers, deleted, said
):
    pattern("web")
    known(
        "patch",
        "dp",
        "web",
        "-n",
        namespace,
        "--type=merge",
        "-p",
        json.dumps({"metadata": {"finalizers": finalizers}}),
    )
    if deleted:
        known("delete", "dp", "web", "-n", namespace, "--wait=false")

    done = patternctl("get", "web", "-n", namespace)

    assert done.out.splitlines()[1].endswith(f"   {said}")


def test_a_status_that_speaks_of_an_older_spec_says_so(patternctl, known, namespace, pattern):
    pattern("web", RUNS | ready("True", "Ready", "1.4.2 runs"))
    known("patch", "dp", "web", "-n", namespace, "--type=merge", "-p", '{"spec": {"suspend": true}}')

    done = patternctl("get", "web", "-n", namespace)

    assert done.out.endswith("   (the change of the spec is not seen yet) 1.4.2 runs\n")


def test_what_an_artifact_says_of_itself_commands_no_terminal(patternctl, namespace, pattern):
    pattern("web", RUNS | ready("False", "DocumentInvalid", "\x1b]0;owned\x07bad"))

    done = patternctl("get", "-n", namespace)

    assert done.out.endswith("   ?]0;owned?bad\n")


def test_on_a_terminal_the_line_is_coloured_and_a_long_message_cut(patternctl, namespace, pattern):
    pattern("web", RUNS | ready("True", "Ready", "long " * 100))
    patternctl.variables.update(COLUMNS="90", TERM="xterm")
    ours, theirs = pty.openpty()

    done = patternctl("get", "-n", namespace, stdout=theirs)

    os.close(theirs)
    _, web = read_terminal(ours).splitlines()
    assert done.code == 0
    assert web.startswith("\x1b[32mweb    True ")
    assert web.endswith("…\x1b[0m")
    assert len(web) == 90 + len("\x1b[32m\x1b[0m")


def test_a_namespace_without_patterns_is_said(patternctl, namespace):
    done = patternctl("get", "-n", namespace)

    assert (done.code, done.out) == (0, "")
    assert done.err == "patternctl: no patterns in this namespace; -A lists all\n"


# --- for programs ---------------------------------------------------------------------------------------------------


def test_json_is_one_list(patternctl, namespace, pattern):
    pattern("api")
    pattern("web", RUNS)

    done = patternctl("get", "-n", namespace, "-o", "json")

    assert (done.json["apiVersion"], done.json["kind"]) == ("v1", "List")
    assert [it["metadata"]["name"] for it in done.json["items"]] == ["api", "web"]
    assert {it["kind"] for it in done.json["items"]} == {"DesignPattern"}
    assert done.json["items"][1]["status"]["digest"] == DIGEST


def test_a_list_of_nothing_is_a_list(patternctl, namespace):
    done = patternctl("get", "-n", namespace, "-o", "json")

    assert (done.code, done.err) == (0, "")
    assert done.json == {"apiVersion": "v1", "kind": "List", "items": []}


def test_one_pattern_as_yaml_is_the_resource_that_kubectl_prints(patternctl, known, namespace, pattern):
    pattern("web", RUNS | ready("True", "Ready", "runs"))

    done = patternctl("get", "web", "-n", namespace, "-o", "yaml")

    assert done.yaml == [known.json("get", "dp", "web", "-n", namespace)]


# --- who asks, and where --------------------------------------------------------------------------------------------


def test_the_namespace_is_that_of_the_context(patternctl, namespace, pattern):
    pattern("web")
    config = json.loads((patternctl.home / ".kube" / "config").read_text())
    config["contexts"].append({"name": "here", "context": {**config["contexts"][0]["context"], "namespace": namespace}})
    (patternctl.home / "elsewhere").write_text(json.dumps(config))

    done = patternctl("get", "--kubeconfig", "elsewhere", "--context", "here", "-o", "json")

    assert [it["metadata"]["namespace"] for it in done.json["items"]] == [namespace]


def test_the_variable_kubeconfig_is_followed(patternctl, namespace, pattern, tmp_path):
    pattern("web")
    (patternctl.home / ".kube" / "config").rename(tmp_path / "mine")
    patternctl.variables.update(KUBECONFIG=str(tmp_path / "mine"))

    done = patternctl("get", "-n", namespace, "-o", "json")

    assert len(done.json["items"]) == 1


# --- what cannot be told --------------------------------------------------------------------------------------------


def test_a_pattern_that_does_not_exist_is_said(patternctl, namespace):
    done = patternctl("get", "nowhere", "-n", namespace)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(
        f"patternctl: PatternNotFound: there is no DesignPattern {namespace}/nowhere on https://"
    )
    assert "`patternctl get -A` lists all there are" in done.err


@pytest.mark.parametrize("written", ["dp/web", "designpattern/web", "designpatterns.pattern-operator.io/web"])
@pytest.mark.parametrize("command", ["get", "suspend", "reconcile"])
def test_a_name_as_kubectl_takes_it_is_a_usage_error_that_says_what_is_right(patternctl, command, written):
    done = patternctl(command, written)

    assert (done.code, done.out) == (2, "")
    assert f"NAME is the name alone: write web, without {written.removesuffix('web')}" in done.err


def test_without_a_kubeconfig_it_says_where_it_looked(patternctl):
    (patternctl.home / ".kube" / "config").unlink()

    done = patternctl("get")

    assert (done.code, done.out) == (1, "")
    assert f"neither --kubeconfig, $KUBECONFIG nor {patternctl.home}/.kube/config names one" in done.err


def config_at(server):
    config = {"current-context": "a", "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}]}
    config |= {"clusters": [{"name": "c", "cluster": {"server": server}}], "users": [{"name": "u", "user": {}}]}
    return json.dumps({"apiVersion": "v1", "kind": "Config", **config})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(None, "there is no kubeconfig at", id="missing"),
        pytest.param("", "kubeconfig", id="empty"),
        pytest.param("{", "cannot be used", id="not yaml"),
        pytest.param("apiVersion: v1\nkind: Config\n", "cannot be used", id="without contexts"),
        pytest.param("\0\1\2", "cannot be used", id="binary"),
        pytest.param("- a\n", "has the wrong structure", id="a list"),
        pytest.param("contexts: 5\n", "the kubeconfig", id="a number of contexts"),
        pytest.param(config_at("nonsense"), "its server is not a URL", id="no server"),
        pytest.param(config_at("https://127.0.0.1:65536"), "its server is not a URL", id="no port"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_said(patternctl, content, says):
    if content is not None:
        (patternctl.home / "config").write_text(content)

    done = patternctl("get", "--kubeconfig", "config")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: KubeconfigInvalid: ")
    assert says in done.err


def test_a_context_that_does_not_exist_is_said(patternctl):
    done = patternctl("get", "--context", "nowhere")

    assert (done.code, done.out) == (1, "")
    assert "nowhere" in done.err


@pytest.fixture
def changed(patternctl, known, tmp_path):
    """A kubeconfig that differs from the administrator's."""

    def write(**differences):
        admin = known.kubeconfig
        fields = {"server": admin.server, "ca": admin.ca, "token": admin.token, "user": "other", **differences}
        return Kubeconfig(tmp_path / "changed", **fields).write().path

    return write


def test_a_token_that_is_refused_is_said_and_not_shown(patternctl, changed):
    done = patternctl("get", "--kubeconfig", changed(token="some-token"))

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: KubeconfigInvalid: https://")
    assert "does not know who you are (401): log in to the cluster again" in done.err
    assert "some-token" not in done.err


def test_a_user_without_the_right_is_told_which(patternctl, known, changed, namespace):
    known("create", "serviceaccount", "reader", "-n", namespace)
    token = known("create", "token", "reader", "-n", namespace).strip()

    done = patternctl("get", "-n", namespace, "--kubeconfig", changed(token=token))

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("patternctl: Forbidden: https://")
    assert 'cannot list resource "designpatterns" in API group "pattern-operator.io"' in done.err


def test_an_api_server_that_does_not_listen_is_said(patternctl, changed):
    done = patternctl("get", "--kubeconfig", changed(server="https://127.0.0.1:1"))

    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "patternctl: ApiServerUnavailable: the API server at https://127.0.0.1:1 cannot be reached: Connection refused;"
        " run it again.\n"
    )


@pytest.fixture
def bare(testbed_state: Path, tmp_path: Path):
    """The kubeconfig of an API server that knows no DesignPatterns."""
    directory = testbed_state / f"bare-{uuid4().hex[:8]}"
    directory.mkdir()
    server = ApiServer.start(directory)
    yield Kubeconfig(tmp_path / "bare", server.url, server.authority.ca, server.token, "admin").write().path
    server.stop()


def test_where_the_kind_is_not_known_it_says_what_to_install(patternctl, bare):
    for arguments in (["-A"], ["found"]):
        done = patternctl("get", *arguments, "--kubeconfig", bare)

        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("patternctl: KindNotFound: https://")
        assert "does not know the kind DesignPattern" in done.err
        assert "install the operator, or only its CRD with `kubectl apply --server-side -k crds`" in done.err
