"""What each ccxt client is opened for: whose it is, by which key, and why one is missing.

The one rule: a setting is named where a key is, so that every refusal says where to mend it.
"""

from dataclasses import replace

from domain.instruments import Account
from venues.ccxt_client import Purpose
from venues.keys import Keys, NoKey


def purpose_of(account: Account, use: str, keys: Keys | NoKey | None) -> Purpose:
    """What a client of an account is opened for, with the setting that names its key."""
    setting = f"exchanges.{account.venue}.accounts.{account.name}.{use}"
    return with_keys(Purpose(who=str(account), key=setting), keys)


def with_keys(purpose: Purpose, keys: Keys | NoKey | None) -> Purpose:
    """The purpose with its keys, or with why there are none."""
    if isinstance(keys, NoKey):
        return replace(purpose, absent=keys)
    return replace(purpose, keys=keys)
