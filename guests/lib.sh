# shellcheck shell=bash
# What all recipes share. A recipe is `guests/NAME/recipe OUT WORK`: it leaves its files in OUT and may use WORK freely.

GUESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPO=$(dirname "$GUESTS")
export GUESTS REPO

step() { printf '== %s\n' "$*" >&2; }

fail() {
  printf 'guests/build: %s\n' "$*" >&2
  exit 1
}

need() {
  local tool missing=()
  for tool in "$@"; do
    command -v "$tool" > /dev/null || PATH=$PATH:/usr/sbin:/sbin command -v "$tool" > /dev/null || missing+=("$tool")
  done
  ((${#missing[@]} == 0)) || fail "these commands are missing: ${missing[*]} (see guests/README.md for the Debian packages)"
}

# The suite of a guest is that of the machine it is built on, so that the same mirrors serve both.
suite() {
  # shellcheck disable=SC1091
  (. /etc/os-release && printf '%s\n' "${VERSION_CODENAME:?/etc/os-release names no VERSION_CODENAME: Debian 12 or 13 is needed}")
}

# apt_sources SUITE...: the machine's own apt sources for these suites, as one-line entries; reads both kinds of file.
apt_sources() {
  local list parts
  list=$(apt-config shell d Dir::Etc::sourcelist/f | sed "s/^d='\(.*\)'$/\1/")
  parts=$(apt-config shell d Dir::Etc::sourceparts/d | sed "s/^d='\(.*\)'$/\1/")
  # shellcheck disable=SC1003,SC2016
  # sed '$a\' and -s: a last line without its newline must not run into the next file, nor a stanza into the next.
  { find "$list" "$parts" -maxdepth 1 -name '*.list' -print0 2> /dev/null || true; } | LC_ALL=C sort -z \
    | xargs -0r sed -s '$a\' | awk -v suites="$*" -f "$GUESTS/apt-list.awk"
  # shellcheck disable=SC2016
  { find "$parts" -maxdepth 1 -name '*.sources' -print0 2> /dev/null || true; } | LC_ALL=C sort -z \
    | xargs -0r sed -s '$G' | awk -v suites="$*" -f "$GUESTS/apt-deb822.awk"
}

# The machine's own download settings (proxy, dates, certificates), one apt option a line.
apt_options() {
  apt-config dump --no-empty --format '%F "%v";%n' \
    | grep -E '^Acquire::(http|https|ftp|Check-|Retries|ForceIPv)' || true
}

# apt_private DIR SUITE...: an apt state of its own in DIR, which needs no privilege and leaves the machine's alone.
apt_private() {
  local dir=$1
  shift
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
  apt_sources "$@" > "$dir/sources.list"
  [[ -s $dir/sources.list ]] || fail "the apt configuration of this machine names no source for $*"
  cat > "$dir/apt.conf" << END
Dir::State::Lists "$dir/lists";
Dir::Cache "$dir/cache";
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "-";
APT::Sandbox::User "root";
APT::Update::Post-Invoke-Success "";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::Languages "none";
END
  APT_CONFIG=$dir/apt.conf apt-get -qq -o 'APT::Update::Post-Invoke=' update >&2 || fail "apt could not read the package lists of $*"
}
