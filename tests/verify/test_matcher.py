import pytest

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_IDENTITY_PATTERN
from pattern_operator.verify.matcher import Anything, Exactly, compile_pattern


@pytest.mark.parametrize("text", ["a@b.c ", " a@b.c", "A@b.c", "a@b.cc", "a@b", ""])
def test_a_text_is_meant_letter_by_letter(text):
    assert Exactly("a@b.c").matches("a@b.c")
    assert not Exactly("a@b.c").matches(text)


@pytest.mark.parametrize("text", ["xa.c", "a.cx", "a.c\n", "\na.c", "", "A.c"])
def test_a_pattern_means_whole_texts(text):
    pattern = compile_pattern(r"a\.c|a\.d", name="release")

    assert pattern.matches("a.c")
    assert pattern.matches("a.d")
    assert not pattern.matches(text)


def test_what_is_not_named_is_not_meant():
    assert not Exactly("").matches("")
    assert not compile_pattern("x?", name="release").matches("")
    assert Anything().matches("")


@pytest.mark.parametrize("pattern", ["", "(", "(?=a)", r"\1", "((a?){500}){500}", "x" * (MAX_IDENTITY_PATTERN + 1)])
def test_a_pattern_that_does_not_compile_is_an_error_of_the_policy_and_never_skipped(pattern):
    with pytest.raises(Stalled) as refusal:
        compile_pattern(pattern, name="release")

    assert refusal.value.reason is Reason.KEY_INVALID
    assert "authority 'release'" in refusal.value.message
