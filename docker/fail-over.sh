#!/bin/sh
# On the stand-by machine: restore the newest backup (or the one named) into an empty database, and open the doors.
set -eu
cd "$(dirname "$0")"
file=${1:-$(ls backups/intake-*.dump 2>/dev/null | tail -n 1)}
[ -s "$file" ] || { echo "fail-over: there is no backup in docker/backups/" >&2; exit 1; }
echo "restoring $file"
docker compose up --detach --wait postgres
# In one transaction: it refuses a database that is not empty, and leaves no half of one.
docker compose exec -T postgres \
  pg_restore --username intake --dbname intake --exit-on-error --single-transaction < "$file"
docker compose up --detach --wait
echo "the doors are open here: now point the public address at this machine"
