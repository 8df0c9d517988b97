import pytest
from tests.verify.local_sigstore import tree_path, tree_root

from pattern_operator.verify.transparency.merkle import root_of

LEAVES = [b"leaf %d" % number for number in range(21)]


@pytest.mark.parametrize("size", range(1, len(LEAVES) + 1))
def test_each_leaf_of_a_tree_leads_to_its_root_and_to_that_of_no_other_place(size):
    leaves = LEAVES[:size]
    for index in range(size):
        path = tree_path(leaves, index)

        assert root_of(leaves[index], index=index, size=size, path=path) == tree_root(leaves)
        for other in {index - 1, index + 1, size, -1, 0} - {index}:
            assert root_of(leaves[index], index=other, size=size, path=path) != tree_root(leaves)
        assert root_of(b"another", index=index, size=size, path=path) != tree_root(leaves)


@pytest.mark.parametrize("size", [1, 2, 7, 8, 21])
def test_a_path_with_a_hash_more_less_or_moved_leads_nowhere(size):
    leaves = LEAVES[:size]
    for index in range(size):
        path = tree_path(leaves, index)
        others = [[*path, b"\x00" * 32], [b"\x00" * 32, *path], path[:-1] if path else [b""], path[::-1]]
        for other in others:
            if other != path:
                assert root_of(leaves[index], index=index, size=size, path=other) != tree_root(leaves)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1), (5, 3), (2**63, 2**63), (-1, -1)])
def test_what_is_not_in_a_tree_has_no_root(index, size):
    assert root_of(b"leaf", index=index, size=size, path=[]) is None


def test_a_node_is_never_taken_for_a_leaf():
    # The hash of a node is over 0x01 and its two halves: a leaf with that content has another hash.
    left, right = (tree_root([leaf]) for leaf in LEAVES[:2])

    assert root_of(left + right, index=0, size=1, path=[]) != tree_root(LEAVES[:2])
