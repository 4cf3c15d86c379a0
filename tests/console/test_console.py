"""The console in a browser without a screen, over real packets: edges take their colours, and pointing tells the rule.

The cloud is a process of its own; hosts are commands inside interfaces, started as people start them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fogbank.planes.net import probe
from fogbank.testing.process import CloudProcess

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --window-size=1500,960"
).split()
WAIT_SECONDS = 40
PASSED, DROPPED, IDLE = "passed", "dropped", "idle"
SERVER = """
import socket
with socket.create_server(("0.0.0.0", 80)) as server:
    print("ready", flush=True)
    while True:
        sock = server.accept()[0]
        with sock:
            sock.sendall(b"hello")
"""
CLIENT = """
import socket, sys, time
print("ready", flush=True)
while True:
    try:
        with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=0.3) as sock:
            sock.recv(16)
    except OSError:
        pass
    time.sleep(0.1)
"""

pytestmark = [
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER),
        reason="chromium or its driver is not installed (apt-get install chromium chromium-driver)",
    )
]


class Site:
    """A cloud with a VPC of a public and a private subnet: web (public address) may be asked at port 80 by the VPC."""

    def __init__(self, cloud: CloudProcess) -> None:
        import boto3

        self.cloud = cloud
        self.url = cloud.card.url
        keys = {"aws_access_key_id": "000000000000", "aws_secret_access_key": "x", "region_name": "us-east-1"}
        self.ec2 = boto3.client("ec2", endpoint_url=self.url, **keys)
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16", **_named("vpc", "<b>shop</b>"))["Vpc"]["VpcId"]
        self.public, self.private = self._subnet("10.0.1.0/24", "a"), self._subnet("10.0.2.0/24", "b")
        self.igw = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=self.igw, VpcId=self.vpc)
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=self.public)
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=self.igw)
        self.group = self.ec2.create_security_group(GroupName="web", Description="x", VpcId=self.vpc)["GroupId"]
        allowed = self.ec2.authorize_security_group_ingress(
            GroupId=self.group, IpProtocol="tcp", FromPort=80, ToPort=80, CidrIp="10.0.0.0/16"
        )
        self.rule = allowed["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        self.web, self.web_ip = self._host(self.public, "web")
        self.app, self.app_ip = self._host(self.private, "app")
        address = self.ec2.allocate_address()
        self.ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=self.web)
        self.public_ip = address["PublicIp"]

    def _subnet(self, cidr: str, zone: str) -> str:
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone=f"us-east-1{zone}")
        return str(made["Subnet"]["SubnetId"])

    def _host(self, subnet: str, name: str) -> tuple[str, str]:
        made = self.ec2.create_network_interface(
            SubnetId=subnet, Groups=[self.group], **_named("network-interface", name)
        )["NetworkInterface"]
        return made["NetworkInterfaceId"], made["PrivateIpAddress"]

    def edge(self) -> str:
        return f"{self.public}>{self.igw}"


def _named(kind: str, name: str) -> dict[str, Any]:
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]}


class Page:
    """The console, as somebody who looks at it and has a mouse and a keyboard."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def until(self, condition: Any, what: str) -> Any:
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, WAIT_SECONDS, 0.1).until(lambda _: condition(), what)

    def ask(self, thing_id: str, what: str) -> str:
        """Something of what is drawn, asked in one go, since it may be drawn anew at any time; empty for nothing."""
        script = (
            "const one = [...document.querySelectorAll('#map [data-id]')].find(o => o.dataset.id === arguments[0]);"
        )
        return str(self.driver.execute_script(f"{script} return one ? String({what}) : ''", thing_id))

    def is_drawn(self, thing_id: str) -> bool:
        return self.ask(thing_id, "true") == "true"

    def label(self, thing_id: str) -> str:
        return self.ask(thing_id, "one.getAttribute('aria-label')")

    def click(self, thing_id: str) -> None:
        what = "one.dispatchEvent(new MouseEvent('click', { bubbles: true }))"
        self.until(lambda: self.ask(thing_id, what) == "true", "the map is not drawn")

    def state(self, thing_id: str) -> str:
        script = "return [...document.querySelectorAll('#map [data-id]')].find(o => o.dataset.id === arguments[0])"
        return str(self.driver.execute_script(f"{script}?.dataset.state ?? ''", thing_id))

    def becomes(self, thing_id: str, state: str) -> None:
        self.until(lambda: self.state(thing_id) == state, f"{thing_id} is not {state} but {self.state(thing_id)}")

    def point_at(self, thing_id: str) -> None:
        """Over the middle of an edge's line, or of a box."""
        from selenium.webdriver.common.action_chains import ActionChains

        script = """
            const one = [...document.querySelectorAll('#map [data-id]')].find(o => o.dataset.id === arguments[0]);
            const line = one.querySelector('.reach');
            if (!line) { const b = one.querySelector('rect').getBoundingClientRect(); return [b.x + 12, b.y + 8]; }
            const p = line.getPointAtLength(line.getTotalLength() / 2).matrixTransform(line.getScreenCTM());
            return [p.x, p.y];
        """
        x, y = self.driver.execute_script(script, thing_id)
        actions = ActionChains(self.driver)
        actions.w3c_actions.pointer_action.move_to_location(int(x), int(y))
        actions.perform()

    def text(self, where: str) -> str:
        return str(self.driver.execute_script(f"return document.getElementById('{where}').innerText"))

    def says(self, where: str, *words: str) -> None:
        self.until(lambda: all(one in self.text(where) for one in words), f"{words} is not in: {self.text(where)}")

    def complaints(self) -> list[str]:
        return [str(one["message"]) for one in self.driver.get_log("browser")]


def browse(profile: Path, site: Site) -> Page:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.binary_location = str(CHROMIUM)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    driver.get(f"{site.url}/_fogbank/console/#{site.vpc}")
    return Page(driver)


@pytest.fixture(scope="module", params=["full", "plain"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    mode, reason = probe.found(request.param)
    if mode != request.param:
        pytest.skip(f"no network namespaces here: {reason}")
    cloud = CloudProcess(tmp_path_factory.mktemp("console"), network=mode)
    cloud.start()
    try:
        yield Site(cloud)
    finally:
        cloud.stop()


@pytest.fixture(scope="module")
def page(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    found = browse(tmp_path_factory.mktemp("chromium"), site)
    yield found
    found.driver.quit()


@pytest.fixture
def inside(site: Site) -> Iterator[Any]:
    """`inside(id, code, …)`: Python inside an interface, running until the test is over."""
    running: list[subprocess.Popen[str]] = []

    def start(where: str, code: str, *words: str) -> None:
        command = [sys.executable, "-m", "fogbank", "net", "exec", where, "--", sys.executable, "-c", code, *words]
        environ = {**os.environ, "FOGBANK_STATE": str(site.cloud.state)}
        running.append(subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True))
        stdout = running[-1].stdout
        assert stdout is not None and stdout.readline() == "ready\n"

    yield start
    for one in running:
        one.kill()
        one.communicate()


WITH_PACKETS = pytest.mark.parametrize("site", ["full"], indirect=True)


def test_the_map_shows_what_there_is(page: Page, site: Site) -> None:
    page.until(lambda: page.is_drawn(site.web), "the map is not drawn")
    web = page.label(site.web)
    assert site.web_ip in web and site.public_ip in web
    assert "10.0.1.0/24" in page.label(site.public)
    assert "0.0.0.0/0" in page.label(site.edge())
    assert page.is_drawn(site.igw)
    # A name is text, whatever it says.
    page.says("details", "<b>shop</b>")


def test_in_plain_mode_it_says_that_nothing_is_enforced(page: Page, site: Site) -> None:
    notice = page.driver.find_element("id", "notice")
    with urllib.request.urlopen(f"{site.url}/_fogbank/net") as answer:
        is_plain = json.load(answer)["mode"] == "plain"
    page.says("mode", "records only" if is_plain else "packets are real")
    assert notice.is_displayed() == is_plain
    assert ("nothing is enforced" in notice.text) == is_plain


@WITH_PACKETS
def test_what_packets_do_colours_an_edge_and_pointing_tells_the_rule(page: Page, site: Site, inside: Any) -> None:
    talk = f"{site.app} {site.web}"
    page.becomes(site.edge(), IDLE)
    inside(site.web, SERVER)
    inside(site.app, CLIENT, site.web_ip, "80")
    page.until(lambda: page.is_drawn(talk), "nobody talks")
    page.becomes(talk, PASSED)
    page.point_at(talk)
    page.says("details", "allow security group web", f"{site.rule} allows tcp port 80 from 10.0.0.0/16", "counter: ")
    page.says("tip", "allows tcp port 80 from 10.0.0.0/16")
    page.becomes(site.edge(), IDLE)
    # From the internet the group lets nobody in.
    inside("internet", CLIENT, site.public_ip, "80")
    page.becomes(site.edge(), DROPPED)
    page.point_at(site.edge())
    page.says("details", "deny security groups in: no rule of web", "lets tcp port 80 in from", "0.0.0.0/0")
    page.says("tip", "no rule of web")
    assert page.driver.find_element("css selector", "#details .sum .dropped b").text != "0"
    page.becomes(site.web, "both")


@WITH_PACKETS
def test_an_acl_that_denies_is_named_by_its_entry_and_quiet_edges_are_grey_again(
    page: Page, site: Site, inside: Any
) -> None:
    talk = f"{site.app} {site.web}"
    acl = site.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [site.vpc]}])["NetworkAcls"][0]
    entry = {"NetworkAclId": acl["NetworkAclId"], "RuleNumber": 77, "Egress": False}
    ports = {"From": 8080, "To": 8080}
    deny = {"Protocol": "6", "RuleAction": "deny", "CidrBlock": "10.0.2.0/24", "PortRange": ports}
    site.ec2.create_network_acl_entry(**entry, **deny)
    inside(site.app, CLIENT, site.web_ip, "8080")
    page.until(lambda: page.is_drawn(talk), "nobody talks")
    page.becomes(talk, DROPPED)
    page.point_at(site.public)
    page.says("details", "entry 77 denies tcp port 8080 from 10.0.2.0/24", "in the last seconds")
    page.point_at(talk)
    page.says("details", "deny network ACL", "entry 77 denies")
    page.becomes(site.edge(), IDLE)


def test_two_clicks_trace_a_packet_to_where_it_dies(page: Page, site: Site) -> None:
    page.driver.find_element("id", "trace-clear").click()
    port = page.driver.find_element("id", "port")
    port.clear()
    port.send_keys("22")
    for one in (site.app, site.web):
        page.click(one)
    page.says("trace-told", "10.0.0.0/16 -> local", "dies at eni-", "ENI_SG_RULES_MISMATCH")
    page.until(lambda: "died" in page.ask(site.web, "one.getAttribute('class')"), "the place is not shown")
    page.driver.find_element("id", "trace-clear").click()
    assert page.text("trace-told") == ""


def test_the_keyboard_reaches_what_the_mouse_does(page: Page, site: Site) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    page.driver.find_element("id", "vpc").click()
    ActionChains(page.driver).send_keys(Keys.ESCAPE).perform()
    page.driver.execute_script("document.getElementById('vpc').focus()")
    reached = []
    script = "return document.activeElement.dataset.id ?? ''"
    for _ in range(12):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        reached.append(str(page.driver.execute_script(script)))
        if reached[-1] == site.web:
            break
    assert {site.public, site.edge(), site.web} <= set(reached)
    page.says("details", "interface web", site.web)
    ActionChains(page.driver).send_keys(Keys.ENTER).perform()
    page.says("trace-from", f"web {site.web_ip}")
    ActionChains(page.driver).send_keys(Keys.ESCAPE).perform()
    page.says("trace-from", "from …")


def test_nobody_else_was_asked_and_the_browser_had_nothing_to_complain_about(page: Page, site: Site) -> None:
    asked: set[str] = set()

    def has_asked() -> bool:
        messages = [json.loads(one["message"])["message"] for one in page.driver.get_log("performance")]
        requests = (one["params"] for one in messages if one["method"] == "Network.requestWillBeSent")
        # The browser's own first page, chrome://newtab, is not the console's.
        asked.update(one["request"]["url"] for one in requests if not one["documentURL"].startswith("chrome:"))
        return any("/_fogbank/net/traffic" in one for one in asked)

    page.until(has_asked, "it asks for no traffic")
    assert [one for one in asked if not one.startswith((f"{site.url}/_fogbank/", "data:"))] == []
    assert page.complaints() == []
