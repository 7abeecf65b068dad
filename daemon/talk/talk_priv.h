/* talk_priv: what the files of talk share: talk.c says who is heard, talk_enrol.c who is invited, talk_press.c what a
 * button does, talk_button.c what its data means, talk_part.c who may press it, talk_date.c which date is meant,
 * talk_date_words.c how it may be put, talk_command.c what can be asked for, talk_answer.c how all of it is
 * answered. */
#ifndef DEADLINED_TALK_TALK_PRIV_H
#define DEADLINED_TALK_TALK_PRIV_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/strlist.h"
#include "message/phrase.h"
#include "talk/talk.h"

/* One update while it is heard. */
struct talk_ear {
	const struct talk *talk;
	const char *channel;
	const struct channel_update *update;
	int64_t now_utc;
	struct talk_reply *reply;
	bool is_private;       /* the chat is the sender's own */
	bool is_counted;       /* as a press: what it is answered is not counted again */
	struct person self;    /* who writes; owned */
	struct strlist actors; /* ids in whose name they may act: their own and, in a desk's chat, the desk's */
};

/* ---- enrolment ---- */

/* Takes an update that comes by an invitation: *ret_is_taken is false when it does not. */
MUSTCHECK int talk_enrol(struct talk_ear *ear, bool *ret_is_taken, struct err *err);
/* Somebody stopped the bot, or started it again. */
MUSTCHECK int talk_note_gone(struct talk_ear *ear, struct err *err);
MUSTCHECK int talk_note_back(struct talk_ear *ear, struct err *err);
/* Writes "suspend" or "release" of the person's address into the ledger, unless it was enough within the hour: what is
 * so is always noted, but not how often it has changed. */
MUSTCHECK int talk_write_change(struct talk_ear *ear, const char *action, const char *person, struct err *err);

/* ---- what is asked for; the sender is known ---- */

MUSTCHECK int talk_press(struct talk_ear *ear, struct err *err);
/* A command, with the slash. */
MUSTCHECK int talk_command(struct talk_ear *ear, const char *text, struct err *err);
/* Whether "/word@name" has the name of another bot than the one that hears it. */
bool talk_is_for_another(const struct talk *talk, const char *command);
/* Anything else that is written in private. */
MUSTCHECK int talk_listen(struct talk_ear *ear, const char *text, struct err *err);

/* ---- who takes part ---- */

struct talk_part {
	bool is_there;        /* any of the actors takes part, or stands in for somebody who does */
	bool may_act;         /* in a role that has more to do than to watch; the rest is empty when not */
	struct person person; /* who takes part */
	struct person reader; /* the actor: that person, or who stands in */
};
MUSTCHECK int talk_part_find(const struct talk *talk, const struct strlist *actors, int64_t task, int64_t now_utc,
			     struct talk_part *ret_part, struct err *err);
void talk_part_done(struct talk_part *part);

/* ---- the data of buttons ---- */

enum talk_verb {
	TALK_DONE = 'd',
	TALK_ACK = 'a',
	TALK_TOMORROW = 't',
	TALK_NEXT_WEEK = 'w',
	TALK_SET_DATE = 's',
	TALK_YES = 'y',
	TALK_NO = 'n',
};

struct talk_data {
	enum talk_verb verb;
	int64_t task;
	char occurrence[PERIOD_KEY_SIZE];
	struct period date; /* of TALK_YES */
};
/* False for anything that we would not have written. */
bool talk_data_parse(const char *text, struct talk_data *ret_data);
/* Adds the button; one whose data would be too long is left out. Takes label. */
void talk_buttons_add(struct talk_buttons *buttons, char *label, const struct talk_data *data);
/* As the table notice has them, "" for none. Returned owned. */
char *talk_buttons_print(const struct talk_buttons *buttons);

/* ---- dates ---- */

enum talk_reading {
	TALK_READ_DATE,
	TALK_READ_VAGUE,   /* a month, a limit */
	TALK_READ_PAST,    /* one that is over */
	TALK_READ_WEEKDAY, /* one that is another day of the week */
	TALK_READ_NOTHING, /* no date */
};
/* The exact date that somebody means by text for what is planned in that window: *ret_date is set with TALK_READ_DATE,
 * TALK_READ_PAST and TALK_READ_WEEKDAY. The year is the one that puts it into the window or, failing that, the next one
 * in which it is to come, whatever weekday it has there: no other year is looked for to suit a weekday. */
enum talk_reading talk_date_read(const char *text, const struct period *window, const struct zone *zone,
				 int64_t now_utc, struct period *ret_date);
/* Puts what people say of a date as plan/period knows it; what it cannot put stays as it is. */
enum { TALK_DATE_TEXT_MAX = 4 * PERIOD_PHRASE_MAX }; /* "mi" is "wednesday" */
void talk_date_write_out(const char *text, const struct period *window, const struct civil *today, struct buf *out);
/* The same of such a text that begins with a day of the week: "on Tuesday" is the next one that comes, "next Tuesday"
 * that of the week behind this one. False when it does not. */
bool talk_date_write_weekday(const char *text, const struct civil *today, struct buf *out);
/* A day, a minute, or the days from one to another. */
bool talk_date_is_exact(const struct period *period);
bool talk_date_lies_within(const struct period *date, const struct period *window);

/* ---- answers ---- */

/* task, whose period is said, and date may be NULL. */
struct talk_words {
	enum phrase phrase;
	const struct task *task;
	const struct period *date;
};
/* The few words for the button that was pressed. */
void talk_toast(struct talk_ear *ear, const struct talk_words *words);
/* Whether the sender is not answered any more in this hour: then what the answer would say need not be looked for. */
MUSTCHECK int talk_is_enough(struct talk_ear *ear, bool *ret_is, struct err *err);
/* One more of what the person does here within the hour, which is counted with the answers. *ret_is_enough: it is
 * beyond what is heard, and must write nothing that stays. */
MUSTCHECK int talk_count_one(struct talk_ear *ear, const char *person, bool *ret_is_enough, struct err *err);
enum talk_room { TALK_ROOM, TALK_FULL_NOW /* for the first time in the hour */, TALK_FULL };
/* The same for what the sender presses, or writes when asked, which is more than may be asked for; its answer is
 * counted with it. */
MUSTCHECK int talk_count_press(struct talk_ear *ear, enum talk_room *ret_room, struct err *err);
/* A message to the sender, in private. buttons may be NULL. */
MUSTCHECK int talk_answer(struct talk_ear *ear, const struct talk_words *words, const struct talk_buttons *buttons,
			  struct err *err);
/* The same with the words of another kind. */
MUSTCHECK int talk_answer_facts(struct talk_ear *ear, const struct compose_facts *facts,
				const struct talk_buttons *buttons, struct err *err);
/* The same for a chat where nobody is heard yet, in the language of that person. */
void talk_say(struct talk_ear *ear, const struct person *reader, enum phrase phrase);
/* What a button says. Returned owned. */
char *talk_label(const struct talk *talk, const struct person *reader, enum phrase phrase, int64_t now_utc);

#endif
