"""The library that Flux and Helm ask for ranges, asked itself: no difference is known."""

import json
import random
from pathlib import Path

import pytest
from tests.testbed import semver
from tests.testbed.semver import Verdict

from pattern_operator.errors import Stalled
from pattern_operator.source.semver.range import SemverRange
from pattern_operator.source.semver.version import Version

RANGES, TAGS_EACH = 2_000, 10
NUMBERS = [
    "0",
    "0",
    "1",
    "1",
    "2",
    "3",
    "10",
    "01",
    "x",
    "X",
    "*",
    "18446744073709551615",
    "18446744073709551616",
    "1x",
]
WORDS = ["0", "1", "2", "10", "alpha", "beta", "rc", "rc1", "x-1", "-", "00", "18446744073709551617", "X"]
SIGNS = ["", "", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^"]


class Maker:
    """Makes ranges and tags, most of them readable, some of them nearly."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - the same cases each time; no secret

    def words(self) -> str:
        return ".".join(self.random.choices(WORDS, k=self.random.choice([1, 1, 2])))

    def version(self, lengths: list[int], numbers: list[str]) -> str:
        text = self.random.choice(["", "", "v"]) + ".".join(self.random.choices(numbers, k=self.random.choice(lengths)))
        text += f"-{self.words()}" if self.random.random() < 0.3 else ""
        return text + (f"+{self.words()}" if self.random.random() < 0.1 else "")

    def bounds(self) -> str:
        bound = lambda: self.version([1, 2, 3, 3], NUMBERS)  # noqa: E731 - three words for what is written twice
        if self.random.random() < 0.15:
            return f"{bound()}{self.random.choice([' - ', '  - ', '-', ' -'])}{bound()}"
        signed = [self.random.choice(SIGNS) + self.random.choice(["", " "]) + bound() for _ in range(3)]
        return self.random.choice([" ", ", ", ",", " , "]).join(signed[: self.random.randint(1, 3)])

    def range(self) -> str:
        text = self.random.choice([" || ", "||"]).join(self.bounds() for _ in range(self.random.choice([1, 1, 2])))
        return self.damaged(text, "0123456789.xX*vV^~<>=-+|, abrc!\n\v") if self.random.random() < 0.1 else text

    def tag(self) -> str:
        text = self.version([3, 3, 3, 3, 2], NUMBERS[:7])
        return self.damaged(text, "0123456789.xvV-+abz ") if self.random.random() < 0.1 else text

    def damaged(self, text: str, letters: str) -> str:
        place = self.random.randrange(len(text) + 1)
        return text[:place] + self.random.choice(letters) + text[place + self.random.choice([0, 1]) :]


def verdict(text: str, tags: list[str]) -> Verdict:
    try:
        wanted = SemverRange(text)
    except Stalled:
        return None
    versions = map(Version.of_tag, tags)
    return [None if version is None else version in wanted for version in versions]


@pytest.mark.usefixtures("testbed_state")
def test_the_committed_table_is_what_the_library_says():
    assert json.loads(Path(semver.TABLE).read_text()) == semver.table()


@pytest.mark.usefixtures("testbed_state")
def test_ranges_and_tags_at_random_are_judged_as_the_library_judges_them():
    maker = Maker(seed=20260727)
    questions = [(maker.range(), [maker.tag() for _ in range(TAGS_EACH)]) for _ in range(RANGES)]

    said = semver.ask(questions)
    ours = [verdict(text, tags) for text, tags in questions]

    assert [each for each in zip(questions, said, ours, strict=True) if each[1] != each[2]] == []
    assert sum(each is not None for each in said) > RANGES / 3
    assert sum(inside is True for each in said for inside in each or []) > RANGES / 3
