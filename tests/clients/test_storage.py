"""Other people's storage clients, each doing a real job: what comes back is what went in, byte by byte."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from fogbank.testing.process import CloudProcess

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "build" / "clients" / "bin"
MEBIBYTE = 1024 * 1024
GIBIBYTE = 1024 * MEBIBYTE
AWKWARD = ["plain.txt", "with space.txt", "plus+and%25.txt", "dir/ünïcødé.bin", "dir/deep/er/empty", "a&b=c;d.txt"]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudProcess]:
    """A cloud on disk: these jobs are too large for one in memory."""
    folder = tmp_path_factory.mktemp("clients")
    found = CloudProcess(folder)
    found.start()
    yield found
    found.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def bucket(cloud: CloudProcess, request: pytest.FixtureRequest) -> str:
    name = "clients-" + hashlib.sha1(request.node.name.encode()).hexdigest()[:16]
    client(cloud).create_bucket(Bucket=name)
    return name


def client(cloud: CloudProcess):
    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    return boto3.client(
        "s3",
        endpoint_url=cloud.card.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=config,
    )


def environment(cloud: CloudProcess, home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RCLONE_"))}
    return kept | {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}",
        "AWS_ENDPOINT_URL": cloud.card.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_PAGER": "",
    }


def run(argv: list[object], environ: dict[str, str]) -> str:
    done = subprocess.run(
        [str(part) for part in argv], env=environ, capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def filled(folder: Path, large_bytes: int = 12 * MEBIBYTE + 345) -> dict[str, str]:
    """A tree of awkward names, one of them long enough for several parts; its digests by name."""
    dice = random.Random(7)
    for name in AWKWARD:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if name.endswith("empty") else dice.randbytes(dice.randrange(1, 70_000)))
    (folder / "large.bin").write_bytes(dice.randbytes(large_bytes))
    return digests(folder)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_aws_cli_syncs_both_ways_and_takes_away(cloud: CloudProcess, bucket: str, tmp_path: Path) -> None:
    source, back, environ = tmp_path / "source", tmp_path / "back", environment(cloud, tmp_path)
    before = filled(source)
    run(["aws", "s3", "sync", source, f"s3://{bucket}/tree", "--only-show-errors"], environ)
    run(["aws", "s3", "sync", f"s3://{bucket}/tree", back, "--only-show-errors"], environ)
    assert digests(back) == before
    assert run(["aws", "s3", "sync", source, f"s3://{bucket}/tree"], environ) == "", "nothing has changed"
    (source / "plain.txt").unlink()
    run(["aws", "s3", "sync", source, f"s3://{bucket}/tree", "--delete"], environ)
    listed = run(["aws", "s3", "ls", f"s3://{bucket}/tree/", "--recursive"], environ)
    assert "plain.txt" not in listed and "ünïcødé.bin" in listed


def test_aws_cli_makes_moves_presigns_and_removes(cloud: CloudProcess, tmp_path: Path) -> None:
    environ = environment(cloud, tmp_path)
    run(["aws", "s3", "mb", "s3://made-by-the-cli"], environ)
    (tmp_path / "a").write_bytes(b"tide\n")
    run(["aws", "s3", "cp", tmp_path / "a", "s3://made-by-the-cli/a"], environ)
    run(["aws", "s3", "mv", "s3://made-by-the-cli/a", "s3://made-by-the-cli/b c"], environ)
    url = run(["aws", "s3", "presign", "s3://made-by-the-cli/b c"], environ).strip()
    fetched = run(
        [sys.executable, "-c", "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read())", url], environ
    )
    assert fetched.strip() == "b'tide\\n'"
    refused = subprocess.run(["aws", "s3", "rb", "s3://made-by-the-cli"], env=environ, capture_output=True, text=True)
    assert refused.returncode == 1 and "BucketNotEmpty" in refused.stderr
    run(["aws", "s3", "rb", "s3://made-by-the-cli", "--force"], environ)
    assert "made-by-the-cli" not in run(["aws", "s3", "ls"], environ)


def test_aws_cli_copies_a_gibibyte(cloud: CloudProcess, bucket: str, tmp_path: Path) -> None:
    source, back, environ = tmp_path / "source", tmp_path / "back", environment(cloud, tmp_path)
    dice, digest = random.Random(3), hashlib.sha256()
    piece = dice.randbytes(8 * MEBIBYTE)
    with source.open("wb") as file:
        for number in range(GIBIBYTE // len(piece)):
            block = number.to_bytes(8, "big") + piece[8:]
            digest.update(block)
            file.write(block)
    run(["aws", "s3", "cp", source, f"s3://{bucket}/gibibyte", "--only-show-errors"], environ)
    source.unlink()
    assert client(cloud).head_object(Bucket=bucket, Key="gibibyte")["ContentLength"] == GIBIBYTE
    run(["aws", "s3", "cp", f"s3://{bucket}/gibibyte", back, "--only-show-errors"], environ)
    with back.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == digest.hexdigest()
    back.unlink()
    client(cloud).delete_object(Bucket=bucket, Key="gibibyte")


def test_boto3_moves_many_parts_and_reads_ranges(cloud: CloudProcess, bucket: str, tmp_path: Path) -> None:
    s3, data = client(cloud), random.Random(5).randbytes(31 * MEBIBYTE + 17)
    (tmp_path / "up").write_bytes(data)
    parts = TransferConfig(multipart_threshold=5 * MEBIBYTE, multipart_chunksize=5 * MEBIBYTE, max_concurrency=6)
    s3.upload_file(str(tmp_path / "up"), bucket, "many", Config=parts, ExtraArgs={"Metadata": {"kind": "test"}})
    head = s3.head_object(Bucket=bucket, Key="many")
    assert head["ETag"].endswith('-7"') and head["Metadata"] == {"kind": "test"}
    s3.download_file(bucket, "many", str(tmp_path / "down"), Config=parts)
    assert (tmp_path / "down").read_bytes() == data
    for first, last in ((0, 0), (5 * MEBIBYTE - 3, 5 * MEBIBYTE + 3), (31 * MEBIBYTE, 31 * MEBIBYTE + 16)):
        part = s3.get_object(Bucket=bucket, Key="many", Range=f"bytes={first}-{last}")
        assert part["Body"].read() == data[first : last + 1]
    s3.copy({"Bucket": bucket, "Key": "many"}, bucket, "copied", Config=parts)
    assert s3.get_object(Bucket=bucket, Key="copied")["Body"].read() == data


def test_s3cmd_puts_gets_syncs_and_deletes(cloud: CloudProcess, bucket: str, tmp_path: Path) -> None:
    source, back, environ = tmp_path / "source", tmp_path / "back", environment(cloud, tmp_path)
    before = filled(source, 20 * MEBIBYTE)
    host = cloud.card.url.removeprefix("http://")
    config = tmp_path / "s3cfg"
    config.write_text(
        f"[default]\naccess_key = test\nsecret_key = test\nhost_base = {host}\nhost_bucket = {host}\n"
        "use_https = False\n"
        "bucket_location = us-east-1\n"
    )
    s3cmd = [CLIENTS / "s3cmd", "-c", config, "--no-progress"]
    run([*s3cmd, "sync", f"{source}/", f"s3://{bucket}/tree/"], environ)
    back.mkdir()
    run([*s3cmd, "sync", f"s3://{bucket}/tree/", f"{back}/"], environ)
    assert digests(back) == before
    assert "tree/large.bin" in run([*s3cmd, "ls", "-r", f"s3://{bucket}"], environ)
    run([*s3cmd, "del", "-r", "-f", f"s3://{bucket}/tree/"], environ)
    assert run([*s3cmd, "ls", "-r", f"s3://{bucket}"], environ) == ""


@pytest.mark.skipif(shutil.which("rclone") is None, reason="rclone is not installed (apt-get install rclone)")
def test_rclone_copies_checks_and_purges(cloud: CloudProcess, bucket: str, tmp_path: Path) -> None:
    source, back, environ = tmp_path / "source", tmp_path / "back", environment(cloud, tmp_path)
    before = filled(source, 20 * MEBIBYTE)
    environ |= {
        "RCLONE_CONFIG_FOG_TYPE": "s3",
        "RCLONE_CONFIG_FOG_PROVIDER": "Other",
        "RCLONE_CONFIG_FOG_ENV_AUTH": "true",
        "RCLONE_CONFIG_FOG_REGION": "us-east-1",
        "RCLONE_CONFIG_FOG_ENDPOINT": cloud.card.url,
        "RCLONE_CONFIG_FOG_FORCE_PATH_STYLE": "true",
        # What rclone sends by itself, `private`, is refused where the owner of a bucket owns its objects: as by AWS.
        "RCLONE_CONFIG_FOG_ACL": "bucket-owner-full-control",
        "RCLONE_CONFIG_FOG_CHUNK_SIZE": "5M",
        "RCLONE_CONFIG_FOG_UPLOAD_CUTOFF": "5M",
    }
    run(["rclone", "--retries", "1", "copy", source, f"fog:{bucket}/tree"], environ)
    run(["rclone", "check", source, f"fog:{bucket}/tree"], environ)
    run(["rclone", "copy", f"fog:{bucket}/tree", back], environ)
    assert digests(back) == before
    run(["rclone", "purge", f"fog:{bucket}/tree"], environ)
    assert "KeyCount" in client(cloud).list_objects_v2(Bucket=bucket)
    assert client(cloud).list_objects_v2(Bucket=bucket)["KeyCount"] == 0


S3FS = """
import sys, s3fs, hashlib
fs = s3fs.S3FileSystem(anon=False, endpoint_url=sys.argv[1], key="test", secret="test")
bucket, data = sys.argv[2], bytes(range(256)) * 51_200
with fs.open(f"{bucket}/deep/er/data.bin", "wb", block_size=5 * 2**20) as file:
    for start in range(0, len(data), 1_000_003):
        file.write(data[start:start + 1_000_003])
with fs.open(f"{bucket}/deep/er/data.bin", "rb") as file:
    file.seek(7_000_001)
    assert file.read(1000) == data[7_000_001:7_001_001]
assert fs.cat(f"{bucket}/deep/er/data.bin") == data
assert fs.info(f"{bucket}/deep/er/data.bin")["size"] == len(data)
fs.pipe({f"{bucket}/x/{n}": b"%d" % n for n in range(30)})
assert len(fs.ls(f"{bucket}/x")) == 30 and fs.isdir(f"{bucket}/deep")
fs.mv(f"{bucket}/x/7", f"{bucket}/y/seven")
assert fs.cat(f"{bucket}/y/seven") == b"7" and not fs.exists(f"{bucket}/x/7")
fs.rm(f"{bucket}/x", recursive=True)
assert sorted(fs.find(bucket)) == [f"{bucket}/deep/er/data.bin", f"{bucket}/y/seven"]
print("done")
"""


def test_s3fs_writes_seeks_moves_and_removes(cloud: CloudProcess, bucket: str, tmp_path: Path) -> None:
    environ = environment(cloud, tmp_path)
    assert run([CLIENTS / "python", "-c", S3FS, cloud.card.url, bucket], environ).strip() == "done"
