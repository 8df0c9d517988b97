import gzip
import io
import tarfile
import zlib
from io import BytesIO
from posixpath import normpath

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.archive.archives import END, FILES, entry, files, pax, summed, tar, tgz
from tests.examples import examples

from pattern_operator.api.reason import Reason
from pattern_operator.archive import unpack as module
from pattern_operator.archive.unpack import is_archive, is_gzip, unpack
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_UNPACKED, MAX_UNPACKED_FILES, MIB

NAME = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"], exclude_characters="/\\"), min_size=1)
PATH = st.lists(NAME.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4).map("/".join)
CONTENTS = st.dictionaries(PATH.filter(str.isprintable), st.binary(max_size=1500), max_size=5)
PACKED = st.sampled_from([lambda content: content, gzip.compress])


def refusal(archive: bytes) -> Stalled:
    with pytest.raises(Stalled) as refused:
        unpack(archive, context="layer 1")
    assert refused.value.message.startswith("layer 1 ")
    return refused.value


def refused(archive: bytes) -> str:
    """Why an archive is refused."""
    error = refusal(archive)
    assert error.reason is Reason.ARCHIVE_REFUSED
    assert "patternctl push" in error.message
    return error.message


# --- what others write ----------------------------------------------------------------------------------------------


@given(contents=CONTENTS, form=st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]), packed=PACKED)
def test_what_the_standard_library_packs_is_unpacked(contents, form, packed):
    assert unpack(packed(tar(contents, form=form)), context="layer 1") == files(contents)


@given(contents=st.dictionaries(st.from_regex(r"[a-z]{1,90}(/[a-z]{1,90})?", fullmatch=True), st.binary(), max_size=3))
def test_what_it_packs_in_the_oldest_format_is_unpacked(contents):
    assert unpack(tar(contents, form=tarfile.USTAR_FORMAT), context="layer 1") == files(contents)


@given(length=st.integers(1, 1024), form=st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]))
def test_a_name_of_any_length_that_is_read_is_read_whole(length, form):
    name = ("d/" * 512 + "n" * 1024)[-length:].lstrip("/")

    assert unpack(tar({name: b"x"}, form=form), context="layer 1") == files({name: b"x"})


def test_folders_are_passed_over():
    assert unpack(tar(FILES, folders=(".", "a", "a/b/")), context="layer 1") == files()


def test_a_name_that_begins_with_a_dot_and_a_slash_is_the_plain_one():
    archive = entry("./", flag=b"5") + entry("./design.yml", b"x") + END

    assert unpack(archive, context="layer 1") == files({"design.yml": b"x"})


def test_what_git_archive_adds_is_passed_over():
    archive = pax(b"g", comment="0123456789abcdef") + entry("design.yml", b"x") + END

    assert unpack(archive, context="layer 1") == files({"design.yml": b"x"})


def test_an_empty_archive_has_no_files():
    assert unpack(tar({}), context="layer 1") == ()


@pytest.mark.parametrize("cut", [1, 100, 1024])
def test_a_gzip_of_several_members_is_one_archive(cut):
    archive = tar()
    members = gzip.compress(archive[:cut]) + gzip.compress(b"") + gzip.compress(archive[cut:])

    assert unpack(members, context="layer 1") == files()


def test_zeros_after_a_gzip_are_padding():
    assert unpack(tgz() + bytes(10_240), context="layer 1") == files()


# --- two readers ----------------------------------------------------------------------------------------------------


@settings(max_examples=examples(300))
@given(
    start=st.sampled_from([0, 512, 1024, 2048]),
    offset=st.sampled_from([0, 1, 99, 100, 124, 130, 134, 135, 156, 157, 257, 263, 345, 500]),
    patch=st.binary(min_size=1, max_size=12),
)
def test_an_archive_that_is_taken_holds_what_another_reader_finds_in_it(start, offset, patch):
    archive = bytearray(tar({"a": b"x" * 512, "b" * 120: b"y" * 512}))
    patch = patch[: 512 - offset]
    archive[start + offset : start + offset + len(patch)] = patch
    archive[start : start + 512] = summed(bytes(archive[start : start + 512]))
    try:
        ours = unpack(bytes(archive), context="layer 1")
    except Stalled:
        return
    with tarfile.open(fileobj=io.BytesIO(bytes(archive))) as other:
        read = {member.name: other.extractfile(member) for member in other if member.isfile()}
        theirs = {name: content.read() for name, content in read.items() if content is not None}

    assert {file.path: file.content for file in ours} == {normpath(path): theirs[path] for path in theirs}


@given(archive=st.binary() | st.binary(max_size=600).map(lambda rest: entry("a", b"x") + rest))
def test_no_bytes_raise_anything_but_a_refusal(archive):
    for content in (archive, b"\x1f\x8b" + archive, gzip.compress(archive)):
        try:
            unpack(content, context="layer 1")
        except Stalled as error:
            assert error.reason in (Reason.ARCHIVE_REFUSED, Reason.ARTIFACT_TOO_LARGE)


@pytest.mark.parametrize(
    ("archive", "says"),
    [
        pytest.param(entry("a", flag=b"2") + END, "a symbolic link", id="a link"),
        pytest.param(entry("a", flag=b"1") + END, "a hard link", id="a hard link"),
        pytest.param(entry("a", flag=b"3") + END, "a device", id="a device"),
        pytest.param(entry("a", flag=b"6") + END, "a named pipe", id="a pipe"),
        pytest.param(entry("/a") + END, "absolute path", id="absolute"),
        pytest.param(entry("../a") + END, "leads out", id="out of it"),
        pytest.param(entry("a", prefix=b"../x") + END, "leads out", id="out of it, by the prefix"),
        pytest.param(pax(path="../a") + entry("a") + END, "leads out", id="out of it, by an extended header"),
        pytest.param(entry("L", b"../a\0", flag=b"L") + entry("a") + END, "leads out", id="out of it, by a long name"),
        pytest.param(entry("../", flag=b"5") + END, "leads out", id="a folder out of it"),
        pytest.param(entry("a\\b") + END, "characters", id="a backslash"),
        pytest.param(entry(b"\xff") + END, "not UTF-8", id="no UTF-8"),
        pytest.param(entry("L", b"\xff", flag=b"L") + entry("a") + END, "not UTF-8", id="a long name, no UTF-8"),
        pytest.param(entry("") + END, "not a name of a file", id="no name"),
        pytest.param(entry("a") + entry("a") + END, "'a' twice", id="twice"),
        pytest.param(entry("a") + entry("./a") + END, "'a' twice", id="twice, in two ways"),
        pytest.param(entry("a") + pax(path="a") + entry("b") + END, "'a' twice", id="twice, by an extended header"),
        pytest.param(pax(size="1024") + entry("a", b"x" * 512) + END, "two sizes", id="two sizes (CVE-2025-62518)"),
        pytest.param(pax(b"g", path="b") + entry("a") + END, "global header", id="one name for all"),
        pytest.param(entry("x", b"12", flag=b"x") + entry("a") + END, "damaged", id="a bad extended header"),
        pytest.param(entry("x", b"x" * 70_000, flag=b"L") + END, "beyond measure", id="a name of 70,000 letters"),
        pytest.param(entry("a") + END + b"x", "follows after its end", id="a byte after the end"),
        pytest.param(entry("a") + END + entry("b") + END, "follows after its end", id="an archive after the end"),
        pytest.param(entry("a") + bytes(512) + entry("b") + END, "follows after its end", id="one block of zeros"),
        pytest.param(entry("a") + entry("L", b"b", flag=b"L") + END, "does not come", id="a long name without a file"),
        pytest.param(entry("a") + pax(path="b") + END, "does not come", id="an extended header without a file"),
        pytest.param(entry("a")[:-1], "ends too early", id="no end, a byte less"),
        pytest.param(entry("a", b"x")[:-512], "ends too early", id="a header without its content"),
        pytest.param(entry("a", b"x")[:-1], "ends too early", id="content without its padding"),
        pytest.param(entry("a") + b"x", "ends too early", id="no end, a byte more"),
        pytest.param(entry("a") + entry("b")[:511], "ends too early", id="half a header"),
        pytest.param(entry("a") + entry("L", b"b", flag=b"L"), "does not come", id="no end after a long name"),
        pytest.param(pax(path="b"), "does not come", id="no end after an extended header"),
        pytest.param(gzip.compress(entry("a", b"x" * 700))[:-9], "too early", id="no end, in half a gzip"),
        pytest.param(b"", "ends too early", id="nothing"),
        pytest.param(b"apiVersion: v1\n" * 100, "not a tar at all", id="not a tar"),
        pytest.param(gzip.compress(b"apiVersion: v1\n" * 100), "not a tar at all", id="not a tar, compressed"),
        pytest.param(tgz() + b"x" * 20, "something follows", id="bytes after a gzip"),
        pytest.param(tgz() + bytes(8) + b"x" * 20, "something follows", id="bytes after padding"),
        pytest.param(tgz()[:-1], "too early", id="a gzip without its last byte"),
        pytest.param(tgz()[:-8] + bytes(8), "damaged", id="a gzip with another checksum"),
        pytest.param(b"\x1f\x8b", "too early", id="a gzip of two bytes"),
        pytest.param(b"\x1f\x8bxx" + bytes(20), "damaged", id="a gzip of nonsense"),
    ],
)
def test_what_is_not_safe_or_not_whole_is_refused(archive, says):
    assert says in refused(archive)


@given(cut=st.integers(0, 2559))
def test_an_archive_that_was_cut_is_refused(cut):
    archive = entry("a", b"x" * 700) + entry("b") + bytes(512)
    assert len(archive) == 2560
    assert unpack(archive, context="layer 1")

    if cut in (1536, 2048):  # after a whole entry: some archivers write no more
        assert [file.path for file in unpack(archive[:cut], context="layer 1")] == ["a", "b"][: 1 + (cut == 2048)]
    else:
        assert "too early" in refused(archive[:cut])


@pytest.mark.parametrize("end", [b"", bytes(512), bytes(1024), bytes(10240)], ids=len)
@pytest.mark.parametrize("packed", [False, True])
def test_an_archive_ends_with_or_without_blocks_of_zeros(end, packed):
    archive = entry("a/", flag=b"5") + pax(path="long") + entry("a", b"x" * 700) + entry("b", b"y" * 512) + end

    found = unpack(gzip.compress(archive) if packed else archive, context="layer 1")

    assert [(file.path, len(file.content)) for file in found] == [("long", 700), ("b", 512)]


@given(data=st.data())
def test_a_gzip_that_was_cut_is_refused(data):
    archive = tgz()

    assert "too early" in refused(archive[: data.draw(st.integers(2, len(archive) - 1))])


@given(data=st.data())
def test_a_gzip_in_which_one_bit_was_flipped_is_refused_or_the_same(data):
    archive = bytearray(tgz())
    archive[data.draw(st.integers(10, len(archive) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = unpack(bytes(archive), context="layer 1")
    except Stalled:
        return

    assert found == files()


# --- how much -------------------------------------------------------------------------------------------------------


def test_a_decompression_bomb_is_refused_while_it_is_small():
    bomb = gzip.compress(entry("a", bytes(64 * MIB)) + END, compresslevel=9)

    assert len(bomb) < MIB / 8
    assert "decompression bombs" in refused(bomb)


def test_what_compresses_well_and_is_small_is_not_a_bomb():
    contents = {"a": b" " * (MIB - 20_000)}

    assert unpack(tgz(contents), context="layer 1") == files(contents)


@pytest.mark.parametrize("size", [MAX_UNPACKED + 1, 8**11 - 1])
def test_a_file_larger_than_all_may_be_is_refused_before_it_is_read(size):
    error = refusal(entry("a", size=size) + b"x" * 512)

    assert error.reason is Reason.ARTIFACT_TOO_LARGE
    assert "split" in error.message


@pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_an_archive_may_have_all_the_bytes_that_are_unpacked_and_none_more(monkeypatch: pytest.MonkeyPatch, packed):
    archive = entry("a", b"x" * 512) + bytes(512)

    monkeypatch.setattr(module, "MAX_UNPACKED", len(archive))
    assert unpack(packed(archive), context="layer 1") == files({"a": b"x" * 512})

    monkeypatch.setattr(module, "MAX_UNPACKED", len(archive) - 1)
    assert refusal(packed(archive)).reason is Reason.ARTIFACT_TOO_LARGE


@pytest.mark.parametrize(
    ("spare", "spare_ratio", "accepted"),
    [(0, -1, True), (-1, 0, True), (-1, -1, False)],
    ids=["as large as is not judged", "as many times its size as may be", "more of both"],
)
def test_a_bomb_is_what_is_larger_than_both_limits(monkeypatch: pytest.MonkeyPatch, spare, spare_ratio, accepted):
    archive = entry("a", b"x" * 98_304) + bytes(1024)
    packed = gzip.compress(archive)
    while len(archive) % len(packed):  # padding, so that the ratio is a whole number
        packed += b"\0"
    monkeypatch.setattr(module, "_RATIO_FROM", len(archive) + spare)
    monkeypatch.setattr(module, "MAX_UNPACK_RATIO", len(archive) // len(packed) + spare_ratio)

    if accepted:
        assert unpack(packed, context="layer 1") == files({"a": b"x" * 98_304})
    else:
        assert "decompression bombs" in refused(packed)


@pytest.mark.parametrize("size", [64 * 1024 - 512, 64 * 1024, 3 * 64 * 1024 - 512, 3 * 64 * 1024])
def test_what_waits_inside_zlib_without_any_input_is_read(size):
    """One byte of input can hold many chunks of output."""
    contents = {"a": bytes(size)}

    assert unpack(gzip.compress(entry("a", bytes(size)), compresslevel=9), context="layer 1") == files(contents)


def test_a_gzip_may_have_as_many_members_as_are_read_and_no_more(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_MAX_GZIP_MEMBERS", 3)
    archive = tar()
    members = [gzip.compress(archive[:100]), gzip.compress(archive[100:1000]), gzip.compress(archive[1000:])]

    assert unpack(b"".join(members), context="layer 1") == files()
    assert refusal(b"".join([*members, gzip.compress(b"")])).reason is Reason.ARTIFACT_TOO_LARGE


def test_too_many_files_are_refused():
    many = b"".join(entry(str(number)) for number in range(MAX_UNPACKED_FILES))

    assert len(unpack(many + END, context="layer 1")) == MAX_UNPACKED_FILES
    assert refusal(many + entry("one more") + END).reason is Reason.ARTIFACT_TOO_LARGE


def test_as_many_files_as_may_be_may_have_long_names():
    contents = {f"{number}" + "n" * 101: b"" for number in range(MAX_UNPACKED_FILES)}

    assert len(unpack(tar(contents), context="layer 1")) == MAX_UNPACKED_FILES


def test_too_many_entries_are_refused_though_they_are_not_files():
    folders = entry("a/", flag=b"5") * (3 * MAX_UNPACKED_FILES + 1)

    error = refusal(folders + END)

    assert error.reason is Reason.ARTIFACT_TOO_LARGE
    assert "entries" in error.message


def test_a_gzip_of_too_many_members_is_refused():
    error = refusal(gzip.compress(entry("a", size=40_000)) + gzip.compress(b"x") * 32_768)

    assert error.reason is Reason.ARTIFACT_TOO_LARGE


def test_an_extended_header_of_many_records_costs_nothing():
    assert "more than 128 records" in refused(entry("x", b"4 =\n" * 16_384, flag=b"x") + END)


# --- what is an archive ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        pytest.param(tar(), True, id="tar"),
        pytest.param(tgz(), True, id="tar, compressed"),
        pytest.param(tar(form=tarfile.GNU_FORMAT), True, id="tar of GNU"),
        pytest.param(b"apiVersion: v1\n" * 100, False, id="YAML"),
        pytest.param(gzip.compress(b"apiVersion: v1\n" * 100), False, id="YAML, compressed"),
        pytest.param(b"", False, id="nothing"),
        pytest.param(b"\x1f\x8b", False, id="half a gzip"),
        pytest.param(b"\x1f\x8bnonsense", False, id="a damaged gzip"),
        pytest.param(gzip.compress(b""), False, id="an empty gzip"),
        pytest.param(zlib.compress(tar()), False, id="another compression"),
    ],
)
def test_an_archive_is_known_by_its_first_header(content, wanted):
    assert is_archive(BytesIO(content)) is wanted


@given(content=st.binary())
def test_any_bytes_may_be_asked_whether_they_are_an_archive(content):
    assume(not is_gzip(content))
    assert is_archive(BytesIO(b"\x1f\x8b" + content)) is False or is_archive(BytesIO(content)) is False
