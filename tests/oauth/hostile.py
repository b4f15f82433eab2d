"""Addresses, hosts and tenants by which somebody might lead a secret astray."""

from tests.oauth.wilderness import LOGIN

AUTHORITIES = (
    # Somewhere else, openly.
    *("evil.test", "evil.test:443", "EVIL.test", f"{LOGIN}.evil.test", f"evil-{LOGIN}", f"{LOGIN}-evil.test"),
    # The right name as a user, a path, a query, a fragment.
    *(f"{LOGIN}@evil.test", f"{LOGIN}:443@evil.test", f"user:word@{LOGIN}", f"evil.test@{LOGIN}", f"@{LOGIN}"),
    *(f"evil.test/@{LOGIN}", f"evil.test?@{LOGIN}", f"evil.test#@{LOGIN}", f"evil.test;{LOGIN}", f"evil.test,{LOGIN}"),
    # Where one parser sees an end that another one does not.
    *(f"{LOGIN}\\@evil.test", f"{LOGIN}\\.evil.test", f"evil.test\\@{LOGIN}", f"evil.test\\{LOGIN}"),
    *(f"{LOGIN}%40evil.test", f"{LOGIN}%2f@evil.test", f"{LOGIN}%2f.evil.test", f"{LOGIN}%00.evil.test"),
    *(f"{LOGIN}\t@evil.test", f"{LOGIN}\r\n@evil.test", f"{LOGIN}\r\nHost: evil.test", f"{LOGIN}\x00.evil.test"),
    *(f" {LOGIN}", f"{LOGIN} @evil.test", f"{LOGIN} evil.test", f"[{LOGIN}]", "evil.test:443:443", "[evil.test"),
    # Letters and dots that look alike, or become alike.
    *(
        f"{LOGIN}。evil.test",
        f"{LOGIN}．evil.test",
        f"{LOGIN}｡evil.test",
        f"{LOGIN}／.evil.test",
        f"{LOGIN}＠evil.test",
    ),
    *(LOGIN.replace(".", "。"), LOGIN.replace("o", "о"), LOGIN.replace("l", "ⓛ"), f"{LOGIN}\u200b", f"xn--{LOGIN}"),
    # The right name, on another door.
    *(f"{LOGIN}.", f"{LOGIN}:", f"{LOGIN}:80", f"{LOGIN}:8443", f"{LOGIN}:0443", f"{LOGIN}:443", f"{LOGIN}:-1"),
    # Machines next door, in every spelling.
    *("169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]", "0xa9fea9fe"),
    *("metadata.google.internal", "100.100.100.200", "localhost", "127.0.0.1:6379", "127.0.0.1:22", "127.1", "0"),
    *("0x7f.1", "0177.0.0.1", "2130706433", "[::1]", "[::]", "10.0.0.1", "192.168.0.1", ""),
)
SCHEMES = (
    *(f"http://{LOGIN}", f"HTTP://{LOGIN}", f"ftp://{LOGIN}", f"//{LOGIN}", f"http:{LOGIN}", LOGIN),
    *("file:///etc/passwd", "javascript:alert(1)", "data:text/plain,x", "gopher://evil.test", "ldap://evil.test"),
    *("https:evil.test", "https:/evil.test", "https:///evil.test", "https:\\\\evil.test", "https://\\evil.test"),
    *("//evil.test", "/\\evil.test", "\\\\evil.test", "\thttps://evil.test", "https\n://evil.test", "wss://evil.test"),
)
ADDRESSES = (*(f"https://{authority}/steal" for authority in AUTHORITIES), *SCHEMES)
TENANTS = (
    *("common", "organizations", "consumers", "Common", "ORGANIZATIONS", "", ".", "..", "~", "*"),
    *("../common", "contoso.com/../common", "contoso.com/..", "/contoso.com", "contoso.com/", "//evil.test", "..;/x"),
    *("%2e%2e", "%2e%2e/common", "contoso.com%2f..", "contoso.com%2Fcommon", "contoso.com%00", "contoso.com%0d%0a"),
    *("@evil.test", "\\@evil.test", "contoso.com@evil.test", "user:word@contoso.com", ".evil.test", ":443@evil.test"),
    *("contoso.com:443", "contoso.com#", "contoso.com?x=1", "contoso.com/oauth2/v2.0/token?x=", "contoso.com;x"),
    *("contoso.com\r\nHost: evil.test", "contoso\r\n.com", "contoso\t.com", "contoso\x00.com", "contoso .com"),
    *("contoso。com", "ｃontoso.com", "contoso．com", "cоntoso.com", "contoso.com\u2028x", "\u2025", "\uff0e\uff0e"),
    *("https://evil.test", "http://169.254.169.254", "[::1]", "contoso..com", "-contoso.com", "contoso.com-"),
    *("{tenant}", "{0}", "$(id)", "'", '"', "<x>", "ä.test", f"{'a' * 64}.com", f"{'a.' * 127}com", "a" * 1000),
)
