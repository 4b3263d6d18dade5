// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to look at rings. No test: it prints times, for scripts/bench.
 *
 *	observe poll	reads sysfs, procfs and Netlink, each 100 times a
 *			second, until it is killed
 *	observe scale	makes, lists and dumps 100 and 1,000 rings, in turns
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shmring_nl.h"
#include "shmring_test.h"

#define PERIOD_NS	10000000
#define FEW		100
#define MANY		1000
#define REPEATS		11

static struct nl_client client;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void read_all(const char *path)
{
	char buf[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

static void read_proc(void)
{
	read_all("/proc/shmring");
}

static void dump(void)
{
	client_dump(&client, NULL, NULL);
}

static void read_sysfs(const struct nl_ring *ring, void *arg)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/shmring/%s/head", ring->name);
	read_all(path);
}

/* A dump is where the names for sysfs come from, so all three are asked. */
static void poll_rings(void)
{
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		client_dump(&client, read_sysfs, NULL);
		read_proc();
		next.tv_nsec += PERIOD_NS;
		if (next.tv_nsec >= 1000000000) {
			next.tv_nsec -= 1000000000;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}

static void ring_number(char name[SHMRING_NAME_MAX], int i)
{
	snprintf(name, SHMRING_NAME_MAX, "scale-%d", i);
}

static int make(int rings)
{
	char name[SHMRING_NAME_MAX];
	int i, err = 0;

	for (i = 0; !err && i < rings; i++) {
		ring_number(name, i);
		err = ring_create(name, page_size(), 8);
	}
	return err;
}

static void unmake(int rings)
{
	char name[SHMRING_NAME_MAX];
	int i;

	for (i = 0; i < rings; i++) {
		ring_number(name, i);
		ring_destroy(name);
	}
}

static int by_size(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return (d > 0) - (d < 0);
}

static double median(double *seconds)
{
	qsort(seconds, REPEATS, sizeof(*seconds), by_size);
	return seconds[REPEATS / 2];
}

/* What it takes to make some rings, to read the table of them, and to dump. */
struct times {
	double make[REPEATS];
	double proc[REPEATS];
	double dump[REPEATS];
};

static int time_rings(struct times *times, int i, int rings)
{
	double start = now();
	int err = make(rings);

	times->make[i] = now() - start;
	start = now();
	read_proc();
	times->proc[i] = now() - start;
	start = now();
	dump();
	times->dump[i] = now() - start;
	unmake(rings);
	return err;
}

/* Few and many in turns, so that a slow moment of the machine hits both. */
static int print_scaling(void)
{
	static struct times few, many;
	double made, proc;
	int i, err = 0;

	for (i = 0; !err && i < REPEATS; i++)
		err = time_rings(&few, i, FEW) ?: time_rings(&many, i, MANY);
	if (err) {
		fprintf(stderr, "observe: cannot create rings: %s\n",
			strerror(-err));
		return 1;
	}
	made = median(many.make);
	proc = median(many.proc);
	printf("%d rings, made and listed: %.0f ms, %.1f x the time for %d (limit: at most 12)\n",
	       MANY, (made + proc) * 1e3,
	       (made + proc) / (median(few.make) + median(few.proc)), FEW);
	printf("%d rings: /proc/shmring %.2f ms, dump %.2f ms: %.2f x (limit: at most 5)\n",
	       MANY, proc * 1e3, median(many.dump) * 1e3,
	       median(many.dump) / proc);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";
	int err;

	if (strcmp(what, "poll") && strcmp(what, "scale")) {
		fprintf(stderr, "usage: observe poll|scale\n");
		return 2;
	}
	err = client_open(&client);
	if (err) {
		fprintf(stderr, "observe: no Netlink family: %s; is the module loaded?\n",
			strerror(-err));
		return 1;
	}
	if (!strcmp(what, "poll"))
		poll_rings();
	return print_scaling();
}
