"""DNSSEC as pure functions: signatures, DS, proofs of non-existence. No question is asked here; `postlib.resolver` asks them."""
