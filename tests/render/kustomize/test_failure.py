"""What kustomize said, in a message."""

from tests.render.kustomizing import files

from pattern_operator.render.kustomize.failure import failed, secret_values
from pattern_operator.render.kustomize.tree import Tree

SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: cGxhbnRlZA==}\nstringData: {b: planted}\n"


def test_the_values_of_secrets_are_found_wherever_they_are_written() -> None:
    tree = Tree(
        files(
            {
                "kustomization.yaml": "resources: [one.yaml, b]\nsecretGenerator:\n"
                "- {name: a, literals: ['k=word', alone], envs: [some.env], env: more.env}\n",
                "one.yaml": SECRET,
                "some.env": "A=first\nsecond\n",
                "more.env": "B = third \n",
                "b/kustomization.yaml": "a: [",
            }
        )
    )
    found = set(secret_values(tree, [".", "b"]))
    assert found == {"word", "alone", "first", "second", "third", "cGxhbnRlZA==", "planted"}


def test_what_kustomize_said_has_neither_its_folder_nor_what_is_hidden_nor_warnings() -> None:
    said = 'Warning: old field\nError: at /run/x1/base/one.yaml: "planted word" in /run/x1\nnext'
    message = failed(said, where="a.yaml", names=["base/one.yaml"], hidden=["planted word", "no"]).message
    assert message.startswith('a.yaml: kustomize says: at base/one.yaml: "***" in . next. Correct it')


def test_what_kustomize_said_is_bounded() -> None:
    assert len(failed("Error: " + "long " * 100_000, where="a").message) < 5_000
    assert "says: nothing" in failed("", where="a").message


def test_the_content_of_a_node_is_cut() -> None:
    said = "Error: wrong node kind: expected ScalarNode but got MappingNode: node contents:\n{name: x, p: planted}\n"
    message = failed(said, where="a.yaml").message
    assert "says: wrong node kind: expected ScalarNode but got MappingNode. Correct it" in message
    assert "planted" not in message
