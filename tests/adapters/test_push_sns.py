"""Push through SNS's platform endpoints: made, refreshed once, removed when dead."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from chalicelib.adapters.push_sns import Applications, SnsPush
from chalicelib.domain.errors import NotTaken, Unanswered, Undeliverable
from chalicelib.domain.stored import Outgoing
from tests.granted import named_by
from tests.granted import refused as refused_to

IPHONE = "0a" * 32


class Stage:
    """SNS with an application for each platform; `forgotten` are the tokens told dead."""

    def __init__(self, sns: Any) -> None:
        self.sns = sns
        self.forgotten: list[str] = []
        self.firebase, self.apple = (self._application(platform) for platform in ("GCM", "APNS"))
        self.push = SnsPush(sns, Applications(self.firebase, self.apple), self.forgotten.append)

    def _application(self, platform: str) -> str:
        made = self.sns.create_platform_application(
            Name="shop", Platform=platform, Attributes={"PlatformCredential": "key"}
        )
        return str(made["PlatformApplicationArn"])

    def send(self, *tokens: str) -> str:
        first, *others = tokens
        content = {"title": "Rain", "body": "Dry?"}
        return self.push.send(
            Outgoing("m_1", "rain", first, "Shop", channel="push", content=content, others=tuple(others))
        )

    def endpoints(self, application: str) -> dict[str, str]:
        """Token to ARN."""
        found = self.sns.list_endpoints_by_platform_application(PlatformApplicationArn=application)
        return {one["Attributes"]["Token"]: one["EndpointArn"] for one in found["Endpoints"]}

    def pushed(self, token: str) -> int:
        """How many messages the device's endpoint took."""
        from moto.sns.models import sns_backends

        backend = sns_backends["123456789012"]["us-east-2"]
        return sum(len(one.messages) for one in backend.platform_endpoints.values() if one.token == token)

    def disable(self, token: str) -> None:
        """The platform has said that the token is no longer valid."""
        known = self.endpoints(self.firebase) | self.endpoints(self.apple)
        self.sns.set_endpoint_attributes(EndpointArn=known[token], Attributes={"Enabled": "false"})


@pytest.fixture
def stage(aws: Callable[[str], Any]) -> Stage:
    from moto.sns.models import sns_backends

    sns_backends["123456789012"]["us-east-2"].reset()
    return Stage(aws("sns"))


def test_every_device_is_pushed_to_through_its_own_platform(stage: Stage) -> None:
    assert stage.send("one", IPHONE, "two")
    assert set(stage.endpoints(stage.firebase)) == {"one", "two"}
    assert set(stage.endpoints(stage.apple)) == {IPHONE}
    assert [stage.pushed(token) for token in ("one", "two", IPHONE)] == [1, 1, 1]


def test_a_second_message_uses_the_same_endpoint(stage: Stage) -> None:
    stage.send("one")
    known = stage.endpoints(stage.firebase)
    stage.send("one")
    assert (stage.endpoints(stage.firebase), stage.pushed("one")) == (known, 2)


def test_a_disabled_endpoint_is_enabled_once_and_removed_when_it_is_disabled_again(stage: Stage) -> None:
    stage.send("one", "two")
    stage.disable("one")
    stage.send("one", "two")
    assert (stage.pushed("one"), stage.forgotten) == (2, [])
    stage.disable("one")
    stage.send("one", "two")
    assert stage.forgotten == ["one"]
    assert (set(stage.endpoints(stage.firebase)), stage.pushed("two")) == ({"two"}, 3)


def test_an_endpoint_that_was_refreshed_goes_on_being_used(stage: Stage) -> None:
    stage.send("one")
    stage.disable("one")
    for _ in range(2):
        stage.send("one")
    assert (stage.pushed("one"), stage.forgotten) == (3, [])


def test_send_may_do_all_that_is_done_to_endpoints(stage: Stage) -> None:
    calls: list[list[str]] = []

    def note(model: Any, params: dict[str, Any], **_: Any) -> None:
        calls.append(["sns", model.name, named_by(params)])

    stage.sns.meta.events.register(
        "before-parameter-build.sns", lambda params, model, **_: note(model, params)
    )
    for _ in range(2):
        stage.send("one", IPHONE)
        stage.disable("one")
    stage.send("one", IPHONE)
    made = [call for call in calls if call[1] != "ListEndpointsByPlatformApplication"]
    done = {
        "CreatePlatformEndpoint",
        "Publish",
        "GetEndpointAttributes",
        "SetEndpointAttributes",
        "DeleteEndpoint",
    }
    assert {operation for _, operation, _ in made} == done
    assert refused_to("SendDeliveries", made) == set()
    assert ("sns:Publish", "endpoint/*") in refused_to("TakeFeedback", made)


def test_where_every_device_is_dead_the_message_is_given_up(stage: Stage) -> None:
    for _ in range(2):
        stage.send("one")
        stage.disable("one")
    with pytest.raises(Undeliverable, match="no-device"):
        stage.send("one")
    assert (stage.forgotten, stage.endpoints(stage.firebase)) == (["one"], {})


def refused(code: str, message: str = "", status: int = 400) -> ClientError:
    error: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(error, "Publish")


class Failing:
    """A client whose calls fail in turn, by operation; it takes what it isn't told to refuse."""

    def __init__(self, **faults: list[Exception | None]) -> None:
        self.faults = faults
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def _called(self, name: str, request: dict[str, Any]) -> None:
        self.calls.append((name, request))
        fault = self.faults[name].pop(0) if self.faults.get(name) else None
        if fault:
            raise fault

    def create_platform_endpoint(self, **request: Any) -> dict[str, str]:
        self._called("create_platform_endpoint", request)
        return {"EndpointArn": f"arn:endpoint/{request['Token']}"}

    def publish(self, **request: Any) -> dict[str, str]:
        self._called("publish", request)
        return {"MessageId": request["TargetArn"]}


def failing(tokens: tuple[str, ...], **faults: list[Exception | None]) -> tuple[Failing, Callable[[], str]]:
    client: Any = Failing(**faults)
    push = SnsPush(client, Applications("app"), lambda _: None)
    sent = Outgoing(
        "m_1",
        "rain",
        tokens[0],
        "Shop",
        channel="push",
        content={"title": "a", "body": "b"},
        others=tokens[1:],
    )
    return client, lambda: push.send(sent)


def test_a_message_that_one_device_took_is_sent() -> None:
    lost = ReadTimeoutError(endpoint_url="https://sns")
    _, send = failing(("one", "two", "three"), publish=[refused("Throttled"), lost, None])
    assert send() == "arn:endpoint/three"


@pytest.mark.parametrize(
    ("faults", "raised"),
    [
        ([refused("NotFound", status=404), refused("Throttled")], NotTaken),
        ([refused("Throttled"), ReadTimeoutError(endpoint_url="https://sns")], Unanswered),
        ([ReadTimeoutError(endpoint_url="https://sns"), refused("InternalError", status=500)], Unanswered),
    ],
)
def test_a_message_that_no_device_took_is_repeated_only_if_none_may_have(
    faults: list[Exception | None], raised: type[Exception]
) -> None:
    _, send = failing(("one", "two"), publish=faults)
    with pytest.raises(raised):
        send()


def test_a_token_that_the_platform_never_gave_is_dead_from_the_start() -> None:
    malformed = refused("InvalidParameter", "Invalid parameter: Token Reason: tokens must be hexadecimal")
    client, send = failing(("one",), create_platform_endpoint=[malformed])
    with pytest.raises(Undeliverable):
        send()
    assert [name for name, _ in client.calls] == ["create_platform_endpoint"]


def test_a_message_is_handed_over_as_each_platforms_own_payload() -> None:
    client, send = failing(("one",))
    send()
    (published,) = [request for name, request in client.calls if name == "publish"]
    assert published["MessageStructure"] == "json"
    assert set(json.loads(published["Message"])) == {"default", "GCM", "APNS", "APNS_SANDBOX"}


@pytest.mark.parametrize(
    ("applications", "token", "application"),
    [
        (Applications("firebase"), IPHONE, "firebase"),
        (Applications("firebase", "apple"), IPHONE, "apple"),
        (Applications("firebase", "apple"), "fcm:token", "firebase"),
        (Applications(apple="apple"), "fcm:token", "apple"),
    ],
)
def test_a_token_goes_to_its_own_platform_where_that_is_set_up(
    applications: Applications, token: str, application: str
) -> None:
    assert applications.of(token) == application
