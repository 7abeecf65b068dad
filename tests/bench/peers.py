"""Those we are compared with, and the sinks that both sides talk to."""
import json
import os
import re
import shutil
import signal
import smtplib
import time
import urllib.error
import urllib.request

from common import HERE, TOOLS, Wrong, demand, file_system, free_port, kill, numbers, scratch, share, spawn, timed
from harness import as_root, wait_until

AS_NOBODY = ["-u", "nobody"] if os.geteuid() == 0 else []


def is_listening(port):
    """Asked of the kernel: a connection would count for the sink."""
    local = f":{port:04X}"
    return any(line.split()[1].endswith(local) and line.split()[3] == "0A" for line in open("/proc/net/tcp"))


class Sink:
    """Our own server (sink.c): takes everything, and lists what it took."""

    def __init__(self, protocol, key, delay_us=0, sample=False):
        folder = scratch(f"sink-{protocol}")
        self.list, self.sample = folder / "list", folder / "sample"
        more = [str(delay_us)] + ([self.sample] if sample else [])
        self.process = spawn(TOOLS / "sink", protocol, folder / "stats", self.list, key, *more)
        stats = folder / "stats"
        wait_until(lambda: stats.exists() and stats.stat().st_size >= 40, "the sink's numbers")
        self.memory = share(stats, 5)
        self.port = wait_until(lambda: numbers(self.memory, 5)[0], "the sink's port")

    @property
    def taken(self):
        return numbers(self.memory, 5)[1]

    @property
    def last_s(self):
        """Wall clock of the last answer."""
        return numbers(self.memory, 5)[4] / 1e9

    def mean_size(self):
        _, taken, size, *_ = numbers(self.memory, 5)
        return size / taken

    def stop(self):
        """Ends it; returns the list of (wall clock in s, size, id)."""
        self.process.send_signal(signal.SIGTERM)
        demand(self.process.wait(10) == 0, "the sink failed")
        rows = (line.split(" ", 2) for line in self.list.read_text(encoding="utf-8").splitlines())
        return [(int(at) / 1e9, int(size), name) for at, size, name in rows]

    def stop_complete(self, wanted):
        """Ends it, and demands that exactly the ids of wanted arrived, each once; None = any, so many and all different."""
        rows = self.stop()
        ids = [name for _, _, name in rows]
        if isinstance(wanted, int):
            demand(len(ids) == wanted and len(set(ids)) == wanted,
                   f"{len(ids)} messages with {len(set(ids))} different ids arrived instead of {wanted}")
        else:
            demand(sorted(ids) == sorted(wanted), f"{len(ids)} messages arrived, {len(set(ids) - set(wanted))} unknown, "
                                                  f"{len(set(wanted) - set(ids))} missing, of {len(wanted)}")
        return rows


class PostfixSink:
    """smtp-sink, as fast as it can be: it does not even count aloud. It ends with one message more than expected, so a
    last one, of ours, shows whether exactly so many came before."""

    def __init__(self, n):
        self.n, self.port = n, free_port()
        self.process = spawn("/usr/sbin/smtp-sink", *AS_NOBODY, "-M", str(n + 1), f"127.0.0.1:{self.port}", "1000")
        wait_until(lambda: is_listening(self.port), "smtp-sink listening")

    def stop_complete(self, _wanted=None):
        demand(self.process.poll() is None, f"smtp-sink took more than {self.n} messages")
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as client:
                client.sendmail("a@example.org", "b@example.org", "Subject: the last one\n\n")
        except (smtplib.SMTPException, OSError):
            pass  # it ends without an answer
        try:
            self.process.wait(5)
        except Exception:
            kill(self.process)
            raise Wrong(f"smtp-sink took less than {self.n} messages") from None


def smtp_source(port, n, connections, size, *more):
    """Messages a second of Postfix's own load generator, on connections that it keeps."""
    seconds, _ = timed(["/usr/sbin/smtp-source", "-d", "-s", connections, "-m", n, "-l", size, *more, "-f",
                        "office@example.org", "-t", "p@example.org", f"127.0.0.1:{port}"])
    return n / seconds


def smtp_source_length(size):
    """What -l takes so that its mails have the size of ours, as a server sees them."""
    sink = Sink("smtp", "Message-Id: <")
    smtp_source(sink.port, 10, 1, 1000)
    rows = sink.stop()
    return max(1, round(size - (rows[0][1] - 1000)))


class Postfix:
    """A real Postfix that discards what it took into its queue."""

    def __init__(self):
        self.folder, self.port = scratch("postfix"), free_port()
        demand(len(str(self.folder)) < 80, f"{self.folder} is too long for Unix sockets")
        self.log = self.folder / "log" / "postfix.log"
        self._call("start")
        wait_until(lambda: is_listening(self.port), "Postfix listening")
        self.file_system = file_system(self.folder)

    def _call(self, what):
        root = as_root()
        demand(root is not None, "Postfix can only be started by root, or with sudo")
        timed([*root, HERE / "postfix.sh", what, self.folder, self.port])

    def wait_discarded(self, n):
        """Waits for the queue to be empty and looks at what the log says of it since the last call."""
        def lines():
            return self.log.read_text(encoding="utf-8", errors="replace")
        wait_until(lambda: lines().count("status=sent (") >= n, lambda: f"{n} discarded\n{lines()[-500:]}", 120)
        wait_until(lambda: lines().count(": removed") >= n, "an empty queue", 60)
        ids = re.findall(r"/cleanup\[\d+\]: \w+: message-id=<([^>]*)>", lines())
        demand(len(ids) == n and len(set(ids)) == n,
               f"Postfix took {len(ids)} mails with {len(set(ids))} Message-IDs, not {n}")
        timed([*as_root(), "truncate", "-s", "0", self.log])
        return ids

    def stop(self):
        self._call("stop")
        timed([*as_root(), "rm", "-rf", self.folder])


def wrk(port, path, body, connections, seconds):
    """POSTs of the file body a second; returns the rate and how many were answered."""
    _, result = timed(["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "-s", HERE / "post.lua",
                       f"http://127.0.0.1:{port}{path}"], env={"BENCH_BODY": str(body)})
    demand("Non-2xx" not in result.stdout and "Socket errors" not in result.stdout, result.stdout)
    done = int(re.search(r"(\d+) requests in", result.stdout).group(1))
    return float(re.search(r"Requests/sec:\s*([\d.]+)", result.stdout).group(1)), done


class Alertmanager:
    """Prometheus' Alertmanager, each alert its own group, sent at once."""

    CONFIG = """
global: {{smtp_smarthost: "127.0.0.1:{port}", smtp_from: "office@example.org", smtp_require_tls: false}}
route: {{receiver: sink, group_by: ["..."], group_wait: 0s, group_interval: 5m, repeat_interval: 4h}}
receivers: [{{name: sink, {receiver}}}]
"""
    RECEIVERS = {
        "email": """email_configs: [{{to: "p@example.org", send_resolved: false, html: "",
                    text: "{{{{ .CommonAnnotations.text }}}}"}}]""",
        "webhook": """webhook_configs: [{{url: "http://127.0.0.1:{port}/hook", send_resolved: false}}]""",
    }

    def __init__(self, kind, port):
        folder, self.port = scratch("alertmanager"), free_port()
        receiver = self.RECEIVERS[kind].format(port=port)
        (folder / "am.yml").write_text(self.CONFIG.format(port=port, receiver=receiver), encoding="ascii")
        self.log = open(folder / "log", "wb")
        self.process = spawn("prometheus-alertmanager", f"--config.file={folder}/am.yml",
                             f"--storage.path={folder}/data", f"--web.listen-address=127.0.0.1:{self.port}",
                             "--cluster.listen-address=", stdout=self.log, stderr=self.log)
        wait_until(self._is_ready, "Alertmanager ready", 30)

    def _is_ready(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2).status == 200
        except (urllib.error.URLError, OSError):
            return False

    def send(self, n, text, sink, timeout=120):
        """Seconds from handing over n alerts to the last one's answer at the sink."""
        alerts = [{"labels": {"alertname": "Reminder", "uid": f"t{i:06d}"}, "annotations": {"text": text}}
                  for i in range(n)]
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v2/alerts", json.dumps(alerts).encode(),
                                         {"Content-Type": "application/json"})
        start = time.time()
        urllib.request.urlopen(request, timeout=60).read()
        wait_until(lambda: sink.taken >= n, lambda: f"{n} notifications, {sink.taken} came", timeout)
        return sink.last_s - start

    def stop(self):
        kill(self.process)
        self.log.close()


def remind_waiting():
    """remind -z with an appointment far ahead."""
    folder = scratch("remind")
    (folder / "far.rem").write_text("REM 1 Jan 2099 AT 12:00 MSG far ahead\n", encoding="ascii")
    demand(shutil.which("remind") is not None, "remind is missing")
    return spawn("remind", "-z", "-f", folder / "far.rem")


def sqlite3_shell(database, script, **options):
    return timed(["sqlite3", "-batch", database], input=script, **options)

