/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's console device -> devices/console; see bind.h. */

#include "devices/console/console.h"
#include "vmm/guest/bind.h"

static int make(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	struct console_port_config port[MANIFEST_MAX_PORTS] = { 0 };
	struct console_config cfg = { .tag = tag,
		.cols = d->u.console.cols,
		.rows = d->u.console.rows,
		.ports = port,
		.n_ports = d->u.console.n };
	int rc = 0;

	static_assert(MANIFEST_MAX_PORTS <= CONSOLE_MAX_PORTS, "console ports");
	for (unsigned int i = 0; i < cfg.n_ports && rc == 0; i++) {
		const struct manifest_port *p = &d->u.console.port[i];
		int fd = bind_take(fds, p->fd);

		port[i].name = p->name;
		port[i].console = p->console;
		rc = fd < 0 ? char_null_new(&port[i].port_take)
			    : char_fd_new(&port[i].port_take, mc->loop[LOOP_DEV].loop, fd);
	}
	if (rc == 0) {
		rc = console_new(out, &cfg);
	} else {
		for (unsigned int i = 0; i < cfg.n_ports; i++)
			char_port_free(port[i].port_take);
	}
	return rc < 0 ? bind_failed(e, rc, "cannot make the console") : 0;
}

static void status(const struct vdev *v, json_t *o)
{
	json_t *ports = json_array();
	const struct char_port *p;

	for (unsigned int i = 0; (p = console_port(v, i)) != NULL; i++)
		json_array_append_new(
			ports, json_pack("{s:b,s:I,s:I,s:I}", "open", p->open, "written",
				       (json_int_t)p->written, "dropped", (json_int_t)p->dropped,
				       "read", (json_int_t)p->read));
	json_object_set_new(o, "ports", ports);
}

const struct bind bind_console = { make, status, LOOP_DEV };
