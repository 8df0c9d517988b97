"""Issuers are asked when somebody wants to know, and once for as long as their answer holds."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.executors import EXECUTORS
from tests.verify.pki import CODE_SIGNING, NOW
from tests.verify.x509.test_revocation import CHECK, CRL_URL, DAY, LEAF, OCSP_URL, ROOT, crl, crl_at, ocsp_at, respond

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Transient
from pattern_operator.limits import FAILED_REVOCATION_SECONDS, LONGEST_REVOCATION_SECONDS, MAX_REVOCATION_CHECKS
from pattern_operator.reconcile.revocation import IssuerAnswers, Offline
from pattern_operator.verify.x509.revocation import RevocationAnswer, revocation_checks

SECOND = timedelta(seconds=1)


class Issuers:
    """Answers what is known for a URL, and notes what is asked."""

    def __init__(self, **answers: bytes) -> None:
        self.known = {OCSP_URL: answers.get("ocsp"), CRL_URL: answers.get("crl")}
        self.asked: list[str] = []

    async def ocsp(self, url, request, *, tenant):
        return await self._answer(url)

    async def crl(self, url, *, tenant):
        return await self._answer(url)

    async def _answer(self, url):
        self.asked.append(url)
        await asyncio.sleep(0)
        content = self.known.get(url)
        if content is None:
            raise Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="gone")
        return content


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def remembering(issuers, clock, **options):
    return IssuerAnswers(issuers, executors=EXECUTORS, now=clock, **options)


async def test_ocsp_is_asked_first_and_is_enough(clock):
    answer = respond()
    issuers = Issuers(ocsp=answer, crl=crl())

    assert await remembering(issuers, clock).answers([CHECK], tenant="a") == {CHECK: RevocationAnswer(answer)}
    assert issuers.asked == [OCSP_URL]


@pytest.mark.parametrize("ocsp", [None, b"nonsense"], ids=["gone", "nonsense"])
async def test_a_list_is_asked_for_where_ocsp_says_nothing(clock, ocsp):
    listed = crl(LEAF)
    issuers = Issuers(**({"ocsp": ocsp} if ocsp else {}), crl=listed)

    found = await remembering(issuers, clock).answers([CHECK], tenant="a")

    assert found == {CHECK: RevocationAnswer(ocsp, {CRL_URL: listed})}
    assert issuers.asked == [OCSP_URL, CRL_URL]


async def test_an_answer_is_remembered_until_it_ends(clock):
    issuers = Issuers(ocsp=respond(until=NOW + timedelta(hours=1)))
    source = remembering(issuers, clock)

    for late in (timedelta(), timedelta(hours=1) - SECOND):
        clock.now = NOW + late
        await source.answers([CHECK], tenant="a")
    assert len(issuers.asked) == 1

    clock.now = NOW + timedelta(hours=1)
    await source.answers([CHECK], tenant="b")
    assert len(issuers.asked) > 1


async def test_no_answer_is_believed_for_longer_than_a_day(clock):
    issuers = Issuers(ocsp=respond(until=NOW + 30 * DAY))
    source = remembering(issuers, clock)
    await source.answers([CHECK], tenant="a")

    clock.now = NOW + timedelta(seconds=LONGEST_REVOCATION_SECONDS)
    await source.answers([CHECK], tenant="a")

    assert issuers.asked == [OCSP_URL, OCSP_URL]


async def test_who_cannot_be_asked_is_not_asked_again_at_once(clock):
    issuers = Issuers()
    source = remembering(issuers, clock)

    assert await source.answers([CHECK], tenant="a") == {CHECK: RevocationAnswer()}
    await source.answers([CHECK], tenant="a")
    assert issuers.asked == [OCSP_URL, CRL_URL]

    issuers.known[OCSP_URL] = answer = respond()
    clock.now = NOW + timedelta(seconds=FAILED_REVOCATION_SECONDS)
    assert await source.answers([CHECK], tenant="a") == {CHECK: RevocationAnswer(answer)}


async def test_two_who_want_to_know_at_once_ask_once(clock):
    issuers = Issuers(ocsp=respond())
    source = remembering(issuers, clock)

    one, other = await asyncio.gather(source.answers([CHECK, CHECK], tenant="a"), source.answers([CHECK], tenant="b"))

    assert one == other
    assert issuers.asked == [OCSP_URL]


async def test_what_is_remembered_is_bounded_and_the_least_used_is_forgotten(clock):
    leaves = [ROOT.issue(f"CN={number}", extensions=[*CODE_SIGNING, ocsp_at(OCSP_URL)]) for number in range(3)]
    checks = [revocation_checks([leaf.certificate, ROOT.certificate])[0] for leaf in leaves]
    answers = {leaf.certificate: respond(about=leaf) for leaf in leaves}
    size = max(len(answers[check.certificate]) + len(check.certificate.der) for check in checks)

    class Own(Issuers):
        async def ocsp(self, url, request, *, tenant):
            self.asked.append(url)
            return next(answers[check.certificate] for check in checks if check.ocsp_request() == request)

    issuers = Own()
    source = remembering(issuers, clock, memory=2 * size)
    for check in (checks[0], checks[1], checks[0], checks[2], checks[0]):
        await source.answers([check], tenant="a")
    assert len(issuers.asked) == 3

    await source.answers([checks[1]], tenant="a")
    assert len(issuers.asked) == 4


async def test_only_so_many_are_asked_for_one_verification(clock):
    urls = [f"http://crl.example/{number}" for number in range(MAX_REVOCATION_CHECKS + 1)]
    leaves = [ROOT.issue("CN=x", extensions=[crl_at(url)]) for url in urls]
    checks = [revocation_checks([leaf.certificate, ROOT.certificate])[0] for leaf in leaves]

    assert list(await remembering(Issuers(), clock).answers(checks, tenant="a")) == checks[:MAX_REVOCATION_CHECKS]


async def test_offline_nothing_is_asked():
    assert await Offline().answers([CHECK], tenant="a") == {}


@pytest.mark.parametrize(("missing", "asked_again"), [(0, 0), (1, 1)])
async def test_as_much_is_remembered_as_there_is_memory_for(clock, missing: int, asked_again: int):
    urls = [f"http://crl.example/{number}" for number in range(2)]
    leaves = [ROOT.issue("CN=x", extensions=[crl_at(url)]) for url in urls]
    checks = [revocation_checks([leaf.certificate, ROOT.certificate])[0] for leaf in leaves]
    issuers, content = Issuers(), crl()
    issuers.known = dict.fromkeys(urls, content)
    size = sum(len(content) + len(check.certificate.der) for check in checks)
    source = remembering(issuers, clock, memory=size - missing)
    for check in checks:
        await source.answers([check], tenant="a")
    asked = len(issuers.asked)

    await source.answers([checks[0]], tenant="a")

    assert (asked, len(issuers.asked) - asked) == (2, asked_again)


async def test_what_is_asked_for_again_and_again_takes_no_more_memory(clock):
    urls = [f"http://crl.example/{number}" for number in range(2)]
    leaves = [ROOT.issue("CN=x", extensions=[crl_at(url)]) for url in urls]
    checks = [revocation_checks([leaf.certificate, ROOT.certificate])[0] for leaf in leaves]
    issuers, content = Issuers(), crl()
    issuers.known = {urls[0]: content}
    size = len(content) + sum(len(check.certificate.der) for check in checks)
    source = remembering(issuers, clock, memory=size)
    for _ in range(5):
        clock.now += timedelta(seconds=FAILED_REVOCATION_SECONDS)
        await source.answers(checks, tenant="a")

    assert issuers.asked.count(urls[0]) == 1
    assert issuers.asked.count(urls[1]) == 5


async def test_where_a_list_says_it_no_other_one_is_asked_for(clock):
    other = "http://other.example/crl"
    check = replace(CHECK, ocsp=(), crls=(CRL_URL, other))
    issuers = Issuers(crl=crl())

    await remembering(issuers, clock).answers([check], tenant="a")

    assert issuers.asked == [CRL_URL]
