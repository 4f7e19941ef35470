#!/usr/bin/env bash
# Makes one self-contained .deb: server, endpoint and tool with their .NET runtime, and a systemd unit for each daemon.
# Usage: ./dev package [--out DIR]
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$ROOT/eng/build.sh"
. "$ROOT/eng/publish.sh"
out=$ARTIFACTS/package
[ "${1:-}" = --out ] && out=$2
version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' "$ROOT/Directory.Build.props")
mkdir -p "$out"
stage=$(mktemp -d "$out/stage.XXXXXX"); trap 'rm -rf "$stage"' EXIT
chmod 755 "$stage"

publish_programs "$ROOT" "$stage" ControlPlane:caisson-server Endpoint:caissond Cli:caisson

install -Dm644 -t "$stage/lib/systemd/system" "$ROOT"/eng/package/*.service
install -Dm644 "$ROOT/eng/package/caisson.sysusers" "$stage/usr/lib/sysusers.d/caisson.conf"
install -Dm755 "$ROOT/eng/package/postinst" "$stage/DEBIAN/postinst"
install -Dm644 "$ROOT/LICENSE" "$stage/usr/share/doc/caisson/copyright"
mkdir -p "$stage/DEBIAN"
cat >"$stage/DEBIAN/control" <<TEXT
Package: caisson
Version: $version
Architecture: amd64
Maintainer: The Caisson authors <maintainers@caisson.invalid>
Section: admin
Priority: optional
Depends: libc6, libssl3 | libssl3t64, libzstd1, liblzma5, ca-certificates, novnc, systemd
Recommends: qemu-system-x86, qemu-utils, ovmf, swtpm, swtpm-tools, bubblewrap
Description: client hypervisor platform
 Runs managed and personal virtual machines on a PC from master images
 published by one small control plane: caisson-server, caissond and caisson.
TEXT
file=$out/caisson_${version}_amd64.deb
dpkg-deb --root-owner-group -Zxz -z3 --build "$stage" "$file.part" >&2
mv "$file.part" "$file"
echo "$file"
