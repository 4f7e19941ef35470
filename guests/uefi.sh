# shellcheck shell=bash
# What the recipes of whole disks share: a Debian tree by mmdebstrap, a unified kernel image, a GPT disk.
# No loop device and no privilege: mke2fs -d and mtools write the file systems. Sourced after lib.sh.
#
# mmdebstrap as an ordinary user runs its hooks under other uids, which may not enter the user's home folder. So everything a hook
# needs is first copied below WORK, and what a hook makes lies in WORK/images until the recipe moves it to OUT.

ROOT_UUID_BASE=ca155000-0000-4000-8000
ESP_MIB=64
# One time for everything that asks the clock while writing a file system: rebuilt images stay near each other.
IMAGE_TIME=1700000000

uefi_needs() {
  need mmdebstrap mke2fs mkfs.vfat mcopy mmd sfdisk objcopy objdump unshare
  [[ -e $(efi_stub) ]] || fail "$(efi_stub) is missing: install systemd-boot-efi"
  ((EUID == 0)) || need newuidmap
}

efi_stub() { printf '/usr/lib/systemd/boot/efi/linuxx64.efi.stub'; }

# stage_hooks WORK NAME: copies the hooks and the guest tools to where a hook may read them; prints the folder.
stage_hooks() {
  local staged=$1/guests
  mkdir -p "$staged" "$1/images" "$1/tmp"
  cp -r "$GUESTS/lib.sh" "$GUESTS/uefi.sh" "$GUESTS/shared" "$GUESTS/$2" "$staged/"
  guest_tools "$1" "$staged/caisson-guest"
  chmod -R a+rX "$staged"
  ((EUID == 0)) || chmod 777 "$1/images" "$1/tmp"
  printf '%s\n' "$staged"
}

# deliver OUT FILE...: what a hook made, into OUT. A file of another uid is copied, so that it becomes the caller's.
deliver() {
  local out=$1
  shift
  if ((EUID == 0)); then mv "$@" "$out/"; else cp --sparse=always "$@" "$out/"; fi
}

# guest_tools WORK FILE: the caisson-guest executable, from CAISSON_GUEST_TOOLS or published here, outside the checkout.
guest_tools() {
  if [[ -n ${CAISSON_GUEST_TOOLS:-} ]]; then
    install -m 755 "$CAISSON_GUEST_TOOLS" "$2"
    return
  fi
  step "guest tools"
  # shellcheck source=eng/publish.sh
  . "$REPO/eng/publish.sh"
  publish_guest_tools "$REPO" "$1"
  install -m 755 "$1/tools/caisson-guest" "$2"
}

# debian_tree WORK PACKAGES HOOK: makes a Debian tree of these packages (comma separated) from the base suite only and runs
# "HOOK TREE" in it; the tree itself is thrown away.
debian_tree() {
  local work=$1 packages=$2 hook=$3 suite mode=unshare options=()
  suite=$(suite)
  ((EUID != 0)) || mode=root
  while IFS= read -r option; do options+=(--aptopt="$option"); done < <(apt_options)
  for unwanted in '/usr/share/man/*' '/usr/share/info/*' '/usr/share/doc/*' '/usr/share/locale/*' '/usr/share/help/*' \
    '/usr/share/gtk-doc/*' '/usr/share/lintian/*' "${EXCLUDED_FILES[@]}"; do
    options+=(--dpkgopt="path-exclude=$unwanted")
  done
  options+=(--dpkgopt='path-include=/usr/share/doc/*/copyright')
  apt_sources "$suite" > "$work/sources.list"
  [[ -s $work/sources.list ]] || fail "the apt configuration of this machine names no source for $suite"
  apt_sources "$suite-updates" "$suite-security" > "$work/guests/updates.list"
  chmod a+r "$work/guests/updates.list"
  cd "$work" || return
  TMPDIR=$work/tmp mmdebstrap --quiet --mode="$mode" --variant=minbase --format=null --architectures=amd64 \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' "${options[@]}" \
    --include="$packages" --essential-hook="$work/guests/shared/before-install \"\$1\"" \
    --customize-hook="$hook \"\$1\"" "$suite" /dev/null - < "$work/sources.list" >&2
}

# Drivers of hardware that a virtual machine never has: most of a kernel's modules.
# shellcheck disable=SC2034
NO_HARDWARE=(
  '/lib/modules/*/kernel/drivers/'{media,net/ethernet,net/wireless,net/can,net/usb,infiniband,iio,isdn,staging,mtd,scsi,md,comedi,accel}'/*'
  '/lib/modules/*/kernel/drivers/'{hwmon,leds,power,platform,thunderbolt,firewire,nvme,mmc,bluetooth,ata,edac,rtc,video,watchdog,usb/serial,usb/gadget,usb/misc}'/*'
  '/lib/modules/*/kernel/drivers/gpu/drm/'{amd,i915,nouveau,radeon,gma500,mgag200,ast,xe,vmwgfx}'/*'
  '/lib/modules/*/kernel/sound/'{soc,pci,usb,firewire,isa}'/*'
  '/lib/modules/*/kernel/fs/'{ocfs2,gfs2,btrfs,xfs,jfs,ceph,cifs,smb,nfs,nfsd,f2fs,ubifs,nilfs2,reiserfs,afs,coda,dlm,orangefs,bcachefs}'/*'
  '/lib/modules/*/kernel/net/'{bluetooth,wireless,mac80211,sctp,dccp,tipc,batman-adv,mac802154,nfc,ceph,openvswitch,rxrpc,sunrpc,can}'/*'
)

# uki TREE OUT CMDLINE: kernel, initrd and command line of the tree as one EFI executable.
uki() {
  local tree=$1 out=$2 kernel initrd stub at section file parts
  kernel=$(find "$tree/boot" -name 'vmlinuz-*' | sort -V | tail -n 1)
  initrd=$(find "$tree/boot" -name 'initrd.img-*' | sort -V | tail -n 1)
  stub=$(efi_stub)
  parts=$(dirname "$out")/uki-parts
  mkdir -p "$parts"
  printf '%s' "$3" > "$parts/cmdline"
  cp "$tree/usr/lib/os-release" "$parts/osrel"
  cp "$kernel" "$parts/linux"
  cp "$initrd" "$parts/initrd"
  # The sections go behind the stub's own, each on pages of its own.
  local options=()
  at=$((($(objdump -h "$stub" | sections_end) + 0xffff) & ~0xffff))
  for section in osrel cmdline initrd linux; do
    file=$parts/$section
    options+=(--add-section ".$section=$file" --change-section-vma ".$section=$at")
    at=$(((at + $(stat -c %s "$file") + 0xffff) & ~0xffff))
  done
  objcopy "${options[@]}" "$stub" "$out"
  rm -r "$parts"
}

# The highest address any section of `objdump -h` reaches.
sections_end() {
  local index name size vma rest end=0
  while read -r index name size vma rest; do
    [[ $index =~ ^[0-9]+$ ]] || continue
    : "$name" "$rest"
    ((16#$vma + 16#$size <= end)) || end=$((16#$vma + 16#$size))
  done
  printf '%s\n' "$end"
}

# esp OUT UKI: the EFI system partition as a file.
esp() {
  rm -f "$1"
  truncate -s "${ESP_MIB}M" "$1"
  mkfs.vfat --invariant -n ESP "$1" > /dev/null
  SOURCE_DATE_EPOCH=$IMAGE_TIME mmd -i "$1" ::EFI ::EFI/BOOT
  SOURCE_DATE_EPOCH=$IMAGE_TIME mcopy -m -i "$1" "$2" ::EFI/BOOT/BOOTX64.EFI
}

# root_uuid N: the fixed file system id of guest N.
root_uuid() { printf '%s-%012d\n' "$ROOT_UUID_BASE" "$1"; }

# disk TREE OUT MIB ESP N: a GPT disk of MIB MiB with the ESP and the tree as ext4.
disk() {
  local tree=$1 out=$2 mib=$3 esp=$4 uuid root_mib
  uuid=$(root_uuid "$5")
  root_mib=$((mib - ESP_MIB - 2))
  rm -f "$out"
  truncate -s "${mib}M" "$out"
  PATH=$PATH:/usr/sbin:/sbin sfdisk --quiet "$out" << END
label: gpt
label-id: ${ROOT_UUID_BASE/ca155000/ca155001}-$(printf '%012d' "$5")
start=1MiB, size=${ESP_MIB}MiB, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=ESP, uuid=${ROOT_UUID_BASE/ca155000/ca155002}-$(printf '%012d' "$5")
start=$((ESP_MIB + 1))MiB, size=${root_mib}MiB, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, name=root, uuid=${ROOT_UUID_BASE/ca155000/ca155003}-$(printf '%012d' "$5")
END
  dd if="$esp" of="$out" bs=1M seek=1 conv=notrunc,sparse status=none
  # proc, sys and dev are mounted in the tree while a hook runs; a plain bind mount shows the tree without them. What apt still
  # needs for the next generation is covered by empty folders, so that the image is born without it.
  # shellcheck disable=SC2016
  E2FSPROGS_FAKE_TIME=$IMAGE_TIME PATH=$PATH:/usr/sbin:/sbin unshare --mount bash -euc '
    mount --make-rprivate /
    mkdir -p "$1.bare"
    mount --bind "$1" "$1.bare"
    for empty in tmp run var/lib/apt/lists; do mount -t tmpfs -o "mode=$(stat -c %a "$1/$empty")" empty "$1.bare/$empty"; done
    mke2fs -q -t ext4 -L root -U "$2" -m 0 -E "offset=$3,hash_seed=$2,lazy_itable_init=0,lazy_journal_init=0,nodiscard" \
      -d "$1.bare" "$4" "$5"
    umount --recursive "$1.bare"
    rmdir "$1.bare"' disk "$tree" "$uuid" $(((ESP_MIB + 1) * 1024 * 1024)) "$out" "${root_mib}M"
}

# install_tree FROM TREE: lays files of the recipe over the tree, as root's.
install_tree() { cp -rT --no-preserve=ownership,timestamps "$1" "$2"; }

# seal TREE: takes away what differs for no reason or grows with time, so that two generations differ only by what was changed.
seal() {
  local tree=$1
  find "$tree/var/log" "$tree/var/cache/apt" "$tree/var/cache/debconf" "$tree/var/tmp" -type f -delete
  rm -f "$tree"/var/lib/dpkg/*-old "$tree"/etc/*- "$tree/var/cache/ldconfig/aux-cache" "$tree/etc/.pwd.lock" "$tree/var/lib/systemd/random-seed"
  rm -rf "${tree:?}"/boot/*
  : > "$tree/etc/machine-id"
  rm -f "$tree/var/lib/dbus/machine-id" "$tree/etc/resolv.conf"
  ln -s ../run/systemd/resolve/stub-resolv.conf "$tree/etc/resolv.conf"
  # Otherwise the first start (and with a reverting disk every start) rebuilds hardware and library caches.
  touch -d @$IMAGE_TIME "$tree/usr"
  touch -r "$tree/usr" "$tree/etc/.updated" "$tree/var/.updated"
}
