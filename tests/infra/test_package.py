"""Laying `infra/` over what Chalice makes."""

from __future__ import annotations

from typing import Any

import pytest

from infra.package import merge, overlay
from infra.roles import roles_and_logs


def test_objects_join_key_by_key() -> None:
    base = {"Resources": {"Tick": {"Properties": {"Timeout": 60, "Runtime": "python3.11"}}}}
    over = {"Resources": {"Tick": {"Properties": {"Timeout": 55}}, "Extra": {}}}
    assert merge(base, over) == {
        "Resources": {"Tick": {"Properties": {"Timeout": 55, "Runtime": "python3.11"}}, "Extra": {}}
    }


def test_anything_but_an_object_is_replaced_whole() -> None:
    assert merge({"Queue": "arn:aws:sqs:::events"}, {"Queue": {"Ref": "Events"}}) == {
        "Queue": {"Ref": "Events"}
    }
    assert merge({"List": [1, 2]}, {"List": [3]}) == {"List": [3]}


def test_merging_leaves_what_it_was_given_alone() -> None:
    base: dict[str, Any] = {"Resources": {"A": {}}}
    merge(base, {"Resources": {"B": {}}})
    assert base == {"Resources": {"A": {}}}


def test_grants_name_only_functions_and_resources_that_exist() -> None:
    resources = overlay()["Resources"]
    for function in (
        "APIHandler",
        "IngestEvents",
        "RelayOutbox",
        "SendDeliveries",
        "TakeFeedback",
        "Tick",
        "RunJobs",
    ):
        (policy,) = resources[f"{function}Role"]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]:
            named = statement.get("Resource") or statement["NotResource"]
            assert _names(named) <= resources.keys()


def test_a_service_nobody_knows_how_to_grant_stops_the_packaging() -> None:
    with pytest.raises(KeyError, match="lambda"):
        roles_and_logs({"Tick": {"lambda": {"Tick": ["InvokeFunction"]}}}, {"Tick": {"Properties": {}}})


def _names(resource: Any) -> set[str]:
    """The template's own resources that an ARN is made of."""
    if isinstance(resource, list):
        return set().union(*(_names(each) for each in resource))
    if isinstance(resource, str):
        return set()
    if "Fn::GetAtt" in resource:
        return {resource["Fn::GetAtt"][0]}
    if "Ref" in resource:
        return {resource["Ref"]}
    parts = [part.split("}")[0] for part in resource["Fn::Sub"].split("${")[1:]]
    return {part.split(".")[0] for part in parts if not part.startswith("AWS::")}
