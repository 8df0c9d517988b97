"""Exit codes are public: scripts decide by them."""

import pytest

from pattern_operator.cli import exit_codes


def test_exit_codes_stay():
    codes = (exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE, exit_codes.REFUSED, exit_codes.LEFT)

    assert codes == (0, 1, 2, 3, 4)
    assert (exit_codes.INCOMPLETE, exit_codes.WARNED) == (5, 6)
    assert exit_codes.INTERRUPTED == 128 + 2  # SIGINT


def test_every_code_is_described_once():
    codes = [value for name, value in vars(exit_codes).items() if name.isupper() and isinstance(value, int)]

    assert sorted(codes) == sorted(exit_codes.DESCRIPTIONS)
    assert len(set(exit_codes.DESCRIPTIONS.values())) == len(codes)


@pytest.mark.parametrize("codes", [(), (0,), (130, 3)], ids=str)
def test_the_help_has_a_line_for_each_code_that_a_command_has(codes: tuple[int, ...]):
    heading, *lines = exit_codes.table(*codes).splitlines()

    assert heading == "exit codes:"
    assert lines == [f"  {str(code).ljust(4)} {exit_codes.DESCRIPTIONS[code]}" for code in codes]
