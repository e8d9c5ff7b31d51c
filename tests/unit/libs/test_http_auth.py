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

from reel_http.auth import JwtAuth, Owner
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
