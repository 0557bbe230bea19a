/* SPDX-License-Identifier: Apache-2.0 */
/* HID usages to evdev codes (HID Usage Tables, "Keyboard/Keypad Page (0x07)"). */
#include "ui/keymap.h"

#include <linux/input-event-codes.h>

static const uint16_t map[KEYMAP_USAGES] = { [0x04] = KEY_A,
	KEY_B,
	KEY_C,
	KEY_D,
	KEY_E,
	KEY_F,
	KEY_G,
	KEY_H,
	KEY_I,
	KEY_J,
	KEY_K,
	KEY_L,
	KEY_M,
	KEY_N,
	KEY_O,
	KEY_P,
	KEY_Q,
	KEY_R,
	KEY_S,
	KEY_T,
	KEY_U,
	KEY_V,
	KEY_W,
	KEY_X,
	KEY_Y,
	KEY_Z,
	KEY_1,
	KEY_2,
	KEY_3,
	KEY_4,
	KEY_5,
	KEY_6,
	KEY_7,
	KEY_8,
	KEY_9,
	KEY_0,
	KEY_ENTER,
	KEY_ESC,
	KEY_BACKSPACE,
	KEY_TAB,
	KEY_SPACE,
	KEY_MINUS,
	KEY_EQUAL,
	KEY_LEFTBRACE,
	KEY_RIGHTBRACE,
	KEY_BACKSLASH,
	KEY_BACKSLASH,
	KEY_SEMICOLON,
	KEY_APOSTROPHE,
	KEY_GRAVE,
	KEY_COMMA,
	KEY_DOT,
	KEY_SLASH,
	KEY_CAPSLOCK,
	KEY_F1,
	KEY_F2,
	KEY_F3,
	KEY_F4,
	KEY_F5,
	KEY_F6,
	KEY_F7,
	KEY_F8,
	KEY_F9,
	KEY_F10,
	KEY_F11,
	KEY_F12,
	KEY_SYSRQ,
	KEY_SCROLLLOCK,
	KEY_PAUSE,
	KEY_INSERT,
	KEY_HOME,
	KEY_PAGEUP,
	KEY_DELETE,
	KEY_END,
	KEY_PAGEDOWN,
	KEY_RIGHT,
	KEY_LEFT,
	KEY_DOWN,
	KEY_UP,
	KEY_NUMLOCK,
	KEY_KPSLASH,
	KEY_KPASTERISK,
	KEY_KPMINUS,
	KEY_KPPLUS,
	KEY_KPENTER,
	KEY_KP1,
	KEY_KP2,
	KEY_KP3,
	KEY_KP4,
	KEY_KP5,
	KEY_KP6,
	KEY_KP7,
	KEY_KP8,
	KEY_KP9,
	KEY_KP0,
	KEY_KPDOT,
	KEY_102ND,
	KEY_COMPOSE,
	KEY_POWER,
	KEY_KPEQUAL,
	KEY_F13,
	KEY_F14,
	KEY_F15,
	KEY_F16,
	KEY_F17,
	KEY_F18,
	KEY_F19,
	KEY_F20,
	KEY_F21,
	KEY_F22,
	KEY_F23,
	KEY_F24,
	[0x7f] = KEY_MUTE,
	KEY_VOLUMEUP,
	KEY_VOLUMEDOWN,
	[0xe0] = KEY_LEFTCTRL,
	KEY_LEFTSHIFT,
	KEY_LEFTALT,
	KEY_LEFTMETA,
	KEY_RIGHTCTRL,
	KEY_RIGHTSHIFT,
	KEY_RIGHTALT,
	KEY_RIGHTMETA };
static_assert(KEYMAP_USAGES == 256, "the keyboard page has 256 usages");

uint16_t keymap_evdev(uint32_t usage)
{
	return usage < KEYMAP_USAGES ? map[usage] : 0;
}

static void put(struct input_event_rec *ev, uint16_t code, int32_t value)
{
	ev[0] = (struct input_event_rec){ EV_KEY, code, value };
	ev[1] = (struct input_event_rec){ EV_SYN, SYN_REPORT, 0 };
}

uint32_t key_event(struct key_state *s, uint32_t usage, int32_t value, struct input_event_rec ev[2])
{
	uint16_t code = keymap_evdev(usage);
	uint64_t bit = UINT64_C(1) << (usage % 64);
	bool down;

	if (!code)
		return 0;
	down = s->down[usage / 64] & bit;
	if (value == 0 && !down)
		return 0;
	if (value == 1 && down)
		value = 2;
	if (value)
		s->down[usage / 64] |= bit;
	else
		s->down[usage / 64] &= ~bit;
	put(ev, code, value);
	return 2;
}

uint32_t key_release_all(struct key_state *s, struct input_event_rec *ev, uint32_t room)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w < KEYMAP_USAGES / 64; w++) {
		while (s->down[w] && n + 2 <= room) {
			uint32_t usage = w * 64 + (uint32_t)__builtin_ctzll(s->down[w]);

			s->down[w] &= s->down[w] - 1;
			put(ev + n, map[usage], 0);
			n += 2;
		}
	}
	return n;
}
