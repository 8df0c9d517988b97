"""What a text would be built into is estimated by its brackets and names, where it is long enough to matter."""

import pytest

from pattern_operator.kube.json_size import is_too_large
from pattern_operator.limits import KIB, MAX_READ_CONTAINERS, MAX_READ_MEMBERS


@pytest.mark.parametrize(
    ("text", "too_large"),
    [
        pytest.param(b"{" * (64 * KIB), False, id="short, whatever it holds"),
        pytest.param(b"[" * MAX_READ_CONTAINERS + b" " * 64 * KIB, False, id="as many lists as are read"),
        pytest.param(b"[" * (MAX_READ_CONTAINERS + 1) + b" " * 64 * KIB, True, id="a list more"),
        pytest.param(b"{[" * (MAX_READ_CONTAINERS // 2 + 1) + b" " * 64 * KIB, True, id="lists and objects together"),
        pytest.param(b'":' * MAX_READ_MEMBERS + b" " * 64 * KIB, False, id="as many names as are read"),
        pytest.param(b'":' * (MAX_READ_MEMBERS + 1) + b" " * 64 * KIB, True, id="a name more"),
    ],
)
def test_lists_objects_and_names_count(text: bytes, too_large: bool):
    assert is_too_large(text) is too_large
