#!/bin/bash
# Run once by the image, on an empty data directory: a role and a schema for each service, and no
# access to another's. The same rules as in reel_stack/databases.py.
set -euo pipefail

for service in video upload transcode; do
    password="${service^^}_DATABASE_PASSWORD"
    psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
        -v role="${service}_service" -v schema="$service" -v password="${!password}" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
ALTER ROLE :"role" SET search_path = :"schema";
CREATE SCHEMA :"schema" AUTHORIZATION :"role";
SQL
done

psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON DATABASE reel, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE reel TO video_service, upload_service, transcode_service;
SQL
