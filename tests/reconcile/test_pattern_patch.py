"""The merge patch that the writer sends: it makes the new of the old, and is empty when nothing changed."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.reconcile.pattern_patch import difference

SCALARS = st.one_of(st.booleans(), st.integers(), st.text(max_size=5))  # JSON merge patch cannot hold null as a value
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,  # three levels, which is where merging one into the other differs
)
DOCUMENTS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2, word for word: the referee."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


@given(DOCUMENTS, DOCUMENTS)
def test_the_patch_makes_the_new_of_the_old(before, after):
    assert merged(before, difference(before, after)) == after


@given(DOCUMENTS)
def test_nothing_is_sent_when_nothing_changed(document):
    assert difference(document, document) == {}


def test_only_what_changed_is_sent():
    before = {"version": "1", "inventory": {"count": 2, "entries": [1, 2]}, "candidate": "x"}
    after = {"version": "1", "inventory": {"count": 3, "entries": [1, 2, 3]}}

    assert difference(before, after) == {"candidate": None, "inventory": {"count": 3, "entries": [1, 2, 3]}}
