"""check_host() (RFC 7208, section 4)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import NamedTuple

from postlib.network import Network
from postlib.protocols.spf.asking import Asking, Halt, a_labels, dns_name, malformed
from postlib.protocols.spf.client import Address, Client, client_address, split_sender
from postlib.protocols.spf.macro import TEXT_LENGTH, MacroString, explain_string, target_name
from postlib.protocols.spf.matching import Match, Pointers, match_directive
from postlib.protocols.spf.outcome import Outcome, Query, Result, Step
from postlib.protocols.spf.record import Directive, Mechanism, Modifier, Record, SpfSyntaxError, is_spf, parse
from postlib.resolver import Resolver

SECONDS = 20.0  # for one evaluation: the least that section 4.6.4 allows
IDENTITY_LENGTH = 512  # of sender and of HELO: an SMTP command line (RFC 5321, section 4.5.3.1.4)


async def check_host(
    net: Network | Resolver, ip: str | Address, domain: str, sender: str, helo: str, *, receiver: str = ""
) -> Outcome:
    """Whether `ip` may send for `domain` (RFC 7208, section 4.1).

    `domain` is that of the MAIL FROM, or of HELO; `sender` the whole MAIL FROM, "" for a null one; `receiver` our own name, for
    explanations. Whatever the DNS says or fails to say becomes the outcome. Raises ValueError if `ip` is not an address.
    """
    resolver = Resolver.of(net)
    address = client_address(ip)
    if max(len(sender), len(helo)) > IDENTITY_LENGTH:
        return Outcome(Result.NONE, domain, "too-long", str(IDENTITY_LENGTH))
    local_part, sender_domain = split_sender(sender, domain, helo)
    now = int(resolver.network.clock.now().timestamp())
    client = Client(address, local_part, a_labels(sender_domain), helo, receiver, now)
    try:
        async with asyncio.timeout(SECONDS):
            return await _Evaluation(resolver, client).check(a_labels(domain), Frame("", (), explain=True))
    except TimeoutError:
        return Outcome(Result.TEMPERROR, domain, "timeout", f"{SECONDS:g} s")


async def check_mail_from(net: Network | Resolver, ip: str | Address, sender: str, helo: str, *, receiver: str = "") -> Outcome:
    """check_host() for the MAIL FROM identity; for a null sender, postmaster at the HELO name stands in (section 2.4)."""
    return await check_host(net, ip, sender.rpartition("@")[2] if sender else helo, sender, helo, receiver=receiver)


async def check_helo(net: Network | Resolver, ip: str | Address, helo: str, *, receiver: str = "") -> Outcome:
    """check_host() for the HELO identity (section 2.3)."""
    return await check_host(net, ip, helo, f"postmaster@{helo}", helo, receiver=receiver)


class Frame(NamedTuple):
    """Where the evaluation stands: the domain, the domains that led to it, and whether its exp is wanted."""

    domain: str
    path: tuple[str, ...]
    explain: bool


@dataclass(frozen=True)
class _End:
    """How the evaluation of a record ended."""

    result: Result
    reason: str
    value: str = ""
    explanation: str = ""


class _Evaluation:
    """One call of check_host() with all the calls it makes of itself: they share limits and the client."""

    def __init__(self, resolver: Resolver, client: Client) -> None:
        self.client = client
        self.asking = Asking(resolver)
        self.pointers = Pointers(self.asking, client)

    async def check(self, domain: str, outer: Frame) -> Outcome:
        """The outcome for `domain`, reached from `outer`."""
        if problem := malformed(domain):
            return Outcome(Result.NONE, domain, problem, domain)
        if domain.lower() in outer.path:  # the same record and client again: it could only end at a limit
            return Outcome(Result.PERMERROR, domain, "loop", domain)
        before = self.asking.mark()
        frame = Frame(domain, (*outer.path, domain.lower()), outer.explain)
        steps: list[Step] = []
        text = b""
        query: Query | None = None
        try:
            text = await self._fetch(frame)
            (query,) = self.asking.take(before)
            end = await self._evaluate(parse(text), frame, steps)
        except Halt as halt:
            end = _End(halt.result, halt.reason, halt.value)
            query = query or next(iter(self.asking.take(before)), None)
        except SpfSyntaxError as error:
            end = _End(Result.PERMERROR, "syntax", str(error))
        spent = self.asking.spent(before)
        record = text.decode("latin-1")
        return Outcome(end.result, domain, end.reason, end.value, end.explanation, record, query, tuple(steps), *spent)

    async def _fetch(self, frame: Frame) -> bytes:
        """The domain's only SPF record (sections 4.4 and 4.5). Raises Halt where there is not exactly one."""
        name = dns_name(frame.domain)
        assert name is not None, "check() has seen that it is a name"
        reply = await self.asking.ask(name, "TXT", counted=len(frame.path) > 1)
        records = [text for text in reply.texts if is_spf(text)]
        if len(records) > 1:
            raise Halt(Result.PERMERROR, "several-records", str(len(records)))
        if not records:
            raise Halt(Result.NONE, "no-record" if reply.query.exists else "no-such-domain", frame.domain)
        return records[0]

    async def _evaluate(self, record: Record, frame: Frame, steps: list[Step]) -> _End:
        """Try each directive in turn (section 4.6.2), then the redirect (6.1); `steps` fills on the way."""
        for directive in record.evaluated:
            step = await self._step(directive, frame, steps)
            if step.matched:
                explanation = await self._explain(record.exp, frame, steps) if directive.result is Result.FAIL else ""
                return _End(directive.result, "matched", directive.text, explanation)
        if record.redirect is None:
            return _End(Result.NEUTRAL, "default")
        step = await self._step(record.redirect, frame, steps)
        assert step.inner is not None, "a redirect that raises no Halt has an inner outcome"
        if step.inner.result is Result.TEMPERROR or step.inner.result is Result.PERMERROR:
            return _End(step.inner.result, step.inner.reason, step.inner.value)
        return _End(step.inner.result, "redirect", record.redirect.text, step.inner.explanation)

    async def _step(self, term: Directive | Modifier, frame: Frame, steps: list[Step]) -> Step:
        """Evaluate one term and append its Step, also when it ends the evaluation. Raises Halt."""
        before = self.asking.mark()
        target = ""
        stop: Halt | None = None
        try:
            if isinstance(term, Modifier) or term.asks:
                self.asking.charge()
                target = await self._target(term.value if isinstance(term, Modifier) else term.domain, frame)
            match = await self._match(term, target, frame)
        except Halt as halt:
            stop = halt
            match = Match(False, halt.reason, halt.value, halt.inner)
        spent, queries = self.asking.spent(before), self.asking.take(before)
        steps.append(step := Step(term.text, match.matched, match.reason, match.value, target, *spent, queries, match.inner))
        if stop:
            raise stop
        return step

    async def _target(self, spec: MacroString | None, frame: Frame) -> str:
        """The term's target name, expanded; the current domain where it gives none (section 4.8)."""
        return target_name(spec.expand(await self._values(spec, frame))) if spec else frame.domain

    async def _values(self, text: MacroString, frame: Frame) -> dict[str, str]:
        name = await self.pointers.best(frame.domain) if "p" in text.letters else ""
        return self.client.values(frame.domain, name)

    async def _match(self, term: Directive | Modifier, target: str, frame: Frame) -> Match:
        if isinstance(term, Modifier):
            return await self._redirect(target, frame)
        if term.mechanism is Mechanism.INCLUDE:
            return await self._include(target, frame)
        return await match_directive(term, target, self.client, self.asking, self.pointers)

    async def _include(self, target: str, frame: Frame) -> Match:
        """The table of section 5.2."""
        inner = await self.check(target, frame._replace(explain=False))
        if inner.result in (Result.TEMPERROR, Result.PERMERROR):
            raise Halt(inner.result, inner.reason, inner.value, inner)
        if inner.result is Result.NONE:
            raise Halt(Result.PERMERROR, "no-record", target, inner)
        matched = inner.result is Result.PASS
        return Match(matched, "included" if matched else "not-included", inner.result, inner)

    async def _redirect(self, target: str, frame: Frame) -> Match:
        """The other record's result is ours; if it has none, that is our error (section 6.1)."""
        inner = await self.check(target, frame)
        if inner.result is Result.NONE:
            raise Halt(Result.PERMERROR, "no-record", target, inner)
        return Match(True, "redirected", inner.result, inner)

    async def _explain(self, exp: Modifier | None, frame: Frame, steps: list[Step]) -> str:
        """The explanation, "" where there is none or anything is wrong with it (section 6.2). It costs no lookup and no void."""
        if exp is None or not frame.explain:
            return ""
        before = self.asking.mark()
        target = await self._target(exp.value, frame)
        try:
            text, step = await self._explanation(target, frame), Step(exp.text, False, "explained", domain=target)
        except Halt as halt:
            text, step = "", Step(exp.text, False, halt.reason, halt.value, target)
        except ValueError as error:
            text, step = "", Step(exp.text, False, "syntax", str(error), target)
        steps.append(replace(step, queries=self.asking.take(before)))
        return text

    async def _explanation(self, target: str, frame: Frame) -> str:
        """The text at `target`, expanded. Raises Halt, and ValueError for text that breaks the grammar."""
        name = dns_name(target)
        if name is None:
            raise Halt(Result.NONE, "not-a-name", target)
        texts = (await self.asking.ask(name, "TXT", counted=False)).texts
        if len(texts) != 1:
            raise Halt(Result.NONE, "several-records" if texts else "no-record", target)
        macros = explain_string(texts[0].decode("ascii"))
        text = macros.expand(await self._values(macros, frame), TEXT_LENGTH)
        if not (text.isascii() and text.isprintable()):  # a local-part may hold anything, and this goes into an SMTP reply
            raise ValueError("the expanded text holds characters that an SMTP reply may not")
        return text
