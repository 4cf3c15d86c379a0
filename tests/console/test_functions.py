"""The console's pages of functions, stacks and traces in a browser without a screen; the functions are processes."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from fogbank.planes.net.namespaces import prefix_of
from fogbank.planes.net.net import Net
from fogbank.planes.sandbox.processes import ProcessSandboxes
from fogbank.services.lambda_.test_lambda import TRUST, allowed, zipped
from fogbank.testing import Served

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --window-size=1400,900"
).split()
WAIT_SECONDS = 40
READS = """
import boto3
ssm = boto3.client("ssm")
def run(event, context):
    print("reading", event["of"])
    return {one["Name"]: one["Value"] for one in ssm.get_parameters_by_path(Path=event["of"])["Parameters"]}
"""
DIVIDES = "def run(event, context):\n    return 1 / event['by']\n"
WAITS = """
Description: Waits until it is told
Parameters: {Word: {Type: String, Default: hello}}
Resources:
  Before: {Type: 'AWS::SSM::Parameter', Properties: {Name: /before, Type: String, Value: !Ref Word}}
  Handle: {Type: 'AWS::CloudFormation::WaitConditionHandle'}
  Waits: {Type: 'AWS::CloudFormation::WaitCondition', Properties: {Handle: !Ref Handle, Timeout: '300'}}
  After: {Type: 'AWS::SSM::Parameter', DependsOn: Waits, Properties: {Name: /after, Type: String, Value: x}}
Outputs: {Before: {Value: !Ref Before, Description: The first of them}}
"""
FAILS = "Resources: {Wrong: {Type: 'AWS::SSM::Parameter', Properties: {Name: /aws/no, Type: String, Value: x}}}"
LAYOUTS = """
const done = arguments[0];
let seed = 7;
function roll(count) {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * count);
}
function graph() {
    const count = 2 + roll(29);
    const nodes = [...Array(count).keys()].map((at) => ({ id: `${at}`, name: `n${at}`, type: at ? "x" : "client" }));
    const edges = nodes.slice(1).map((one, at) => ({ source: `${roll(at + 1)}`, target: one.id }));
    for (let at = 0; at < count; at++) edges.push({ source: `${roll(count)}`, target: `${roll(count)}` });
    return { nodes, edges };
}
import("./service-map.js").then(({ layout, RADIUS, LABEL }) => {
    const half = LABEL / 2 + RADIUS;
    const box = ({ x, y }) => ({ left: x - 75, right: x + 75, top: y - half, bottom: y + half });
    const across = (a, b) => a.left < b.right && b.left < a.right;
    const meet = (a, b) => across(a, b) && a.top < b.bottom - 1e-6 && b.top < a.bottom - 1e-6;
    const holds = (a, { x, y }) => x > a.left && x < a.right && y > a.top && y < a.bottom;
    let covered = 0, all = 0;
    for (let at = 0; at < 100; at++) {
        const plan = layout(graph());
        const boxes = [...plan.nodes.values()].map(box);
        const ways = plan.edges.filter((one) => !one.is_back).flatMap((one) => one.points.slice(1, -1));
        all += boxes.length;
        for (const a of boxes) {
            covered += boxes.filter((b) => a !== b && meet(a, b)).length + ways.filter((one) => holds(a, one)).length;
            covered += a.left < 0 || a.top < 0 || a.right > plan.wide || a.bottom > plan.high;
        }
    }
    done([covered, all]);
}, (error) => done([String(error), 0]));
"""

pytestmark = [
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER),
        reason="chromium or its driver is not installed (apt-get install chromium chromium-driver)",
    )
]


class Site:
    """A cloud with a function that reads parameters, one that divides, and clients."""

    def __init__(self, served: Served) -> None:
        self.url = served.url
        self.iam, self.lambda_, self.ssm = self.client("iam"), self.client("lambda"), self.client("ssm")
        self.cloudformation = self.client("cloudformation")
        self.iam.create_role(RoleName="runs", AssumeRolePolicyDocument=TRUST)
        self.iam.put_role_policy(
            RoleName="runs", PolicyName="p", PolicyDocument=allowed("logs:*", "ssm:*", "xray:PutTraceSegments")
        )
        self.ssm.put_parameter(Name="/town/word", Value="<b>tides</b>", Type="String")
        self.reader = self.function("reader", READS, TracingConfig={"Mode": "Active"})
        self.function("divider", DIVIDES)
        self.lambda_.publish_version(FunctionName="reader")
        weights = {"AdditionalVersionWeights": {"1": 0.25}}
        self.lambda_.create_alias(
            FunctionName="divider", Name="live", FunctionVersion=self.two_versions(), RoutingConfig=weights
        )

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "000000000000", "aws_secret_access_key": "x", "region_name": "us-east-1"}
        return boto3.client(service, endpoint_url=self.url, **keys)

    def function(self, name: str, code: str, **more: Any) -> str:
        made = self.lambda_.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Handler="main.run",
            Timeout=20,
            Role="arn:aws:iam::000000000000:role/runs",
            Code={"ZipFile": zipped(main=code)},
            **more,
        )
        return str(made["FunctionArn"])

    def two_versions(self) -> str:
        self.lambda_.publish_version(FunctionName="divider")
        self.lambda_.update_function_configuration(FunctionName="divider", MemorySize=192)
        return str(self.lambda_.publish_version(FunctionName="divider")["Version"])

    def call(self) -> None:
        """Call the function that reads, in a trace of its own."""
        self.lambda_.meta.events.register_first("before-sign.lambda.Invoke", _traced, "traced")
        self.lambda_.invoke(FunctionName="reader", Payload=b'{"of": "/town"}')
        self.lambda_.meta.events.unregister("before-sign.lambda.Invoke", unique_id="traced")

    def signal(self) -> None:
        """Tell the stack that waits to go on."""
        found = self.cloudformation.describe_stack_resource(StackName="waits", LogicalResourceId="Handle")
        url = found["StackResourceDetail"]["PhysicalResourceId"]
        said = {"Status": "SUCCESS", "UniqueId": "one", "Data": "up", "Reason": "it is"}
        asked = urllib.request.Request(url, json.dumps(said).encode(), {"content-type": ""}, method="PUT")
        with urllib.request.urlopen(asked) as answer:
            assert answer.status == 200


def _traced(request: Any, **_: Any) -> None:
    header = f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=1"
    request.headers.add_header("X-Amzn-Trace-Id", header)


class Page:
    """A page, as somebody who looks at it and has a keyboard."""

    def __init__(self, driver: Any, site: Site) -> None:
        self.driver, self.site = driver, site

    def open(self, name: str, which: str = "") -> None:
        self.driver.get("about:blank")
        self.driver.get(f"{self.site.url}/_fogbank/console/{name}{f'#{which}' if which else ''}")

    def run(self, script: str, *given: Any) -> Any:
        return self.driver.execute_script(script, *given)

    def until(self, condition: Any, what: str) -> Any:
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, WAIT_SECONDS, 0.05).until(lambda _: condition(), what)

    def text(self, where: str) -> str:
        return str(self.run("return document.querySelector(arguments[0])?.textContent ?? ''", where))

    def texts(self, where: str) -> list[str]:
        return list(self.run("return [...document.querySelectorAll(arguments[0])].map(o => o.textContent)", where))

    def data(self, where: str, name: str) -> list[str]:
        script = "return [...document.querySelectorAll(arguments[0])].map(o => o.dataset[arguments[1]])"
        return list(self.run(script, where, name))

    def says(self, where: str, *words: str) -> None:
        self.until(lambda: all(one in self.text(where) for one in words), f"{words} is not in: {self.text(where)}")

    def click(self, where: str) -> None:
        """Press what a selector finds, as soon as it is there."""
        script = "const one = document.querySelector(arguments[0]); one?.click(); return Boolean(one)"
        self.until(lambda: self.run(script, where), f"there is no {where}")

    def choose(self, name: str) -> None:
        self.click(f"#list [data-name='{name}'] button")
        self.says("#details h2", name)

    def fill(self, where: str, text: str) -> None:
        script = """
            const one = document.querySelector(arguments[0]);
            one.value = arguments[1];
            one.dispatchEvent(new Event("input", { bubbles: true }));
        """
        self.run(script, where, text)

    def tab_to(self, *wanted: str) -> list[str]:
        """Press Tab until all of these have had the focus: ids, or names of rows."""
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys

        script = "const o = document.activeElement; return o.id || o.dataset.name || o.textContent.trim()"
        reached: list[str] = []
        for _ in range(60):
            ActionChains(self.driver).send_keys(Keys.TAB).perform()
            reached.append(str(self.run(script)))
            if set(wanted) <= set(reached):
                break
        return reached


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="fogbank-console-"))

    def sandboxes(net: Net) -> ProcessSandboxes:
        return ProcessSandboxes(folder / "sandboxes", prefix_of(folder), net)

    served = Served({"sandboxes": sandboxes})
    try:
        if missing := served.cloud.planes.sandboxes.runtimes().get("python3.11", "it is not known"):
            pytest.skip(f"no python3.11: {missing}")
        yield Site(served)
    finally:
        served.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def page(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.binary_location = str(CHROMIUM)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    yield Page(driver, site)
    driver.quit()


# Functions


def test_a_function_is_invoked_and_its_lines_come(page: Page) -> None:
    page.open("functions.html", page.site.function("fresh", READS, TracingConfig={"Mode": "Active"}))
    page.says("#details", "fresh", "python3.11", "main.run", "128 MB", "20 s", "Active", "role/runs")
    assert {"divider", "fresh", "reader"} <= set(page.data("#list tr", "name"))
    assert page.text("#lines").startswith("Nothing yet")
    page.fill("#payload", '{"of": "/town"}')
    page.click("#go")
    # What a function says is text, whatever it says.
    page.says("#answer", "answered", "by $LATEST", '"/town/word": "<b>tides</b>"', "initialization")
    page.until(lambda: page.data("#lines .line", "kind") == ["init", "start", "", "end", "report"], page.text("#lines"))
    page.says("#lines", "reading /town", "Init Duration")
    page.until(lambda: "1 idle" in page.text("#list [data-name=fresh]"), "no environment")
    page.click("#pause")
    page.site.lambda_.invoke(FunctionName="fresh", Payload=b'{"of": "/nothing"}')
    page.click("#go")
    page.says("#answer", "answered", "by $LATEST")
    assert "/nothing" not in page.text("#lines")
    page.click("#pause")
    page.says("#lines", "reading /nothing")


def test_a_function_that_fails_shows_why(page: Page) -> None:
    page.open("functions.html")
    page.choose("divider")
    assert page.texts("[data-alias=live] .share") == ["version 2 75 %", "version 1 25 %"]
    page.fill("#payload", '{"by": 0')
    page.click("#go")
    page.says("#wrong", "This is not JSON")
    assert page.text("#answer") == ""
    page.fill("#payload", '{"by": 0}')
    assert page.text("#wrong") == ""
    page.run("document.querySelector('#qualifier').value = '1'")
    page.click("#go")
    page.says("#answer", "failed", "by version 1", "ZeroDivisionError: division by zero", "main.py")
    page.until(lambda: "error" in page.data("#lines .line", "kind"), "no line is marked")
    page.click("#errors")
    page.until(lambda: set(page.data("#lines .line", "kind")) == {"error"}, "others are shown too")
    page.site.lambda_.put_function_concurrency(FunctionName="divider", ReservedConcurrentExecutions=0)
    page.click("#go")
    page.says("#answer", "refused", "Rate Exceeded")


def test_the_keyboard_reaches_what_the_mouse_does(page: Page) -> None:
    page.open("functions.html", page.site.reader)
    page.says("#details h2", "reader")
    reached = page.tab_to("account", "region", "divider", "pause", "lines", "qualifier", "payload", "go", "traced")
    assert "traced" in reached, reached


def test_nobody_is_asked_while_nobody_looks(page: Page) -> None:
    page.open("functions.html", page.site.reader)
    page.says("#details h2", "reader")
    asked = "performance.getEntriesByType('resource').filter(o => o.name.includes('/_fogbank/functions')).length"
    look = """
        Object.defineProperty(document, "hidden", { configurable: true, value: arguments[0] });
        document.dispatchEvent(new Event("visibilitychange"));
    """
    page.run(look, True)
    # The question that was on its way when it was hidden has been answered by then.
    before, after = page.driver.execute_async_script(
        f"""const done = arguments[0];
        setTimeout(() => {{ const before = {asked}; setTimeout(() => done([before, {asked}]), 2200); }}, 600);"""
    )
    assert before == after > 0
    page.run(look, False)
    page.until(lambda: page.run(f"return {asked}") > after, "it does not ask again")


# Stacks


def test_a_stack_is_made_before_ones_eyes(page: Page) -> None:
    page.open("stacks.html")
    page.says("#live", "live")
    page.site.cloudformation.create_stack(StackName="waits", TemplateBody=WAITS)
    page.until(lambda: page.data("#events li", "event")[-1:] == ["waits CREATE_IN_PROGRESS"], "no events")
    page.until(lambda: "Waits CREATE_IN_PROGRESS" in page.data("#events li", "event"), page.text("#events"))
    page.says("#come", "2 of 4")
    assert page.data("#parts [data-logical=After] .badge", "status") == [""]
    page.says("#parts [data-logical=After]", "waiting")
    page.site.signal()
    page.says("#come", "4 of 4")
    page.says("#details", "Waits until it is told", "create complete", "Word", "hello", "The first of them", "/before")
    events = page.data("#events li", "event")
    assert events[0] == "waits CREATE_COMPLETE"
    assert events.index("After CREATE_COMPLETE") < events.index("Waits CREATE_COMPLETE")
    page.says("#announced", "waits: create complete")
    page.site.cloudformation.delete_stack(StackName="waits")
    page.until(lambda: "waits" in page.data("#list .gone", "name"), "it is not dimmed")


def test_a_stack_that_fails_says_why(page: Page) -> None:
    page.open("stacks.html")
    page.says("#live", "live")
    page.site.cloudformation.create_stack(StackName="fails", TemplateBody=FAILS)
    page.says("#details h2", "fails")
    page.until(lambda: page.data("#list [data-name=fails] .badge", "status") == ["ROLLBACK_COMPLETE"], "it goes on")
    page.says("#events .bad[data-event='Wrong CREATE_FAILED']", "No access to reserved parameter name")
    page.says("#details", "failed", "Wrong: No access to reserved parameter name")


# Traces


def test_a_trace_as_a_waterfall(page: Page) -> None:
    page.open("functions.html", page.site.reader)
    page.says("#details h2", "reader")
    # New code, a new environment.
    page.site.lambda_.update_function_configuration(FunctionName="reader", MemorySize=160)
    page.fill("#payload", '{"of": "/town"}')
    page.click("#traced")
    page.click("#go")
    page.click("#answer a[href^='traces.html#1-']")
    page.until(lambda: "SSM" in page.data("#waterfall .fall", "name"), "SSM is in no row")
    rows = page.run(
        """return [...document.querySelectorAll("#waterfall .fall")].map(o => {
            const bar = o.querySelector(".bar");
            return { id: o.dataset.id, parent: o.dataset.parent, name: o.dataset.name, kind: o.getAttribute("class"),
                x: Number(bar.getAttribute("x")), wide: Number(bar.getAttribute("width")), label: o.ariaLabel };
        })"""
    )
    assert [row["name"] for row in rows] == ["reader", "reader", "Initialization", "Invocation", "SSM", "Overhead"]
    by_id = {row["id"]: row for row in rows}
    for row in rows[1:]:
        assert row["x"] >= by_id[row["parent"]]["x"], f"{row['name']} begins before it is called"
        assert row["wide"] > 0
    first = rows[2]
    assert "init" in first["kind"] and rows[3]["x"] >= first["x"] + first["wide"] - 0.1
    assert "begins after" in first["label"]
    page.run("document.querySelector('#waterfall .fall[data-name=SSM]').focus()")
    page.says("#details", "SSM", "AWS::SSM", "begins after", "GetParametersByPath")


def test_the_map_shows_who_calls_whom(page: Page) -> None:
    page.site.call()
    page.open("traces.html")
    nodes = "return [...document.querySelectorAll('#map .vertex')].map(o => [o.dataset.name, o.dataset.type])"
    wanted = [
        ["Clients", "client"],
        ["reader", "AWS::Lambda"],
        ["reader", "AWS::Lambda::Function"],
        ["SSM", "AWS::SSM"],
    ]
    page.until(lambda: all(one in page.run(nodes) for one in wanted), "not all are there")
    script = """
        const at = (name, type) => document.querySelector(`#map .vertex[data-name="${name}"][data-type="${type}"]`);
        return arguments[0].map((which) => [
            Number(at(...which).querySelector(".disc").getAttribute("cx")), at(...which).dataset.requests,
        ]);
    """
    places = page.run(script, wanted)
    assert [x for x, _ in places] == sorted({x for x, _ in places}), "it does not go from left to right"
    assert int(places[3][1]) >= int(places[2][1]) >= 1
    edges = page.run("return [...document.querySelectorAll('#map .call')].map(o => o.ariaLabel)")
    assert [one for one in edges if one.startswith("Clients call reader: ") and " request" in one and " ms" in one]
    assert [one for one in edges if one.startswith("reader calls SSM: ")]
    page.run("document.querySelector('#map .vertex[data-type=\"AWS::SSM\"]').focus()")
    page.says("#details", "SSM", "AWS::SSM", "Called by", "reader")
    page.click("#details [data-filter]")
    page.until(lambda: page.run("return document.getElementById('filter').value") == 'service("SSM")', "no filter")
    page.says("#list", "reader")


def test_a_filter_that_is_none_is_refused_in_words(page: Page) -> None:
    page.site.call()
    page.open("traces.html")
    page.says("#list", "reader")
    page.fill("#filter", "nonsense here")
    page.run("document.getElementById('search').requestSubmit()")
    page.until(lambda: page.text("#refused"), "nothing is said")
    assert page.text("#live") == "live"
    page.fill("#filter", 'service("nobody")')
    page.run("document.getElementById('search').requestSubmit()")
    page.says("#none", "No trace of this time is like that.")
    assert page.text("#refused") == ""
    page.click("#clear")
    page.says("#list", "reader")


def test_nothing_on_a_map_covers_anything_else(page: Page) -> None:
    """Layouts of many graphs of up to thirty nodes, with calls that lead back and over layers."""
    page.open("traces.html")
    found = page.driver.execute_async_script(LAYOUTS)
    assert found[0] == 0 and found[1] > 1000, found


def test_the_pages_lead_to_each_other_and_nobody_else_was_asked(page: Page) -> None:
    page.site.cloudformation.create_stack(StackName="there", TemplateBody=FAILS)
    page.open("functions.html")
    for link, title in (
        ("stacks.html", "fogbank · stacks"),
        ("traces.html", "fogbank · traces"),
        ("functions.html", "fogbank · functions"),
    ):
        page.click(f"nav a[href='{link}']")
        page.until(lambda title=title: page.driver.title == title, f"not {title}")
        page.until(lambda: page.text("#live") == "live", "it is not live")
    messages = [json.loads(one["message"])["message"] for one in page.driver.get_log("performance")]
    requests = (one["params"] for one in messages if one["method"] == "Network.requestWillBeSent")
    asked = {one["request"]["url"] for one in requests if not one["documentURL"].startswith(("chrome:", "about:"))}
    assert {True} == {any(part in one for one in asked) for part in ("/functions/one", "/stacks/one", "/xray/map")}
    assert [one for one in asked if not one.startswith((f"{page.site.url}/_fogbank/", "data:"))] == []
    # A refusal is in the browser's log as well as on the page.
    complaints = [str(one["message"]) for one in page.driver.get_log("browser")]
    assert [one for one in complaints if "(Bad Request)" not in one and "(Too Many Requests)" not in one] == []
