/* Claim and commit, send, settle and commit; the daemon may die between any two steps, the server may refuse, throttle
 * or refuse for good, request or reply may be lost, the task may be done or the reminder become too late at any moment.
 *
 * A transaction is one atomic step: SQLite promises all or nothing, and synchronous=FULL that a commit which returned
 * stays. Read outbox.pml first. The wrong ways, each of which must break:
 *   MARKFIRST   'sent' is written by the claim, before the message is sent         the message is lost
 *   SENDFIRST   sent first, claimed and recorded afterwards                        invariant 1
 *   LOSTISNO    a reply that was lost counts as a refusal                          invariant 5
 *   NORECOVER   a message found 'sending' at start is left there                   it never ends
 *   NORMALSYNC  synchronous=NORMAL: a power cut undoes the latest commit           invariant 5
 *   NOREFUND    a throttled attempt counts as one                                  the row does not tell the truth
 *   REOPEN      an operator's retry writes the state itself, past the table        invariant 4
 *   BOUND=1     the right way, but exactly one copy is promised: nobody can        a crash or a lost reply costs one */
#include "outbox.pml"

#ifdef NORMALSYNC
Row synced; /* the commit before the latest */
#endif

inline begin()
{
	copy_row(tx, disk)
}

inline commit()
{
	check_row();
#ifdef NORMALSYNC
	copy_row(synced, disk);
#endif
	copy_row(disk, tx)
}

/* app_tick(): everything a pass writes is one transaction. A message that was just settled is not claimed in the same
 * pass: its next try lies ahead. */
inline pass()
{
	atomic {
		begin();
		if
		:: result[0] != none -> settle_row(result[0]); is_claimed = false
		:: else -> claim_row(is_claimed)
		fi;
#ifdef MARKFIRST
		if
		:: is_claimed -> tx.state = sent
		:: else
		fi;
#endif
		commit();
		result[0] = none
	};
	if
	:: is_claimed -> hand_over(0)
	:: else
	fi
}

#ifdef SENDFIRST
inline send_then_claim()
{
	hand_over(0);
	atomic { begin(); claim_row(is_claimed); commit() }
}
#endif

active proctype Daemon()
{
	bool is_claimed;
start:
	{
#ifndef NORECOVER
		atomic { begin(); recover_row(); commit() };
#endif
		do
#ifdef SENDFIRST
		:: disk.state == pending && result[0] == none && is_live && !is_late -> send_then_claim()
#endif
		:: disk.state == pending || result[0] != none -> pass()
#ifdef LOSTISNO
		:: atomic { is_in_flight[0] && n_refusals < UNKNOWN_MAX -> give_up(0); result[0] = ev_temporary; n_refusals++ }
#else
		:: atomic { is_in_flight[0] -> give_up(0) }
#endif
		:: is_final(disk.state) && !is_in_flight[0] && result[0] == none -> break
		od
	} unless {
		atomic {
			is_killed[0] -> forget_memory(0);
#ifdef NORMALSYNC
			if
			:: copy_row(disk, synced)
			:: skip
			fi
#endif
		};
		goto start
	}
}

#ifdef REOPEN
active proctype Operator()
{
	if
	:: atomic { disk.state == sent -> begin(); tx.state = pending; commit() }
	:: skip
	fi
}
#endif
