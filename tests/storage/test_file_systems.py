from pathlib import Path

import pytest

from domain.errors import Misconfigured
from storage import file_systems
from storage.file_systems import REFUSED, file_system_of, refuse_remote

MOUNTS = r"""
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
22 21 0:5 / /proc rw - proc proc rw
30 21 0:30 / /home/me/network\040drive rw - nfs4 server:/x rw
31 21 8:2 / /data rw - xfs /dev/sdb rw
32 31 0:33 / /data/host rw - fuse.sshfs me@host:/ rw
33 21 8:1 / /over rw - 9p host rw
34 21 8:1 / /over rw - btrfs /dev/sdc rw
broken line
"""


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS)
    monkeypatch.setattr(file_systems, "_MOUNTS", table)


@pytest.mark.usefixtures("mounts")
@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/", "ext4"),
        ("/var/lib/x", "ext4"),
        ("/home/me/network drive/books", "nfs4"),
        ("/home/me/network", "ext4"),
        ("/data", "xfs"),
        ("/data/host/deep/down", "fuse.sshfs"),
        ("/data/hostile", "xfs"),
        ("/over/x", "btrfs"),
    ],
)
def test_the_innermost_and_newest_mount_holds_a_path(path: str, found: str) -> None:
    assert file_system_of(Path(path)) == found


def test_this_machine_knows_its_own_file_system(tmp_path: Path) -> None:
    if not Path("/proc/self/mountinfo").exists():
        assert file_system_of(tmp_path) == ""
    else:
        assert file_system_of(tmp_path)
        assert file_system_of(Path("/proc")) == "proc"


def test_where_nobody_tells_it_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_systems, "_MOUNTS", tmp_path / "nothing")
    assert file_system_of(tmp_path) == ""


@pytest.mark.parametrize("remote", [*sorted(REFUSED), "fuse.sshfs", "fuse.gocryptfs"])
def test_a_remote_or_user_space_file_system_is_refused(remote: str) -> None:
    with pytest.raises(Misconfigured, match="put --data-dir on a local disk"):
        refuse_remote(Path("/books"), remote)


@pytest.mark.parametrize("local", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "apfs", ""])
def test_a_local_one_is_taken(local: str) -> None:
    refuse_remote(Path("/books"), local)
