"""Which file system a path lies on, and which of them cannot keep a ledger.

The one rule: SQLite's write-ahead log needs memory shared between processes of one machine and
an fsync that means it. Network and user-space file systems promise neither and have corrupted
ledgers (reliability C44), so LIVE refuses them.
"""

from pathlib import Path

from domain.errors import Misconfigured

REFUSED = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse",
        "fuseblk",
        "gfs2",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "prl_fs",
        "smb2",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
    }
)
_MOUNTS = Path("/proc/self/mountinfo")
_MOUNT_POINT = 4  # the fifth field, see proc(5)


def file_system_of(path: Path) -> str:
    """The type of the file system that holds `path`, as mount(8) names it; "" if not known.

    Only Linux tells. Mount points may be stacked: the longest one wins, and of those the last.
    """
    try:
        lines = _MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    return _holder(lines, path.resolve())


def refuse_remote(path: Path, file_system: str) -> None:
    """Let only a local file system hold a live book.

    Raises:
        Misconfigured: for one that is known to lose or corrupt a write-ahead log.
    """
    family = file_system.partition(".")[0]
    if family in REFUSED:
        raise Misconfigured(
            str(path),
            f"lies on {file_system}, which cannot keep a ledger safe; "
            "put --data-dir on a local disk (ext4, xfs, btrfs, zfs, apfs)",
        )


def _holder(lines: list[str], path: Path) -> str:
    best, longest = "", -1
    for line in lines:
        mount, _, described = line.partition(" - ")
        fields = mount.split()
        if len(fields) <= _MOUNT_POINT or not described:
            continue
        point = Path(_unescaped(fields[_MOUNT_POINT]))
        if path.is_relative_to(point) and len(point.parts) >= longest:
            best, longest = described.split()[0], len(point.parts)
    return best


def _unescaped(text: str) -> str:
    # The kernel writes space, tab, newline and backslash as three octal digits.
    for octal, plain in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(octal, plain)
    return text
