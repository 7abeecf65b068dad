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

/* A header, a leaf of the JSON body (name is its pointer) or a field of the form. */
struct preset_field {
	char *name;
	unsigned line;
	struct preset_text text;
	enum preset_type type;
	enum preset_escape escape;
	size_t limit; /* 0 = none */
	enum utf8_unit unit;
};

struct preset_fields {
	struct preset_field *items;
	size_t n;
};

enum preset_method { PRESET_POST, PRESET_PUT, PRESET_GET };
enum preset_body { PRESET_BODY_NONE, PRESET_BODY_JSON, PRESET_BODY_FORM };

struct preset {
	char *file;
	struct strlist names; /* of enum preset_name, then of the settings */
	struct preset_setting *settings;
	size_t n_settings;

	int method; /* enum preset_method */
	int body;   /* enum preset_body */
	int64_t timeout_s;
	struct option_rate rate; /* what the service allows; a channel may say otherwise */
	struct preset_text url;
	struct preset_fields headers, fields;
	struct preset_verdict verdict;
};

/* Reads a preset; everything wrong with it is added to problems with its line. Returns owned, NULL when there was any.
 */
struct preset *preset_read(const char *file, struct problems *problems);
/* The same for text in memory, of which file is only the name. */
struct preset *preset_read_text(const char *file, const char *text, size_t len, struct problems *problems);
void preset_free(struct preset *preset);

/* For the readers of its sections: the line of problems, and whether a name may have no value. */
bool preset_may_lack(const struct preset *preset, size_t name);
/* For preset_url_*(): which names are settings of kind url. */
void preset_url_names(const struct preset *preset, bool ret_is_url[PRESET_NAMES_LIMIT]);

struct preset_request {
	struct buf url;
	struct buf body;
	struct strlist headers; /* "Name: value", "Name;" for an empty one */
};

/* Makes the request for these values. Headers and fields with a name that has no value are left out. Errors, with words
 * that hold no secret: -EINVAL a value does not fit its place, -E2BIG the body is too long. */
MUSTCHECK int preset_render(const struct preset *preset, const struct preset_values *values,
			    struct preset_request *ret_request, struct err *err);
void preset_request_done(struct preset_request *request);

#endif
