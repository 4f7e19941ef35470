# shellcheck shell=bash
# The parts of the appliance's build, in the order they run. Sourced by build, after guests/lib.sh.

SUITE=trixie
# One time for everything that asks the clock.
export SOURCE_DATE_EPOCH=1700000000

# The machine's own mirrors with the appliance's suite: the same archive serves every suite.
suite_sources() {
  local own
  own=$(suite)
  apt_sources "$own" "$own-updates" "$own-security" |
    awk -v own="$own" -v suite=$SUITE '{ for (i = 3; i <= NF; i++) if ($i == own || index($i, own "-") == 1) sub(own, suite, $i) } 1'
}

# Everything that changes the result but the day's packages: the recipe, and the programs put inside.
recipe_hash() {
  (cd "$REPO" && find appliance guests/lib.sh guests/apt-*.awk eng/publish.sh eng/package src Directory.*.props global.json -type f -not -name '*.md' -not -path '*/obj/*' -not -path '*/bin/*' -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
}

packages() { sed '/^#/d; /^$/d' "$HERE"/packages/*.list; }

# tree WORK: the Debian tree at WORK/tree, with our programs and settings in it.
tree() {
  local work=$1 option options=() unwanted
  step "Debian tree ($SUITE)"
  while IFS= read -r option; do options+=(--aptopt="$option"); done < <(apt_options)
  for unwanted in man info doc locale help gtk-doc lintian bug icons/hicolor; do options+=(--dpkgopt="path-exclude=/usr/share/$unwanted/*"); done
  options+=(--dpkgopt='path-include=/usr/share/doc/*/copyright')
  suite_sources > "$work/sources.list"
  [[ -s $work/sources.list ]] || fail "the apt configuration of this machine names no source"
  mmdebstrap --quiet --mode=root --variant=minbase --architectures=amd64 \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' "${options[@]}" \
    --include="$(packages | paste -sd,)" \
    --essential-hook="cp -rT --no-preserve=ownership '$HERE/tree/etc/dracut.conf.d' \"\$1/etc/dracut.conf.d\"" \
    --customize-hook="'$HERE/customize' \"\$1\" '$work/programs'" $SUITE "$work/tree" - < "$work/sources.list" >&2
}

# kept_tree WORK: the tree with our programs, made once for a recipe: another version of it is packed in a minute. Yesterday's trees go.
kept_tree() {
  local making
  [[ ! -e $1/complete ]] || return 0
  find "$(dirname "$1")" -maxdepth 1 -name 'tree-*' -type d -mtime +0 -exec rm -rf {} +
  rm -rf "$1"
  making=$(mktemp -d "${CAISSON_WORK:-/var/tmp}/caisson-appliance.XXXXXX")
  chmod 755 "$making"
  # shellcheck disable=SC2064
  trap "rm -rf '$making'" EXIT
  publish_programs "$REPO" "$making/programs" Endpoint:caissond Cli:caisson Launcher:caisson-launcher
  tree "$making"
  rm -rf "$making/programs"
  touch "$making/complete"
  mv "$making" "$1"
  trap - EXIT
}

# in_tools WORK COMMAND...: runs COMMAND in the tree with the build tools laid over it, so that the image stays without them and
# the tools are the same whatever Debian this machine runs. The checkout and WORK have the same paths inside.
TOOLS=(squashfs-tools systemd-ukify sbsigntool efitools openssl mtools fdisk dosfstools uuid-runtime)
in_tools() {
  local work=$1
  shift
  step "build tools"
  mkdir -p "$work"/{upper,over,tools,out}
  unshare --mount bash -euc '
    work=$1 here=$2 repo=$3 tools=$4; shift 4
    mount --make-rprivate /
    mount -t overlay overlay -o "lowerdir=$work/tree,upperdir=$work/upper,workdir=$work/over" "$work/tools"
    mount -t proc proc "$work/tools/proc"
    mount --bind /dev "$work/tools/dev"
    mount -t tmpfs tmpfs "$work/tools/run"
    [ -z "${PLUS:-}" ] || cp "$PLUS" "$work/plus"
    for shared in "$work" "$repo" "${@: -1}"; do mkdir -p "$work/tools$shared" "$shared"; mount --bind "$shared" "$work/tools$shared"; done
    cp --remove-destination -L /etc/resolv.conf /etc/hosts "$work/tools/etc/"
    cp "$work/sources.list" "$work/tools/etc/apt/sources.list"
    apt-config dump --no-empty --format "%F \"%v\";%n" | grep -E "^Acquire::(http|https|ftp|Check-|Retries|ForceIPv)" > "$work/tools/etc/apt/apt.conf.d/99caisson" || true
    export DEBIAN_FRONTEND=noninteractive
    [ -e "$work/tools.ready" ] || { chroot "$work/tools" apt-get -qq update && chroot "$work/tools" apt-get -qq install --no-install-recommends $tools; } > "$work/tools.log" 2>&1 ||
      { tail -n 20 "$work/tools.log" >&2; exit 1; }
    touch "$work/tools.ready"
    exec chroot "$work/tools" /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin HEALTHY="${HEALTHY:-600}" CONTACT="${CONTACT:-300}" PLUS="${PLUS:-}" SOURCE_DATE_EPOCH='$SOURCE_DATE_EPOCH' "$@"
  ' tools "$work" "$HERE" "$REPO" "${TOOLS[*]}" "$@" >&2
}
