"""Why bytes are not YAML that Kubernetes could read: the line, and a sentence that holds no value."""

from typing import Final

from pattern_operator.quote import quoted

LESS_DEEP: Final = "No field of Kubernetes is nested that deep: is the file what you meant to publish?"


class InvalidYaml(ValueError):
    """The stream is not YAML that Kubernetes could read. ``line`` counts from 1; the message holds no value."""

    def __init__(self, message: str, *, line: int) -> None:
        super().__init__(message)
        self.line = line


class KeyTwice(InvalidYaml):
    """A mapping has a key twice. ``unnamed`` is the message without the key, which may have been made of a secret."""

    def __init__(self, key: str, *, line: int) -> None:
        super().__init__(f"the key {quoted(key)} occurs twice in one mapping", line=line)
        self.unnamed: Final = "a key occurs twice in one mapping"


class YamlTooLarge(InvalidYaml):
    """The stream exceeds a limit, which the message names; ``advice`` is the next step."""

    def __init__(self, message: str, *, line: int, advice: str = "Split it.") -> None:
        super().__init__(message, line=line)
        self.advice = advice
