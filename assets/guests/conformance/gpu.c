/* SPDX-License-Identifier: Apache-2.0 */
/* "GPU Device", 2D. */
#include "dyno/gpu_wire.h"

#include <string.h>

#include "suite.h"

#define W 64
#define H 48

static struct virtio_dev v;
static struct virtq control, cursor;
static uint32_t nscanouts;
static uint32_t pixels[W * H] __attribute__((aligned(4096)));
static union {
	struct gpu_hdr hdr;
	struct gpu_create_2d create;
	struct gpu_unref unref;
	struct gpu_set_scanout show;
	struct gpu_flush flush;
	struct gpu_transfer transfer;
	struct gpu_attach attach;
	struct gpu_get_edid get_edid;
	struct gpu_create_blob blob;
	struct gpu_set_scanout_blob show_blob;
	struct gpu_cursor cursor;
	struct {
		struct gpu_attach a;
		struct gpu_entry more[2];
	} scattered;
} rq;
static union {
	struct gpu_hdr hdr;
	struct gpu_display_info info;
	struct gpu_edid edid;
} rs;
static uint32_t rs_len;

/* Sends rq's first `bytes`. The answer's type, or 0 when none came. */
static uint32_t ask(uint32_t type, size_t bytes)
{
	rq.hdr.type = type;
	memset(&rs, 0, sizeof(rs));
	if (!transact(&control,
		    (struct virtq_buf[]){ { &rq, (uint32_t)bytes }, { &rs, sizeof(rs) } }, 1, 1,
		    &rs_len))
		return 0;
	return rs.hdr.type;
}

static void clear(void)
{
	memset(&rq, 0, sizeof(rq));
}

static void expect(uint32_t got, uint32_t want, const char *id, const char *text)
{
	verdict(got == want, id, text, "answer %#x instead of %#x", got, want);
}

static void expect_error(uint32_t got, const char *id, const char *text)
{
	verdict(got >= GPU_ERR_UNSPEC && got <= GPU_ERR_PARAMETER, id, text, "answer %#x", got);
}

static uint32_t create(uint32_t id, uint32_t format, uint32_t w, uint32_t h)
{
	clear();
	rq.create.id = id;
	rq.create.format = format;
	rq.create.width = w;
	rq.create.height = h;
	return ask(GPU_CREATE_2D, sizeof(rq.create));
}

static uint32_t attach(uint32_t id, void *addr, uint32_t bytes)
{
	clear();
	rq.attach.id = id;
	rq.attach.entries = 1;
	rq.attach.entry[0] = (struct gpu_entry){ (uintptr_t)addr, bytes, 0 };
	return ask(GPU_ATTACH, sizeof(rq.attach));
}

static uint32_t show(uint32_t scanout, uint32_t id, struct gpu_rect r)
{
	clear();
	rq.show.scanout = scanout;
	rq.show.id = id;
	rq.show.rect = r;
	return ask(GPU_SET_SCANOUT, sizeof(rq.show));
}

static uint32_t transfer(uint32_t id, struct gpu_rect r, uint64_t offset)
{
	clear();
	rq.transfer.id = id;
	rq.transfer.rect = r;
	rq.transfer.offset = offset;
	return ask(GPU_TRANSFER, sizeof(rq.transfer));
}

static uint32_t flush(uint32_t id, struct gpu_rect r)
{
	clear();
	rq.flush.id = id;
	rq.flush.rect = r;
	return ask(GPU_FLUSH, sizeof(rq.flush));
}

static uint32_t by_id(uint32_t type, uint32_t id)
{
	clear();
	rq.unref.id = id;
	return ask(type, sizeof(rq.unref));
}

static void displays(void)
{
	clear();
	expect(ask(GPU_GET_DISPLAY_INFO, sizeof(rq.hdr)), GPU_OK_DISPLAY_INFO, "gpu.info",
		"display info");
	verdict(rs_len == sizeof(rs.info), "gpu.info.length", "the answer's length is used",
		"%u bytes", rs_len);
	verdict(rs.info.mode[0].enabled == 1 && rs.info.mode[0].rect.w > 0, "gpu.info.mode",
		"scanout 0 has a size", "enabled %u, %ux%u", rs.info.mode[0].enabled,
		rs.info.mode[0].rect.w, rs.info.mode[0].rect.h);
	verdict(rs.info.mode[GPU_MAX_SCANOUTS - 1].enabled == 0 || nscanouts == GPU_MAX_SCANOUTS,
		"gpu.info.absent", "scanouts that are not there are off", "the last one is on");
}

static void edid(void)
{
	static const uint8_t head[8] = { 0, 255, 255, 255, 255, 255, 255, 0 };
	uint8_t sum = 0;

	if ((v.features & GPU_F_EDID) == 0) {
		verdict_skip("gpu.edid", "EDID", "not offered");
		return;
	}
	clear();
	expect(ask(GPU_GET_EDID, sizeof(rq.get_edid)), GPU_OK_EDID, "gpu.edid", "EDID");
	for (unsigned int i = 0; i < 128; i++)
		sum = (uint8_t)(sum + rs.edid.edid[i]);
	verdict(rs.edid.bytes >= 128 && rs.edid.bytes % 128 == 0 &&
			memcmp(rs.edid.edid, head, 8) == 0 && sum == 0,
		"gpu.edid.valid", "the EDID has its head and checksum", "%u bytes, sum %u",
		rs.edid.bytes, sum);
	clear();
	rq.get_edid.scanout = nscanouts;
	expect_error(ask(GPU_GET_EDID, sizeof(rq.get_edid)), "gpu.edid.absent",
		"no EDID of a scanout that is not there");
}

static void resources(void)
{
	expect(create(0, GPU_FORMAT_BGRX, W, H), GPU_ERR_RESOURCE, "gpu.create.zero",
		"resource 0 cannot be created");
	expect_error(create(7, 99, W, H), "gpu.create.format", "an unknown format is refused");
	if (on_qemu())
		verdict_skip("gpu.create.size", "a size of 0 is refused", "QEMU takes it");
	else
		expect_error(create(7, GPU_FORMAT_BGRX, 0, H), "gpu.create.size",
			"a size of 0 is refused");
	expect(create(1, GPU_FORMAT_BGRX, W, H), GPU_OK, "gpu.create", "a resource is created");
	expect(create(1, GPU_FORMAT_BGRX, W, H), GPU_ERR_RESOURCE, "gpu.create.twice",
		"an identifier is used once");
	expect_error(transfer(1, (struct gpu_rect){ 0, 0, W, H }, 0), "gpu.transfer.bare",
		"no transfer without backing");
	expect(attach(99, pixels, sizeof(pixels)), GPU_ERR_RESOURCE, "gpu.attach.absent",
		"no backing for a resource that is not there");
	expect(attach(1, pixels, sizeof(pixels)), GPU_OK, "gpu.attach", "backing is attached");
	expect_error(
		attach(1, pixels, sizeof(pixels)), "gpu.attach.twice", "backing is attached once");
}

static void transfers(void)
{
	expect(transfer(1, (struct gpu_rect){ 0, 0, W, H }, 0), GPU_OK, "gpu.transfer",
		"all of it");
	expect(transfer(1, (struct gpu_rect){ 3, 5, 7, 2 }, 4 * (5 * W + 3)), GPU_OK,
		"gpu.transfer.part", "a part of it");
	expect(transfer(99, (struct gpu_rect){ 0, 0, W, H }, 0), GPU_ERR_RESOURCE,
		"gpu.transfer.absent", "a resource that is not there");
	expect(transfer(1, (struct gpu_rect){ 1, 0, W, H }, 0), GPU_ERR_PARAMETER,
		"gpu.transfer.outside", "a rectangle outside is refused");
	expect(transfer(1, (struct gpu_rect){ 0xffffffffu, 0, 2, 1 }, 0), GPU_ERR_PARAMETER,
		"gpu.transfer.wrap", "a rectangle that wraps is refused");
	if (on_qemu())
		verdict_skip("gpu.transfer.offset", "an offset outside is refused", "QEMU clips");
	else
		expect_error(transfer(1, (struct gpu_rect){ 0, 0, W, H }, 4096),
			"gpu.transfer.offset", "an offset outside is refused");
}

static void scanouts(void)
{
	expect(show(nscanouts, 1, (struct gpu_rect){ 0, 0, W, H }), GPU_ERR_SCANOUT,
		"gpu.show.absent", "a scanout that is not there");
	expect(show(0, 99, (struct gpu_rect){ 0, 0, W, H }), GPU_ERR_RESOURCE, "gpu.show.resource",
		"a resource that is not there");
	expect(show(0, 1, (struct gpu_rect){ 0, 0, W + 1, H }), GPU_ERR_PARAMETER,
		"gpu.show.outside", "a rectangle outside is refused");
	expect(show(0, 1, (struct gpu_rect){ 0, 0, W, H }), GPU_OK, "gpu.show", "a scanout shows");
	expect(flush(1, (struct gpu_rect){ 0, 0, W, H }), GPU_OK, "gpu.flush", "a flush");
	expect(flush(1, (struct gpu_rect){ 5, 5, 10, 10 }), GPU_OK, "gpu.flush.part",
		"a small flush");
	expect(flush(99, (struct gpu_rect){ 0, 0, W, H }), GPU_ERR_RESOURCE, "gpu.flush.absent",
		"a resource that is not there");
	expect(flush(1, (struct gpu_rect){ 0, 1, W, H }), GPU_ERR_PARAMETER, "gpu.flush.outside",
		"a rectangle outside is refused");
	clear();
	rq.flush.id = 1;
	rq.flush.rect = (struct gpu_rect){ 0, 0, W, H };
	rq.hdr.flags = GPU_FLAG_FENCE;
	rq.hdr.fence = 0x1122334455667788;
	rq.hdr.ctx = 0;
	expect(ask(GPU_FLUSH, sizeof(rq.flush)), GPU_OK, "gpu.fence", "a fenced flush");
	verdict((rs.hdr.flags & GPU_FLAG_FENCE) != 0 && rs.hdr.fence == 0x1122334455667788,
		"gpu.fence.id", "the answer carries the fence", "flags %x fence %llx", rs.hdr.flags,
		(unsigned long long)rs.hdr.fence);
	expect(show(0, 0, (struct gpu_rect){ 0, 0, 0, 0 }), GPU_OK, "gpu.off", "a scanout is off");
}

static void scattered(void)
{
	expect(create(2, GPU_FORMAT_BGRA, 32, 96), GPU_OK, "gpu.create", "a resource is created");
	clear();
	rq.attach.id = 2;
	rq.attach.entries = 3;
	/* Backwards, in pieces that are no multiple of a line. */
	rq.attach.entry[0] = (struct gpu_entry){ (uintptr_t)pixels + 8192, 4096, 0 };
	rq.scattered.more[0] = (struct gpu_entry){ (uintptr_t)pixels + 4096 + 100, 3996, 0 };
	rq.scattered.more[1] = (struct gpu_entry){ (uintptr_t)pixels, 4196, 0 };
	expect(ask(GPU_ATTACH, sizeof(rq.scattered)), GPU_OK, "gpu.attach.pieces",
		"backing in three pieces");
	expect(transfer(2, (struct gpu_rect){ 0, 0, 32, 96 }, 0), GPU_OK, "gpu.transfer.pieces",
		"a transfer across pieces");
	expect(by_id(GPU_DETACH, 2), GPU_OK, "gpu.detach", "backing is detached");
	expect_error(transfer(2, (struct gpu_rect){ 0, 0, 32, 96 }, 0), "gpu.detach.gone",
		"no transfer after that");
	expect(by_id(GPU_UNREF, 2), GPU_OK, "gpu.unref", "a resource is freed");
	expect(by_id(GPU_UNREF, 2), GPU_ERR_RESOURCE, "gpu.unref.twice", "but only once");
}

static void cursors(void)
{
	uint32_t len;

	expect(create(3, GPU_FORMAT_BGRA, 64, 64), GPU_OK, "gpu.create", "a cursor image");
	for (unsigned int i = 0; i < 3; i++) {
		clear();
		rq.cursor.hdr.type = i == 1 ? GPU_MOVE_CURSOR : GPU_UPDATE_CURSOR;
		rq.cursor.x = 10;
		rq.cursor.y = 20;
		rq.cursor.id = i == 0 ? 3 : 0;
		verdict(transact(
				&cursor, &(struct virtq_buf){ &rq, sizeof(rq.cursor) }, 1, 0, &len),
			"gpu.cursor",
			i == 0   ? "shown"
			: i == 1 ? "moved"
				 : "hidden",
			"not taken");
	}
	expect(by_id(GPU_UNREF, 3), GPU_OK, "gpu.unref", "the cursor image is freed");
}

static void blobs(void)
{
	if ((v.features & GPU_F_BLOB) == 0) {
		verdict_skip("gpu.blob", "blob resources", "not offered");
		return;
	}
	clear();
	rq.blob.id = 5;
	rq.blob.mem = 1;
	rq.blob.entries = 1;
	rq.blob.bytes = sizeof(pixels);
	rq.blob.entry[0] = (struct gpu_entry){ (uintptr_t)pixels, sizeof(pixels), 0 };
	expect(ask(GPU_CREATE_BLOB, sizeof(rq.blob)), GPU_OK, "gpu.blob", "a guest memory blob");
	clear();
	rq.show_blob.id = 5;
	rq.show_blob.rect = (struct gpu_rect){ 0, 0, W, H };
	rq.show_blob.width = W;
	rq.show_blob.height = H;
	rq.show_blob.format = GPU_FORMAT_BGRX;
	rq.show_blob.stride[0] = 4 * W;
	expect(ask(GPU_SET_SCANOUT_BLOB, sizeof(rq.show_blob)), GPU_OK, "gpu.blob.show",
		"a scanout shows it");
	expect(flush(5, (struct gpu_rect){ 0, 0, W, H }), GPU_OK, "gpu.blob.flush", "a flush");
	clear();
	rq.show_blob.id = 5;
	rq.show_blob.rect = (struct gpu_rect){ 0, 0, W, H + 1 };
	rq.show_blob.width = W;
	rq.show_blob.height = H + 1;
	rq.show_blob.format = GPU_FORMAT_BGRX;
	rq.show_blob.stride[0] = 4 * W;
	expect_error(ask(GPU_SET_SCANOUT_BLOB, sizeof(rq.show_blob)), "gpu.blob.outside",
		"a picture larger than the blob is refused");
	expect(show(0, 0, (struct gpu_rect){ 0, 0, 0, 0 }), GPU_OK, "gpu.off", "a scanout is off");
	expect(by_id(GPU_UNREF, 5), GPU_OK, "gpu.unref", "the blob is freed");
	clear();
	rq.blob.id = 0;
	rq.blob.mem = 1;
	expect_error(ask(GPU_CREATE_BLOB, sizeof(rq.blob)), "gpu.blob.zero",
		"resource 0 cannot be created");
}

static void others(void)
{
	clear();
	expect_error(ask(0x1ff, sizeof(rq.hdr)), "gpu.unknown", "an unknown command is refused");
	clear();
	expect_error(ask(0x200, 96), "gpu.no3d", "3D is refused without VIRGL");
	clear();
	expect_error(ask(GPU_GET_CAPSET_INFO, 32), "gpu.capset", "there are no capsets");
}

void suite_gpu(void)
{
	if (virtio_count(VIRTIO_GPU) == 0) {
		verdict_skip("gpu", "GPU device", "there is none");
		return;
	}
	if (!verdict(raw_open(&v, VIRTIO_GPU, 0, GPU_F_EDID | GPU_F_BLOB) == 0 &&
			     virtq_new(&control, &v, 0, 64) == 0 &&
			     virtq_new(&cursor, &v, 1, 16) == 0,
		    "gpu.open", "the driver starts", "refused"))
		return;
	virtio_driver_ok(&v);
	virtio_config_read(&v, GPU_CFG_SCANOUTS, &nscanouts, sizeof(nscanouts));
	verdict(nscanouts >= 1 && nscanouts <= GPU_MAX_SCANOUTS, "gpu.scanouts", "1 to 16 scanouts",
		"%u", nscanouts);
	displays();
	edid();
	resources();
	transfers();
	scanouts();
	scattered();
	cursors();
	blobs();
	others();
	verdict((virtio_status(&v) & VIRTIO_NEEDS_RESET) == 0, "gpu.healthy",
		"errors do not break the device", "it needs a reset");
	verdict(virtio_reset(&v) == 0, "gpu.end", "reset", "failed");
	virtq_free(&control);
	virtq_free(&cursor);
}
