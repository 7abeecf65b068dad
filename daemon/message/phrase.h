/* phrase: what is said to people who answer on a messenger: templates of the kind "answer" ask which of them it is by
 * {{#says.NAME}}. */
#ifndef DEADLINED_MESSAGE_PHRASE_H
#define DEADLINED_MESSAGE_PHRASE_H

enum phrase {
	/* on a button */
	PHRASE_BUTTON_DONE,
	PHRASE_BUTTON_ACK,
	PHRASE_BUTTON_TOMORROW,
	PHRASE_BUTTON_NEXT_WEEK,
	PHRASE_BUTTON_SET_DATE,
	PHRASE_BUTTON_YES,
	PHRASE_BUTTON_NO,
	/* when one was pressed */
	PHRASE_DONE,
	PHRASE_ALREADY_DONE,
	PHRASE_ALREADY_CANCELLED,
	PHRASE_ALREADY_CLOSED, /* one date of a repeating task */
	PHRASE_SEEN,           /* acknowledged before it was late */
	PHRASE_ACKNOWLEDGED,
	PHRASE_ALREADY_ACKNOWLEDGED,
	PHRASE_PUT_OFF,
	PHRASE_ALREADY_PUT_OFF,
	PHRASE_DATE_CHANGED,
	PHRASE_GONE,
	PHRASE_ONLY_LOOK,
	PHRASE_WRITE_DATE,
	PHRASE_DATE_KNOWN,
	PHRASE_DATE_SET,
	PHRASE_ANOTHER_DATE,
	PHRASE_ONLY_PEOPLE,
	PHRASE_NO_SENSE,
	/* answers: those have a text, too */
	PHRASE_WELCOME,
	PHRASE_INVITE_OVER,
	PHRASE_INVITE_TAKEN,
	PHRASE_INVITE_GROUP,
	PHRASE_ASK_DATE,
	PHRASE_CONFIRM_DATE,
	PHRASE_CONFIRM_OUTSIDE,
	PHRASE_VAGUE_DATE,
	PHRASE_UNKNOWN_DATE,
	PHRASE_WRONG_WEEKDAY,
	PHRASE_PAST_DATE,
	PHRASE_HELP,
	PHRASE_HINT,
	PHRASE_NO_TASK,
	PHRASE_NOTHING_TODAY,
	PHRASE_ENOUGH, /* when one was pressed, too */
	PHRASE_MAX,
	PHRASE_FIRST_ANSWER = PHRASE_WELCOME
};

/* "button_done", "already_done": as templates write them */
extern const char *const phrase_names[PHRASE_MAX];
/* PHRASE_MAX when there is none of that name. */
enum phrase phrase_find(const char *name);

#endif
