"""The CRD on a real API server: what is wrong is refused with what is right, and what is right is completed."""

import json

import pytest
from tests.testbed.kubectl import KubectlFailed

from pattern_operator.api.crd import KINDS, crd, schema
from pattern_operator.api.designpattern import decode
from pattern_operator.api.duration import parse_duration
from pattern_operator.api.names import API_VERSION
from pattern_operator.api.reference import InvalidReference, Repository

URL = "oci://registry.example/patterns/web"
DIGEST = f"sha256:{'0a' * 32}"
PEM = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYI\n-----END PUBLIC KEY-----\n"
PRIVATE = PEM.replace("PUBLIC", "PRIVATE")
UNSPECIFIED = object()


def pattern(*, url=URL, ref=UNSPECIFIED, source=None, **spec):
    """A DesignPattern that is right but for what is given."""
    chosen = {"url": url, "ref": {"tag": "1.4.2"} if ref is UNSPECIFIED else ref, **(source or {})}
    metadata = {"name": "web", "namespace": "default"}
    return {
        "apiVersion": API_VERSION,
        "kind": "DesignPattern",
        "metadata": metadata,
        "spec": {"source": chosen, **spec},
    }


def signed_by(*keys):
    return {"verify": {"authorities": [{"key": key} for key in keys]}}


POD_CHECK = {"apiVersion": "v1", "kind": "Pod", "current": "true"}
ONE_CHECK = "a kind must not have two checks, in whatever versions of its group"


def checks(*checks):
    return {"apply": {"healthChecks": list(checks)}}


@pytest.fixture
def accepted(kubectl):
    """Have a resource accepted, without keeping it; the resource as the API server completes it."""

    def accept(body):
        options = ("--dry-run=server", "--validate=strict", "--filename=-")
        return kubectl.json("create", *options, stdin=json.dumps(body))

    return accept


@pytest.fixture
def refusal(accepted):
    """Have a resource refused; the API server's words."""

    def refuse(body):
        with pytest.raises(KubectlFailed) as failed:
            accepted(body)
        return str(failed.value)

    return refuse


# --- source.url -----------------------------------------------------------------------------------------------------

BEGIN = "url must begin with oci://, as in oci://registry.example/patterns/web"
SHAPE = "url must be oci://host[:port]/repository; the tag or digest belongs into ref, credentials into secretRef"
HOST = "url must be oci://host[:port]/repository, the host a name or address as in registry.example:5000"
WORDS = "url must be oci://host[:port]/repository, the repository in small letters and digits separated by . _ - or /"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("registry.example/web", BEGIN),
        ("https://registry.example/web", BEGIN),
        ("OCI://registry.example/web", BEGIN),
        ("", BEGIN),
        ("oci://", SHAPE),
        ("oci://registry.example", SHAPE),
        ("oci://registry.example/", SHAPE),
        ("oci://registry.example/web:1.0", SHAPE),
        (f"oci://registry.example/web@{DIGEST}", SHAPE),
        ("oci://user:password@registry.example/web", SHAPE),
        ("oci://-registry/web", HOST),
        ("oci://registry..example/web", HOST),
        ("oci://my_registry/web", HOST),
        (f"oci://{'a' * 64}.example/web", HOST),
        ("oci://registry.example:65536/web", HOST),
        ("oci://registry.example:0443/web", HOST),
        ("oci://registry.example:0/web", HOST),
        ("oci://registry.example:port/web", HOST),
        ("oci://[registry]/web", HOST),
        ("oci://registry.example/Web", WORDS),
        ("oci://registry.example/web//api", WORDS),
        ("oci://registry.example/web/", WORDS),
        ("oci://registry.example/a___b", WORDS),
        ("oci://registry.example/a.-b", WORDS),
        ("oci://registry.example/web\n", WORDS),
        (f"oci://r/{'a' * 255}", "spec.source.url: Too long: may not be more than 262 bytes"),
    ],
)
def test_a_url_that_is_none_is_refused_with_what_is_right(refusal, url, says):
    assert says in refusal(pattern(url=url))
    with pytest.raises(InvalidReference):
        Repository.parse(url)


@pytest.mark.parametrize(
    "url",
    [
        "oci://registry.example/web",
        "oci://localhost:5000/a/b/c",
        "oci://127.0.0.1:65535/a__b/c---d/e.f_g",
        "oci://[::1]:5000/web",
        "oci://Registry.Example/web",
        f"oci://r/{'a' * 254}",
    ],
)
def test_a_url_that_is_one_is_accepted(accepted, url):
    assert accepted(pattern(url=url))["spec"]["source"]["url"] == url
    assert Repository.parse(url).url == url


# --- source.tokenService --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["auth.example.com", "auth.example.com:8443", "10.0.0.1:5001", "[::1]:5001", "localhost"]
)
def test_a_token_service_that_is_a_host_is_accepted(accepted, text):
    assert accepted(pattern(source={"tokenService": text}))["spec"]["source"]["tokenService"] == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("https://auth.example.com", "must be host[:port] alone, as in auth.example.com: without https://"),
        ("auth.example.com/token", "must be host[:port] alone"),
        ("me:password@auth.example.com", "must be host[:port] alone"),
        ("auth example.com", "must be host[:port], the host a name or address"),
        ("auth.example.com:99999", "must be host[:port], the host a name or address"),
        ("*.example.com", "must be host[:port], the host a name or address"),
        ("", "spec.source.tokenService"),
    ],
)
def test_a_token_service_that_is_not_a_host_is_refused_with_what_is_right(refusal, text, says):
    assert says in refusal(pattern(source={"tokenService": text}))


# --- source.ref -----------------------------------------------------------------------------------------------------

ONE_OF = "ref needs one of tag, semver or digest, as in ref: {tag: 1.4.2}"
ALONE = "ref.semver stands alone: remove it, or tag and digest"
FILTER = "ref.semverFilter only goes with ref.semver"
A_TAG = "must be a tag, such as 1.4.2: letters, digits and . _ - +"
A_DIGEST = "must be sha256: and 64 small hex digits (or sha512: and 128), as a registry prints it"


@pytest.mark.parametrize(
    ("ref", "says"),
    [
        ({}, ONE_OF),
        ({"tag": None}, ONE_OF),
        ({"tag": "1.4.2", "semver": ">=1"}, ALONE),
        ({"semver": ">=1", "digest": DIGEST}, ALONE),
        ({"semverFilter": "^v"}, FILTER),
        ({"tag": "1.4.2", "semverFilter": "^v"}, FILTER),
        ({"tag": "1 4"}, A_TAG),
        ({"tag": "-1"}, A_TAG),
        ({"tag": "+1"}, A_TAG),
        ({"tag": ">=1.0"}, A_TAG),
        ({"tag": "1.4.2\n"}, A_TAG),
        ({"tag": ""}, A_TAG),
        ({"tag": "1" * 129}, "spec.source.ref.tag: Too long: may not be more than 128 bytes"),
        ({"tag": 1.4}, "spec.source.ref.tag in body must be of type string"),
        ({"digest": "sha256:0a"}, A_DIGEST),
        ({"digest": DIGEST.upper()}, A_DIGEST),
        ({"digest": f"md5:{'0' * 32}"}, A_DIGEST),
        ({"digest": f"sha512:{'0a' * 32}"}, A_DIGEST),
        ({"digest": "0a" * 32}, A_DIGEST),
        ({"semver": ""}, "spec.source.ref.semver in body should be at least 1 chars long"),
        ({"semver": ">=1", "semverFilter": ""}, "spec.source.ref.semverFilter in body should be at least 1 chars long"),
        ({"semver": "1" * 513}, "spec.source.ref.semver: Too long: may not be more than 512 bytes"),
        (None, "spec.source.ref: Required value"),
    ],
)
def test_a_ref_that_leads_nowhere_is_refused_with_what_is_right(refusal, ref, says):
    assert says in refusal(pattern(ref=ref))


@pytest.mark.parametrize(
    "ref",
    [
        {"tag": "1.4.2"},
        {"tag": "_a.b-C"},
        {"tag": "1.2.3+b"},
        {"semver": ">=1.4 <2"},
        {"semver": ">=1", "semverFilter": "^v"},
        {"digest": DIGEST},
        {"digest": f"sha512:{'0a' * 64}"},
        {"tag": "1.4.2", "digest": DIGEST},
    ],
)
def test_a_ref_that_leads_to_an_artifact_is_accepted(accepted, ref):
    assert accepted(pattern(ref=ref))["spec"]["source"]["ref"] == ref


# --- durations ------------------------------------------------------------------------------------------------------

A_DURATION = "must be a duration such as 30s, 5m or 1h30m, with numbers of at most 5 digits"


@pytest.mark.parametrize("field", ["interval", "retryInterval", "timeout"])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("5d", A_DURATION),
        ("-5m", A_DURATION),
        ("5 m", A_DURATION),
        ("five minutes", A_DURATION),
        ("5", A_DURATION),
        ("2562048h", A_DURATION),  # more than CEL can count
        ("999ms", "must be at least 1s"),
        ("0s", "must be at least 1s"),
        (5, "in body must be of type string"),
    ],
)
def test_what_is_not_a_duration_is_refused_with_what_is_right(refusal, field, text, says):
    words = refusal(pattern(**{field: text}))

    assert f"spec.{field}: Invalid value" in words
    assert says in words


@pytest.mark.parametrize("text", ["1s", "5m", "1h30m", "1.5h", "1000ms", "99999h99999h99999h99999h99999h"])
def test_a_duration_is_accepted(accepted, text):
    assert accepted(pattern(interval=text))["spec"]["interval"] == text
    assert parse_duration(text).total_seconds() >= 1


# --- verify ---------------------------------------------------------------------------------------------------------

ONE_KEY = "key needs exactly one of data, secretRef or configMapRef"
ONE_AUTHORITY = "an authority needs exactly one of key, keyless, certificates or notation"
A_PEM = "must be the PEM of one public key: cosign.pub, beginning with -----BEGIN PUBLIC KEY-----"
NOT_PRIVATE = "must not contain a private key: remove it, and treat it as disclosed"
A_NAME = "must be the name of a resource: small letters, digits, - and ."
AN_ENTRY = "must be a key of a Secret or ConfigMap: letters, digits and - . _"


@pytest.mark.parametrize(
    ("verify", "says"),
    [
        ({}, "spec.verify.authorities: Required value"),
        ({"authorities": []}, "spec.verify.authorities in body should have at least 1 items"),
        ({"authorities": [{"name": "release"}]}, ONE_AUTHORITY),
        (signed_by({})["verify"], ONE_KEY),
        (signed_by({"data": PEM, "secretRef": {"name": "a"}})["verify"], ONE_KEY),
        (signed_by({"secretRef": {"name": "a"}, "configMapRef": {"name": "a"}})["verify"], ONE_KEY),
        (signed_by({"data": "cosign.pub"})["verify"], A_PEM),
        (signed_by({"data": ""})["verify"], A_PEM),
        (signed_by({"data": PEM.replace("PUBLIC KEY", "CERTIFICATE")})["verify"], A_PEM),
        (signed_by({"data": PEM + PEM})["verify"], A_PEM),
        (signed_by({"data": PRIVATE})["verify"], NOT_PRIVATE),
        (signed_by({"data": PRIVATE.replace("PRIVATE", "EC PRIVATE")})["verify"], NOT_PRIVATE),
        (signed_by({"data": "x" * 16385})["verify"], "Too long: may not be more than 16384 bytes"),
        (signed_by({"secretRef": {"key": "cosign.pub"}})["verify"], "key.secretRef.name: Required value"),
        (signed_by({"secretRef": {"name": "Release"}})["verify"], A_NAME),
        (signed_by({"configMapRef": {"name": "a_b"}})["verify"], A_NAME),
        (signed_by({"secretRef": {"name": "a", "key": "a/b"}})["verify"], AN_ENTRY),
        (signed_by(*[{"secretRef": {"name": "a"}}] * 17)["verify"], "Too many: 17: must have at most 16 items"),
        ({"authorities": [{"name": "", "key": {"data": PEM}}]}, "name in body should be at least 1 chars long"),
    ],
)
def test_a_policy_that_nobody_can_meet_is_refused_with_what_is_right(refusal, verify, says):
    assert says in refusal(pattern(verify=verify))


@pytest.mark.parametrize(
    ("key", "completed"),
    [
        ({"data": f"a comment\n{PEM}"}, {"data": f"a comment\n{PEM}"}),
        ({"secretRef": {"name": "release"}}, {"secretRef": {"name": "release", "key": "cosign.pub"}}),
        ({"configMapRef": {"name": "a.b", "key": "_a.pub"}}, {"configMapRef": {"name": "a.b", "key": "_a.pub"}}),
    ],
)
def test_a_key_comes_from_one_place(accepted, key, completed):
    (authority,) = accepted(pattern(**signed_by(key)))["spec"]["verify"]["authorities"]

    assert authority["key"] == completed


# --- the rest of the spec -------------------------------------------------------------------------------------------

A_NAMESPACE = "must be the name of a namespace: small letters, digits and -"


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (
            {"render": {"format": "Jsonnet"}},
            'Unsupported value: "Jsonnet": supported values: "Auto", "Helm", "Kustomize", "Manifests", "Meshery"',
        ),
        ({"render": {"onInvalid": "Ignore"}}, 'supported values: "Refuse", "Skip"'),
        ({"render": {"targetNamespace": "Shop"}}, A_NAMESPACE),
        ({"render": {"targetNamespace": "a.b"}}, A_NAMESPACE),
        ({"render": {"targetNamespace": ""}}, A_NAMESPACE),
        ({"render": {"targetNamespace": "a" * 64}}, "Too long: may not be more than 63 bytes"),
        ({"apply": {"conflicts": "Force"}}, 'supported values: "Fail", "Take"'),
        ({"apply": {"driftPolicy": "Ignore"}}, 'supported values: "Repair", "Report"'),
        ({"apply": {"deletionPolicy": "Keep"}}, 'supported values: "Delete", "Orphan"'),
        ({"apply": {"serviceAccountName": "An Applier"}}, A_NAME),
        ({"apply": {"prune": "yes"}}, "spec.apply.prune in body must be of type boolean"),
        (checks({"apiVersion": "v1", "kind": "Pod"}), "healthChecks[0].current: Required value"),
        (checks({**POD_CHECK, "current": ""}), "healthChecks[0].current in body should be at least 1 chars long"),
        (checks({**POD_CHECK, "failed": "x" * 2049}), "Too long: may not be more than 2048 bytes"),
        (checks({**POD_CHECK, "apiVersion": "Apps/v1"}), "must be an apiVersion, such as apps/v1"),
        (checks({**POD_CHECK, "kind": "my-pod"}), "must be a kind, such as Cluster"),
        (checks({**POD_CHECK, "progressing": "true"}), 'unknown field "spec.apply.healthChecks[0].progressing"'),
        (checks(*({**POD_CHECK, "kind": f"A{each}"} for each in range(17))), "must have at most 16 items"),
        (checks({**POD_CHECK, "apiVersion": "a.b/v1"}, {**POD_CHECK, "apiVersion": "a.b/v2"}), ONE_CHECK),
        (checks(POD_CHECK, POD_CHECK), ONE_CHECK),
        ({"rollout": {"historyLimit": -1}}, "should be greater than or equal to 0"),
        ({"rollout": {"historyLimit": 11}}, "should be less than or equal to 10"),
        ({"rollout": {"historyLimit": "5"}}, "must be of type integer"),
        ({"suspend": "true"}, "spec.suspend in body must be of type boolean"),
        ({"source": {"secretRef": {"name": "a_b"}}}, A_NAME),
        ({"source": {"secretRef": {}}}, "spec.source.secretRef.name: Required value"),
        ({"source": {"insecure": "yes"}}, "spec.source.insecure in body must be of type boolean"),
        ({"source": {"layer": {"path": ""}}}, "spec.source.layer.path in body should be at least 1 chars long"),
        ({"source": {"layer": {"mediaType": ""}}}, "layer.mediaType in body should be at least 1 chars long"),
        ({"source": {"tag": "1.0"}}, 'unknown field "spec.source.tag"'),
        ({"parameters": {}}, 'unknown field "spec.parameters"'),
    ],
)
def test_what_the_spec_does_not_know_is_refused_with_what_it_knows(refusal, spec, says):
    assert says in refusal(pattern(**spec))


@pytest.mark.parametrize(
    ("body", "says"),
    [({}, "spec: Required value"), ({"spec": {}}, "spec.source: Required value")],
    ids=["no spec", "no source"],
)
def test_a_pattern_without_a_source_is_refused(refusal, body, says):
    assert says in refusal({name: part for name, part in pattern().items() if name != "spec"} | body)


# --- what is completed ----------------------------------------------------------------------------------------------


def test_the_shortest_pattern_is_completed_with_the_defaults(accepted):
    found = accepted(pattern())

    assert found["spec"] == {
        "source": {"url": URL, "ref": {"tag": "1.4.2"}, "insecure": False},
        "interval": "5m",
        "retryInterval": "2m",
        "timeout": "5m",
        "suspend": False,
    }


def test_what_the_api_server_fills_in_is_what_the_operator_assumes(accepted):
    sections = {"render": {}, "apply": {}, "rollout": {}, **signed_by({"secretRef": {"name": "release"}})}
    sent = pattern(source={"layer": {}}, **sections)

    found = accepted(sent)

    assert found["spec"]["apply"] == {
        "prune": True,
        "allowEmpty": False,
        "createNamespace": False,
        "conflicts": "Fail",
        "adopt": "IfUnowned",
        "driftPolicy": "Repair",
        "wait": True,
        "deletionPolicy": "Delete",
    }
    assert found["spec"]["render"] == {"format": "Auto", "onInvalid": "Refuse", "skipSchemaValidation": False}
    assert found["spec"]["rollout"] == {"historyLimit": 5}
    assert decode(found).spec == decode(sent).spec


def test_a_pattern_that_the_operator_has_not_seen_is_not_done(accepted):
    """kstatus takes a resource without status for done, unless observedGeneration says otherwise."""
    assert accepted(pattern())["status"]["observedGeneration"] == -1


def test_programs_find_every_field_of_status_from_the_beginning(accepted):
    status = accepted(pattern())["status"]

    assert (status["status"], status["version"], status["revision"], status["digest"]) == ("", "", "", "")
    assert (status["conditions"], status["verifiedBy"], status["history"]) == ([], [], [])


# --- how it is served -----------------------------------------------------------------------------------------------

CONDITION = {
    "type": "Ready",
    "status": "True",
    "reason": "Ready",
    "message": "1.4.2 runs",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}


@pytest.fixture
def web(kubectl):
    """A pattern that is there, in the namespace default; deleted after the test."""
    body = pattern(suspend=True)
    body["status"] = {"version": "9.9.9"}
    kubectl("create", "--filename=-", stdin=json.dumps(body))
    yield "web"
    kubectl("delete", "dp", "web")


def write_status(kubectl, name, **status):
    patch = json.dumps({"status": status})
    kubectl("patch", "dp", name, "--type=merge", "--subresource=status", "-p", patch)


def test_status_is_written_through_its_subresource_alone(kubectl, web):
    assert kubectl.json("get", "dp", web)["status"]["version"] == ""

    kubectl("patch", "dp", web, "--type=merge", "--subresource=status", "-p", '{"spec": {"suspend": false}}')
    write_status(kubectl, web, version="1.4.2")

    found = kubectl.json("get", "dp", web)
    assert found["status"]["version"] == "1.4.2"
    assert found["spec"]["suspend"] is True
    assert found["metadata"]["generation"] == 1


def test_conditions_are_merged_by_type(kubectl, web):
    for reason in ("Ready", "Progressing"):
        body = pattern() | {"status": {"conditions": [CONDITION | {"reason": reason}]}}
        del body["spec"]
        manager = f"--field-manager={reason}"
        options = ("--server-side", "--subresource=status", "--force-conflicts", "--validate=false", "--filename=-")
        kubectl("apply", manager, *options, stdin=json.dumps(body))

    (condition,) = kubectl.json("get", "dp", web)["status"]["conditions"]
    assert condition["reason"] == "Progressing"


@pytest.mark.parametrize("status", [{"conditions": [CONDITION | {"status": "Maybe"}]}, {"version": 1}])
def test_a_status_of_another_shape_is_refused(kubectl, web, status):
    with pytest.raises(KubectlFailed, match="is invalid"):
        write_status(kubectl, web, **status)


def test_kubectl_shows_what_runs(kubectl, web):
    write_status(
        kubectl,
        web,
        status="Ready",
        version="1.4.2",
        shortDigest="0a1b2c3d4e5f",
        conditions=[CONDITION],
        verifiedBy=[{"authority": "release", "format": "bundle", "where": "referrer"}],
        signers="release, security",
    )

    header, row = kubectl("get", "dp").splitlines()
    assert header.split() == ["NAME", "READY", "STATUS", "VERSION", "DIGEST", "AGE"]
    assert row.split()[:5] == ["web", "True", "Ready", "1.4.2", "0a1b2c3d4e5f"]

    header, row = kubectl("get", "dp", "--output=wide").splitlines()
    assert header.endswith("URL" + " " * 35 + "VERIFIED BY         SUSPENDED   MESSAGE")
    assert row.endswith(f"{URL}   release, security   true        1.4.2 runs")


@pytest.mark.parametrize("name", ["dp", "designpattern", "designpatterns", "patterns"])
def test_it_goes_by_its_short_name_and_is_one_of_the_patterns(kubectl, web, name):
    assert kubectl("get", name, "--output=name") == "designpattern.pattern-operator.io/web\n"


def test_kubectl_explains_every_field(kubectl):
    explained = " ".join(kubectl("explain", "dp.spec.render.format").split())

    assert "`Auto` tells a Helm chart, a kustomization," in explained  # kubectl breaks lines anywhere


# --- its schema -----------------------------------------------------------------------------------------------------


def nodes(node, path=""):
    """Every node of the schema with its path."""
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    for part in ("items", "additionalProperties"):
        if isinstance(node.get(part), dict):
            yield from nodes(node[part], f"{path}[]")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_field_is_described_in_whole_sentences(kind):
    for path, node in nodes(schema(kind)):
        if path.rpartition(".")[2] not in ("metadata", "") and not path.endswith("[]"):
            assert node["description"].endswith("."), path


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_schema_is_structural(kind):
    for path, node in nodes(schema(kind)):
        assert node.get("type"), path
        assert not {"$ref", "anyOf", "allOf", "oneOf", "title", "examples", "propertyNames"} & set(node), path
        assert node.get("default", "") is not None, path


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_rule_has_a_message_that_says_what_is_right(kind):
    rules = [rule for _, node in nodes(schema(kind)) for rule in node.get("x-kubernetes-validations", ())]

    assert rules
    for rule in rules:
        assert any(word in rule["message"] for word in ("must", "needs", "stands alone", "only goes with")), rule


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_crd_serves_one_version_and_stores_it(kind):
    (version,) = crd(kind)["spec"]["versions"]

    assert (version["name"], version["served"], version["storage"]) == ("v1alpha1", True, True)


# --- render ---------------------------------------------------------------------------------------------------------


def test_parameters_of_any_shape_are_kept_as_they_are(accepted):
    given = {"replicas": 3, "hosts": ["a", {"b": None}], "deep": {"er": {"on": True}}, "1": 0.5}

    assert accepted(pattern(render={"parameters": given}))["spec"]["render"]["parameters"] == given


@pytest.mark.parametrize("given", ["text", ["a"], 1])
def test_parameters_that_are_not_an_object_are_refused(refusal, given):
    assert "spec.render.parameters" in refusal(pattern(render={"parameters": given}))


@pytest.mark.parametrize(
    "path", ["a", "db.password", "hosts[0].name", "a[0][1].b", "annotations.example\\.com/team", "a-b_c/d"]
)
def test_a_target_path_that_is_one_is_accepted(accepted, path):
    reference = {"kind": "Secret", "name": "db", "targetPath": path}

    kept = accepted(pattern(render={"valuesFrom": [reference]}))["spec"]["render"]["valuesFrom"]

    assert kept == [{**reference, "valuesKey": "values.yaml", "optional": False}]


@pytest.mark.parametrize("path", ["", ".a", "a.", "a..b", "[0]", "a[x]", "a[0]b", "a[-1]", "a=b", "a,b", "a\\", "{a}"])
def test_a_target_path_that_is_none_is_refused(refusal, path):
    said = refusal(pattern(render={"valuesFrom": [{"kind": "Secret", "name": "db", "targetPath": path}]}))

    assert "spec.render.valuesFrom[0].targetPath" in said


@pytest.mark.parametrize(
    ("render", "says"),
    [
        ({"valuesFrom": [{"kind": "Pod", "name": "a"}]}, "spec.render.valuesFrom[0].kind"),
        ({"valuesFrom": [{"kind": "Secret", "name": "A"}]}, "must be the name of a resource"),
        ({"images": [{"name": "nginx"}]}, "an image needs one of newName, newTag or digest"),
        ({"images": [{"name": "nginx", "newTag": "1", "digest": DIGEST}]}, "must not have both"),
        ({"images": [{"name": "nginx", "newName": "nginx:3"}]}, "must have neither tag nor digest"),
        ({"images": [{"name": "nginx", "newName": "a.example:5000/nginx:3"}]}, "must have neither tag nor digest"),
        ({"images": [{"name": "nginx", "newName": f"nginx@{DIGEST}"}]}, "must have neither tag nor digest"),
        ({"namePrefix": "Dev_"}, "must be part of a name"),
        ({"commonMetadata": {"labels": {"team name": "a"}}}, "must be labels, key and value: letters, digits"),
        ({"commonMetadata": {"labels": {"env": "prod!"}}}, "must be labels, key and value: letters, digits"),
        ({"commonMetadata": {"annotations": {"a b": "c"}}}, "must have keys of annotations: letters, digits"),
        ({"patches": [{"patch": ""}]}, "spec.render.patches[0].patch"),
        ({"format": "Jsonnet"}, "spec.render.format"),
    ],
)
def test_what_is_wrong_in_render_is_refused_with_what_is_right(refusal, render, says):
    assert says in refusal(pattern(render=render))


@pytest.mark.parametrize("name", ["nginx", "mirror.example/nginx", "mirror.example:5000/a/nginx"])
def test_another_name_of_an_image_is_accepted_also_with_a_port(accepted, name):
    images = [{"name": "nginx", "newName": name}]

    assert accepted(pattern(render={"images": images}))["spec"]["render"]["images"] == images


def test_labels_and_annotations_as_kubernetes_has_them_are_accepted(accepted):
    metadata = {"labels": {"example.com/team": "a_1.b-C", "empty": ""}, "annotations": {"Example.com/Note": "a b\n{}"}}

    assert accepted(pattern(render={"commonMetadata": metadata}))["spec"]["render"]["commonMetadata"] == metadata


# --- spec.apply.healthChecks ------------------------------------------------------------------------------------------


def test_checks_of_several_kinds_are_accepted_as_long_as_each_is_for_another(accepted):
    several = [
        {"apiVersion": api_version, "kind": kind, "current": "status.a", "inProgress": "x" * 2048}
        for api_version, kind in (("v1", "Pod"), ("a.b/v1", "Pod"), ("apps/v1", "Pod"), ("v1", "Secret"))
    ]

    assert accepted(pattern(**checks(*several)))["spec"]["apply"]["healthChecks"] == several
