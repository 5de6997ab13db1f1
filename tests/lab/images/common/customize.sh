#!/bin/sh
# Runs on the build machine with the root of the new system as $1: trims the boot, which is most of a slow (TCG) start.
set -eu
root=$1
for unit in \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
    getty@tty1.service serial-getty@ttyS0.service systemd-networkd.service systemd-networkd.socket \
    systemd-networkd-wait-online.service systemd-update-utmp.service systemd-update-utmp-runlevel.service \
    systemd-pstore.service systemd-binfmt.service systemd-hwdb-update.service systemd-journal-catalog-update.service \
    systemd-update-done.service modprobe@drm.service modprobe@efi_pstore.service modprobe@fuse.service \
    systemd-hibernate-clear.service systemd-firstboot.service keyboard-setup.service console-setup.service \
    sshd-unix-local.socket sshd-vsock.socket dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount
do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
chroot "$root" systemctl --quiet enable lab-network.service ssh.service
chroot "$root" systemctl --quiet set-default multi-user.target
mkdir -p "$root/etc/systemd/journald.conf.d" "$root/root/.ssh"
printf '[Journal]\nStorage=volatile\n' > "$root/etc/systemd/journald.conf.d/lab.conf"
chmod 700 "$root/root/.ssh"
rm -f "$root/etc/resolv.conf" "$root"/etc/ssh/ssh_host_rsa_key* "$root"/etc/ssh/ssh_host_ecdsa_key*
# QEMU boots the kernel and initrd of the image: those in the guest are never used, and making them takes a minute.
sed -i 's/^update_initramfs=.*/update_initramfs=no/' "$root/etc/initramfs-tools/update-initramfs.conf"
