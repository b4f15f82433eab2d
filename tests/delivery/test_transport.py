from notifications.delivery.transport import from_header


def test_a_sender_s_name_beyond_ascii_is_encoded_in_from() -> None:
    assert from_header("Jörg <j@x.test>") == ("j@x.test", b"From: =?utf-8?b?SsO2cmc=?= <j@x.test>\r\n")


def test_a_sender_s_long_name_is_folded() -> None:
    _, line = from_header(f"{'Ж' * 128} <j@x.test>")
    assert line.isascii()
    assert max(map(len, line.split(b"\r\n"))) <= 76
