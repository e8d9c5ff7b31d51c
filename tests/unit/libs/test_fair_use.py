from uuid import UUID, uuid4

from litestar import get
from litestar.testing import AsyncTestClient

from reel_http.app import service_app
from reel_http.auth import JwtAuth
from reel_http.fair_use import PRUNE_AT_LEAST, RequestRate, TokenBuckets
from reel_testing.tokens import AUDIENCE, ISSUER, TokenIssuer

ISSUING = TokenIssuer()


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def buckets(clock: Clock, *, per_s: float = 10, burst: int = 5) -> TokenBuckets:
    return TokenBuckets(RequestRate(per_s=per_s, burst=burst), clock)


def taken(bucket: TokenBuckets, owner: UUID, times: int) -> int:
    return sum(bucket.take(owner) == 0 for _ in range(times))


def test_a_burst_is_served_and_then_no_more() -> None:
    clock, owner = Clock(), uuid4()
    bucket = buckets(clock)

    assert taken(bucket, owner, 20) == 5
    assert 0.09 < bucket.take(owner) < 0.11


def test_for_long_an_owner_gets_the_rate_and_not_more() -> None:
    clock, owner = Clock(), uuid4()
    bucket = buckets(clock)
    served = 0

    for _ in range(1000):  # ten seconds of asking ten times too fast
        served += taken(bucket, owner, 1)
        clock.now_s += 0.01

    assert 103 <= served <= 106


def test_who_waits_as_told_is_served() -> None:
    clock, owner = Clock(), uuid4()
    bucket = buckets(clock)
    taken(bucket, owner, 5)

    clock.now_s += bucket.take(owner)

    assert bucket.take(owner) == 0


def test_one_owner_does_not_use_up_anothers_share() -> None:
    bucket = buckets(Clock())
    taken(bucket, uuid4(), 50)

    assert taken(bucket, uuid4(), 5) == 5


def test_owners_who_went_away_are_forgotten() -> None:
    clock = Clock()
    bucket = buckets(clock)

    for _ in range(10 * PRUNE_AT_LEAST):
        bucket.take(uuid4())
        clock.now_s += 0.01

    assert len(bucket) < PRUNE_AT_LEAST


@get("/api/things")
async def things() -> str:
    return "here"


async def test_too_many_requests_are_a_problem_that_says_when_to_come_back() -> None:
    auth = JwtAuth(ISSUING.public_pem, ISSUER, AUDIENCE)
    rate = RequestRate(per_s=0.5, burst=2)
    app = service_app(title="T", controllers=[things], auth=auth, rate=rate, health={})
    hasty, calm = ISSUING.header(uuid4()), ISSUING.header(uuid4())

    async with AsyncTestClient(app) as client:
        answers = [await client.get("/api/things", headers=hasty) for _ in range(3)]
        other = await client.get("/api/things", headers=calm)
        health = [await client.get("/healthz") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    refused = answers[2]
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "too-many-requests"
    assert refused.headers["retry-after"] == "2"
    assert other.status_code == 200
    assert {answer.status_code for answer in health} == {200}
