"""What the docs and samples show is accepted by a real API server: its rules are more than a schema."""

import json

import pytest
from tests.api.test_crd import pattern
from tests.test_docs import YAML, is_pattern
from tests.testbed.paths import ROOT


@pytest.mark.parametrize(
    "document", [pytest.param(document, id=where) for where, document in YAML if is_pattern(document)]
)
def test_every_designpattern_of_the_docs_is_accepted(kubectl, document):
    body = pattern()
    body["spec"] |= document["spec"]

    kubectl("create", "--dry-run=server", "--validate=strict", "--filename=-", stdin=json.dumps(body))


def test_every_sample_is_accepted(kubectl):
    made = kubectl("create", "--dry-run=server", "--validate=strict", f"--kustomize={ROOT / 'manifests/samples'}")

    assert sorted(line.split()[0] for line in made.splitlines()) == [
        "designpattern.pattern-operator.io/guestbook",
        "designpattern.pattern-operator.io/web",
        "trustpolicy.pattern-operator.io/release",
    ]
