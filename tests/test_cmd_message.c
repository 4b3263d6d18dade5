// SPDX-License-Identifier: MIT
/* Netlink messages as they should be, and as they should not. */
#include <netlink/genl/genl.h>

#include "common.h"
#include "family.h"
#include "message.h"

#define NAME	"frames"
#define CREATED	1700000000000000000ULL

/* What of a message is different from a good one. */
enum flaw {
	FLAW_NONE,
	FLAW_MISSING,		/* the attribute is not there */
	FLAW_SHORT,		/* half of it */
	FLAW_LONG,		/* with more behind it */
	FLAW_EMPTY,
	FLAW_NESTED,		/* as if it were a nest, or not */
	FLAWS,
};

static enum flaw flaw;
static int flawed;		/* the attribute */

static void put(struct nl_msg *m, int attr, int len, const void *data)
{
	unsigned char bytes[64] = { 0 };
	bool here = attr == flawed;

	memcpy(bytes, data, (size_t)len);
	if (here && flaw == FLAW_MISSING)
		return;
	if (here && flaw == FLAW_SHORT)
		len /= 2;
	if (here && flaw == FLAW_LONG)
		len += 32;
	if (here && flaw == FLAW_EMPTY)
		len = 0;
	if (here && flaw == FLAW_NESTED)
		attr |= NLA_F_NESTED;
	assert_int_equal(nla_put(m, attr, len, bytes), 0);
}

static void put_u32(struct nl_msg *m, int attr, uint32_t v)
{
	put(m, attr, sizeof(v), &v);
}

static void put_u64(struct nl_msg *m, int attr, uint64_t v)
{
	put(m, attr, sizeof(v), &v);
}

static void put_side(struct nl_msg *m, int attr, uint32_t state, uint32_t pid)
{
	bool plain = attr == flawed && flaw == FLAW_NESTED;
	int i, was = flawed;
	struct nlattr *nest;

	if (attr == flawed && flaw == FLAW_MISSING)
		return;
	nest = nla_nest_start(m, attr);
	/* Numbers of one set mean something else in the other. */
	flawed = -1;
	if (attr != was || flaw != FLAW_EMPTY) {
		put_u32(m, SHMRING_A_ENDPOINT_STATE, state);
		put_u32(m, SHMRING_A_ENDPOINT_PID, pid);
		for (i = SHMRING_A_ENDPOINT_WAITS;
		     i <= SHMRING_A_ENDPOINT_MESSAGES; i++)
			put_u64(m, i, (uint64_t)(pid + (uint32_t)i));
	}
	flawed = was;
	nla_nest_end_keep_empty(m, nest);
	if (plain)
		nest->nla_type &= (uint16_t)~NLA_F_NESTED;
}

static void put_numa(struct nl_msg *m, uint32_t node, uint64_t pages)
{
	struct nlattr *nest = nla_nest_start(m, SHMRING_A_RING_NUMA);
	int was = flawed;

	if (flawed == SHMRING_A_RING_NUMA && flaw == FLAW_SHORT) {
		nla_nest_end_keep_empty(m, nest);
		return;
	}
	flawed = -1;
	put_u32(m, SHMRING_A_NUMA_NODE, node);
	put_u64(m, SHMRING_A_NUMA_PAGES, pages);
	flawed = was;
	nla_nest_end(m, nest);
	if (flawed == SHMRING_A_RING_NUMA && flaw == FLAW_NESTED)
		nest->nla_type &= (uint16_t)~NLA_F_NESTED;
}

static struct nl_msg *message_of(uint8_t cmd)
{
	struct nl_msg *m = nlmsg_alloc();

	assert_non_null(m);
	assert_non_null(genlmsg_put(m, 0, 0, 42, 0, 0, cmd, 1));
	return m;
}

static struct nl_msg *ring_message(void)
{
	struct nl_msg *m = message_of(SHMRING_CMD_RING_GET);

	put_u64(m, SHMRING_A_RING_ID, 7);
	put(m, SHMRING_A_RING_NAME, sizeof(NAME), NAME);
	put_u64(m, SHMRING_A_RING_SIZE, 65536);
	put_u32(m, SHMRING_A_RING_RECORD_SIZE, 64);
	put_u32(m, SHMRING_A_RING_FLAGS, SHMRING_CREATE_STRICT);
	put_u32(m, SHMRING_A_RING_NODE, (uint32_t)-1);
	put_numa(m, 0, 16);
	put_numa(m, 1, 3);
	put_u32(m, SHMRING_A_RING_MODE, 0640);
	put_u32(m, SHMRING_A_RING_UID, 1000);
	put_u32(m, SHMRING_A_RING_GID, 100);
	put_u64(m, SHMRING_A_RING_CREATED, CREATED);
	put_u64(m, SHMRING_A_RING_HEAD, 4096);
	put_u64(m, SHMRING_A_RING_TAIL, 1024);
	put_u64(m, SHMRING_A_RING_USED, 3072);
	put_u32(m, SHMRING_A_RING_HIGH_WATER, 80);
	put_u32(m, SHMRING_A_RING_LEVEL, SHMRING_LEVEL_ABOVE);
	put_side(m, SHMRING_A_RING_PRODUCER, SHMRING_STATE_ATTACHED, 1234);
	put_side(m, SHMRING_A_RING_CONSUMER, SHMRING_STATE_GONE, 0);
	return m;
}

static int parse_ring(struct nl_msg *m, struct ring_info *r)
{
	char why[WHY_MAX];
	int err;

	*r = (struct ring_info) { 0 };
	err = message_ring(nlmsg_hdr(m), r, why);
	if (err == -EBADMSG)
		assert_true(strlen(why) > 10);
	if (err)
		assert_null(r->numa);
	return err;
}

static void test_ring(void **state)
{
	struct ring_info r;
	struct nl_msg *m;

	(void)state;
	flawed = -1;
	m = ring_message();
	/* What a newer kernel may have to say. */
	nla_put_u32(m, SHMRING_A_RING_MAX + 1, 1);
	assert_int_equal(parse_ring(m, &r), 0);
	assert_string_equal(r.name, NAME);
	assert_int_equal(r.id, 7);
	assert_int_equal(r.size, 65536);
	assert_int_equal(r.record_size, 64);
	assert_int_equal(r.flags, SHMRING_CREATE_STRICT);
	assert_int_equal(r.node, -1);
	assert_int_equal(r.mode, 0640);
	assert_int_equal(r.uid, 1000);
	assert_int_equal(r.gid, 100);
	assert_true(r.created == CREATED);
	assert_int_equal(r.head, 4096);
	assert_int_equal(r.tail, 1024);
	assert_int_equal(r.used, 3072);
	assert_int_equal(r.high_water, 80);
	assert_int_equal(r.level, SHMRING_LEVEL_ABOVE);
	assert_int_equal(r.nr_numa, 2);
	assert_int_equal(r.numa[1].node, 1);
	assert_int_equal(r.numa[1].pages, 3);
	assert_int_equal(r.side[SIDE_PRODUCER].state, SHMRING_STATE_ATTACHED);
	assert_int_equal(r.side[SIDE_PRODUCER].pid, 1234);
	assert_int_equal(r.side[SIDE_PRODUCER].stalls,
			 1234 + SHMRING_A_ENDPOINT_STALLS);
	assert_int_equal(r.side[SIDE_CONSUMER].state, SHMRING_STATE_GONE);
	/* Whatever the sides claim, the positions tell of fixed records. */
	assert_int_equal(r.side[SIDE_PRODUCER].messages, 4096 / 64);
	assert_int_equal(r.side[SIDE_CONSUMER].messages, 1024 / 64);
	ring_info_free(&r);
	nlmsg_free(m);
}

static void test_wrong_attributes(void **state)
{
	struct ring_info r;
	struct nl_msg *m;

	(void)state;
	for (flawed = SHMRING_A_RING_ID; flawed <= SHMRING_A_RING_MAX; flawed++)
		for (flaw = FLAW_MISSING; flaw < FLAWS; flaw++) {
			bool nest = flawed == SHMRING_A_RING_NUMA ||
				    flawed == SHMRING_A_RING_PRODUCER ||
				    flawed == SHMRING_A_RING_CONSUMER;

			bool harmless = nest && (flaw == FLAW_LONG ||
				     (flaw == FLAW_SHORT &&
				      flawed != SHMRING_A_RING_NUMA));

			/* A ring may have pages on no node that is known. */
			if (flawed == SHMRING_A_RING_NUMA &&
			    (flaw == FLAW_MISSING || flaw == FLAW_EMPTY))
				harmless = true;
			m = ring_message();
			if (parse_ring(m, &r) != (harmless ? 0 : -EBADMSG))
				fail_msg("attribute %d, flaw %d: %s", flawed,
					 flaw, harmless ? "refused" : "accepted");
			ring_info_free(&r);
			nlmsg_free(m);
		}
	flawed = -1;
}

/* Cut anywhere, with the length that is left in the header. */
static void test_truncated(void **state)
{
	struct nl_msg *m;
	struct ring_info r;
	uint32_t len, whole;

	(void)state;
	flawed = -1;
	m = ring_message();
	whole = nlmsg_hdr(m)->nlmsg_len;
	for (len = 0; len < whole; len++) {
		/* Exactly so much memory, for the sanitizer to watch. */
		struct nlmsghdr *copy = malloc(len > sizeof(*copy) ? len :
					       sizeof(*copy));
		char why[WHY_MAX];
		int err;

		assert_non_null(copy);
		memcpy(copy, nlmsg_hdr(m), len > sizeof(*copy) ? len :
		       sizeof(*copy));
		copy->nlmsg_len = len;
		r = (struct ring_info) { 0 };
		err = message_ring(copy, &r, why);
		free(copy);
		if (err != -EBADMSG)
			fail_msg("%u of %u bytes: accepted", len, whole);
	}
	nlmsg_free(m);
}

static void test_events(void **state)
{
	struct event_info e = { 0 };
	char why[WHY_MAX];
	struct nl_msg *m;

	(void)state;
	flawed = -1;
	m = message_of(SHMRING_CMD_ENDPOINT_DETACH_NTF);
	put_u64(m, SHMRING_A_EVENT_ID, 7);
	put(m, SHMRING_A_EVENT_NAME, sizeof(NAME), NAME);
	put_u32(m, SHMRING_A_EVENT_ROLE, SHMRING_ROLE_CONSUMER);
	put_u32(m, SHMRING_A_EVENT_PID, 99);
	put(m, SHMRING_A_EVENT_KILLED, 0, "");
	assert_int_equal(message_event(nlmsg_hdr(m),
				       SHMRING_CMD_ENDPOINT_DETACH_NTF, &e,
				       why), 0);
	assert_true(e.killed && e.pid == 99 && e.role == SHMRING_ROLE_CONSUMER);
	/* It is no level event. */
	assert_int_equal(message_event(nlmsg_hdr(m), SHMRING_CMD_LEVEL_NTF, &e,
				       why), -EBADMSG);
	assert_string_equal(why, "attribute 'size' is missing");
	nlmsg_free(m);

	m = message_of(SHMRING_CMD_ENDPOINT_DETACH_NTF);
	put_u32(m, SHMRING_A_EVENT_KILLED, 1);
	assert_int_equal(message_event(nlmsg_hdr(m),
				       SHMRING_CMD_ENDPOINT_DETACH_NTF, &e,
				       why), -EBADMSG);
	assert_string_equal(why, "attribute 'killed' has another type or length");
	nlmsg_free(m);
}

/* As the kernel makes an error: the error, the request or its head, a text. */
static struct nl_msg *error_message(const char *text, bool capped)
{
	struct nlmsgerr err = {
		.error = -ENOENT,
		.msg = { .nlmsg_len = NLMSG_HDRLEN + 5 },
	};
	struct nl_msg *m = nlmsg_alloc();
	struct nlmsghdr *hdr = nlmsg_put(m, 0, 0, NLMSG_ERROR, sizeof(err),
					 NLM_F_ACK_TLVS |
					 (capped ? NLM_F_CAPPED : 0));

	memcpy(nlmsg_data(hdr), &err, sizeof(err));
	if (!capped)
		memcpy(nlmsg_reserve(m, 5, NLMSG_ALIGNTO), "12345", 5);
	assert_int_equal(nla_put_string(m, NLMSGERR_ATTR_MSG, text), 0);
	return m;
}

static void test_ext_ack(void **state)
{
	char text[64];
	struct nl_msg *m;
	int capped;

	(void)state;
	for (capped = 0; capped < 2; capped++) {
		m = error_message("no such ring", capped);
		message_ext_ack(nlmsg_data(nlmsg_hdr(m)), text, sizeof(text));
		assert_string_equal(text, "no such ring");
		message_ext_ack(nlmsg_data(nlmsg_hdr(m)), text, 3);
		assert_string_equal(text, "no");
		/* Cut off in the text. */
		nlmsg_hdr(m)->nlmsg_len -= 8;
		message_ext_ack(nlmsg_data(nlmsg_hdr(m)), text, sizeof(text));
		assert_string_equal(text, "");
		nlmsg_hdr(m)->nlmsg_flags = 0;
		message_ext_ack(nlmsg_data(nlmsg_hdr(m)), text, sizeof(text));
		assert_string_equal(text, "");
		nlmsg_free(m);
	}
	m = error_message("x", false);
	/* A request longer than the message that is said to hold it. */
	((struct nlmsgerr *)nlmsg_data(nlmsg_hdr(m)))->msg.nlmsg_len = 1U << 30;
	message_ext_ack(nlmsg_data(nlmsg_hdr(m)), text, sizeof(text));
	assert_string_equal(text, "");
	nlmsg_free(m);
}

static void test_family(void **state)
{
	struct genl_family *f = genl_family_alloc();
	char why[512];

	(void)state;
	genl_family_set_version(f, SHMRING_FAMILY_VERSION);
	assert_int_equal(family_check(f, why, sizeof(why)), 0);
	genl_family_set_version(f, 9);
	assert_int_equal(family_check(f, why, sizeof(why)), -EPROTONOSUPPORT);
	assert_non_null(strstr(why, "version 9"));
	assert_non_null(strstr(why, "knows 1"));
	genl_family_put(f);
	assert_int_equal(family_check(NULL, why, sizeof(why)), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_wrong_attributes),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_ext_ack),
		cmocka_unit_test(test_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
