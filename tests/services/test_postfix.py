import smtplib

from tests.services.servers import LOOPBACK


def test_it_delivers_to_its_own_domain_and_refuses_all_others(postfix):
    letter = b"Message-ID: <one@enclose.test>\r\nSubject: Hi\r\n\r\nBody\r\n"
    with smtplib.SMTP(LOOPBACK, postfix.port) as client:
        client.ehlo()
        for extension in ("pipelining", "8bitmime", "smtputf8", "size"):
            assert client.has_extn(extension)
        refused = client.sendmail(
            "a@acme.test", ["anything@test.example", "b@elsewhere.example"], letter
        )
    message = postfix.wait_for("<one@enclose.test>")
    assert message["Subject"] == "Hi"
    assert list(refused) == ["b@elsewhere.example"]


def test_it_begins_without_mail(postfix):
    assert postfix.messages() == []
