/* pipe_command: the program a pipe channel starts, its arguments and its input for one message; what its end means.
 * Pure, but for the look at which files are there. */
#ifndef DEADLINED_CHANNEL_PIPE_COMMAND_H
#define DEADLINED_CHANNEL_PIPE_COMMAND_H

#include "base/strlist.h"
#include "channel/channel.h"
#include "channel/preset_text.h"

struct pipe_command {
	char *program; /* absolute path */
	struct preset_text *words;
	size_t n_words; /* with the program */
	struct preset_text input;
};

/* Reads "/usr/bin/program --title={{subject}} -- {{to_address}}": blanks separate words, double quotes hold one
 * together, nothing else means anything: there is no shell. A word "credential:NAME" becomes the path of that file.
 * Errors: -EINVAL no absolute path, an unknown name, a word that begins with a name before "--", where a value that
 * begins with "-" would be taken for an option; -EACCES, -ENOENT the program cannot be run. */
MUSTCHECK int pipe_command_parse(const char *text, const char *input, const char *secrets_dir,
				 struct pipe_command *ret_command, struct err *err);
void pipe_command_done(struct pipe_command *command);

/* The arguments, the environment and the input for a message. */
void pipe_command_render(const struct pipe_command *command, const struct channel_message *message, const char *channel,
			 struct strlist *ret_arguments, struct strlist *ret_environment, struct buf *ret_input);

/* What an exit status means, by sysexits.h; output is what the program said. */
void pipe_command_judge(int status, bool is_timed_out, const char *output, struct channel_result *ret_result);

#endif
