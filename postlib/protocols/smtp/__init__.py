"""Speaking SMTP (RFC 5321): replies and text, a conversation, a delivery."""

from postlib.protocols.smtp.conversation import Conversation, InjectedPlaintext, Line, NotOffered, SmtpError, SmtpMalformed, SmtpRefused
from postlib.protocols.smtp.delivery import Delivery, Recipient, send
from postlib.protocols.smtp.reply import Reply, dot_stuffed

__all__ = [
    "Conversation",
    "Delivery",
    "InjectedPlaintext",
    "Line",
    "NotOffered",
    "Recipient",
    "Reply",
    "SmtpError",
    "SmtpMalformed",
    "SmtpRefused",
    "dot_stuffed",
    "send",
]
