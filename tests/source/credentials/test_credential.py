from pattern_operator.source import Credential


def test_each_secret_of_a_credential_counts():
    assert Credential("alice", "secret").size == 11
    assert Credential("", identity_token="token").size == 5


def test_no_secret_of_a_credential_is_shown():
    assert repr(Credential("alice", "tulipwood", identity_token="tulipwood")) == "Credential(username='alice')"
