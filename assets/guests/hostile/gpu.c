/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that no GPU can honour. */
#include "dyno/gpu_wire.h"

#include <string.h>

#include "attack.h"

static struct virtio_dev v;
static struct virtq control, cursor;
static uint32_t pixels[4096] __attribute__((aligned(4096)));
static uint8_t rq[4096] __attribute__((aligned(64)));
static struct gpu_hdr rs;

static bool start(void)
{
	if (virtio_find(&v, VIRTIO_GPU, 0) != 0 ||
		virtio_negotiate(&v, VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT | GPU_F_BLOB) != 0 ||
		virtq_new(&control, &v, 0, 64) != 0 || virtq_new(&cursor, &v, 1, 16) != 0)
		return false;
	virtio_driver_ok(&v);
	return true;
}

static void stop(void)
{
	expect_alive(&v, "gpu.again", "the GPU works after a reset");
	virtq_free(&control);
	virtq_free(&cursor);
}

/* The answer's type; 0 when there was none (then the device was started anew). */
static uint32_t ask(const void *request, size_t bytes)
{
	uint32_t type = 0, len;

	memset(rq, 0, sizeof(rq));
	memcpy(rq, request, bytes);
	memset(&rs, 0, sizeof(rs));
	if (virtq_add(&control,
		    (struct virtq_buf[]){ { rq, (uint32_t)bytes }, { &rs, sizeof(rs) } }, 1, 1,
		    &control) == 0) {
		virtq_kick_now(&control);
		if (wait_outcome(&v, &control, 5000) == RETURNED &&
			virtq_pop(&control, &len) != NULL)
			type = rs.type;
	}
	return type;
}

static void refused(uint32_t type, const char *text)
{
	verdict((type >= GPU_ERR_UNSPEC && type <= GPU_ERR_PARAMETER) ||
			(type == 0 && (virtio_status(&v) & VIRTIO_NEEDS_RESET) != 0),
		"gpu", text, "answer %#x", type);
	if (type == 0) {
		(void)!virtio_reset(&v);
		virtq_free(&control);
		virtq_free(&cursor);
		verdict(start(), "gpu.restart", text, "the GPU does not start again");
	}
}

static uint32_t create(uint32_t id, uint32_t w, uint32_t h)
{
	return ask(&(struct gpu_create_2d){ { .type = GPU_CREATE_2D }, id, GPU_FORMAT_BGRX, w, h },
		sizeof(struct gpu_create_2d));
}

static uint32_t attach(uint32_t id, uint32_t entries, uint64_t addr, uint32_t bytes)
{
	return ask(
		&(struct gpu_attach){ { .type = GPU_ATTACH }, id, entries, { { addr, bytes, 0 } } },
		sizeof(struct gpu_attach));
}

static uint32_t transfer(struct gpu_rect r, uint64_t offset)
{
	return ask(&(struct gpu_transfer){ { .type = GPU_TRANSFER }, r, offset, 1, 0 },
		sizeof(struct gpu_transfer));
}

static void sizes(void)
{
	refused(create(9, 0xffffffffu, 0xffffffffu), "a picture of 2^64 pixels");
	refused(create(9, 0x10000, 0x10000), "a picture of 2^32 pixels");
	refused(create(9, 0x40000000, 4), "a stride that wraps to 0");
	refused(create(9, 1, 0xffffffffu), "a height of 2^32 less 1");
}

static void backing(void)
{
	refused(attach(1, 0xffffffffu, (uintptr_t)pixels, 4096), "2^32 less 1 entries, one given");
	refused(attach(1, 0x10000001u, (uintptr_t)pixels, 4096), "entries whose size wraps");
	refused(attach(1, 2, (uintptr_t)pixels, 4096), "two entries, one given");
	refused(attach(1, 1, UINT64_C(1) << 50, 4096), "backing without memory");
	refused(attach(1, 1, UINT64_MAX - 100, 4096), "backing that wraps");
	refused(attach(1, 1, (uintptr_t)pixels, 0xffffffffu), "backing past the end of memory");
}

static void rectangles(void)
{
	verdict(attach(1, 1, (uintptr_t)pixels, 64 * 64 * 4) == GPU_OK, "gpu", "good backing",
		"refused");
	refused(transfer((struct gpu_rect){ 0xffffffffu, 0, 2, 1 }, 0), "x + width wraps");
	refused(transfer((struct gpu_rect){ 0, 0xfffffff0u, 1, 0x20 }, 0), "y + height wraps");
	refused(transfer((struct gpu_rect){ 0, 0, 0xffffffffu, 0xffffffffu }, 0), "all there is");
	refused(transfer((struct gpu_rect){ 0, 0, 64, 64 }, UINT64_MAX - 8),
		"an offset that wraps");
	refused(transfer((struct gpu_rect){ 0, 0, 64, 64 }, UINT64_C(1) << 40),
		"an offset far out");
	refused(ask(&(struct gpu_flush){ { .type = GPU_FLUSH }, { 0x80000000u, 0, 0x80000001u, 1 },
			    1, 0 },
			sizeof(struct gpu_flush)),
		"a flush that wraps");
	refused(ask(&(struct gpu_set_scanout){ { .type = GPU_SET_SCANOUT },
			    { 1, 1, 0xffffffffu, 64 }, 0, 1 },
			sizeof(struct gpu_set_scanout)),
		"a scanout that wraps");
	refused(ask(&(struct gpu_set_scanout){ { .type = GPU_SET_SCANOUT }, { 0, 0, 64, 64 },
			    0xffffffffu, 1 },
			sizeof(struct gpu_set_scanout)),
		"scanout 2^32 less 1");
}

static void blobs(void)
{
	struct gpu_create_blob b = { { .type = GPU_CREATE_BLOB }, 20, 1, 0, 1, 0, 4096,
		{ { (uintptr_t)pixels, 4096, 0 } } };
	struct gpu_set_scanout_blob s = { { .type = GPU_SET_SCANOUT_BLOB }, { 0, 0, 16, 16 }, 0, 21,
		16, 16, GPU_FORMAT_BGRX, 0, { 64, 0, 0, 0 }, { 0, 0, 0, 0 } };

	if ((v.features & GPU_F_BLOB) == 0) {
		verdict_skip("gpu", "blobs", "not offered");
		return;
	}
	b.bytes = UINT64_MAX;
	refused(ask(&b, sizeof(b)), "a blob of 2^64 less 1 bytes");
	b.bytes = 8192;
	refused(ask(&b, sizeof(b)), "a blob larger than its memory");
	b.bytes = 4096;
	b.entries = 0xffffffffu;
	refused(ask(&b, sizeof(b)), "a blob of 2^32 less 1 entries");
	b.entries = 1;
	b.id = 21;
	verdict(ask(&b, sizeof(b)) == GPU_OK, "gpu", "a good blob", "refused");
	s.stride[0] = 0xfffffff0u;
	refused(ask(&s, sizeof(s)), "a stride past the blob");
	s.stride[0] = 0;
	refused(ask(&s, sizeof(s)), "a stride of 0");
	s.stride[0] = 64;
	s.offset[0] = 0xfffffff0u;
	refused(ask(&s, sizeof(s)), "an offset past the blob");
	s.offset[0] = 0;
	s.width = s.height = 0xffffffffu;
	refused(ask(&s, sizeof(s)), "a picture past the blob");
}

/* Requests cut off at every length, and types all over the place. */
static void cut_and_unknown(void)
{
	unsigned int answered = 0, asked = 0;

	for (size_t n = 1; n < 24; n++) {
		struct gpu_hdr h = { .type = GPU_GET_DISPLAY_INFO };
		const uint32_t type = ask(&h, n);

		asked++;
		answered += type != 0 || (virtio_status(&v) & VIRTIO_NEEDS_RESET) != 0;
		if (type == 0) {
			(void)!virtio_reset(&v);
			virtq_free(&control);
			virtq_free(&cursor);
			if (!start())
				break;
		}
	}
	verdict(answered == asked, "gpu", "requests cut off anywhere", "%u of %u answered",
		answered, asked);
	answered = asked = 0;
	for (unsigned int i = 0; i < 64; i++) {
		struct gpu_transfer t = { { .type = (i & 1) != 0 ? noise() : 0x100 + noise() % 0x20,
						  .flags = noise(),
						  .fence = noise(),
						  .ctx = noise() },
			{ noise(), noise(), noise(), noise() }, noise(), noise(), noise() };

		asked++;
		if (ask(&t, sizeof(t)) != 0)
			answered++;
		else
			break;
	}
	verdict(answered == asked, "gpu", "noise for commands", "%u of %u answered", answered,
		asked);
}

static void cursors(void)
{
	static struct gpu_cursor c;
	unsigned int taken = 0;
	uint32_t len;

	for (unsigned int i = 0; i < 16; i++) {
		c = (struct gpu_cursor){ { .type = GPU_UPDATE_CURSOR + i % 3 }, noise(), noise(),
			noise(), 0, i < 8 ? 1 : noise(), noise(), noise(), 0 };
		if (virtq_add(&cursor,
			    &(struct virtq_buf){ &c, i % 4 == 3 ? 7u : (uint32_t)sizeof(c) }, 1, 0,
			    &c) != 0)
			break;
		virtq_kick_now(&cursor);
		if (wait_outcome(&v, &cursor, 5000) != RETURNED)
			break;
		virtq_pop(&cursor, &len);
		taken++;
	}
	verdict(taken == 16 || (virtio_status(&v) & VIRTIO_NEEDS_RESET) != 0, "gpu",
		"cursors that make no sense", "%u of 16 taken", taken);
}

/* Resources without end: the device must say no before the host runs out. */
static void flood(void)
{
	unsigned int made = 0;
	uint32_t type = GPU_OK;

	for (uint32_t id = 1000; id < 3000 && type == GPU_OK; id++) {
		type = create(id, 2048, 2048);
		made += type == GPU_OK;
	}
	verdict(type >= GPU_ERR_UNSPEC || type == 0, "gpu", "resources without end",
		"%u of 16 MiB each were made", made);
}

void attack_gpu(void)
{
	if (virtio_count(VIRTIO_GPU) == 0) {
		verdict_skip("gpu", "GPU device", "there is none");
		return;
	}
	if (!verdict(start(), "gpu.start", "the GPU starts", "refused"))
		return;
	verdict(create(1, 64, 64) == GPU_OK, "gpu", "a good resource", "refused");
	sizes();
	/* A device that gave up was started anew: the resource may be gone. */
	(void)create(1, 64, 64);
	backing();
	(void)create(1, 64, 64);
	rectangles();
	blobs();
	cursors();
	cut_and_unknown();
	stop();
	if (start()) {
		flood();
		stop();
	}
}
