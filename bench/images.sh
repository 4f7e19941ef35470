#!/bin/bash
# ./dev bench images: what an update of a disk image costs, tool by tool, on the same images in one run.
set -euo pipefail
# The layer rows mount images: in a mount namespace of their own, so that nothing stays mounted.
[ "${CAISSON_BENCH_MOUNTS:-}" = private ] || CAISSON_BENCH_MOUNTS=private exec unshare --mount --propagation private "$0" "$@"
# shellcheck source=bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
PAIRS=(v1:v2a v1:v2b v2a:v3)
ROWS=(caisson speed twice casync qcow2 layer patchfrom xdelta3 full)
options "${ROWS[@]}" -- "$@"
begin images
record fact.tools "$(version casync), $(version xdelta3), $(version zstd), $(version qemu-utils)"

image() { printf '%s' "$IMAGES/$1.raw"; }

image_set() {
  local name
  say "the images in $IMAGES"
  "$CAISSON_CHECKOUT/bench/images/recipe" "$IMAGES"
  for name in v1 v2a v2b v3; do record "data.$name" $(($(stat -c %b "$(image $name)") * 512)); done
}

# What of the stored generation a PC fetches beside the delta: its manifest. The index comes out of the delta.
manifest_bytes() { # store image
  local digest
  digest=$(caisson store list --store "$1" --json | tr '{' '\n' | sed -n "s/.*\"image\":\"$2\".*\"digest\":\"sha256:\([0-9a-f]*\)\".*/\1/p")
  bytes "$1/blobs/sha256/$digest"
}

import() { # measured-as store name file [option…]
  local as=$1 store=$2 name=$3 file=$4
  shift 4
  settle "$file"
  measure "$as" 300 "${CAISSON[@]}" store import --store "$store" --name "$name" --format raw "$@" "$file"
}

row_caisson() {
  local store=$WORK/store name pair old new delta=$WORK/delta out=$WORK/new.raw
  for name in v1 v2a v2b v3; do import "caisson.import-$name" "$store" $name "$(image $name)" || return 0; done
  record caisson.store "$(folder_bytes "$store")"
  record caisson.files "$(find "$store" -type f | wc -l)"
  for pair in "${PAIRS[@]}"; do
    old=${pair%:*} new=${pair#*:} pair=${pair/:/-}
    measure "caisson.$pair.prepare" 300 "${CAISSON[@]}" store delta --store "$store" "$old@1" "$new@1" --out "$delta" || continue
    record "caisson.$pair.wire" $(($(bytes "$delta") + $(manifest_bytes "$store" "$new")))
    settle "$(image "$old")"
    measure "caisson.$pair.apply" 120 "${CAISSON[@]}" store apply --base "$(image "$old")" --delta "$delta" --out "$out" || continue
    same "caisson.$pair" "$out" "$(image "$new")"
    rm -f "$out" "$delta"
  done
  rm -rf "$store"
}

# An import beside what it is made of: SHA-256 and zstd on the same bytes in the same minute.
row_speed() {
  "${TOOL[@]}" speed "$(image v1)" >> "$RESULTS"
  import caisson.import-plain "$WORK/plain" v1 "$(image v1)" --compression-level 0 || true
  rm -rf "$WORK/plain"
}

# Linear in the disk's size: the same work on disks of twice the size.
row_twice() {
  local store=$WORK/store-twice name disk=$WORK/twice.raw
  for name in v1 v2a; do
    "${TOOL[@]}" twice "$(image $name)" "$disk"
    import "caisson.twice-$name" "$store" $name "$disk" || return 0
    rm -f "$disk"
  done
  measure caisson.twice-delta 600 "${CAISSON[@]}" store delta --store "$store" v1@1 v2a@1 --out "$WORK/delta-twice" || return 0
  rm -rf "$store" "$WORK/delta-twice"
}

row_casync() {
  local stores=$WORK/casync pair old new before out=$WORK/new.raw
  mkdir -p "$stores"
  settle "$(image v1)"
  measure casync.make-v1 300 casync make --store="$stores/v1" "$stores/v1.caibx" "$(image v1)" || return 0
  for pair in "${PAIRS[@]}"; do
    old=${pair%:*} new=${pair#*:} pair=${pair/:/-}
    cp -al "$stores/$old" "$stores/$new"
    before=$(folder_bytes "$stores/$new")
    settle "$(image "$new")"
    measure "casync.$pair.prepare" 300 casync make --store="$stores/$new" "$stores/$new.caibx" "$(image "$new")" || continue
    record "casync.$pair.wire" $(($(folder_bytes "$stores/$new") - before + $(bytes "$stores/$new.caibx")))
    settle "$(image "$old")"
    measure "casync.$pair.apply" 300 casync extract --store="$stores/$new" --seed="$(image "$old")" "$stores/$new.caibx" "$out" || continue
    same "casync.$pair" "$out" "$(image "$new")"
    rm -f "$out"
  done
  cp -aln "$stores/v2b/." "$stores/v3/" # v3's store grew out of those of v1 and v2a
  record casync.store $(($(folder_bytes "$stores/v3") + $(cat "$stores"/*.caibx | wc -c)))
  record casync.files "$(find "$stores/v3" -type f | wc -l)"
  rm -rf "$stores"
}

overlay() { # old new file: an overlay of the old disk that reads as the new one, compressed
  qemu-img create -q -f qcow2 -b "$2" -F raw "$3.plain"
  qemu-img rebase -q -f qcow2 -b "$1" -F raw "$3.plain"
  qemu-img convert -q -O qcow2 -c -o compression_type=zstd -B "$1" -F raw "$3.plain" "$3"
}

row_qcow2() {
  local pair old new file=$WORK/overlay.qcow2
  export -f overlay
  for pair in "${PAIRS[@]}"; do
    old=$(image "${pair%:*}") new=$(image "${pair#*:}") pair=${pair/:/-}
    measure "qcow2.$pair.prepare" 300 bash -ec 'overlay "$@"' bash "$old" "$new" "$file" || continue
    record "qcow2.$pair.wire" "$(bytes "$file")"
    answer "qcow2.$pair" qemu-img compare -q -f raw -F qcow2 "$new" "$file"
    rm -f "$file"*
  done
}

row_layer() {
  local pair layer=$WORK/layer.tar.zst mounts=$WORK/mounts tool=$CAISSON_CHECKOUT/bench/layer
  mkdir -p "$mounts"/{old,new,merged}
  for pair in "${PAIRS[@]}"; do
    mount -o ro,loop,noload "$(image "${pair%:*}")" "$mounts/old"
    mount -o ro,loop,noload "$(image "${pair#*:}")" "$mounts/new"
    mkdir -p "$mounts"/space/{upper,work}
    mount -t overlay overlay -o "lowerdir=$mounts/old,upperdir=$mounts/space/upper,workdir=$mounts/space/work" "$mounts/merged"
    pair=${pair/:/-}
    if measure "layer.$pair.prepare" 200 "$tool" make "$mounts/old" "$mounts/new" "$layer"; then
      record "layer.$pair.wire" "$(bytes "$layer")"
      if measure "layer.$pair.apply" 200 "$tool" apply "$layer" "$mounts/merged"; then
        answer "layer.$pair" [ "$("$tool" sum "$mounts/merged")" = "$("$tool" sum "$mounts/new")" ]
      fi
    fi
    umount "$mounts"/{merged,new,old}
    rm -rf "$mounts/space" "$layer"
  done
}

# Whole-file patch tools get the disks without their zeros.
stripped() { # name -> path
  [ -e "$WORK/$1.stripped" ] || "${TOOL[@]}" strip "$(image "$1")" "$WORK/$1.stripped"
  printf '%s' "$WORK/$1.stripped"
}

# patch_tool NAME SECONDS ENCODE DECODE: both commands find the files as OLD, NEW, PATCH and OUT.
patch_tool() {
  local tool=$1 limit=$2 encode=$3 decode=$4 pair
  for pair in "${PAIRS[@]}"; do
    local OLD NEW PATCH=$WORK/patch OUT=$WORK/patched
    OLD=$(stripped "${pair%:*}") NEW=$(stripped "${pair#*:}") pair=${pair/:/-}
    export OLD NEW PATCH OUT
    measure "$tool.$pair.prepare" "$limit" bash -c "$encode" || continue
    record "$tool.$pair.wire" "$(bytes "$PATCH")"
    measure "$tool.$pair.apply" "$limit" bash -c "$decode" || continue
    same "$tool.$pair" "$OUT" "$NEW"
    rm -f "$PATCH" "$OUT"
  done
}

# shellcheck disable=SC2016
row_patchfrom() {
  patch_tool patchfrom 200 'exec zstd -q -f -3 -T1 --long=31 --patch-from="$OLD" "$NEW" -o "$PATCH"' 'exec zstd -q -f -d --long=31 --patch-from="$OLD" "$PATCH" -o "$OUT"'
}

# shellcheck disable=SC2016
row_xdelta3() {
  patch_tool xdelta3 180 'exec xdelta3 -q -f -e -1 -B 2147483648 -s "$OLD" "$NEW" "$PATCH"' 'exec xdelta3 -q -f -d -B 2147483648 -s "$OLD" "$PATCH" "$OUT"'
}

# For scale: no old image at all.
row_full() {
  local pair new file=$WORK/full
  for pair in "${PAIRS[@]}"; do
    new=$(image "${pair#*:}") pair=${pair/:/-}
    measure "full.$pair.prepare" 120 zstd -q -f -3 -T1 "$new" -o "$file.zst" || continue
    record "full.$pair.wire" "$(bytes "$file.zst")"
    measure "full.$pair.apply" 120 zstd -q -f -d "$file.zst" -o "$file" || continue
    same "full.$pair" "$file" "$new"
    rm -f "$file" "$file.zst"
  done
}

# Which version of which package is in which image, beside the results.
lock() {
  local name
  for name in v1 v2a v2b v3; do sed "s/\$/ $name/" "$IMAGES/$name.packages"; done |
    LC_ALL=C awk '{ key = $1 " " $2; in_images[key] = in_images[key] " " $3 } END { for (key in in_images) print key in_images[key] }' | LC_ALL=C sort
}

image_set
for row in "${ROWS[@]}"; do
  ! wanted "$row" || "row_$row"
done
if [ "$docs" = 1 ] && [ -z "$only" ]; then
  mkdir -p "$CAISSON_CHECKOUT/docs/benchmarks"
  lock > "$CAISSON_CHECKOUT/docs/benchmarks/packages.lock"
fi
finish
