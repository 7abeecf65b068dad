#include "message/phrase.h"

#include <string.h>

const char *const phrase_names[PHRASE_MAX] = {
	[PHRASE_BUTTON_DONE] = "button_done",
	[PHRASE_BUTTON_ACK] = "button_ack",
	[PHRASE_BUTTON_TOMORROW] = "button_tomorrow",
	[PHRASE_BUTTON_NEXT_WEEK] = "button_next_week",
	[PHRASE_BUTTON_SET_DATE] = "button_set_date",
	[PHRASE_BUTTON_YES] = "button_yes",
	[PHRASE_BUTTON_NO] = "button_no",
	[PHRASE_DONE] = "done",
	[PHRASE_ALREADY_DONE] = "already_done",
	[PHRASE_ALREADY_CANCELLED] = "already_cancelled",
	[PHRASE_ALREADY_CLOSED] = "already_closed",
	[PHRASE_SEEN] = "seen",
	[PHRASE_ACKNOWLEDGED] = "acknowledged",
	[PHRASE_ALREADY_ACKNOWLEDGED] = "already_acknowledged",
	[PHRASE_PUT_OFF] = "put_off",
	[PHRASE_ALREADY_PUT_OFF] = "already_put_off",
	[PHRASE_DATE_CHANGED] = "date_changed",
	[PHRASE_GONE] = "gone",
	[PHRASE_ONLY_LOOK] = "only_look",
	[PHRASE_WRITE_DATE] = "write_date",
	[PHRASE_DATE_KNOWN] = "date_known",
	[PHRASE_DATE_SET] = "date_set",
	[PHRASE_ANOTHER_DATE] = "another_date",
	[PHRASE_ONLY_PEOPLE] = "only_people",
	[PHRASE_NO_SENSE] = "no_sense",
	[PHRASE_WELCOME] = "welcome",
	[PHRASE_INVITE_OVER] = "invite_over",
	[PHRASE_INVITE_TAKEN] = "invite_taken",
	[PHRASE_INVITE_GROUP] = "invite_group",
	[PHRASE_ASK_DATE] = "ask_date",
	[PHRASE_CONFIRM_DATE] = "confirm_date",
	[PHRASE_CONFIRM_OUTSIDE] = "confirm_outside",
	[PHRASE_VAGUE_DATE] = "vague_date",
	[PHRASE_UNKNOWN_DATE] = "unknown_date",
	[PHRASE_WRONG_WEEKDAY] = "wrong_weekday",
	[PHRASE_PAST_DATE] = "past_date",
	[PHRASE_HELP] = "help",
	[PHRASE_HINT] = "hint",
	[PHRASE_NO_TASK] = "no_task",
	[PHRASE_NOTHING_TODAY] = "nothing_today",
	[PHRASE_ENOUGH] = "enough",
};

enum phrase phrase_find(const char *name)
{
	int i = 0;
	while (i < PHRASE_MAX && strcmp(phrase_names[i], name) != 0)
		i++;
	return (enum phrase)i;
}
