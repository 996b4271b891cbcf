"""The fields a receiver puts on top of a message: Return-Path, Authentication-Results (RFC 8601), Received (RFC 5321, section 4.4)."""

from __future__ import annotations

from email.utils import format_datetime

from postlib.lab.mail.judging import Judgement
from postlib.lab.smtp import Received
from postlib.protocols.authentication_results import AuthenticationResults, MethodResult, without


def stamped(host: str, envelope: Received, judgement: Judgement) -> bytes:
    """The message with what this machine saw on top; what others wrote in its name is taken away (RFC 8601, section 5)."""
    protocol = "ESMTPS" if envelope.tls else "ESMTP" if envelope.extended else "SMTP"
    when = format_datetime(envelope.time)
    received = f"Received: from {envelope.helo} ([{envelope.source}])\r\n by {host} with {protocol};\r\n {when}\r\n".encode()
    path = f"Return-Path: <{envelope.sender}>\r\n".encode()
    return path + results(host, judgement).field() + received + without(envelope.message, host)


def results(host: str, judgement: Judgement) -> AuthenticationResults:
    """What this machine found, in the words of RFC 8601."""
    spf, found = judgement.spf, judgement.dmarc
    methods = [MethodResult("spf", spf.result.value, properties=(("smtp", "mailfrom", spf.domain),))]
    for signature in judgement.dkim:
        properties = (("header", "d", signature.domain), ("header", "s", signature.selector))
        methods.append(MethodResult("dkim", signature.result, signature.reason if not signature.passed else "", properties))
    if not judgement.dkim:
        methods.append(MethodResult("dkim", "none"))
    if found is not None:
        methods.append(MethodResult("dmarc", found.result.value, properties=(("header", "from", found.author_domain),)))
    return AuthenticationResults(host, tuple(methods))
