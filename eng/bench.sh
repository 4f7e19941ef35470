# shellcheck shell=bash
# The benchmarks: what a person types, and what they need. The work is in bench/. Sourced by ./dev bench.

BENCH_PACKAGES=(casync xdelta3 zstd qemu-utils libnbd-bin fio nginx-light apache2-utils curl time mmdebstrap e2fsprogs util-linux iproute2)

bench_help() {
  cat <<'TEXT'
Usage: ./dev bench images|serve|boot [--only ROW,…] [--json] [--no-docs]

  images   an update: we and casync, xdelta3, zstd, qcow2, layers on the same images; ≈ 20 min, the first time 10 more
  serve    reads: our NBD beside qemu-nbd, our HTTPS beside nginx; ≈ 5 min
  boot     the first boot of a desktop whose image is still on the server; ≈ 10 min

  --only ROW,…   only these rows (--only help lists them); docs are then left alone
  --json         print the results as JSON
  --no-docs      leave docs/benchmarks.md alone

Needs root. Results lie in ${CAISSON_CACHE:-~/.cache/caisson}/bench. Exit code 3: a goal is not met.
TEXT
}

bench() { # kind [option…]
  local kind=${1:-help}; [ $# -gt 0 ] && shift
  case $kind in
    images|serve|boot) ;;
    help|-h|--help) bench_help; return ;;
    *) echo "./dev bench: there is no benchmark '$kind'." >&2; bench_help >&2; exit 2 ;;
  esac
  case " $* " in *" --help "*|*" -h "*) bench_help; return ;; esac
  preflight "${CAISSON_CACHE:-$HOME/.cache/caisson}" 0 0 "${UP_PACKAGES[@]}" "${BENCH_PACKAGES[@]}"
  [ "$(id -u)" = 0 ] || as_root bench "$kind" "$@"
  build_apps
  build_quiet Caisson.Bench "$ROOT/bench/Caisson.Bench"
  CAISSON_APPS=$(apps_folder) CAISSON_CHECKOUT=$ROOT exec "$ROOT/bench/$kind.sh" "$@"
}
