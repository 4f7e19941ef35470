#!/bin/bash
# ./dev bench boot: the first boot of the demonstration's desktop whose image is still on the server, beside one from a local file.
# Two network namespaces, a real control plane, a real caissond; a new PC for every boot, with an empty disk.
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=bench/site.sh
. "$CAISSON_CHECKOUT/bench/site.sh"
ROWS=(local fast dsl100 dsl10 profile)
options "${ROWS[@]}" -- "$@"
begin boot
NS_SERVER=caisson-bench-server-$$ NS_PC=caisson-bench-pc-$$
# The address PCs know is the near end of the line; the server itself sits at its far end.
NEAR=10.231.79.1 FAR=10.231.78.1
trap 'end_processes; ip netns del $NS_PC 2> /dev/null; ip netns del $NS_SERVER 2> /dev/null' EXIT
record fact.tools "$(version qemu-system-x86)"

# Words, not functions: of a function in the background $! is the shell around it, and a kill of that leaves the program running.
ON_SERVER=(ip netns exec "$NS_SERVER") ON_PC=(ip netns exec "$NS_PC")

network() {
  ip netns add $NS_SERVER
  ip netns add $NS_PC
  ip link add veth0 netns $NS_SERVER type veth peer name veth0 netns $NS_PC
  ip -n $NS_SERVER link set lo up; ip -n $NS_SERVER addr add $FAR/30 dev veth0; ip -n $NS_SERVER link set veth0 up
  ip -n $NS_PC link set lo up; ip -n $NS_PC addr add 10.231.78.2/30 dev veth0; ip -n $NS_PC link set veth0 up
  ip -n $NS_PC addr add $NEAR/32 dev lo
}

LINE=''
line() { # Mbit/s milliseconds; 0 0 is as fast as it goes
  [ -z "$LINE" ] || { kill "$LINE"; wait "$LINE" 2> /dev/null || true; }
  tc -n $NS_SERVER qdisc del dev veth0 root 2> /dev/null || true
  [ "$1" = 0 ] || tc -n $NS_SERVER qdisc add dev veth0 root tbf rate "$1mbit" burst 64k latency 100ms
  "${ON_PC[@]}" "${TOOL[@]}" line $NEAR:8443 $FAR:8443 "$2" 8>&- &
  LINE=$!
  processes+=("$LINE")
  until_true 10 "${ON_PC[@]}" bash -c "exec 3<> /dev/tcp/$NEAR/8443"
}

site() {
  local work tiny
  work=$("$CAISSON_CHECKOUT/guests/build" work) tiny=$("$CAISSON_CHECKOUT/guests/build" tiny)
  PROBE=(--probe-kernel "$tiny/vmlinuz" --probe-initrd "$tiny/initrd")
  say "a control plane with the image work"
  network
  INIT=(--listen-any)
  start_server http://localhost:8480 https://$NEAR:8443 "${ON_SERVER[@]}"
  publish work "$work/work-1.raw"
  assign Work work
  administrator group create later > /dev/null
  administrator assignment create later Later --image work --kind managed --memory 1536 --cpus 2 --no-auto-start > /dev/null
  record boot.data $(($(stat -c %b "$work/work-1.raw") * 512))
  record boot.stored "$(administrator image show work --json | grep -o '"storedBytes": *[0-9]*' | head -n1 | grep -o '[0-9]*$')"
}

# boot NAME FILL-BYTES-PER-SECOND [learn]: a new PC with nothing on its disk, until its first heartbeat. A PC tells what its start read 15 s
# after that: only with "learn" is it let live so long.
boot() {
  local name=$1 fill=$2 pc=$WORK/pc id pid code
  say "$name"
  : > "$WORK/server/log/access.jsonl"
  enrol "$pc" "${ON_PC[@]}"
  id=$(sed -n 's/.*"endpoint": *"\([^"]*\)".*/\1/p' "$pc/identity/enrolment.json")
  administrator pc change "$id" --fill-bytes-per-second "$fill" > /dev/null
  "${ON_PC[@]}" "${ENDPOINT[@]}" run --data "$pc" --run-dir "$WORK/run" --local-port 8481 "${PROBE[@]}" > "$WORK/caissond.log" 2>&1 8>&- &
  pid=$!
  processes+=("$pid")
  [ "$GROUP" = bench ] || start_when_here "$pc" "$id"
  until_true 900 "${TOOL[@]}" boot "$name" "$pc/status.json" "$WORK/server/log/access.jsonl" || status "$name" "no heartbeat in 900 s"
  code=0
  "${TOOL[@]}" boot "$name" "$pc/status.json" "$WORK/server/log/access.jsonl" >> "$RESULTS" || code=$?
  [ "${3:-}" != learn ] || until_true 60 grep -q '"path": *"/v1/boot-profiles/' "$WORK/server/log/access.jsonl"
  kill "$pid"
  wait "$pid" 2> /dev/null || true
  rm -rf "$pc" "$WORK/run"
  return $code
}

# The same machine over the same file, all of it here.
start_when_here() { # folder id
  until_true 300 grep -q '"offlineReady": *true' "$1/status.json"
  administrator workspace start "$2" later > /dev/null
}

GROUP=bench
site
line 0 0
if wanted local; then GROUP=later; boot local.plain 0; GROUP=bench; fi
! wanted fast || boot fast.plain 1
! wanted dsl100 || { line 100 20; boot dsl100.plain 0; }
! wanted dsl10 || { line 10 20; boot dsl10.plain 0; }
if wanted profile; then
  line 0 0
  boot teaching.plain 0 learn
  boot fast.profile 1
  line 100 20
  boot dsl100.profile 0
fi
finish
