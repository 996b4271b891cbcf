"""What hostile and broken servers do instead of their protocol, each by one word of an act: `web(host, habit="endless-body")`.

A habit goes on until the client hangs up, or until the server's own bound for a connection. The words stand here, what they mean in
`web` and `mail`, which are imported when such a server opens.
"""

WEB = (
    "silent", "closes", "garbage",
    "half-handshake", "unreadable-certificate", "thousand-certificates", "giant-certificate",
    "endless-headers", "many-headers", "endless-interim", "endless-body", "large-body", "chunked-body", "endless-chunk-line", "gzip-body",
    "slow", "slow-body", "short-body", "not-http", "mute", "growing-redirect", "bouncing-redirect",
)  # fmt: skip
MAIL = (
    "silent", "closes", "garbage", "no-code", "nul", "refuses", "wrong-code", "mixed-codes",
    "endless-line", "endless-greeting", "endless-extensions", "many-extensions", "slow", "unlistening",
    "starttls-plain", "starttls-garbage", "starttls-injects", "starttls-silent", "starttls-closes", "starttls-wrong-code",
    "half-handshake", "unreadable-certificate", "thousand-certificates", "giant-certificate",
)  # fmt: skip
