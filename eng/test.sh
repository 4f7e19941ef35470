# shellcheck shell=bash
# The suites, their budgets and the closing line. Sourced by ./dev test.
#
# Every suite has a budget in seconds in CONTRIBUTING.md, so that CI stays quick as the project grows. One that takes a quarter longer has failed, and so
# has the whole when it takes longer than its suites may: a machine that is slow for one of them is slow for all.
# Suites that a person names run whole; the budgets are for what CI runs.
# A suite that cannot run says "not run", and fails the whole where nothing may be left out (CI=true or CAISSON_REQUIRE=1).

. "$ROOT/eng/publish.sh"
. "$ROOT/eng/fuzz.sh"
. "$ROOT/eng/package-test.sh"

CI_SUITES=(unit faults crash vm web check)
passed=0 failed=0 unrun=0 allowed=0 verdicts=() named=0
SUITE_LOGS=$ARTIFACTS/test-logs

budget_seconds() { # suite
  awk -F'|' -v suite="$1" '$2 ~ "`"suite"`" { gsub(/[^0-9]/, "", $4); print $4 }' "$ROOT/CONTRIBUTING.md"
}

# Reads the summaries a test program prints and adds them up.
count() { # log
  local ok bad
  ok=$(awk '/^  succeeded: [0-9]+$/ { sum += $2 } END { print sum + 0 }' "$1")
  bad=$(awk '/^  failed: [0-9]+$/ { sum += $2 } END { print sum + 0 }' "$1")
  passed=$((passed + ok)); failed=$((failed + bad))
}

# A suite this machine cannot run is never green: it says so, and where nothing may be left out (CI) it has failed.
not_run() { # suite why
  echo "== $1: not run: $2"
  verdicts+=("$(printf '%-8s not run (%s)' "$1" "$2")")
  unrun=$((unrun + 1))
  [ "${CI:-}" != true ] && [ "${CAISSON_REQUIRE:-}" != 1 ] || failed=$((failed + 1))
}

run_project() { # log filter project
  local arguments=(); [ -z "$2" ] || arguments=(--filter-method "*$2*" --ignore-exit-code 8)
  CAISSON_REQUIRE=1 dotnet test --project "$3" -c Release --no-build --no-progress --output Normal "${arguments[@]}" >"$1" 2>&1
}

# Three at a time: most tests wait more than they work.
run_projects() { # log filter project…
  local log=$1 filter=$2 project code=0; shift 2
  for project in "$@"; do
    while [ "$(jobs -rp | grep -cvx "${guests:-none}")" -ge 3 ]; do wait -n || true; done
    ( run_project "$log.$(basename "$project")" "$filter" "$project" || touch "$log.$(basename "$project").failed" ) &
  done
  wait_but_guests
  for project in "$@"; do
    local one=$log.$(basename "$project")
    count "$one"
    [ ! -e "$one.failed" ] || { code=1; grep -aE '^(failed|skipped) |error|Exception|Assert' "$one" | head -n 40; } || true
  done
  return $code
}

# The unit tests' files lie in memory where there is room: they wait for the disk more than for anything, while guests are built beside them. What
# only a real disk shows is the business of crash, faults and vm.
unit_suite() { # filter project…
  local memory=/dev/shm code=0
  if [ -w $memory ] && [ "$(df --output=avail -k $memory | tail -n1)" -ge $((2 << 20)) ]; then
    local folder; folder=$(mktemp -d $memory/caisson-unit.XXXXXX)
    TMPDIR=$folder run_projects "$SUITE_LOGS/unit" "$@" || code=$?
    rm -rf "$folder"
    return $code
  fi
  run_projects "$SUITE_LOGS/unit" "$@"
}

# Of some folders the one with most in it first: the longest project begun last would run alone at the end.
largest_first() { # folder…
  du -sb "$@" | sort -rn | cut -f2
}

# Waits for what this suite started, not for the guests that are built meanwhile.
wait_but_guests() {
  local job
  for job in $(jobs -p); do [ "$job" = "${guests:-}" ] || wait "$job" || true; done
}

suite() { # name command…
  local name=$1 budget started seconds code=0; shift
  budget=$(budget_seconds "$name")
  [ -n "$budget" ] || [ "$named" = 1 ] || { echo "CONTRIBUTING.md has no budget for the suite '$name'." >&2; failed=$((failed + 1)); return; }
  echo "== $name${budget:+ (budget $budget s)}"
  started=$SECONDS
  local failed_before=$failed
  "$@" || code=$?
  seconds=$((SECONDS - started))
  [ $code = 0 ] || [ $failed -gt $failed_before ] || failed=$((failed + 1)) # died without a count
  if [ "$named" = 0 ]; then
    allowed=$((allowed + budget))
    if [ $seconds -gt $((budget * 5 / 4)) ]; then
      echo "   $name took $seconds s, far over its budget of $budget s: make it quicker, or argue for more in CONTRIBUTING.md."
      failed=$((failed + 1)); code=1
    elif [ $seconds -gt "$budget" ]; then
      echo "   $name took $seconds s, over its budget of $budget s: the others have to make up for it."
    fi
  fi
  verdicts+=("$(printf '%-8s %-6s %4d s' "$name" "$([ $code = 0 ] && [ $failed = $failed_before ] && echo ok || echo FAILED)" $seconds)${budget:+ of $budget s}")
}

check_suite() {
  local data log=$SUITE_LOGS/check.json
  data=$(default_data 1)
  "$ROOT/dev" up --check --data "$data" >"$log" 2> >(tee "$SUITE_LOGS/check.log" >&2) </dev/null
  local code=$?
  [ -s "$log" ] && tail -n1 "$log"
  if [ $code = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  return $code
}

# In full when a person names it: 2,000 crash states. A share of them in CI.
crash_suite() { # filter
  local lacks; lacks=$(crash_lab_lacks)
  if [ -n "$lacks" ]; then not_run crash "$lacks"; return; fi
  if [ $named = 1 ]; then export CAISSON_CRASH_STATES=2000; fi
  suite crash run_projects "$SUITE_LOGS/crash" "$1" "$ROOT/tests/crash/Caisson.Crash.Tests"
}

# What the crash lab misses here, in words; nothing when all is there.
crash_lab_lacks() {
  if [ "$(id -u)" != 0 ]; then echo "it mounts file systems, which takes root"
  elif [ ! -c /dev/fuse ] || [ ! -c /dev/loop-control ]; then echo "it takes /dev/fuse and loop devices"
  fi
}

flips_suite() { CAISSON_FLIPS=10000 run_projects "$SUITE_LOGS/flips" "${1:-FlipTests}" "$ROOT/tests/faults/Caisson.Faults.Tests"; }

# The guest tools once for both: compiling them to native code is a minute of processor.
build_desktops() {
  local guest tools=
  for guest in personal work; do
    [ -z "$tools" ] && [ ! -e "$("$ROOT/guests/build" $guest --print-path)/complete" ] || continue
    tools=$(mktemp -d)
    publish_guest_tools "$ROOT" "$tools" || return
    export CAISSON_GUEST_TOOLS=$tools/tools/caisson-guest
  done
  "$ROOT/guests/build" personal && "$ROOT/guests/build" work
  rm -rf "$tools"
}

build_suite() { # check: the executables too, laid out as a package would
  dotnet build "$ROOT/Caisson.slnx" -c Release -v q --nologo || return
  [ "$1" = 0 ] || build_apps
}

run_suites() { # [suite…] [--filter F] [--seconds N] [--parser P]
  local filter="" wanted=() guests= named=1 seconds=$FUZZ_SECONDS parser=""
  while [ $# -gt 0 ]; do
    case $1 in
      --filter) filter=$2; shift ;;
      --seconds) seconds=$2; shift ;;
      --parser) parser=$2; shift ;;
      unit|faults|crash|vm|web|check|flips|fuzz|move|package|switcher|appliance) wanted+=("$1") ;;
      all) wanted=("${CI_SUITES[@]}"); named=0 ;;
      *) echo "./dev test: '$1' is not a suite; there are ${CI_SUITES[*]}, flips, fuzz, move, package, switcher, appliance and all." >&2; exit 2 ;;
    esac
    shift
  done
  [ ${#wanted[@]} -gt 0 ] || { wanted=("${CI_SUITES[@]}"); named=0; }
  local check=0 packages=("${UP_PACKAGES[@]}" "${CHECK_PACKAGES[@]}" "${TEST_PACKAGES[@]}")
  [[ " ${wanted[*]} " != *" check "* ]] || check=1
  [[ " ${wanted[*]} " != *" fuzz "* ]] || packages+=("${FUZZ_PACKAGES[@]}")
  [[ " ${wanted[*]} " != *" switcher "* ]] || packages+=("${SWITCHER_PACKAGES[@]}")
  preflight "$(default_data 0)" $check 0 "${packages[@]}"
  rm -rf "$SUITE_LOGS"; mkdir -p "$SUITE_LOGS"
  local begun=$SECONDS
  suite build build_suite $check
  # Guests take minutes of apt and little processor: they are made while the unit tests run.
  if [[ " ${wanted[*]} " =~ \ (vm|check)\  ]]; then
    "$ROOT/guests/build" tiny >/dev/null 2>"$SUITE_LOGS/guest-tiny.log" || true
    build_desktops >/dev/null 2>"$SUITE_LOGS/guests.log" & guests=$!
  fi
  local name projects
  for name in "${wanted[@]}"; do
    case $name in
      unit) mapfile -t projects < <(largest_first "$ROOT"/tests/unit/*); suite unit unit_suite "$filter" "${projects[@]}" ;;
      faults) suite faults run_projects "$SUITE_LOGS/faults" "$filter" "$ROOT/tests/faults/Caisson.Faults.Tests" ;;
      crash) crash_suite "$filter" ;;
      flips) suite flips flips_suite "$filter" ;;
      fuzz) suite fuzz fuzz_suite "$seconds" "$parser" ;;
      vm) suite vm run_projects "$SUITE_LOGS/vm" "$filter" "$ROOT/tests/vm/Caisson.Vm.Tests" ;;
      web) suite web run_projects "$SUITE_LOGS/web" "$filter" "$ROOT/tests/web/Caisson.Web.Tests" ;;
      package) suite package package_suite ;;
      switcher) suite switcher run_projects "$SUITE_LOGS/switcher" "$filter" "$ROOT/tests/switcher/Caisson.Switcher.Tests" ;;
      appliance) suite appliance run_projects "$SUITE_LOGS/appliance" "$filter" "$ROOT/tests/appliance/Caisson.Appliance.Tests" ;;
      move) CAISSON_MOVES=200 suite move run_projects "$SUITE_LOGS/move" A_guest_that_checks_every_byte_moves "$ROOT/tests/vm/Caisson.Vm.Tests" ;;
      check) [ -z "$guests" ] || wait "$guests" || true; suite check check_suite ;;
    esac
  done
  [ -z "$guests" ] || wait "$guests" 2>/dev/null || true
  echo; printf '%s\n' "${verdicts[@]}"; echo "all of it took $(((SECONDS - begun) / 60)) min"
  if [ $named = 0 ] && [ $((SECONDS - begun)) -gt $allowed ]; then
    echo "all of it took $((SECONDS - begun)) s, over the $allowed s of its budgets"
    failed=$((failed + 1))
  fi
  [ $unrun = 0 ] || echo "$unrun not run: this is no whole pass"
  echo "$passed passed, $failed failed"
  [ $failed = 0 ]
}
