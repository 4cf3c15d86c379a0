"""What can be ordered: engines and their versions, classes, storage, certificates, quotas, regions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.model.regions import dns_suffix, regions_of
from fogbank.services.rds import certificates, classes, engines, instances, listing, logins, quotas, tagging
from fogbank.services.rds.engines import AURORA, POSTGRES

_DESCRIPTIONS = {POSTGRES: "PostgreSQL", AURORA: "Aurora (Compatible with PostgreSQL)"}
_ORDERABLE_MAX = 10_000
_STORAGE = {"gp2": (20, 65_536), "gp3": (20, 65_536), "io1": (100, 65_536), "io2": (100, 65_536)}
_IOPS = {"gp3": (12_000, 64_000), "io1": (1_000, 256_000), "io2": (1_000, 256_000)}


def describe_db_engine_versions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    listing.check_filters(req, ("db-parameter-group-family", "engine", "engine-mode", "engine-version", "status"))
    wanted, found = req.get("EngineVersion", ""), ctx.planes.databases.versions()
    rows = [
        _version(ctx, engine, version)
        for engine in sorted(engines.ENGINES)
        for version in reversed(found[:1] if req.get("DefaultOnly") and not wanted else found)
        if req.get("Engine", engine) == engine and wanted in ("", version, version.partition(".")[0])
    ]
    family = req.get("DBParameterGroupFamily", "")
    rows = [row for row in rows if family in ("", row["DBParameterGroupFamily"])]
    for one in req.get("Filters", ()):
        member = _VERSION_FILTERS.get(one["Name"])
        rows = [row for row in rows if member is None or row[member] in one["Values"]]
    return listing.page(req, "DBEngineVersions", listing.numbered(rows))


_VERSION_FILTERS = {
    "db-parameter-group-family": "DBParameterGroupFamily",
    "engine": "Engine",
    "engine-version": "EngineVersion",
    "status": "Status",
}


def describe_db_major_engine_versions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    wanted = req.get("MajorEngineVersion", "")
    majors = sorted({version.partition(".")[0] for version in ctx.planes.databases.versions()}, key=int)
    rows = [
        {"Engine": engine, "MajorEngineVersion": major, "SupportedEngineLifecycles": []}
        for engine in sorted(engines.ENGINES)
        for major in majors
        if req.get("Engine", engine) == engine and wanted in ("", major)
    ]
    return listing.page(req, "DBMajorEngineVersions", listing.numbered(rows))


def describe_orderable_db_instance_options(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    listing.check_filters(req)
    engine = engines.checked_engine(req["Engine"])
    wanted, sized = req.get("EngineVersion", ""), req.get("DBInstanceClass", "")
    found = ctx.as_service().call("ec2", "DescribeAvailabilityZones")["AvailabilityZones"]
    zones, abilities = [{"Name": one["ZoneName"]} for one in found], ctx.planes.databases.abilities
    rows = (
        {
            **_orderable(engine, version, name, storage),
            "AvailabilityZones": zones,
            "SupportsIAMDatabaseAuthentication": not logins.lacking(abilities(version)),
        }
        for version in reversed(ctx.planes.databases.versions())
        if wanted in ("", version, version.partition(".")[0])
        for name in (one.name for one in classes.of_engine(engine))
        if sized in ("", name)
        for storage in (("aurora", "aurora-iopt1") if engine == AURORA else sorted(_STORAGE))
    )
    return listing.page(req, "OrderableDBInstanceOptions", listing.numbered(rows), _ORDERABLE_MAX)


def describe_valid_db_instance_modifications(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    instance = instances.one(ctx, req["DBInstanceIdentifier"])
    instances.must_be(instance, "available", "stopped", "storage-optimization")
    storage = [] if instance.cluster_id else [_storage(name) for name in sorted(_STORAGE)]
    return {"ValidDBInstanceModificationsMessage": {"Storage": storage, "ValidProcessorFeatures": []}}


def describe_certificates(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    listing.check_filters(req)
    wanted = req.get("CertificateIdentifier", "")
    if wanted:
        certificates.checked(wanted)
    assert ctx.planes.authority is not None
    authority = ctx.planes.authority()
    rows = (
        (
            name,
            {
                "CertificateIdentifier": name,
                "CertificateType": "CA",
                "CertificateArn": f"arn:{ctx.partition}:rds:{ctx.region}::cert:{name}",
                "Thumbprint": authority.thumbprint,
                "ValidFrom": authority.valid_from,
                "ValidTill": authority.valid_till,
                "CustomerOverride": False,
            },
        )
        for name in certificates.NAMES
        if wanted in ("", name)
    )
    return {"DefaultCertificateForNewLaunches": certificates.DEFAULT, **listing.page(req, "Certificates", rows)}


def describe_account_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    used = quotas.used(ctx)
    found = [{"AccountQuotaName": name, "Used": used[name], "Max": most} for name, most in quotas.LIMITS.items()]
    return {"AccountQuotas": found}


def describe_source_regions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    listing.check_filters(req)
    wanted = req.get("RegionName", "")
    there = [name for name in sorted(regions_of("rds", ctx.partition)) if name != ctx.region]
    if wanted and wanted not in there:
        raise AwsError("InvalidParameterValue", f"Invalid source region: {wanted}")
    rows = (
        (
            name,
            {
                "RegionName": name,
                "Endpoint": f"https://rds.{name}.{dns_suffix(ctx.partition)}",
                "Status": "available",
                "SupportsDBInstanceAutomatedBackupsReplication": False,
            },
        )
        for name in there
        if wanted in ("", name)
    )
    return listing.page(req, "SourceRegions", rows)


def describe_pending_maintenance_actions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    listing.check_filters(req, ("db-cluster-id", "db-instance-id"))
    if arn := req.get("ResourceIdentifier"):
        try:
            tagging.one(ctx, arn)
        except AwsError:
            raise AwsError("ResourceNotFoundFault", f"The specified resource is not found: {arn}") from None
    return listing.page(req, "PendingMaintenanceActions", ())


def describe_reserved_db_instances(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    listing.check_filters(req)
    if name := req.get("ReservedDBInstanceId"):
        raise AwsError("ReservedDBInstanceNotFound", f"ReservedDBInstance not found: {name}")
    return listing.page(req, "ReservedDBInstances", ())


def describe_db_security_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    listing.check_filters(req)
    if name := req.get("DBSecurityGroupName"):
        raise AwsError("DBSecurityGroupNotFound", f"DBSecurityGroup not found: {name}")
    return listing.page(req, "DBSecurityGroups", ())


def _version(ctx: Context, engine: str, version: str) -> dict[str, Any]:
    major = version.partition(".")[0]
    is_aurora = engine == AURORA
    return {
        "Engine": engine,
        "EngineVersion": version,
        "MajorEngineVersion": major,
        "DBParameterGroupFamily": engines.family(engine, version),
        "DBEngineDescription": _DESCRIPTIONS[engine],
        "DBEngineVersionDescription": f"{_DESCRIPTIONS[engine].partition(' (')[0]} {version}",
        "DBEngineVersionArn": f"arn:{ctx.partition}:rds:{ctx.region}::engine-version:{engine}/{version}",
        # From one major version to another nothing is upgraded, and of each the machine has one.
        "ValidUpgradeTarget": [],
        "ExportableLogTypes": ["postgresql"] if is_aurora else ["postgresql", "upgrade"],
        "SupportsLogExportsToCloudwatchLogs": True,
        "SupportsReadReplica": True,
        "SupportedEngineModes": ["provisioned"],
        "SupportedFeatureNames": [],
        "SupportedCACertificateIdentifiers": list(certificates.NAMES),
        "SupportsCertificateRotationWithoutRestart": True,
        "SupportsLocalWriteForwarding": is_aurora,
        "SupportsGlobalDatabases": is_aurora,
        "SupportsParallelQuery": False,
        "SupportsBabelfish": False,
        "SupportsLimitlessDatabase": False,
        "SupportsIntegrations": False,
        "Status": "available",
    }


def _orderable(engine: str, version: str, name: str, storage: str) -> dict[str, Any]:
    is_aurora = engine == AURORA
    found: dict[str, Any] = {
        "Engine": engine,
        "EngineVersion": version,
        "DBInstanceClass": name,
        "LicenseModel": "postgresql-license",
        "MultiAZCapable": not is_aurora,
        "ReadReplicaCapable": not is_aurora,
        "Vpc": True,
        "SupportsStorageEncryption": True,
        "StorageType": storage,
        "SupportsIops": storage in _IOPS,
        "SupportsStorageThroughput": storage == "gp3",
        "SupportsEnhancedMonitoring": False,
        "SupportsPerformanceInsights": True,
        "SupportedEngineModes": ["provisioned"],
        "SupportsStorageAutoscaling": not is_aurora,
        "SupportsKerberosAuthentication": False,
        "SupportsGlobalDatabases": is_aurora,
        "SupportsClusters": is_aurora,
        "SupportsHttpEndpoint": is_aurora,
        "SupportedNetworkTypes": ["IPV4"],
        "OutpostCapable": False,
    }
    return found | dict(_limits(storage))


def _limits(storage: str) -> Iterator[tuple[str, int]]:
    if storage in _STORAGE:
        yield from zip(("MinStorageSize", "MaxStorageSize"), _STORAGE[storage], strict=True)
    if storage in _IOPS:
        yield from zip(("MinIopsPerDbInstance", "MaxIopsPerDbInstance"), _IOPS[storage], strict=True)


def _storage(name: str) -> dict[str, Any]:
    low, high = _STORAGE[name]
    found: dict[str, Any] = {
        "StorageType": name,
        "StorageSize": [{"From": low, "To": high, "Step": 1}],
        "SupportsStorageAutoscaling": True,
    }
    if name in _IOPS:
        least, most = _IOPS[name]
        found["ProvisionedIops"] = [{"From": least, "To": most, "Step": 1}]
    return found
