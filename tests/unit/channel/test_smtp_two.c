/* Two connections at once: what was to follow on the one that is lost goes on the other, which has nothing to do. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "smtp_live.h"

#define TAKEN "250 ok\r\n"
#define GO "250 ok\r\n250 ok\r\n354 go\r\n"

struct two {
	int listen_fd;
	uint16_t port;
	pthread_t thread;
	sem_t lose;
	const char *last_words; /* on the connection that is lost */
};

static void two_say(int fd, const char *text)
{
	(void)send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void two_read_to(FILE *in, const char *prefix)
{
	char line[1024];
	while (fgets(line, sizeof(line), in) != NULL && strncmp(line, prefix, strlen(prefix)) != 0)
		;
}

/* Up to the dot of the first message. */
static FILE *two_accept(const struct two *two, int *ret_fd)
{
	int fd = accept(two->listen_fd, NULL, NULL);
	FILE *in = fdopen(dup(fd), "r");
	two_say(fd, "220 mail\r\n");
	two_read_to(in, "EHLO");
	two_say(fd, "250-mail\r\n250-PIPELINING\r\n250 SIZE 100000\r\n");
	two_read_to(in, "DATA");
	two_say(fd, GO);
	two_read_to(in, ".\r\n");
	*ret_fd = fd;
	return in;
}

static void *two_main(void *arg)
{
	struct two *two = arg;
	int lost, kept;
	FILE *in_lost = two_accept(two, &lost);
	two_read_to(in_lost, "DATA"); /* of the third, which follows */
	FILE *in = two_accept(two, &kept);
	two_say(kept, TAKEN);
	(void)sem_wait(&two->lose);
	two_say(lost, two->last_words);
	(void)fclose(in_lost);
	(void)close(lost);
	two_read_to(in, "DATA");
	two_say(kept, GO);
	two_read_to(in, ".\r\n");
	two_say(kept, TAKEN);
	(void)fclose(in);
	(void)close(kept);
	return NULL;
}

static void two_start(struct two *two, const char *last_words)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	*two = (struct two){.last_words = last_words};
	two->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(two->listen_fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(two->listen_fd, 8), 0);
	assert_int_equal(getsockname(two->listen_fd, (struct sockaddr *)&at, &len), 0);
	two->port = ntohs(at.sin_port);
	assert_int_equal(sem_init(&two->lose, 0, 0), 0);
	assert_int_equal(pthread_create(&two->thread, NULL, two_main, two), 0);
}

static void two_stop(struct two *two)
{
	assert_int_equal(pthread_join(two->thread, NULL), 0);
	(void)close(two->listen_fd);
	(void)sem_destroy(&two->lose);
}

/* Until n of the first two messages are over; which connection is the first is the kernel's affair. */
static void client_await(struct client *client, unsigned n)
{
	while (client->n_results[1] + client->n_results[2] < n)
		assert_int_equal(event_base_loop(client->base, EVLOOP_ONCE), 0);
	channel_resume(client->channel);
}

static void two__one_is_lost__what_followed_goes_on_the_idle_one(void **cmocka)
{
	(void)cmocka;
	static const char *const last_words[] = {"421 4.3.2 down\r\n", ""};
	for (size_t i = 0; i < 2; i++) {
		struct two two;
		struct client client;
		two_start(&two, last_words[i]);
		client_start(&client, two.port, OFF "connections = 2\n", NULL);
		for (int64_t id = 1; id <= 3; id++)
			client_send(&client, id);
		client_await(&client, 1);
		assert_int_equal(sem_post(&two.lose), 0);
		client_await(&client, 2);
		assert_int_equal(client_wait(&client, 3)->verdict, CHANNEL_ACCEPTED);
		client_stop(&client);
		two_stop(&two);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two__one_is_lost__what_followed_goes_on_the_idle_one),
	};
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
