"""Layers: published, given to functions, shared with other accounts."""

from __future__ import annotations

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control import caller as callers
from fogbank.services.lambda_.test_lambda import ACCOUNT, World, zipped
from fogbank.testing import TestCloud

OTHER = "111111111111"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:shared"


@pytest.fixture
def world(cloud: TestCloud) -> World:
    return World(cloud)


def publish(world: World, name: str = "shared", **more: object) -> str:
    made = world.call("PublishLayerVersion", LayerName=name, Content={"ZipFile": zipped(tool="x = 1")}, **more)
    return str(made["LayerVersionArn"])


def test_a_function_sees_its_layers(world: World) -> None:
    arn = publish(world, CompatibleRuntimes=["python3.11"], Description="tools")
    assert arn == f"{ARN}:1"
    second = publish(world, "more")
    made = world.make(Layers=[arn, second])
    assert [one["Arn"] for one in made["Layers"]] == [arn, second] and made["Layers"][0]["CodeSize"] > 100
    world.invoke()
    assert len(world.sandboxes.started[0].layers) == 2
    world.call("DeleteLayerVersion", LayerName="shared", VersionNumber=1)
    world.refused("GetLayerVersion", "ResourceNotFoundException", LayerName="shared", VersionNumber=1)
    world.call("UpdateFunctionConfiguration", FunctionName="f", Timeout=5)
    world.invoke()
    assert len(world.sandboxes.started[1].layers) == 2, "what a function has it keeps"
    given = {"FunctionName": "f", "Layers": [arn]}
    text = world.refused("UpdateFunctionConfiguration", "InvalidParameterValueException", **given)
    assert text == f"Layer version {arn} does not exist."


def test_layers_are_listed(world: World) -> None:
    publish(world, CompatibleRuntimes=["python3.11"])
    publish(world, CompatibleRuntimes=["nodejs20.x"])
    publish(world, "other")
    listed = world.call("ListLayers")["Layers"]
    assert [(one["LayerName"], one["LatestMatchingVersion"]["Version"]) for one in listed] == [
        ("other", 1),
        ("shared", 2),
    ]
    (matching,) = world.call("ListLayers", CompatibleRuntime="python3.11")["Layers"]
    assert matching["LatestMatchingVersion"]["Version"] == 1
    page = world.call("ListLayerVersions", LayerName="shared", MaxItems=1)
    assert [one["Version"] for one in page["LayerVersions"]] == [2]
    rest = world.call("ListLayerVersions", LayerName="shared", Marker=page["NextMarker"])
    assert [one["Version"] for one in rest["LayerVersions"]] == [1]
    assert world.call("GetLayerVersionByArn", Arn=f"{ARN}:2")["Version"] == 2


def test_another_account_has_a_layer_that_it_was_given(world: World) -> None:
    arn = publish(world)
    other = world.cloud.client("lambda", caller=callers.root(OTHER))
    with pytest.raises(AwsError, match="lambda:GetLayerVersion"):
        other("GetLayerVersionByArn", Arn=arn)
    given = {"LayerName": "shared", "VersionNumber": 1, "StatementId": "s"}
    world.call("AddLayerVersionPermission", **given, Action="lambda:GetLayerVersion", Principal=OTHER)
    assert other("GetLayerVersionByArn", Arn=arn)["LayerVersionArn"] == arn
    world.call("RemoveLayerVersionPermission", **given)
    with pytest.raises(AwsError, match="lambda:GetLayerVersion"):
        other("GetLayerVersionByArn", Arn=arn)
