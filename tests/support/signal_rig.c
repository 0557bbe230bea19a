/* SPDX-License-Identifier: Apache-2.0 */
/* See signal_rig.h. */
#include "tests/support/signal_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/fd.h"

void signal_rig_init(struct signal_rig *r, uint32_t n)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	*r = (struct signal_rig){ .bench = pair[0] };
	assert_int_equal(ev_loop_new(&r->loop), 0);
	assert_int_equal(signal_client_new(&r->client, r->loop, pair[1], n, 0), 0);
}

void signal_rig_fini(struct signal_rig *r)
{
	signal_client_free(r->client);
	r->client = NULL;
	ev_loop_free(r->loop);
	r->loop = NULL;
	fd_close(&r->bench);
}

void signal_rig_say(struct signal_rig *r, uint32_t signal, double value)
{
	struct signal_rec rec = { SIGNAL_REC_VALUE, SIGNAL_REC_FRESH, signal, 0, value };
	struct signal_rec_wire w = signal_rec_pack(&rec);
	struct signal_client_stats before, now;

	signal_client_get_stats(r->client, &before);
	assert_int_equal(send(r->bench, &w, sizeof(w), MSG_DONTWAIT), sizeof(w));
	do {
		assert_int_equal(ev_loop_turn(r->loop, 0), 0);
		signal_client_get_stats(r->client, &now);
		assert_true(now.open);
	} while (now.updates == before.updates);
}

bool signal_rig_heard(struct signal_rig *r, uint32_t signal, double *value)
{
	struct signal_rec rec[SIGNAL_PORT_RECORDS];
	uint8_t buf[SIGNAL_PORT_RECORDS * sizeof(struct signal_rec_wire)];
	bool heard = false;
	ssize_t len;

	while ((len = recv(r->bench, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		int n = signal_rec_unpack(buf, (uint32_t)len, SIGNAL_PORT_MAX, rec);

		assert_true(n > 0);
		for (int i = 0; i < n; i++) {
			assert_int_equal(rec[i].type, SIGNAL_REC_SET);
			if (rec[i].signal != signal)
				continue;
			*value = rec[i].value;
			heard = true;
		}
	}
	return heard;
}
