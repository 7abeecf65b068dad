/* The first byte is what the server announced and how it is cut into pieces, the rest what the server says. However it is
 * cut it means the same, and a message is accepted, or its fate unknown, only after its final dot went out. */
#include "channel/smtp_dialogue.h"
#include "fuzz.h"

static const char mail[] = "Subject: x\r\n\r\n.dot\r\nlast words\r\n";
static const char mail_end[] = "last words\r\n.\r\n";

static void check_class(const struct smtp_reply *reply)
{
	char id[64];
	smtp_reply_queue_id(reply, id, sizeof(id));
	FUZZ_NEED(strlen(id) < sizeof(id) && strpbrk(id, " \t\r\n") == NULL, reply->text);
	for (unsigned stage = 0; stage < SMTP_STAGE_MAX; stage++) {
		struct smtp_class class = smtp_classify((enum smtp_stage)stage, reply, "a@b.example", "c@d.example");
		FUZZ_NEED(class.verdict == CHANNEL_TEMPORARY || class.verdict == CHANNEL_PERMANENT, reply->text);
		FUZZ_NEED(reply->code >= 500 || class.verdict == CHANNEL_TEMPORARY, reply->text);
	}
}

/* Reads one reply, step bytes at a time; returns the bytes it took. */
static size_t read_reply(struct smtp_reply_reader *reader, struct fuzz_input input, size_t step,
			 enum smtp_reply_state *ret_state)
{
	size_t at = 0;
	*ret_state = SMTP_REPLY_MORE;
	while (at < input.len && *ret_state == SMTP_REPLY_MORE) {
		size_t used = 0, n = input.len - at < step ? input.len - at : step;
		*ret_state = smtp_reply_feed(reader, input.next + at, n, &used);
		FUZZ_NEED(used <= n && (used == n || *ret_state != SMTP_REPLY_MORE), "");
		at += used;
	}
	return at;
}

static void check_replies(struct fuzz_input input, size_t step)
{
	struct smtp_reply_reader whole, pieces;
	enum smtp_reply_state state = SMTP_REPLY_COMPLETE, again;
	smtp_reply_init(&whole);
	smtp_reply_init(&pieces);
	while (input.len > 0 && state == SMTP_REPLY_COMPLETE) {
		size_t used = read_reply(&whole, input, input.len, &state);
		FUZZ_NEED(read_reply(&pieces, input, step, &again) == used && again == state, input.next);
		if (state == SMTP_REPLY_COMPLETE) {
			FUZZ_NEED(whole.reply.code >= 200 && whole.reply.code <= 599, whole.reply.text);
			FUZZ_NEED(whole.reply.code == pieces.reply.code, whole.reply.text);
			FUZZ_NEED(strcmp(whole.reply.text, pieces.reply.text) == 0, whole.reply.text);
			check_class(&whole.reply);
		}
		input.next += used;
		input.len -= used;
	}
}

static void send_some(struct smtp_dialogue *dialogue, size_t step, struct buf *sent)
{
	size_t len;
	const char *bytes = smtp_dialogue_output(dialogue, &len);
	if (len > step)
		len = step;
	if (len == 0)
		return;
	buf_add(sent, bytes, len);
	smtp_dialogue_sent(dialogue, len);
}

static void check_result(const struct smtp_dialogue *dialogue, const struct buf *sent)
{
	const struct channel_result *result = &dialogue->result;
	bool is_all_out = strstr(buf_str(sent), mail_end) != NULL;
	FUZZ_NEED(dialogue->is_over && dialogue->is_decided, result->reply);
	FUZZ_NEED(result->verdict == CHANNEL_ACCEPTED || result->verdict == CHANNEL_TEMPORARY ||
			  result->verdict == CHANNEL_PERMANENT || result->verdict == CHANNEL_UNKNOWN,
		  result->reply);
	FUZZ_NEED(is_all_out || (result->verdict != CHANNEL_ACCEPTED && result->verdict != CHANNEL_UNKNOWN),
		  result->reply);
	FUZZ_NEED(result->verdict != CHANNEL_ACCEPTED || (result->code >= 200 && result->code < 300), result->reply);
	FUZZ_NEED(!dialogue->can_repeat || result->verdict == CHANNEL_TEMPORARY, result->reply);
	FUZZ_NEED(strpbrk(result->reply, "\r\n") == NULL && strpbrk(result->remote_id, "\r\n") == NULL, result->reply);
}

/* A server that reads and speaks step bytes in turn, and then hangs up. */
static void check_dialogue(struct fuzz_input input, unsigned flags, size_t step)
{
	struct smtp_features features = {
		.has_pipelining = flags & 1, .has_size = flags & 2, .size_max = flags & 4 ? 10 : 0};
	struct smtp_dialogue dialogue;
	struct buf sent;
	buf_init(&sent, 4096);
	const struct smtp_envelope envelope = {.from = "a@example.org", .to = "b@example.org", .id = "m1"};
	smtp_dialogue_init(&dialogue, &features, &envelope, mail, strlen(mail));
	while (!dialogue.is_over && input.len > 0) {
		size_t n = input.len < step ? input.len : step;
		send_some(&dialogue, flags & 8 ? step : SIZE_MAX, &sent);
		(void)smtp_dialogue_input(&dialogue, input.next, n);
		input.next += n;
		input.len -= n;
	}
	if (!dialogue.is_over)
		smtp_dialogue_lost(&dialogue, "the server closed the connection");
	check_result(&dialogue, &sent);
	buf_done(&sent);
	smtp_dialogue_done(&dialogue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = fuzz_input(data, size);
	if (size == 0)
		return 0;
	unsigned flags = data[0];
	size_t step = (flags >> 4) * 2 + 1; /* '0' gives 7 */
	input.next++;
	input.len--;
	check_replies(input, step);
	check_dialogue(input, flags, step);
	check_dialogue(input, flags, 600); /* a command at a time, mostly */
	return 0;
}
