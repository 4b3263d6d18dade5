// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to look at rings. No test: it prints times, for scripts/bench.
 *
 *	observe poll	reads sysfs, procfs and Netlink, each 100 times a
 *			second, until it is killed
 *	observe scale	makes, lists and dumps 100 and then 1,000 rings
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
#define REPEATS		21

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

static int make(int from, int to)
{
	char name[SHMRING_NAME_MAX];
	int i, err = 0;

	for (i = from; !err && i < to; i++) {
		snprintf(name, sizeof(name), "scale-%d", i);
		err = ring_create(name, page_size(), 8);
	}
	return err;
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

/* Alternating, so that a slow moment of the machine hits both. */
static void time_lists(double *proc, double *netlink)
{
	double p[REPEATS], n[REPEATS], start;
	int i;

	for (i = 0; i < REPEATS; i++) {
		start = now();
		read_proc();
		p[i] = now() - start;
		start = now();
		dump();
		n[i] = now() - start;
	}
	*proc = median(p);
	*netlink = median(n);
}

static int scale(void)
{
	double made[2], proc[2], netlink[2], start;
	char name[SHMRING_NAME_MAX];
	int i, err;

	start = now();
	err = make(0, FEW);
	made[0] = now() - start;
	time_lists(&proc[0], &netlink[0]);
	start = now();
	err = err ?: make(FEW, MANY);
	made[1] = made[0] + now() - start;
	time_lists(&proc[1], &netlink[1]);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "scale-%d", i);
		ring_destroy(name);
	}
	if (err) {
		fprintf(stderr, "observe: cannot create rings: %s\n",
			strerror(-err));
		return 1;
	}
	printf("%d rings: created in %.0f ms, %d in %.0f ms; with a list of them %.1f x (limit 12)\n",
	       FEW, made[0] * 1e3, MANY, made[1] * 1e3,
	       (made[1] + proc[1]) / (made[0] + proc[0]));
	printf("%d rings: /proc/shmring %.2f ms, dump %.2f ms: %.2f x (limit 5)\n",
	       MANY, proc[1] * 1e3, netlink[1] * 1e3, netlink[1] / proc[1]);
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
	return scale();
}
