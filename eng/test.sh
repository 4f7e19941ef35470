# shellcheck shell=bash
# The suites, their budgets and the closing line. Sourced by ./dev test.
#
# Every suite has a budget in minutes in CONTRIBUTING.md; one that takes longer has failed, so that CI stays quick as the project grows.
# A suite that cannot run says "not run" and fails the whole; nothing is skipped in silence (CAISSON_REQUIRE=1).

passed=0 failed=0 verdicts=()
SUITE_LOGS=$ARTIFACTS/test-logs

budget_minutes() { # suite
  awk -F'|' -v suite="$1" '$2 ~ "`"suite"`" { gsub(/[^0-9]/, "", $4); print $4 }' "$ROOT/CONTRIBUTING.md"
}

# Reads the summaries a test program prints and adds them up.
count() { # log
  local ok bad
  ok=$(awk '/^  succeeded: [0-9]+$/ { sum += $2 } END { print sum + 0 }' "$1")
  bad=$(awk '/^  failed: [0-9]+$/ { sum += $2 } END { print sum + 0 }' "$1")
  passed=$((passed + ok)); failed=$((failed + bad))
}

run_project() { # log filter project
  local arguments=(); [ -z "$2" ] || arguments=(--filter-method "*$2*" --ignore-exit-code 8)
  CAISSON_REQUIRE=1 dotnet test --project "$3" -c Release --no-build --no-progress --output Normal "${arguments[@]}" >"$1" 2>&1
}

# Two at a time: most tests wait more than they work.
run_projects() { # log filter project…
  local log=$1 filter=$2 project code=0; shift 2
  for project in "$@"; do
    while [ "$(jobs -rp | grep -cvx "${guests:-none}")" -ge 2 ]; do wait -n || true; done
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

# Waits for what this suite started, not for the guests that are built meanwhile.
wait_but_guests() {
  local job
  for job in $(jobs -p); do [ "$job" = "${guests:-}" ] || wait "$job" || true; done
}

suite() { # name command…
  local name=$1 minutes started seconds code=0; shift
  minutes=$(budget_minutes "$name")
  [ -n "$minutes" ] || { echo "CONTRIBUTING.md has no budget for the suite '$name'." >&2; failed=$((failed + 1)); return; }
  echo "== $name (budget $minutes min)"
  started=$SECONDS
  local failed_before=$failed
  "$@" || code=$?
  seconds=$((SECONDS - started))
  [ $code = 0 ] || [ $failed -gt $failed_before ] || failed=$((failed + 1)) # died without a count
  if [ $seconds -gt $((minutes * 60)) ]; then
    echo "   $name took $seconds s, over its budget of $minutes min: make it quicker, or argue for more in CONTRIBUTING.md."
    failed=$((failed + 1)); code=1
  fi
  verdicts+=("$(printf '%-8s %-6s %4d s of %d min' "$name" "$([ $code = 0 ] && echo ok || echo FAILED)" $seconds "$minutes")")
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

build_suite() { dotnet build "$ROOT/Caisson.slnx" -c Release -v q --nologo; }

run_suites() { # [suite…] [--filter F]
  local filter="" wanted=() guests=
  while [ $# -gt 0 ]; do
    case $1 in
      --filter) filter=$2; shift ;;
      unit|vm|web|check) wanted+=("$1") ;;
      all) wanted=(unit vm web check) ;;
      *) echo "./dev test: '$1' is not a suite; there are unit, vm, web, check and all." >&2; exit 2 ;;
    esac
    shift
  done
  [ ${#wanted[@]} -gt 0 ] || wanted=(unit vm web check)
  local check=0; [[ " ${wanted[*]} " != *" check "* ]] || check=1
  preflight "$(default_data 0)" $check 0 "${UP_PACKAGES[@]}" "${CHECK_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
  rm -rf "$SUITE_LOGS"; mkdir -p "$SUITE_LOGS"
  local begun=$SECONDS
  suite build build_suite
  # Guests take minutes of apt and little processor: they are made while the unit tests run.
  if [[ " ${wanted[*]} " =~ \ (vm|check)\  ]]; then
    "$ROOT/guests/build" tiny >/dev/null 2>"$SUITE_LOGS/guest-tiny.log" || true
    ( "$ROOT/guests/build" personal && "$ROOT/guests/build" work ) >/dev/null 2>"$SUITE_LOGS/guests.log" & guests=$!
  fi
  local name
  for name in "${wanted[@]}"; do
    case $name in
      unit) suite unit run_projects "$SUITE_LOGS/unit" "$filter" "$ROOT"/tests/unit/* ;;
      vm) suite vm run_projects "$SUITE_LOGS/vm" "$filter" "$ROOT/tests/vm/Caisson.Vm.Tests" ;;
      web) suite web run_projects "$SUITE_LOGS/web" "$filter" "$ROOT/tests/web/Caisson.Web.Tests" ;;
      check) [ -z "$guests" ] || wait "$guests" || true; suite check check_suite ;;
    esac
  done
  [ -z "$guests" ] || wait "$guests" 2>/dev/null || true
  echo; printf '%s\n' "${verdicts[@]}"; echo "all of it took $(((SECONDS - begun) / 60)) min"
  echo "$passed passed, $failed failed"
  [ $failed = 0 ]
}
