#!/bin/sh
# One consistent copy of the database while everything runs; prints its name. Keep it as safe as the database.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p backups
file="backups/intake-$(date -u +%Y%m%dT%H%M%SZ).dump"
docker compose exec -T postgres pg_dump --username intake --format custom intake > "$file.part"
# A copy that cannot be read is none.
docker compose exec -T postgres pg_restore --list < "$file.part" > /dev/null
mv "$file.part" "$file"
echo "docker/$file"
