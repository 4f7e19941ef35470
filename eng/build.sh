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
  echo "== building Caisson" >&2
  for app in "${APPS[@]}"; do
    dotnet publish "$ROOT/src/apps/$app" -c Release -v q --nologo -o "$(apps_folder)/$app" >&2
  done
}

build_quiet() { # project: only when something is newer than what was built
  local out=$(apps_folder)/$1
  if [ ! -d "$out" ] || [ -n "$(find "$ROOT/src" "$ROOT"/Directory.* -newer "$out/.built" \( -name '*.cs' -o -name '*.csproj' -o -name '*.props' \) -print -quit 2>/dev/null)" ] || [ ! -e "$out/.built" ]; then
    dotnet publish "$ROOT/src/apps/$1" -c Release -v q --nologo -o "$out" >&2
    touch "$out/.built"
  fi
}

run_app() { # project dll args…
  local dll=$(apps_folder)/$1/$2.dll; shift 2
  CAISSON_APPS=$(apps_folder) dotnet "$dll" "$@"
}
