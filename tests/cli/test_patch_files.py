"""``--patch FILE``: the forms that kustomize knows, and words for what is none of them."""

import json
from dataclasses import replace

import pytest

from pattern_operator.cli.patch_files import patches
from pattern_operator.errors import Stalled
from pattern_operator.render.options import Patch, PatchTarget

MERGE = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n"
BODY = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 3}}
JSON_PATCH = [{"op": "remove", "path": "/spec/replicas"}]


@pytest.fixture
def written(tmp_path):
    """The patches of one file with this content."""

    def write(content):
        path = tmp_path / "patch.yaml"
        path.write_text(content)
        return patches([str(path)])

    return write


def test_a_part_of_an_object_is_a_strategic_merge_patch(written):
    (patch,) = written(MERGE)

    assert (json.loads(patch.patch), patch.target) == (BODY, None)


def test_a_file_may_hold_several(written):
    assert len(written(f"{MERGE}---\n{MERGE}")) == 2


@pytest.mark.parametrize("form", ["{entry}", "[{entry}, {entry}]", "{{patches: [{entry}]}}"])
def test_entries_with_a_target_are_as_in_a_kustomization(written, form):
    entry = json.dumps({"patch": json.dumps(JSON_PATCH), "target": {"kind": "Deployment", "labelSelector": "app=web"}})

    found = written(form.format(entry=entry))

    target = PatchTarget(kind="Deployment", label_selector="app=web")
    assert {replace(each, where="") for each in found} == {Patch(patch=json.dumps(JSON_PATCH), target=target)}


def test_a_patch_knows_where_it_is_written(written, tmp_path):
    found = written(f"{MERGE}---\n[{{patch: {MERGE!r}}}, {{patch: {MERGE!r}}}]\n")

    place = f"--patch '{tmp_path / 'patch.yaml'}', line"
    assert [each.where for each in found] == [f"{place} 1", f"{place} 5", f"{place} 5, patch 2"]


def test_a_patch_in_an_entry_need_not_be_text(written):
    (patch,) = written(json.dumps({"patch": JSON_PATCH, "target": {"name": "web"}}))

    assert json.loads(patch.patch) == JSON_PATCH


def test_files_come_in_the_order_of_the_command_line(tmp_path):
    for name in ("b", "a"):
        (tmp_path / name).write_text(f"kind: Service\nmetadata: {{name: {name}}}\n")

    found = patches([str(tmp_path / "b"), str(tmp_path / "a")])

    assert [json.loads(patch.patch)["metadata"]["name"] for patch in found] == ["b", "a"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (json.dumps(JSON_PATCH), "a JSON patch names no object: put it into an entry with patch and target"),
        ("a: 1", "is not a patch: write a part of an object"),
        ("just text", "is not a patch"),
        ("[]", "is not a patch"),
        ("[1]", "has an entry that is not a patch"),
        ("{patch: 1}", "has an entry that is not a patch"),
        ("{patch: a, target: {}}", "target must be a mapping"),
        ("{patch: a, target: {labels: a}}", "a target has no field 'labels': it has group, version, kind"),
        ("{patch: a, target: {kind: 1}}", "target.kind must be text"),
        ("{patch: a, options: {allowNameChange: true}}", "has an entry that is not a patch"),
        ("patches: [{path: other.yaml}]", "an entry names a file by path"),
        ("a: [", "line 2"),
    ],
)
def test_what_is_not_a_patch_is_refused_in_words(written, content, said):
    with pytest.raises(Stalled) as refused:
        written(content)

    assert said in refused.value.message
