// SPDX-License-Identifier: MIT
/* Metrics over HTTP. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "interrupt.h"
#include "kernel.h"
#include "list.h"
#include "metrics.h"

#define TIMEOUT_S	10U
#define CONNECTIONS	64U
#define FD		"fd:"

/* The text of an answer, which libmicrohttpd frees, and its status. */
static char *scrape(unsigned int *status, size_t *len)
{
	struct kernel *k = kernel_open();
	struct rings all = { 0 };
	char *text = NULL;
	FILE *to = open_memstream(&text, len);

	if (to && k && !kernel_dump(k, &all)) {
		*status = MHD_HTTP_OK;
		metrics_print(&all, "", to);
	} else if (to) {
		fprintf(to, "shmring: %s\n", kernel_errmsg());
	}
	if (to && fclose(to)) {
		free(text);
		text = NULL;
	}
	rings_free(&all);
	if (k)
		kernel_close(k);
	return text;
}

static char *body_of(const char *url, const char *method, unsigned int *status,
		     size_t *len)
{
	char *text;

	if (strcmp(method, MHD_HTTP_METHOD_GET) &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD)) {
		*status = MHD_HTTP_METHOD_NOT_ALLOWED;
		text = strdup("only GET and HEAD\n");
	} else if (strcmp(url, "/metrics")) {
		*status = MHD_HTTP_NOT_FOUND;
		text = strdup("it is at /metrics\n");
	} else {
		return scrape(status, len);
	}
	*len = text ? strlen(text) : 0;
	return text;
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection,
			      const char *url, const char *method,
			      const char *version, const char *upload,
			      size_t *upload_len, void **state)
{
	struct MHD_Response *response;
	enum MHD_Result queued;
	unsigned int status = MHD_HTTP_SERVICE_UNAVAILABLE;
	size_t len = 0;
	char *body;

	(void)arg;
	(void)version;
	(void)upload;
	/* First the head alone, then what came with it, of which none counts. */
	if (!*state || *upload_len) {
		*state = connection;
		*upload_len = 0;
		return MHD_YES;
	}
	body = body_of(url, method, &status, &len);
	if (!body)
		return MHD_NO;
	response = MHD_create_response_from_buffer(len, body,
						   MHD_RESPMEM_MUST_FREE);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				status == MHD_HTTP_OK ? METRICS_TYPE :
				"text/plain; charset=utf-8");
	queued = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

/* "127.0.0.1:9100", "[::1]:9100": numbers, so that nothing is looked up. */
static struct addrinfo *parse_where(const char *where)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	const char *colon = strrchr(where, ':');
	char host[INET6_ADDRSTRLEN + 1] = "";
	struct addrinfo *address;
	size_t len = colon ? (size_t)(colon - where) : 0;

	if (len > 2 && where[0] == '[' && where[len - 1] == ']') {
		where++;
		len -= 2;
	}
	if (len && len < sizeof(host))
		memcpy(host, where, len);
	/* getaddrinfo() takes a port's low 16 bits. */
	if (!*host || !colon[1] || strtoul(colon + 1, NULL, 10) > UINT16_MAX ||
	    getaddrinfo(host, colon + 1, &hints, &address))
		refuse("--listen %s: not ADDRESS:PORT, such as 127.0.0.1:9100 or [::1]:9100, nor fd:N",
		       where);
	return address;
}

/* The socket of "fd:3", which listens already, as systemd passes it; else -1. */
static int parse_fd(const char *where)
{
	int listens = 0;
	socklen_t len = sizeof(listens);
	const char *text = where + strlen(FD);
	char *end;
	unsigned long fd;

	if (strncmp(where, FD, strlen(FD)))
		return -1;
	fd = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || fd > INT_MAX ||
	    getsockopt((int)fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) ||
	    !listens)
		refuse("--listen %s: not the number of a socket that listens",
		       where);
	return (int)fd;
}

static struct MHD_Daemon *start_at(unsigned int flags, struct MHD_OptionItem at)
{
	struct MHD_OptionItem where[] = { at, { MHD_OPTION_END, 0, NULL } };

	/* The port is in the address, or the socket has it. */
	flags |= MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO;
	return MHD_start_daemon(flags, 0, NULL, NULL, answer, NULL,
				MHD_OPTION_ARRAY, where,
				MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S,
				MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
				MHD_OPTION_END);
}

static struct MHD_Daemon *start(const char *where)
{
	struct MHD_OptionItem at = { .option = MHD_OPTION_SOCK_ADDR };
	int fd = parse_fd(where);
	struct addrinfo *address;
	struct MHD_Daemon *daemon;

	if (fd >= 0) {
		at.option = MHD_OPTION_LISTEN_SOCKET;
		at.value = fd;
		return start_at(0, at);
	}
	address = parse_where(where);
	at.ptr_value = address->ai_addr;
	daemon = start_at(address->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0, at);
	freeaddrinfo(address);
	return daemon;
}

int metrics_serve(const char *where)
{
	const union MHD_DaemonInfo *info;
	struct MHD_Daemon *daemon;
	struct pollfd signals = { .events = POLLIN };
	struct kernel *k;

	interrupt_catch();
	/* Before there are threads: they inherit the mask. */
	signals.fd = interrupt_fd();
	if (signals.fd < 0)
		return fail("cannot catch signals: %s", strerror(errno));
	daemon = start(where);
	if (!daemon)
		return fail("--listen %s: %s", where, strerror(errno));
	info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	fprintf(stderr, "shmring: port %u answers GET /metrics\n",
		info ? info->port : 0);
	/* It may come later, and a scraper sees that it is not there. */
	k = ask_whom();
	if (k)
		kernel_close(k);
	else
		fail("until then the answer is 503");
	while (poll(&signals, 1, -1) < 0 && errno == EINTR)
		;
	MHD_stop_daemon(daemon);
	close(signals.fd);
	return EXIT_SUCCESS;
}
