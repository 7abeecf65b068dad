/* err: the words of a failure, for a human, beside the error code for the program.
 *
 * A fallible function returns 0 or a negative errno and, where a human must read why, fills a struct err that the
 * caller passed in. On the way up each layer may put its own context in front. */
#ifndef DEADLINED_BASE_ERR_H
#define DEADLINED_BASE_ERR_H

#define MUSTCHECK __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

struct err {
	char text[512]; /* UTF-8, one line, no trailing newline; "" = nothing said */
};

/* Says what failed; a longer text is cut at a whole character. err may be NULL. Returns code, so that a failure can
 * be reported in one line: return err_set(err, -EINVAL, "unknown zone '%s'", name); */
int err_set(struct err *err, int code, const char *fmt, ...) PRINTF(3, 4);

/* Puts "CONTEXT: " in front of what err says. err may be NULL. */
void err_prefix(struct err *err, const char *fmt, ...) PRINTF(2, 3);

#endif
