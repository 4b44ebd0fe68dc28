"""The key that seals a book's ledger: where it is kept, and what happens when it is not there.

The one rule: a ledger that was sealed is never continued without its key. Whoever lost it
starts once with --new-seal-key, never in LIVE: a new key is adopted in plain sight, and from
then on every verification names the change.

DEMO and PAPER keep the key in a private file of the book, so that a new user sees sealing work
without being asked for anything; LIVE keeps it with the other secrets.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from cli.ground import Ground
from config.secrets_stores import SecretStores
from domain.board import Mode
from domain.errors import DeskError, Misconfigured
from domain.evidence import Proof
from storage.anchors import AnchorFile
from storage.durable import read_small, replace_durably
from storage.ledger import SqliteLedger
from storage.sealing import Anchoring, anchoring, begin
from storage.seals import KEY_BYTES, Sealer, fingerprint

NAME = "seal"
NEXT = "seal/next"
SIMULATED = (Mode.DEMO, Mode.PAPER)
KEY_FILE = "seal.key"
_STRIPPED = (
    "says that it was never sealed, though a key that sealed it is kept: somebody took the seals "
    "off, or it is an old copy; restore it. If it is right as it is, start once with --observe "
    "--new-seal-key"
)
log = logging.getLogger(__name__)


@asynccontextmanager
async def sealing(
    ground: Ground, ledger: SqliteLedger, secrets: SecretStores
) -> AsyncGenerator["Seals | None"]:
    """Seal and anchor the ledger while the block runs; None where no key can be kept yet.

    Raises:
        Misconfigured: the ledger was sealed and its key is not there.
    """
    keys = _KeyFile(ground) if ground.mode in SIMULATED else _KeyStore(secrets)
    seals = Seals(ground, ledger, keys)
    if not await seals.begin():
        log.warning("the ledger is not sealed: no keyring here, and no secrets file yet")
        yield None
        return
    async with anchoring(seals.anchors):
        yield seals


class Seals:
    """One book's key and anchors. `rotate` puts a new key in force."""

    def __init__(self, ground: Ground, ledger: SqliteLedger, keys: "_KeyFile | _KeyStore") -> None:
        self._ground = ground
        self._ledger = ledger
        self._keys = keys
        self._sealer: Sealer | None = None
        self.anchors = Anchoring(ledger, [AnchorFile(ground.anchor_file)], ground.clock)

    def proof(self) -> Proof:
        """Who seals, and what is anchored."""
        newest, sealed_by = self.anchors.newest, self._ledger.sealed_by
        return Proof(
            sealed_by=fingerprint(sealed_by) if sealed_by else "",
            anchored_seq=newest.head.seq if newest is not None else 0,
            anchored_us=self.anchors.at_us,
            problem=self.anchors.problem,
        )

    async def begin(self) -> bool:
        """Take the key that sealed so far, or make the first one; False: none can be kept."""
        ours = await self._known()
        if ours is not None:
            await self._in_force(ours)
            return True
        lost = self._ledger.sealed_by
        simulated = self._ground.mode in SIMULATED
        if lost and not self._ground.new_seal_key:
            raise Misconfigured(
                str(self._ground.places.ledger),
                f"is sealed by key {fingerprint(lost)}, which is not among the secrets here; "
                f"{self._keys.remedy}. If the key is lost, start once with "
                f"{'' if simulated else '--observe '}--new-seal-key: every verification will "
                "name the change",
            )
        seed = self._fresh()
        try:
            first = NAME if simulated else NEXT
            kept = await asyncio.to_thread(self._keys.write, first, seed, quietly=not lost)
        except DeskError as error:
            if lost:
                raise
            log.warning("no key to seal the ledger with could be kept: %s", error)
            return False
        if kept:
            await self._in_force(seed)
        return kept

    async def rotate(self, actor: str) -> str:
        """Put a new key in force that the old one vouches for; answers the new public key.

        The new key is kept first under another name, so that a crash at any point leaves one
        of the two names with the key in force.
        """
        before = self._sealer
        seed = self._fresh()
        await asyncio.to_thread(self._keys.write, NEXT, seed)
        await self._adopt(self._sealer_of(seed), before, actor)
        await asyncio.to_thread(self._keys.write, NAME, seed)
        await self.anchors.now()
        return self._ledger.sealed_by

    async def _known(self) -> str | None:
        """The kept key that is in force; or one that was made and is not yet, after a crash.

        Raises:
            Misconfigured: a key sealed this ledger, which says that nothing ever did.
        """
        sealed_by, simulated = self._ledger.sealed_by, self._ground.mode in SIMULATED
        for name in (NAME, NEXT):
            seed = await asyncio.to_thread(self._keys.read, name)
            if seed is None:
                continue
            if self._sealer_of(seed).public_key == sealed_by:
                return seed
            if not sealed_by and (name == NEXT or simulated):
                return seed
            if not sealed_by and not self._ground.new_seal_key:
                raise Misconfigured(str(self._ground.places.ledger), _STRIPPED)
        return None

    async def _in_force(self, seed: str) -> None:
        """Adopt a key, if it is not; only then it gets its own name, whatever crashed before."""
        await self._adopt(self._sealer_of(seed), None)
        if await asyncio.to_thread(self._keys.read, NAME) != seed:
            await asyncio.to_thread(self._keys.write, NAME, seed, quietly=True)

    async def _adopt(self, own: Sealer, before: Sealer | None, actor: str = "engine") -> None:
        self._sealer = own
        now_us = self._ground.clock.now_us()
        files = (self._ground.anchor_file,)
        await begin(self._ledger, own, before=before, at_us=now_us, actor=actor, anchors=files)

    def _sealer_of(self, text: str) -> Sealer:
        return Sealer(bytes.fromhex(text), self._ground.clock.now_us)

    def _fresh(self) -> str:
        seed = f"{self._ground.dice.bits(8 * KEY_BYTES):0{2 * KEY_BYTES}x}"
        self._ground.redaction.learn(seed)
        return seed


class _KeyStore:
    """The key among the other secrets: the keyring, else the book's encrypted file."""

    remedy = "unlock the keyring or bring the secrets file back"

    def __init__(self, secrets: SecretStores) -> None:
        self._secrets = secrets

    def read(self, name: str) -> str | None:
        return self._secrets.read(name)

    def write(self, name: str, seed: str, *, quietly: bool = False) -> bool:
        return self._secrets.keep(name, seed, quietly=quietly)


class _KeyFile:
    """The key of a simulated book, in a private file beside it: practice, not evidence."""

    remedy = f"bring the file {KEY_FILE} back"

    def __init__(self, ground: Ground) -> None:
        self._folder = ground.places.directory
        self._redaction = ground.redaction

    def read(self, name: str) -> str | None:
        raw = read_small(self._path(name), most=2 * KEY_BYTES + 1)
        if raw is None:
            return None
        text = raw.decode("ascii", "replace").strip()
        self._redaction.learn(text)
        return text

    def write(self, name: str, seed: str, *, quietly: bool = False) -> bool:
        del quietly  # nobody needs to be asked for a file
        replace_durably(self._path(name), f"{seed}\n".encode())
        return True

    def _path(self, name: str) -> Path:
        return self._folder / (KEY_FILE if name == NAME else f"{KEY_FILE}.next")
