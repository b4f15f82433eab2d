"""Every example reports to a panel that runs, as far as its program can be had here.

PowerShell and Groovy cannot: of their files only the report is checked, by its field names.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from notifications.intake.report import CompletionReport, TargetReport
from tests.panel import PROJECT, Panel
from tests.peers.need import need
from tests.peers.process import LOOPBACK, free_ports

EXAMPLES = PROJECT / "examples"
# A run on this machine: nothing of Ansible's own settings may be at work.
ANSIBLE = Path(sys.executable).parent / "ansible-playbook"
# What docs/reporting.md puts around the task.
(WRAPPER,) = re.findall(r"```sh\n(if ansible-playbook .*?)```", (PROJECT / "docs" / "reporting.md").read_text(), re.S)
# A token that the panel does not know.
STRANGE = "ma_" + "x" * 40
PLAYBOOK = """
- hosts: all
  gather_facts: false
  connection: local
  tasks:
    - name: Install
      ansible.builtin.command: "{{ 'false' if inventory_hostname == 'pc-002' else 'true' }}"
"""


@pytest.fixture(scope="module")
def panel() -> Iterator[Panel]:
    with Panel() as panel:
        panel.sign_in_tool()
        panel.shell("from tests.base import a_notification; a_notification()")
        yield panel


@pytest.fixture
def env(panel: Panel) -> dict[str, str]:
    token = str(panel.http.headers["Authorization"]).removeprefix("Bearer ")
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "USER") if name in os.environ}
    return {**clean, "MAILADMIN_URL": panel.url, "MAILADMIN_TOKEN": token, "NO_PROXY": "*", "no_proxy": "*"}


def run(env: dict[str, str], folder: Path, *command: str | Path, code: int = 0) -> str:
    done = subprocess.run(list(map(str, command)), cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def stored(panel: Panel, **wanted: object) -> dict[str, Any]:
    """The last completion's report, as the API tells it, under its `uuid`."""
    found = panel.shell("from notifications.models import Completion; print(Completion.objects.latest('id').uuid)")
    answer: dict[str, Any] = panel.http.get(f"{panel.url}/api/v1/completions/{found}", timeout=30).json()
    report: dict[str, Any] = answer["report"]
    assert {name: report[name] for name in wanted} == wanted
    return report | {"uuid": found}


def outcomes(completion: dict[str, Any]) -> dict[str, str]:
    return {target["name"]: target["outcome"] for target in completion["targets"]}


class TestCurl:
    def test_the_script_reports_a_file(self, panel: Panel, env: dict[str, str]) -> None:
        need("curl")
        answer = json.loads(run(env, EXAMPLES, "./report.sh", "report.json"))
        assert stored(panel, source="scripts", outcome="partial")["uuid"] == answer["id"]
        assert len(answer["messages"]) == 1

    def test_twice_is_one_completion(self, env: dict[str, str]) -> None:
        need("curl")
        assert run(env, EXAMPLES, "./report.sh", "report.json") == run(env, EXAMPLES, "./report.sh", "report.json")

    def test_a_refusal_fails_the_script_and_says_why(self, env: dict[str, str]) -> None:
        need("curl")
        said = run(env | {"MAILADMIN_TOKEN": STRANGE}, EXAMPLES, "./report.sh", "report.json", code=22)
        assert "The token is unknown" in said


class TestPython:
    def test_the_script_reports_the_machines_it_is_given(self, panel: Panel, env: dict[str, str]) -> None:
        answer = run(env, EXAMPLES, sys.executable, "report.py", "PC-001", "PC-002").strip()
        completion = stored(panel, source="report.py", outcome="success")
        assert completion["uuid"] == answer
        assert outcomes(completion) == {"PC-001": "success", "PC-002": "success"}

    def test_a_refusal_is_told(self, env: dict[str, str]) -> None:
        said = run(env | {"MAILADMIN_TOKEN": STRANGE}, EXAMPLES, sys.executable, "report.py", "PC", code=1)
        assert "The token is unknown" in said


class TestAnsible:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "ansible"
        shutil.copytree(EXAMPLES / "ansible", folder)
        (folder / "site.yml").write_text(PLAYBOOK)
        return folder

    @pytest.fixture
    def ansible(self, env: dict[str, str], tmp_path: Path) -> dict[str, str]:
        python = f"ANSIBLE_PYTHON_INTERPRETER={sys.executable}".partition("=")
        return env | {"HOME": str(tmp_path), python[0]: python[2], "LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1"}

    def test_the_callback_reports_a_run_with_each_host(
        self, panel: Panel, ansible: dict[str, str], folder: Path
    ) -> None:
        run(ansible, folder, ANSIBLE, "-i", "pc-001,pc-002", "site.yml", code=2)
        completion = stored(panel, source="ansible", name="site.yml", outcome="partial")
        assert outcomes(completion) == {"pc-001": "success", "pc-002": "failed"}
        assert completion["targets"][1]["detail"] == "Install: non-zero return code"

    def test_the_callback_never_changes_how_a_run_ends(self, ansible: dict[str, str], folder: Path) -> None:
        said = run(ansible | {"MAILADMIN_TOKEN": STRANGE}, folder, ANSIBLE, "-i", "pc-001,pc-003", "site.yml")
        assert "mailadmin took no report" in said
        assert STRANGE not in said

    @pytest.mark.parametrize(
        ("hosts", "outcome", "code"), [("pc-001\npc-003", "success", 0), ("pc-001\npc-002", "failed", 1)]
    )
    def test_the_task_reports_how_the_run_ended(
        self, panel: Panel, ansible: dict[str, str], folder: Path, hosts: str, outcome: str, code: int
    ) -> None:
        # Alone: the callback would report this play, too.
        (folder / "ansible.cfg").unlink()
        (folder / "hosts").write_text(hosts)
        settings = {"ANSIBLE_INVENTORY": "hosts", "PATH": f"{ANSIBLE.parent}:{ansible['PATH']}"}
        run(ansible | settings, folder, "sh", "-c", WRAPPER, code=code)
        stored(panel, source="ansible", name="Roll-out to 2 hosts", outcome=outcome)

    def test_a_task_that_is_refused_warns_and_fails_nothing(self, ansible: dict[str, str], folder: Path) -> None:
        (folder / "ansible.cfg").unlink()
        strange = ansible | {"MAILADMIN_TOKEN": STRANGE}
        said = run(strange, folder, ANSIBLE, "-i", "pc-001,", "report-task.yml", "--extra-vars", "outcome=success")
        assert "mailadmin took no report: Status code was 401" in said
        assert STRANGE not in said


class TestGitHubActions:
    @pytest.mark.parametrize(("status", "outcome"), [("success", "success"), ("failure", "failed")])
    def test_the_step_reports_the_run(
        self, panel: Panel, env: dict[str, str], tmp_path: Path, status: str, outcome: str
    ) -> None:
        need("curl")
        workflow = yaml.safe_load((EXAMPLES / "github-actions" / "deploy.yml").read_text())
        step = workflow["jobs"]["deploy"]["steps"][-1]
        assert set(step["env"]) == {"MAILADMIN_URL", "MAILADMIN_TOKEN", "JOB_STATUS"}
        github = {
            "GITHUB_REPOSITORY": "octo/deploy",
            "GITHUB_RUN_ID": f"7-{status}",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_RUN_NUMBER": "42",
            "GITHUB_JOB": "deploy",
            "GITHUB_WORKFLOW": "Deploy",
            "GITHUB_SHA": "a" * 40,
            "GITHUB_ACTOR": "ada",
            "GITHUB_SERVER_URL": "https://github.com",
        }
        # As a runner starts it.
        run(env | github | {"JOB_STATUS": status}, tmp_path, "bash", "-e", "-c", step["run"])
        stored(panel, source="github", outcome=outcome, version="a" * 10, name="Deploy of octo/deploy #42")

    def test_a_report_that_fails_does_not_fail_the_job(self) -> None:
        workflow = yaml.safe_load((EXAMPLES / "github-actions" / "deploy.yml").read_text())
        deploy, report = workflow["jobs"]["deploy"]["steps"][-2:]
        assert report["continue-on-error"] is True
        assert "continue-on-error" not in deploy


class TestJenkins:
    PIPELINE = (EXAMPLES / "jenkins" / "Jenkinsfile").read_text()
    (SCRIPT,) = re.findall(r"sh '''(.*?)'''", PIPELINE, re.S)

    def test_the_reports_fields_are_the_apis(self) -> None:
        (literal,) = re.findall(r"toJson\(\[(.*?)\n\s*\]\)", self.PIPELINE, re.S)
        assert set(re.findall(r"^\s*(\w+):", literal, re.M)) <= CompletionReport.model_fields.keys()
        assert set(re.findall(r": '(\w+)'", self.PIPELINE.partition("outcomes = [")[2].partition("]")[0])) <= OUTCOMES

    @pytest.fixture
    def workspace(self, tmp_path: Path) -> Path:
        need("curl")
        report = {"kind": "deployment", "source": "jenkins", "id": "1", "name": "x", "outcome": "failed", "targets": []}
        (tmp_path / "mailadmin.json").write_text(json.dumps(report))
        return tmp_path

    def test_the_shell_step_sends_it(self, panel: Panel, env: dict[str, str], workspace: Path) -> None:
        run(env, workspace, "sh", "-e", "-c", self.SCRIPT)
        stored(panel, source="jenkins", outcome="failed")

    def test_a_refusal_is_told_and_fails_nothing(self, env: dict[str, str], workspace: Path) -> None:
        said = run(env | {"MAILADMIN_TOKEN": STRANGE}, workspace, "sh", "-e", "-c", self.SCRIPT)
        assert "The token is unknown" in said
        assert "mailadmin took no report" in said

    def test_a_panel_that_is_down_is_asked_again_and_fails_nothing(self, env: dict[str, str], workspace: Path) -> None:
        # Five times in five seconds instead of half a minute.
        (workspace / ".curlrc").write_text("retry-delay = 1\n")
        down = {"MAILADMIN_URL": f"http://{LOOPBACK}:{free_ports(1)[0]}", "CURL_HOME": str(workspace)}
        said = run(env | down, workspace, "sh", "-e", "-c", self.SCRIPT)
        assert said.count("Failed to connect") == 6
        assert "mailadmin took no report" in said


OUTCOMES = {"success", "partial", "failed", "cancelled"}
HASHTABLE = re.compile(r"\$report = @\{(.*?)\}(?: \+ \$More)?\n", re.S)
KEY = re.compile(r"(?:^|;)\s*(\w+)\s*=", re.M)


@pytest.mark.parametrize("name", ["powershell/Send-Completion.ps1", "pdq-deploy/Report-Target.ps1"])
class TestPowerShell:
    """Not run: there is no PowerShell for this system in any registry that the tests may use."""

    def test_the_reports_fields_are_the_apis(self, name: str) -> None:
        found = HASHTABLE.search((EXAMPLES / name).read_text())
        assert found
        keys = set(KEY.findall(found.group(1)))
        assert {"kind", "source", "id", "name", "targets"} <= keys
        assert keys <= CompletionReport.model_fields.keys()

    def test_the_targets_fields_are_the_apis(self, name: str) -> None:
        text = (EXAMPLES / name).read_text()
        fields = set(re.findall(r"\$target\.(\w+) =", text)) | set(re.findall(r"@\{ (\w+) = '", text))
        assert fields <= TargetReport.model_fields.keys()
        assert set(re.findall(r"outcome = '(\w+)'", text)) <= OUTCOMES

    def test_a_report_with_these_fields_is_taken(self, name: str, panel: Panel) -> None:
        found = HASHTABLE.search((EXAMPLES / name).read_text())
        assert found
        values: dict[str, Any] = dict.fromkeys(KEY.findall(found.group(1)), "7-Zip")
        values |= {"kind": "deployment", "id": name, "targets": [{"name": "PC-001", "outcome": "success"}]}
        values |= {"finished_at": "2026-11-22T10:00:00Z"} if "finished_at" in values else {}
        answer = panel.http.post(f"{panel.url}/api/v1/completions", json=values, timeout=30)
        assert answer.status_code == 202, answer.text


def test_the_pdq_step_retries_as_the_script_does_and_warns_instead() -> None:
    loop = re.compile(r"^foreach \(\$pause in (.*?)\) \{.*^\}", re.M | re.S)
    script = loop.search((EXAMPLES / "powershell" / "Send-Completion.ps1").read_text())
    step = loop.search((EXAMPLES / "pdq-deploy" / "Report-Target.ps1").read_text())
    assert script
    assert step
    assert step.group(1) == script.group(1)
    assert "Write-Warning" in step.group()
    assert "throw }" not in step.group()
