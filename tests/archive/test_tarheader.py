import tarfile
from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.archive.archives import entry, record

from pattern_operator.archive.tarheader import (
    EntryType,
    InvalidHeader,
    parse_global,
    parse_header,
    parse_pax,
    safe_path,
)

NAME = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"], exclude_characters="/\\"), min_size=1)
PATH = st.lists(NAME.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4).map("/".join)


def header(block: bytes, **extended: str):
    return parse_header(block[:512], extended=extended)


# --- headers --------------------------------------------------------------------------------------------------------


@given(name=PATH, size=st.integers(0, 8**11 - 1), form=st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT]))
def test_a_header_of_the_standard_library_is_understood(name, size, form):
    assume(len(name) <= 100)
    info = tarfile.TarInfo(name)
    info.size = size

    found = header(info.tobuf(form))

    assert (found.kind, found.name, found.size) == (EntryType.FILE, name, size)


def test_a_long_name_is_put_together_from_two_fields():
    info = tarfile.TarInfo("a" * 80 + "/" + "b" * 80)

    assert header(info.tobuf(tarfile.USTAR_FORMAT)).name == info.name


@pytest.mark.parametrize("magic", [b"ustar  \0", bytes(8), b"ustar\x20"], ids=["GNU", "before POSIX", "neither"])
def test_a_prefix_that_not_every_reader_takes_for_one_is_refused(magic):
    assert header(entry("a", magic=magic)).name == "a"
    with pytest.raises(InvalidHeader, match="prefix"):
        header(entry("a", magic=magic, prefix=b"00000000000"))


@pytest.mark.parametrize(
    "field", [b"\x01", b"8", b"1 1", b"-1", b"0x1", b"1_1"], ids=["binary", "no octal", "two", "negative", "hex", "odd"]
)
@pytest.mark.parametrize("name", ["mode", "mtime", "uid", "devmajor"])
def test_a_field_that_is_not_a_number_is_refused_though_it_is_not_used(name, field):
    with pytest.raises(InvalidHeader, match="not a number"):
        header(entry("a", **{name: field}))


@pytest.mark.parametrize("field", [b"", b"0000644", b" 644", b"644 ", b"\x80\0\0\x01", b"\xff\xff\xff\xff"])
def test_each_way_to_write_a_number_that_is_not_used(field):
    assert header(entry("a", uid=field)).name == "a"


@given(block=st.binary(min_size=512, max_size=512))
def test_no_block_raises_anything_but_a_refusal(block):
    with pytest.raises((InvalidHeader, UnicodeDecodeError)):
        header(block)


@given(position=st.integers(0, 511), value=st.integers(0, 255))
def test_a_header_in_which_one_byte_was_changed_is_refused(position, value):
    block = bytearray(entry("design.yml", size=5))
    assume(block[position] != value and position not in range(148, 156))
    block[position] = value

    with pytest.raises(InvalidHeader, match="damaged"):
        header(bytes(block))


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        (b"1", "a hard link"),
        (b"2", "a symbolic link"),
        (b"3", "a device"),
        (b"4", "a device"),
        (b"6", "a named pipe"),
        (b"S", "a sparse file"),
        (b"7", "of an unknown kind"),
        (b"K", "of an unknown kind"),
        (b"V", "of an unknown kind"),
        (b"X", "of an unknown kind"),
    ],
)
def test_whatever_is_neither_file_nor_folder_is_refused_by_name(flag, says):
    with pytest.raises(InvalidHeader, match=f"'evil' is {says}"):
        header(entry("evil", flag=flag))


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        (b"00000000017\0", 15),
        (b"         17\0", 15),
        (b"17\0garbage!", 15),
        (b"000000000017", 15),
        (b"17         \0", 15),
    ],
)
def test_each_way_to_write_a_number(size, wanted):
    assert header(entry("a", raw_size=size)).size == wanted


@pytest.mark.parametrize(
    "size", [b"\x80" + bytes(10) + b"\x01", b"0000000001x\0", b"-0000000001\0", b"\0" * 12, b"        9\0  ", b"1 1\0"]
)
def test_what_is_not_an_octal_number_is_refused(size):
    with pytest.raises(InvalidHeader, match="damaged"):
        header(entry("a", raw_size=size))


def test_a_folder_with_content_is_refused():
    with pytest.raises(InvalidHeader, match="folder in it has content"):
        header(entry("a/", flag=b"5", size=1))


def test_a_file_whose_name_is_that_of_a_folder_is_refused():
    with pytest.raises(InvalidHeader, match="is not a name of a file"):
        header(entry("a/", flag=b"0"))


def test_a_folder_as_archives_before_posix_wrote_it_is_one():
    assert header(entry("a/", flag=b"\0")).kind is EntryType.FOLDER


@pytest.mark.parametrize("size", ["1", "0", "9" * 19])
def test_two_sizes_are_refused_for_readers_differ_in_which_they_believe(size):
    with pytest.raises(InvalidHeader, match="two sizes"):
        header(entry("a", size=512), size=size)


def test_two_sizes_that_agree_are_one():
    assert header(entry("a", size=512), size="512").size == 512


@pytest.mark.parametrize("size", ["", "-1", "+512", "512 ", "0x200", "٥١٢", "9" * 20])
def test_a_size_that_is_not_a_number_is_refused(size):
    with pytest.raises(InvalidHeader, match="not a number"):
        header(entry("a", size=512), size=size)


def test_two_long_names_are_refused_for_readers_differ_in_which_they_believe():
    with pytest.raises(InvalidHeader, match="two names"):
        parse_header(entry("a")[:512], long_name="b", extended={"path": "c"})


def test_two_long_names_that_agree_are_one():
    assert parse_header(entry("a")[:512], long_name="b", extended={"path": "b"}).name == "b"


def test_a_sparse_file_is_refused_also_where_only_its_extended_header_says_so():
    with pytest.raises(InvalidHeader, match="of an unknown kind"):
        header(entry("a"), **{"GNU.sparse.major": "1"})


# --- extended headers -----------------------------------------------------------------------------------------------


@given(records=st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="=")), st.text(), max_size=8))
def test_records_are_read_as_they_were_written(records):
    assert parse_pax(b"".join(record(name, value) for name, value in records.items())) == records


@given(content=st.binary() | st.text("0123456789 =\n").map(str.encode))
def test_no_bytes_of_an_extended_header_raise_anything_but_a_refusal(content):
    with suppress(InvalidHeader, UnicodeDecodeError):
        parse_pax(content)


@pytest.mark.parametrize(
    "content",
    [
        b"7 a=b",
        b"6 a=b\n7",
        b"5 a=b\n",
        b"9 a=b\n",
        b"0 a=b\n",
        b"-6 a=b\n",
        b"a=b\n",
        b"5 ab\n",
        b"6  a=b\n",
        b"\0" * 8,
    ],
)
def test_a_record_that_is_not_as_long_as_it_says_is_refused(content):
    with pytest.raises(InvalidHeader, match="damaged"):
        parse_pax(content)


def test_as_many_records_as_archivers_write_are_read_and_no_more():
    one = record("k", "v")

    assert parse_pax(one * 128) == {"k": "v"}
    with pytest.raises(InvalidHeader, match="more than 128"):
        parse_pax(one * 129)


def test_a_comment_for_all_entries_is_passed_over_as_git_writes_it():
    parse_global(record("comment", "0123456789abcdef") + record("mtime", "1"))


@pytest.mark.parametrize("keyword", ["path", "size", "GNU.sparse.size"])
def test_what_would_change_every_entry_is_refused_for_readers_differ_in_whether_they_obey(keyword):
    with pytest.raises(InvalidHeader, match="global header"):
        parse_global(record(keyword, "1"))


# --- names ----------------------------------------------------------------------------------------------------------


@given(path=PATH)
def test_a_plain_path_stays_as_it_is(path):
    assert safe_path(path) == path


@given(name=st.text() | st.text(alphabet="./a\\\0"))
def test_what_comes_out_is_a_path_below_the_root(name):
    try:
        path = safe_path(name)
    except InvalidHeader:
        return
    parts = path.split("/")
    assert path.isprintable()
    assert "\\" not in path
    assert not {"", ".", ".."} & set(parts)


@pytest.mark.parametrize(
    ("name", "wanted"), [("./a", "a"), ("a//b", "a/b"), ("a/./b", "a/b"), ("...", "..."), ("a..b", "a..b"), ("é", "é")]
)
def test_a_path_is_written_in_one_way(name, wanted):
    assert safe_path(name) == wanted


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("/etc/passwd", "absolute path"),
        ("..", "leads out"),
        ("../a", "leads out"),
        ("a/../b", "leads out"),
        ("a/..", "leads out"),
        ("", "not a name of a file"),
        (".", "not a name of a file"),
        ("a/", "not a name of a file"),
        ("a/.", "not a name of a file"),
        ("a\\..\\b", "characters that a path must not have"),
        ("a\0b", "characters that a path must not have"),
        ("a\nb", "characters that a path must not have"),
        ("\x1b[31m", "characters that a path must not have"),
        ("a\u202eb", "characters that a path must not have"),
        ("a" * 1025, "more than 1024 bytes"),
        ("é" * 513, "more than 1024 bytes"),
        ("\ud800", "characters that a path must not have"),
    ],
)
def test_a_name_that_leads_elsewhere_or_is_none_is_refused(name, says):
    with pytest.raises(InvalidHeader, match=says):
        safe_path(name)
