"""The paths of EC2's instance metadata, and the listings of the folders that they make.

As documented in the Amazon EC2 User Guide, "Access instance metadata for an EC2 instance" (listings and versions) and
"Instance metadata categories" (the paths): a folder lists what is in it, a line each, and what is a folder itself ends with a slash.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

ROLE = "chaoskit-role"
ACCOUNT = "123456789012"  # the example account of AWS's own documentation
INSTANCE = "i-1234567890abcdef0"
AMI = "ami-0abcdef1234567890"
ADDRESS = "10.0.0.10"
MAC = "0e:49:61:0f:c3:11"
CREDENTIALS = f"meta-data/iam/security-credentials/{ROLE}"

VERSIONS = (
    "1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01", "2009-04-04",
    "2011-01-01", "2011-05-01", "2012-01-12", "2014-02-25", "2014-11-05", "2015-10-20", "2016-04-19", "2016-06-30",
    "2016-09-02", "2018-03-28", "2018-08-17", "2018-09-24", "2019-10-01", "2020-10-27", "2021-01-03", "2021-03-23",
    "2021-07-15", "2022-09-24", "latest",
)  # fmt: skip
"""What stands first in a path; all of them tell the same here. cloud-init asks for dated ones, SDKs for ``latest``."""


def documents_in(region: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """What each path below a version tells of an instance in ``region`` whose role has ``credentials``."""
    zone = f"{region}a"
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    host = f"ip-{ADDRESS.replace('.', '-')}.{domain}"
    identity = {
        "accountId": ACCOUNT,
        "availabilityZone": zone,
        "imageId": AMI,
        "instanceId": INSTANCE,
        "region": region,
    }
    profile = f"arn:aws:iam::{ACCOUNT}:instance-profile/{ROLE}"
    info = {"Code": "Success", "LastUpdated": credentials["LastUpdated"], "InstanceProfileArn": profile}
    return {
        "dynamic/instance-identity/document": json.dumps(identity),
        "meta-data/ami-id": AMI,
        "meta-data/hostname": host,
        "meta-data/iam/info": json.dumps(info),
        CREDENTIALS: json.dumps(credentials),
        "meta-data/instance-id": INSTANCE,
        "meta-data/instance-type": "t3.micro",
        "meta-data/local-hostname": host,
        "meta-data/local-ipv4": ADDRESS,
        "meta-data/mac": MAC,
        "meta-data/placement/availability-zone": zone,
        "meta-data/placement/region": region,
        "meta-data/services/domain": "amazonaws.com",
        "meta-data/services/partition": "aws",
    }


def text_at(path: str, documents: Mapping[str, str]) -> str | None:
    """The document at a request's ``path``, or the listing of a folder; None where there is neither. A slash at the end changes nothing."""
    version, _, below = path.strip("/").partition("/")
    if not version:
        return "\n".join(VERSIONS)
    if version not in VERSIONS:
        return None
    return documents.get(below) or listing(below, documents)


def listing(folder: str, documents: Mapping[str, str]) -> str | None:
    """What is in ``folder``, a line each; None for a folder that is not there. That of a version writes no slashes."""
    inside = f"{folder}/" if folder else ""
    below = [path.removeprefix(inside) for path in documents if path.startswith(inside)]
    slash = "/" if folder else ""
    names = {path.partition("/")[0] + (slash if "/" in path else "") for path in below}
    return "\n".join(sorted(names)) or None
