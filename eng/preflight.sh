# shellcheck shell=bash
# Preflight: looks at everything first, prints every problem at once with its remedy, and changes nothing before it passes.
# Sourced by ./dev. CAISSON_OS_RELEASE, CAISSON_MEMINFO stand in for the real files in a test.

UP_PACKAGES=(qemu-system-x86 qemu-utils ovmf swtpm swtpm-tools mmdebstrap uidmap bubblewrap novnc e2fsprogs dosfstools mtools
  fdisk binutils systemd-boot-efi cpio zstd xz-utils gcc libc6-dev zlib1g-dev debian-archive-keyring util-linux)
CHECK_PACKAGES=(chromium iproute2 fonts-dejavu-core)
TEST_PACKAGES=(libnbd-bin nbdkit qemu-system-x86 docker-registry apache2-utils nginx-light python3-libnbd xfsprogs btrfs-progs)
SWITCHER_PACKAGES=(sway grim xkb-data chromium fonts-dejavu-core cog)
MINIMUM_DISK_GB=15
MINIMUM_MEMORY_MB=5700 # a 6 GB machine shows a little less
problems=()

problem() { problems+=("$1"$'\n'"    → $2"); }

default_data() { # 1 = check: a folder other users may pass through, because two of them run there
  if [ "$1" = 1 ]; then printf '%s' "/var/tmp/caisson-check-$(id -u)"; else printf '%s' "${XDG_DATA_HOME:-$HOME/.local/share}/caisson"; fi
}

look_at_system() {
  local id version
  # shellcheck disable=SC1090
  id=$(. "${CAISSON_OS_RELEASE:-/etc/os-release}" 2>/dev/null && printf '%s' "${ID:-}") || id=
  # shellcheck disable=SC1090
  version=$(. "${CAISSON_OS_RELEASE:-/etc/os-release}" 2>/dev/null && printf '%s' "${VERSION_ID:-}") || version=
  case $id-$version in
    debian-12|debian-13) ;;
    *) problem "This is ${id:-an unknown system} ${version}; Caisson runs on Debian 12 or 13." "Use a Debian 12 or 13 machine, or a VM of it." ;;
  esac
  [ "$(uname -m)" = x86_64 ] || problem "The processor is $(uname -m); Caisson needs amd64." "Use an amd64 machine."
  local memory
  memory=$(awk '/^MemTotal:/{print int($2/1024)}' "${CAISSON_MEMINFO:-/proc/meminfo}")
  [ "$memory" -ge $MINIMUM_MEMORY_MB ] || problem "There are $memory MB of memory; two desktops and the server need 6 GB." "Give the machine more memory."
}

look_at_dotnet() {
  local version
  version=$(cd / && dotnet --version 2>/dev/null) || version=
  if [ -z "$version" ]; then
    problem "The .NET SDK is missing." "Install the .NET 10 SDK (https://learn.microsoft.com/dotnet/core/install/linux-debian) and put 'dotnet' on PATH."
  elif [ "$(printf '%s\n10.0.100\n' "$version" | sort -V | head -n1)" != 10.0.100 ]; then
    problem "The .NET SDK is $version; 10.0.100 or newer is needed." "Install the .NET 10 SDK beside it."
  fi
}

look_at_disk() { # data folder
  local folder=$1 free
  while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
  [ -w "$folder" ] || problem "The data folder $1 cannot be made: $folder is not yours to write." "Choose another with --data DIR."
  free=$(df -B1G --output=avail "$folder" | tail -n1 | tr -d ' ')
  [ "$free" -ge $MINIMUM_DISK_GB ] || problem "$folder has $free GB free; $MINIMUM_DISK_GB GB are needed." "Free some space, or choose another place with --data DIR."
}

look_at_ports() {
  local port
  for port in "$@"; do
    if ! [[ $port =~ ^[0-9]+$ ]] || [ "$port" -lt 1 ] || [ "$port" -gt 65535 ]; then
      problem "'$port' is not a port." "Give a number from 1 to 65535."
    elif (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      problem "Port $port is in use." "Stop what listens there (ss -ltnp 'sport = :$port'), or choose another: --port N, --endpoint-port N."
    fi
  done
}

look_at_check() { # what only `up --check` needs
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
    problem "The check runs two hosts under two users in two network namespaces, which only root can make." "Run it as root, or install sudo (nothing in the checkout becomes root's)."
}

missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
  done | sort -u
}

look_at_packages() { # missing packages
  [ $# -gt 0 ] || return 0
  if ! grep -qsE '^(deb |URIs:)' /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; then
    problem "apt has no package source." "Put Debian's archive into /etc/apt/sources.list.d/debian.sources."
  fi
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    problem "Packages are missing, and this user is not root and has no sudo." "As root: apt-get install --no-install-recommends $*"
  fi
}

install_packages() {
  [ $# -gt 0 ] || return 0
  local as_root=(); [ "$(id -u)" = 0 ] || as_root=(sudo)
  echo "Installing $# packages: $*" >&2
  # One sudo. --no-install-recommends: a desktop's worth of extras is not needed.
  "${as_root[@]}" bash -c "$(declare -f apt_install); apt_install \"\$@\"" apt "$@" >&2
}

# apt waits for dpkg's lock if told to, but not for the one of its lists, which a new machine's first daily update holds.
apt_install() {
  local said deadline=$((SECONDS + 600))
  until said=$(apt-get -q update 2>&1); do
    case $said in
      *"Could not get lock"*) [ $SECONDS -lt $deadline ] || { echo "$said"; return 1; }; echo "Waiting for another apt to finish …"; sleep 5 ;;
      *) echo "$said"; break ;; # lists of a source that is not needed may be out of reach: the install will tell
    esac
  done
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 --no-install-recommends install "$@"
}

stop_on_problems() {
  [ ${#problems[@]} -gt 0 ] || return 0
  local text
  { echo "Caisson cannot start yet. Nothing was changed."; for text in "${problems[@]}"; do printf '  ✗ %s\n' "$text"; done; } >&2
  exit 3
}

preflight_dotnet() { problems=(); look_at_dotnet; stop_on_problems; }

preflight() { # data-folder check(0|1) number-of-ports port… package…
  local data=$1 check=$2 count=$3; shift 3
  local ports=("${@:1:count}") missing; shift "$count"
  problems=()
  look_at_system; look_at_dotnet; look_at_disk "$data"; look_at_ports "${ports[@]}"
  [ "$check" = 0 ] || look_at_check
  mapfile -t missing < <(missing_packages "$@")
  look_at_packages "${missing[@]}"
  stop_on_problems
  install_packages "${missing[@]}"
}
