"""The console's page of databases in a browser without a screen, over real PostgreSQL: roles, lag, and failovers."""

from __future__ import annotations

import json
import shutil
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest

from fogbank.planes import process
from fogbank.planes.engines.engine import Engines
from fogbank.planes.engines.postgresql import servers
from fogbank.planes.net.fake import FakeNet
from fogbank.planes.net.namespaces import prefix_of
from fogbank.testing.databases import PASSWORD
from fogbank.testing.process import CloudProcess

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --window-size=1500,1000"
).split()
WAIT_SECONDS = 90
LOGIN = {"MasterUsername": "ann", "MasterUserPassword": PASSWORD}

pytestmark = [
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER),
        reason="chromium or its driver is not installed (apt-get install chromium chromium-driver)",
    ),
    pytest.mark.skipif(not servers.found(), reason="no PostgreSQL on this machine (fogbank doctor says what to do)"),
]


class Site:
    """A cloud with a cluster of a writer and two readers, into which somebody writes all the time."""

    def __init__(self, cloud: CloudProcess) -> None:
        self.cloud = cloud
        self.url = cloud.card.url
        self.rds = self.client("us-east-1")
        self.arn = self._cluster("shop")
        ends = {"DBClusterEndpointIdentifier": "reports", "DBClusterIdentifier": "shop", "StaticMembers": ["shop-3"]}
        self.rds.create_db_cluster_endpoint(EndpointType="READER", **ends)
        found = self.rds.describe_db_clusters(DBClusterIdentifier="shop")["DBClusters"][0]
        self.endpoint = {"host": found["Endpoint"], "port": found["Port"]}
        self._stops = threading.Event()
        self._writes = threading.Thread(target=self._write)
        self._writes.start()

    def client(self, region: str) -> Any:
        keys = {"aws_access_key_id": "000000000000", "aws_secret_access_key": "x", "region_name": region}
        return boto3.client("rds", endpoint_url=self.url, **keys)

    def _cluster(self, name: str) -> str:
        made = self.rds.create_db_cluster(DBClusterIdentifier=name, Engine="aurora-postgresql", **LOGIN)
        for number in (1, 2, 3):
            self.rds.create_db_instance(
                DBInstanceIdentifier=f"{name}-{number}",
                DBClusterIdentifier=name,
                Engine="aurora-postgresql",
                DBInstanceClass="db.r6g.large",
            )
        self.available(*(f"{name}-{number}" for number in (1, 2, 3)))
        return str(made["DBCluster"]["DBClusterArn"])

    def available(self, *names: str, region: str = "us-east-1") -> None:
        waiter = self.client(region).get_waiter("db_instance_available")
        waiter.config.delay, waiter.config.max_attempts = 1, WAIT_SECONDS
        for name in names:
            waiter.wait(DBInstanceIdentifier=name)

    def instance(self) -> str:
        """A Multi-AZ instance with a replica in this region and one in another; its ARN."""
        made = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20, **LOGIN}
        shown = self.rds.create_db_instance(DBInstanceIdentifier="ledger", MultiAZ=True, **made)["DBInstance"]
        arn = str(shown["DBInstanceArn"])
        self.available("ledger")
        self.rds.create_db_instance_read_replica(DBInstanceIdentifier="near", SourceDBInstanceIdentifier="ledger")
        far = self.client("eu-west-1")
        far.create_db_instance_read_replica(
            DBInstanceIdentifier="far", SourceDBInstanceIdentifier=arn, SourceRegion="us-east-1"
        )
        self.available("near")
        self.available("far", region="eu-west-1")
        return arn

    def _write(self) -> None:
        """A row every so often, wherever the writer's endpoint leads."""
        while not self._stops.is_set():
            try:
                with psycopg.connect(
                    **self.endpoint, user="ann", password=PASSWORD, dbname="postgres", autocommit=True
                ) as connection:
                    connection.execute("CREATE TABLE IF NOT EXISTS t (a int)")
                    while not self._stops.wait(0.05):
                        connection.execute("INSERT INTO t VALUES (1)")
            except psycopg.Error:
                self._stops.wait(0.05)

    def close(self) -> None:
        self._stops.set()
        self._writes.join()

    def one(self, arn: str = "") -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/_fogbank/databases/one?arn={arn or self.arn}") as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def writer(self) -> dict[str, Any]:
        found: dict[str, Any] = next(one for one in self.one()["nodes"] if one["role"] == "writer")
        return found

    def is_ready(self) -> bool:
        """Whether a reader may take over."""
        found = self.one()
        return bool(found["is_synced"]) and found["status"] == "available"

    def kill(self, node: str) -> None:
        """`kill -9` of a server."""
        running = Engines(self.cloud.state, prefix_of(self.cloud.state), FakeNet("plain")).found(node)
        assert running is not None
        process.stop(running, wait_seconds=0)


class Page:
    """The page, as somebody who looks at it."""

    def __init__(self, driver: Any, site: Site) -> None:
        self.driver = driver
        self.site = site

    def until(self, condition: Any, what: str) -> Any:
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, WAIT_SECONDS, 0.1).until(lambda _: condition(), what)

    def roles(self) -> dict[str, str]:
        """What stands in the boxes of nodes."""
        script = """return Object.fromEntries([...document.querySelectorAll('#topology .node')]
            .map(o => [o.dataset.name, o.querySelector('.role').textContent]))"""
        found: dict[str, str] = self.driver.execute_script(script)
        return found

    def leads(self) -> set[str]:
        """The lines from endpoints to nodes: `writer shop shop-1`."""
        script = "return [...document.querySelectorAll('#topology .lead')].map(o => o.dataset.lead)"
        return set(self.driver.execute_script(script))

    def attribute(self, where: str, name: str) -> str:
        script = "return document.querySelector(arguments[0])?.getAttribute(arguments[1]) ?? ''"
        return str(self.driver.execute_script(script, where, name))

    def all(self, where: str, what: str) -> list[str]:
        """A property of all elements that a selector finds."""
        script = "return [...document.querySelectorAll(arguments[0])].map(o => o[arguments[1]] ?? o.dataset.what)"
        return list(self.driver.execute_script(script, where, what))

    def text(self, where: str) -> str:
        script = "return document.querySelector(arguments[0])?.textContent ?? ''"
        return str(self.driver.execute_script(script, where))

    def says(self, where: str, *words: str) -> None:
        self.until(lambda: all(one in self.text(where) for one in words), f"{words} is not in: {self.text(where)}")

    def look(self, arn: str) -> None:
        self.driver.get("about:blank")
        self.driver.get(f"{self.site.url}/_fogbank/console/databases.html#{arn}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    cloud = CloudProcess(tmp_path_factory.mktemp("databases"), network="plain")
    cloud.start()
    try:
        found = Site(cloud)
        yield found
        found.close()
    finally:
        cloud.close()


@pytest.fixture(scope="module")
def page(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    found = browse(tmp_path_factory.mktemp("chromium"), site)
    yield found
    found.driver.quit()


def browse(profile: Path, site: Site, *more: str) -> Page:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={profile}", *more):
        options.add_argument(flag)
    options.binary_location = str(CHROMIUM)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    found = Page(driver, site)
    found.look(site.arn)
    return found


def test_the_topology_shows_roles_and_whom_endpoints_lead_to(page: Page) -> None:
    page.until(lambda: page.roles() == {"shop-1": "writer", "shop-2": "reader", "shop-3": "reader"}, "not the roles")
    wanted = {"writer shop shop-1", "reader shop shop-2", "reader shop shop-3", "custom reader reports shop-3"}
    page.until(lambda: page.leads() == wanted, "the endpoints lead elsewhere")
    assert "writer shop-1, us-east-1" in page.attribute('.node[data-name="shop-1"]', "aria-label")
    assert "leads to shop-1" in page.attribute('.endpoint[data-name="writer shop"]', "aria-label")
    page.says("#status", "available", "shop-1 takes writes")


def test_the_lag_of_each_reader_is_plotted(page: Page) -> None:
    def drawn() -> bool:
        found = page.driver.execute_script(
            """return [...document.querySelectorAll('#lag-plot .line')]
               .map(o => [o.dataset.series, o.getAttribute('points').trim().split(/\\s+/).length])"""
        )
        return {name for name, count in found if count >= 3} == {"shop-2", "shop-3"}

    page.until(drawn, "no lines of three points")
    page.until(lambda: all(" ms" in one for one in page.all("#lag-legend li", "textContent")), "no lag in the legend")
    page.until(lambda: "shop-2 " in page.attribute("#lag-plot svg", "aria-label"), "nobody hears of the lag")
    # What is plotted is what the servers say.
    lags = [one["lag_ms"] for one in page.site.one()["nodes"] if one["role"] == "reader"]
    assert all(one is not None and 0 <= one < 10_000 for one in lags), lags


def test_pointing_tells_of_a_node_and_the_keyboard_reaches_it(page: Page) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    page.until(lambda: "shop-2" in page.roles(), "nothing is drawn")
    page.driver.execute_script("document.getElementById('database').focus()")
    reached = []
    for _ in range(8):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        reached.append(str(page.driver.execute_script("return document.activeElement.dataset.name ?? ''")))
        if reached[-1] == "shop-2":
            break
    assert {"writer shop", "reader shop", "custom reader reports", "shop-1", "shop-2"} <= set(reached)
    page.says("#details", "shop-2", "reader in us-east-1", "promotion tier1", "shop-2.c", "127.", "follows")
    ActionChains(page.driver).send_keys(Keys.ESCAPE).perform()
    page.says("#details", "DB cluster", "aurora-postgresql", page.site.arn)


def test_a_writer_that_is_killed_hands_its_mark_and_its_endpoint_on(page: Page) -> None:
    page.until(page.site.is_ready, "nobody may take over")
    before = page.site.writer()
    # What is to be seen is a change: the page has to have seen the writer before.
    page.until(lambda: page.roles().get(before["instance"]) == "writer", "it has not seen the writer")
    page.site.kill(before["name"])
    page.until(lambda: page.site.writer()["instance"] != before["instance"], "nobody took over")
    after = page.site.writer()["instance"]
    page.until(lambda: page.roles().get(after) == "writer", "the mark has not moved")
    assert page.roles()[before["instance"]] == "reader"
    page.until(lambda: f"writer shop {after}" in page.leads(), "the endpoint leads elsewhere")
    assert f"writer shop {before['instance']}" not in page.leads()
    page.until(lambda: page.all(".node.first .name", "textContent") == [after], "another one has the mark")
    page.says("#changes", f"Failover from {before['instance']} to {after}", "as seen by this page, once a", "ms")
    page.says("#changes", "between its first and its last event")
    page.says("#events", "Started failover", f"Completed failover to DB instance: {after}")
    page.until(lambda: page.all("#timeline .event.failover", "textContent"), "no mark of the failover")
    page.says("#announced", f"{after} takes writes now, instead of {before['instance']}")
    writes = page.all("#timeline .span.writes, #timeline .span.down", "none")
    assert {before["instance"], after} <= set(writes)
    # It comes back as a reader, and is drawn as one that runs.
    old = f'.node[data-name="{before["instance"]}"]'
    page.until(lambda: page.attribute(old, "data-state") == "up", "it stays away")
    page.until(lambda: f"reader shop {before['instance']}" in page.leads(), "the readers' endpoint goes without it")


def test_a_failover_that_is_asked_for(page: Page) -> None:
    page.until(page.site.is_ready, "nobody may take over")
    before = page.site.writer()["instance"]
    wanted = next(one for one in ("shop-1", "shop-2", "shop-3") if one != before)
    page.until(lambda: page.roles().get(before) == "writer", "it has not seen the writer")
    page.site.rds.failover_db_cluster(DBClusterIdentifier="shop", TargetDBInstanceIdentifier=wanted)
    page.says("#changes", f"Failover from {before} to {wanted}")
    page.until(lambda: page.roles()[wanted] == "writer", "the mark has not moved")


def test_a_standby_and_replicas_of_an_instance(page: Page) -> None:
    arn = page.site.instance()
    page.look(arn)
    page.until(lambda: set(page.roles()) == {"ledger", "near", "far"}, "not all are drawn")
    roles = page.all("#topology .node", "ariaLabel")
    assert [one.split(" ")[0] for one in sorted(roles)] == ["primary", "replica", "replica", "standby"]
    assert any("eu-west-1" in one for one in roles)
    page.until(lambda: page.leads() == {f"instance {one} {one}" for one in ("ledger", "near", "far")}, "other lines")
    page.until(lambda: len(page.all("#topology .replication", "none")) == 3, "not all follow")
    name = next(one["name"] for one in page.site.one(arn)["nodes"] if one["role"] == "primary")
    page.until(lambda: page.attribute(f'.node[data-id="{name}"]', "data-role") == "primary", "not the primary")
    page.site.rds.reboot_db_instance(DBInstanceIdentifier="ledger", ForceFailover=True)
    page.until(lambda: page.attribute(f'.node[data-id="{name}"]', "data-role") == "standby", "the roles stay")
    page.says("#events", "Multi-AZ instance failover completed.")


def test_the_pages_lead_to_each_other_and_nobody_else_was_asked(page: Page) -> None:
    page.driver.find_element("css selector", "nav a[href='./']").click()
    page.until(lambda: page.driver.title == "fogbank · live map of a VPC", "not the map")
    page.driver.find_element("css selector", "nav a[href='databases.html']").click()
    page.until(lambda: page.driver.title == "fogbank · databases", "not the databases")
    page.until(lambda: page.roles(), "nothing is drawn")
    messages = [json.loads(one["message"])["message"] for one in page.driver.get_log("performance")]
    requests = (one["params"] for one in messages if one["method"] == "Network.requestWillBeSent")
    asked = {one["request"]["url"] for one in requests if not one["documentURL"].startswith(("chrome:", "about:"))}
    assert any("/_fogbank/databases/one" in one for one in asked)
    assert [one for one in asked if not one.startswith((f"{page.site.url}/_fogbank/", "data:"))] == []
    assert [str(one["message"]) for one in page.driver.get_log("browser")] == []
