# shellcheck shell=bash
# Building, so that nothing in the checkout ever becomes root-owned: root in somebody else's checkout builds elsewhere.
# Sourced by ./dev.

if [ "$(id -u)" = 0 ] && [ "$(stat -c %u "$ROOT")" != 0 ]; then
  export CAISSON_ARTIFACTS=/var/cache/caisson/artifacts-$(printf '%s' "$ROOT" | sha256sum | cut -c1-12)
  export RestoreLockedMode=true GIT_OPTIONAL_LOCKS=0
fi

ARTIFACTS=${CAISSON_ARTIFACTS:-$ROOT/artifacts}
APPS=(Caisson.ControlPlane Caisson.Endpoint Caisson.Cli Caisson.Demo)

apps_folder() { printf '%s' "$ARTIFACTS/apps"; }

# Publishes the executables side by side, as a package would lay them out.
build_apps() {
  local app
  for app in "${APPS[@]}"; do build_quiet "$app"; done
}

build_quiet() { # project [folder]: only when something is newer than what was built
  local out=$(apps_folder)/$1 folder=${2:-$ROOT/src/apps/$1}
  if [ ! -e "$out/.built" ] || [ -n "$(find "$ROOT/src" "$folder" "$ROOT"/Directory.* "$ROOT/global.json" -type f -newer "$out/.built" -not -path '*/obj/*' -print -quit)" ]; then
    echo "== building $1" >&2
    dotnet publish "$folder" -c Release -v q --nologo -o "$out" >&2
    touch "$out/.built"
  fi
}

run_app() { # project dll args…
  local dll=$(apps_folder)/$1/$2.dll; shift 2
  CAISSON_APPS=$(apps_folder) dotnet "$dll" "$@"
}
