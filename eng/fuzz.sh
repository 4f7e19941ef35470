# shellcheck shell=bash
# ./dev test fuzz [--seconds N] [--parser P]: every parser of foreign bytes under AFL++, our assemblies instrumented by
# SharpFuzz; what libzstd and liblzma do inside is not seen by it. N is for all of them together. Sourced by eng/test.sh.

FUZZ_PACKAGES=(afl++)
SHARPFUZZ_VERSION=2.3.0
FUZZ_SECONDS=60
FUZZ_SMALLEST=3 # seconds for one parser; AFL++ needs some to begin

prepare_fuzz() { # -> $ARTIFACTS/fuzz/{app,seeds}
  local app=$ARTIFACTS/fuzz/app tools=$ARTIFACTS/tools library
  dotnet publish "$ROOT/tests/faults/Caisson.Fuzz" -c Release -v q --nologo -o "$app" || return 1
  [ -x "$tools/sharpfuzz" ] || dotnet tool install SharpFuzz.CommandLine --version $SHARPFUZZ_VERSION --tool-path "$tools" >/dev/null || return 1
  for library in "$app"/Caisson.{Chunks,FileSystems,Nbd,Qmp,Images,Machines}.dll; do
    # What is instrumented already is said to be so; a publish writes it anew when it has changed.
    "$tools/sharpfuzz" "$library" >"$SUITE_LOGS/sharpfuzz.log" 2>&1 || grep -q 'already instrumented' "$SUITE_LOGS/sharpfuzz.log" || { cat "$SUITE_LOGS/sharpfuzz.log"; return 1; }
  done
  rm -rf "$ARTIFACTS/fuzz/seeds" "$ARTIFACTS/fuzz/found"
  "$app/caisson-fuzz" seeds "$ARTIFACTS/fuzz/seeds"
}

stat_of() { # file name
  awk -F' *: *' -v name="$2" '$1 == name { print $2 }' "$1" 2>/dev/null
}

fuzz_parser() { # parser seconds
  local found=$ARTIFACTS/fuzz/found/$1 stats crashes hangs
  mkdir -p "$found"
  # AFL_SKIP_BIN_CHECK: the instrumented code is in the libraries. -m none: .NET maps more than it uses.
  AFL_SKIP_BIN_CHECK=1 AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 DOTNET_TieredPGO=0 \
    timeout --kill-after 10 $(($2 + 60)) afl-fuzz -V "$2" -i "$ARTIFACTS/fuzz/seeds/$1" -o "$found" -m none -t 5000 -- "$ARTIFACTS/fuzz/app/caisson-fuzz" run "$1" \
    >"$SUITE_LOGS/fuzz-$1.log" 2>&1 || true
  stats=$found/default/fuzzer_stats
  [ -s "$stats" ] || { printf '   %-16s did not start\n' "$1"; tail -n 5 "$SUITE_LOGS/fuzz-$1.log"; failed=$((failed + 1)); return; }
  crashes=$(stat_of "$stats" saved_crashes) hangs=$(stat_of "$stats" saved_hangs)
  printf '   %-16s %9s executions, %6s a second, %4s paths, %s crashes, %s hangs\n' "$1" "$(stat_of "$stats" execs_done)" "$(stat_of "$stats" execs_per_sec)" \
    "$(stat_of "$stats" corpus_count)" "$crashes" "$hangs"
  if [ "$crashes" = 0 ] && [ "$hangs" = 0 ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "     inputs: $found/default/{crashes,hangs}; see one with: $ARTIFACTS/fuzz/app/caisson-fuzz replay $1 FILE"
    echo "     once mended, keep each as tests/faults/Caisson.Fuzz/crashers/$1/NAME: it is replayed as a test."
  fi
}

fuzz_suite() { # seconds parser ("" = all)
  local parsers=() each parser
  prepare_fuzz || return 1
  if [ -n "$2" ]; then parsers=("$2"); else mapfile -t parsers < <("$ARTIFACTS/fuzz/app/caisson-fuzz" list); fi
  each=$(($1 / ${#parsers[@]})); [ $each -ge $FUZZ_SMALLEST ] || each=$FUZZ_SMALLEST
  for parser in "${parsers[@]}"; do fuzz_parser "$parser" "$each"; done
}
