import base64
import hashlib
import hmac
import json
import time
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from litestar.exceptions import NotAuthorizedException

from reel_http.auth import MOST_CHARS, JwtAuth, Owner, TokenMemory
from reel_testing.tokens import AUDIENCE, ISSUER, TokenIssuer

OWNER = UUID("0b8f6ee0-6f5d-4a5e-8d4f-0f6f5b1c2a3d")
ISSUING = TokenIssuer()
AUTH = JwtAuth(ISSUING.public_pem, ISSUER, AUDIENCE)


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims() -> dict[str, object]:
    return {"sub": str(OWNER), "iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 60}


def signed_with_the_public_key_as_a_secret() -> str:
    head = f"{segment({'alg': 'HS256', 'typ': 'JWT'})}.{segment(claims())}"
    digest = hmac.digest(ISSUING.public_pem.encode(), head.encode(), hashlib.sha256)
    return f"{head}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def with_another_payload() -> str:
    head, _, signature = ISSUING.mint(OWNER).split(".")
    return f"{head}.{segment({**claims(), 'sub': str(uuid4())})}.{signature}"


def test_a_good_token_names_its_owner() -> None:
    assert AUTH.owner_of(ISSUING.mint(OWNER)) == Owner(OWNER)


def test_a_clock_may_be_a_little_off() -> None:
    assert AUTH.owner_of(ISSUING.mint(OWNER, expires_in_s=-20)) == Owner(OWNER)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(ISSUING.mint(OWNER, expires_in_s=-40), id="expired"),
        pytest.param(ISSUING.mint(OWNER, exp=None), id="never expires"),
        pytest.param(ISSUING.mint(OWNER, iss="somebody"), id="another issuer"),
        pytest.param(ISSUING.mint(OWNER, iss=None), id="no issuer"),
        pytest.param(ISSUING.mint(OWNER, aud="admin"), id="another audience"),
        pytest.param(ISSUING.mint(OWNER, aud=None), id="no audience"),
        pytest.param(ISSUING.mint("agent-7"), id="owner is no uuid"),
        pytest.param(ISSUING.mint(OWNER, sub=None), id="no owner"),
        pytest.param(ISSUING.mint(OWNER, nbf=time.time() + 600), id="not yet valid"),
        pytest.param(TokenIssuer().mint(OWNER), id="another key"),
        pytest.param(f"{segment({'alg': 'none'})}.{segment(claims())}.", id="alg none"),
        pytest.param(signed_with_the_public_key_as_a_secret(), id="HS256 by the public key"),
        pytest.param(with_another_payload(), id="payload replaced"),
        pytest.param(jwt.encode(claims(), "x" * 32, algorithm="HS256"), id="HS256"),
        pytest.param("a.b.c", id="no token"),
        pytest.param("é", id="not ascii"),
    ],
)
def test_any_other_token_is_refused(token: str) -> None:
    with pytest.raises(NotAuthorizedException) as caught:
        AUTH.owner_of(token)

    assert caught.value.headers == {
        "WWW-Authenticate": 'Bearer realm="reel", error="invalid_token"'
    }


def test_a_key_written_on_one_line_is_read() -> None:
    one_line = ISSUING.public_pem.replace("\n", "\\n")

    assert JwtAuth(one_line, ISSUER, AUDIENCE).owner_of(ISSUING.mint(OWNER)) == Owner(OWNER)


def test_a_key_of_another_curve_is_refused_at_start_up() -> None:
    key = generate_private_key(SECP384R1()).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    with pytest.raises(TypeError, match="P-256"):
        JwtAuth(pem, ISSUER, AUDIENCE)


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_good_token_is_remembered_and_a_bad_one_is_not() -> None:
    auth = JwtAuth(ISSUING.public_pem, ISSUER, AUDIENCE)
    good, bad = ISSUING.mint(OWNER), TokenIssuer().mint(OWNER)
    assert auth.remembered(good) is None

    auth.owner_of(good)
    with pytest.raises(NotAuthorizedException):
        auth.owner_of(bad)

    assert auth.remembered(good) == Owner(OWNER)
    assert auth.remembered(bad) is None


def test_a_remembered_token_ends_when_it_would_have_ended() -> None:
    clock = Clock()
    memory = TokenMemory(clock=clock)
    auth = JwtAuth(ISSUING.public_pem, ISSUER, AUDIENCE, leeway_s=30, _memory=memory)
    ends_at = int(time.time()) + 60
    token = ISSUING.mint(OWNER, exp=ends_at)
    auth.owner_of(token)

    clock.now_s = ends_at + 29.9
    assert auth.remembered(token) == Owner(OWNER)
    clock.now_s = ends_at + 30
    assert auth.remembered(token) is None


def test_memory_ends_to_the_second() -> None:
    clock = Clock()
    memory = TokenMemory(clock=clock)
    memory.remember("token", Owner(OWNER), ends_at=1010)

    clock.now_s = 1009.9
    assert memory.owner_of("token") == Owner(OWNER)
    clock.now_s = 1010
    assert memory.owner_of("token") is None
    assert len(memory) == 0


def test_of_many_tokens_those_used_last_are_remembered() -> None:
    memory = TokenMemory(most=2, clock=Clock())
    for token in ("a", "b"):
        memory.remember(token, Owner(OWNER), ends_at=2000)

    memory.owner_of("a")
    memory.remember("c", Owner(OWNER), ends_at=2000)

    assert [memory.owner_of(token) is not None for token in "abc"] == [True, False, True]


def test_a_padded_token_takes_no_room() -> None:
    memory = TokenMemory(clock=Clock())

    memory.remember("x" * (MOST_CHARS + 1), Owner(OWNER), ends_at=2000)

    assert len(memory) == 0
