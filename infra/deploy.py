"""Brings a stage to AWS: `python -m infra.deploy --packaged build/packaged --stage dev [--base-url https://...]`.

Uploads the packaged code and template to a bucket of the account's own, then creates or updates the stack
`topeka-<stage>`. Running it again changes nothing where nothing changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.account import missing
from infra.package import CODE, DEFAULT_OUT, TEMPLATE

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
#: Parameters that may be chosen: who carries SMS (`sns` or `end-user-messaging`).
CHOSEN = {"Sms": "--sms", "SmsConfigurationSet": "--sms-configuration-set"}


def upload(s3: Any, bucket: str, packaged: Path) -> str:
    """Put code and template into the bucket, named by their content; gives the template's key."""
    code = (packaged / CODE).read_bytes()
    code_key = f"{_fingerprint(code)}.zip"
    s3.put_object(Bucket=bucket, Key=code_key, Body=code)
    template = (packaged / TEMPLATE).read_text().replace(f"./{CODE}", f"s3://{bucket}/{code_key}").encode()
    template_key = f"{_fingerprint(template)}.json"
    s3.put_object(Bucket=bucket, Key=template_key, Body=template)
    return template_key


def own_bucket(s3: Any, account: str, region: str) -> str:
    """The account's bucket for packages, made if it isn't there."""
    name = f"topeka-packages-{account}-{region}"
    if name not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        # The oldest region is the one that may not be named.
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=name, **place)
        closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(closed, True))
    return name


def deploy(
    cloudformation: Any, stage: str, template_url: str, base_url: str, chosen: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Create or update the stage's stack; gives its outputs.

    Links in messages start with the API's address, which exists only once the API does: so the first deployment
    of a stage that brings no address of its own is applied twice. `chosen` are parameters that a later deployment
    keeps where it doesn't choose them anew.
    """
    stack = f"topeka-{stage}"
    known = base_url or _outputs(cloudformation, stack).get("EndpointURL", "")
    further = {**_chosen_before(cloudformation, stack), **{k: v for k, v in (chosen or {}).items() if v}}
    _apply(cloudformation, stack, template_url, {"Stage": stage, "BaseUrl": known.rstrip("/"), **further})
    outputs = _outputs(cloudformation, stack)
    if not known:
        parameters = {"Stage": stage, "BaseUrl": outputs["EndpointURL"].rstrip("/"), **further}
        _apply(cloudformation, stack, template_url, parameters)
    return outputs


def _chosen_before(cloudformation: Any, stack: str) -> dict[str, str]:
    held = (_describe(cloudformation, stack) or {}).get("Parameters", ())
    return {each["ParameterKey"]: each["ParameterValue"] for each in held if each["ParameterKey"] in CHOSEN}


def _apply(cloudformation: Any, stack: str, template_url: str, parameters: dict[str, str]) -> None:
    from botocore.exceptions import ClientError

    creating = _describe(cloudformation, stack) is None
    change = cloudformation.create_stack if creating else cloudformation.update_stack
    named = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    try:
        change(StackName=stack, TemplateURL=template_url, Parameters=named, Capabilities=CAPABILITIES)
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return
        raise
    waiter = cloudformation.get_waiter("stack_create_complete" if creating else "stack_update_complete")
    print(f"{'creating' if creating else 'updating'} {stack} ...")
    waiter.wait(StackName=stack)


def _describe(cloudformation: Any, stack: str) -> dict[str, Any] | None:
    from botocore.exceptions import ClientError

    try:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return found


def _outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    described = _describe(cloudformation, stack) or {}
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def _fingerprint(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Bring a stage to AWS.")
    parser.add_argument("--packaged", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--base-url", default="")
    for name, option in CHOSEN.items():
        parser.add_argument(option, dest=name, default="")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> str | None:
    """Deploy, or say in one sentence what is missing."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    asked = _arguments(argv)
    session: Any = boto3.Session()
    if lacking := missing(asked.stage, session):
        return lacking
    try:
        account = session.client("sts").get_caller_identity()["Account"]
        s3 = session.client("s3")
        bucket = own_bucket(s3, account, session.region_name)
        key = upload(s3, bucket, asked.packaged)
        url = f"https://{bucket}.s3.{session.region_name}.{_suffix(session)}/{key}"
        chosen = {name: getattr(asked, name) for name in CHOSEN}
        outputs = deploy(session.client("cloudformation"), asked.stage, url, asked.base_url, chosen)
    except (BotoCoreError, ClientError) as error:
        return f"AWS refused: {error}"
    print(json.dumps(outputs, indent=2))
    return None


def _suffix(session: Any) -> str:
    """`amazonaws.com`, or what it is in the partition of this region."""
    return "amazonaws.com.cn" if session.region_name.startswith("cn-") else "amazonaws.com"


if __name__ == "__main__":
    sys.exit(main())
