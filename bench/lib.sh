# shellcheck shell=bash
# What the benchmarks share: where things lie, how a command is measured, how a row is reported. Sourced by bench/images.sh, bench/serve.sh, bench/boot.sh.
#
# A result is a line "NAME<tab>VALUE" in $RESULTS, written when it is known, so that a run that is stopped keeps what it has.

: "${CAISSON_CHECKOUT:?run ./dev bench}" "${CAISSON_APPS:?run ./dev bench}"
CACHE=${CAISSON_CACHE:-${HOME:?}/.cache/caisson}
BENCH=$CACHE/bench
IMAGES=${CAISSON_BENCH_IMAGES:-$BENCH/images} # others, to try the harness on
only='' json=0 docs=1

options() { # rows… -- arguments…
  local rows=()
  while [ "$1" != -- ]; do rows+=("$1"); shift; done
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --only) only=${2:-help}; shift ;;
      --only=*) only=${1#*=} ;;
      --json) json=1 ;;
      --no-docs) docs=0 ;;
      *) echo "bench: '$1' is not an option; see ./dev bench help." >&2; exit 2 ;;
    esac
    shift
  done
  local row
  for row in ${only//,/ }; do
    [[ " ${rows[*]} " == *" $row "* ]] || { echo "bench: the rows are ${rows[*]}." >&2; exit 2; }
  done
}

wanted() { [ -z "$only" ] || [[ ",$only," == *",$1,"* ]]; }

begin() { # kind
  KIND=$1 RESULTS=$BENCH/$1.txt WORK=$BENCH/work-$1
  # One run at a time: two would measure each other.
  mkdir -p "$BENCH"
  exec 8> "$BENCH/.lock"
  flock --nonblock 8 || { echo "Another benchmark runs; waiting for it." >&2; flock 8; }
  rm -rf --one-file-system "$WORK"
  mkdir -p "$WORK"
  [ -n "$only" ] || : > "$RESULTS"
  BEGUN=$SECONDS
  record fact.date "$(date -u +%F)"
  record fact.machine "$(nproc) cores ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n1)), $(awk '/^MemTotal:/{print int($2/1048576+0.5)}' /proc/meminfo) GiB, $(. /etc/os-release && echo "$PRETTY_NAME")"
}

record() { printf '%s\t%s\n' "$1" "$2" >> "$RESULTS"; }

say() { printf '[%4d s] %s\n' $((SECONDS - BEGUN)) "$*" >&2; }

# measure NAME SECONDS COMMAND…: CPU seconds, peak memory in bytes and elapsed seconds of the command and its children.
# A command that fails, or takes longer than SECONDS, is a result too: it becomes NAME's status, and 1 is returned.
measure() {
  local name=$1 limit=$2 code=0 figures
  shift 2
  say "$name"
  /usr/bin/time -q -o "$WORK/time" -f '%U %S %M %e' timeout -k 10 "$limit" "$@" > "$WORK/out" 2> "$WORK/err" || code=$?
  case $code in
    0)
      read -r -a figures < <(tail -n1 "$WORK/time")
      record "$name.cpu" "$(awk -v a="${figures[0]}" -v b="${figures[1]}" 'BEGIN { print a + b }')"
      record "$name.rss" $((figures[2] * 1024))
      record "$name.wall" "${figures[3]}"
      return 0 ;;
    124|137) say "  stopped after $limit s"; status "$name" "not done in $limit s" ;;
    *) say "  failed: $(tail -n 3 "$WORK/err" | tr '\n' ' ')"; status "$name" "failed" ;;
  esac
  return 1
}

# settle FILE: what was written before is on the disk, and the file the next command reads is in memory: the same start for everybody.
settle() {
  sync
  cat "$1" > /dev/null
}

# The status of a step belongs to its row: TOOL.PAIR.
status() { record "$(cut -d. -f1,2 <<< "$1").status" "$2"; }

answer() { # row command…: does the command say the result is right?
  local row=$1
  shift
  if "$@"; then record "$row.same" yes; else record "$row.same" no; say "  $row: the result is NOT the same"; fi
}

same() { answer "$1" cmp -s "$2" "$3"; } # row file file: byte for byte

bytes() { stat -c %s "$1"; }

folder_bytes() { find "$1" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%d", sum }'; }

version() { dpkg-query -W -f '${Package} ${Version}' "$1"; } # package

caisson() { dotnet "$CAISSON_APPS/Caisson.Cli/caisson.dll" "$@"; }
CAISSON=(dotnet "$CAISSON_APPS/Caisson.Cli/caisson.dll")
TOOL=(dotnet "$CAISSON_APPS/Caisson.Bench/caisson-bench.dll")

finish() {
  local code=0 target=()
  rm -rf --one-file-system "$WORK"
  record fact.seconds $((SECONDS - BEGUN))
  [ "$docs" = 0 ] || [ -n "$only" ] || target=("$CAISSON_CHECKOUT/docs")
  "${TOOL[@]}" report "$KIND" "$RESULTS" "${target[@]}" > "$WORK.md" || code=$?
  if [ "$json" = 1 ]; then cat "${RESULTS%.txt}.json"; else cat "$WORK.md" >&2; fi
  rm -f "$WORK.md"
  say "done; results in $RESULTS"
  exit $code
}
