"""A folder or a pipe where a file should be: refused at once, and nothing is left open."""

import os
from pathlib import Path

import pytest

from storage.anchors import Anchor, AnchorFile
from storage.batch import Head
from storage.durable import read_small
from storage.marker import FileMarker
from storage.places import Places
from storage.verify import Witness, verify_file
from tests.storage.test_seals import LEDGER, OURS, anchors_of, written


def test_looking_at_a_folder_for_ever_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "HALT").mkdir()
    with pytest.raises(OSError, match="regular file"):
        read_small(tmp_path / "HALT", most=10)
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(20):
        (marker,) = FileMarker(tmp_path / "HALT").standing()
        assert not marker.readable
    assert len(list(Path("/dev/fd").iterdir())) == before


async def test_a_pipe_in_place_of_the_anchors_holds_nobody_up(tmp_path: Path) -> None:
    await written(tmp_path / "data", 1)
    places = Places(tmp_path / "data", "demo")
    pipe = anchors_of(places)
    pipe.unlink()
    os.mkfifo(pipe)
    report = verify_file(places.ledger, None, witness=Witness(OURS.public_key, (pipe,)))
    assert (report.result, "anchors" in report.unproven) == ("OK", True)
    head = Head(1, bytes(32))
    with pytest.raises(OSError, match="No such device"):
        AnchorFile(pipe).append(Anchor(LEDGER, head, OURS.public_key, OURS.seal(LEDGER, head)))
