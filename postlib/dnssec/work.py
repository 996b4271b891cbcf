"""How much work has been done, and how much one answer may cost (KeyTrap, CVE-2023-50387, and CVE-2023-50868)."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_SIGNATURES = 8  # tried for each RRset: Unbound 1.24, MAX_VALIDATE_RRSIGS
MAX_KEY_CANDIDATES = 4  # keys of one algorithm and tag tried for one signature or DS: Unbound 1.24, MAX_DS_MATCH_FAILURES
MAX_VERIFICATIONS = 200  # signatures verified for one answer: six times the widest honest answer we know
MAX_HASHES = 128  # NSEC3 names hashed for one answer: Unbound 1.24, MAX_NSEC3_CALCULATIONS 8 × MAX_VALIDATION_SUSPENDS 16
MAX_ITERATIONS = 150  # extra NSEC3 iterations, beyond which the zone counts as insecure: RFC 9276, section 3.2; Unbound and BIND take 150


class TooMuchWork(Exception):
    """An answer asks for more verifications or hashes than any honest one: it proves nothing."""


@dataclass
class Work:
    """What has been done so far: questions sent, signatures verified, names hashed."""

    questions: int = 0
    verifications: int = 0
    hashes: int = 0


@dataclass
class Budget:
    """What one answer may still cost; all of it is added to `work`."""

    work: Work = field(default_factory=Work)
    verifications: int = MAX_VERIFICATIONS
    hashes: int = MAX_HASHES

    def verify(self) -> None:
        """Pay for one verification. Raises TooMuchWork when nothing is left."""
        if self.verifications <= 0:
            raise TooMuchWork("verifications")
        self.verifications -= 1
        self.work.verifications += 1

    def hash(self) -> None:
        """Pay for one NSEC3 hash, with all its iterations. Raises TooMuchWork when nothing is left."""
        if self.hashes <= 0:
            raise TooMuchWork("hashes")
        self.hashes -= 1
        self.work.hashes += 1
