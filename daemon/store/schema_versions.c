/* The schema, version by version. A version is never changed once it has been released: a new one is appended. Each
 * runs in one transaction together with its user_version, so a crash leaves the old schema or the new one.
 *
 * Triggers keep what must hold whoever writes, deadlinectl or plain sqlite3:
 *   - an edit of a task, its people or its date sets next_due_utc to NULL: the daemon looks at it again;
 *   - done, cancelled, moved or no longer taking part means quiet: reminders not yet sent are dropped in the same
 *     transaction, and a message that is left empty is cancelled;
 *   - what is cancelled is a change of the date for the calendars of its readers, and is written down, so that the daemon
 *     tells those who knew the date;
 *   - the ledger says what happened; instant and author are stamped by store_ledger_stamp();
 *   - counted, and with it the view tally, has the numbers of messages by state, so that a status costs nothing.
 * Instants are INTEGER UTC seconds and always bound by the program; no SQL here asks for the time. */
#include "store/store_priv.h"

static const char schema_1[] =
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"

	"CREATE TABLE task ("
	"  id INTEGER PRIMARY KEY,"
	"  uid TEXT NOT NULL UNIQUE CHECK (length(uid) BETWEEN 1 AND 128),"
	"  title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 500),"
	"  place TEXT NOT NULL DEFAULT '',"
	"  note TEXT NOT NULL DEFAULT '',"
	"  start_local TEXT CHECK (start_local GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'),"
	"  end_local TEXT NOT NULL CHECK (end_local GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'),"
	"  precision TEXT NOT NULL DEFAULT 'day' CHECK (precision = 'minute' OR precision = 'day' OR precision = 'week' OR precision = 'month'"
	"     OR precision = 'quarter' OR precision = 'half-year' OR precision = 'year'"
	"     OR precision = 'range'),"
	"  zone TEXT NOT NULL,"
	"  policy TEXT NOT NULL DEFAULT 'default',"
	"  status TEXT NOT NULL DEFAULT 'open' CHECK (status = 'open' OR status = 'done' OR status = 'cancelled'),"
	"  sequence INTEGER NOT NULL DEFAULT 0,"
	"  planned_until INTEGER,"
	"  next_due_utc INTEGER,"
	"  CHECK (start_local IS NULL OR start_local <= end_local)"
	") STRICT;"
	"CREATE INDEX task_next_due ON task (next_due_utc) WHERE status = 'open';"

	"CREATE TABLE person ("
	"  id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),"
	"  name TEXT NOT NULL,"
	"  language TEXT NOT NULL,"
	"  zone TEXT NOT NULL,"
	"  active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1))"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE address ("
	"  person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE ON UPDATE CASCADE,"
	"  channel TEXT NOT NULL,"
	"  address TEXT NOT NULL CHECK (length(address) BETWEEN 1 AND 320),"
	"  PRIMARY KEY (person, channel)"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE part ("
	"  task INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,"
	"  person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE ON UPDATE CASCADE,"
	"  role TEXT NOT NULL DEFAULT 'participant' CHECK (role = 'responsible' OR role = 'participant' OR role = 'supervisor' OR role = 'watcher'),"
	"  PRIMARY KEY (task, person, role)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX part_person ON part (person);"

	/* The key of the person is deferred: one that may fail at once, in a row that has triggers, makes SQLite keep every page
	 * that an INSERT changes, to take it back. store_message_add() looks for the person itself. */
	"CREATE TABLE message ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT," /* never used again: Message-IDs derive from it */
	"  person TEXT NOT NULL REFERENCES person (id) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,"
	"  channel TEXT NOT NULL,"
	"  kind TEXT NOT NULL CHECK (kind = 'single' OR kind = 'merged' OR kind = 'digest' OR kind = 'catch_up'"
	"     OR kind = 'notice' OR kind = 'test'),"
	"  state TEXT NOT NULL CHECK (state = 'pending' OR state = 'sending' OR state = 'sent' OR state = 'dead'"
	"     OR state = 'cancelled' OR state = 'stale' OR state = 'held'),"
	"  reason TEXT,"
	"  due_utc INTEGER NOT NULL,"
	"  not_before INTEGER NOT NULL,"
	"  attempts INTEGER NOT NULL DEFAULT 0,"
	"  uncertain INTEGER NOT NULL DEFAULT 0,"
	"  crashes INTEGER NOT NULL DEFAULT 0,"
	"  domain TEXT NOT NULL,"
	"  thread INTEGER,"
	"  last_reply TEXT"
	") STRICT;"
	"CREATE INDEX message_pending ON message (channel, not_before) WHERE state = 'pending';"
	"CREATE INDEX message_unsettled ON message (due_utc, state) WHERE " STORE_IS_OPEN ";"

	"CREATE TABLE reminder ("
	"  task INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,"
	"  occurrence TEXT NOT NULL,"
	"  step TEXT NOT NULL,"
	"  person TEXT NOT NULL REFERENCES person (id) ON UPDATE CASCADE,"
	"  channel TEXT NOT NULL,"
	"  due_utc INTEGER NOT NULL,"
	"  message INTEGER REFERENCES message (id),"
	"  dropped TEXT," /* why it is not sent */
	"  PRIMARY KEY (task, occurrence, step, person, channel),"
	"  CHECK (message IS NOT NULL OR dropped IS NOT NULL)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX reminder_message ON reminder (message);"

	"CREATE TABLE attempt ("
	"  message INTEGER NOT NULL REFERENCES message (id),"
	"  number INTEGER NOT NULL,"
	"  started_utc INTEGER NOT NULL,"
	"  outcome TEXT CHECK (outcome = 'accepted' OR outcome = 'temporary' OR outcome = 'throttled'"
	"     OR outcome = 'permanent' OR outcome = 'unknown'),"
	"  code INTEGER,"
	"  reply TEXT,"
	"  PRIMARY KEY (message, number)"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE ledger ("
	"  id INTEGER PRIMARY KEY,"
	"  at_utc INTEGER,"
	"  who TEXT,"
	"  through TEXT NOT NULL DEFAULT 'sql',"
	"  action TEXT NOT NULL,"
	"  task TEXT,"
	"  person TEXT,"
	"  detail TEXT"
	") STRICT;"
	"CREATE INDEX ledger_unstamped ON ledger (id) WHERE at_utc IS NULL;"

	"CREATE TABLE tally (state TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"INSERT INTO tally VALUES ('pending', 0), ('sending', 0), ('sent', 0), ('dead', 0), ('cancelled', 0),"
	"  ('stale', 0), ('held', 0);"

	"CREATE TRIGGER message_added AFTER INSERT ON message BEGIN"
	"  UPDATE tally SET n = n + 1 WHERE state = new.state;"
	"END;"
	"CREATE TRIGGER message_moved AFTER UPDATE OF state ON message WHEN old.state <> new.state BEGIN"
	"  UPDATE tally SET n = n + 1 WHERE state = new.state;"
	"  UPDATE tally SET n = n - 1 WHERE state = old.state;"
	"END;"
	"CREATE TRIGGER message_removed AFTER DELETE ON message BEGIN"
	"  UPDATE tally SET n = n - 1 WHERE state = old.state;"
	"END;"
	"CREATE TRIGGER reminder_dropped AFTER UPDATE OF dropped ON reminder"
	"  WHEN new.dropped IS NOT NULL AND old.dropped IS NULL BEGIN"
	"  UPDATE message SET state = 'cancelled', reason = new.dropped"
	"   WHERE id = new.message AND state IN ('pending', 'held')"
	"     AND NOT EXISTS (SELECT 1 FROM reminder WHERE message = new.message AND dropped IS NULL);"
	"END;"

	"CREATE TRIGGER task_added AFTER INSERT ON task BEGIN"
	"  INSERT INTO ledger (action, task, detail) VALUES ('add', new.uid, coalesce(new.start_local || '/', '../')"
	"    || new.end_local);"
	"END;"
	"CREATE TRIGGER task_edited AFTER UPDATE OF title, place, note, policy ON task"
	"  WHEN new.title <> old.title OR new.place <> old.place OR new.note <> old.note OR new.policy <> old.policy BEGIN"
	"  UPDATE task SET next_due_utc = NULL WHERE id = new.id;"
	"  INSERT INTO ledger (action, task) VALUES ('edit', new.uid);"
	"END;"
	"CREATE TRIGGER task_moved AFTER UPDATE OF start_local, end_local, precision, zone ON task"
	"  WHEN new.start_local IS NOT old.start_local OR new.end_local <> old.end_local"
	"    OR new.precision <> old.precision OR new.zone <> old.zone BEGIN"
	"  UPDATE task SET next_due_utc = NULL, sequence = sequence + 1 WHERE id = new.id;"
	"  UPDATE reminder SET dropped = 'task moved' WHERE task = new.id AND dropped IS NULL"
	"    AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN ");"
	"  INSERT INTO ledger (action, task, detail) VALUES ('move', new.uid,"
	"    coalesce(new.start_local || '/', '../') || new.end_local);"
	"END;"
	"CREATE TRIGGER task_closed AFTER UPDATE OF status ON task WHEN new.status <> old.status BEGIN"
	"  UPDATE task SET next_due_utc = NULL WHERE id = new.id;"
	"  UPDATE reminder SET dropped = 'task ' || new.status WHERE new.status <> 'open' AND task = new.id"
	"    AND dropped IS NULL AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN ");"
	"  INSERT INTO ledger (action, task) VALUES"
	"    (CASE new.status WHEN 'open' THEN 'reopen' WHEN 'done' THEN 'done' ELSE 'cancel' END, new.uid);"
	"END;"
	"CREATE TRIGGER task_removed BEFORE DELETE ON task BEGIN"
	"  UPDATE reminder SET dropped = 'task deleted' WHERE task = old.id AND dropped IS NULL"
	"    AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN ");"
	"  INSERT INTO ledger (action, task, detail) VALUES ('delete', old.uid, old.title);"
	"END;"

	"CREATE TRIGGER part_added AFTER INSERT ON part BEGIN"
	"  UPDATE task SET next_due_utc = NULL WHERE id = new.task AND next_due_utc IS NOT NULL;"
	"END;"
	"CREATE TRIGGER part_removed AFTER DELETE ON part"
	"  WHEN NOT EXISTS (SELECT 1 FROM part WHERE task = old.task AND person = old.person) BEGIN"
	"  UPDATE task SET next_due_utc = NULL WHERE id = old.task;"
	"  UPDATE reminder SET dropped = 'takes no part' WHERE task = old.task AND person = old.person"
	"    AND dropped IS NULL AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN ");"
	"END;"

	"CREATE TRIGGER person_changed AFTER UPDATE OF zone, active ON person"
	"  WHEN new.zone <> old.zone OR new.active <> old.active BEGIN"
	"  UPDATE task SET next_due_utc = NULL WHERE id IN (SELECT task FROM part WHERE person = new.id);"
	"  UPDATE reminder SET dropped = 'person inactive' WHERE new.active = 0 AND person = new.id AND dropped IS NULL"
	"    AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN ");"
	"END;"
	"CREATE TRIGGER address_removed AFTER DELETE ON address BEGIN"
	"  UPDATE reminder SET dropped = 'no address' WHERE person = old.person AND channel = old.channel"
	"    AND dropped IS NULL AND message IN (SELECT id FROM message WHERE state IN ('pending', 'held'));"
	"END;";

/* Hours, calendars and digests of people, roles and deputies; repeating tasks; acknowledging, snoozing and silencing. */
static const char schema_2[] =
	"ALTER TABLE task ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal' CHECK (priority IN ('normal', 'urgent'));"
	"ALTER TABLE task ADD COLUMN rrule TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE task ADD COLUMN rdate TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE task ADD COLUMN exdate TEXT NOT NULL DEFAULT '';"

	"ALTER TABLE person ADD COLUMN calendar TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE person ADD COLUMN quiet TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE person ADD COLUMN work TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE person ADD COLUMN digest TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE person ADD COLUMN ceiling INTEGER NOT NULL DEFAULT 0 CHECK (ceiling >= 0);"
	"ALTER TABLE person ADD COLUMN told_day TEXT NOT NULL DEFAULT '';" /* the day that told_count counts */
	"ALTER TABLE person ADD COLUMN told_count INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE person ADD COLUMN next_digest_utc INTEGER;"
	"CREATE INDEX person_next_digest ON person (next_digest_utc) WHERE digest <> '';"

	"ALTER TABLE message ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0 CHECK (urgent IN (0, 1));"
	"ALTER TABLE reminder ADD COLUMN held TEXT;"       /* why it waits, or waited, for its reader */
	"ALTER TABLE reminder ADD COLUMN deputy_for TEXT;" /* the absent person it was meant for */

	/* date: the key of the occurrence as the rule gives it; the other dates are set when it was moved. */
	"CREATE TABLE occurrence ("
	"  task INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,"
	"  date TEXT NOT NULL,"
	"  status TEXT NOT NULL DEFAULT 'open' CHECK (status = 'open' OR status = 'done' OR status = 'cancelled'),"
	"  start_local TEXT,"
	"  end_local TEXT,"
	"  precision TEXT,"
	"  moved_key TEXT," /* its key since it was moved */
	"  PRIMARY KEY (task, date)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE acknowledgement ("
	"  task INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,"
	"  occurrence TEXT NOT NULL,"
	"  PRIMARY KEY (task, occurrence)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE deputy ("
	"  person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE ON UPDATE CASCADE,"
	"  deputy TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE ON UPDATE CASCADE,"
	"  from_date TEXT NOT NULL CHECK (from_date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),"
	"  to_date TEXT NOT NULL CHECK (to_date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),"
	"  PRIMARY KEY (person, from_date),"
	"  CHECK (person <> deputy AND from_date <= to_date)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE silence ("
	"  id INTEGER PRIMARY KEY,"
	"  task INTEGER REFERENCES task (id) ON DELETE CASCADE,"
	"  person TEXT REFERENCES person (id) ON DELETE CASCADE ON UPDATE CASCADE,"
	"  until_utc INTEGER NOT NULL,"
	"  reason TEXT NOT NULL,"
	"  author TEXT NOT NULL,"
	"  CHECK (task IS NOT NULL OR person IS NOT NULL)"
	") STRICT;"

	"CREATE TRIGGER task_changed AFTER UPDATE OF priority, rrule, rdate, exdate ON task"
	"  WHEN new.priority <> old.priority OR new.rrule <> old.rrule OR new.rdate <> old.rdate OR new.exdate <> old.exdate"
	" BEGIN"
	"  UPDATE task SET next_due_utc = NULL WHERE id = new.id;"
	"  INSERT INTO ledger (action, task) VALUES ('edit', new.uid);"
	"END;"
	"CREATE TRIGGER occurrence_added AFTER INSERT ON occurrence BEGIN"
	"  UPDATE task SET next_due_utc = NULL WHERE id = new.task;"
	"  UPDATE reminder SET dropped = CASE new.status WHEN 'open' THEN 'task moved' ELSE 'task ' || new.status END"
	"   WHERE task = new.task AND occurrence = new.date AND dropped IS NULL"
	"     AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN ");"
	"  INSERT INTO ledger (action, task, detail) SELECT CASE new.status WHEN 'open' THEN 'move' WHEN 'done' THEN 'done'"
	"    ELSE 'cancel' END, uid, new.date || coalesce(' to ' || new.moved_key, '') FROM task WHERE id = new.task;"
	"END;"
	"CREATE TRIGGER occurrence_changed AFTER UPDATE ON occurrence BEGIN"
	"  UPDATE task SET next_due_utc = NULL WHERE id = new.task;"
	"  UPDATE reminder SET dropped = CASE new.status WHEN 'open' THEN 'task moved' ELSE 'task ' || new.status END"
	"   WHERE task = new.task AND occurrence IN (new.date, old.moved_key) AND dropped IS NULL"
	"     AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN ");"
	"  INSERT INTO ledger (action, task, detail) SELECT CASE new.status WHEN 'open' THEN 'move' WHEN 'done' THEN 'done'"
	"    ELSE 'cancel' END, uid, new.date || coalesce(' to ' || new.moved_key, '') FROM task WHERE id = new.task;"
	"END;"
	"CREATE TRIGGER acknowledged AFTER INSERT ON acknowledgement BEGIN"
	"  UPDATE task SET next_due_utc = NULL WHERE id = new.task;"
	"  UPDATE reminder SET dropped = 'acknowledged' WHERE task = new.task AND occurrence = new.occurrence"
	"    AND dropped IS NULL AND (step LIKE 'overdue %' OR step LIKE 'handoff %' OR step LIKE 'escalate %')"
	"    AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN ");"
	"  INSERT INTO ledger (action, task, detail) SELECT 'ack', uid, new.occurrence FROM task WHERE id = new.task;"
	"END;"
	"CREATE TRIGGER silenced AFTER INSERT ON silence BEGIN"
	"  UPDATE reminder SET dropped = 'silenced by ' || new.author || ': ' || new.reason"
	"   WHERE dropped IS NULL AND (new.task IS NULL OR task = new.task) AND (new.person IS NULL OR person = new.person)"
	"     AND message IN (SELECT id FROM message WHERE state IN ('pending', 'held'));"
	"  INSERT INTO ledger (who, action, task, person, detail)"
	"   VALUES (new.author, 'silence', (SELECT uid FROM task WHERE id = new.task), new.person, new.reason);"
	"END;"
	"CREATE TRIGGER part_role_added AFTER UPDATE OF role ON part BEGIN"
	"  UPDATE task SET next_due_utc = NULL WHERE id = new.task;"
	"END;"
	"DROP TRIGGER person_changed;"
	"CREATE TRIGGER person_changed AFTER UPDATE OF zone, active, calendar, quiet, work, digest ON person"
	"  WHEN new.zone <> old.zone OR new.active <> old.active OR new.calendar <> old.calendar OR new.quiet <> old.quiet"
	"    OR new.work <> old.work OR new.digest <> old.digest BEGIN"
	"  UPDATE person SET next_digest_utc = NULL WHERE id = new.id;"
	"  UPDATE task SET next_due_utc = NULL WHERE id IN (SELECT task FROM part WHERE person = new.id);"
	"  UPDATE reminder SET dropped = 'person inactive' WHERE new.active = 0 AND person = new.id AND dropped IS NULL"
	"    AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN ");"
	"END;";

/* sqlite3(1) does not enforce foreign keys, so what hangs on a deleted task or person is removed here: the number of a
 * deleted task is given again, and its people must not hear of the next one. An address that goes while a message to it
 * is in flight ends its retries, too. */
static const char schema_3[] =
	"CREATE INDEX reminder_person ON reminder (person, channel);"
	"CREATE TRIGGER task_gone AFTER DELETE ON task BEGIN"
	"  DELETE FROM part WHERE task = old.id;"
	"  DELETE FROM reminder WHERE task = old.id;"
	"  DELETE FROM occurrence WHERE task = old.id;"
	"  DELETE FROM acknowledgement WHERE task = old.id;"
	"  DELETE FROM silence WHERE task = old.id;"
	"END;"
	"CREATE TRIGGER person_gone AFTER DELETE ON person BEGIN"
	"  UPDATE reminder SET dropped = 'person deleted' WHERE person = old.id AND dropped IS NULL"
	"    AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN ");"
	"  DELETE FROM part WHERE person = old.id;"
	"  DELETE FROM address WHERE person = old.id;"
	"  DELETE FROM deputy WHERE old.id IN (person, deputy);"
	"  DELETE FROM silence WHERE person = old.id;"
	"END;"
	"DROP TRIGGER address_removed;"
	"CREATE TRIGGER address_removed AFTER DELETE ON address BEGIN"
	"  UPDATE reminder SET dropped = 'no address' WHERE person = old.person AND channel = old.channel"
	"    AND dropped IS NULL AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN ");"
	"END;";

/* What the operator is told. */
static const char schema_4[] = "CREATE TABLE notice ("
			       "  message INTEGER PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,"
			       "  text TEXT NOT NULL"
			       ") STRICT;";

/* An index that keeps planning's cost apart from how much was ever sent: it asks for what waits for the same person. */
static const char schema_5[] =
	"CREATE INDEX message_waiting ON message (person, channel, not_before) WHERE state = 'pending';"
	"DROP INDEX reminder_person;"
	"CREATE INDEX reminder_person ON reminder (person, task, channel, message);"
	"DROP TRIGGER silenced;"
	"CREATE TRIGGER silenced AFTER INSERT ON silence BEGIN"
	"  UPDATE reminder SET dropped = 'silenced by ' || new.author || ': ' || new.reason"
	"   WHERE dropped IS NULL AND (new.task IS NULL OR task = new.task) AND (new.person IS NULL OR person = new.person)"
	"     AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN " AND state <> 'sending');"
	"  INSERT INTO ledger (who, action, task, person, detail)"
	"   VALUES (new.author, 'silence', (SELECT uid FROM task WHERE id = new.task), new.person, new.reason);"
	"END;";

/* The epoch tells messages of the same number apart: a restored backup, or a rehearsal, counts on from an old number, and
 * what was already delivered under it must not be taken for the new message. And an address that comes lets the planner
 * look again at what had none. */
static const char schema_6[] =
	"ALTER TABLE message ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;"
	"CREATE TRIGGER address_added AFTER INSERT ON address BEGIN"
	"  UPDATE task SET next_due_utc = NULL WHERE status = 'open' AND id IN (SELECT task FROM reminder"
	"    WHERE person = new.person AND dropped = 'no address');"
	"END;";

/* What the daemon must not forget when it dies: how much it sent, and which brake holds since when; which channel is paused
 * and what went wrong with it last; which message may be what killed it; which address refuses everything. A changed
 * address is a new one. */
static const char schema_7[] =
	"DELETE FROM meta WHERE key = 'sent_by_hour';"
	"CREATE TABLE brake ("
	"  scope TEXT NOT NULL CHECK (scope = 'all' OR scope = 'channel' OR scope = 'person'),"
	"  name TEXT NOT NULL," /* '' for all */
	"  hour INTEGER NOT NULL,"
	"  count INTEGER NOT NULL,"        /* sends started in that hour */
	"  count_before INTEGER NOT NULL," /* and in the one before */
	"  tripped_utc INTEGER,"           /* it holds since then; NULL: it does not */
	"  PRIMARY KEY (scope, name)"
	") STRICT, WITHOUT ROWID;"
	/* What holds, and what passes it, is looked for in every pass. */
	"CREATE INDEX brake_holds ON brake (scope, name) WHERE tripped_utc IS NOT NULL;"
	"CREATE INDEX message_notice ON message (channel, not_before) WHERE state = 'pending'"
	"  AND kind IN ('notice', 'test');"
	"CREATE TABLE channel ("
	"  name TEXT PRIMARY KEY,"
	"  paused_until_utc INTEGER," /* because its server asked for it */
	"  sent_utc INTEGER,"
	"  failed_utc INTEGER,"
	"  failure TEXT," /* what it said then */
	"  certificate_until_utc INTEGER"
	") STRICT, WITHOUT ROWID;"
	/* It was in flight when the process died, and nothing has been heard of it since. */
	"ALTER TABLE message ADD COLUMN suspect INTEGER NOT NULL DEFAULT 0 CHECK (suspect IN (0, 1));"
	"CREATE INDEX message_suspect ON message (id) WHERE suspect = 1;"
	/* Messages that a peer refused for good, in a row; with a reason, nothing is sent there any more. */
	"CREATE TABLE suspension ("
	"  person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE ON UPDATE CASCADE,"
	"  channel TEXT NOT NULL,"
	"  refusals INTEGER NOT NULL,"
	"  reason TEXT,"
	"  PRIMARY KEY (person, channel)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TRIGGER address_changed AFTER UPDATE OF address ON address WHEN new.address <> old.address BEGIN"
	"  DELETE FROM suspension WHERE person = new.person AND channel = new.channel;"
	"END;"
	"CREATE TRIGGER address_gone AFTER DELETE ON address BEGIN"
	"  DELETE FROM suspension WHERE person = old.person AND channel = old.channel;"
	"END;"
	"CREATE TRIGGER suspension_ended AFTER DELETE ON suspension WHEN old.reason IS NOT NULL BEGIN"
	"  UPDATE task SET next_due_utc = NULL WHERE status = 'open' AND id IN (SELECT task FROM reminder"
	"    WHERE person = old.person AND dropped IN ('no address', 'address suspended'));"
	"END;"
	"CREATE TRIGGER person_gone_brake AFTER DELETE ON person BEGIN"
	"  DELETE FROM brake WHERE scope = 'person' AND name = old.id;"
	"END;";

/* Databases of builds in which the versions before said less well how to find what is not settled. Their own index stays for
 * their triggers. */
static const char schema_8[] =
	"CREATE INDEX IF NOT EXISTS message_unsettled ON message (due_utc, state) WHERE " STORE_IS_OPEN ";"
	"DROP INDEX IF EXISTS message_unsent;"
	"DROP TRIGGER IF EXISTS message_sent;"
	"DROP TRIGGER IF EXISTS message_claimed;";

/* What a reminder needs for an edit to drop it. */
#define SCHEMA_IS_OPEN "dropped IS NULL AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN ")"

/* The date of a task as period_key() writes it. */
#define SCHEMA_KEY_NEW                                                                                                 \
	"CASE WHEN new.start_local IS NULL THEN '../' || new.end_local"                                                \
	" WHEN new.start_local = new.end_local THEN new.end_local ELSE new.start_local || '/' || new.end_local END"

/* The row of counted for a state: what is not settled has one together. */
#define SCHEMA_ROW(state)                                                                                              \
	"CASE " state " WHEN 'pending' THEN 1 WHEN 'sending' THEN 1 WHEN 'sent' THEN 2 WHEN 'dead' THEN 3"             \
	" WHEN 'cancelled' THEN 4 WHEN 'stale' THEN 5 ELSE 1 END"
#define SCHEMA_ROW_HERE SCHEMA_ROW("state")
#define SCHEMA_ROW_NEW SCHEMA_ROW("new.state")
#define SCHEMA_ROW_OLD SCHEMA_ROW("old.state")

/* Messengers that people answer on, and which of a person's channels is tried when. What a message looks like on its service
 * is shown as it stands until its task changes. And at its end, what makes a message cheaper. */
static const char schema_9[] =
	/* What is due soon is planned before: an edit until then goes back to where that plan began. NULL: opened again, or not
	 * planned yet; what came meanwhile was not looked at. */
	"ALTER TABLE task ADD COLUMN planned_from INTEGER;"
	"ALTER TABLE channel ADD COLUMN updates_next TEXT;" /* behind the last update that was applied; the service's own word */
	"ALTER TABLE channel ADD COLUMN updates_account TEXT;" /* whose updates they are: a hash */
	/* Behind updates_next, after a crash: updates that were applied or given up one at a time, and the one that is just being
	 * applied. */
	"CREATE TABLE heard ("
	"  channel TEXT NOT NULL,"
	"  hash TEXT NOT NULL,"
	"  kind TEXT NOT NULL,"
	"  person TEXT REFERENCES person (id) ON DELETE SET NULL ON UPDATE CASCADE,"
	"  is_over INTEGER NOT NULL CHECK (is_over IN (0, 1)),"
	"  PRIMARY KEY (channel, hash)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE invite ("
	"  hash TEXT PRIMARY KEY," /* of the one-time word in the link */
	"  person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE ON UPDATE CASCADE,"
	"  channel TEXT NOT NULL,"
	"  until_utc INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	/* What a person was asked last on a channel: the date of that occurrence. */
	"CREATE TABLE question ("
	"  person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE ON UPDATE CASCADE,"
	"  channel TEXT NOT NULL,"
	"  task INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,"
	"  occurrence TEXT NOT NULL,"
	"  until_utc INTEGER NOT NULL,"
	"  PRIMARY KEY (person, channel)"
	") STRICT, WITHOUT ROWID;"
	/* How much a person was answered in an hour, and when they were last told what can be asked for. */
	"CREATE TABLE answered ("
	"  person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE ON UPDATE CASCADE,"
	"  channel TEXT NOT NULL,"
	"  since_utc INTEGER NOT NULL,"
	"  answers INTEGER NOT NULL,"
	"  hinted_utc INTEGER,"
	"  presses INTEGER NOT NULL DEFAULT 0,"
	"  PRIMARY KEY (person, channel)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX address_owner ON address (channel, address);" /* who is it that writes */
	"CREATE TABLE shown ("
	"  message INTEGER PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,"
	"  remote_id TEXT NOT NULL,"
	"  stale INTEGER NOT NULL DEFAULT 0 CHECK (stale IN (0, 1, 2))" /* 1: it is; 2: it is being changed */
	") STRICT;"
	/* What it says of tasks that were deleted since, for the last time: they and their reminders are gone. */
	"CREATE TABLE shown_gone ("
	"  message INTEGER NOT NULL REFERENCES shown (message) ON DELETE CASCADE,"
	"  task INTEGER NOT NULL,"
	"  key TEXT NOT NULL,"
	"  precision TEXT NOT NULL,"
	"  uid TEXT NOT NULL,"
	"  title TEXT NOT NULL,"
	"  zone TEXT NOT NULL,"
	"  PRIMARY KEY (message, task, key)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TRIGGER shown_over AFTER DELETE ON shown BEGIN"
	"  DELETE FROM shown_gone WHERE message = old.message;"
	"END;"
	"CREATE TRIGGER task_gone_shown BEFORE DELETE ON task BEGIN"
	"  INSERT INTO shown_gone SELECT DISTINCT s.message, old.id, CASE"
	"    WHEN old.rrule <> '' OR old.rdate <> '' THEN r.occurrence"
	"    WHEN old.start_local IS NULL THEN '../' || old.end_local"
	"    WHEN old.start_local = old.end_local THEN old.end_local"
	"    ELSE old.start_local || '/' || old.end_local END, old.precision, old.uid, old.title, old.zone"
	"   FROM reminder r JOIN shown s ON s.message = r.message WHERE r.task = old.id AND EXISTS"
	"    (SELECT 1 FROM part WHERE task = old.id AND person = coalesce(r.deputy_for, r.person));"
	"  UPDATE shown SET stale = 1 WHERE message IN (SELECT message FROM reminder WHERE task = old.id);"
	"END;"
	"CREATE INDEX shown_stale ON shown (message) WHERE stale > 0;"
	"CREATE TRIGGER task_shown AFTER UPDATE OF title, place, start_local, end_local, precision, zone, status ON task BEGIN"
	"  UPDATE shown SET stale = 1 WHERE message IN (SELECT message FROM reminder WHERE task = new.id);"
	"END;"
	"CREATE TRIGGER occurrence_shown AFTER INSERT ON occurrence BEGIN"
	"  UPDATE shown SET stale = 1 WHERE message IN (SELECT message FROM reminder WHERE task = new.task"
	"    AND occurrence = new.date);"
	"END;"
	"CREATE TRIGGER occurrence_shown_again AFTER UPDATE ON occurrence BEGIN"
	"  UPDATE shown SET stale = 1 WHERE message IN (SELECT message FROM reminder WHERE task = new.task"
	"    AND occurrence IN (new.date, old.moved_key));"
	"END;"
	"CREATE TRIGGER acknowledged_shown AFTER INSERT ON acknowledgement BEGIN"
	"  UPDATE shown SET stale = 1 WHERE message IN (SELECT message FROM reminder WHERE task = new.task"
	"    AND occurrence = new.occurrence);"
	"END;"
	/* What the service calls a thread, by the first message of ours in it, at the address where it stands. */
	"CREATE TABLE thread ("
	"  message INTEGER PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,"
	"  address TEXT NOT NULL,"
	"  remote_id TEXT NOT NULL"
	") STRICT;"
	/* A date of a repeating task that was moved by itself is a change of the date as well, for readers and their calendars.
	 * Who was told of any date that it was ever moved to must hear of the next. */
	"CREATE TABLE moved_to ("
	"  task INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,"
	"  date TEXT NOT NULL,"
	"  key TEXT NOT NULL,"
	"  PRIMARY KEY (task, date, key)"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO moved_to SELECT task, date, moved_key FROM occurrence WHERE moved_key IS NOT NULL;"
	"CREATE TRIGGER occurrence_moved AFTER INSERT ON occurrence WHEN new.moved_key IS NOT NULL BEGIN"
	"  UPDATE task SET sequence = sequence + 1 WHERE id = new.task;"
	"  INSERT INTO moved_to SELECT new.task, new.date, new.moved_key WHERE NOT EXISTS"
	"    (SELECT 1 FROM moved_to WHERE task = new.task AND date = new.date AND key = new.moved_key);"
	"END;"
	"CREATE TRIGGER occurrence_moved_again AFTER UPDATE ON occurrence WHEN new.moved_key IS NOT old.moved_key BEGIN"
	"  UPDATE task SET sequence = sequence + 1 WHERE id = new.task;"
	"  INSERT INTO moved_to SELECT new.task, new.date, new.moved_key WHERE new.moved_key IS NOT NULL AND NOT EXISTS"
	"    (SELECT 1 FROM moved_to WHERE task = new.task AND date = new.date AND key = new.moved_key);"
	"END;"
	/* What another chat shows has the numbers of that chat. */
	"CREATE TRIGGER address_shown AFTER UPDATE OF address ON address WHEN new.address <> old.address BEGIN"
	"  DELETE FROM shown WHERE message IN (SELECT message FROM reminder WHERE person = new.person"
	"    AND channel = new.channel);"
	"END;"
	"CREATE TRIGGER address_shown_gone AFTER DELETE ON address BEGIN"
	"  DELETE FROM shown WHERE message IN (SELECT message FROM reminder WHERE person = old.person"
	"    AND channel = old.channel);"
	"END;"
	/* What was cancelled since it could be told: date is that of a repeating task by its rule, '' the whole task; sequence
	 * names the cancellation. What was cancelled before is nobody's news any more. */
	"CREATE TABLE cancellation ("
	"  task INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,"
	"  date TEXT NOT NULL,"
	"  sequence INTEGER NOT NULL,"
	"  PRIMARY KEY (task, date)"
	") STRICT, WITHOUT ROWID;"
	"UPDATE task SET next_due_utc = 253402300799 WHERE status = 'cancelled';" /* STORE_NEVER */
	"CREATE INDEX task_cancelled ON task (id) WHERE status = 'cancelled' AND next_due_utc IS NULL;"
	"DROP TRIGGER task_closed;"
	"CREATE TRIGGER task_closed AFTER UPDATE OF status ON task WHEN new.status <> old.status BEGIN"
	"  UPDATE task SET next_due_utc = NULL, sequence = sequence + ('cancelled' IN (new.status, old.status)),"
	"   planned_from = CASE new.status WHEN 'open' THEN NULL ELSE planned_from END WHERE id = new.id;"
	"  DELETE FROM cancellation WHERE task = new.id AND date = '';"
	"  INSERT INTO cancellation SELECT id, '', sequence FROM task WHERE id = new.id AND new.status = 'cancelled';"
	"  UPDATE reminder SET dropped = CASE new.status WHEN 'open' THEN 'task reopened' ELSE 'task ' || new.status END"
	"   WHERE (new.status <> 'open' OR step LIKE 'cancelled %') AND task = new.id"
	"    AND dropped IS NULL AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN ");"
	"  INSERT INTO ledger (action, task) VALUES"
	"    (CASE new.status WHEN 'open' THEN 'reopen' WHEN 'done' THEN 'done' ELSE 'cancel' END, new.uid);"
	"END;"
	/* Another rule gives other dates: RFC 5546, 2.1.4. */
	"DROP TRIGGER task_changed;"
	"CREATE TRIGGER task_changed AFTER UPDATE OF priority, rrule, rdate, exdate ON task"
	"  WHEN new.priority <> old.priority OR new.rrule <> old.rrule OR new.rdate <> old.rdate OR new.exdate <> old.exdate"
	" BEGIN"
	"  UPDATE task SET next_due_utc = NULL, sequence = sequence"
	"    + (new.rrule <> old.rrule OR new.rdate <> old.rdate OR new.exdate <> old.exdate) WHERE id = new.id;"
	"  INSERT INTO ledger (action, task) VALUES ('edit', new.uid);"
	"END;"
	/* task_moved has dropped what was not sent of it: it is told anew. */
	"CREATE TRIGGER task_moved_cancelled AFTER UPDATE OF start_local, end_local, precision, zone ON task"
	"  WHEN new.start_local IS NOT old.start_local OR new.end_local <> old.end_local"
	"    OR new.precision <> old.precision OR new.zone <> old.zone BEGIN"
	"  UPDATE cancellation SET sequence = sequence + 1 WHERE task = new.id AND date = '';"
	"  DELETE FROM cancellation WHERE task = new.id AND date <> '' AND new.rrule = '' AND new.rdate = '';"
	"END;"
	/* What repeats no more keeps its first date alone; with another one, whoever knew any of the old ones hears of that. */
	"CREATE TRIGGER repeat_ended AFTER UPDATE OF rrule, rdate ON task"
	"  WHEN new.rrule = '' AND new.rdate = '' AND (old.rrule <> '' OR old.rdate <> '')"
	"    AND new.start_local IS old.start_local AND new.end_local = old.end_local BEGIN"
	"  DELETE FROM cancellation WHERE task = new.id AND date = " SCHEMA_KEY_NEW ";"
	"  INSERT INTO cancellation SELECT DISTINCT r.task, coalesce(m.date, r.occurrence), t.sequence FROM reminder r"
	"    JOIN task t ON t.id = r.task LEFT JOIN moved_to m ON m.task = r.task AND m.key = r.occurrence"
	"   WHERE r.task = new.id AND coalesce(m.date, r.occurrence) <> " SCHEMA_KEY_NEW
	"    AND coalesce(m.date, r.occurrence) NOT IN (SELECT date FROM cancellation WHERE task = new.id);"
	"END;"
	"CREATE TRIGGER occurrence_cancelled AFTER INSERT ON occurrence WHEN new.status = 'cancelled' BEGIN"
	"  UPDATE task SET sequence = sequence + 1 WHERE id = new.task;"
	"  DELETE FROM cancellation WHERE task = new.task AND date = new.date;"
	"  INSERT INTO cancellation SELECT id, new.date, sequence FROM task WHERE id = new.task;"
	"END;"
	"CREATE TRIGGER occurrence_cancelled_again AFTER UPDATE ON occurrence WHEN new.status <> old.status BEGIN"
	"  UPDATE task SET sequence = sequence + ('cancelled' IN (new.status, old.status)) WHERE id = new.task;"
	"  DELETE FROM cancellation WHERE task = new.task AND date = new.date;"
	"  INSERT INTO cancellation SELECT id, new.date, sequence FROM task WHERE id = new.task"
	"   AND new.status = 'cancelled';"
	"END;"
	"DROP TRIGGER occurrence_changed;"
	"CREATE TRIGGER occurrence_changed AFTER UPDATE OF status, start_local, end_local, precision, moved_key ON occurrence"
	" BEGIN"
	"  UPDATE task SET next_due_utc = NULL, planned_from = CASE WHEN new.status = 'open' AND old.status <> 'open' THEN NULL"
	"    ELSE planned_from END WHERE id = new.task;"
	"  UPDATE reminder SET dropped = CASE new.status WHEN 'open' THEN 'task moved' ELSE 'task ' || new.status END"
	"   WHERE task = new.task AND occurrence IN (new.date, old.moved_key) AND dropped IS NULL"
	"     AND (new.status <> old.status OR new.status <> 'cancelled' OR step NOT LIKE 'cancelled %')"
	"     AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN ");"
	"  INSERT INTO ledger (action, task, detail) SELECT CASE new.status WHEN 'open' THEN"
	"     CASE old.status WHEN 'open' THEN 'move' ELSE 'reopen' END WHEN 'done' THEN 'done'"
	"    ELSE 'cancel' END, uid, new.date || coalesce(' to ' || new.moved_key, '') FROM task WHERE id = new.task;"
	"END;"
	"CREATE TRIGGER task_gone_question AFTER DELETE ON task BEGIN"
	"  DELETE FROM question WHERE task = old.id;"
	"  DELETE FROM moved_to WHERE task = old.id;"
	"  DELETE FROM cancellation WHERE task = old.id;"
	"END;"
	"CREATE TRIGGER person_gone_answers AFTER DELETE ON person BEGIN"
	"  DELETE FROM invite WHERE person = old.id;"
	"  DELETE FROM question WHERE person = old.id;"
	"  DELETE FROM answered WHERE person = old.id;"
	"  UPDATE heard SET person = NULL WHERE person = old.id;"
	"END;"
	/* Of the ledger of a whole plan, a few lines say who closed a task, or has seen it. */
	"CREATE INDEX ledger_end ON ledger (task) WHERE action IN ('done', 'cancel', 'delete', 'seen');"
	"CREATE INDEX ledger_problem ON ledger (task) WHERE action = 'problem';"
	/* An answer to a person is a notice with words of its own, and buttons: [["label", "data"], ...]. */
	"ALTER TABLE notice ADD COLUMN subject TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE notice ADD COLUMN buttons TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE person ADD COLUMN channels TEXT NOT NULL DEFAULT '';" /* as in a policy; '' = what the policy says */
	"CREATE TRIGGER person_channels AFTER UPDATE OF channels ON person WHEN new.channels <> old.channels BEGIN"
	"  UPDATE task SET next_due_utc = NULL WHERE id IN (SELECT task FROM part WHERE person = new.id);"
	"END;"
	"ALTER TABLE message ADD COLUMN next_channel_utc INTEGER;" /* not sent by then: the next channel is tried; NULL: none is */
	"CREATE INDEX message_next_channel ON message (next_channel_utc) WHERE next_channel_utc IS NOT NULL AND " STORE_IS_OPEN
	";"
	/* What has another channel to go to goes there at once, when the one it waits for loses its address. */
	"DROP TRIGGER address_removed;"
	"CREATE TRIGGER address_removed AFTER DELETE ON address BEGIN"
	"  UPDATE message SET next_channel_utc = 0 WHERE next_channel_utc IS NOT NULL AND " STORE_IS_OPEN
	"    AND person = old.person AND channel = old.channel;"
	"  UPDATE reminder SET dropped = 'no address' WHERE person = old.person AND channel = old.channel"
	"    AND dropped IS NULL AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN
	"     AND next_channel_utc IS NULL);"
	"END;"
	"ALTER TABLE suspension ADD COLUMN since_utc INTEGER;"
	/* Another address may be reached while one is suspended. */
	"DROP TRIGGER address_added;"
	"CREATE TRIGGER address_added AFTER INSERT ON address BEGIN"
	"  UPDATE task SET next_due_utc = NULL WHERE status = 'open' AND id IN (SELECT task FROM reminder"
	"    WHERE person = new.person AND dropped IN ('no address', 'address suspended'));"
	"END;"
	/* What comes earlier by another zone or other hours than it would have come is not lost. */
	"CREATE TRIGGER person_hours AFTER UPDATE OF zone, calendar, quiet, work ON person"
	"  WHEN new.zone <> old.zone OR new.calendar <> old.calendar OR new.quiet <> old.quiet OR new.work <> old.work BEGIN"
	"  UPDATE task SET planned_from = NULL WHERE id IN (SELECT task FROM part WHERE person = new.id);"
	"END;"
	/* What is in flight, or held, is little: it is counted when asked for, along the index, and what is pending is the rest
	 * of what is not settled. So a claim counts nothing. */
	"DROP INDEX message_unsettled;"
	"CREATE INDEX message_unsettled ON message ((state = 'pending'), due_utc, state) WHERE " STORE_IS_OPEN ";"
	"DROP TRIGGER message_added;"
	"DROP TRIGGER message_moved;"
	"DROP TRIGGER message_removed;"
	"DROP TABLE tally;"
	"CREATE TABLE counted (id INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;"
	"INSERT INTO counted VALUES (1, 0), (2, 0), (3, 0), (4, 0), (5, 0);"
	"UPDATE counted SET n = c.n FROM (SELECT " SCHEMA_ROW_HERE " AS id, count(*) AS n FROM message GROUP BY 1) AS c"
	"  WHERE c.id = counted.id;"
	"CREATE TRIGGER message_added AFTER INSERT ON message BEGIN"
	"  UPDATE counted SET n = n + 1 WHERE id = " SCHEMA_ROW_NEW ";"
	"END;"
	"CREATE TRIGGER message_moved AFTER UPDATE OF state ON message"
	"  WHEN (new.state <> 'sending' OR old.state <> 'pending') AND new.state <> old.state BEGIN"
	"  UPDATE counted SET n = n + 1 WHERE id = " SCHEMA_ROW_NEW ";"
	"  UPDATE counted SET n = n - 1 WHERE id = " SCHEMA_ROW_OLD ";"
	"END;"
	"CREATE TRIGGER message_removed AFTER DELETE ON message BEGIN"
	"  UPDATE counted SET n = n - 1 WHERE id = " SCHEMA_ROW_OLD ";"
	"END;"
	/* What the hours of its reader held back at a claim is no older than their end. */
	"ALTER TABLE message ADD COLUMN held_until_utc INTEGER NOT NULL DEFAULT 0;"
	/* What is in flight is silenced for the case that it fails; should it be accepted, it counts as told. What is due, or
	 * held, until behind the silence stays; what waits for another try was due before. */
	"DROP TRIGGER silenced;"
	"CREATE TRIGGER silenced AFTER INSERT ON silence BEGIN"
	"  UPDATE reminder SET dropped = 'silenced by ' || new.author || ': ' || new.reason"
	"   WHERE (new.task IS NULL OR task = new.task) AND (new.person IS NULL OR person = new.person)"
	"     AND dropped IS NULL AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN
	"      AND max(due_utc, held_until_utc) < new.until_utc);"
	"  INSERT INTO ledger (who, action, task, person, detail)"
	"   VALUES (new.author, 'silence', (SELECT uid FROM task WHERE id = new.task), new.person, new.reason);"
	"END;"
	/* What waits at a deputy goes with whom it is meant for. */
	"CREATE INDEX reminder_deputy ON reminder (deputy_for, task) WHERE deputy_for IS NOT NULL;"
	"DROP TRIGGER part_removed;"
	"CREATE TRIGGER part_removed AFTER DELETE ON part"
	"  WHEN NOT EXISTS (SELECT 1 FROM part WHERE task = old.task AND person = old.person) BEGIN"
	"  UPDATE task SET next_due_utc = NULL WHERE id = old.task;"
	"  UPDATE reminder SET dropped = 'takes no part' WHERE task = old.task AND person = old.person"
	"    AND deputy_for IS NULL AND " SCHEMA_IS_OPEN ";"
	"  UPDATE reminder SET dropped = 'takes no part' WHERE task = old.task AND deputy_for = old.person"
	"    AND " SCHEMA_IS_OPEN ";"
	"END;"
	"CREATE TRIGGER person_inactive_deputy AFTER UPDATE OF active ON person WHEN new.active = 0 AND old.active <> 0 BEGIN"
	"  UPDATE reminder SET dropped = 'person inactive' WHERE deputy_for = new.id AND " SCHEMA_IS_OPEN ";"
	"END;"
	"CREATE TRIGGER person_gone_deputy AFTER DELETE ON person BEGIN"
	"  UPDATE reminder SET dropped = 'person deleted' WHERE deputy_for = old.id AND " SCHEMA_IS_OPEN ";"
	"END;"
	/* Whether a message still has something to say is asked at its claim, and what it has told at its end; its letter needs
	 * the rest. */
	"DROP INDEX reminder_message;"
	"CREATE INDEX reminder_message ON reminder (message, dropped, due_utc, held, deputy_for);"
	/* Few end so, and status asks which have lately. */
	"CREATE INDEX message_dead ON message (id) WHERE state = 'dead';"
	"CREATE VIEW tally (state, n) AS"
	"  SELECT 'pending', n - (SELECT count(*) FROM message WHERE " STORE_IS_STARTED ") FROM counted WHERE id = 1"
	"  UNION ALL SELECT 'sending', count(*) FROM message WHERE " STORE_IS_SENDING
	"  UNION ALL SELECT 'held', count(*) FROM message WHERE " STORE_IS_HELD
	"  UNION ALL SELECT 'sent', n FROM counted WHERE id = 2 UNION ALL SELECT 'dead', n FROM counted WHERE id = 3"
	"  UNION ALL SELECT 'cancelled', n FROM counted WHERE id = 4 UNION ALL SELECT 'stale', n FROM counted WHERE id = 5;";

const char *const schema_versions[SCHEMA_VERSION] = {schema_1, schema_2, schema_3, schema_4, schema_5,
						     schema_6, schema_7, schema_8, schema_9};
