"""Nothing was said yet: names, routes, ports. Wordings are Python's, glibc's, macOS's, Go's and Node's."""

from notifications.diagnosis.entry import HOST_AND_PORT, THERE, Entry, Explanation, Sign


def library(*texts: str) -> tuple[Sign, ...]:
    return tuple(Sign(text=text, bare=True) for text in texts)


NETWORK = (
    Entry(
        Explanation(
            "No mail server greets there",
            "The connection stands, but the first line of SMTP never came. A port that expects SSL/TLS at once"
            " stays silent like this; and so does something that is no mail server.",
            "Port 465 goes with SSL/TLS, 587 and 25 with STARTTLS: change Security, or the port, so that the two"
            " agree.",
        ),
        library("no smtp greeting"),
        (("", "mail.example.com:465: no SMTP greeting (the server did not answer: no answer in time)"),),
    ),
    Entry(
        Explanation(
            f"Nothing listens at {THERE}",
            "The machine was reached and turned the connection away. Usually the port is wrong, the mail service is"
            " stopped, or a firewall rejects on its behalf.",
            "Check server and port: 587 for STARTTLS, 465 for SSL/TLS, 25 between servers. Many networks block 25 on"
            f" the way out, so try 587. From this machine, `nc -vz {HOST_AND_PORT}` should connect.",
        ),
        library("connection refused", "econnrefused", "actively refused"),
        (
            ("", "Could not connect to mail.example.com:25 (192.0.2.1): Connection refused"),
            ("", "[Errno 111] Connection refused"),
            ("", "connect ECONNREFUSED 192.0.2.1:587"),
        ),
    ),
    Entry(
        Explanation(
            "The mail server did not answer in time",
            "Packets went out and nothing came back. A firewall that drops silently looks just so, above all on port"
            " 25; so does a wrong address, or a server that is overloaded.",
            "Check the server's name and port, try 587 instead of 25, and ask whether this machine may connect out."
            " If the server is merely slow, allow it more seconds under Options > Preferences > Mail Server.",
        ),
        library("timed out", "no answer in time", "i/o timeout", "etimedout", "took longer than"),
        (
            ("", "Could not connect to mail.example.com:25 (192.0.2.1): no answer in time"),
            ("", "dial tcp 192.0.2.1:25: i/o timeout"),
            ("", "[Errno 110] Connection timed out"),
            ("", "the server did not answer: no answer in time"),
        ),
    ),
    Entry(
        Explanation(
            "There is no way to the mail server's network",
            "This machine has no route to the address, or a router on the way says so. If the address shown is an"
            " IPv6 one, the machine may have IPv6 in name only.",
            "Check this machine's network, gateway and VPN. If only IPv6 fails, use a server name that has an IPv4"
            " address.",
        ),
        library("no route to host", "network is unreachable", "host is down", "ehostunreach", "enetunreach"),
        (
            ("", "Could not connect to mail.example.com:587 (2001:db8::1): Network is unreachable"),
            ("", "[Errno 113] No route to host"),
        ),
    ),
    Entry(
        Explanation(
            "The mail server's name does not exist",
            "The name lookup (DNS) works, but knows no address under this name.",
            "Look for a typing error in SMTP Server. If the name exists only inside your network, this machine has to"
            " ask the inside DNS server.",
        ),
        library(
            "name or service not known",
            "nodename nor servname",
            "no address associated",
            "has no address",
            "no such host",
            "enotfound",
            "getaddrinfo failed",
        ),
        (
            ("", "mail.exmaple.com: Name or service not known"),
            ("", "[Errno -5] No address associated with hostname"),
            ("", "getaddrinfo ENOTFOUND mail.exmaple.com"),
        ),
    ),
    Entry(
        Explanation(
            "The name lookup failed",
            "The DNS server that this machine asks did not give an answer, so it is not known where the mail server"
            " is. This often passes by itself.",
            "If it lasts, check /etc/resolv.conf (in a container: the DNS of its network) and whether"
            " `getent hosts name` finds the mail server.",
        ),
        library(
            "temporary failure in name resolution",
            "eai_again",
            "the name lookup did not answer",
            "try again later (dns)",
        ),
        (
            ("", "mail.example.com: Temporary failure in name resolution"),
            ("", "mail.example.com: the name lookup did not answer in time"),
            ("", "getaddrinfo EAI_AGAIN mail.example.com"),
        ),
    ),
    Entry(
        Explanation(
            "The connection was cut",
            "The mail server, or something between, ended the connection in mid-conversation. Restarts, firewalls with"
            " short memories and servers that count connections do that.",
            "Nothing, if it happens now and then: the mail is tried again. If it happens every time, look into the"
            " server's log for the moment of the attempt; a limit on connections per client is the usual reason.",
        ),
        library(
            "connection reset",
            "unexpectedly closed",
            "the connection broke",
            "broken pipe",
            "econnreset",
            "closed the connection",
            "connection aborted",
        ),
        (
            ("", "Connection unexpectedly closed"),
            ("", "the connection broke while sending: Connection reset by peer"),
            ("", "[Errno 104] Connection reset by peer"),
        ),
    ),
    Entry(
        Explanation(
            "What answers there does not speak SMTP",
            "The first lines were not a mail server's. A web server or another service has that port.",
            "Check server and port; 587, 465 and 25 are the ports of mail.",
        ),
        library("not an smtp reply", "did not start with a reply code"),
        (("", "192.0.2.1:80: not an SMTP reply: 'HTTP/1.1 400 Bad Request'"),),
    ),
    Entry(
        Explanation(
            "That address is never a mail server's",
            "The name leads to an address that machines in a cloud use to hand out their own credentials, or to one"
            " that belongs to no machine at all. mailadmin does not connect there.",
            "Give the real name of the mail server. If the name is right, its DNS entry is wrong or was tampered with.",
        ),
        library("this address is never a mail server's"),
        (("", "metadata.example: this address is never a mail server's"),),
    ),
)
