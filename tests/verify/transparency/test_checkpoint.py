import base64
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.local_sigstore import Log as LocalLog
from tests.verify.local_sigstore import sign_with, text

from pattern_operator.limits import MAX_CHECKPOINT, MAX_NOTE_SIGNATURES
from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.key import from_cryptography
from pattern_operator.verify.transparency.checkpoint import is_signed_by, is_signed_by_others, read_checkpoint
from pattern_operator.verify.trusted_root import Log, Validity

ALWAYS = Validity(datetime(2020, 1, 1, tzinfo=UTC))
V1 = LocalLog(ec.generate_private_key(ec.SECP256R1()), "rekor.test - 42")
V2 = LocalLog(ed25519.Ed25519PrivateKey.generate(), "log2026.rekor.test")
ROOT = b"r" * 32


def known(log):
    return Log(log.log_id, from_cryptography(log.key.public_key()), ALWAYS, log.origin if log.is_v2 else "")


def note(log=V2, origin=None, lines=(), name=None, hint=None, key=None, size="7", root=None):
    text_of = "".join(f"{line}\n" for line in (origin or log.origin, size, root or text(ROOT), *lines))
    signature = (hint or log.log_id[:4]) + sign_with(key or log.key, text_of.encode())
    return f"{text_of}\n\u2014 {name or log.name} {text(signature)}\n"


@pytest.mark.parametrize("log", [V1, V2], ids=["v1", "v2"])
def test_what_a_log_signs_is_its_checkpoint_and_that_of_no_other(log):
    checkpoint = read_checkpoint(note(log, lines=("Timestamp: 1", "more")))

    assert (checkpoint.size, checkpoint.root) == (7, ROOT)
    assert is_signed_by(checkpoint, known(log))
    assert not is_signed_by(checkpoint, known(V1 if log is V2 else V2))


@pytest.mark.parametrize("log", [V1, V2], ids=["v1", "v2"])
@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other.test"},
        {"hint": b"0000"},
        {"key": ec.generate_private_key(ec.SECP256R1())},
        {"origin": "other.test"},
    ],
    ids=["name", "hint", "key", "origin"],
)
def test_a_line_that_is_not_the_logs_own_signs_nothing(log, changes):
    assert not is_signed_by(read_checkpoint(note(log, **changes)), known(log))


def test_witnesses_and_unknown_keys_decide_nothing_wherever_they_stand():
    good = note(V2)
    head, own = good.split("\n\n")
    witness = f"\u2014 witness.test {text(b'0000' + b'x' * 64)}\n"
    second_key = f"\u2014 {V2.name} {text(b'1111' + b'x' * 64)}\n"

    for lines in (own + witness, witness + own, own + second_key, second_key + witness + own, own + own):
        assert is_signed_by(read_checkpoint(f"{head}\n\n{lines}"), known(V2))
    for lines in (witness, second_key, witness + second_key):
        assert not is_signed_by(read_checkpoint(f"{head}\n\n{lines}"), known(V2))


@pytest.mark.parametrize("log", [V1, V2], ids=["v1", "v2"])
def test_a_line_of_somebody_else_is_found_wherever_it_stands(log):
    head, own = note(log).split("\n\n")
    witness = f"\u2014 witness.test {text(b'0000' + b'x' * 64)}\n"
    second_key = f"\u2014 {log.name} {text(b'1111' + b'x' * 64)}\n"

    for lines in (own, own + own):
        assert not is_signed_by_others(read_checkpoint(f"{head}\n\n{lines}"), known(log))
    for lines in (own + witness, witness + own, own + second_key):
        assert is_signed_by_others(read_checkpoint(f"{head}\n\n{lines}"), known(log))


def test_each_line_of_the_logs_own_must_hold():
    wrong = f"\u2014 {V2.name} {text(V2.log_id[:4] + b'x' * 64)}\n"

    assert not is_signed_by(read_checkpoint(note(V2) + wrong), known(V2))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(note().replace("\n\n", "\n"), id="no empty line"),
        pytest.param(note().replace("\n\n", "\n\n\n"), id="two empty lines"),
        pytest.param(note() + "\n", id="an empty line at the end"),
        pytest.param(note().rstrip("\n"), id="no line end"),
        pytest.param(note().split("\n\n")[0] + "\n\n", id="no signature"),
        pytest.param(note().replace("\u2014", "-"), id="another dash"),
        pytest.param(note().replace("\u2014 ", "\u2014  "), id="two blanks"),
        pytest.param(note().replace("\n", "\r\n"), id="line ends of windows"),
        pytest.param(note(size="07"), id="size with a zero before"),
        pytest.param(note(size="-1"), id="negative size"),
        pytest.param(note(size="7 "), id="size with a blank"),
        pytest.param(note(size="\u0667"), id="a digit of another script"),
        pytest.param(note(size="9" * 20), id="size of 20 digits"),
        pytest.param(note(root=text(b"r" * 31)), id="short root"),
        pytest.param(note(root=text(ROOT).rstrip("=")), id="root without padding"),
        pytest.param(note(root="x"), id="root that is not base64"),
        pytest.param("\n" + note(), id="no origin"),
        pytest.param(note(lines=("a\x00b",)), id="a zero byte"),
        pytest.param(note() + f"\u2014 x {text(b'1234')}\n", id="empty signature"),
        pytest.param(note() + "\u2014 a+b AAAAAAAA\n", id="a name with a plus"),
        pytest.param(note() + f"\u2014 x {text(b'12345')}\n" * MAX_NOTE_SIGNATURES, id="too many signatures"),
        pytest.param(note(lines=("x" * MAX_CHECKPOINT,)), id="too long"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_is_not_a_checkpoint_is_refused(wrong):
    with pytest.raises(InvalidDocument):
        read_checkpoint(wrong)


@given(st.text(max_size=200))
def test_no_text_is_a_checkpoint_of_the_log(content):
    try:
        checkpoint = read_checkpoint(content)
    except InvalidDocument:
        return
    assert not is_signed_by(checkpoint, known(V2))


@given(place=st.integers(0, len(note(V2).split("\n\n")[0].encode()) - 1), flip=st.integers(1, 127))
def test_one_changed_byte_of_the_text_is_not_signed(place, flip):
    head, own = note(V2).split("\n\n")
    changed = bytearray(head.encode())
    changed[place] ^= flip
    try:
        checkpoint = read_checkpoint(f"{changed.decode(errors='replace')}\n\n{own}")
    except InvalidDocument:
        return
    assert not is_signed_by(checkpoint, known(V2))
    assert base64.b64decode(own.split(" ")[2])[:4] == V2.log_id[:4]
