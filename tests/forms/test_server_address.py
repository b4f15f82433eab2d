"""The address of a mail server, as typed."""

import pytest

from notifications.forms.server_address import format_server_address, is_loopback, parse_server_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("mail.example.com", "mail.example.com", None),
        ("mail.example.com:587", "mail.example.com", 587),
        ("  Mail.EXAMPLE.com:25 ", "mail.example.com", 25),
        ("mail.example.com.", "mail.example.com", None),
        ("relay", "relay", None),
        ("mail_relay.corp.local", "mail_relay.corp.local", None),
        ("192.0.2.25:2525", "192.0.2.25", 2525),
        ("[2001:db8::1]:587", "2001:db8::1", 587),
        ("[2001:DB8::1]", "2001:db8::1", None),
        ("2001:db8::1", "2001:db8::1", None),
        ("::1", "::1", None),
        ("bücher.example", "xn--bcher-kva.example", None),
        ("BÜCHER.example:465", "xn--bcher-kva.example", 465),
    ],
)
def test_host_and_port_are_taken_apart(text: str, host: str, port: int | None) -> None:
    assert parse_server_address(text) == (host, port)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Enter the mail server"),
        ("   ", "Enter the mail server"),
        ("smtp://mail.example.com", "without smtp://"),
        ("mail.example.com/inbox", "without smtp://"),
        ("ops@mail.example.com", "user has a field of its own"),
        ("mail example.com", "no spaces"),
        ("mail.example.com\n", "line break or a control character"),
        ("mail.example.com\r\nRCPT TO:<x>", "line break or a control character"),
        ("mail\0.example.com", "line break or a control character"),
        ("mail.x.com:587:1", "more than one colon"),
        ("mail.x.com:", "from 1 to 65535"),
        ("mail.x.com:0", "from 1 to 65535"),
        ("mail.x.com:65536", "from 1 to 65535"),
        ("mail.x.com:-1", "from 1 to 65535"),
        ("mail.x.com:smtp", "from 1 to 65535"),
        ("mail.x.com:٥٨٧", "from 1 to 65535"),
        (":587", "name is missing"),
        ("[2001:db8::1", "in brackets"),
        ("[2001:db8::1]587", "in brackets"),
        ("[mail.x.com]:25", "not an IPv6 address"),
        ("[fe80::1%eth0]:25", "not an IPv6 address"),
        ("127.1", "not an IPv4 address"),
        ("0x7f.1", "not an IPv4 address"),
        ("2130706433", "not an IPv4 address"),
        ("300.1.1.1", "not an IPv4 address"),
        ("-mail.example.com", "not a server's name"),
        ("mail..example.com", "not a server's name"),
        (f"{'a' * 64}.example.com", "not a server's name"),
        (f"{'a.' * 127}com", "not a server's name"),
        ("☃\u200d.example", "not an international domain name"),
    ],
)
def test_what_is_no_address_is_refused_with_its_reason(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_server_address(text)


@pytest.mark.parametrize(
    ("host", "port", "shown"),
    [
        ("mail.x.com", 587, "mail.x.com"),
        ("mail.x.com", 25, "mail.x.com:25"),
        ("::1", 25, "[::1]:25"),
        ("::1", None, "::1"),
    ],
)
def test_the_port_is_shown_only_where_it_says_something(host: str, port: int | None, shown: str) -> None:
    assert format_server_address(host, port, default_port=587) == shown


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "::1"])
def test_loopback_stays_on_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example.com", "10.0.0.1", "mail.x.com", "::2"])
def test_everything_else_leaves_it(host: str) -> None:
    assert not is_loopback(host)
