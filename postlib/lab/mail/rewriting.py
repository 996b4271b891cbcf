"""What happens to a message on its way through others: a mailing list changes it, a forwarder does not."""

from __future__ import annotations

import re

from postlib.protocols.dkim.message import Field, joined, named, split

FOOTER = "\r\n-- \r\nYou get this as a member of {name}.\r\n"
PLAIN = re.compile(rb"[ \t\r\n]*text/plain[ \t\r\n]*(?:;|\Z)", re.IGNORECASE)
GONE = (b"return-path", b"authentication-results")
LONGEST = 900  # octets of a value on one line, which may have 998 with all that is around it (RFC 5322, section 2.1.1)
LONGEST_NAME = 100


def for_list(message: bytes, domain: str, *, rewrites: bool) -> bytes:
    """The copy that a list sends: a tag in the subject, a footer, List-Id; with `rewrites`, the list stands in From.

    Subject and body are signed by DKIM, so this breaks the author's signature; rewriting From is what keeps DMARC quiet.
    Worked on as octets: a stranger's message need not be one that a library can take apart. Raises Malformed.
    """
    fields, body = split(message)
    name, own = domain.partition(".")[0], f"discussion@{domain}"
    subject = _text(fields, "Subject")
    new: list[Field] = [(b"Subject", b" [%s] %s\r\n" % (name.encode(), subject)), (b"List-Id", f" <discussion.{domain}>\r\n".encode())]
    gone: tuple[bytes, ...] = (*GONE, b"subject", b"list-id")
    if rewrites:
        author = _text(fields, "From")
        shown = re.sub(rb'[^ -~]|["\\\\]', b"", author.rpartition(b"<")[2].strip(b"<> ")).replace(b"@", b" at ")[:LONGEST_NAME]
        new += [(b"From", b' "%s via %s" <%s>\r\n' % (shown, name.encode(), own.encode())), (b"Reply-To", b" %s\r\n" % author)]
        gone += (b"from", b"reply-to")
    kept = [field for field in fields if field[0].lower() not in gone]
    return joined([*kept, *new]) + b"\r\n" + body + (FOOTER.format(name=name).encode() if _readable(fields) else b"")


def _text(fields: tuple[Field, ...], name: str) -> bytes:
    """The value of the first field of that name on one line, as far as it fits."""
    return next((b" ".join(value.split())[:LONGEST] for _, value in named(fields, name)), b"")


def _readable(fields: tuple[Field, ...]) -> bool:
    """Whether a line of ASCII at the end of the body is text for the reader: plain text, and not in base64."""
    kind, encoding = (named(fields, name) for name in ("Content-Type", "Content-Transfer-Encoding"))
    return all(PLAIN.match(value) for _, value in kind) and all(b"base64" not in value.lower() for _, value in encoding)


def for_forwarder(message: bytes) -> bytes:
    """The copy that a forwarder sends: the same message; only the envelope's way changes, and with it what SPF sees."""
    head, _, rest = message.partition(b"\r\n")
    return rest if head.lower().startswith(b"return-path:") else message
