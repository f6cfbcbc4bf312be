#!/bin/sh
# Make the secrets that are ours to make; what exists already is left as it is. Providers' own are left empty.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets tls
chmod 755 secrets tls

random() { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
put() { [ -s "secrets/$1" ] || { printf '%s' "$2" > "secrets/$1"; echo "made secrets/$1"; }; }
leave() { [ -e "secrets/$1" ] || { : > "secrets/$1"; echo "fill in secrets/$1, if you open that channel"; }; }

put postgres_password "$(random)"
put store_url "postgresql+psycopg://intake:$(cat secrets/postgres_password)@postgres/intake"
put app_token_secret "$(random)"
put telegram_secret_token "$(random)"
put links_secret "$(random)"
put console_secret "$(random)"
if [ ! -s secrets/console_handler_token_sha256 ]; then
  token=$(random)
  put console_handler_token_sha256 "$(printf '%s' "$token" | sha256sum | cut -d' ' -f1)"
  echo "the handler's token, shown once: $token"
fi
leave aml_hmac_key
leave sms_auth_token
leave telegram_bot_token
leave email_relay_password

# Compose mounts secret files with their owner and mode: PostgreSQL runs as 999, the intake as 10999.
if [ "$(id -u)" = 0 ]; then
  chown 10999:10999 secrets/*
  chown 999:999 secrets/postgres_password
  chmod 400 secrets/*
else
  echo "run again as root, or give secrets/ to the users 10999 and 999 (postgres_password)" >&2
  exit 1
fi
