"""What goes beside a mail: the parameters of the envelope, as a scripted server that offers them, or does not, hears them."""
import pytest
from smtp_server import SmtpServer

from harness import deadlined, wait_until


@pytest.fixture
def serve(site):
    """serve(...) starts a scripted server and makes it the site's."""
    servers = []

    def start_server(settings=None, **options):
        servers.append(SmtpServer(**options))
        site.channels["email"] = {"type": "smtp", "url": f"smtp://127.0.0.1:{servers[-1].port}", "tls": "off",
                                  "from": "office@example.org", **(settings or {})}
        site.write_config()
        return servers[-1]

    yield start_server
    for server in servers:
        server.close()


def tried(site, start, address="anna@example.org"):
    site.add_person("anna", address)
    site.add_due_task("envelope", "anna")
    daemon = start(site)
    [row] = wait_until(site.tried, daemon.log)
    return row


def commands(server, verb):
    return [line for line in server.commands() if line.upper().startswith(verb)]


def test_a_server_with_dsn_is_asked_to_report_failures_by_our_key(site, serve, start):
    server = serve(dsn=True)
    row = tried(site, start)
    assert row["state"] == "sent" and server.complaints == []
    [mail], [rcpt] = commands(server, "MAIL"), commands(server, "RCPT")
    key = row["message_id"].strip("<>").split("@")[0]
    assert mail.startswith("MAIL FROM:<office@example.org> SIZE=") and mail.endswith(f" RET=HDRS ENVID={key}")
    assert rcpt == "RCPT TO:<anna@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;anna@example.org"


def test_a_plain_server_hears_plain_commands(site, serve, start):
    server = serve(dsn=False, eight_bit=False, size=0, pipelining=False)
    assert tried(site, start)["state"] == "sent"
    assert commands(server, "MAIL") == ["MAIL FROM:<office@example.org>"]
    assert commands(server, "RCPT") == ["RCPT TO:<anna@example.org>"]
    assert all(mail.data.isascii() for mail in server.accepted)


def test_a_domain_in_other_letters_goes_as_a_labels(site, serve, start):
    server = serve(dsn=False)
    assert tried(site, start, "anna@пример.рф")["state"] == "sent"
    assert commands(server, "RCPT") == ["RCPT TO:<anna@xn--e1afmkfd.xn--p1ai>"]


def test_a_mailbox_in_other_letters_goes_to_a_server_that_can(site, serve, start):
    server = serve(dsn=False, extra=["SMTPUTF8"])
    assert tried(site, start, "анна@пример.рф")["state"] == "sent"
    assert commands(server, "MAIL")[0].endswith(" BODY=8BITMIME SMTPUTF8")
    assert commands(server, "RCPT") == ["RCPT TO:<анна@xn--e1afmkfd.xn--p1ai>"]
    [mail] = server.accepted
    assert "<анна@xn--e1afmkfd.xn--p1ai>" in mail.header("To")


def test_a_mailbox_in_other_letters_is_refused_where_the_server_cannot(site, serve, start):
    server = serve(dsn=False)
    row = tried(site, start, "анна@example.org")
    assert row["state"] == "dead" and "'анна@example.org' has a letter outside ASCII" in row["last_reply"]
    assert server.mails == [] and commands(server, "MAIL") == []


def test_verp_puts_the_key_into_the_sender(site, serve, start):
    server = serve({"verp": "yes"})
    row = tried(site, start)
    key = row["message_id"].strip("<>").split("@")[0]
    [mail] = server.accepted
    assert mail.sender == f"office+{key}@example.org"
    assert "<office@example.org>" in mail.header("From") or mail.header("From") == "office@example.org"


@pytest.mark.parametrize("settings,words", [
    ({"verp": "yes", "from": "a-sender-with-a-long-name@example.org"}, "verp: "),
    ({"from": "контора@example.org"}, "from: address 'контора@example.org' has a letter outside ASCII"),
])
def test_check_looks_at_the_sender(site, serve, settings, words):
    serve(settings)
    result = deadlined("--check", "-c", site.config)
    assert result.returncode == 78 and words in result.stdout + result.stderr
