"""The shipped schemas are those of their provenance, and small."""

import gzip
import json

import pytest

from pattern_operator.lint.schema.shipped import VERSIONS, load
from tools import kube_schemas


def test_what_is_shipped_has_its_checksum():
    assert list(kube_schemas.stale()) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_has_the_kinds_that_people_write(version):
    kinds = load(version)["kinds"]

    assert {"v1/Pod", "apps/v1/Deployment", "networking.k8s.io/v1/Ingress", "batch/v1/CronJob"} <= kinds.keys()
    assert not any(kind.endswith("List") for kind in kinds)


def test_what_was_changed_by_hand_is_told(tmp_path, monkeypatch):
    for path in kube_schemas.FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "1.37.json.gz").write_bytes(gzip.compress(json.dumps({}).encode()))
    monkeypatch.setattr(kube_schemas, "FOLDER", tmp_path)
    monkeypatch.setattr(kube_schemas, "PROVENANCE", tmp_path / "provenance.json")
    monkeypatch.setattr(kube_schemas, "cached_folder", lambda tag: None)

    assert list(kube_schemas.stale()) == ["the schemas of 1.37 are not those of provenance.json"]
