import pytest

from pattern_operator.source.known_words import known_word


@pytest.mark.parametrize(
    "word",
    [
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "text/html",
        "Bearer",
        "negotiate",
        "aws-chunked",
    ],
)
def test_a_word_of_the_specifications_is_repeated(word):
    assert known_word(word, otherwise="another") == word


@pytest.mark.parametrize(
    "word", ["", "hunter2", "text/hunter2", "application/vnd.oci.hunter2.v1", "basic hunter2", "gzip\n"]
)
def test_a_word_of_the_registry_itself_is_not_repeated(word):
    assert known_word(word, otherwise="another") == "another"
