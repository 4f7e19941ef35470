# shellcheck shell=bash
# A control plane and an enrolled PC of one benchmark, in $WORK, as an administrator would set them up. Sourced after bench/lib.sh.

SERVER=(dotnet "$CAISSON_APPS/Caisson.ControlPlane/caisson-server.dll")
ENDPOINT=(dotnet "$CAISSON_APPS/Caisson.Endpoint/caissond.dll")
processes=()
INIT=() # more arguments of caisson-server init

# Ends what this run started, whatever way it ends.
end_processes() {
  local pid
  for pid in "${processes[@]}"; do kill "$pid" 2> /dev/null || true; done
  for pid in "${processes[@]}"; do wait "$pid" 2> /dev/null || true; done
  processes=()
}

# until_true SECONDS COMMAND…
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" > /dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || { say "waited in vain for: $*"; return 1; }
    sleep 0.2
  done
}

# start_server PEOPLE-URL ENDPOINT-URL [WRAPPER…]: sets SERVER_PID. The wrapper pins it to a core or puts it into a namespace.
start_server() {
  local people=$1 endpoints=$2
  shift 2
  WRAP_SERVER=("$@")
  export CAISSON_SERVER=$people CAISSON_TOKEN_FILE=$WORK/token XDG_DATA_HOME=$WORK/administrator
  "${SERVER[@]}" init --data "$WORK/server" --url "$people" --endpoint-url "$endpoints" --poll 5 "${INIT[@]}" > /dev/null
  (umask 077; "${SERVER[@]}" api-token --data "$WORK/server" --name bench > "$WORK/token")
  "$@" "${SERVER[@]}" run --data "$WORK/server" > "$WORK/server.log" 2>&1 8>&- &
  SERVER_PID=$!
  processes+=("$SERVER_PID")
  administrator ping --wait 60 > /dev/null
}

administrator() { "${WRAP_SERVER[@]}" "${CAISSON[@]}" "$@"; }

# publish IMAGE FILE: released at once, and assigned to everybody in the group "bench".
publish() { administrator image import "$1" "$2" --format raw --release > /dev/null; }

assign() { # workspace image [option…]
  administrator group create bench --description "the benchmark" > /dev/null 2>&1 || true
  administrator assignment create bench "$1" --image "$2" --kind managed --memory 1536 --cpus 2 "${@:3}" > /dev/null
}

# enrol FOLDER [WRAPPER…]
enrol() {
  local folder=$1 token
  shift
  token=$(administrator enrolment create --group "${GROUP:-bench}" --json | sed -n 's/.*"token": *"\([^"]*\)".*/\1/p')
  "$@" "${ENDPOINT[@]}" enrol --data "$folder" --token-file - <<< "$token" > /dev/null
}

# cpu_ticks PID…: user and system time of these processes, in ticks of 10 ms.
cpu_ticks() {
  local pid sum=0 fields
  for pid in "$@"; do
    read -r -a fields < <(sed 's/.*) //' "/proc/$pid/stat")
    sum=$((sum + fields[11] + fields[12]))
  done
  echo $sum
}
