"""Rows in which something is sent: mail and messenger, beside load generators and Alertmanager."""
import statistics
import time

import peers
from common import Row, alternate, demand, say
from office import NOTE, Burst

DOT_MS = 20


def smtp_settings(port, connections):
    """Mails of nothing but text, of the size that smtp-source sends."""
    return {"type": "smtp", "url": f"smtp://127.0.0.1:{port}", "from": "office@example.org", "tls": "off",
            "hostname": "bench.example.org", "connections": str(connections), "html": "no"}


class Mail:
    """Bursts of mail; the office is made once, and the size of a mail is measured where all ids are looked at."""

    def __init__(self, n, name="mail"):
        self.n, self.burst, self.size = n, Burst(name, n), 0

    def run(self, connections, sink):
        return self.burst.run(smtp_settings(sink.port, connections), sink)

    def check_ids(self, connections):
        """A run that does not count, into our own sink, which knows every Message-ID."""
        sink = peers.Sink("smtp", "Message-ID: <")
        self.run(connections, sink)
        self.size = sink.mean_size()

    def source(self, connections, port=None):
        """Messages a second of smtp-source, with mails as large as ours; port: of a server that looks at recipients."""
        length = peers.smtp_source_length(self.size)
        if port is not None:
            return peers.smtp_source(port, self.n, connections, length, "-N")
        sink = peers.PostfixSink(self.n)
        rate = peers.smtp_source(sink.port, self.n, connections, length)
        sink.stop_complete()
        return rate


def note_burst(row, burst, size, what="messages"):
    row.notes.append(f"{burst.n} {what} of {size:.0f} bytes; from the due instant to the last commit seen by another "
                     "connection; they were planned in the seconds before, as everything is")
    row.figures |= {"messages": burst.n, "message_bytes": round(size), "cpu_s_last_run": burst.cpu_s,
                    "bytes_per_reminder": burst.size_each}


def smtp_row(mail, options, connections, must, aim):
    row = Row(f"smtp{connections}",
              f"{options.n} mails due at one second, {connections} connections into smtp-sink, from due to durable SENT",
              f"smtp-source -d -s {connections}, which stores nothing", "ratio", "msg/s",
              must, aim)
    mail.check_ids(connections)

    def ours():
        return options.n / mail.run(connections, peers.PostfixSink(options.n))

    for pair in alternate(options.runs, ours, lambda: mail.source(connections)):
        row.add(*pair)
        say(f"{row.name}: {pair[0]:.0f} and {pair[1]:.0f} msg/s")
    note_burst(row, mail.burst, mail.size, "mails of text alone (html = no)")
    return row


def dot_row(mail, options):
    limit = 50 * 1000 / DOT_MS
    row = Row("dot20", f"the same into a server that answers the dot after {DOT_MS} ms, 50 connections",
              f"connections / {DOT_MS} ms = {limit:.0f} msg/s, the limit", "ratio", "msg/s", 0.8, 0.95)

    def ours():
        sink = peers.Sink("smtp", "Message-ID: <", DOT_MS * 1000)
        return options.n / mail.run(50, sink)

    source_rates = []
    for _ in range(options.runs):
        row.add(ours(), limit)
        sink = peers.Sink("smtp", "Message-Id: <", DOT_MS * 1000)
        source_rates.append(peers.smtp_source(sink.port, options.n, 50, 1800))
        sink.stop_complete(options.n)
        say(f"dot20: {row.ours[-1]:.0f} msg/s; smtp-source {source_rates[-1]:.0f}")
    row.notes.append(f"smtp-source reaches {statistics.median(source_rates):.0f} msg/s there")
    row.figures["smtp_source"] = source_rates
    return row


class PostfixRun:
    """Looks like a sink; the ids come out of the server's own log."""

    def __init__(self, postfix):
        self.postfix, self.port = postfix, postfix.port

    def stop_complete(self, wanted):
        ids = self.postfix.wait_discarded(len(wanted))
        demand(sorted(ids) == sorted(wanted), "Postfix took other mails than were sent")


def postfix_row(options):
    n = min(options.n, options.postfix_n)
    postfix, mail = peers.Postfix(), Mail(n, "mail-postfix")
    row = Row("postfix", f"{n} mails due at one second, 50 connections into a real Postfix (queue on "
              f"{postfix.file_system}, then discarded)",
              "smtp-source -d -s 50 -N into it (-N: recipients of their own, as ours)", "ratio", "msg/s", 0.95, 1.0)

    def theirs():
        rate = mail.source(50, postfix.port)
        postfix.wait_discarded(n)
        return rate

    try:
        mail.check_ids(50)
        for pair in alternate(options.runs, lambda: n / mail.run(50, PostfixRun(postfix)), theirs):
            row.add(*pair)
            say(f"postfix: {pair[0]:.0f} and {pair[1]:.0f} msg/s")
    finally:
        postfix.stop()
    note_burst(row, mail.burst, mail.size, "mails of text alone (html = no)")
    return row


# ---- messengers -----------------------------------------------------------------------------------------------------

TOKEN = "1:bench"


def telegram_settings(office, port, connections):
    return {"type": "http", "preset": "telegram", "token": office.secret("token", TOKEN),
            "base_url": f"http://127.0.0.1:{port}", "connections": str(connections), "rate": "1000000/s"}


def http_row(options):
    burst = Burst("telegram", options.n, "telegram", "CAST(1000000 + i AS TEXT)")
    chats = [row[0] for row in burst.office.sql("SELECT address FROM address")]
    burst.office.chats = lambda: chats
    body = burst.office.folder / "body.json"
    size, connections = 0, 50
    row = Row("http", f"{options.n} Telegram-style POSTs due at one second, {connections} connections, HTTP/1.1, from due "
              "to durable SENT", f"wrk -t1 -c{connections} posting the same body to the same sink", "ratio", "msg/s",
              0.5, 0.8)

    def ours():
        nonlocal size
        sink = peers.Sink("http", '"chat_id":', 0, sample=True)
        seconds = burst.run(telegram_settings(burst.office, sink.port, connections), sink, "chats")
        body.write_bytes(sink.sample.read_bytes())
        size = sink.mean_size()
        return options.n / seconds

    def theirs():
        sink = peers.Sink("http", '"chat_id":')
        rate, done = peers.wrk(sink.port, f"/bot{TOKEN}/sendMessage", body, connections, options.wrk_s)
        taken = len(sink.stop())
        demand(done <= taken <= done + connections, f"wrk counts {done} answers, the sink {taken}")
        return rate

    ours()  # wrk needs a body
    for pair in alternate(options.runs, ours, theirs):
        row.add(*pair)
        say(f"http: {pair[0]:.0f} and {pair[1]:.0f} msg/s")
    note_burst(row, burst, size)
    row.notes[-1] = row.notes[-1].replace("messages of", "bodies of")
    return row


# ---- Alertmanager ---------------------------------------------------------------------------------------------------

def alert_row(options, kind, must, aim):
    n = min(options.n, options.alerts_n)
    channel, protocol = {"email": ("email", "smtp"), "webhook": ("hook", "http")}[kind]
    burst = Burst(f"alert-{kind}", n, channel)
    text = NOTE.replace("\n", " ")
    row = Row(f"alert-{kind}", f"{n} notifications due at one second, each of its own, by {kind}, from due to durable SENT",
              "Alertmanager, each in its own group, group_wait 0s, from handing over to the last answer", "ratio", "msg/s",
              must, aim)
    sizes = {}

    def ours():
        sink = peers.Sink(protocol, {"smtp": "Message-ID: <", "http": '"id":'}[protocol])
        settings = smtp_settings(sink.port, 50) if kind == "email" else \
            {"type": "http", "preset": "webhook", "url": f"http://127.0.0.1:{sink.port}/hook", "connections": "50",
             "rate": "1000000/s"}
        seconds = burst.run(settings, sink, "message_ids" if kind == "email" else "keys")
        sizes["ours"] = sink.mean_size()
        return n / seconds

    def theirs():
        sink = peers.Sink(protocol, {"smtp": "Message-Id: <", "http": '"uid":'}[protocol])
        manager = peers.Alertmanager(kind, sink.port)
        try:
            seconds = manager.send(n, text, sink)
        finally:
            manager.stop()
        sizes["theirs"] = sink.mean_size()
        sink.stop_complete(n)
        return n / seconds

    for pair in alternate(options.runs, ours, theirs):
        row.add(*pair)
        say(f"alert-{kind}: {pair[0]:.0f} and {pair[1]:.0f} msg/s")
    row.notes.append(f"{sizes['ours']:.0f} bytes each, Alertmanager's {sizes['theirs']:.0f}; the sink is the same program")
    row.figures |= {"messages": n, **{f"{who}_bytes": size for who, size in sizes.items()}}
    return row


# ---- punctuality ----------------------------------------------------------------------------------------------------

PUNCTUAL_BATCH = 50  # seconds; after a minute the audit would see that their tasks are looked at later than due


def punctual_batch(burst):
    """Lone reminders, one a second: milliseconds from each one's instant to its 250."""
    sink = peers.Sink("smtp", "Message-ID: <")
    burst.renew(smtp_settings(sink.port, 4))
    with burst.office.daemon("punctual") as daemon, burst.office.connect() as connection:
        first = int(time.time()) + 3
        minute = "strftime('%Y-%m-%dT%H:%M', ?1 + id, 'unixepoch')"
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"UPDATE task SET start_local = {minute}, end_local = {minute}", [first])
        connection.execute("UPDATE task SET next_due_utc = ?1 + id, planned_until = (?1 + id) / 60 * 60 - 60", [first])
        connection.execute("COMMIT")
        burst.wait_sent(connection, daemon, 0.25)
    burst.check()
    arrived = sorted(at for at, _, _ in sink.stop_complete(burst.office.message_ids()))
    late = [1000 * (at - (first + 1 + i)) for i, at in enumerate(arrived)]
    demand(min(late) >= 0, "a reminder came before its time")
    return late


def punctual_rows(options):
    n = options.punctual_n
    batch = min(n, PUNCTUAL_BATCH)
    burst, late = Burst("punctual", batch), []
    while len(late) < n:
        late += punctual_batch(burst)
    late.sort()
    rows = []
    for percent, must, aim in ((50, 30, 5), (99, 100, 20)):
        value = late[min(len(late) - 1, len(late) * percent // 100)]
        rows.append(Row(f"punctual-p{percent}", f"due instant to the server's 250, {len(late)} lone reminders, one a second, "
                        f"p{percent}", "0", "most", "ms", must, aim, [value]))
    rows[0].figures["late_ms"] = late
    return rows
