#!/usr/bin/env bash
# The part of the package test that runs in name spaces of its own, as their first process: what it leaves running ends with it.
# Usage: package-test-inside.sh ROOT HOST
set -euo pipefail
root=$1 host=$2

say() { printf '   %s\n' "$*"; }
in_root() { chroot "$root" "$@"; }
as() { local user=$1; shift; in_root runuser -u "$user" -- "$@"; }
# A daemon, as the one process a signal reaches: runuser would stand between.
daemon_as() { local user=$1; shift; exec chroot "$root" setpriv --reuid "$user" --regid "$user" --init-groups -- "$@"; }

mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/run"
ip link set lo up
# systemd's unit gives the capability for port 443; here the name space allows it to everyone.
sysctl -q net.ipv4.ip_unprivileged_port_start=0
printf '127.0.0.1 localhost %s\n' "$host" >"$root/etc/hosts"

in_root apt-get -q -y --no-install-recommends install /var/cache/caisson.deb >&2
say "installed: $(in_root dpkg-query -W -f '${Package} ${Version}' caisson)"
for unit in caisson-server caissond; do in_root systemd-analyze verify "/lib/systemd/system/$unit.service" >&2; done
say "systemd takes both units"

# README, "In production".
in_root chown caisson-server /etc/caisson/tls.key
data="--data /var/lib/caisson-server"
# shellcheck disable=SC2086
as caisson-server caisson-server init $data --url "https://$host" --endpoint-url "https://$host:8443" \
  --certificate /etc/caisson/tls.crt --certificate-key /etc/caisson/tls.key >&2
# shellcheck disable=SC2086
daemon_as caisson-server caisson-server run $data >&2 & server=$!

reached() { in_root curl -sS --fail --cacert /etc/caisson/ca.crt -o /dev/null "https://$host/healthz"; }
for _ in $(seq 60); do reached 2>/dev/null && break; read -rt 0.5 <> <(:) || true; done
reached
say "people reach it at https://$host with the certificate it was given"
! in_root curl -sS --fail -o /dev/null "https://$host/healthz" 2>/dev/null || { say "a certificate of an unknown CA was taken"; exit 1; }

# shellcheck disable=SC2086
link=$(as caisson-server caisson-server sign-in-link $data)
jar=/tmp/cookies
[ "$(in_root curl -sS --cacert /etc/caisson/ca.crt -c $jar -o /dev/null -w '%{http_code}' "$link")" -lt 400 ]
say "the sign-in link is of that address"

# shellcheck disable=SC2086
as caisson-server caisson-server api-token $data >"$root/etc/caisson/token"
caisson() { in_root env SSL_CERT_FILE=/etc/caisson/ca.crt CAISSON_SERVER="https://$host" CAISSON_TOKEN_FILE=/etc/caisson/token caisson "$@"; }
caisson group create everyone >&2
caisson enrolment create --group everyone >"$root/etc/caisson/enrolment"
as caissond caissond enrol --data /var/lib/caissond --token-file - <"$root/etc/caisson/enrolment" >&2
daemon_as caissond caissond run --data /var/lib/caissond --run-dir /tmp/caissond --local-port 0 >&2 & pc=$!
heard() { caisson pc list --json | grep -q '"lastSeenAt": *"'; }
for _ in $(seq 120); do heard 2>/dev/null && break; read -rt 0.5 <> <(:) || true; done
heard
say "a PC enrolled with the package and was heard of"

kill $pc $server; wait $pc $server || true
in_root dpkg --remove caisson >&2
[ -e "$root/var/lib/caisson-server/config.json" ] && [ ! -e "$root/usr/bin/caissond" ]
say "removed; its data stayed"
