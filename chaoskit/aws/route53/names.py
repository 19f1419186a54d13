"""What Route 53 takes for a domain name: labels of 1 to 63 octets, 255 in all (Developer Guide, "DNS domain name format")."""

from __future__ import annotations

from chaoskit.aws.route53.record_set import ESCAPE

_LONGEST_LABEL, _LONGEST_NAME = 63, 255


def name_fault(name: str) -> str:
    """What is wrong with a name, in Route 53's words; empty for nothing. An octal escape is one octet."""
    labels = name.removesuffix(".").split(".") if name != "." else []
    for label in labels:
        if not label:  # seen in hashicorp/terraform 18482
            return f"FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with '{name}'"
        if _octets(label) > _LONGEST_LABEL:  # seen in kubernetes-sigs/external-dns 2839
            return f"FATAL problem: DomainLabelTooLong (Domain label is too long) encountered with '{label}'"
    if sum(_octets(label) + 1 for label in labels) + 1 > _LONGEST_NAME:  # wording not verified
        return f"FATAL problem: DomainNameTooLong (Domain name is too long) encountered with '{name}'"
    return ""


def _octets(label: str) -> int:
    return len(ESCAPE.sub("x", label))
