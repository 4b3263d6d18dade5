// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading the module, each allocation of which fails once (see fault.c). The last
 * of all programs: it says what those before it left behind, too.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "shmring_fault.h"

#define UNLOADS	20

FIXTURE(load) {};

static void *image;
static off_t image_bytes;

/* The module as a file: where the runner says, or where modprobe finds it. */
static int open_module(void)
{
	const char *path = getenv("SHMRING_MODULE");
	char line[512] = "";
	FILE *modinfo;

	if (!path) {
		modinfo = popen("PATH=$PATH:/usr/sbin:/sbin modinfo -n shmring 2>/dev/null",
				"r");
		if (fgets(line, sizeof(line), modinfo))
			line[strcspn(line, "\n")] = 0;
		pclose(modinfo);
		path = line;
	}
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int load(const char *args)
{
	return syscall(SYS_init_module, image, image_bytes, args) ? -errno : 0;
}

static int unload(void)
{
	return syscall(SYS_delete_module, "shmring", O_NONBLOCK) ? -errno : 0;
}

FIXTURE_SETUP(load)
{
	const char *why = unusable() ?: faults_unusable();
	int fd = open_module();

	if (!why && fd < 0)
		why = "no shmring.ko: say where in SHMRING_MODULE";
	if (why)
		SKIP(return, "%s", why);
	image_bytes = lseek(fd, 0, SEEK_END);
	image = mmap(NULL, image_bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE,
		     fd, 0);
	ASSERT_NE(MAP_FAILED, image);
	close(fd);
	ASSERT_EQ(0, mlockall(MCL_CURRENT));
}

FIXTURE_TEARDOWN(load)
{
	if (image && access("/sys/module/shmring", F_OK))
		EXPECT_EQ(0, load(""));
	if (image)
		EXPECT_TRUE(nothing_left());
}

static bool registered(void)
{
	return !access("/sys/module/shmring", F_OK) ||
	       !access("/sys/class/shmring", F_OK) ||
	       !access("/sys/class/misc/shmring", F_OK) ||
	       !access("/proc/shmring", F_OK) ||
	       lines_with("/proc/devices", "shmring");
}

/*
 * The module's own faults alone: the loader has more than it, and not always the
 * same number, which would make some be left out. So would the page that a cache
 * takes now and then. Where modules lie is known, where this one will be is not.
 */
static int faults_of_modules(void)
{
	const unsigned long around = 1UL << 24;
	FILE *modules = fopen("/proc/modules", "r");
	unsigned long at = 0;
	char line[256];

	while (!at && fgets(line, sizeof(line), modules))
		if (!strncmp(line, "shmring ", 8))
			sscanf(line, "%*s %*s %*s %*s %*s %lx", &at);
	fclose(modules);
	at &= ~(around - 1);
	return write_file(DEBUGFS "fail_page_alloc/min-order", "64") ?:
	       faults_of(at, at + 2 * around);
}

/* The module is there as a whole, or not at all. */
static bool load_once(unsigned int nth, bool *hit, bool *failed)
{
	int ret;

	arm(nth);
	ret = load("");
	*hit = !disarm();
	*failed = ret;
	if (ret)
		return *hit && documented(ret, no_memory) && !registered();
	/* The misc device's core makes ctl elsewhere when its name fails. */
	if (*hit)
		unlink("/dev/shmring");
	return !unload();
}

TEST_F_TIMEOUT(load, inv7_load, HANG)
{
	unsigned int nth, failures = 0;
	bool hit = true, failed;

	if (faults_of_modules())
		SKIP(return, "no FAULT_INJECTION_STACKTRACE_FILTER in this kernel");
	ASSERT_EQ(0, unload());
	for (nth = 0; hit; failures += failed)
		ASSERT_TRUE(load_once(++nth, &hit, &failed)) {
			TH_LOG("load with fault %u", nth);
		}
	TH_LOG("load: %u faults injected, %u of them failed it",
	       nth - 1, failures);
	EXPECT_LT(10, failures);
}

/*
 * What the last close leaves to a grace period and to works is the module's code,
 * which goes behind them.
 */
TEST_F_TIMEOUT(load, inv7_unload_waits_for_the_last_free, HANG)
{
	struct endpoint producer, consumer;
	int i, ring;

	for (i = 0; i < UNLOADS; i++) {
		ring = ring_create_anonymous(page_size(), 0);
		ASSERT_LE(0, ring);
		ASSERT_EQ(0, endpoint_attach(&producer, ring, SHMRING_ROLE_PRODUCER));
		ASSERT_EQ(0, endpoint_attach(&consumer, ring, SHMRING_ROLE_CONSUMER));
		ASSERT_EQ(-EWOULDBLOCK, unload());
		close(ring);
		endpoint_close(&producer);
		endpoint_close(&consumer);
		ASSERT_EQ(0, unload());
		ASSERT_EQ(0, load(""));
	}
}

/*
 * What nobody points to any more: kmemleak says it, of all that was done before.
 */
FIXTURE(leaks) {};

#define KMEMLEAK DEBUGFS "kmemleak"

FIXTURE_SETUP(leaks)
{
	if (access(KMEMLEAK, F_OK))
		SKIP(return, "no DEBUG_KMEMLEAK in this kernel");
}

FIXTURE_TEARDOWN(leaks)
{
}

TEST_F_TIMEOUT(leaks, inv7_kmemleak, HANG)
{
	FILE *report;
	char line[256];
	int leaks = 0;

	/*
	 * It tells of what is five seconds old, and did not change since the
	 * scan before: it takes two.
	 */
	sleep(6);
	ASSERT_EQ(0, write_file(KMEMLEAK, "scan"));
	ASSERT_EQ(0, write_file(KMEMLEAK, "scan"));
	report = fopen(KMEMLEAK, "r");
	ASSERT_NE(NULL, report);
	while (fgets(line, sizeof(line), report)) {
		fprintf(stderr, "# %s", line);
		leaks += !strncmp(line, "unreferenced", 12);
	}
	fclose(report);
	EXPECT_EQ(0, leaks);
}

TEST_HARNESS_MAIN
