"""Puts what CI systems read before their own parsers and schemas, and runs the steps of the GitHub action.

The reports are the snapshots of `reports/tests/ci_formats.rs`, the configuration files are `action.yml` and those in
`docs/ci`. Every check is also given a broken file, which it must refuse: a check that takes anything shows nothing.

Exit codes: 0 all hold; 1 not; 77 all that could be checked here hold.
"""

import csv
import datetime
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema
import junitparser
import xmlschema
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
SNAPSHOTS = ROOT / "reports/tests/snapshots"
SCHEMAS = ROOT / "reports/tests/ci"
ACTION = ROOT / "action.yml"
GITHUB = ROOT / "docs/ci/github.yml"
GITLAB = ROOT / "docs/ci/gitlab.yml"
LIVE = ROOT / "harness/runner/src/live/mod.rs"


class Invalid(Exception):
    """A file is not what its reader takes."""


class Missing(Exception):
    """A checker is not on this machine."""


def snapshot(name):
    return (SNAPSHOTS / f"ci_formats__{name}").read_text(encoding="utf-8")


def must(holds, why):
    if not holds:
        raise Invalid(why)


# What each reader takes.


def junit(text):
    """The schema, junitparser's own reading, and sums that are right."""
    schema = xmlschema.XMLSchema(str(SCHEMAS / "junit.xsd"))
    schema.validate(text)
    report = junitparser.JUnitXml.fromstring(text.encode())
    for suite in report:
        cases = list(suite)
        results = [result for case in cases for result in case.result]
        count = lambda kind: sum(isinstance(result, kind) for result in results)
        must(suite.tests == len(cases), f"{suite.tests} tests are told of, {len(cases)} are there")
        must(suite.failures == count(junitparser.Failure), "the number of failures is wrong")
        must(suite.errors == count(junitparser.Error), "the number of errors is wrong")
        must(suite.skipped == count(junitparser.Skipped), "the number of skipped tests is wrong")
        names = {(case.classname, case.name) for case in cases}
        must(len(names) == len(cases), "two test cases have one name")
    for count in ["tests", "failures", "errors", "skipped"]:
        must(getattr(report, count) == sum(getattr(suite, count) for suite in report), f"the sum of {count} is wrong")


def openmetrics(text):
    """The parser of Prometheus' own client."""
    families = list(text_string_to_metric_families(text))
    must(len(families) > 1, "there is no metric")
    for family in families:
        must(family.documentation, f"{family.name} has no HELP")
        must(family.samples, f"{family.name} has no sample")
        for sample in family.samples:
            must(sample.value == sample.value, f"{sample.name} is not a number")


def by_schema(schema):
    validator = jsonschema.Draft7Validator(json.loads((SCHEMAS / schema).read_text()))
    return lambda text: validator.validate(json.loads(text))


def benchmark_action(text):
    by_schema("benchmark-action.schema.json")(text)
    names = [entry["name"] for entry in json.loads(text)]
    must(len(set(names)) == len(names), "two entries have one name")


def otava(text):
    """What Otava's importer reads: every row as long as the header, times, and numbers where a test names a column.

    apache-otava itself depends on other versions of packages that are pinned here, so that its rules are written down:
    `CsvImporter.fetch_data` and `create_csv_test_config` of 0.8.0.
    """
    tests = YAML(typ="safe").load(snapshot("otava-tests.snap.yaml"))["tests"]
    header, *rows = csv.reader(io.StringIO(text))
    must(rows, "there is no row")
    test = tests["fashion_fp32_ort_t1_b1"]
    must(test["type"] == "csv" and test["file"].endswith(".csv"), "the test is no CSV")
    must(len(set(header)) == len(header), "two columns have one name")
    for row in rows:
        must(len(row) == len(header), "a row is not as long as the header")
        datetime.datetime.fromisoformat(row[header.index(test["time_column"])])
        for attribute in test["attributes"]:
            must(row[header.index(attribute)], f"{attribute} is empty")
        for name, metric in test["metrics"].items():
            float(row[header.index(metric["column"])])
            must(metric["direction"] in (-1, 1), f"{name} has no direction")


def builtin_schema(name, *options):
    """The schemas that check-jsonschema carries along."""

    def check(text):
        with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", name, *options, file.name]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
        must(result.returncode == 0, result.stdout + result.stderr)

    return check


def shellcheck(script, shell):
    program = Path(sys.executable).with_name("shellcheck")
    program = program if program.exists() else shutil.which("shellcheck")
    if program is None:
        raise Missing("shellcheck (Debian: shellcheck)")
    command = [program, f"--shell={shell}", "--severity=style", "--enable=quote-safe-variables", "-"]
    result = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    must(result.returncode == 0, result.stdout + result.stderr)


def github_scripts(text):
    """Every script through shellcheck; none may hold an expression, for its value would be taken for commands."""
    document = YAML(typ="safe").load(text)
    jobs = [document["runs"]] if "runs" in document else document["jobs"].values()
    steps = [step for job in jobs for step in job["steps"]]
    must(steps, "there is no step")
    for step in steps:
        if "run" in step:
            must("${{" not in step["run"], f"an expression stands in the script of {step['name']!r}")
            must(step.get("shell", "bash") == "bash", "the shell is not bash")
            shellcheck("set -eo pipefail\n" + step["run"], "bash")


def gitlab_scripts(text):
    for name, job in YAML(typ="safe").load(text).items():
        script = "\n".join(job.get("before_script", []) + job["script"])
        must(script, f"{name} has no script")
        shellcheck("set -eo pipefail\n" + script, "bash")


def inputs_are_known(text):
    """The example gives the action what the action takes."""
    action = YAML(typ="safe").load(ACTION.read_text())
    used = 0
    for job in YAML(typ="safe").load(text)["jobs"].values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("./"):
                used += 1
                unknown = set(step.get("with", {})) - set(action["inputs"])
                must(not unknown, f"the action has no input {unknown}")
    must(used > 0, "the action is not used")


def live_metrics():
    """The metrics that `edgebench gate live` judges, from where they stand."""
    listed = re.search(r"pub const LIVE_METRICS: \[&str; (\d+)\] = \[([^\]]*)\];", LIVE.read_text(encoding="utf-8"))
    must(listed, f"{LIVE} has no LIVE_METRICS")
    metrics = re.findall(r'"([a-z0-9_]+)"', listed[2])
    must(len(metrics) == int(listed[1]), f"LIVE_METRICS of {LIVE} cannot be read")
    return metrics


def strings(value):
    """Every string in a document."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for one in value for text in strings(one)]
    return [value] if isinstance(value, str) else []


def rules_are_judged_live(text):
    """Every rule for `--fail-on`: the action's input and its words, a workflow's input, a script's flags."""
    document = YAML(typ="safe").load(text)
    rules = [rule for one in strings(document) for rule in re.findall(r"--fail-on[ =]+[\"']?([^\s\"'$]+)", one)]
    rules += re.findall(r"`([^`]+)`", document.get("inputs", {}).get("fail-on", {}).get("description", ""))
    for job in document.get("jobs", {}).values():
        for step in job["steps"]:
            rules += [rule.strip() for rule in step.get("with", {}).get("fail-on", "").splitlines() if rule.strip()]
    must(rules, "there is no rule")
    for rule in rules:
        metric, _, tolerance = rule.partition(":")
        must(metric in live_metrics(), f"a live gate does not judge {metric!r}")
        must(re.fullmatch(r"\d+(\.\d+)?%", tolerance), f"a live gate does not judge by {tolerance!r}")


# The action's steps, with programs that only note how they were called.

STUB = """#!/bin/sh
{ printf '%s' "$(basename "$0")"; for word; do printf '\\t%s' "$word"; done; echo; } >> "$STUB_LOG"
"""

EDGEBENCH = (
    STUB
    + """
mkdir -p gate
printf '<!-- edgebench gate: x -->\\nwords\\n' > gate/gate.md
echo '::error title=x::y'
exit "$STUB_CODE"
"""
)

GH = (
    STUB
    + """
case "$*" in
  *--paginate*) printf '%s' "$STUB_COMMENTS"; test -z "$STUB_READ_ONLY" ;;
  "api user "*)
    # What went wrong is told on both.
    test -n "$STUB_LOGIN" || { echo '{"message":"Resource not accessible by integration"}' | tee /dev/stderr; exit 1; }
    echo "$STUB_LOGIN" ;;
  *) test -z "$STUB_READ_ONLY" ;;
esac
"""
)


def run_action(text, step_name, environment):
    """Runs one step of the action; gives its exit code, output, the calls that were made, and the files it wrote."""
    steps = YAML(typ="safe").load(text)["runs"]["steps"]
    script = next(step["run"] for step in steps if step["name"] == step_name)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for name, content in [("edgebench", EDGEBENCH), ("gh", GH), ("git", STUB)]:
            program = folder / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(content)
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        gate = folder / "gate"
        gate.mkdir()
        if "gate.md" in environment:
            (gate / "gate.md").write_text(environment["gate.md"])
        files = {name: folder / name for name in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "STUB_LOG"]}
        for file in files.values():
            file.touch()
        variables = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "EDGEBENCH": "edgebench",
            "OUTPUT": "gate",
            "STUB_CODE": "0",
            "STUB_COMMENTS": "",
            "STUB_LOGIN": "",
            "STUB_READ_ONLY": "",
            **{name: str(path) for name, path in files.items()},
            **{name: value for name, value in environment.items() if name != "gate.md"},
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        result = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
        written = {name: path.read_text() for name, path in files.items()}
        calls = [line.split("\t") for line in written["STUB_LOG"].splitlines()]
        return result.returncode, result.stdout + result.stderr, calls, written


def the_action_measures(text):
    inputs = {
        "SUITE": "suites/my own",
        "BASELINE": "",
        "CANDIDATE": "",
        "FAIL_ON": "latency_p50:3%\nload:$(touch x) 5%\n",
        "BUDGET": "60s",
        "ARGUMENTS": "--threads\n2\n",
        "NAME": "a name",
        "ANNOTATIONS": "true",
        "BASE": "0123456789" * 4,
    }
    code, out, calls, written = run_action(text, "Measure both sides", {**inputs, "STUB_CODE": "4"})
    must(code == 0, f"the step failed: {out}")
    must(written["GITHUB_OUTPUT"] == "exit-code=4\n", f"exit code: {written['GITHUB_OUTPUT']!r}")
    must("words" in written["GITHUB_STEP_SUMMARY"], "there is no summary")
    must("::error title=x::y" in out, "there is no annotation")
    expected = ["edgebench", "gate", "live", "--baseline", "rev=" + inputs["BASE"], "--candidate", "suites/my own"]
    expected += ["--budget", "60s", "--output", "gate", "--name", "a name", "--format", "github"]
    expected += ["--fail-on", "latency_p50:3%", "--fail-on", "load:$(touch x) 5%", "--threads", "2"]
    expected += ["--", "suites/my own"]
    must(expected in calls, f"edgebench was called otherwise: {calls}")

    models = {**inputs, "SUITE": "", "BASELINE": "old.onnx", "CANDIDATE": "new.onnx", "FAIL_ON": "", "ARGUMENTS": ""}
    code, out, calls, written = run_action(text, "Measure both sides", {**models, "ANNOTATIONS": "false"})
    must(code == 0 and written["GITHUB_OUTPUT"] == "exit-code=0\n", f"the step failed: {out}")
    must("::error" not in out, "annotations came unasked")
    must([call[0] for call in calls] == ["edgebench"], "git was asked for what nobody needs")
    must("--" not in calls[0] and "--fail-on" not in calls[0], f"edgebench was called otherwise: {calls}")

    for base in ["", "0" * 40, "main; touch x"]:
        code, out, calls, written = run_action(text, "Measure both sides", {**inputs, "BASE": base})
        must(written["GITHUB_OUTPUT"] == "exit-code=2\n", f"without a base: {written['GITHUB_OUTPUT']!r}")
        must(not calls and "::error" in out, "without a base something ran")

    for told in ["0", "1", "4"]:
        code, out, _, _ = run_action(text, "Tell the outcome", {"CODE": told})
        must(code == int(told), f"{told} was told as {code}")


def the_action_comments(text):
    step = "Comment on the pull request"
    inputs = {"PULL_REQUEST": "7", "GITHUB_REPOSITORY": "o/r", "GH_TOKEN": "x", "gate.md": "<!-- a -->\nwords\n"}
    body = ["-F", "body=@gate/gate.md"]
    code, out, calls, _ = run_action(text, step, inputs)
    must(code == 0, f"the step failed: {out}")
    create = ["gh", "api", "--silent", "--method", "POST", "repos/o/r/issues/7/comments", *body]
    must(calls[-1] == create, f"no comment was made: {calls}")
    update = ["gh", "api", "--silent", "--method", "PATCH", "repos/o/r/issues/comments/12", *body]
    bots = "9 User someone\n12 Bot github-actions[bot]\n34 Bot github-actions[bot]\n"
    code, out, calls, _ = run_action(text, step, {**inputs, "STUB_COMMENTS": bots})
    must(code == 0 and calls[-1] == update, f"the comment was not brought up to date: {calls}")
    # A token of a person's own: what others wrote is not theirs to change.
    mine = {**inputs, "STUB_LOGIN": "me", "STUB_COMMENTS": "3 Bot other[bot]\n9 User someone\n12 User me\n"}
    code, out, calls, _ = run_action(text, step, mine)
    must(code == 0 and calls[-1] == update, f"a person's comment was not brought up to date: {calls}")
    code, out, calls, _ = run_action(text, step, {**mine, "STUB_COMMENTS": "3 Bot other[bot]\n9 User someone\n"})
    must(code == 0 and calls[-1] == create, f"another's comment was taken for one's own: {calls}")
    comments_are_told_apart(calls)
    code, out, calls, _ = run_action(text, step, {**inputs, "STUB_READ_ONLY": "1"})
    must(code == 0 and "::warning" in out, "a token that may only read fails the job")
    without = {name: value for name, value in inputs.items() if name != "gate.md"}
    code, out, calls, _ = run_action(text, step, without)
    must(code == 0 and not calls, "a comment without words was made")


def comments_are_told_apart(calls):
    """The filter that gh is given, put before jq with comments as GitHub's interface shows them, where jq is installed."""
    program = next(call[call.index("--jq") + 1] for call in calls if "--paginate" in call)
    jq = shutil.which("jq")
    if jq is None:
        return
    comment = lambda number, body: {"id": number, "body": body, "user": {"login": "me", "type": "User"}}
    comments = [comment(1, "<!-- a -->\r\nold"), comment(2, "> <!-- a -->"), comment(3, "<!-- b -->")]
    environment = {**os.environ, "MARKER": "<!-- a -->"}
    result = subprocess.run([jq, "-r", program], input=json.dumps(comments), env=environment, capture_output=True, text=True)
    must(result.stdout == "1 User me\n", f"comments are not found: {result.stdout!r} {result.stderr}")


def replaced(old, new):
    def mutate(text):
        must(old in text, f"nothing to break: {old!r}")
        return text.replace(old, new, 1)

    return mutate


ACTION_TEXT = ACTION.read_text(encoding="utf-8")

# Name, what to check, its text, and what each break replaces.
CHECKS = [
    (
        "JUnit XML",
        junit,
        [snapshot("junit.snap.xml"), snapshot("junit-hostile.snap.xml")],
        [
            ("</testcase>", ""),
            ('failures="1"', 'failures="2"'),
            (' classname="edgebench.fashion"', ""),
            ("<failure ", "<broken "),
            ('value="passed"', 'value="pas\u0001sed"'),
            ('tests="12"', 'tests="13"'),
        ],
    ),
    (
        "OpenMetrics",
        openmetrics,
        [snapshot("metrics.snap.txt"), snapshot("metrics-hostile.snap.txt"), snapshot("metrics-gate.snap.txt")],
        [
            ("# EOF\n", ""),
            ('variant="fp32"', 'variant="fp32'),
            ("# UNIT edgebench_load_seconds seconds", "# UNIT edgebench_load_seconds bytes"),
            ("# EOF\n", "edgebench_load_seconds 1\n# EOF\n"),
            ("} 0.002", "} two"),
        ],
    ),
    (
        "Bencher Metric Format",
        by_schema("bencher.schema.json"),
        [snapshot("bencher.snap.json"), snapshot("bencher-hostile.snap.json")],
        [
            ('"value": 210000.0', '"value": "210000"'),
            ('"lower_value"', '"lower"'),
            ('"rss-peak"', '"rss_peak"'),
            ('"fashion/fp32/ort/t1/b1"', f'"{"a" * 1025}"'),
        ],
    ),
    (
        "github-action-benchmark",
        benchmark_action,
        [snapshot("smaller-is-better.snap.json"), snapshot("bigger-is-better.snap.json")],
        [
            ('"value": 210000.0', '"value": "210000"'),
            ('"unit": "ns"', '"unit": ""'),
            ("fp32/ort/t1/b1 load", "fp32/ort/t1/b1 first"),
        ],
    ),
    (
        "Otava",
        otava,
        [snapshot("otava.snap.csv")],
        [("210000", ""), ("time,", "when,"), ("2026-01-02T", "yesterday "), (",0.914,,", ",0.914,")],
    ),
    (
        "action.yml by its schema",
        builtin_schema("vendor.github-actions"),
        [ACTION_TEXT],
        [("using: composite", "using: composed"), ("  steps:", "  stages:"), ("      shell: bash\n", "")],
    ),
    (
        "action.yml's scripts",
        github_scripts,
        [ACTION_TEXT],
        [('cd "$GITHUB_ACTION_PATH"', "cd $GITHUB_ACTION_PATH"), ('exit "$CODE"', 'exit "${{ inputs.name }}"')],
    ),
    (
        "action.yml measures",
        the_action_measures,
        [ACTION_TEXT],
        [('"${command[@]}"', "${command[@]}"), (" || code=$?", ""), ('exit "$CODE"', "exit 0")],
    ),
    (
        "action.yml comments",
        the_action_comments,
        [ACTION_TEXT],
        [
            ("--method PATCH", "--method POST"),
            (' || echo "::warning', ' && echo "::warning'),
            ('[ "$author" = "$login" ] ||', "false ||"),
            ('[ "$login$type" = Bot ]', '[ "$type" = Bot ]'),
            ("          login=\n", "          true\n"),
        ],
    ),
    (
        "action.yml's rules",
        rules_are_judged_live,
        [ACTION_TEXT],
        [("`latency_p50:3%`", "`cpu_time:3%`"), ("`latency_p50:3%`", "latency_p50")],
    ),
    (
        "the workflow by its schema",
        builtin_schema("vendor.github-workflows"),
        [GITHUB.read_text()],
        [("runs-on", "runs-upon"), ("    steps:", "    stages:")],
    ),
    ("the workflow's scripts", github_scripts, [GITHUB.read_text()], [("uses: ./.edgebench", "run: echo $x")]),
    (
        "the workflow's rules",
        rules_are_judged_live,
        [GITHUB.read_text()],
        [("rss_peak:2%", "cpu_time:3%"), ("rss_peak:2%", "rss_peak:2MiB"), ("rss_peak:2%", "rss_peak")],
    ),
    ("the workflow's inputs", inputs_are_known, [GITHUB.read_text()], [("fail-on:", "fail_on:")]),
    (
        "GitLab's file by its schema",
        builtin_schema("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
        [GITLAB.read_text()],
        [("  script:", "  scripts:"), ("when: always", "when: ever")],
    ),
    (
        "GitLab's rules",
        rules_are_judged_live,
        [GITLAB.read_text()],
        [("rss_peak:2%", "cpu_time:3%"), ("latency_p50:3%", "latency_p50:3us")],
    ),
    (
        "GitLab's scripts",
        gitlab_scripts,
        [GITLAB.read_text()],
        [('git fetch --quiet --depth=1 origin "$CI', 'git fetch --quiet --depth=1 origin $CI'), ("$SUITE\" \\", "$SUITE \\")],
    ),
]


def refused(check, text):
    """Whether a check refuses a text, for whatever reason."""
    try:
        check(text)
    except Missing:
        raise
    except Exception:  # noqa: BLE001: parsers and schemas have their own kinds.
        return True
    return False


def main():
    failed, missing = 0, 0
    for name, check, texts, breaks in CHECKS:
        try:
            for text in texts:
                check(text)
            for old, new in breaks:
                must(refused(check, replaced(old, new)(texts[0])), f"it takes a file with {new!r} for {old!r}")
        except Missing as why:
            missing += 1
            print(f"{name}: not checked, for want of {why}")
        except Exception as why:  # noqa: BLE001
            failed += 1
            print(f"{name}: FAILED: {why}")
        else:
            print(f"{name}: {len(texts)} valid, {len(breaks)} broken ones refused")
    if failed:
        return 1
    return 77 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
