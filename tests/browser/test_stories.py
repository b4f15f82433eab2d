"""The daily roads, each in Chromium with JavaScript and without: nothing on them may depend on it."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.base import PASSWORD
from tests.browser.axe import Watch
from tests.browser.conftest import set_up
from tests.panel import Panel
from tests.smtp_sink import SmtpSink

SLOW = 20_000


@pytest.fixture(scope="module")
def panel() -> Iterator[Panel]:
    """Of this module's own: its mail server comes and goes."""
    with Panel() as panel:
        panel.sign_in_tool()
        yield panel


@pytest.fixture(scope="module")
def cookies(chromium: Browser, panel: Panel) -> dict[str, object]:
    """Of the first administrator, whose browser ran no script either."""
    context = chromium.new_context(java_script_enabled=False)
    set_up(context, panel)
    state = dict(context.storage_state())
    context.close()
    return state


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def window(chromium: Browser, panel: Panel, cookies: dict[str, object], scripts: bool) -> Iterator[BrowserContext]:
    context = chromium.new_context(
        base_url=panel.url,
        storage_state=cookies,  # type: ignore[arg-type]  # its own state
        java_script_enabled=scripts,
    )
    watch = Watch(context, panel.url)
    yield context
    context.close()
    assert watch.take() == []


@pytest.fixture
def page(window: BrowserContext) -> Page:
    return window.new_page()


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def used(panel: Panel, sink: SmtpSink) -> SmtpSink:
    """The server that mail goes over, with one notification for everything."""
    panel.shell("from notifications.models import Notification; Notification.objects.all().delete()")
    panel.use(sink)
    return sink


def settled(page: Page, words: str) -> None:
    """Without JavaScript a person reloads."""
    for _ in range(40):
        if words in page.locator("#story").inner_text():
            break
        page.wait_for_timeout(250)
        page.reload()
    expect(page.locator("#story")).to_contain_text(words)


def test_a_mail_server_is_set_up_and_a_test_reaches_it(
    window: BrowserContext, page: Page, sink: SmtpSink, scripts: bool
) -> None:
    page.goto("/mail-server/")
    page.fill("#id_server", f"{sink.host}:{sink.port}")
    page.select_option("#id_security", "none")
    page.fill("#id_sender", "Deployments <sender@contoso.test>")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("main")).to_contain_text("Saved.")
    page.fill("#id_test_to", "ops@contoso.test")
    if scripts:
        page.click("#send-test-email")
        expect(page.locator("#test-result")).to_contain_text("accepted by", timeout=SLOW)
    else:
        with window.expect_page() as opened:
            page.click("#send-test-email")
        expect(opened.value.locator("#test-result")).to_contain_text("accepted by", timeout=SLOW)
    (mail,) = sink.wait_for(1)
    assert mail.recipients == ("ops@contoso.test",)


def test_a_refused_mail_is_explained_and_sent_again(page: Page, panel: Panel, used: SmtpSink, scripts: bool) -> None:
    used.on("RCPT", "550 5.1.1 User unknown", times=1)
    number = 7001 if scripts else 7002
    panel.report(number)
    page.goto(f"/completions/?text=Deployment+{number}")
    page.click("tbody a >> nth=0")
    page.locator("main a[href*='/deliveries/']:not([href$='/deliveries/'])").first.click()
    settled(page, "There is no such recipient")
    page.get_by_role("button", name="Resend", exact=True).click()
    expect(page.locator("main")).to_contain_text("Queued once more")
    settled(page, "Accepted by the mail server")
    assert used.wait_for(1)[0].recipients == ("ops@peer.test",)


def test_mail_is_paused_one_mail_is_cancelled_and_another_goes_on(page: Page, panel: Panel, used: SmtpSink) -> None:
    page.goto("/safety/")
    page.check("#id_paused")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("Notification mail is paused")
    panel.shell("from tests import base; base.a_message('first@peer.test'); base.a_message('second@peer.test')")

    page.goto("/deliveries/?recipient=first@peer.test&state=queued")
    page.click("tbody td a >> nth=0")
    page.locator("#story").get_by_role("link", name="Cancel…").click()
    page.locator("main form button.danger").click()
    expect(page.locator("#story")).to_contain_text("Cancelled")

    page.goto("/safety/")
    page.uncheck("#id_paused")
    page.get_by_role("button", name="Save").click()
    assert {mail.recipients for mail in used.wait_for(1)} == {("second@peer.test",)}


def test_a_token_reports_until_it_is_revoked(page: Page, panel: Panel, scripts: bool) -> None:
    name = f"Jenkins {'with' if scripts else 'without'} a script"
    page.goto("/tokens/")
    page.fill("#id_name", name)
    page.get_by_role("button", name="Create token").click()
    secret = page.locator("pre").first.inner_text().strip()
    page.click("text=I have copied it")
    page.reload()
    assert secret not in page.content()

    report = {"kind": "deployment", "source": "tests", "id": secret[-8:], "name": "By token", "outcome": "success"}
    headers = {"Authorization": f"Bearer {secret}"}
    address = f"{panel.url}/api/v1/completions"
    assert panel.http.post(address, json=report, headers=headers, timeout=30).status_code == 202
    page.locator("tr", has_text=name).get_by_role("link", name="Revoke").click()
    page.locator("main form button.danger").click()
    expect(page.locator("main")).to_contain_text("reports with it are refused from now on")
    assert panel.http.post(address, json=report, headers=headers, timeout=30).status_code == 401


def test_the_audit_tells_who_it_was_on_the_page_and_as_a_file(page: Page, tmp_path: Path) -> None:
    page.goto("/audit/")
    page.select_option("#id_action", "account_made")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("ada")
    with page.expect_download() as download:
        page.click("text=Export CSV")
    download.value.save_as(tmp_path / "audit.csv")
    (row,) = csv.DictReader(io.StringIO((tmp_path / "audit.csv").read_text("utf-8-sig")))
    assert "ada" in row.values()


def test_the_inbox_is_emptied_after_a_question(page: Page, panel: Panel) -> None:
    panel.shell(
        "from notifications.capture import store; from tests import base; "
        "store.add('a@peer.test', ['b@peer.test'], base.a_mail(subject='Caught').content)"
    )
    page.goto("/inbox/")
    expect(page.locator("tbody")).to_contain_text("Caught")
    page.click("text=Delete all")
    page.locator("main form button.danger").click()
    expect(page.locator("main")).to_contain_text("deleted.")
    expect(page.locator("tbody")).to_have_count(0)


def test_somebody_is_refused_comes_in_changes_the_password_and_leaves(
    chromium: Browser, panel: Panel, scripts: bool, cookies: dict[str, object]
) -> None:
    name, better = f"olga{int(scripts)}", f"{PASSWORD}, and a stapler"
    panel.shell(f"from tests import base; base.person({name!r}, is_staff=True)")
    context = chromium.new_context(base_url=panel.url, java_script_enabled=scripts)
    page = context.new_page()
    page.goto("/audit/?who=ada")
    sign_in(page, name, "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    sign_in(page, name, PASSWORD)
    expect(page.locator("h1")).to_have_text("This is not for your account")

    page.goto("/account/")
    page.fill("#id_old_password", PASSWORD)
    page.fill("#id_new_password1", better)
    page.fill("#id_new_password2", better)
    page.get_by_role("button", name="Change password").click()
    expect(page.locator("main")).to_contain_text("Your password is changed")
    page.click(".bar-end summary")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, name, better)
    expect(page.locator("#alive-title")).to_be_visible()
    context.close()


def sign_in(page: Page, name: str, password: str) -> None:
    page.fill("[name=username]", name)
    page.fill("[name=password]", password)
    page.get_by_role("button", name="Sign in", exact=True).click()
