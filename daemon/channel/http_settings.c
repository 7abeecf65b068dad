#include "channel/http_settings.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "channel/certificate.h"
#include "channel/preset_url.h"
#include "conf/secret.h"

enum {
	HTTP_CONNECTIONS_MAX = 64,
	HTTP_TIMEOUT_MAX_S = 600,
	HTTP_VALUE_MAX = INI_LINE_MAX,
	HTTP_KEY_MIN = 12, /* shorter parts of an address are words of the service, not keys */
};

static const char *const http_no_yes[] = {"no", "yes", NULL};

static const struct option http_fixed_options[HTTP_FIXED_OPTIONS] = {
	{.key = "type",
	 .type = OPTION_TEXT,
	 .offset = offsetof(struct http_settings, type),
	 .flags = OPTION_REQUIRED,
	 .help = "http"},
	{.key = "preset",
	 .type = OPTION_TEXT,
	 .offset = offsetof(struct http_settings, preset),
	 .flags = OPTION_REQUIRED,
	 .help = "name of a preset in the folder messengers, or a file"},
	{.key = "ca_file",
	 .type = OPTION_PATH,
	 .offset = offsetof(struct http_settings, ca_file),
	 .help = "certificates trusted besides the system's"},
	{.key = "proxy",
	 .type = OPTION_TEXT,
	 .offset = offsetof(struct http_settings, proxy),
	 .preset = "",
	 .max = HTTP_VALUE_MAX,
	 .help = "http, https, socks5 or socks5h proxy"},
	{.key = "pinned_key",
	 .type = OPTION_TEXT,
	 .offset = offsetof(struct http_settings, pinned_key),
	 .min = 1,
	 .max = HTTP_VALUE_MAX,
	 .help = "public keys the server may have, sha256//BASE64;..."},
	{.key = "client_certificate",
	 .type = OPTION_PATH,
	 .offset = offsetof(struct http_settings, client_certificate),
	 .help = "certificate this side shows"},
	{.key = "client_key",
	 .type = OPTION_TEXT,
	 .offset = offsetof(struct http_settings, client_key),
	 .min = 1,
	 .help = "its key: a path, credential:NAME or file:/PATH"},
	{.key = "allow_private",
	 .type = OPTION_WORD,
	 .offset = offsetof(struct http_settings, allow_private),
	 .preset = "no",
	 .words = http_no_yes,
	 .help = "whether the server's name may mean an address of the local network"},
	{.key = "updates",
	 .type = OPTION_WORD,
	 .offset = offsetof(struct http_settings, updates),
	 .preset = "no",
	 .words = http_no_yes,
	 .help = "whether what people write to the messenger is asked for and heard"},
	{.key = "connections",
	 .type = OPTION_COUNT,
	 .offset = offsetof(struct http_settings, connections),
	 .min = 1,
	 .max = HTTP_CONNECTIONS_MAX,
	 .preset = "4",
	 .help = "messages under way at once"},
	{.key = "timeout",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct http_settings, timeout_s),
	 .min = 1,
	 .max = HTTP_TIMEOUT_MAX_S,
	 .help = "time for one call"},
	{.key = "rate",
	 .type = OPTION_RATE,
	 .offset = offsetof(struct http_settings, rate),
	 .help = "messages per time"},
	{.key = "rate_each",
	 .type = OPTION_RATE,
	 .offset = offsetof(struct http_settings, rate_each),
	 .help = "messages per time to one address, and one at a time"},
};

/* Adds the names of the presets in folder. */
static void http_list_presets(const char *folder, struct strlist *names)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);
		if (len > 4 && strcmp(entry->d_name + len - 4, ".ini") == 0)
			strlist_add(names, entry->d_name, len - 4);
	}
	if (dir != NULL)
		(void)closedir(dir); /* only read */
}

static void http_report_no_preset(const char *folder, const struct ini_section *section, const struct ini_entry *entry,
				  struct problems *problems)
{
	struct strlist names = {0};
	http_list_presets(folder, &names);
	const char *nearest = strlist_nearest(entry->value, (const char *const *)names.items, names.n);
	problems_add(problems, section->file, entry->line, "preset: there is no '%s' in %s%s%s%s", entry->value, folder,
		     nearest != NULL ? ", did you mean '" : "", nearest != NULL ? nearest : "",
		     nearest != NULL ? "'?" : "");
	strlist_done(&names);
}

struct preset *http_settings_find_preset(const struct conf *conf, const struct ini_section *section,
					 struct problems *problems)
{
	const struct ini_entry *entry = ini_find(section, "preset");
	if (entry == NULL || entry->value[0] == '\0') {
		problems_add(problems, section->file, entry != NULL ? entry->line : section->line,
			     "[%s %s] lacks the key 'preset': give telegram, webhook or a file", section->kind,
			     section->name != NULL ? section->name : "");
		return NULL;
	}

	bool is_name = strchr(entry->value, '/') == NULL;
	char *file = is_name ? mem_printf("%s/%s.ini", conf->messengers, entry->value)
			     : option_absolute_path(entry->value, section->file);
	struct preset *preset = NULL;
	if (file == NULL)
		problems_add(problems, section->file, entry->line, "preset: start '%s' with '/'", entry->value);
	else if (is_name && access(file, F_OK) < 0 && errno == ENOENT)
		http_report_no_preset(conf->messengers, section, entry, problems);
	else
		preset = preset_read(file, problems);
	free(file);
	return preset;
}

/* Behind the fixed keys come the settings of the preset, so that one table knows every key of the section. */
static void http_settings_make_table(struct http_settings *settings, const struct preset *preset)
{
	memcpy(settings->table, http_fixed_options, sizeof(http_fixed_options));
	settings->n_options = HTTP_FIXED_OPTIONS;
	for (size_t i = 0; i < preset->n_settings; i++) {
		const struct preset_setting *setting = &preset->settings[i];
		settings->table[settings->n_options++] = (struct option){
			.key = setting->name,
			.type = setting->kind == PRESET_KIND_SECRET ? OPTION_SECRET : OPTION_TEXT,
			.offset = offsetof(struct http_settings, values) + i * sizeof(char *),
			.min = 1,
			.max = HTTP_VALUE_MAX,
			.preset = setting->value,
			.flags = setting->is_required ? OPTION_REQUIRED : 0,
		};
	}
}

/* A server does not know the whole of its address, but may repeat the part that is the key. */
void http_hide_parts(const char *url)
{
	const char *host = strstr(url, "://");
	const char *part = host != NULL ? strchr(host + 3, '/') : NULL;
	while (part != NULL && *part != '\0') {
		size_t len = strcspn(part, "/?&=");
		char *key = len >= HTTP_KEY_MIN ? mem_dup_n(part, len) : NULL;
		if (key != NULL)
			log_hide(key);
		mem_free_secret(key);
		part += len + (part[len] != '\0');
	}
}

int http_resolve_url(const struct conf *conf, char **value, bool *ret_is_secret, struct err *err)
{
	char *secret = NULL;
	*ret_is_secret = secret_is_reference(*value);
	int status = *ret_is_secret ? secret_read(*value, conf->secrets_dir, &secret, err) : 0;
	if (secret == NULL)
		return status;
	free(*value);
	*value = secret;
	http_hide_parts(secret);
	return 0;
}

/* Checks one address of the section; key is there unless the value is the preset's own. */
static void http_check_address(const struct conf *conf, const struct ini_section *section, const char *key,
			       char **value, bool (*check)(const char *url, bool is_secret, struct err *err),
			       struct problems *problems)
{
	const struct ini_entry *entry = ini_find(section, key);
	bool is_secret;
	struct err err;
	if (entry == NULL || *value == NULL || **value == '\0')
		return;
	if (http_resolve_url(conf, value, &is_secret, &err) < 0 || !check(*value, is_secret, &err))
		problems_add(problems, section->file, entry->line, "%s: %s", key, err.text);
}

static void http_check_file(const struct ini_section *section, const char *key, const char *file,
			    struct problems *problems)
{
	const struct ini_entry *entry = ini_find(section, key);
	if (entry != NULL && file != NULL && access(file, R_OK) < 0)
		problems_add(problems, section->file, entry->line, "%s: %s cannot be read: %s", key, file,
			     strerror(errno));
}

/* A key that stands in the file of its certificate, or is named by a path, is read by libcurl each time; here only to see
 * that nobody else may. One by reference is kept: where it comes from may not be there any more. */
static int http_read_key(const struct conf *conf, const struct ini_section *section, struct http_settings *settings,
			 struct err *err)
{
	char **key = &settings->client_key, *pem = NULL;
	if (*key != NULL && secret_is_reference(*key)) {
		int code = secret_read_key(*key, conf->secrets_dir, &settings->client_key_pem, err);
		free(*key);
		*key = NULL;
		return code;
	}
	char *path = *key != NULL ? option_absolute_path(*key, section->file) : mem_dup(settings->client_certificate);
	char *reference = mem_printf("file:%s", path);
	int code = secret_read_key(reference, conf->secrets_dir, &pem, err);
	mem_free_secret(pem);
	free(reference);
	if (*key != NULL) {
		free(*key);
		*key = path;
	} else {
		free(path);
	}
	return code;
}

static void http_check_key(const struct conf *conf, const struct ini_section *section, struct http_settings *settings,
			   struct problems *problems)
{
	const struct ini_entry *key = ini_find(section, "client_key");
	const struct ini_entry *certificate = ini_find(section, "client_certificate");
	struct err err;
	if (settings->client_certificate == NULL && key != NULL)
		problems_add(problems, section->file, section->line,
			     "client_key is of no use without client_certificate");
	if (settings->client_certificate == NULL || access(settings->client_certificate, R_OK) < 0)
		return;
	if (http_read_key(conf, section, settings, &err) == 0)
		return;
	if (key != NULL)
		problems_add(problems, section->file, key->line, "client_key: %s", err.text);
	else
		problems_add(problems, section->file, certificate->line,
			     "client_certificate: %s; without client_key it holds the key, too", err.text);
}

static void http_check_updates(const struct ini_section *section, const struct preset *preset,
			       const struct http_settings *settings, struct problems *problems)
{
	const struct ini_entry *entry = ini_find(section, "updates");
	if (settings->updates != 0 && preset->updates == NULL)
		problems_add(problems, section->file, entry->line,
			     "updates: the preset %s has no way to ask what people write", settings->preset);
}

static void http_check_ca_file(const struct ini_section *section, const struct http_settings *settings,
			       struct problems *problems)
{
	const struct ini_entry *entry = ini_find(section, "ca_file");
	struct err err;
	if (settings->ca_file != NULL && certificate_check_file(settings->ca_file, &err) < 0)
		problems_add(problems, section->file, entry->line, "ca_file: %s", err.text);
}

static void http_check_tls(const struct conf *conf, const struct ini_section *section, struct http_settings *settings,
			   struct problems *problems)
{
	static const char pin[] = "sha256//";
	const struct ini_entry *entry = ini_find(section, "pinned_key");
	http_check_ca_file(section, settings, problems);
	http_check_file(section, "client_certificate", settings->client_certificate, problems);
	http_check_key(conf, section, settings, problems);
	if (settings->pinned_key != NULL && strncmp(settings->pinned_key, pin, sizeof(pin) - 1) != 0)
		problems_add(problems, section->file, entry->line,
			     "pinned_key: write it as in sha256//BASE64;sha256//BASE64");
}

/* Links and commands have the name without the '@' in front of which it stands elsewhere. */
static void http_read_bot(const struct ini_section *section, char *bot, struct problems *problems)
{
	const struct ini_entry *entry = ini_find(section, "bot");
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	if (bot[0] == '@')
		memmove(bot, bot + 1, strlen(bot));
	if (bot[0] == '\0' || bot[strspn(bot, allowed)] != '\0')
		problems_add(problems, section->file, entry != NULL ? entry->line : section->line,
			     "bot: write only the bot's name, of letters, digits and _, as bot = plan_bot");
}

void http_settings_read(const struct conf *conf, const struct ini_section *section, const struct preset *preset,
			struct http_settings *settings, struct problems *problems)
{
	*settings = (struct http_settings){0};
	http_settings_make_table(settings, preset);
	options_apply(settings->table, settings->n_options, section, conf->secrets_dir, settings, problems);
	if (settings->timeout_s == 0)
		settings->timeout_s = preset->timeout_s;
	if (settings->rate.count == 0)
		settings->rate = preset->rate;
	if (settings->rate_each.count == 0)
		settings->rate_each = preset->rate_each;

	http_check_tls(conf, section, settings, problems);
	http_check_updates(section, preset, settings, problems);
	http_check_address(conf, section, "proxy", &settings->proxy, preset_url_check_proxy, problems);
	for (size_t i = 0; i < preset->n_settings; i++) {
		const struct preset_setting *setting = &preset->settings[i];
		if (setting->kind == PRESET_KIND_URL)
			http_check_address(conf, section, setting->name, &settings->values[i], preset_url_check,
					   problems);
		if (settings->values[i] != NULL && strcmp(setting->name, "bot") == 0)
			http_read_bot(section, settings->values[i], problems);
	}
}

void http_settings_done(struct http_settings *settings)
{
	for (size_t i = 0; i < HTTP_SETTINGS_MAX; i++) {
		mem_free_secret(settings->values[i]);
		settings->values[i] = NULL;
	}
	mem_free_secret(settings->proxy);
	settings->proxy = NULL;
	mem_free_secret(settings->client_key_pem);
	settings->client_key_pem = NULL;
	options_done(settings->table, settings->n_options, settings);
}
