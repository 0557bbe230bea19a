/* SPDX-License-Identifier: Apache-2.0 */
/* What the ring port needs of the null port, which it becomes when dyno-audio ends. */
#pragma once

#include "devices/snd/pcm_port.h"

/* Goes on with a run that another port began: `written` bytes are in (playback), `position` of them
 * were consumed. Attached ports only. */
void pcm_port_null_adopt(struct pcm_port *p, uint32_t stream, const struct pcm_params *params,
	uint64_t written, uint64_t position, bool running, uint64_t wake_at);
