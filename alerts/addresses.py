"""Which addresses of the network a message may go to: a table, and nothing but a table.

The one rule: what is not known to be a public host is refused. The tables are IANA's registries
of special addresses (RFC 6890 and its successors), written out here because `ipaddress` has
changed its mind about some of them between versions of Python.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from ipaddress import ip_network as net

# Refused whatever the settings say: (network, what it is).
_NEVER = (
    (net("0.0.0.0/8"), "no host"),
    (net("127.0.0.0/8"), "this machine"),
    (net("169.254.0.0/16"), "link-local, where clouds keep their metadata"),
    (net("100.100.100.200/32"), "a cloud's metadata"),
    (net("192.0.0.0/24"), "reserved"),
    (net("168.63.129.16/32"), "a cloud's own service"),
    (net("192.0.2.0/24"), "for documentation"),
    (net("192.88.99.0/24"), "a 6to4 relay"),
    (net("198.18.0.0/15"), "for benchmarks"),
    (net("198.51.100.0/24"), "for documentation"),
    (net("203.0.113.0/24"), "for documentation"),
    (net("224.0.0.0/4"), "multicast"),
    (net("240.0.0.0/4"), "reserved"),
    (net("::/128"), "no host"),
    (net("::1/128"), "this machine"),
    (net("::ffff:0:0/96"), "an IPv4 address written as IPv6"),
    (net("2001::/32"), "Teredo, which hides an IPv4 address"),
    (net("2001::/23"), "reserved for protocols"),
    (net("2001:db8::/32"), "for documentation"),
    (net("2002::/16"), "6to4, which hides an IPv4 address"),
    (net("3fff::/20"), "for documentation"),
    (net("fd00:ec2::/32"), "a cloud's metadata"),
    (net("fd20:ce::/32"), "a cloud's metadata"),
    (net("fd00:42::/32"), "a cloud's metadata"),
    (net("fe80::/10"), "link-local"),
    (net("ff00::/8"), "multicast"),
)
# Refused unless one webhook asks for them: the networks of a house.
_PRIVATE = (
    net("10.0.0.0/8"),
    net("100.64.0.0/10"),
    net("172.16.0.0/12"),
    net("192.168.0.0/16"),
    net("fc00::/7"),
)
_GLOBAL_6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_V4 = 0xFFFF_FFFF
REMEDY = "private_addresses: true on this webhook would allow it"


def refused(text: str, *, private: bool = False) -> str:
    """Why nothing is sent to an address, as a resolver tells it; "" when it may be.

    `private` also allows the private networks (RFC 1918, shared 100.64.0.0/10, IPv6 ULA), and
    never this machine, link-local or a cloud's metadata.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return "is no address"
    if isinstance(address, IPv6Address):
        return _refused_6(address, private=private)
    return _listed(address, private=private)


def _refused_6(address: IPv6Address, *, private: bool) -> str:
    if address.scope_id is not None:
        return "is bound to one network card"
    if address in _NAT64:
        # RFC 6052 section 3.1: it may stand for public IPv4 hosts alone.
        inside = IPv4Address(int(address) & _V4)
        why = _listed(inside, private=False)
        return f"stands for {inside}, which {why}" if why else ""
    why = _listed(address, private=private)
    if why or address in _GLOBAL_6 or (private and _within(address)):
        return why
    return "is no public address"


def _listed(address: IPv4Address | IPv6Address, *, private: bool) -> str:
    for network, what in _NEVER:
        if _holds(network, address):
            return f"is {what}"
    if not private and _within(address):
        return f"is a private address; {REMEDY}"
    return ""


def _within(address: IPv4Address | IPv6Address) -> bool:
    return any(_holds(network, address) for network in _PRIVATE)


def _holds(network: IPv4Network | IPv6Network, address: IPv4Address | IPv6Address) -> bool:
    return network.version == address.version and address in network
