"""Text: what the array runs for the targets that are tgt's, a second implementation beside LIO. tgtd has one set of portals for all of them."""

from __future__ import annotations

from .array_spec import Array, Chap, Target

ADMIN = "tgtadm --lld iscsi"
STOP = "systemctl --quiet stop lab-tgtd.service 2> /dev/null || :"
# Ended hard: it goes on while an initiator is connected.
START = "systemd-run --quiet --collect --property=KillSignal=SIGKILL"


def render_tgt(array: Array) -> str:
    """array: the targets and LUNs that are tgt's alone."""
    if not array.targets:
        return ""
    first, *more = array.targets[0].portals
    lines = [f"{START} --unit=lab-tgtd tgtd -f --iscsi portal={first}", f"patiently {ADMIN} --op show --mode sys"]
    lines += [f"{ADMIN} --op new --mode portal --param portal={portal}" for portal in more]
    chaps = dict.fromkeys(target.chap for target in array.targets if target.chap)
    lines += [f"{ADMIN} --op new --mode account --user {user} --password {password}" for user, password in accounts(chaps)]
    lines += [line for number, target in enumerate(array.targets, 1) for line in target_lines(number, target, array)]
    return "\n".join(lines)


def target_lines(number: int, target: Target, array: Array) -> list[str]:
    lines = [f"{ADMIN} --op new --mode target --tid {number} -T {target.name}"]
    for lun in array.luns:
        if target.name in lun.targets:
            where = f"--mode logicalunit --tid {number} --lun {lun.lun}"
            lines.append(f"{ADMIN} --op new {where} --backing-store {lun.backing_file}")
            # It takes these of an existing LUN only.
            lines.append(f"{ADMIN} --op update {where} --params vendor_id='{lun.vendor}',product_id='{lun.product}',scsi_sn={lun.serial},scsi_id={lun.serial}")
    if target.chap:
        lines.append(f"{ADMIN} --op bind --mode account --tid {number} --user {target.chap.username}")
        if target.chap.username_in:
            lines.append(f"{ADMIN} --op bind --mode account --tid {number} --user {target.chap.username_in} --outgoing")
    names = [f"--initiator-name {name}" for name in target.initiators] or ["--initiator-address ALL"]
    return [*lines, *(f"{ADMIN} --op bind --mode target --tid {number} {name}" for name in names)]


def accounts(chaps: dict[Chap, None]) -> dict[tuple[str, str], None]:
    """tgtd knows each name once, whatever it is for."""
    pairs = [pair for chap in chaps for pair in ((chap.username, chap.password), (chap.username_in, chap.password_in)) if pair[0]]
    return dict.fromkeys(pairs)
