"""After the refusals and the corrected run, read with the programs of the host."""

from __future__ import annotations


def test_mounted_from_the_map(host):
    mount = host.mount_point("/mnt/DataCoreSAN")
    assert (mount.exists, mount.device, mount.filesystem) == (True, "/dev/mapper/qsan", "ext4")


def test_the_lun_with_data_is_as_it_was(host):
    host.run_expect([0], "sha256sum --check /root/lun.sha256")


def test_no_secret_is_told(host):
    for place in ("journalctl --no-pager", "ps -ef", "cat /run/iscsiadm.arguments"):
        told = host.check_output(place)
        assert told
        assert "Secret-of-" not in told
        assert "Wrong-of-" not in told
