#!/bin/bash
# ./dev bench serve: how fast what is here is given out. Our NBD beside qemu-nbd on the same file; our HTTPS beside nginx on the same pack.
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=bench/site.sh
. "$CAISSON_CHECKOUT/bench/site.sh"
ROWS=(nbd https)
ROUNDS=${CAISSON_BENCH_ROUNDS:-5}
options "${ROWS[@]}" -- "$@"
begin serve
trap end_processes EXIT
record fact.rounds "$ROUNDS"
record fact.tools "$(version qemu-utils), $(version libnbd-bin), $(version fio), $(version nginx-light)"
[ "$(nproc)" -gt 1 ] || { echo "bench serve: one core is for the server, one for the client; this machine has one." >&2; exit 1; }

declare -A list=() # results of the rounds, by name
add() { list[$1]="${list[$1]:-}${list[$1]:+ }$2"; }

# --- NBD ---------------------------------------------------------------------------------------------------------------------------

FILE_MB=2048

row_nbd() {
  local round server pid
  say "a file of $FILE_MB MB, filled from a store"
  head -c ${FILE_MB}M /dev/urandom > "$WORK/disk.raw"
  caisson store import --store "$WORK/store" --name disk --format raw "$WORK/disk.raw" > /dev/null
  rm "$WORK/disk.raw"
  "${TOOL[@]}" serve "$WORK/store" disk@1 "$WORK/filled" "$WORK/caisson.sock" > "$WORK/served" 2> "$WORK/serve.log" 8>&- &
  local ours=$!
  processes+=("$ours")
  until_true 120 grep -q raw "$WORK/served"
  rm -rf "$WORK/store"
  qemu-nbd -r -t -e 8 -f raw -k "$WORK/qemu.sock" "$(cat "$WORK/served")" 8>&- &
  local theirs=$!
  processes+=("$theirs")
  until_true 30 nbdinfo --size "nbd+unix:///?socket=$WORK/qemu.sock"
  cat "$(cat "$WORK/served")" > /dev/null # into the page cache
  for ((round = 0; round <= ROUNDS; round++)); do # round 0 warms both up and is not counted
    [ "$round" = 0 ] && say "warming up" || say "round $round of $ROUNDS"
    for server in $([ $((round % 2)) = 0 ] && echo caisson qemu || echo qemu caisson); do
      [ $server = caisson ] && pid=$ours || pid=$theirs
      nbd_workloads $server "$pid" "nbd+unix:///?socket=$WORK/$server.sock"
    done
    [ "$round" != 0 ] || list=()
  done
  end_processes
}

# The servers' CPU is kept as ticks for a gigabyte, or for 100,000 reads.
nbd_workloads() { # server pid uri
  copy "$1" copy1 "$2" nbdcopy --connections=1 "$3" null:
  copy "$1" copy4 "$2" nbdcopy --connections=4 "$3" null:
  reads "$1" img1 "$2" 15000 qemu-img bench -f raw -c 15000 -d 1 -s 4096 "$3"
  reads "$1" img16 "$2" 100000 qemu-img bench -f raw -c 100000 -d 16 -s 4096 "$3"
  reads "$1" img64k "$2" 30000 qemu-img bench -f raw -c 30000 -d 16 -s 65536 "$3"
  random "$1" fio1 "$2" 1 "$3"
  random "$1" fio16 "$2" 16 "$3"
}

copy() { # server workload pid command…
  local name=$1.$2 pid=$3 before started seconds
  shift 3
  before=$(cpu_ticks "$pid") started=$EPOCHREALTIME
  "$@"
  seconds=$(awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')
  add "$name" "$(awk -v mb=$FILE_MB -v s="$seconds" 'BEGIN { printf "%.1f", mb * 1.048576 / s }')"
  add "$name.cpu" $((($(cpu_ticks "$pid") - before) * 1024 / FILE_MB))
}

reads() { # server workload pid count command…: qemu-img bench says how long it took
  local name=$1.$2 pid=$3 count=$4 before seconds
  shift 4
  before=$(cpu_ticks "$pid")
  seconds=$("$@" | sed -n 's/^Run completed in \([0-9.]*\) seconds.*/\1/p')
  add "$name" "$(awk -v n="$count" -v s="$seconds" 'BEGIN { printf "%.0f", n / s }')"
  add "$name.cpu" "$(awk -v t=$(($(cpu_ticks "$pid") - before)) -v n="$count" 'BEGIN { printf "%.1f", t * 100000 / n }')"
}

random() { # server workload pid depth uri: two seconds of it
  local name=$1.$2 pid=$3 before figures
  before=$(cpu_ticks "$pid")
  figures=$(fio --name=r --ioengine=nbd --uri="$5" --rw=randread --bs=4k --iodepth="$4" --size=${FILE_MB}M --randrepeat=0 \
    --time_based --runtime=2 --minimal | awk -F';' '/^3;/ { print $8, $6 / 4 }') # reads a second, reads
  add "$name" "${figures% *}"
  add "$name.cpu" "$(awk -v t=$(($(cpu_ticks "$pid") - before)) -v n="${figures#* }" 'BEGIN { printf "%.1f", t * 100000 / n }')"
}

# --- HTTPS -------------------------------------------------------------------------------------------------------------------------

PACK_BYTES=4194304
RANGE_BYTES=262144

row_https() {
  local blob round server
  say "a control plane and nginx, each on core 0"
  head -c 256M /dev/urandom > "$WORK/disk.raw"
  start_server http://127.0.0.1:8490 https://127.0.0.1:8491 taskset -c 0
  WRAP_SERVER=()
  publish disk "$WORK/disk.raw"
  assign Work disk
  enrol "$WORK/pc"
  # A pack: the only large blobs there are. The same bytes, certificate and key for nginx.
  blob=$(find "$WORK/server/store/blobs/sha256" -size +4000k -printf '%f\n' | sort | head -n1)
  start_nginx "$blob"
  for ((round = 0; round <= ROUNDS; round++)); do
    [ "$round" = 0 ] && say "warming up" || say "round $round of $ROUNDS"
    for server in $([ $((round % 2)) = 0 ] && echo origin nginx || echo nginx origin); do
      download $server range "$blob" "bytes=1048576-$((1048576 + RANGE_BYTES - 1))" $RANGE_BYTES
      download $server pack "$blob" "bytes=0-" $PACK_BYTES
    done
    [ "$round" != 0 ] || for name in "${!list[@]}"; do [[ $name == origin.* || $name == nginx.* ]] && unset "list[$name]"; done
  done
  end_processes
}

start_nginx() { # blob
  mkdir -p "$WORK/www/v2/disk/blobs"
  cp "$WORK/server/store/blobs/sha256/$1" "$WORK/www/v2/disk/blobs/sha256:$1"
  chmod -R a+rX "$WORK/www"
  cat > "$WORK/nginx.conf" << TEXT
daemon off; worker_processes 1; pid $WORK/nginx.pid; error_log $WORK/nginx.log;
events { worker_connections 64; }
http {
  sendfile on; tcp_nopush on; keepalive_requests 100000000; access_log $WORK/nginx-access.log;
  client_body_temp_path $WORK/nginx-body; proxy_temp_path $WORK/nginx-proxy; fastcgi_temp_path $WORK/nginx-fastcgi; uwsgi_temp_path $WORK/nginx-uwsgi; scgi_temp_path $WORK/nginx-scgi;
  server {
    listen 127.0.0.1:8492 ssl; ssl_protocols TLSv1.3;
    ssl_certificate $WORK/server/keys/server.crt; ssl_certificate_key $WORK/server/keys/server.key;
    root $WORK/www;
  }
}
TEXT
  printf 'user root;\n' >> "$WORK/nginx.conf" # the work folder may lie below a home others cannot pass
  taskset -c 0 nginx -c "$WORK/nginx.conf" -e "$WORK/nginx.log" 8>&- &
  NGINX_PID=$!
  processes+=("$NGINX_PID")
  until_true 10 curl -sk -o "$WORK/page" "https://127.0.0.1:8492/v2/disk/blobs/sha256:$1"
  cmp "$WORK/page" "$WORK/server/store/blobs/sha256/$1"
  curl -sfk --cert "$WORK/pc/identity/session.pem" -o "$WORK/page" "https://127.0.0.1:8491/v2/disk/blobs/sha256:$1"
  cmp "$WORK/page" "$WORK/server/store/blobs/sha256/$1"
}

# Eight kept connections, three seconds. MB a CPU second of the server, and MB a second by the clock.
download() { # server kind blob range bytes
  local port=8491 pids=("$SERVER_PID") before done seconds mb
  if [ "$1" = nginx ]; then port=8492; mapfile -t pids < <(echo "$NGINX_PID"; pgrep -P "$NGINX_PID"); fi
  before=$(cpu_ticks "${pids[@]}")
  taskset -c 1 ab -q -k -c 8 -t 3 -n 10000000 -E "$WORK/pc/identity/session.pem" -H "Range: $4" \
    "https://127.0.0.1:$port/v2/disk/blobs/sha256:$3" > "$WORK/ab" 2> "$WORK/ab.log"
  grep -q '^Non-2xx' "$WORK/ab" && { say "  $1 refuses"; return 1; }
  done=$(awk '/^Complete requests/ { print $3 }' "$WORK/ab") seconds=$(awk '/^Time taken/ { print $5 }' "$WORK/ab")
  mb=$(awk -v n="$done" -v b="$5" 'BEGIN { print n * b / 1e6 }')
  add "$1.$2" "$(awk -v m="$mb" -v t=$(($(cpu_ticks "${pids[@]}") - before)) 'BEGIN { printf "%.1f", m * 100 / t }')"
  add "$1.$2.speed" "$(awk -v m="$mb" -v s="$seconds" 'BEGIN { printf "%.1f", m / s }')"
}

for row in "${ROWS[@]}"; do
  ! wanted "$row" || "row_$row"
done
for name in "${!list[@]}"; do record "$name" "${list[$name]}"; done
finish
