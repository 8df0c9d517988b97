"""What people are shown: columns that stand, colour where it is wanted, and no letter that commands a terminal."""

import io
import os

import pytest

from pattern_operator.cli import output


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch):
    """A terminal 30 columns wide, which tests put in place themselves, because pytest would undo it before they run."""
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def test_columns_stand_below_their_header():
    assert output.table(("NAME", "AGE"), [("web", "5m"), ("longer-name", "")]) == [
        "NAME          AGE",
        "web           5m",
        "longer-name   <none>",
    ]


def test_a_table_without_rows_is_its_header():
    assert output.table(("NAME", "AGE"), []) == ["NAME   AGE"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\n  two\tthree", "one two three"),
        ("\x1b[2Jgone\x07", "?[2Jgone?"),
        ("\x9b31mred", "?31mred"),
        ("left\u202eright", "left?right"),
        ("Straße 😀", "Straße 😀"),
    ],
)
def test_what_comes_from_elsewhere_is_one_harmless_line(text, shown):
    assert output.plain(text) == shown
    assert output.table(("A",), [(text,)])[1] == shown


def test_a_line_is_cut_to_the_terminal(terminal, monkeypatch):
    monkeypatch.setattr("sys.stdout", terminal)

    assert output.fitted("a" * 30) == "a" * 30
    assert output.fitted("a" * 31) == "a" * 29 + "…"


def test_a_line_is_whole_where_no_terminal_reads_it(capsys):
    assert output.fitted("a" * 500) == "a" * 500


def test_colour_is_for_terminals(terminal):
    assert output.colour("ok", "green", stream=terminal) == "\x1b[32mok\x1b[0m"
    assert output.colour("ok", "green", stream=io.StringIO()) == "ok"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_that_wants_no_colour_gets_none(terminal, monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    assert output.colour("ok", "green", stream=terminal) == "ok"


def test_progress_is_told_to_a_person_and_not_to_a_program(capsys, terminal, monkeypatch):
    output.progress("pulling")
    assert capsys.readouterr().err == ""

    monkeypatch.setattr("sys.stderr", terminal)
    output.progress("pulling")
    assert terminal.getvalue() == "\x1b[2mpulling\x1b[0m\n"


def test_documents_are_utf_8_whatever_the_terminal_speaks(tmp_path, monkeypatch):
    with (tmp_path / "out").open("w", encoding="ascii") as stream:
        monkeypatch.setattr("sys.stdout", stream)
        print("first")
        output.document("é\n")

    assert (tmp_path / "out").read_bytes() == f"first{os.linesep}é\n".encode()
