# shellcheck shell=bash
# Our programs as they are shipped: with their own runtime, where the package and the appliance have them. Sourced.

# publish_programs CHECKOUT ROOT PROJECT:EXECUTABLE…: into ROOT/usr/lib/caisson, and a name for each in ROOT/usr/bin.
publish_programs() {
  local checkout=$1 root=$2 app project executable
  shift 2
  mkdir -p "$root/usr/bin"
  for app in "$@"; do
    project=Caisson.${app%%:*} executable=${app##*:}
    echo "== $project" >&2
    dotnet publish "$checkout/src/apps/$project" -c Release -r linux-x64 --self-contained -v q --nologo -p:RestoreLockedMode=false \
      -p:CaissonPackage=true -p:DebugType=none -o "$root/usr/lib/caisson/$project" >&2 || return
    ln -s "../lib/caisson/$project/$executable" "$root/usr/bin/$executable"
  done
}

# publish_guest_tools CHECKOUT WORK: WORK/tools/caisson-guest, native code; nothing is left in the checkout. A minute of processor, beside tests.
publish_guest_tools() {
  nice -n 10 dotnet publish "$1/src/apps/Caisson.GuestTools" -c Release -r linux-x64 -v q --nologo -p:DebugType=none --artifacts-path "$2/artifacts" -o "$2/tools" >&2
}
