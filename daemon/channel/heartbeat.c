#include "channel/heartbeat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "channel/http_settings.h"
#include "channel/preset_url.h"
#include "channel/transfer.h"

enum { HEARTBEAT_TIMEOUT_S = 30, HEARTBEAT_WORDS_SIZE = sizeof(((struct err *)0)->text) };

struct heartbeat {
	struct transfer *transfer;
	CURL *easy; /* while one is under way */
	char curl_words[CURL_ERROR_SIZE];
	char failure[HEARTBEAT_WORDS_SIZE]; /* that was logged last; "" after one that was heard */
	bool was_heard;
};

/* ---- configuration ------------------------------------------------------------------------------------------------ */

void heartbeat_prepare(struct conf *conf, struct problems *problems)
{
	const struct ini_section *section = ini_section(conf->ini, "daemon", NULL);
	const struct ini_entry *entry = section != NULL ? ini_find(section, "heartbeat") : NULL;
	struct err err = {0};
	bool is_secret;
	if (entry == NULL || conf->heartbeat == NULL)
		return;
	int status = http_resolve_url(conf, &conf->heartbeat, &is_secret, &err);
	if (status == 0)
		http_hide_parts(conf->heartbeat);
	if (status < 0 || !preset_url_check(conf->heartbeat, true, &err))
		problems_add(problems, section->file, entry->line, "heartbeat: %s", err.text);
}

/* ---- life --------------------------------------------------------------------------------------------------------- */

struct heartbeat *heartbeat_new(struct transfer *transfer)
{
	struct heartbeat *heartbeat = mem_zero(1, sizeof(*heartbeat));
	heartbeat->transfer = transfer;
	return heartbeat;
}

void heartbeat_free(struct heartbeat *heartbeat)
{
	if (heartbeat == NULL)
		return;
	if (heartbeat->easy != NULL) {
		transfer_cancel(heartbeat->transfer, heartbeat->easy);
		curl_easy_cleanup(heartbeat->easy);
	}
	free(heartbeat);
}

/* ---- a request ---------------------------------------------------------------------------------------------------- */

static void heartbeat_failed(struct heartbeat *heartbeat, const char *words)
{
	if (strcmp(heartbeat->failure, words) != 0)
		log_warning("the heartbeat was not heard: %s; the next one follows the next audit", words);
	(void)snprintf(heartbeat->failure, sizeof(heartbeat->failure), "%s", words);
}

static void heartbeat_heard(struct heartbeat *heartbeat)
{
	if (heartbeat->failure[0] != '\0' || !heartbeat->was_heard)
		log_info("the heartbeat was heard");
	heartbeat->failure[0] = '\0';
	heartbeat->was_heard = true;
}

static void heartbeat_done(void *arg, CURL *easy, CURLcode code)
{
	struct heartbeat *heartbeat = arg;
	char words[HEARTBEAT_WORDS_SIZE];
	long status = 0;
	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status); /* stays 0 on an error of ours */
	heartbeat->easy = NULL;
	curl_easy_cleanup(easy);
	if (status >= 200 && status < 300) {
		heartbeat_heard(heartbeat);
		return;
	}
	if (status != 0)
		(void)snprintf(words, sizeof(words), "HTTP %ld", status);
	else
		(void)snprintf(words, sizeof(words), "%s",
			       heartbeat->curl_words[0] != '\0' ? heartbeat->curl_words : curl_easy_strerror(code));
	heartbeat_failed(heartbeat, words);
}

/* Its status says everything. Ends the transfer at the first byte of the answer's body. */
static size_t heartbeat_ignore(char *bytes, size_t size, size_t n, void *arg)
{
	(void)bytes;
	(void)size;
	(void)n;
	(void)arg;
	return 0;
}

#define HEARTBEAT_SET(option, value) (curl_easy_setopt(heartbeat->easy, (option), (value)) == CURLE_OK)

static bool heartbeat_set_up(struct heartbeat *heartbeat, const char *url)
{
	return HEARTBEAT_SET(CURLOPT_URL, url) &&
	       HEARTBEAT_SET(CURLOPT_PROTOCOLS_STR, preset_url_is_plain(url) ? "http" : "https") &&
	       HEARTBEAT_SET(CURLOPT_FOLLOWLOCATION, 0L) && HEARTBEAT_SET(CURLOPT_PATH_AS_IS, 1L) &&
	       HEARTBEAT_SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) &&
	       HEARTBEAT_SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) && HEARTBEAT_SET(CURLOPT_PROXY, "") &&
	       HEARTBEAT_SET(CURLOPT_NOSIGNAL, 1L) && HEARTBEAT_SET(CURLOPT_QUICK_EXIT, 1L) &&
	       HEARTBEAT_SET(CURLOPT_FORBID_REUSE, 1L) && HEARTBEAT_SET(CURLOPT_TIMEOUT, (long)HEARTBEAT_TIMEOUT_S) &&
	       HEARTBEAT_SET(CURLOPT_USERAGENT, "deadlined/" DEADLINED_VERSION) &&
	       HEARTBEAT_SET(CURLOPT_WRITEFUNCTION, heartbeat_ignore) &&
	       HEARTBEAT_SET(CURLOPT_ERRORBUFFER, heartbeat->curl_words);
}

void heartbeat_ping(struct heartbeat *heartbeat, const char *url)
{
	struct err err = {0};
	if (heartbeat->easy != NULL)
		return;
	heartbeat->easy = curl_easy_init();
	heartbeat->curl_words[0] = '\0';
	if (heartbeat->easy != NULL && heartbeat_set_up(heartbeat, url) &&
	    transfer_start(heartbeat->transfer, heartbeat->easy, heartbeat_done, heartbeat, &err) == 0)
		return;
	curl_easy_cleanup(heartbeat->easy);
	heartbeat->easy = NULL;
	heartbeat_failed(heartbeat, err.text[0] != '\0' ? err.text : "libcurl refused the request");
}
