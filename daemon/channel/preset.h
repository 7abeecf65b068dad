/* preset: how one messenger is spoken to, read from an INI file; the language is described in config/messengers/.
 *
 * A preset says which settings a channel must give, the request to make (URL, headers, a JSON tree or a form whose
 * values are small templates), and what a reply means. It holds no secrets: those are settings of the channel. Read by
 * http_channel_new(), for --check as for the daemon. */
#ifndef DEADLINED_CHANNEL_PRESET_H
#define DEADLINED_CHANNEL_PRESET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strlist.h"
#include "channel/listen.h"
#include "channel/preset_json.h"
#include "channel/preset_text.h"
#include "channel/preset_verdict.h"
#include "conf/option.h"
#include "conf/problem.h"

enum preset_kind { PRESET_KIND_TEXT, PRESET_KIND_URL, PRESET_KIND_SECRET, PRESET_KIND_MAX };

/* One key that a [channel NAME] section with this preset has. Its value stands at PRESET_NAME_MAX + its index. */
struct preset_setting {
	char *name;
	enum preset_kind kind;
	bool is_required;
	char *value; /* when the channel gives none; NULL = then it has none */
};

enum preset_address {
	PRESET_ADDRESS_TEXT,
	PRESET_ADDRESS_NUMBER,
	PRESET_ADDRESS_PHONE, /* "+" and 7 to 15 digits */
	PRESET_ADDRESS_EMAIL,
	PRESET_ADDRESS_MAX
};

/* A form that an address may have, and the name its text then goes by. Their names stand behind the settings. */
struct preset_form {
	char *name;
	enum preset_address kind;
	char *prefix; /* "" = none; not part of the value */
};

enum preset_make { PRESET_MAKE_TEXT, PRESET_MAKE_BASE64, PRESET_MAKE_HMAC_SHA256 };

/* A value computed from others. Their names stand behind the forms. */
struct preset_made {
	char *name;
	int make; /* enum preset_make */
	struct preset_text data, key;
	bool is_key_base64; /* the key stands for bytes */
	bool is_hex;        /* the signature in hexadecimal, otherwise in base64 */
};

/* A header, a pair of the query, a leaf of the JSON body (name is its pointer), a field of the form, the text. */
struct preset_field {
	char *name;
	unsigned line;
	bool is_again; /* one before has the same name */
	struct preset_text text;
	enum preset_type type;
	enum preset_escape escape;
	bool is_encoded; /* a header in encoded words when it is not ASCII */
	size_t limit;    /* 0 = none */
	enum utf8_unit unit;
	bool is_as_sent; /* the limit counts what the escape makes of the text */
};

/* Several may have the same name: the first whose names all have values is used. */
struct preset_fields {
	struct preset_field *items;
	size_t n;
};

struct preset_shapes; /* see preset_shape.h */

enum preset_method { PRESET_POST, PRESET_PUT, PRESET_GET };
enum preset_body { PRESET_BODY_NONE, PRESET_BODY_JSON, PRESET_BODY_FORM, PRESET_BODY_PLAIN };

/* One request and what its reply means. */
struct preset_call {
	int method; /* enum preset_method */
	int body;   /* enum preset_body */
	struct preset_text url;
	struct preset_fields query, headers, fields;
	struct preset_shapes *shapes; /* of a body of JSON, otherwise NULL; they grow with what is rendered */
	size_t body_limit;            /* bytes, 0 = none */
	uint64_t needs;               /* all that it depends on, as a set of names */
	struct preset_verdict verdict;
};

enum { PRESET_LIFETIME_MAX_S = 366 * 24 * 3600 };

/* The step before the first message: a call whose reply holds {{access_token}}. */
struct preset_token {
	struct preset_call call;
	char *pointer;               /* where it stands in the reply */
	char *lifetime_pointer;      /* how many seconds it lasts; NULL = lifetime_s */
	int64_t lifetime_s;          /* when the reply does not say */
	struct preset_rule *refresh; /* replies to a message that mean: fetch a new one and ask again */
	size_t n_refresh;
};

/* The buttons under a message: each is a piece of JSON in which {{label}} is the name 0 and {{data}} the name 1. */
struct preset_buttons {
	struct preset_text each;
	int64_t per_row;
};

enum preset_spot { PRESET_SENDER, PRESET_CHAT, PRESET_WORDS, PRESET_ANSWER, PRESET_UNDER, PRESET_SPOT_MAX };

/* Which items of a reply are an update, and where its parts stand in them. */
struct preset_update {
	enum channel_update_kind kind;
	bool is_start; /* an invitation: what its text says is the word behind "/start" */
	struct preset_test *tests;
	size_t n_tests;
	struct preset_source {
		char *prefix;  /* of the address */
		char *pointer; /* NULL = it has none */
	} sources[PRESET_SPOT_MAX];
};

/* The call for what people write: its reply is a list of items, each of which may be an update or several. */
struct preset_updates {
	struct preset_call call;
	int64_t hold_s;     /* how long the service may keep it waiting */
	char *items;        /* pointer to the list */
	char *next_pointer; /* in an item: where to go on is behind the last one; NULL = the reply says it */
	int64_t step;       /* is added to that */
	char *marker;       /* in the reply; NULL = an item says it */
	struct preset_update *kinds;
	size_t n_kinds;
};

struct preset {
	char *file;
	struct strlist names;               /* of enum preset_name, then of settings, forms and computed values */
	uint64_t needs[PRESET_NAMES_LIMIT]; /* a set of names for each: itself, and what it is computed from */
	struct preset_setting *settings;
	size_t n_settings;
	struct preset_form *forms; /* empty: any address */
	size_t n_forms;
	struct preset_made *made;
	size_t n_made;

	int64_t timeout_s;
	struct option_rate rate, rate_each; /* what the service allows; a channel may say otherwise */
	struct preset_call call;
	struct preset_token *token; /* NULL = none; likewise below */
	struct preset_buttons *buttons;
	struct preset_call *edit, *answer;
	struct preset_updates *updates;
	struct preset_text invite; /* empty = none */
};

/* Reads a preset; everything wrong with it is added to problems with its line. Returns owned, NULL when there was any.
 */
struct preset *preset_read(const char *file, struct problems *problems);
/* The same for text in memory, of which file is only the name. */
struct preset *preset_read_text(const char *file, const char *text, size_t len, struct problems *problems);
void preset_free(struct preset *preset);

/* An address of the form with this index, for a try; of any form when there is none. Returns owned. */
char *preset_sample_address(const struct preset *preset, size_t form);
/* True when the address has one of the forms; err says which there are. */
bool preset_check_address(const struct preset *preset, const char *address, struct err *err);

struct preset_request {
	struct buf url;
	struct buf body;
	struct strlist headers; /* "Name: value", "Name;" for an empty one */
};

/* Makes the request of a call for these values: of enum preset_name as far as they do not follow from others, and of
 * the settings. Headers, pairs and fields with a name that has no value are left out. Errors, with words that hold no
 * secret: -EINVAL a value does not fit its place, -E2BIG the body is too long. */
MUSTCHECK int preset_render(const struct preset *preset, const struct preset_call *call,
			    const struct preset_values *values, struct preset_request *ret_request, struct err *err);
void preset_request_done(struct preset_request *request);

/* The link of [invite], which must be there, for values of the settings and {{word}}. Returns owned. Errors: -ENOTSUP a
 * name in it has no value, -EINVAL. */
MUSTCHECK int preset_render_link(const struct preset *preset, const struct preset_values *values, char **ret_link,
				 struct err *err);

/* The buttons as the value of {{buttons}}, into out. Those whose data is longer than CHANNEL_BUTTON_DATA_MAX are left
 * out: no message is lost for them. */
void preset_add_buttons(const struct preset_buttons *buttons, const struct channel_button *items, size_t n,
			struct buf *out);

/* What people write may be no text, and no parser would take the whole reply for it: half surrogates, 0 and bytes
 * that are no UTF-8 become U+FFFD. */
void preset_mend(struct buf *reply);
/* What the reply to the call for updates holds. An item nobody can make sense of, or whose sender or chat is no address
 * of this preset, is left out. Errors: -EINVAL, with words for the operator, the reply is not what the preset says. */
MUSTCHECK int preset_list_updates(const struct preset *preset, const char *body, size_t len,
				  struct channel_updates *ret_updates, struct err *err);
/* Overwrites and frees texts that may hold secrets. */
void preset_texts_done(struct strlist *texts);

#endif
