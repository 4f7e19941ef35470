# shellcheck shell=bash
# The package as an administrator meets it: installed by apt into a Debian made for it, README's commands typed as they stand there,
# people reached over HTTPS with a certificate of their own CA, a PC enrolled and heard of. Root, network to the Debian archive; 3 minutes.
# Sourced by ./dev test package.

PACKAGE_TEST_HOST=caisson.example.org

package_suite() {
  if [ "$(id -u)" != 0 ]; then echo "   not run: a root file system of its own needs root."; return 1; fi
  local work code=0
  work=$(mktemp -d /var/tmp/caisson-package.XXXXXX)
  chmod 755 "$work"
  # Everything the test starts lives in name spaces of its own and ends with them: no port and no mount of this machine is touched.
  "$ROOT/dev" package --out "$work" >"$SUITE_LOGS/package.log" 2>&1 &&
    debian_root "$work/root" >>"$SUITE_LOGS/package.log" 2>&1 &&
    install -m 644 "$work"/caisson_*_amd64.deb "$work/root/var/cache/caisson.deb" &&
    own_certificate "$work/root/etc/caisson" >>"$SUITE_LOGS/package.log" 2>&1 &&
    unshare --mount --net --pid --fork --propagation private "$ROOT/eng/package-test-inside.sh" "$work/root" "$PACKAGE_TEST_HOST" 2>>"$SUITE_LOGS/package.log" || code=1
  if [ $code = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); tail -n 20 "$SUITE_LOGS/package.log"; fi
  rm -rf --one-file-system "$work"
  return $code
}

# A Debian of this machine's own suite with the package's dependencies fetched but the package itself not there yet.
debian_root() { # folder
  local suite sources
  # shellcheck disable=SC1091
  suite=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
  sources=$(. "$ROOT/guests/lib.sh" && apt_sources "$suite")
  # What the package depends on and recommends: installing it has no network, as the test's own name space has none.
  printf '%s\n' "$sources" | mmdebstrap --quiet --mode=root --variant=minbase --aptopt='APT::Install-Recommends "false"' \
    --include=libssl3,ca-certificates,novnc,systemd,curl,qemu-system-x86,qemu-utils,ovmf,swtpm,swtpm-tools,bubblewrap "$suite" "$1" -
}

# A CA for people's side, as an organisation has one, and a certificate it gave the server.
own_certificate() { # folder
  mkdir -p "$1"
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=Test CA" -keyout "$1/ca.key" -out "$1/ca.crt"
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$PACKAGE_TEST_HOST" -keyout "$1/tls.key" -out "$1/tls.csr"
  openssl x509 -req -days 2 -in "$1/tls.csr" -CA "$1/ca.crt" -CAkey "$1/ca.key" -CAcreateserial -out "$1/tls.crt" \
    -extfile <(printf 'subjectAltName=DNS:%s\n' "$PACKAGE_TEST_HOST")
  rm "$1/ca.key"
}
