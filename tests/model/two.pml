/* Two daemons are started on one database. One of them may be stopped, swapped out or merely slow for as long as it
 * likes: the checker tries every order of their steps.
 *
 * The lock of daemon/service/lock.c: the second daemon does not get past its start while the first one lives, and the
 * kernel opens the lock in the moment of death. With it all invariants of outbox.c hold as with one daemon.
 *
 * Read outbox.pml first. The other ways:
 *   NOLOCK  No lock: the second daemon takes what the first has in flight for left over from a crash. Must break.
 *   LEASE   Instead of a lock a lease in the row: who finds it run out takes the message over, and a result counts only
 *           from the present holder. Must break: a slow holder sends although its lease has run out, and no check on
 *           the database can hold that back.
 *   LEASE with EXTRA=n_takeovers: what a lease really promises, a copy more for each time it is taken over. Holds,
 *           shown in a smaller world, without deaths and refusals, to be quick. */
#define DAEMONS 2
#ifndef KILLS
#define KILLS 1
#endif
#define THROTTLES 0
#define FIRST_DAEMON 3 /* processes are numbered in the order of the text: Server, Office, Death, then the daemons */
#define NOBODY 255
#define TAKEOVERS 1
#include "outbox.pml"

byte holder = NOBODY; /* of the lock */
byte owner = NOBODY;  /* of the lease, in the row */
byte term;            /* how often the lease was given: a result of an older one is refused */

inline begin()
{
	copy_row(tx, disk)
}

inline commit()
{
	check_row();
	copy_row(disk, tx)
}

/* Under leases a result counts only from the present holder of the lease. */
#ifdef LEASE
#define may_settle(me) (owner == me && term == my_term)
#else
#define may_settle(me) true
#endif

inline pass(me)
{
	atomic {
		begin();
		is_claimed = false;
		if
		:: result[me] != none && may_settle(me) -> settle_row(result[me])
		:: result[me] != none && !may_settle(me)
		:: result[me] == none -> claim_row(is_claimed)
		fi;
		commit();
		if
		:: is_claimed -> owner = me; term++; my_term = term
		:: else
		fi;
		result[me] = none
	};
	if
	:: is_claimed -> hand_over(me)
	:: else
	fi
}

#ifdef LEASE
/* The holder has not been heard of for the length of its lease: dead, or slow. */
inline take_over()
{
	begin();
	move(ev_recover);
	tx.is_attempt_open = false;
	n_takeovers++;
	commit();
	owner = NOBODY
}
#endif

inline come_up(me)
{
#if defined(LEASE)
	/* Its own lease, from before it died. */
	atomic {
		begin();
		if
		:: owner == me -> recover_row(); owner = NOBODY
		:: else
		fi;
		commit()
	}
#elif defined(NOLOCK)
	atomic { begin(); recover_row(); commit() }
#else
	/* The one that does not get the lock exits with 75, and systemd starts it again: here, it waits. */
	atomic { holder == NOBODY -> holder = me };
	atomic { begin(); recover_row(); commit() }
#endif
}

active [DAEMONS] proctype Daemon()
{
	bool is_claimed;
	byte my_term;
	byte me = _pid - FIRST_DAEMON;
start:
	{
		come_up(me);
		do
		:: (disk.state == pending && !is_in_flight[me]) || result[me] != none -> pass(me)
		:: atomic { is_in_flight[me] -> give_up(me) }
#ifdef LEASE
		:: atomic { disk.state == sending && owner != me && n_takeovers < TAKEOVERS -> take_over() }
#endif
		:: is_final(disk.state) && !is_in_flight[me] && result[me] == none -> break
		od
	} unless {
		atomic {
			is_killed[me] -> forget_memory(me);
			if
			:: holder == me -> holder = NOBODY
			:: else
			fi
		};
		goto start
	}
}
