"""What is said at a terminal: each path that ends in an error, in the very words; nothing of a spec, nothing twice."""

import ast
import re
from pathlib import Path

import pytest
from tests.cli.conftest import ALICE
from tests.render.designs import DATA

import pattern_operator
from pattern_operator.api.reason import Reason
from pattern_operator.cli import error_messages
from pattern_operator.errors import Stalled, Transient

WHOLE = DATA / "nginx-deployment"
GONE = "127.0.0.1:1"
OF_A_SPEC = re.compile(r"\bsource\.[a-z]|\bspec\.(?:source|verify|render|apply)\b|secretRef|\bSecret\b")


# --- messages that the command line shares with the operator ----------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "message", "says"),
    [
        (
            Reason.AUTHENTICATION_REQUIRED,
            "r.example:5000/web: tag 1: the registry wants credentials (401): set source.secretRef to a docker config"
            " with an entry for it, or correct source.url.",
            "r.example:5000/web: tag 1: the registry wants credentials (401): log in with"
            " `docker login r.example:5000`, or correct the reference.",
        ),
        (
            Reason.AUTHENTICATION_FAILED,
            "r.example/a/b: tag 1: the registry refused the credentials (401): correct the Secret of source.secretRef.",
            "r.example/a/b: tag 1: the registry refused the credentials (401): log in again with"
            " `docker login r.example`.",
        ),
        (
            Reason.ACCESS_DENIED,
            "[::1]:5000/web: tag 1: denied (403): grant access to the repository, or correct source.secretRef.",
            "[::1]:5000/web: tag 1: denied (403): grant access to the repository, or log in as another user with"
            " `docker login [::1]:5000`.",
        ),
        (
            Reason.ARTIFACT_NOT_FOUND,
            "r.example/web: tag 1: no such thing (404): correct source.url or source.ref, or push.",
            "r.example/web: tag 1: no such thing (404): correct the reference, or push it first.",
        ),
        (Reason.LAYER_NOT_FOUND, "it has no 'x': correct spec.source.layer.path.", "it has no 'x': correct --path."),
        (
            Reason.SIGNATURE_MISSING,
            "it is not signed: sign it, or point source.ref at an artifact that is signed.",
            "it is not signed: sign it, or name an artifact that is signed.",
        ),
        (Reason.SIGNATURE_UNTRUSTED, "correct spec.verify.authorities.", "correct --key."),
        (
            Reason.KEY_INVALID,
            "cosign.key is a private key, which must not be here: remove it, and treat it as disclosed.",
            "cosign.key is a private key: name the public one.",
        ),
        (Reason.KEY_INVALID, "see source.ref.semver and source.somethingNew", None),
    ],
)
def test_what_speaks_of_a_spec_speaks_of_the_command_line(reason, message, says):
    said = error_messages.format_error(Stalled(reason=reason, message=message))

    assert not OF_A_SPEC.search(said.replace("source.somethingNew", ""))
    if says is not None:
        assert said == f"{reason}: {says}"


def texts(package):
    """Every text of the messages of a package, its placeholders as ``x``."""
    for file in sorted((Path(pattern_operator.__file__).parent / package).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "message":
                joined = "".join(_text(part) for part in ast.walk(node.value) if isinstance(part, ast.Constant))
                yield f"{package}/{file.name}:{node.value.lineno}", joined


def _text(constant):
    return constant.value if isinstance(constant.value, str) else ""


MESSAGES = [message for package in ("source", "archive", "verify", "render") for message in texts(package)]


def test_the_messages_of_the_rooms_are_found():
    assert len(MESSAGES) > 60
    assert sum(bool(OF_A_SPEC.search(text)) for _, text in MESSAGES) >= 10


@pytest.mark.parametrize(("where", "text"), MESSAGES, ids=[where for where, _ in MESSAGES])
def test_no_message_of_a_room_names_a_field_of_a_spec_at_a_terminal(where, text):
    assert not OF_A_SPEC.search(error_messages.in_cli_terms(text)), where


def test_a_failure_that_may_pass_says_to_run_the_command_again_once():
    asked = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="it did not answer; it is retried later.")
    other = Transient(reason=Reason.REGISTRY_THROTTLED, message="it asked for patience.")

    assert error_messages.format_error(asked) == "RegistryUnavailable: it did not answer; run it again."
    assert error_messages.format_error(other) == "RegistryThrottled: it asked for patience; run it again."


def test_what_lies_behind_is_for_who_asks_for_it():
    error = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="it cannot be reached.")
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")

    assert "because" not in error_messages.format_error(error)
    assert error_messages.format_error(error, verbose=True).splitlines()[1] == (
        "  because: ConnectionRefusedError: [Errno 111] Connection refused"
    )


# --- each command -----------------------------------------------------------------------------------------------------

PATH = "name a file or folder.\n  an artifact is written oci://host[:port]/repository:tag"
NO_CLUSTER = (
    "KubeconfigInvalid: no API server is known: neither --kubeconfig, $KUBECONFIG nor {home}/.kube/config names one,"
    " and this is not a pod"
)
UNREACHABLE = f"RegistryUnavailable: {GONE}/a: tag 1: it cannot be reached (Connection refused); run it again."


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("render", "missing"), f"ArtifactNotFound: missing cannot be read (No such file or directory): {PATH}"),
        (
            ("push", "missing", f"oci://{GONE}/a:1"),
            f"ArtifactNotFound: missing cannot be read (No such file or directory): {PATH}",
        ),
        (("render", " "), f"ArtifactNotFound: ' ' cannot be read (No such file or directory): {PATH}"),
        (("render", "\x1b[31m"), f"ArtifactNotFound: '\\x1b[31m' cannot be read (No such file or directory): {PATH}"),
        (("render", ""), "ArtifactNotFound: the path is empty: name a file or folder, or - for standard input."),
        (
            ("push", "", f"oci://{GONE}/a:1"),
            "ArtifactNotFound: the path is empty: name a file or folder, or - for standard input.",
        ),
        (("render", "-"), "ArtifactNotFound: standard input is empty: check whether the command before it failed."),
        (
            ("push", "-", f"oci://{GONE}/a:1"),
            "ArtifactNotFound: standard input is empty: check whether the command before it failed.",
        ),
        (("render", f"oci://{GONE}/a:1"), UNREACHABLE),
        (
            ("verify", f"oci://{GONE}/a:1", "--key", "missing"),
            "KeyInvalid: the key missing cannot be read (No such file or directory): name its file.",
        ),
        (
            ("get",),
            NO_CLUSTER,
        ),
        (
            ("reconcile", "web"),
            NO_CLUSTER,
        ),
        (
            ("suspend", "web"),
            NO_CLUSTER,
        ),
        (
            ("get", "--kubeconfig", "nope"),
            "KubeconfigInvalid: there is no kubeconfig at nope; --kubeconfig and --context choose another",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_error_is_said_in_these_words(patternctl, arguments, says):
    done = patternctl(*arguments)

    assert (done.code, done.out) == (1, "")
    assert done.err == f"patternctl: {says.replace('{home}', str(patternctl.home))}\n"


@pytest.mark.parametrize("command", ["get", "suspend", "resume", "reconcile", "uninstall", "push", "render", "verify"])
def test_no_error_says_the_same_twice_or_speaks_of_a_spec(patternctl, command):
    registry = f"oci://{GONE}/a:1"
    arguments = {"push": (WHOLE, registry), "render": (registry,), "verify": (registry, "--key", "missing")}

    done = patternctl(command, *arguments.get(command, () if command in ("get", "uninstall") else ("web",)))

    assert done.code == 1
    assert not OF_A_SPEC.search(done.err)
    assert "because" not in done.err
    assert "did not answer" not in done.err
    lines = done.err.splitlines()
    assert len(lines) == len(set(lines)) <= 2


def test_verbose_stands_before_the_command_or_after_it(patternctl):
    for line in (("-v", "render", f"oci://{GONE}/a:1"), ("render", f"oci://{GONE}/a:1", "--verbose")):
        said = patternctl(*line).err

        assert said.splitlines()[0] == f"patternctl: {UNREACHABLE}"
        assert "  because: ConnectionRefusedError: " in said


def test_a_login_that_is_refused_says_how_to_log_in_again(patternctl, guarded):
    patternctl.log_in(guarded.address, name=ALICE.name, password="wrong")

    done = patternctl("render", "--insecure", f"{guarded.repository().oci}:1.0.0")

    assert done.err.startswith("patternctl: AuthenticationFailed: ")
    assert f"log in again with `docker login {guarded.address}`" in done.err


# --- what was mistyped ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("gett",), "patternctl: there is no command 'gett'; did you mean get?"),
        (("resuem", "web"), "patternctl: there is no command 'resuem'; did you mean resume?"),
        (
            ("zzz",),
            "patternctl: there is no command 'zzz'; there are get, push, sign, generate-key-pair, render,",
        ),
        (("get", "--namspace", "x"), "patternctl get: there is no flag --namspace; did you mean --namespace"),
        (("push", "--insecur", "a", "b"), "patternctl push: there is no flag --insecur; did you mean --insecure?"),
        (("get", "--zzz"), "patternctl get: there is no flag --zzz\n"),
        (
            ("get", "-o", "tabel"),
            "-o/--output is one of table, wide, json, yaml, name, and not 'tabel'; did you mean table?",
        ),
        (("get", "a", "b"), "patternctl get: 'b' is more than it takes"),
        (("get", "a", "-l", "b=c"), "patternctl: NAME and -l exclude each other"),
        (("reconcile", "a", "--timeout", "5x"), "'5x' is not a duration: write 30s, 5m or 1h30m"),
        (("reconcile", "a", "--timeout", "0s"), "'0s' is not a duration"),
        (("completion", "bsh"), "SHELL is one of bash, zsh, fish, and not 'bsh'; did you mean bash"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_mistyped_is_answered_with_what_was_meant(patternctl, arguments, says):
    done = patternctl(*arguments)

    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert re.search(r"See `patternctl( [a-z]+)? --help`\.\n$", done.err)
