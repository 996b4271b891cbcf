"""A report: the findings about one subject, and what they add up to. Facts only; `postlib.display` makes it readable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from postlib.finding import Finding, Status
from postlib.policies import Profile


@dataclass(frozen=True)
class Report:
    """What was found about `subject`, as of a moment by the Network's clock, measured by one profile. Checks stand in its order."""

    subject: str
    findings: tuple[Finding, ...]
    as_of: datetime
    profile: Profile

    def __getitem__(self, check: str) -> Finding:
        """The finding of one check. Raises KeyError, with the nearest id, if the report has none of that id."""
        for finding in self.findings:
            if finding.check == check:
                return finding
        near = get_close_matches(check, [finding.check for finding in self.findings], 1)
        raise KeyError(f"this report has no check {check!r}" + (f"; did you mean {near[0]!r}?" if near else ""))

    def __str__(self) -> str:
        failed, unknown = (", ".join(finding.check for finding in part) or "nothing" for part in (self.failed, self.unknown))
        return f"{self.subject} on {self.as_of:%Y-%m-%d}: failed: {failed}; unknown: {unknown}; {len(self)} checks in all"

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def of(self, status: Status) -> tuple[Finding, ...]:
        """The findings with that status."""
        return tuple(finding for finding in self.findings if finding.status is status)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings that failed, the required checks first."""
        return tuple(sorted(self.of(Status.FAIL), key=lambda finding: not finding.required))

    @property
    def unknown(self) -> tuple[Finding, ...]:
        """What could not be told."""
        return self.of(Status.UNKNOWN)

    @property
    def exit_code(self) -> int:
        """1 if a required check fails, else 3 if a required one is unknown, else 0."""
        required = {finding.status for finding in self.findings if finding.required}
        return 1 if Status.FAIL in required else 3 if Status.UNKNOWN in required else 0
