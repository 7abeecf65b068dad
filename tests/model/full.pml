/* The disk is full, or another process holds the database: any commit may fail, and the next
 * one, too.
 *
 * Invariant 3 of outbox.c: a failure to record is not a failure to send. The result stays in memory, the next pass
 * writes it again, nothing is sent meanwhile and nothing twice (app_write() and app_tick() in
 * daemon/service/app_pass.c: when the transaction fails, the results stay, and what was claimed is not handed over).
 *
 * A commit that failed is undone by ROLLBACK, but it may have reached the log on the disk: when the daemon dies before
 * the next commit, the database may be found with it or without it ("ghost").
 *
 * Read outbox.pml first. The wrong ways, each of which must break:
 *   RESEND   what could not be recorded counts as not sent, and is sent again   invariant 5
 *   DROP     the result is freed although it could not be recorded              the message never ends
 *   ANYWAY   what was claimed is sent even when the claim could not be written  invariant 1 */
#define KILLS 1
#define THROTTLES 0
#include "outbox.pml"

#ifndef FAILURES
#define FAILURES 2 /* commits that fail, at any moments */
#endif

byte n_failures;
Row ghost; /* what a crash may leave instead of disk: the same, unless the latest commit failed */

inline begin()
{
	copy_row(tx, disk)
}

inline commit(ret_ok)
{
	check_row();
	if
	:: n_failures < FAILURES -> n_failures++; copy_row(ghost, tx); ret_ok = false
	:: copy_row(disk, tx); copy_row(ghost, tx); ret_ok = true
	fi
}

inline pass()
{
	atomic {
		begin();
		if
		:: result[0] != none -> settle_row(result[0]); is_claimed = false
		:: else -> claim_row(is_claimed)
		fi;
		commit(is_ok);
#if defined(RESEND)
		is_unsent = is_unsent || (!is_ok && result[0] != none);
		result[0] = none
#elif defined(DROP)
		result[0] = none
#else
		if
		:: is_ok -> result[0] = none
		:: else
		fi
#endif
	};
	if
#ifdef ANYWAY
	:: is_claimed -> hand_over(0); is_claimed = false
#else
	:: is_claimed && is_ok -> hand_over(0); is_claimed = false
#endif
	:: else
	fi
}

active proctype Daemon()
{
	bool is_claimed, is_ok, is_unsent;
start:
	{
		/* A daemon that cannot record that it recovers does not start; systemd tries again. */
		do
		:: atomic { begin(); recover_row(); commit(is_ok); };
			if
			:: is_ok -> break
			:: else
			fi
		od;
		do
		:: disk.state == pending || result[0] != none -> pass()
		:: atomic { is_in_flight[0] -> give_up(0) }
#ifdef RESEND
		:: is_unsent -> is_unsent = false; hand_over(0)
#endif
		:: is_final(disk.state) && !is_in_flight[0] && result[0] == none -> break
		od
	} unless {
		atomic {
			is_killed[0] -> forget_memory(0);
			is_unsent = false;
			if
			:: copy_row(disk, ghost)
			:: copy_row(ghost, disk)
			fi
		};
		goto start
	}
}
