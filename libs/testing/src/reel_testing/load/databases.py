"""The stack's database, as video-service and as the administrator."""

from urllib.parse import urlsplit

from reel_stack import databases, postgres
from reel_stack.keys import ADMIN
from reel_stack.topology import DATABASE, VIDEO
from reel_testing.stack import RunningStack


def admin_url(stack: RunningStack) -> str:
    port = urlsplit(stack.description.postgres_url).port
    password = stack.keys.postgres_passwords[ADMIN]
    return postgres.admin_url(int(port or 0), password=password, database=DATABASE)


def service_url(stack: RunningStack) -> str:
    password = stack.keys.postgres_passwords[VIDEO.name]
    return databases.service_url(admin_url(stack), VIDEO, password, DATABASE)
