"""A damaged database: it is kept, nothing is sent from it, and no empty one takes its place. Two daemons on one database."""
import signal
import sqlite3

from support import (Watched, add_crowd, all_sent, check_promise, dice, identities, make_database, put_back,
                     short_or_long, use_channels)
from harness import deadlined, wait_until

COPIES = short_or_long(30, 1000)
PEOPLE = 40


def is_sound(database):
    """Whether SQLite itself finds nothing wrong, as far as it looks without reading every value."""
    try:
        connection = sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)
        connection.text_factory = bytes
        try:
            return connection.execute("PRAGMA quick_check").fetchall() == [(b"ok",)]
        finally:
            connection.close()
    except (sqlite3.DatabaseError, UnicodeDecodeError):  # the second: what SQLite quotes of the file in its error
        return False


def damage(content, chance):
    """Overwrites a few bytes, a page, or the end; somewhere."""
    damaged = bytearray(content)
    kind = chance.choice(["bytes", "page", "zeros", "cut", "header"])
    at = chance.randrange(len(content))
    if kind == "bytes":
        for _ in range(chance.randrange(1, 200)):
            damaged[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    elif kind == "page":
        at -= at % 4096
        damaged[at:at + 4096] = chance.randbytes(4096)
    elif kind == "zeros":
        damaged[at:at + 512] = bytes(len(damaged[at:at + 512]))
    elif kind == "cut":
        del damaged[at:]
    else:
        damaged[chance.randrange(100)] ^= 0xff
    return bytes(damaged), kind


def kept_files(site):
    """The database and what it may have been renamed to."""
    return [path for path in site.database.parent.iterdir()
            if path.name.startswith(site.database.name) and not path.name.endswith(("-wal", "-shm", ".lock"))]


def test_a_damaged_database_is_kept_and_never_replaced(site, peer, measured):
    chance = dice("damage")
    use_channels(site, peer.channels(1, 1))
    make_database(site)
    people = add_crowd(site, PEOPLE)
    for n in range(50):
        site.add_due_task(f"task-{n}", *people[:10])
    daemon = Watched(site)
    wait_until(lambda: all_sent(site, 1000), daemon.log)
    assert daemon.stop() == 0
    daemon.close()
    site.add_due_task("due", *people)
    content = site.database.read_bytes()
    outcomes = {"refused": 0, "harmless": 0}
    for n in range(COPIES):
        damaged, kind = damage(content, chance)
        put_back(site, damaged)
        sound, before = is_sound(site.database), peer.settled()
        daemon = Watched(site, wait=False)
        wait_until(lambda: daemon.process.poll() is not None or daemon.is_notified("READY=1"), daemon.log)
        code = daemon.process.poll()
        daemon.close()
        outcomes["harmless" if code is None else "refused"] += 1
        told = f"copy {n}, {kind}: exit {code}\n{daemon.log()}"
        if code is None:
            assert sound, f"it works with what SQLite calls malformed: {told}"
            continue
        # One byte of the header says that only newer programs may write.
        is_strange = code == 74 and daemon.log_contains("readonly database")
        assert is_strange or code == 65, told
        assert peer.settled() == before, f"sent from a damaged database: {told}"
        assert damaged in [path.read_bytes() for path in kept_files(site)], f"not kept: {told}"
        assert all(path.stat().st_size > 0 for path in kept_files(site)), told
        assert not site.database.exists() or site.database.read_bytes() == damaged, f"another one in its place: {told}"
        again = deadlined("-c", site.config)
        assert again.returncode == code and peer.do("count")["taken"] == before, f"started again: {told}\n{again.stderr}"
        assert damaged in [path.read_bytes() for path in kept_files(site)], f"not kept at the second start: {told}"
    measured("damaged copies", f"{COPIES}: {outcomes['refused']} refused with 65, kept as they were; "
             f"{outcomes['harmless']} where SQLite finds no damage")
    assert outcomes["refused"] > COPIES // 3


def test_recovery_goes_back_to_the_copy_and_repeats_what_is_younger(site, peer, measured):
    """Of what waited when the copy was made each message leaves once more at most, with its old identity, and what had been
    sent before never again; what will be repeated is told beforehand."""
    chance = dice("recovery")
    use_channels(site, peer.channels(1, 1, connections=4))
    make_database(site)
    people = add_crowd(site, PEOPLE)
    site.add_due_task("before", *people)
    daemon = Watched(site)
    wait_until(lambda: all_sent(site, 2 * PEOPLE), daemon.log)
    before = identities(site)
    peer.do("hold")
    site.add_due_task("between", *people)
    wait_until(lambda: peer.do("count")["held"] == 8, daemon.log)
    site.ctl("backup", site.folder / "copy")
    peer.do("answer")
    wait_until(lambda: all_sent(site, 4 * PEOPLE), daemon.log)
    assert daemon.stop() == 0
    daemon.close()
    content, copy, n, repeated = site.database.read_bytes(), site.folder / "copy", 0, 0
    while n < short_or_long(5, 100):
        damaged, _ = damage(content, chance)
        put_back(site, damaged)
        refused = Watched(site, wait=False)
        wait_until(lambda: refused.process.poll() is not None or refused.is_notified("READY=1"), refused.log)
        refused.close()
        if refused.process.returncode != 65:
            continue
        n += 1
        told = site.ctl("recover", copy, "--force")  # another application's file, by its header, is sound
        assert damaged in [path.read_bytes() for path in kept_files(site) if "corrupt" in path.name], told
        taken = peer.taken()
        daemon = Watched(site)
        wait_until(lambda: all_sent(site, 4 * PEOPLE), lambda: f"{told}\n{daemon.log()}")
        assert daemon.stop() == 0
        daemon.close()
        again = peer.taken() - taken
        assert again.keys() == identities(site).keys() - before.keys() and set(again.values()) == {1}
        assert again.keys() <= taken.keys(), "under another identity a repeat cannot be told from a new message"
        repeated += len(again)
    measured("recovery from a copy", f"{n} times: {repeated // n} messages younger than the copy once more each, with their old "
             f"identities; none of the {len(before)} older ones, none lost")


def test_recovery_shows_no_raw_bytes_of_a_damaged_file(site):
    """SQLite quotes the schema in what it says of it."""
    use_channels(site, {"mail0": {"type": "maildir", "path": site.maildir}})
    make_database(site)
    site.ctl("backup", site.folder / "copy")
    content = site.database.read_bytes()
    put_back(site, content.replace(b"step, person, channel)", b"step, person,\xa0channel)"))
    told = site.ctl("recover", site.folder / "copy")
    assert "malformed database schema" in told and told.replace("\n", "").isprintable()


def test_a_second_daemon_is_refused_even_when_the_first_is_stopped(site, peer, measured):
    use_channels(site, peer.channels(1, 1))
    first = Watched(site)
    people = add_crowd(site, PEOPLE)
    first.process.send_signal(signal.SIGSTOP)
    site.add_due_task("two", *people)
    codes = []
    for _ in range(short_or_long(5, 100)):
        second = deadlined("-c", site.config)
        codes.append(second.returncode)
        assert second.returncode == 75 and str(first.pid) in second.stderr, second.stderr
    assert peer.do("count")["taken"] == 0
    first.process.send_signal(signal.SIGCONT)
    wait_until(lambda: all_sent(site, 2 * PEOPLE), first.log)
    assert check_promise(peer.taken(), identities(site)) == 0
    measured("a second daemon", f"refused {len(codes)} times with 75 while the first was stopped by SIGSTOP; all sent once")
