"""What a REST handler gets, and the tables in which handlers are listed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.wire.kraken.assets import BY_NAME, BY_REST, Asset, Listing
from tests.wire.kraken.dialect import BAD_ARGUMENTS, UNKNOWN_ASSET, UNKNOWN_PAIR, Denied
from tests.wire.kraken.keys import ApiKey
from tests.wire.kraken.venue import KrakenVenue

PublicHandler = Callable[[KrakenVenue, Mapping[str, str]], object]
TRUE = ("true", "1", "True")


@dataclass(frozen=True, slots=True)
class Request:
    """A private request whose signature, nonce and permission were right."""

    venue: KrakenVenue
    key: ApiKey
    fields: Mapping[str, str]

    @property
    def owner(self) -> str:
        """The account that asks."""
        return self.key.owner

    def text(self, name: str, default: str = "") -> str:
        """A field's text."""
        return self.fields.get(name, default)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A field that is true or false."""
        return self.fields[name] in TRUE if name in self.fields else default

    def whole(self, name: str, default: int = 0) -> int:
        """A field that is a whole number. Raises Denied."""
        text = self.fields.get(name, str(default))
        if not text.lstrip("-").isdigit():
            raise Denied(f"{BAD_ARGUMENTS}:{name}")
        return int(text)


@dataclass(frozen=True, slots=True)
class PrivateHandler:
    """A private endpoint: what it does, and the permissions of which a key needs one."""

    run: Callable[[Request], object]
    any_of: tuple[str, ...] = ()


def listing_of(name: str) -> Listing:
    """The pair of that name, in whichever of its names. Raises Denied."""
    if name not in BY_NAME:
        raise Denied(UNKNOWN_PAIR)
    return BY_NAME[name]


def asset_of(name: str) -> Asset:
    """The asset of that name. Raises Denied."""
    if name not in BY_REST:
        raise Denied(UNKNOWN_ASSET)
    return BY_REST[name]
