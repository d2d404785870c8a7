"""Mails through SMTP, to a real server: what it gets, over which connections, and what becomes of mails it refuses."""

from __future__ import annotations

import email
import email.policy
import json
import re
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from natter import Natter, free_port

CERTIFICATES = Path(__file__).resolve().parent.parent / "js" / "openchat" / "certificates"
API_TOKEN = "ada-api-token"
ATTEMPTS = 300
PAUSE_SECONDS = 0.05


class Mailbox:
    """Keeps what arrives; answers by a script first."""

    def __init__(self) -> None:
        self.received: list[Envelope] = []
        self.encrypted: list[bool] = []
        self.answers: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.received.append(envelope)
        self.encrypted.append(session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None)
        return "250 taken"

    def mail(self, number: int = 0) -> email.message.EmailMessage:
        wait_for(lambda: len(self.received) > number)
        content = self.received[number].content
        assert isinstance(content, bytes)
        return email.message_from_bytes(content, policy=email.policy.default)


def wait_for(is_there: Callable[[], Any]) -> Any:
    for _ in range(ATTEMPTS):
        found = is_there()
        if found:
            return found
        time.sleep(PAUSE_SECONDS)
    raise AssertionError("it did not happen")


def login(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    # Not handled: the server itself answers 535.
    return AuthResult(success=(data.login, data.password) == (b"natter", b"p@ss/word"), handled=False)


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem", CERTIFICATES / "server.key.pem")
    return context


class Node:
    """natter with Connect Now, which mails a code for every new chat user."""

    def __init__(self, smtp_url: str) -> None:
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.natter = Natter(settings={
            "NATTER__LISTENERS__1__ADDRESS": f"127.0.0.1:{port}",
            "NATTER__MAIL__SMTP_URL": smtp_url,
            "NATTER__MAIL__FROM": "Natter <codes@natter.example>",
            "NATTER__WEBHOOKS__RETRY_INITIAL_MS": "50",
            "SSL_CERT_FILE": str(CERTIFICATES / "authority.pem"),
        })
        self.natter.start()
        company = self.post("/api/companies", {"name": "Acme"})
        self.chat = self.post("/api/chats", {"company_id": company["id"], "name": "Hilfe für Ängstliche"})

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {API_TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.base + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=15) as answer:
            return json.load(answer)["data"]

    def invite(self, address: str) -> None:
        self.post(f"/api/chats/{self.chat['id']}/users", {"email": address})

    def dead_mails(self) -> list[dict[str, Any]]:
        command = [self.natter.program, "outbox", "list", "--json", "--kind", "mail", "--internal", self.natter.internal,
                   "--token-file", str(self.natter.folder / "data" / "admin.token")]
        return json.loads(subprocess.check_output(command, cwd=self.natter.folder))

    def metrics(self) -> str:
        with urllib.request.urlopen(f"{self.natter.internal}/metrics", timeout=5) as answer:
            return answer.read().decode()


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[Node, Mailbox]]]:
    """Starts a mail server and a node that uses it."""
    controllers: list[Controller] = []
    nodes: list[Node] = []

    def start(url: str, **options: Any) -> tuple[Node, Mailbox]:
        mailbox = Mailbox()
        controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), **options)
        controllers.append(controller)
        controller.start()
        nodes.append(Node(url.replace("PORT", str(controller.port))))
        return nodes[-1], mailbox

    yield start
    for node in nodes:
        node.natter.remove()
    for controller in controllers:
        controller.stop()


def test_a_mail_arrives_as_it_was_written(serve: Callable[..., tuple[Node, Mailbox]]) -> None:
    node, mailbox = serve("smtp://127.0.0.1:PORT")
    node.invite("visitor@example.com")
    mail = mailbox.mail()
    assert (mailbox.received[0].mail_from, mailbox.received[0].rcpt_tos) == ("codes@natter.example", ["visitor@example.com"])
    assert (mail["From"], mail["To"]) == ("Natter <codes@natter.example>", "visitor@example.com")
    code = re.fullmatch(r"([1-9]\d{5}) is your code for Hilfe für Ängstliche", mail["Subject"])
    assert code is not None
    assert f'"Hilfe für Ängstliche" is {code[1]}.' in mail.get_content()
    assert re.fullmatch(r"<[0-9a-f]{32}@natter\.example>", mail["Message-ID"])
    assert mail["Auto-Submitted"] == "auto-generated"
    assert 'natter_mail_attempts_total{result="ok"} 1' in node.metrics()


def test_starttls_with_a_password(serve: Callable[..., tuple[Node, Mailbox]]) -> None:
    url = "smtp://natter:p%40ss%2Fword@127.0.0.1:PORT?tls=required"
    node, mailbox = serve(url, tls_context=server_context(), require_starttls=True, auth_required=True, authenticator=login)
    node.invite("visitor@example.com")
    assert mailbox.mail()["To"] == "visitor@example.com"
    assert mailbox.encrypted == [True]


def test_tls_from_the_first_byte(serve: Callable[..., tuple[Node, Mailbox]]) -> None:
    node, mailbox = serve("smtps://127.0.0.1:PORT", ssl_context=server_context())
    node.invite("visitor@example.com")
    assert mailbox.mail()["To"] == "visitor@example.com"


def test_refusals_that_pass_and_refusals_that_do_not(serve: Callable[..., tuple[Node, Mailbox]]) -> None:
    node, mailbox = serve("smtp://127.0.0.1:PORT")
    mailbox.answers = ["451 not now", "451 not now"]
    node.invite("patient@example.com")
    assert mailbox.mail()["To"] == "patient@example.com"
    mailbox.answers = ["554 spam"]
    node.invite("refused@example.com")
    dead = wait_for(node.dead_mails)
    assert [job["reason"] for job in dead] == ["the mail server answered 554"]
    assert len(mailbox.received) == 1
    assert 'natter_mail_attempts_total{result="retry"} 2' in node.metrics()


def test_a_wrong_password_ends_no_mail(serve: Callable[..., tuple[Node, Mailbox]]) -> None:
    node, mailbox = serve("smtp://natter:wrong@127.0.0.1:PORT", auth_required=True, auth_require_tls=False, authenticator=login)
    node.invite("visitor@example.com")
    wait_for(lambda: 'natter_mail_attempts_total{result="retry"}' in node.metrics())
    assert node.dead_mails() == [] and mailbox.received == []


def test_a_mail_survives_a_crash(serve: Callable[..., tuple[Node, Mailbox]]) -> None:
    node, mailbox = serve("smtp://127.0.0.1:PORT")
    mailbox.answers = ["451 not now"] * 1000
    node.invite("visitor@example.com")
    wait_for(lambda: len(mailbox.answers) < 1000)
    node.natter.crash()
    mailbox.answers = []
    node.natter.start()
    assert mailbox.mail()["To"] == "visitor@example.com"
