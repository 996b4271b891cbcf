"""Authoritative DNS for the lab: zones, signatures made on first use, answers, servers on loopback."""
