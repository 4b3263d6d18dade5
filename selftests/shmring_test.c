// SPDX-License-Identifier: GPL-2.0-only
/* What the tests share: see shmring_test.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "shmring_test.h"

void ring_name(char name[SHMRING_NAME_MAX])
{
	static unsigned int count;

	snprintf(name, SHMRING_NAME_MAX, "kst.%d.%u", getpid(), count++);
}

void ring_path(char path[64], const char *name)
{
	snprintf(path, 64, "%s%s", SHMRING_DEV_DIR, name);
}

bool ring_exists(const char *name)
{
	char path[64];

	ring_path(path, name);
	return !access(path, F_OK);
}

int ring_ioctl(int fd, unsigned long request, void *arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

static int ctl_ioctl(unsigned long request, void *arg)
{
	int fd = open(SHMRING_CTL_PATH, O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = ring_ioctl(fd, request, arg);
	close(fd);
	return ret;
}

void ring_defaults(struct shmring_create *create, const char *name)
{
	*create = (struct shmring_create) {
		.size = sizeof(*create),
		.ring_bytes = page_size(),
		.node = SHMRING_NODE_ANY,
		.mode = SHMRING_MODE_DEFAULT,
		.uid = SHMRING_ID_CREATOR,
		.gid = SHMRING_ID_CREATOR,
	};
	memcpy(create->name, name, strlen(name) + 1);
}

int ring_create_fd(const struct shmring_create *create)
{
	return ctl_ioctl(SHMRING_IOC_CREATE, (void *)create);
}

/* Closes @fd, if it is one. 0, or the -errno that it is. */
static int closed(int fd)
{
	return fd < 0 ? fd : close(fd);
}

int ring_create_as(const struct shmring_create *create)
{
	return closed(ring_create_fd(create));
}

int ring_create(const char *name, __u64 ring_bytes, __u32 record_size)
{
	struct shmring_create create;

	ring_defaults(&create, name);
	create.ring_bytes = ring_bytes;
	create.record_size = record_size;
	return ring_create_as(&create);
}

int ring_create_anonymous(__u64 ring_bytes, __u32 record_size)
{
	struct shmring_create create;

	ring_defaults(&create, "");
	create.flags = SHMRING_CREATE_ANONYMOUS;
	create.ring_bytes = ring_bytes;
	create.record_size = record_size;
	return ring_create_fd(&create);
}

int ring_destroy(const char *name)
{
	struct shmring_destroy destroy = { .size = sizeof(destroy) };

	memcpy(destroy.name, name, strlen(name) + 1);
	return ctl_ioctl(SHMRING_IOC_DESTROY, &destroy);
}

int ring_destroy_id(__u64 id)
{
	struct shmring_destroy destroy = {
		.size = sizeof(destroy),
		.id = id,
	};

	return ctl_ioctl(SHMRING_IOC_DESTROY, &destroy);
}

int ring_evict(const char *name, __u32 role)
{
	struct shmring_evict evict = { .size = sizeof(evict), .role = role };

	memcpy(evict.name, name, strlen(name) + 1);
	return ctl_ioctl(SHMRING_IOC_EVICT, &evict);
}

int ring_evict_id(__u64 id, __u32 role)
{
	struct shmring_evict evict = {
		.size = sizeof(evict),
		.id = id,
		.role = role,
	};

	return ctl_ioctl(SHMRING_IOC_EVICT, &evict);
}

int ring_open(const char *name, int flags)
{
	char path[64];
	int fd;

	ring_path(path, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int ring_attach_at(int ring, __u32 role, __u32 index)
{
	struct shmring_attach attach = {
		.size = sizeof(attach),
		.role = role,
		.index = index,
	};

	return ring_ioctl(ring, SHMRING_IOC_ATTACH, &attach);
}

int ring_attach(int ring, __u32 role)
{
	return ring_attach_at(ring, role, 0);
}

int ring_open_as(const char *name, __u32 role)
{
	int ring = ring_open(name, O_RDWR);
	int fd;

	if (ring < 0)
		return ring;
	fd = ring_attach(ring, role);
	close(ring);
	return fd;
}

int ring_info(int fd, struct shmring_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return ring_ioctl(fd, SHMRING_IOC_INFO, info);
}

int ring_wait(int fd, __u32 flags, __u64 want, __s64 timeout_ns,
	      __u32 *events)
{
	struct shmring_wait wait = {
		.size = sizeof(wait),
		.flags = flags,
		.want = want,
		.timeout_ns = timeout_ns,
	};
	int ret = ring_ioctl(fd, SHMRING_IOC_WAIT, &wait);

	*events = wait.events;
	return ret;
}

int ring_kick_wait(int fd, int kick_fd, __s64 timeout_ns, __u32 *events)
{
	struct shmring_wait wait = {
		.size = sizeof(wait),
		.timeout_ns = timeout_ns,
		.kick_fd = kick_fd,
	};
	int ret = ring_ioctl(fd, SHMRING_IOC_KICK_WAIT, &wait);

	*events = wait.events;
	return ret;
}

int ring_eventfd(int fd, int event_fd)
{
	struct shmring_eventfd arg = { .size = sizeof(arg), .fd = event_fd };

	return ring_ioctl(fd, SHMRING_IOC_EVENTFD, &arg);
}

short polled(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&pollfd, 1, 0) < 0 ? -errno : pollfd.revents;
}

void set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL) & ~O_NONBLOCK;

	fcntl(fd, F_SETFL, flags | (on ? O_NONBLOCK : 0));
}

static void *map(int fd, size_t bytes, int prot, __u64 offset)
{
	void *addr = mmap(NULL, bytes, prot, MAP_SHARED, fd, offset);

	return addr == MAP_FAILED ? NULL : addr;
}

int endpoint_map_lane(struct endpoint *ep, int fd, __u32 lane)
{
	struct shmring_info info;
	size_t lane_bytes, cursor_bytes;
	__u64 lane_page, data;
	bool producer;
	int ret;

	ret = ring_info(fd, &info);
	if (ret < 0)
		return ret;

	producer = info.role == SHMRING_ROLE_PRODUCER;
	if (producer)
		lane = info.index;
	lane_page = info.producer_offset + lane * info.producer_stride;
	lane_bytes = info.page_size;
	cursor_bytes = info.consumer_stride;
	data = info.data_offset + lane * info.data_stride;
	*ep = (struct endpoint) {
		.fd = fd,
		.role = info.role,
		.record_size = info.record_size,
		.ring_bytes = info.ring_bytes,
		.page = info.page_size,
		.info_bytes = info.producer_offset - info.info_offset,
		.ctl_bytes = producer ? lane_bytes : cursor_bytes,
		.peer_bytes = producer ? cursor_bytes : lane_bytes,
		.data_bytes = info.data_bytes,
	};
	ep->info = map(fd, ep->info_bytes, PROT_READ, info.info_offset);
	ep->ctl = map(fd, ep->ctl_bytes, PROT_READ | PROT_WRITE,
		      producer ? lane_page : info.consumer_offset);
	ep->peer_ctl = map(fd, ep->peer_bytes, PROT_READ,
			   producer ? info.consumer_offset : lane_page);
	ep->data = map(fd, info.data_bytes,
		       producer ? PROT_READ | PROT_WRITE : PROT_READ, data);
	if (!ep->info || !ep->ctl || !ep->peer_ctl || !ep->data) {
		ret = -errno;
		endpoint_close(ep);
		return ret;
	}
	ep->lane = &ep->info->lane[lane];
	ep->mine = &ep->ctl->cursor[producer ? 0 : lane];
	ep->peer = &ep->peer_ctl->cursor[producer ? lane : 0];
	ep->bell = producer ? &ep->info->bell.value : &ep->lane->bell.value;
	return 0;
}

int endpoint_map(struct endpoint *ep, int fd)
{
	return endpoint_map_lane(ep, fd, 0);
}

int endpoint_open(struct endpoint *ep, const char *name, __u32 role)
{
	int fd = ring_open_as(name, role);

	return fd < 0 ? fd : endpoint_map(ep, fd);
}

int endpoint_attach(struct endpoint *ep, int ring, __u32 role)
{
	int fd = ring_attach(ring, role);

	return fd < 0 ? fd : endpoint_map(ep, fd);
}

void endpoint_unmap(struct endpoint *ep)
{
	if (ep->info)
		munmap((void *)ep->info, ep->info_bytes);
	if (ep->ctl)
		munmap(ep->ctl, ep->ctl_bytes);
	if (ep->peer_ctl)
		munmap((void *)ep->peer_ctl, ep->peer_bytes);
	if (ep->data)
		munmap(ep->data, ep->data_bytes);
	ep->info = NULL;
	ep->ctl = NULL;
	ep->peer_ctl = NULL;
	ep->data = NULL;
}

void endpoint_close(struct endpoint *ep)
{
	endpoint_unmap(ep);
	close(ep->fd);
	*ep = (struct endpoint) { .fd = -1 };
}

static size_t record_len(const struct endpoint *ep, __u64 seq)
{
	return ep->record_size ?: 1 + mix(seq) % 200;
}

static unsigned char record_byte(__u64 seed, size_t i)
{
	return (seed >> (8 * (i % 8))) + i / 8;
}

size_t record_fill(unsigned char *to, const struct endpoint *ep, __u64 seq)
{
	size_t len = record_len(ep, seq);
	__u64 seed = mix(~seq);
	size_t i;

	for (i = 0; i < len; i++)
		to[i] = record_byte(seed, i);
	return len;
}

bool record_matches(const unsigned char *from, size_t len,
		    const struct endpoint *ep, __u64 seq)
{
	__u64 seed = mix(~seq);
	size_t i;

	if (len != record_len(ep, seq))
		return false;
	for (i = 0; i < len; i++)
		if (from[i] != record_byte(seed, i))
			return false;
	return true;
}

static size_t padded(size_t len)
{
	size_t bytes = sizeof(struct shmring_record) + len;

	return (bytes + SHMRING_RECORD_ALIGN - 1) & -SHMRING_RECORD_ALIGN;
}

/* Writes record @seq behind the head; returns its bytes, 0 without room. */
size_t endpoint_fill(struct endpoint *ep, __u64 seq)
{
	size_t bytes = ep->record_size ?: padded(record_len(ep, seq));
	struct shmring_record *header;

	if (endpoint_has(ep) < bytes)
		return 0;
	if (ep->record_size) {
		record_fill(endpoint_at(ep), ep, seq);
		return bytes;
	}
	header = (struct shmring_record *)endpoint_at(ep);
	header->tag = seq;
	header->len = record_fill((unsigned char *)(header + 1), ep, seq);
	return bytes;
}

/* Bytes of the record at the tail, which must be @seq; 0 if there is none. */
ssize_t endpoint_check(struct endpoint *ep, __u64 seq)
{
	const unsigned char *at = endpoint_at(ep);
	const struct shmring_record *header;
	__u64 has = endpoint_has(ep);

	if (!has)
		return 0;
	if (has > ep->ring_bytes)
		return -EBADMSG;
	if (ep->record_size)
		return has >= ep->record_size &&
		       record_matches(at, ep->record_size, ep, seq) ?
		       (ssize_t)ep->record_size : -EBADMSG;
	header = (const struct shmring_record *)at;
	/* No look at the tag: write(2) has none to give. */
	if (has < sizeof(*header) || has < padded(header->len) ||
	    !record_matches(at + sizeof(*header), header->len, ep, seq))
		return -EBADMSG;
	return padded(header->len);
}

/*
 * Rings that come and go
 */
#define CHURN	300	/* of them, half of which are there at a time */

void steady_name(char name[SHMRING_NAME_MAX], int i)
{
	snprintf(name, SHMRING_NAME_MAX, "steady-%d-%d", getpid(), i);
}

static void churn_name(char name[SHMRING_NAME_MAX], unsigned int i)
{
	snprintf(name, SHMRING_NAME_MAX, "churn-%u", i % CHURN);
}

pid_t start_churn(void)
{
	char name[SHMRING_NAME_MAX];
	pid_t pid = fork();
	unsigned int i;

	if (pid)
		return pid;
	for (i = 0;; i++) {
		churn_name(name, i);
		ring_create(name, page_size(), 8);
		churn_name(name, i + CHURN / 2);
		ring_destroy(name);
	}
}

/* What was there when it was killed goes, too. */
void stop_churn(pid_t churn)
{
	char name[SHMRING_NAME_MAX];
	unsigned int i;

	kill(churn, SIGKILL);
	waitpid(churn, NULL, 0);
	for (i = 0; i < CHURN; i++) {
		churn_name(name, i);
		ring_destroy(name);
	}
}

static void param_path(char path[96], const char *name)
{
	snprintf(path, 96, "/sys/module/shmring/parameters/%s", name);
}

int param_get(const char *name, char value[32])
{
	char path[96];
	FILE *file;
	int ret = 0;

	param_path(path, name);
	file = fopen(path, "r");
	if (!file)
		return -errno;
	if (fscanf(file, "%31s", value) != 1)
		ret = -EIO;
	fclose(file);
	return ret;
}

char *file_text(const char *path)
{
	size_t room = 1 << 20, n = 0;
	char *buf = malloc(room);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	while (fd >= 0 && (got = read(fd, buf + n, room - 1 - n)) > 0)
		n += got;
	close(fd);
	buf[n] = 0;
	return buf;
}

int write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, value, strlen(value));
	if (ret < 0)
		ret = -errno;
	close(fd);
	return ret < 0 ? ret : 0;
}

int param_set(const char *name, const char *value)
{
	char path[96];

	param_path(path, name);
	return write_file(path, value);
}

/* CPU @cpu is there, or was taken away. 0 or -errno. */
int cpu_set_online(unsigned int cpu, bool online)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online",
		 cpu);
	return write_file(path, online ? "1" : "0");
}

bool cpu_can_go(unsigned int cpu)
{
	return !cpu_set_online(cpu, true);
}

static bool number_after(const char *key, const char *line, long long *number)
{
	const char *at = strstr(line, key);

	return at && sscanf(at + strlen(key), "%lld", number) == 1;
}

/* The number that follows @key in the file, or the first for "". */
long long number_of(const char *path, const char *key)
{
	FILE *file = fopen(path, "r");
	long long number = -ENOENT;
	char line[256];

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		if (number_after(key, line, &number))
			break;
	fclose(file);
	return number;
}

/* The sum of the numbers that follow @key, one a line, or -errno. */
long long sum_of(const char *path, const char *key)
{
	FILE *file = fopen(path, "r");
	long long number, sum = 0;
	char line[256];

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		if (number_after(key, line, &number))
			sum += number;
	fclose(file);
	return sum;
}

/* How many lines of the file begin with @begin, or -errno. */
int count_lines(const char *path, const char *begin)
{
	FILE *file = fopen(path, "r");
	char line[512];
	int count = 0;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		count += !strncmp(line, begin, strlen(begin));
	fclose(file);
	return count;
}

long module_users(void)
{
	return number_of("/sys/module/shmring/refcnt", "");
}

/* Runs on the @n-th of the CPUs that it may use, counted round and round. */
void pin(unsigned int n)
{
	cpu_set_t allowed, one;
	int cpu;

	if (sched_getaffinity(1, sizeof(allowed), &allowed) &&
	    sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	n %= CPU_COUNT(&allowed);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && !n--)
			break;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/* fork() on a CPU; the child dies with the test. */
pid_t spawn(unsigned int cpu)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pin(cpu);
	}
	return pid;
}

/* Exit status of a child, or 128 and the signal that killed it. */
int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

__s64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Whether a process, or a thread, sleeps. */
bool is_asleep(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return count_lines(path, "State:\tS") == 1;
}

void *shared_memory(size_t bytes)
{
	void *addr = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return addr == MAP_FAILED ? NULL : addr;
}

void *slow_page(int *uffd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range;
	void *page = shared_memory(page_size());

	*uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (*uffd < 0 || ioctl(*uffd, UFFDIO_API, &api))
		return NULL;
	madvise(page, page_size(), MADV_DONTNEED);
	page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range = (struct uffdio_register) {
		.range = { (uintptr_t)page, page_size() },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	return ioctl(*uffd, UFFDIO_REGISTER, &range) ? NULL : page;
}

void fill_page(int uffd, void *page)
{
	static char contents[65536];
	struct uffdio_copy copy = {
		.dst = (uintptr_t)page,
		.src = (uintptr_t)contents,
		.len = page_size(),
	};

	memset(contents, 'w', sizeof(contents));
	ioctl(uffd, UFFDIO_COPY, &copy);
}

/* Whether a result is one that is documented. */
bool documented(int ret, const int *errors)
{
	if (ret >= 0)
		return true;
	for (; *errors; errors++)
		if (ret == -*errors)
			return true;
	fprintf(stderr, "# undocumented: %s\n", strerror(-ret));
	return false;
}

/* Why nothing can be tested here, or NULL. */
const char *unusable(void)
{
	if (access(SHMRING_CTL_PATH, F_OK))
		return "no " SHMRING_CTL_PATH ": load the shmring module";
	if (geteuid())
		return "needs root";
	return NULL;
}

__u64 rounds_up_to(__u64 most, __u64 usual)
{
	const char *given = getenv("SHMRING_TEST_ROUNDS");
	__u64 n = given ? strtoull(given, NULL, 0) : 0;

	if (!n)
		return usual;
	return n < most ? n : most;
}

__u64 rounds(__u64 usual)
{
	return rounds_up_to(usual, usual);
}
