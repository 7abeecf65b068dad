/* preset_section: the readers of a preset's sections. For preset.c, each other and http_account.c.
 *
 * Each may refer to the names that were read before it, in this order: [settings], [address], [value NAME], [token],
 * [buttons], the rest. */
#ifndef DEADLINED_CHANNEL_PRESET_SECTION_H
#define DEADLINED_CHANNEL_PRESET_SECTION_H

#include "channel/preset.h"
#include "conf/ini.h"

/* Everything but [settings]; problems are added with their line. */
void preset_read_sections(struct preset *preset, const struct ini *ini, struct problems *problems);
/* [address] and every [value NAME]. */
void preset_read_forms(struct preset *preset, const struct ini *ini, struct problems *problems);
void preset_read_made(struct preset *preset, const struct ini *ini, struct problems *problems);

/* Where a template stands decides which names it may use. */
enum preset_place {
	PRESET_IN_REQUEST,
	PRESET_IN_VALUE, /* [value NAME] */
	PRESET_IN_TOKEN, /* what does not depend on the message; likewise in the last two */
	PRESET_IN_EDIT,
	PRESET_IN_ANSWER,
	PRESET_IN_UPDATES,
	PRESET_IN_INVITE,
	PRESET_PLACE_MAX
};

/* "" for a message itself, otherwise what its sections begin with: "token", "edit", "answer", "updates". */
const char *preset_place_word(enum preset_place place);

/* The section with method, url and body, which must be there, and all that belongs to that call. ret_timeout_s, unless
 * it is NULL, gets the key timeout. */
void preset_read_call(struct preset *preset, struct preset_call *call, const struct ini *ini, enum preset_place place,
		      int64_t *ret_timeout_s, struct problems *problems);
/* [buttons]; [edit ...], [answer ...] and [invite], and what the message says of buttons and threads if is_good, all
 * before was; [updates ...] and [update KIND]. */
void preset_read_buttons(struct preset *preset, const struct ini *ini, struct problems *problems);
void preset_read_steps(struct preset *preset, const struct ini *ini, bool is_good, struct problems *problems);
void preset_read_updates(struct preset *preset, const struct ini *ini, struct problems *problems);
void preset_call_done(struct preset_call *call);
void preset_updates_free(struct preset_updates *updates);

/* Whether name can be one of a header (RFC 9110, 5.6.2). */
bool preset_is_header_name(const char *name);

/* Each name shows in a template of JSON inside of a string, so that no value can change its shape. err says what is
 * wrong. */
bool preset_is_json_template(const struct preset_text *text, struct err *err);

/* [query], [headers], [json], [form], [text] and [limit] of a call: those without a name, or named "token ..." and so
 * on. */
void preset_read_fields(struct preset *preset, struct preset_call *call, const struct ini *ini, enum preset_place place,
			struct problems *problems);
/* [success], [classify], [retry], [capture] and [error], likewise. */
void preset_read_reply(struct preset_call *call, const struct ini *ini, enum preset_place place,
		       struct problems *problems);

/* The section of a part of a call: [json], or [token json] and its like. */
const struct ini_section *preset_part(const struct ini *ini, enum preset_place place, const char *part);

/* Gives a setting, a form or a computed value its name. Errors: -EINVAL it is taken, or no name. */
MUSTCHECK int preset_add_name(struct preset *preset, const char *name, uint64_t needs, struct err *err);
/* As preset_text_compile() with the names of the preset, those that may stand in that place; may_body: {{body}} as
 * well. */
MUSTCHECK int preset_compile(const struct preset *preset, const char *source, enum preset_place place, bool may_body,
			     struct preset_text *ret_text, struct err *err);
/* All that a template depends on, as a set of names; and whether one of them may have no value. */
uint64_t preset_needs(const struct preset *preset, const struct preset_text *text);
bool preset_may_lack(const struct preset *preset, const struct preset_text *text);

/* For preset_url_*(): which names are settings of kind url. */
void preset_url_names(const struct preset *preset, bool ret_is_url[PRESET_NAMES_LIMIT]);

/* The values that follow from others, as far as they are in needs, a set of names; what is made of them is kept in
 * texts, which the caller ends with preset_texts_done(). Those that depend on {{body}} are made once it has a value.
 * Errors: -EINVAL. */
MUSTCHECK int preset_make_values(const struct preset *preset, uint64_t needs, struct preset_values *values,
				 struct strlist *texts, struct err *err);

#endif
