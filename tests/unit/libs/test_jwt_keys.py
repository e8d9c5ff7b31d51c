"""Several public keys: which may have signed a token, and which are refused at start-up."""

import base64
import json
from uuid import uuid4

import pytest
from litestar.exceptions import NotAuthorizedException

from reel_http.auth import JwtAuth, Owner
from reel_testing.tokens import AUDIENCE, ISSUER, TokenIssuer, key_set

OWNER = uuid4()
OLD, NEW, STRANGER = TokenIssuer(kid="2025"), TokenIssuer(kid="2026"), TokenIssuer(kid="2026")
NAMELESS = TokenIssuer()
RSA = {"kty": "RSA", "kid": "rsa", "n": "AQAB", "e": "AQAB"}
ENCRYPTION = TokenIssuer(kid="enc").public_jwk | {"use": "enc"}


def accepts(keys: str, issuer: TokenIssuer) -> bool:
    try:
        return JwtAuth(keys, ISSUER, AUDIENCE).owner_of(issuer.mint(OWNER)) == Owner(OWNER)
    except NotAuthorizedException:
        return False


def test_tokens_of_every_key_of_a_set_are_good() -> None:
    both = key_set(OLD, NEW)

    assert accepts(both, OLD)
    assert accepts(both, NEW)


def test_a_key_that_left_the_set_signs_nothing_any_more() -> None:
    assert accepts(key_set(OLD, NEW), OLD)
    assert not accepts(key_set(NEW), OLD)


def test_a_name_alone_opens_nothing() -> None:
    assert not accepts(key_set(OLD, NEW), STRANGER)


def test_a_token_that_names_no_key_may_be_of_any() -> None:
    nameless = TokenIssuer(key=NEW.key)

    assert accepts(key_set(OLD, NEW), nameless)
    assert not accepts(key_set(OLD), nameless)


def test_a_key_is_only_used_under_its_name() -> None:
    renamed = TokenIssuer(key=NEW.key, kid=OLD.kid)

    assert not accepts(key_set(OLD, NEW), renamed)


@pytest.mark.parametrize("kid", [7, ["2026"], {}])
def test_a_name_that_is_no_text_is_refused_as_any_bad_token(kid: object) -> None:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "ES256", "kid": kid}).encode()).decode()
    _, payload, signature = NEW.mint(OWNER).split(".")

    with pytest.raises(NotAuthorizedException):
        JwtAuth(key_set(NEW), ISSUER, AUDIENCE).owner_of(
            f"{header.rstrip('=')}.{payload}.{signature}"
        )


def test_pem_has_no_names_and_may_hold_several() -> None:
    both = (OLD.public_pem + NAMELESS.public_pem).replace("\n", "\\n")

    assert accepts(both, OLD)
    assert accepts(both, NAMELESS)
    assert not accepts(both, NEW)


def test_keys_for_other_purposes_are_left_out() -> None:
    keys = key_set(NEW, others=[RSA, ENCRYPTION])

    assert accepts(keys, NEW)


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        (key_set(), "P-256"),
        (key_set(others=[RSA]), "P-256"),
        (key_set(NEW, STRANGER), "another kid"),
        (key_set(NAMELESS), "needs its kid"),
        (key_set(others=[NEW.public_jwk | {"d": "AQAB"}]), "private"),
        (key_set(others=[NEW.public_jwk | {"x": "AQAB"}]), "cannot be read"),
        (key_set(*(TokenIssuer(kid=str(number)) for number in range(9))), "At most 8"),
        (json.dumps({"jwks_uri": "https://issuer.example/keys"}), "keys"),
        ("not a key", "PEM"),
    ],
)
def test_a_bad_set_stops_the_start(keys: str, complaint: str) -> None:
    with pytest.raises((TypeError, ValueError), match=complaint):
        JwtAuth(keys, ISSUER, AUDIENCE)
