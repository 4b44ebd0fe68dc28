"""Checksums of addresses: the standards' own examples, and every single mistyped character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.checksums import BadAddress, canonical_address, is_checkable
from risk.keccak import keccak_256

# EIP-55, BIP-173, BIP-350, the genesis block's address, and Tron's USDT contract.
KNOWN = (
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
    "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
)
DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@pytest.mark.parametrize("address", KNOWN)
def test_what_is_right_stays_as_it_is(address: str) -> None:
    assert canonical_address(address) == address
    assert is_checkable(address)


def test_one_place_has_one_way_to_write_it() -> None:
    assert canonical_address(KNOWN[0].lower()) == KNOWN[0]
    assert canonical_address("0x" + KNOWN[0][2:].upper()) == KNOWN[0]
    assert canonical_address(KNOWN[3].upper()) == KNOWN[3]


@pytest.mark.parametrize("address", KNOWN[3:])
@given(place=st.integers(4, 33), digit=st.sampled_from(DIGITS))
def test_a_mistyped_character_is_found(address: str, place: int, digit: str) -> None:
    if address[place].lower() == digit.lower() or digit.lower() in "bio1":
        return
    typed = digit.lower() if address.startswith("bc1") else digit
    wrong = address[:place] + typed + address[place + 1 :]
    with pytest.raises(BadAddress, match="checksum"):
        canonical_address(wrong)


def test_a_mistyped_capital_is_found() -> None:
    with pytest.raises(BadAddress, match="EIP-55"):
        canonical_address(KNOWN[0][:-1] + "D")


@pytest.mark.parametrize(
    "address",
    [
        "rN7n7otQDd6FczFgLdSqtcsAUxDkw6fzRH",
        "7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV",
        "addr1v9r",
        "0x" + "a" * 64,
    ],
)
def test_a_format_that_is_not_known_is_kept_to_the_byte(address: str) -> None:
    assert canonical_address(address) == address
    assert not is_checkable(address)


@pytest.mark.parametrize("text", ["", "a b", "a\nb", "\u0430", "x" * 121, "0x" + "g" * 40])
def test_what_cannot_be_an_address_is_refused(text: str) -> None:
    with pytest.raises(BadAddress):
        canonical_address(text)


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        (b"a" * 300, "5b7e0e47a96f32a88b4f14ca177982790807c40e1a105742ba0fc1babe1ef826"),
    ],
)
def test_keccak_is_ethereums(data: bytes, digest: str) -> None:
    assert keccak_256(data).hex() == digest
