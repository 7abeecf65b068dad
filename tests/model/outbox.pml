/* What delivery.pml, full.pml and two.pml share: one message, the rules of daemon/remind/outbox.c, and the mail server.
 *
 * These are models in Promela, the language of the checker spin. It does not run a model once: it walks through every
 * order in which the processes can take their steps, and every choice they can make, and reports the first walk that
 * breaks an assertion or the promise at the end of this file. run.sh says how it is called. What a reader must know:
 *
 *     active proctype P() {...}   a process; all of them run at once, a step of one, then a step of any other
 *     if / do  :: a -> b  :: ...  takes any branch whose first statement can be executed now, and waits when none can;
 *                                 else: when no other can. do repeats until break.
 *     atomic {...}                one step: nobody else moves meanwhile, and no crash comes between
 *     {...} unless {g -> ...}     before each step of the first part: when g is true, leave it for the second part
 *     inline f(x) {...}           a macro
 *     mtype                       an enumeration
 *
 * One message is enough, because messages do not touch each other. There is no time: a pending message may be tried at
 * any later pass, as if its not_before had come, so invariant 6 of outbox.c is not shown here but in its unit test. */

#ifndef KILLS
#define KILLS 2    /* how often a daemon may die */
#endif
#ifndef REFUSALS
#define REFUSALS 1 /* how often the server may refuse for now */
#endif
#ifndef THROTTLES
#define THROTTLES 1
#endif
#ifndef DAEMONS
#define DAEMONS 1
#endif
#ifndef EXTRA
#define EXTRA 0    /* copies that a model allows beyond the contract */
#endif
#ifndef BOUND
#define BOUND (1 + disk.n_crashes + disk.n_unknown + EXTRA)
#endif
#ifndef UNKNOWN_MAX
#define UNKNOWN_MAX 3 /* as in outbox.c */
#endif

mtype = {pending, sending, sent, dead, cancelled, stale, held};
mtype = {ev_claim, ev_accepted, ev_temporary, ev_throttled, ev_permanent, ev_unknown, ev_recover, ev_empty,
	 ev_expire, ev_quarantine, ev_release, ev_drop, ev_purge};
mtype = {none};

#define is_final(state) (state != pending && state != sending && state != held)

/* ---- the database --------------------------------------------------------------------------------------------- */

typedef Row {
	mtype state = pending;
	byte n_attempts;
	byte n_crashes;
	byte n_unknown;
	bool is_attempt_open /* there is an attempt without a result */
};

Row disk;      /* what is committed: it outlives the daemon */
hidden Row tx; /* what the open transaction sees. Hidden: outside of transactions it means nothing */

/* What happened in the world, as only the checker can know it. */
byte copies;            /* accepted by the server */
byte n_kills;           /* deaths of a daemon */
byte n_refusals;        /* answers "not now" */
byte n_throttles;       /* answers "too many" */
byte n_takeovers;       /* of a lease; only in two.pml */
bool is_refused;        /* the server once refused for good */
bool is_live = true;    /* there is still something to say: the task is not done */
bool is_late = false;   /* the reminder is too late to be of use */
bool is_given_up;       /* the operator dropped or purged it */

inline copy_row(to, from)
{
	to.state = from.state;
	to.n_attempts = from.n_attempts;
	to.n_crashes = from.n_crashes;
	to.n_unknown = from.n_unknown;
	to.is_attempt_open = from.is_attempt_open
}

/* The arrows at the top of outbox.c; run.sh compares them. Any other is a bug, as outbox_move() asserts, too. */
inline move(event)
{
	if
	:: tx.state == pending && event == ev_claim -> tx.state = sending
	:: tx.state == sending && event == ev_accepted -> tx.state = sent
	:: tx.state == sending && event == ev_temporary -> tx.state = pending
	:: tx.state == sending && event == ev_throttled -> tx.state = pending
	:: tx.state == sending && event == ev_permanent -> tx.state = dead
	:: tx.state == sending && event == ev_unknown -> tx.state = pending
	:: tx.state == sending && event == ev_recover -> tx.state = pending
	:: tx.state == sending && event == ev_empty -> tx.state = cancelled
	:: tx.state == sending && event == ev_expire -> tx.state = dead
	:: tx.state == pending && event == ev_empty -> tx.state = cancelled
	:: tx.state == pending && event == ev_expire -> tx.state = stale
	:: tx.state == sending && event == ev_quarantine -> tx.state = held
	:: tx.state == held && event == ev_release -> tx.state = pending
	:: tx.state == held && event == ev_drop -> tx.state = cancelled
	:: tx.state == pending && event == ev_purge -> tx.state = cancelled
	:: else -> assert(false)
	fi
}

/* Looked at before every commit. */
inline check_row()
{
	/* Invariant 4: what is final stays as it is. */
	assert(!is_final(disk.state) || tx.state == disk.state);
	/* Never lost: no message ends unsent without a cause. */
	assert(tx.state != dead || is_refused || tx.n_unknown == UNKNOWN_MAX);
	assert(tx.state != cancelled || !is_live || is_given_up);
	assert(tx.state != stale || is_late);
	assert(tx.state != held || tx.n_crashes > 1);
	/* The row tells the truth: each crash in it happened, each attempt had its reason, throttled ones do not count. */
	assert(tx.n_crashes <= n_kills);
	assert(tx.n_attempts <= 1 + tx.n_crashes + tx.n_unknown + n_refusals + n_takeovers)
}

/* ---- the network and the server ------------------------------------------------------------------------------- */

/* A daemon's transfer, and the result it holds in memory until that is recorded. */
bool is_in_flight[DAEMONS];
mtype result[DAEMONS] = none;

/* Requests whose daemon died or gave up. The server may have accepted one before that or do so later, or never: no
 * daemon can tell, so it is all the same when the model decides. */
byte n_strays;

inline hand_over(me)
{
	atomic {
		/* Invariant 1: nothing is handed to a channel before the commit that wrote its attempt. */
#ifndef LEASE /* the lease may have gone to another daemon since that commit */
		assert(disk.is_attempt_open);
#endif
		assert(!is_in_flight[me]);
		is_in_flight[me] = true;
		is_claimed = false
	}
}

inline hang_up(me)
{
	n_strays = n_strays + is_in_flight[me];
	is_in_flight[me] = false
}

inline answer(me, verdict)
{
	result[me] = verdict;
	is_in_flight[me] = false
}

inline accept_copy()
{
	copies++;
	/* Invariant 5. */
	assert(copies <= BOUND)
}

inline serve(me)
{
	if
	:: accept_copy(); answer(me, ev_accepted)
	:: n_refusals < REFUSALS -> n_refusals++; answer(me, ev_temporary)
	:: n_throttles < THROTTLES -> n_throttles++; answer(me, ev_throttled)
	:: is_refused = true; answer(me, ev_permanent)
	fi
}

active proctype Server()
{
	do
	:: atomic { is_in_flight[0] -> serve(0) }
#if DAEMONS > 1
	:: atomic { is_in_flight[1] -> serve(1) }
#endif
	:: atomic { n_strays > 0 -> n_strays--; accept_copy() }
	:: atomic { n_strays > 0 -> n_strays-- }
	od
}

/* ---- the steps of a daemon, as in outbox.c -------------------------------------------------------------------- */

/* The reply does not come: the connection broke, or the time is up. */
inline give_up(me)
{
	hang_up(me);
	result[me] = ev_unknown
}

/* outbox_recover(): the process died while this was in flight. Not for the first time, it may be this that it died of. */
inline recover_row()
{
	if
	:: tx.state == sending ->
		if
		:: move(ev_recover)
		:: tx.n_crashes > 0 -> move(ev_quarantine)
		fi;
		tx.n_crashes++;
		tx.is_attempt_open = false
	:: else
	fi
}

/* What the operator did before this transaction: the lock of the database keeps the two apart. */
inline operate_row()
{
	if
	:: tx.state == held -> move(ev_release)
	:: tx.state == held -> is_given_up = true; move(ev_drop)
	:: tx.state == pending -> is_given_up = true; move(ev_purge)
	:: skip
	fi
}

/* outbox_judge(): what a result means for this message. */
inline judge(verdict)
{
	if
	:: (verdict == ev_temporary || verdict == ev_throttled || verdict == ev_unknown) && !is_live -> move(ev_empty)
	:: else ->
		if
		:: verdict == ev_unknown && tx.n_unknown + 1 >= UNKNOWN_MAX -> move(ev_expire)
		:: else -> move(verdict)
		fi
	fi
}

/* outbox_settle(): a message that is no longer 'sending' is left alone. */
inline settle_row(verdict)
{
	if
	:: tx.state == sending && verdict != none ->
		/* Invariant 2: 'sent' only after the server accepted. */
		assert(verdict != ev_accepted || copies > 0);
		judge(verdict);
		tx.is_attempt_open = false;
		if
		:: verdict == ev_unknown -> tx.n_unknown++
#ifndef NOREFUND
		:: verdict == ev_throttled -> tx.n_attempts--
#endif
		:: else
		fi
	:: else
	fi
}

/* outbox_expire(), and outbox_claim() with its look at what is left to say. */
inline claim_row(ret_claimed)
{
	ret_claimed = false;
	operate_row();
	if
	:: tx.state == pending && is_late -> move(ev_expire)
	:: tx.state == pending && !is_late && !is_live -> move(ev_empty)
	:: tx.state == pending && !is_late && is_live ->
		move(ev_claim);
		tx.n_attempts++;
		tx.is_attempt_open = true;
		ret_claimed = true
	:: else
	fi
}

/* ---- people, death and the promise ---------------------------------------------------------------------------- */

/* At any moment, or never: the task is done, or its reminder has become too late. */
active proctype Office()
{
	if
	:: is_live = false
	:: is_late = true
	:: skip
	fi
}

bool is_killed[DAEMONS];

/* SIGKILL, the OOM killer or a power cut, between any two steps. */
active proctype Death()
{
	do
	:: n_kills < KILLS -> atomic { !is_killed[0] -> is_killed[0] = true; n_kills++ }
#if DAEMONS > 1
	:: n_kills < KILLS -> atomic { !is_killed[1] -> is_killed[1] = true; n_kills++ }
#endif
	od
}

inline forget_memory(me)
{
	hang_up(me);
	result[me] = none;
	is_killed[me] = false
}

/* Whatever happens, the message comes to an end and stays there, or is held for the operator; and if it says 'sent', a copy
 * was accepted. "<>[] p" reads: from some moment on p is true for ever. */
ltl promise { <>[] ((is_final(disk.state) || disk.state == held) && (disk.state != sent || copies > 0)) }
