// SPDX-License-Identifier: MIT
/* The honest side, and what is promised to it. */
#include <errno.h>
#include <sys/mman.h>

#include "victim.h"

/* The data between two walls: one byte too far is SIGSEGV. */
static unsigned char *wall_in(struct shmring *r, int fd)
{
	int prot = r->role == SHMRING_ROLE_PRODUCER ? PROT_READ | PROT_WRITE :
						      PROT_READ;
	unsigned char *old = r->data;
	unsigned char *p;
	int i;

	p = mmap(NULL, 2 * RING + 2 * PAGE, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	PROMISE(p != MAP_FAILED, "no memory");
	for (i = 0; i < 2; i++)
		PROMISE(mmap(p + PAGE + i * RING, RING, prot,
			     MAP_SHARED | MAP_FIXED, fd, 3 * PAGE) != MAP_FAILED,
			"no memory");
	r->data = p + PAGE;
	return old;
}

void leave(struct victim *v)
{
	if (!v->r)
		return;
	munmap(v->r->data - PAGE, 2 * RING + 2 * PAGE);
	/* What the library mapped was unmapped when the wall was built. */
	v->r->data = mmap(NULL, 2 * RING, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	shmring_close(v->r);
	v->r = NULL;
}

void check_open_error(int err)
{
	PROMISE(err == EPROTO || err == EBUSY || err == EINVAL,
		"open gave errno %d: %s", err, shmring_errmsg());
}

void enter(struct victim *v)
{
	struct shmring_opts o = SHMRING_OPTS_INIT;

	o.spin_ns = v->spin_ns;
	v->r = shmring_open(v->address, v->role, &o);
	if (!v->r)
		check_open_error(errno);
	else
		munmap(wall_in(v->r, shmring_fd(v->any)), 2 * RING);
}

static unsigned char *page_of(struct victim *v, uint32_t role)
{
	return v->file + (role == SHMRING_ROLE_PRODUCER ? 1 : 2) * PAGE;
}

unsigned char *own_page(struct victim *v)
{
	return page_of(v, v->role);
}

unsigned char *peers_page(struct victim *v)
{
	return page_of(v, SHMRING_ROLE_PRODUCER + SHMRING_ROLE_CONSUMER -
			  v->role);
}

uint64_t *own_pos(struct victim *v)
{
	return (void *)&((struct shmring_ctl_page *)(void *)own_page(v))->cursor->pos;
}

uint64_t *peers_pos(struct victim *v)
{
	return (void *)&((struct shmring_ctl_page *)(void *)peers_page(v))->cursor->pos;
}

/*
 * What an honest peer may say: between what it said before, which @seen tells,
 * and all of what this side has shown; and where headers are. What is not so of a
 * consumer, or of a producer that is gone, counts as standing still.
 */
bool is_honest(struct victim *v)
{
	const struct shmring *r = v->r;
	uint64_t pos = __atomic_load_n(peers_pos(v), __ATOMIC_RELAXED);

	if (v->role == SHMRING_ROLE_PRODUCER ||
	    r->info->state[0] == SHMRING_STATE_GONE)
		return true;
	return pos - r->seen <= r->shown + RING - r->seen &&
	       (r->record_size || pos % SHMRING_RECORD_ALIGN == 0);
}

void check_error(struct victim *v, int err)
{
	switch (err) {
	case EBADMSG:
	case EAGAIN:
	case EMSGSIZE:
	case EPIPE:
	case ETIMEDOUT:
		break;
	default:
		PROMISE(err == EINVAL && !v->r->record_size, "errno %d", err);
		return;
	}
	/* A consumer that waits or finds nothing has looked. */
	PROMISE(v->flipped || is_honest(v) || (err != EAGAIN && err != ETIMEDOUT),
		"errno %d where the peer's position makes no sense", err);
}

void check_handle(struct victim *v)
{
	PROMISE(v->r->limit - v->r->pos <= RING, "%llu bytes",
		(unsigned long long)(v->r->limit - v->r->pos));
}

void touch(struct victim *v, const unsigned char *p, uint64_t len)
{
	static volatile unsigned char sink;
	unsigned char sum = 0;

	PROMISE(p >= v->r->data && len <= RING &&
		p + len <= v->r->data + 2 * RING, "%llu bytes at %td",
		(unsigned long long)len, p - v->r->data);
	while (len--)
		sum ^= p[len];
	sink = sum;
	(void)sink;
}
