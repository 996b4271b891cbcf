"""What happens to a message on its way through others: a mailing list changes it, a forwarder does not."""

from __future__ import annotations

from email import message_from_bytes, policy


def for_list(message: bytes, domain: str, *, rewrites: bool) -> bytes:
    """The copy that a list sends: a tag in the subject, a footer, List-Id; with `rewrites`, the list stands in From.

    Subject and body are signed by DKIM, so this breaks the author's signature; rewriting From is what keeps DMARC quiet.
    """
    copy = message_from_bytes(message, policy=policy.SMTP)
    author, name = str(copy["From"]), domain.partition(".")[0]
    for field in ("Return-Path", "Authentication-Results"):
        del copy[field]
    copy.replace_header("Subject", f"[{name}] {copy['Subject'] or ''}")
    copy["List-Id"] = f"<discussion.{domain}>"
    if rewrites:
        address = author.rpartition("<")[2].strip("<> ")
        copy.replace_header("From", f'"{address.replace("@", " at ")} via {name}" <discussion@{domain}>')
        copy["Reply-To"] = author
    text = copy.get_content() if copy.get_content_type() == "text/plain" else None
    if text is not None:
        copy.set_content(f"{text}\n-- \nYou get this as a member of {name}.\n")
    return copy.as_bytes()


def for_forwarder(message: bytes) -> bytes:
    """The copy that a forwarder sends: the same message; only the envelope's way changes, and with it what SPF sees."""
    head, _, rest = message.partition(b"\r\n")
    return rest if head.lower().startswith(b"return-path:") else message
