"""Database, object store and queues for tests: one shape, whoever runs them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from reel_messaging.sqs import SqsSettings
from reel_stack.keys import ADMIN, AccessKey, Secrets
from reel_storage.client import S3Settings


@dataclass(frozen=True, kw_only=True)
class Infra:
    """Running, provisioned servers.

    Attributes:
        postgres_admin_url: the superuser's, with its password.
        s3: endpoint and an administrator's key.
        sqs: endpoint and an administrator's key.
        secrets: every password and key, so that a test can come as one service and no more.
        grant: gives the services' keys their rights on a bucket made by the administrator.
    """

    postgres_admin_url: str
    s3: S3Settings
    sqs: SqsSettings
    secrets: Secrets
    grant: Callable[[str], Awaitable[None]]

    def s3_as(self, name: str) -> S3Settings:
        """The store with the key of a service (such as `upload-service`) or of the `cdn`."""
        return s3_settings(self.s3.endpoint_url, self.secrets.s3_keys[name])

    def sqs_as(self, name: str) -> SqsSettings:
        """The queues with the key of a service."""
        return sqs_settings(self.sqs.endpoint_url, self.secrets.sqs_keys[name])


def s3_settings(endpoint_url: str | None, key: AccessKey) -> S3Settings:
    return S3Settings(
        endpoint_url=endpoint_url,
        access_key_id=key.access_key_id,
        secret_access_key=key.secret_access_key,
    )


def sqs_settings(endpoint_url: str | None, key: AccessKey) -> SqsSettings:
    return SqsSettings(
        endpoint_url=endpoint_url,
        access_key_id=key.access_key_id,
        secret_access_key=key.secret_access_key,
    )


def admin_key(keys: Mapping[str, AccessKey]) -> AccessKey:
    return keys[ADMIN]
