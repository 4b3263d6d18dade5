// SPDX-License-Identifier: MIT
/* What is printed of rings: the same figures, in each form. */
#include <sys/stat.h>

#include "common.h"
#include "dump.h"
#include "findings.h"
#include "json.h"
#include "metrics.h"
#include "monitor.h"
#include "sysfs.h"
#include "text.h"
#include "top_table.h"

static struct ring_info *add(struct rings *all, const char *name, uint64_t id)
{
	struct ring_info *r = rings_add(all);
	int i;

	assert_non_null(r);
	strcpy(r->name, name);
	r->has = ~0U;
	r->id = id;
	r->size = 65536;
	r->node = -1;
	r->mode = 0640;
	r->head = 40960;
	r->tail = 8192;
	r->used = 32768;
	r->high_water = 40;
	r->level = SHMRING_LEVEL_ABOVE;
	for (i = 0; i < SIDES; i++) {
		r->side[i].has = ~0U;
		r->side[i].stalls = (uint64_t)(10 + i);
		r->side[i].wakeups = (uint64_t)(20 + i);
	}
	r->side[SIDE_PRODUCER].state = SHMRING_STATE_ATTACHED;
	r->side[SIDE_PRODUCER].pid = 4242;
	r->numa = calloc(2, sizeof(*r->numa));
	assert_non_null(r->numa);
	r->numa[0].pages = 16;
	r->numa[1].node = 1;
	r->numa[1].pages = 3;
	r->nr_numa = 2;
	return r;
}

/* A count that nobody keeps is none. */
static void test_count(void **state)
{
	struct rings all = { 0 };
	struct ring_info *r = add(&all, "a", 1);
	char *text = NULL;
	size_t len;
	FILE *to;

	(void)state;
	ring_info_count(r);
	assert_false(r->side[SIDE_PRODUCER].has & HAS(SHMRING_A_ENDPOINT_MESSAGES));
	to = open_memstream(&text, &len);
	metrics_print(&all, "/nonexistent", to);
	fclose(to);
	assert_null(strstr(text, "shmring_messages_total"));
	free(text);
	to = open_memstream(&text, &len);
	dump_ring(r, to);
	fclose(to);
	assert_non_null(strstr(text, "\t10\t-\t"));
	free(text);

	r->side[SIDE_CONSUMER].messages = 3;
	ring_info_count(r);
	assert_true(r->side[SIDE_CONSUMER].has & HAS(SHMRING_A_ENDPOINT_MESSAGES));
	assert_int_equal(r->side[SIDE_CONSUMER].messages, 3);

	r->record_size = 64;
	ring_info_count(r);
	assert_int_equal(r->side[SIDE_PRODUCER].messages, 40960 / 64);
	assert_int_equal(r->side[SIDE_CONSUMER].messages, 8192 / 64);
	to = open_memstream(&text, &len);
	metrics_print(&all, "/nonexistent", to);
	fclose(to);
	assert_non_null(strstr(text, "\nshmring_messages_total{ring=\"a\",role=\"producer\"} 640\n"));
	free(text);
	rings_free(&all);
}

#define PRODUCERS "producer_"

/* The columns of the consumer, which are those of the producer. */
static void print_consumers(const char *columns, FILE *to)
{
	char *copy = strdup(columns), *word, *rest;

	assert_non_null(copy);
	for (word = strtok_r(copy, "\t", &rest); word;
	     word = strtok_r(NULL, "\t", &rest))
		if (!strncmp(word, PRODUCERS, strlen(PRODUCERS)))
			fprintf(to, "consumer_%s\t", word + strlen(PRODUCERS));
	free(copy);
}

/* The columns as the manual page has them, each with a tab behind it. */
static char *columns_of_manual(void)
{
	FILE *page = fopen("user/man/shmring.1", "r"), *to;
	bool here = false;
	char line[256], *text = NULL, *word, *rest;
	size_t len;

	assert_non_null(page);
	to = open_memstream(&text, &len);
	while (fgets(line, sizeof(line), page)) {
		if (!strncmp(line, ".Ss", 3))
			here = !strcmp(line, ".Ss Columns of dump\n");
		if (!here || strncmp(line, ".It Li ", 7))
			continue;
		for (word = strtok_r(line + 7, " ,\n", &rest); word;
		     word = strtok_r(NULL, " ,\n", &rest)) {
			fflush(to);
			if (!strcmp(word, "consumer_\\&..."))
				print_consumers(text, to);
			else
				fprintf(to, "%s\t", word);
		}
	}
	fclose(page);
	fclose(to);
	return text;
}

/* What scripts count on is documented, in its order, and all that is there. */
static void test_dump_columns(void **state)
{
	char *text = NULL, *manual = columns_of_manual();
	size_t len;
	FILE *to = open_memstream(&text, &len);

	(void)state;
	dump_header(to);
	fclose(to);
	/* A tab is between two columns. */
	assert_true(strlen(manual) > 0);
	manual[strlen(manual) - 1] = '\n';
	assert_string_equal(text, manual);
	free(manual);
	free(text);
}

/* Each value differs from all others, and from those that nobody has set. */
static void test_dump(void **state)
{
	struct rings all = { 0 };
	struct ring_info *r = add(&all, "frames", 7);
	struct side_info *c = &r->side[SIDE_CONSUMER];
	struct side_info *p = &r->side[SIDE_PRODUCER];
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	(void)state;
	r->record_size = 64;
	r->flags = 2;
	r->uid = 1000;
	r->gid = 1001;
	r->created = 1700000000000000001ULL;
	*p = (struct side_info){
		.has = ~0U, .state = SHMRING_STATE_ATTACHED, .pid = 4242,
		.waits = 31, .wakeups = 32, .kicks = 33, .eventfd_signals = 34,
		.deaths = 35, .stalls = 36, .messages = 37,
	};
	*c = (struct side_info){
		.has = ~HAS(SHMRING_A_ENDPOINT_MESSAGES),
		.state = SHMRING_STATE_GONE, .waits = 41, .wakeups = 42,
		.kicks = 43, .eventfd_signals = 44, .deaths = 45, .stalls = 46,
	};
	dump_ring(r, to);
	fclose(to);
	assert_string_equal(text,
			    "frames\t7\t65536\t64\t2\t-1\t0640\t1000\t1001\t"
			    "1700000000000000001\t40960\t8192\t32768\t40\tabove\t"
			    "attached\t4242\t31\t32\t33\t34\t35\t36\t37\t"
			    "gone\t0\t41\t42\t43\t44\t45\t46\t-\t"
			    "0:16,1:3\n");
	free(text);
	rings_free(&all);
}

static void test_json(void **state)
{
	struct rings all = { 0 };
	json_t *o = json_ring(add(&all, "frames", 7));
	json_t *p = json_object_get(o, "producer");

	(void)state;
	assert_string_equal(json_string_value(json_object_get(o, "name")), "frames");
	assert_string_equal(json_string_value(json_object_get(o, "mode")), "0640");
	assert_int_equal(json_integer_value(json_object_get(o, "used")), 32768);
	assert_string_equal(json_string_value(json_object_get(o, "level")), "above");
	assert_string_equal(json_string_value(json_object_get(p, "state")), "attached");
	assert_int_equal(json_integer_value(json_object_get(p, "pid")), 4242);
	assert_int_equal(json_array_size(json_object_get(o, "numa")), 2);
	json_decref(o);
	/* What is not known is not there. */
	all.ring[0].has = HAS(SHMRING_A_RING_SIZE);
	o = json_ring(&all.ring[0]);
	assert_null(json_object_get(o, "name"));
	assert_int_equal(json_integer_value(json_object_get(o, "size")), 65536);
	json_decref(o);
	rings_free(&all);
}

static void event_is(const struct event *e, const char *wanted)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	monitor_event(e, to);
	fclose(to);
	assert_string_equal(text, wanted);
	free(text);
}

static void test_events(void **state)
{
	struct event e = {
		.cmd = SHMRING_CMD_ENDPOINT_DETACH_NTF,
		.at = { .name = "frames", .role = SHMRING_ROLE_CONSUMER,
			.pid = 7, .killed = true, .has = ~0U },
	};
	struct rings all = { 0 };
	json_t *o;

	(void)state;
	event_is(&e, "endpoint-detach frames consumer pid 7, killed");
	o = json_event(&e, 1.5);
	assert_string_equal(json_string_value(json_object_get(o, "event")),
			    "endpoint-detach");
	assert_true(json_is_true(json_object_get(o, "killed")));
	json_decref(o);
	e.cmd = SHMRING_CMD_LEVEL_NTF;
	e.at.level = SHMRING_LEVEL_ABOVE;
	e.at.high_water = 80;
	e.at.used = 3584;
	e.at.size = 4096;
	event_is(&e, "level           frames above 80 %: 3.50 KiB (87 %)");
	e.cmd = SHMRING_CMD_RING_ADD_NTF;
	e.ring = *add(&all, "frames", 7);
	event_is(&e, "ring-add        frames 64 KiB, records any, node any");
	e.cmd = SHMRING_CMD_RING_DEL_NTF;
	event_is(&e, "ring-del        frames after 40960 bytes, 32.0 KiB left");
	rings_free(&all);
}

static void test_bytes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} good[] = {
		{ 0, "0 B" }, { 1023, "1023 B" }, { 1024, "1.00 KiB" },
		{ 12345, "12.1 KiB" }, { 1048064, "1.00 MiB" },
		{ 1 << 20, "1.00 MiB" }, { UINT64_MAX, "16.0 EiB" },
	};
	char text[TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++)
		assert_string_equal(text_bytes(good[i].bytes, text),
				    good[i].text);
}

/* Two looks, two seconds apart. */
static void test_rates(void **state)
{
	struct rings before = { 0 }, now = { 0 };
	struct top_table t;
	int i;

	(void)state;
	add(&before, "a", 1);
	add(&before, "b", 2);
	add(&before, "c", 3);
	add(&now, "a", 1)->head += 4096;
	now.ring[0].record_size = 64;
	now.ring[0].used = 0;
	add(&now, "b", 9)->head += 1 << 20;	/* another of that name */
	add(&now, "c", 3)->head -= 1;		/* somebody scribbled on it */
	now.ring[2].side[SIDE_CONSUMER].stalls += 6;
	now.ring[2].side[SIDE_PRODUCER].wakeups += 2;
	before.ring[0].record_size = 64;
	for (i = 0; i < 3; i++) {
		ring_info_count(&before.ring[i]);
		ring_info_count(&now.ring[i]);
	}

	assert_int_equal(top_table(&t, &before, &now, 2, TOP_BY_RATE), 0);
	assert_string_equal(t.row[0].ring->name, "a");
	assert_true(t.row[0].bytes == 2048 && t.row[0].records == 32);
	assert_string_equal(t.row[1].ring->name, "b");
	assert_true(t.row[1].bytes == 0 && t.row[1].records < 0);
	assert_true(t.row[2].bytes == 0 && t.row[2].stalls == 3 &&
		    t.row[2].wakeups == 1);
	free(t.row);

	top_table(&t, &before, &now, 2, TOP_BY_STALLS);
	assert_string_equal(t.row[0].ring->name, "c");
	free(t.row);
	top_table(&t, &before, &now, 2, TOP_BY_FILL);
	assert_string_equal(t.row[2].ring->name, "a");
	free(t.row);
	assert_int_equal(top_sort_by_name("wakeups"), TOP_BY_WAKEUPS);
	assert_int_equal(top_sort_by_name("x"), TOP_SORTS);
	assert_int_equal(top_sort_by_key('n'), TOP_BY_NAME);
	rings_free(&before);
	rings_free(&now);
}

/* The widest of everything still fits into 80 columns. */
static void test_top_lines(void **state)
{
	struct rings all = { 0 };
	struct top_row row = {
		.ring = add(&all, "a-name-of-thirty-one-characters", 1),
		.bytes = 999.4e9, .records = 99.94e6, .stalls = 999499,
		.wakeups = 9.994,
	};
	char line[TOP_LINE_MAX], head[TOP_LINE_MAX];
	int width;

	(void)state;
	all.ring[0].used = all.ring[0].size;
	all.ring[0].side[SIDE_CONSUMER].state = SHMRING_STATE_ATTACHED;
	all.ring[0].side[SIDE_CONSUMER].pid = 4194304;
	all.ring[0].side[SIDE_PRODUCER].pid = 4194304;
	for (width = 40; width <= 200; width += 40) {
		top_head(head, width);
		top_line(&row, line, width);
		assert_int_equal(strlen(head), strlen(line));
		assert_true(strlen(line) <= (size_t)(width < 80 ? 80 : width));
	}
	assert_non_null(strstr(line, "a-name-of-thirty-one-characters ##########  100   999 G"));
	rings_free(&all);
}

/* A host in a folder. */
static char root[] = "/tmp/shmring-doctor-XXXXXX";

static void make_root(void)
{
	strcpy(root, "/tmp/shmring-doctor-XXXXXX");
	assert_non_null(mkdtemp(root));
}

static void remove_root(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

static void put_file(const char *path, const char *value)
{
	char whole[256], *slash;
	FILE *f;

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	for (slash = whole + sizeof(root); (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(whole, 0700);
		*slash = '/';
	}
	f = fopen(whole, "w");
	assert_non_null(f);
	fprintf(f, "%s\n", value);
	fclose(f);
}

/* By the reference parser. */
static int parser(const char *text)
{
	FILE *to = popen("/usr/bin/python3 tests/openmetrics.py >&2", "w");

	assert_non_null(to);
	fputs(text, to);
	return pclose(to);
}

static void test_metrics(void **state)
{
	char *text = NULL;
	struct rings all = { 0 };
	size_t len;
	FILE *to;

	(void)state;
	add(&all, "a", 1);
	add(&all, "b.2", 2);
	make_root();
	put_file("/sys/module/shmring/parameters/max_rings", "100");
	put_file("/sys/module/shmring/parameters/max_ring_bytes", "65536");
	put_file("/sys/module/shmring/parameters/max_total_bytes", "131072");
	to = open_memstream(&text, &len);
	metrics_print(&all, root, to);
	fclose(to);
	remove_root();
	assert_non_null(strstr(text, "\nshmring_limit_rings 100\n"));
	assert_non_null(strstr(text, "\nshmring_limit_total_bytes 131072\n"));
	assert_non_null(strstr(text, "\nshmring_memory_bytes{ring=\"a\",node=\"0\"} 65536\n"));
	assert_non_null(strstr(text, "\nshmring_used_bytes{ring=\"a\"} 32768\n"));
	assert_non_null(strstr(text, "\nshmring_published_bytes_total{ring=\"b.2\"} 40960\n"));
	assert_non_null(strstr(text, "\nshmring_stalls_total{ring=\"a\",role=\"consumer\"} 11\n"));
	assert_int_equal(parser(text), 0);
	/* So that a parser that accepts everything is found out. */
	assert_int_not_equal(parser("# TYPE x counter\nx 1\n# EOF\n"), 0);
	free(text);
	rings_free(&all);

	to = open_memstream(&text, &len);
	metrics_print(&all, "/nonexistent", to);
	fclose(to);
	assert_null(strstr(text, "limit"));
	assert_int_equal(parser(text), 0);
	free(text);
}

/* What is there, doctor must see. */
static const struct finding *found(const struct host *h, const char *what)
{
	static struct finding f[FINDINGS_MAX];
	size_t i, n = findings_of(h, f);

	for (i = 0; i < n; i++)
		if (!strcmp(f[i].what, what))
			return &f[i];
	fail_msg("no finding '%s'", what);
	return NULL;
}

static void expect(const struct host *h, const char *what, enum verdict verdict,
		   const char *text, const char *fix)
{
	const struct finding *f = found(h, what);

	if (f->verdict != verdict || !strstr(f->text, text) ||
	    !strstr(f->fix, fix))
		fail_msg("%s: %d '%s' -> '%s'", what, (int)f->verdict, f->text,
			 f->fix);
}

static void test_doctor(void **state)
{
	struct rings all = { 0 };
	struct host h = { .root = root, .version = "1.2.3", .all = &all,
			  .kernel_error = "why" };

	(void)state;
	make_root();
	/* One cause, one failure. */
	expect(&h, "module", VERDICT_FAIL, "not loaded", "modprobe shmring");
	expect(&h, "netlink", VERDICT_NOTE, "unknown", "");
	expect(&h, "rights", VERDICT_NOTE, "unknown", "");
	expect(&h, "limits", VERDICT_NOTE, "unknown", "");
	expect(&h, "signatures", VERDICT_OK, "without one", "");
	expect(&h, "governor", VERDICT_NOTE, "does not scale", "");
	put_file("/sys/kernel/security/lockdown", "[none] integrity confidentiality");
	expect(&h, "signatures", VERDICT_OK, "without one", "");
	put_file("/sys/kernel/security/lockdown", "none [integrity] confidentiality");
	expect(&h, "signatures", VERDICT_WARN, "lockdown", "mokutil");
	put_file("/sys/module/module/parameters/sig_enforce", "Y");
	expect(&h, "signatures", VERDICT_WARN, "module.sig_enforce", "mokutil");

	put_file("/sys/module/shmring/version", "1.2.2");
	expect(&h, "signatures", VERDICT_OK, "signed modules only", "");
	expect(&h, "netlink", VERDICT_FAIL, "why", "");
	expect(&h, "rights", VERDICT_FAIL, "is loaded, but there is no /dev/shmring/ctl", "container");
	expect(&h, "entries", VERDICT_OK, "nothing but rings", "");
	put_file("/dev/shmring/ctl", "");
	expect(&h, "entries", VERDICT_OK, "nothing but rings", "");
	put_file("/dev/shmring/greetings", "hello");
	expect(&h, "entries", VERDICT_WARN, "/dev/shmring/greetings is no ring",
	       "rm /dev/shmring/greetings && shmring create greetings");
	put_file("/sys/module/shmring/parameters/max_ring_bytes", "1048576");
	put_file("/sys/module/shmring/parameters/max_total_bytes", "131072");
	put_file("/sys/module/shmring/parameters/max_rings", "100");
	put_file("/sys/devices/system/node/has_memory", "0-1");
	put_file("/sys/devices/system/cpu/online", "0");
	put_file("/sys/devices/system/cpu/vulnerabilities/a", "Mitigation: x");
	put_file("/sys/devices/system/cpu/vulnerabilities/b", "Not affected");
	put_file("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance");
	put_file("/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave");
	put_file("/proc/mounts", "tmpfs /dev/shm tmpfs rw,huge=never 0 0");
	put_file("/proc/sys/kernel/msgmax", "8192");
	put_file("/proc/sys/fs/mqueue/msg_max", "10");
	h.kernel_error = NULL;
	expect(&h, "module", VERDICT_WARN, "loaded is 1.2.2, older than this command, 1.2.3", "modprobe");
	put_file("/sys/module/shmring/version", "1.2.10");
	expect(&h, "module", VERDICT_WARN, "1.2.10, newer than", "modprobe");
	expect(&h, "netlink", VERDICT_OK, "0 rings", "");
	h.by_sysfs = true;
	expect(&h, "netlink", VERDICT_WARN, "not in this network namespace", "nsenter");
	h.by_sysfs = false;
	expect(&h, "rights", VERDICT_OK, "may create", "");
	expect(&h, "limits", VERDICT_OK, "0 of 100 rings, 0 B of 128 KiB", "");
	expect(&h, "NUMA", VERDICT_OK, "node 0-1", "");
	expect(&h, "CPUs", VERDICT_NOTE, "one", "");
	expect(&h, "mitigations", VERDICT_NOTE, "1 of 2", "");
	expect(&h, "governor", VERDICT_WARN, "powersave", "cpupower");
	expect(&h, "huge pages", VERDICT_NOTE, "off", "remount,huge=within_size");
	expect(&h, "queues", VERDICT_OK, "8192 bytes", "");

	/* Two of 64 KiB are all of the limit; one is not where it should be. */
	add(&all, "a", 1);
	add(&all, "b", 2)->node = 0;
	put_file("/sys/module/shmring/version", "1.2.3");
	put_file("/proc/mounts", "tmpfs /dev/shm tmpfs rw,huge=always 0 0");
	expect(&h, "module", VERDICT_OK, "1.2.3", "");
	expect(&h, "limits", VERDICT_WARN, "2 of 100 rings", "max_total_bytes");
	expect(&h, "fill", VERDICT_OK, "50 %", "");
	h.max_used = 50;
	expect(&h, "fill", VERDICT_OK, "50 %", "");
	h.max_used = 49;
	expect(&h, "fill", VERDICT_WARN, "is a, 50 %", "show a");
	expect(&h, "NUMA", VERDICT_WARN, "b asked for node 0 and has 3 pages on 1", "--strict");
	expect(&h, "huge pages", VERDICT_OK, "huge=always", "");
	rings_free(&all);
	remove_root();
}

/* Where the family is not: the same rings from their files. */
static void test_sysfs(void **state)
{
	static const struct {
		const char *file;
		const char *value;
	} files[] = {
		{ "id", "7" }, { "size", "65536" }, { "record_size", "64" },
		{ "flags", "0x2" }, { "node", "-1" }, { "numa_pages", "0:16 1:3" },
		{ "created", "1700000000" }, { "high_water", "80" },
		{ "head", "18446744073709551552" }, { "tail", "640" },
		{ "used", "320" }, { "producer", "attached" },
		{ "consumer", "gone" }, { "producer_pid", "42" },
		{ "consumer_pid", "0" }, { "waits", "5" }, { "wakeups", "4" },
		{ "kicks", "3" }, { "eventfd_signals", "2" },
		{ "peer_deaths", "1" }, { "stalls_full", "8" },
		{ "stalls_empty", "9" },
	};
	char path[128];
	struct rings all = { 0 };
	struct limits limits;
	struct ring_info r;
	size_t i;

	(void)state;
	make_root();
	assert_int_equal(sysfs_ring(root, "frames", &r), -ENOENT);
	assert_int_equal(sysfs_rings(root, &all), -ENOENT);
	assert_false(sysfs_limits(root, &limits));
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "/sys/class/shmring/frames/%s",
			 files[i].file);
		put_file(path, files[i].value);
	}
	put_file("/sys/class/shmring/torn/head", "0");	/* it goes just now */
	assert_int_equal(sysfs_ring(root, "../frames", &r), -ENOENT);
	assert_int_equal(sysfs_rings(root, &all), 0);
	assert_int_equal(all.nr, 1);
	r = all.ring[0];
	assert_string_equal(r.name, "frames");
	assert_true(r.id == 7 && r.size == 65536 && r.record_size == 64);
	assert_true(r.flags == 2 && r.node == -1 && r.high_water == 80);
	assert_true(r.head == UINT64_MAX - 63 && r.tail == 640 && r.used == 320);
	assert_true(r.created == 1700000000000000000ULL);
	assert_true(r.nr_numa == 2 && r.numa[1].node == 1 && r.numa[1].pages == 3);
	assert_int_equal(r.side[SIDE_PRODUCER].state, SHMRING_STATE_ATTACHED);
	assert_int_equal(r.side[SIDE_PRODUCER].pid, 42);
	assert_int_equal(r.side[SIDE_CONSUMER].state, SHMRING_STATE_GONE);
	assert_int_equal(r.side[SIDE_CONSUMER].stalls, 9);
	assert_int_equal(r.side[SIDE_CONSUMER].messages, 10);
	/* Of both together, and so of neither. */
	assert_int_equal(r.side[SIDE_PRODUCER].wakeups, 4);
	assert_int_equal(r.side[SIDE_PRODUCER].deaths, 1);
	assert_int_equal(r.side[SIDE_PRODUCER].has & HAS(SHMRING_A_ENDPOINT_WAKEUPS), 0);
	assert_int_equal(r.has & (HAS(SHMRING_A_RING_LEVEL) |
				  HAS(SHMRING_A_RING_UID)), 0);
	rings_free(&all);
	remove_root();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_sysfs),
		cmocka_unit_test(test_dump_columns),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_top_lines),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_doctor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
