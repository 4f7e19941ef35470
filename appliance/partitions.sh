# shellcheck shell=bash
# The appliance's disk and the installation medium, in MiB. Sourced by pack; the installer's DiskLayout says the same, and a test compares.
# The hash partitions' and roots' ids are the two halves of the root hash: systemd's own generator finds them by that.

ESP_MIB=512
ROOT_MIB=768
VERITY_MIB=16
MEDIUM_ESP_MIB=320
# Slack for both partition tables; the data partition is made at first boot in what the real disk has beyond this.
DISK_MIB=$((1 + ESP_MIB + 2 * (ROOT_MIB + VERITY_MIB) + 1))
TYPE_ESP=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
TYPE_ROOT=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709
TYPE_VERITY=2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5

uuid_of() { printf '%s-%s-%s-%s-%s\n' "${1:0:8}" "${1:8:4}" "${1:12:4}" "${1:16:4}" "${1:20:12}"; }

# Ids that nothing looks up, but that must be the same whenever the same root is packed.
derived_uuid() { uuid_of "$(printf '%s' "$*" | sha256sum | cut -c1-32)"; }

# partitions NAME ROOT_UUID VERITY_UUID: sfdisk's words for a disk with slot A filled and slot B empty.
partitions() {
  local at=1
  printf 'label: gpt\nlabel-id: %s\n' "$(derived_uuid disk "$2")"
  printf 'start=%dMiB, size=%dMiB, type=%s, name=caisson-esp, uuid=%s\n' $at $ESP_MIB $TYPE_ESP "$(derived_uuid esp "$2")"
  at=$((at + ESP_MIB))
  printf 'start=%dMiB, size=%dMiB, type=%s, name=%s, uuid=%s, attrs="GUID:60"\n' $at $ROOT_MIB $TYPE_ROOT "$1" "$2"
  at=$((at + ROOT_MIB))
  printf 'start=%dMiB, size=%dMiB, type=%s, name=%s, uuid=%s, attrs="GUID:60"\n' $at $VERITY_MIB $TYPE_VERITY "$1" "$3"
  at=$((at + VERITY_MIB))
  printf 'start=%dMiB, size=%dMiB, type=%s, name=_empty, uuid=%s, attrs="GUID:60"\n' $at $ROOT_MIB $TYPE_ROOT "$(derived_uuid root-b "$2")"
  at=$((at + ROOT_MIB))
  printf 'start=%dMiB, size=%dMiB, type=%s, name=_empty, uuid=%s, attrs="GUID:60"\n' $at $VERITY_MIB $TYPE_VERITY "$(derived_uuid verity-b "$2")"
}

# medium_partitions ROOT_MIB ROOT_UUID VERITY_UUID: a stick, no larger than it must be. Its ids are its own: its kernels name them.
medium_partitions() {
  printf 'label: gpt\nlabel-id: %s\n' "$(derived_uuid medium "$2")"
  printf 'start=1MiB, size=%dMiB, type=%s, name=caisson-medium, uuid=%s\n' $MEDIUM_ESP_MIB $TYPE_ESP "$(derived_uuid medium-esp "$2")"
  printf 'start=%dMiB, size=%dMiB, type=%s, name=caisson-medium, uuid=%s, attrs="GUID:60,63"\n' $((1 + MEDIUM_ESP_MIB)) "$1" $TYPE_ROOT "$2"
  printf 'start=%dMiB, size=%dMiB, type=%s, name=caisson-medium, uuid=%s, attrs="GUID:60,63"\n' $((1 + MEDIUM_ESP_MIB + $1)) $VERITY_MIB $TYPE_VERITY "$3"
}
