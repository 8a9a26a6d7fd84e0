"""Deploying: S3 is moto's; CloudFormation is a fake by hand, because moto has no serverless transform."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra import deploy

URL = "https://packages.s3.us-east-1.amazonaws.com/template.json"
API = "https://abc.execute-api.us-east-1.amazonaws.com/api/"


@dataclass
class FakeCloudFormation:
    """One stack: what was asked of it, and whether it stands."""

    stack: dict[str, Any] | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    waited: list[str] = field(default_factory=list)

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if self.stack is None:
            raise _refusal("DescribeStacks", f"Stack with id {StackName} does not exist")
        return {"Stacks": [self.stack]}

    def create_stack(self, **request: Any) -> None:
        self._change("create", request)

    def update_stack(self, **request: Any) -> None:
        before = [parameters for _, parameters in self.asked]
        if before and before[-1] == _parameters(request):
            raise _refusal("UpdateStack", "No updates are to be performed.")
        self._change("update", request)

    def _change(self, kind: str, request: dict[str, Any]) -> None:
        assert request["Capabilities"] == ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        assert request["TemplateURL"] == URL
        self.asked.append((kind, _parameters(request)))
        self.stack = {"Outputs": [{"OutputKey": "EndpointURL", "OutputValue": API}]}

    def get_waiter(self, name: str) -> FakeCloudFormation:
        self.waited.append(name)
        return self

    def wait(self, *, StackName: str) -> None:  # noqa: N803 - boto3's name
        assert StackName == "topeka-dev"


def _parameters(request: dict[str, Any]) -> dict[str, str]:
    return {each["ParameterKey"]: each["ParameterValue"] for each in request["Parameters"]}


def _refusal(operation: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": "ValidationError", "Message": message}}, operation)


def test_a_first_deployment_is_applied_again_with_the_address_it_made() -> None:
    cloudformation = FakeCloudFormation()
    outputs = deploy.deploy(cloudformation, "dev", URL, "")
    assert cloudformation.asked == [
        ("create", {"Stage": "dev", "BaseUrl": ""}),
        ("update", {"Stage": "dev", "BaseUrl": API.rstrip("/")}),
    ]
    assert cloudformation.waited == ["stack_create_complete", "stack_update_complete"]
    assert outputs == {"EndpointURL": API}


def test_who_carries_sms_is_told_and_stays_until_told_otherwise() -> None:
    cloudformation = FakeCloudFormation(stack={"Outputs": [{"OutputKey": "EndpointURL", "OutputValue": API}]})
    end_user = {"Sms": "end-user-messaging", "SmsConfigurationSet": "topeka-dev"}
    deploy.deploy(cloudformation, "dev", URL, "", end_user)
    (_, told) = cloudformation.asked.pop()
    assert {name: told[name] for name in end_user} == end_user

    stands = [{"ParameterKey": name, "ParameterValue": value} for name, value in told.items()]
    cloudformation.stack = {**(cloudformation.stack or {}), "Parameters": stands}
    deploy.deploy(cloudformation, "dev", URL, "", {"Sms": "sns", "SmsConfigurationSet": ""})
    assert cloudformation.asked.pop()[1] == {**told, "Sms": "sns"}


def test_a_later_deployment_is_applied_once_and_keeps_the_address() -> None:
    cloudformation = FakeCloudFormation()
    deploy.deploy(cloudformation, "dev", URL, "")
    cloudformation.asked.clear()
    deploy.deploy(cloudformation, "dev", URL, "")
    assert cloudformation.asked == [("update", {"Stage": "dev", "BaseUrl": API.rstrip("/")})]


def test_an_address_of_ones_own_is_taken_at_once() -> None:
    cloudformation = FakeCloudFormation()
    deploy.deploy(cloudformation, "dev", URL, "https://crm.example.com/")
    assert cloudformation.asked == [("create", {"Stage": "dev", "BaseUrl": "https://crm.example.com"})]


def test_what_was_chosen_once_is_kept_until_it_is_chosen_anew() -> None:
    arn = "arn:aws:sns:us-east-2:123456789012:app/GCM/shop"
    held = [
        {"ParameterKey": "PushFirebase", "ParameterValue": arn},
        {"ParameterKey": "Stage", "ParameterValue": "x"},
    ]
    cloudformation = FakeCloudFormation(stack={"Outputs": [], "Parameters": held})
    deploy.deploy(
        cloudformation, "dev", URL, "https://crm.example.com", {"PushFirebase": "", "PushApple": "a"}
    )
    asked = {"Stage": "dev", "BaseUrl": "https://crm.example.com", "PushFirebase": arn, "PushApple": "a"}
    assert cloudformation.asked == [("update", asked)]


def test_where_nothing_changed_nothing_is_waited_for() -> None:
    cloudformation = FakeCloudFormation()
    deploy.deploy(cloudformation, "dev", URL, "https://crm.example.com")
    cloudformation.waited.clear()
    deploy.deploy(cloudformation, "dev", URL, "https://crm.example.com")
    assert cloudformation.waited == []


def test_another_refusal_is_not_taken_for_no_change() -> None:
    class Stuck(FakeCloudFormation):
        def update_stack(self, **request: Any) -> None:
            raise _refusal("UpdateStack", "Stack is in ROLLBACK_COMPLETE state and can not be updated.")

    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE"):
        deploy.deploy(Stuck(stack={"Outputs": []}), "dev", URL, "https://crm.example.com")


@mock_aws
def test_code_and_template_are_uploaded_by_their_content_into_a_closed_bucket(tmp_path: Path) -> None:
    (tmp_path / "deployment.zip").write_bytes(b"code")
    (tmp_path / "sam.json").write_text('{"CodeUri": "./deployment.zip"}')
    s3 = boto3.client("s3", region_name="us-east-1")
    bucket = deploy.own_bucket(s3, "123456789012", "us-east-1")
    key = deploy.upload(s3, bucket, tmp_path)
    template = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    (code,) = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"] if each["Key"] != key]
    closed = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert template == f'{{"CodeUri": "s3://{bucket}/{code}"}}'
    assert deploy.own_bucket(s3, "123456789012", "us-east-1") == bucket
    assert all(closed.values())


@pytest.mark.parametrize("stage", ["", "Dev", "a stage", "9lives", "a" * 21])
def test_a_stage_must_have_a_name_that_aws_takes(stage: str) -> None:
    assert "make deploy STAGE=dev" in (deploy.main(["--stage", stage]) or "")


def test_missing_credentials_are_said_plainly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert "No AWS credentials found" in (deploy.main(["--stage", "dev"]) or "")
