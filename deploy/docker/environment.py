"""Prints the variables that deploy/compose.yaml needs.

    .venv/bin/python deploy/docker/environment.py > deploy/.env

Keys and passwords are those of the embedded stack (var/secrets.json, made now if they are not
there), so `make token` speaks for both. The output is secret: `deploy/.env` is ignored by git.
"""

import sys

from reel_stack import keys
from reel_stack.layout import SERVERS_VENV, VAR, Layout
from reel_stack.objectstore import ACCOUNT
from reel_stack.topology import SERVICES, TRANSCODE, UPLOAD, VIDEO


def variables(secrets: keys.Secrets) -> dict[str, str]:
    """Return every variable by name; the PEM key as one line with escapes."""
    passwords = {
        f"{service.key.upper()}_DATABASE_PASSWORD": secrets.postgres_passwords[service.name]
        for service in SERVICES
    }
    return passwords | {
        "POSTGRES_PASSWORD": secrets.postgres_passwords[keys.ADMIN],
        "JWT_PUBLIC_KEY": secrets.jwt_public_key.replace("\n", "\\n"),
        "UPLOAD_WEBHOOK_SECRET": secrets.webhook_secrets[UPLOAD.name],
        "TRANSCODE_WEBHOOK_SECRET": secrets.webhook_secrets[TRANSCODE.name],
        "CDN_EDGE_SECRET": secrets.webhook_secrets[VIDEO.name],
    }


def main() -> None:
    layout = Layout(VAR, SERVERS_VENV)
    layout.prepare()
    secrets = keys.load_or_generate(layout.secrets, ACCOUNT)
    for name, value in variables(secrets).items():
        sys.stdout.write(f'{name}="{value}"\n')


if __name__ == "__main__":
    main()
