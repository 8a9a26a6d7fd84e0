"""The packaged template is what AWS gets, so its promises are read off the file itself."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.lake_lines import DAY, PASS_TAKES, SETTLED_AFTER
from chalicelib.domain.sns_messages import VERSION

Template = dict[str, Any]

HANDLERS = {
    "APIHandler": "app.app",
    "IngestEvents": "chalicelib.entrypoints.ingest.ingest_events",
    "RelayOutbox": "chalicelib.entrypoints.relay.relay_outbox",
    "SendDeliveries": "chalicelib.entrypoints.send.send_deliveries",
    "TakeFeedback": "chalicelib.entrypoints.feedback.take_feedback",
    "Tick": "chalicelib.entrypoints.tick.tick",
    "RunJobs": "chalicelib.entrypoints.jobs.run_jobs",
}
MEMORY_AND_TIMEOUT = {
    "APIHandler": (1769, 29),
    "IngestEvents": (1769, 120),
    "RelayOutbox": (512, 60),
    "SendDeliveries": (512, 60),
    "TakeFeedback": (512, 60),
    "Tick": (512, 55),
    "RunJobs": (1024, 30),
}
QUEUES = {
    "IngestEvents": ("EventsQueue", 1000, 1),
    "SendDeliveries": ("DeliveriesQueue", 10, 0),
    "TakeFeedback": ("FeedbackQueue", 100, 1),
    "RunJobs": ("JobsQueue", 1, 0),
}
KEYS = {
    "Profiles": {"id": ("HASH", "S")},
    "Timeline": {"profile": ("HASH", "S"), "at": ("RANGE", "S")},
    "Deliveries": {"id": ("HASH", "S")},
    "Agenda": {"slot": ("HASH", "S"), "due": ("RANGE", "S")},
    "Groups": {"shard": ("HASH", "S"), "profile": ("RANGE", "S")},
    "Playbooks": {"name": ("HASH", "S"), "version": ("RANGE", "N")},
    "Tallies": {"key": ("HASH", "S"), "part": ("RANGE", "S")},
    "Stops": {"hash": ("HASH", "S")},
    "Rejected": {"day": ("HASH", "S"), "id": ("RANGE", "S")},
    "Quarantine": {"slot": ("HASH", "S"), "at": ("RANGE", "S")},
    "Keys": {"hash": ("HASH", "S")},
}
FORGETFUL = {"Timeline", "Deliveries", "Agenda", "Rejected", "Quarantine", "Tallies"}


def of_type(template: Template, kind: str) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in template["Resources"].items() if each["Type"] == kind}


def source_of(template: Template, function: str) -> dict[str, Any]:
    (source,) = template["Resources"][function]["Properties"]["Events"].values()
    properties: dict[str, Any] = source["Properties"]
    return properties


def statements_of(template: Template, function: str) -> list[dict[str, Any]]:
    (policy,) = template["Resources"][f"{function}Role"]["Properties"]["Policies"]
    statements: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return statements


def test_every_handler_is_a_function_and_no_other_is_there(template: Template) -> None:
    functions = of_type(template, "AWS::Serverless::Function")
    assert {name: each["Handler"] for name, each in functions.items()} == HANDLERS


@pytest.mark.parametrize("function", HANDLERS)
def test_a_function_has_its_memory_and_its_time(template: Template, function: str) -> None:
    properties = template["Resources"][function]["Properties"]
    assert (properties["MemorySize"], properties["Timeout"]) == MEMORY_AND_TIMEOUT[function]
    assert properties["Tracing"] == "PassThrough"


def test_functions_learn_of_everything_that_settings_read(template: Template) -> None:
    source = Path("chalicelib/settings.py").read_text()
    names = template["Globals"]["Function"]["Environment"]["Variables"]
    given = {name for name in names if name.startswith("TOPEKA_")}
    # Local secrets stand in for the two of Secrets Manager, and only local webhooks go to where nobody else's may; the
    # others have defaults that suit AWS.
    local = {"TOPEKA_SECRET", "TOPEKA_PREVIOUS_SECRET", "TOPEKA_WEBHOOK_ALLOW"}
    elsewhere = local | {"TOPEKA_COMMIT_POOL", "TOPEKA_SEND_POOL", "TOPEKA_SHARDS", "TOPEKA_MOST_EVENTS"}
    assert given | elsewhere == {word for word in source.split('"') if word.startswith("TOPEKA_")}
    assert names["TOPEKA_EVENTS_QUEUE"] == {"Ref": "EventsQueue"}


@pytest.mark.parametrize("function", QUEUES)
def test_a_queue_is_polled_in_batches_that_report_what_failed(template: Template, function: str) -> None:
    queue, batch, window = QUEUES[function]
    source = source_of(template, function)
    assert source["Queue"] == {"Fn::GetAtt": [queue, "Arn"]}
    assert (source["BatchSize"], source["MaximumBatchingWindowInSeconds"]) == (batch, window)
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("function", QUEUES)
def test_a_queue_waits_six_timeouts_and_gives_up_into_a_dead_letter_queue(
    template: Template, function: str
) -> None:
    queues = of_type(template, "AWS::SQS::Queue")
    queue = queues[QUEUES[function][0]]
    assert queue["VisibilityTimeout"] >= 6 * template["Resources"][function]["Properties"]["Timeout"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    (dead, _) = queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"]
    assert queues[dead]["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_relay_sees_only_versions_with_an_outbox_and_is_never_blocked_for_good(template: Template) -> None:
    source = source_of(template, "RelayOutbox")
    pattern = '{"dynamodb": {"NewImage": {"outbox": {"B": [{"exists": true}]}}}}'
    assert source["Stream"] == {"Fn::GetAtt": ["ProfilesTable", "StreamArn"]}
    assert source["FilterCriteria"] == {"Filters": [{"Pattern": pattern}]}
    assert source["BisectBatchOnFunctionError"] is True
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["MaximumRetryAttempts"] == 100
    assert source["MaximumRecordAgeInSeconds"] == 24 * 3600
    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert source["DestinationConfig"]["OnFailure"]["Destination"] == {
        "Fn::GetAtt": ["RelayDeadQueue", "Arn"]
    }


def test_one_batch_of_a_shard_at_a_time_because_each_counts_with_one_write(template: Template) -> None:
    assert source_of(template, "RelayOutbox")["ParallelizationFactor"] == 1


def test_tick_rings_every_minute(template: Template) -> None:
    assert source_of(template, "Tick") == {"Schedule": "rate(1 minute)"}


@pytest.mark.parametrize("function", HANDLERS)
def test_a_role_names_what_it_allows(template: Template, function: str) -> None:
    for statement in statements_of(template, function):
        assert all("*" not in action for action in statement["Action"])
        if "Resource" not in statement:
            # A phone number has no ARN: everything is allowed that has none.
            assert statement["Action"] == ["sns:Publish"]
            assert statement["NotResource"] == {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"}
        elif statement["Resource"] == "*":
            # Nor has the account.
            assert statement["Action"] == ["ses:GetAccount"]


def test_send_alone_sends_mail_and_nobody_publishes_to_topics(template: Template) -> None:
    mailers, texters, end_user = set(), set(), set()
    for function in HANDLERS:
        for statement in statements_of(template, function):
            mailers |= {function} if "ses:SendEmail" in statement["Action"] else set()
            texters |= {function} if "sns:Publish" in statement["Action"] else set()
            end_user |= {function} if "sms-voice:SendTextMessage" in statement["Action"] else set()
    assert mailers == {"SendDeliveries"}
    # Feedback answers a customer's HELP.
    assert texters == end_user == {"SendDeliveries", "TakeFeedback"}
    for function in texters:
        published = [each for each in statements_of(template, function) if "sns:Publish" in each["Action"]]
        named = [one["Fn::Sub"] for each in published for one in each.get("Resource", ())]
        # A topic's name has no slash.
        assert all(one.endswith((":endpoint/*", ":app/*")) for one in named)
        assert bool(named) is (function == "SendDeliveries")


@pytest.mark.parametrize("function", HANDLERS)
def test_a_function_runs_under_its_own_role_and_writes_its_own_log(template: Template, function: str) -> None:
    properties = template["Resources"][function]["Properties"]
    log = template["Resources"][f"{function}Logs"]["Properties"]
    written = [each for each in statements_of(template, function) if "logs:PutLogEvents" in each["Action"]]
    assert properties["Role"] == {"Fn::GetAtt": [f"{function}Role", "Arn"]}
    logged = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "WARN"}
    assert properties["LoggingConfig"] == {"LogGroup": {"Ref": f"{function}Logs"}, **logged}
    assert log["RetentionInDays"] == 30
    assert [each["Resource"] for each in written] == [{"Fn::GetAtt": [f"{function}Logs", "Arn"]}]


def test_a_function_may_poll_what_feeds_it_and_no_other_queue(template: Template) -> None:
    for function in HANDLERS:
        polled = [
            each["Resource"]["Fn::GetAtt"][0]
            for each in statements_of(template, function)
            if "sqs:ReceiveMessage" in each["Action"]
        ]
        assert polled == ([QUEUES[function][0]] if function in QUEUES else [])


def test_tables_have_the_keys_that_adapters_write(template: Template) -> None:
    found = {}
    for name, table in of_type(template, "AWS::DynamoDB::Table").items():
        types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
        keys = {each["AttributeName"]: each["KeyType"] for each in table["KeySchema"]}
        found[name.removesuffix("Table")] = {key: (kind, types[key]) for key, kind in keys.items()}
    assert found == KEYS


@pytest.mark.parametrize("name", KEYS)
def test_a_table_is_paid_by_use_restorable_and_kept(template: Template, name: str) -> None:
    resource = template["Resources"][f"{name}Table"]
    table = resource["Properties"]
    forgets = {"AttributeName": "expires", "Enabled": True} if name in FORGETFUL else None
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table.get("TimeToLiveSpecification") == forgets
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_only_profiles_stream_and_with_the_new_version_alone(template: Template) -> None:
    tables = of_type(template, "AWS::DynamoDB::Table")
    streams = {name: each.get("StreamSpecification") for name, each in tables.items()}
    assert {name: each for name, each in streams.items() if each} == {
        "ProfilesTable": {"StreamViewType": "NEW_IMAGE"}
    }


def test_every_name_carries_the_stage(template: Template) -> None:
    naming = {
        "TableName",
        "QueueName",
        "TopicName",
        "BucketName",
        "AlarmName",
        "LogGroupName",
        "DeliveryStreamName",
    }
    names = [
        each["Properties"][field]
        for each in template["Resources"].values()
        for field in naming & each["Properties"].keys()
    ]
    assert len(names) > 30
    assert all("${Stage}" in name["Fn::Sub"] for name in names)


def test_the_api_has_its_stage_its_name_and_takes_bytes(template: Template) -> None:
    api = template["Resources"]["RestAPI"]["Properties"]
    assert api["StageName"] == "api"
    assert api["Name"] == {"Fn::Sub": "topeka-${Stage}"}
    assert api["DefinitionBody"]["x-amazon-apigateway-binary-media-types"] == ["*/*"]
    assert "/v1/batch" in api["DefinitionBody"]["paths"]


def test_what_the_gateway_answers_by_itself_is_in_the_contracts_shape(template: Template) -> None:
    api = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    answers = api["x-amazon-apigateway-gateway-responses"]
    for answer in answers.values():
        error = json.loads(answer["responseTemplates"]["application/json"])["error"]
        assert error.keys() == {"code", "message"} and error["message"].endswith(".")
    status = {name: answer.get("statusCode") for name, answer in answers.items()}
    assert (status["MISSING_AUTHENTICATION_TOKEN"], status["REQUEST_TOO_LARGE"]) == ("404", "400")
    for name, expected in (("THROTTLED", "429"), ("DEFAULT_5XX", "503")):
        assert status[name] == expected
        assert "gatewayresponse.header.Retry-After" in answers[name]["responseParameters"]


def test_someone_is_told_of_dead_letters_lag_and_errors(template: Template) -> None:
    alarms = of_type(template, "AWS::CloudWatch::Alarm")
    dead = {name for name in of_type(template, "AWS::SQS::Queue") if name.endswith("DeadQueue")}
    watched = {
        each["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for each in alarms.values()
        if each["MetricName"] == "ApproximateNumberOfMessagesVisible"
    }
    assert watched == dead
    assert alarms["RelayLagsAlarm"]["Threshold"] == 3600 * 1000
    assert alarms["ApiFailsAlarm"]["MetricName"] == "5XXError"
    assert all(each["AlarmActions"] == [{"Ref": "AlarmTopic"}] for each in alarms.values())


def test_someone_is_told_of_events_set_aside_and_what_to_do(template: Template) -> None:
    alarm = template["Resources"]["EventsSetAsideAlarm"]["Properties"]
    names = template["Globals"]["Function"]["Environment"]["Variables"]
    assert alarm["Namespace"] == names["POWERTOOLS_METRICS_NAMESPACE"]
    assert alarm["Dimensions"] == [{"Name": "service", "Value": names["POWERTOOLS_SERVICE_NAME"]}]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("EventsSetAside", 0)
    paths = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    for path in ("/v1/quarantine", "/v1/quarantine/{profile}", "/v1/quarantine/{profile}/release"):
        assert path in paths and path in alarm["AlarmDescription"]
    assert len(alarm["AlarmDescription"]) <= 1024


def test_feedback_reaches_its_queue_in_an_envelope(template: Template) -> None:
    subscriptions = of_type(template, "AWS::SNS::Subscription")
    queue = {"Fn::GetAtt": ["FeedbackQueue", "Arn"]}
    assert {each["TopicArn"]["Ref"] for each in subscriptions.values()} == {"FeedbackTopic", "InboundTopic"}
    assert all(each["Endpoint"] == queue for each in subscriptions.values())
    assert all("RawMessageDelivery" not in each for each in subscriptions.values())


def test_notifications_are_signed_as_they_are_checked(template: Template) -> None:
    for topic in ("FeedbackTopic", "InboundTopic"):
        assert template["Resources"][topic]["Properties"]["SignatureVersion"] == VERSION
    names = template["Globals"]["Function"]["Environment"]["Variables"]
    assert names["TOPEKA_FEEDBACK_TOPIC"] == {"Ref": "FeedbackTopic"}
    assert names["TOPEKA_INBOUND_TOPIC"] == {"Ref": "InboundTopic"}


def test_the_lake_is_encrypted_closed_and_filed_by_day(template: Template) -> None:
    bucket = template["Resources"]["Bucket"]["Properties"]
    stream = template["Resources"]["LakeStream"]["Properties"]["ExtendedS3DestinationConfiguration"]
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert stream["Prefix"] == "lake/!{timestamp:yyyy/MM/dd}/"


def test_what_the_lake_loses_by_an_erasure_is_nowhere_else(template: Template) -> None:
    """No earlier version of a file; and what could not be delivered is gone before the stated date."""
    bucket = template["Resources"]["Bucket"]["Properties"]
    assert not {"VersioningConfiguration", "ObjectLockEnabled", "ReplicationConfiguration"} & bucket.keys()
    (errors,) = [
        rule for rule in bucket["LifecycleConfiguration"]["Rules"] if rule.get("Prefix") == "lake-errors/"
    ]
    # Under way for two days, and S3 counts from the next midnight.
    assert (2 + errors["ExpirationInDays"] + 1) * DAY <= SETTLED_AFTER + PASS_TAKES


def test_letters_go_before_what_an_erasure_promises(template: Template) -> None:
    bucket = template["Resources"]["Bucket"]["Properties"]
    (letters,) = [rule for rule in bucket["LifecycleConfiguration"]["Rules"] if rule.get("Prefix") == "mail/"]
    assert (1 + letters["ExpirationInDays"] + 1) * DAY <= SETTLED_AFTER + PASS_TAKES


def test_jobs_alone_read_and_rewrite_the_lake_and_only_it_and_send_write_letters(template: Template) -> None:
    for function in HANDLERS:
        allowed = {
            (action, json.dumps(each["Resource"]))
            for each in statements_of(template, function)
            for action in each["Action"]
            if action.startswith("s3:")
        }
        objects = '{"Fn::Sub": "${Bucket.Arn}/lake/*"}'
        wanted = {("s3:ListBucket", '{"Fn::GetAtt": ["Bucket", "Arn"]}')} | {
            (f"s3:{action}Object", objects) for action in ("Get", "Put", "Delete")
        }
        letters = '{"Fn::Sub": "${Bucket.Arn}/mail/*"}'
        wanted |= {(f"s3:{action}Object", letters) for action in ("Get", "Put", "Delete")}
        sends = {("s3:PutObject", letters)} if function == "SendDeliveries" else set()
        assert allowed == (wanted if function == "RunJobs" else sends)


def test_secrets_are_made_by_aws_and_outlive_the_stack(template: Template) -> None:
    for name in ("WorkspaceSecret", "DoorKey"):
        secret = template["Resources"][name]
        assert secret["DeletionPolicy"] == "RetainExceptOnCreate"
        assert secret["Properties"]["GenerateSecretString"]["PasswordLength"] == 64


def test_what_is_packaged_is_the_application_and_what_it_needs(packaged: Path) -> None:
    with zipfile.ZipFile(packaged / "deployment.zip") as code:
        names = {name.split("/")[0] for name in code.namelist()}
        unpacked = sum(each.file_size for each in code.infolist())
    assert {"app.py", "chalicelib", "chalice", "msgspec", "liquid", "mjml", "tzdata"} <= names
    assert not names & {"infra", "tests", "events", "moto", "boto3", "botocore"}
    # Lambda's limit is 250 MB.
    assert unpacked < 120_000_000


def test_cfn_lint_finds_nothing(packaged: Path) -> None:
    lint = [str(Path(sys.executable).with_name("cfn-lint")), str(packaged / "sam.json")]
    found = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")
