import pytest

from notifications.emails import test_email as sut
from notifications.models import Recipient
from tests.emails.props import NOW, html_of, read, text_of

pytestmark = pytest.mark.django_db


def test_a_test_mail_tells_the_road_it_took() -> None:
    mail = sut.test_mail("Ann <ann@x.test>", "mail.example.com:587", "basic", NOW)
    assert mail.recipients == (("ann@x.test", Recipient.Field.TO),)
    assert read(mail)["To"] == "Ann <ann@x.test>"
    for part in (text_of(mail), html_of(mail)):
        assert "mail.example.com:587" in part
        assert "Basic SMTP" in part
        assert "22 Nov 2026, 10:05:00 UTC" in part


def test_a_test_mail_says_that_it_is_one() -> None:
    mail = read(sut.test_mail("a@x.test", "x", "basic", NOW))
    assert mail["X-Mailadmin-Kind"] == "test"
    assert mail["Subject"] == "Test email from mailadmin"


def test_a_test_mail_to_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="“ann” cannot be used"):
        sut.test_mail("ann", "x", "basic", NOW)


def test_a_hostile_server_name_stays_text() -> None:
    mail = sut.test_mail("a@x.test", "<b>\r\nX-Evil: 1", "basic", NOW)
    assert "X-Evil" not in read(mail)
    assert "<b>" not in html_of(mail)
