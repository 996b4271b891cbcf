"""What a remedy asks for, ready to copy: its acts as lines of a zone file, as the fields of a panel, as the text of a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from postlib.finding import Remedy
from postlib.lab.dns.zone import STRINGS, quoted
from postlib.words import phrase

USUAL_TTL = 3600  # seconds: what acts.publish gives a record
RARE = ("CAA", "TLSA", "DS", "CDS", "CDNSKEY")  # types that many panels lack
VERSION = re.compile(r"v=[A-Za-z0-9]+")  # what a text record begins with that belongs to one standard
DS_FIELDS = ("key-tag", "algorithm", "digest-type", "digest")


@dataclass(frozen=True)
class Block:
    """Something to copy: what stands over it, its lines exactly as they are to be pasted, and sentences that belong below it."""

    title: str
    lines: tuple[str, ...]
    notes: tuple[str, ...] = ()


def blocks(remedy: Remedy, subject: str) -> tuple[Block, ...]:
    """What is to be pasted, in the order of the acts. A remedy that only names records in a value gives them as they stand there."""
    made = tuple(dict.fromkeys(block for act in remedy.acts for block in _of(act, dict(remedy.values), subject)))
    values = dict(remedy.values)
    told = values.get("ds") or values.get("record") or values.get("records") if not made else ""
    return made or ((Block(phrase("letter.block.zone"), tuple(told.split(", "))),) if told else ())


def changed(remedy: Remedy) -> tuple[str, str] | None:
    """Name and type of the first record that changes; None where no DNS record does."""
    for act in remedy.acts:
        if act["act"] in ("publish", "withdraw"):
            return str(act["name"]), str(act["type"])
        if act["act"] == "registry":
            return str(act["domain"]), "DS" if "ds" in act else "NS"
        if act["act"] == "dkim":
            return f"{act['selector']}._domainkey.{act['domain']}", "TXT"
    return None


def _of(act: Mapping[str, Any], values: Mapping[str, str], subject: str) -> Iterator[Block]:
    """The blocks of one act; none for one that is a decision or a setting, which the sentence above them names."""
    kind = act["act"]
    if kind == "publish":
        yield from _published(act, values, subject)
    elif kind == "withdraw":
        lines = [_line(act, value) for value in act["values"]] or [f"{act['name']}. {act['type']}"]
        yield Block(phrase("letter.block.remove"), tuple(lines))
    elif kind == "registry":
        yield from _registered(act, values)
    elif kind == "dkim" and not (act.get("removed") or act.get("revoked")):
        name = f"{act['selector']}._domainkey.{act['domain']}"
        record = {"name": name, "type": "TXT", "values": [f"v=DKIM1; k=rsa; p={phrase('letter.public-key')}"]}
        yield Block(phrase("letter.block.key"), (_line(record, record["values"][0]),))
        yield _fields(record, record["values"], subject)
    elif kind == "web":
        yield from _served(act)


def _published(act: Mapping[str, Any], values: Mapping[str, str], subject: str) -> Iterator[Block]:
    wanted, version = _wanted(act["values"])
    rest = "letter.in-place-of" if version else "letter.others-stay" if act["type"] == "TXT" else "letter.set-whole"
    notes = [phrase(rest, type=act["type"], name=act["name"], version=version)]
    if act["type"] in RARE:
        notes.append(phrase("letter.rare-type", type=act["type"]))
    yield Block(phrase("letter.block.zone"), tuple(_line(act, value) for value in wanted), tuple(notes))
    yield _fields(act, wanted, subject)


def _wanted(values: Iterable[str]) -> tuple[list[str], str]:
    """Those of the values that are asked for: of texts of several standards at one name, those of the first one's; and its version tag."""
    texts = list(values)
    version = VERSION.match(_plain(texts[0]))
    if version is None:
        return texts, ""
    return [text for text in texts if _plain(text).lower().startswith(version[0].lower())], version[0]


def _fields(act: Mapping[str, Any], values: Iterable[str], subject: str) -> Block:
    """As a panel asks: the name below the domain, the type, each value without its quotes, the TTL."""
    name, below = act["name"], f".{subject}"
    short = "@" if name == subject else name.removesuffix(below)
    note = "letter.name-is-domain" if name == subject else "letter.name-is-short" if name.endswith(below) else "letter.name-elsewhere"
    notes = [phrase(note, name=name, zone=subject)]
    pairs = [("name", short), ("type", act["type"])]
    pairs += [("value", _plain(value) if act["type"] == "TXT" else value) for value in values]
    if act["type"] == "TXT":
        notes.append(phrase("letter.plain-quotes"))
    return Block(phrase("letter.block.fields"), _aligned([*pairs, ("ttl", str(act.get("ttl", USUAL_TTL)))]), tuple(notes))


def _registered(act: Mapping[str, Any], values: Mapping[str, str]) -> Iterator[Block]:
    """A delegation: DS records (in four fields too), name servers, and glue."""
    domain = act["domain"]
    if "ds" in act and values.get("ds"):
        records = values["ds"].split(", ")
        yield Block(phrase("letter.block.zone"), tuple(f"{domain}. IN DS {record}" for record in records))
        for record in records:
            yield Block(phrase("letter.block.ds"), _aligned(zip(DS_FIELDS, record.split(), strict=True)))
    servers = [f"{domain}. IN NS {host.rstrip('.')}." for host in act.get("ns") or ()]
    glue = [f"{host.rstrip('.')}. IN {_family(at)} {at}" for host, found in (act.get("glue") or {}).items() for at in found]
    if servers or glue:
        yield Block(phrase("letter.block.servers" if servers else "letter.block.glue"), (*servers, *glue))


def _served(act: Mapping[str, Any]) -> Iterator[Block]:
    """Files that are to be served, and the HSTS header."""
    for path, page in (act.get("pages") or {}).items():
        if isinstance(page, str):
            yield Block(phrase("letter.block.file", url=f"https://{act['host']}{path}"), tuple(page.splitlines()))
    if act.get("hsts"):
        yield Block(phrase("letter.block.header"), (f"Strict-Transport-Security: {act['hsts']}",))


def _line(act: Mapping[str, Any], value: str) -> str:
    """A line of a master file (RFC 1035, section 5.1), its name and everything in it whole."""
    data = quoted(value) if act["type"] == "TXT" and not STRINGS.fullmatch(value) else value
    ttl = f" {act.get('ttl', USUAL_TTL)}" if act.get("act") != "withdraw" else ""
    return f"{act['name'].rstrip('.')}.{ttl} IN {act['type']} {data}"


def _plain(value: str) -> str:
    """A text without the quotes of a zone file, its strings put together (RFC 7208, section 3.3)."""
    if not STRINGS.fullmatch(value):
        return value
    return "".join(re.sub(r"\\(\D)", r"\1", inner) for inner in re.findall(r'"((?:[^"\\]|\\.)*)"', value))


def _aligned(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """One field a line, its label first."""
    named = [(phrase(f"letter.field.{field}"), value) for field, value in pairs]
    widest = max(len(label) for label, _ in named)
    return tuple(f"{label + ':':<{widest + 2}}{value}" for label, value in named)


def _family(address: str) -> str:
    return "AAAA" if ":" in address else "A"
