/* SPDX-License-Identifier: Apache-2.0 */
/* Names of keys, as printed on them or as Linux calls them without KEY_, in lower case. */
#include <linux/input-event-codes.h>
#include <string.h>
#include <strings.h>

#include "sim/scenario/load.h"

static const struct {
	const char *name;
	uint16_t code;
} keys[] = {
	{ "a", KEY_A },
	{ "b", KEY_B },
	{ "c", KEY_C },
	{ "d", KEY_D },
	{ "e", KEY_E },
	{ "f", KEY_F },
	{ "g", KEY_G },
	{ "h", KEY_H },
	{ "i", KEY_I },
	{ "j", KEY_J },
	{ "k", KEY_K },
	{ "l", KEY_L },
	{ "m", KEY_M },
	{ "n", KEY_N },
	{ "o", KEY_O },
	{ "p", KEY_P },
	{ "q", KEY_Q },
	{ "r", KEY_R },
	{ "s", KEY_S },
	{ "t", KEY_T },
	{ "u", KEY_U },
	{ "v", KEY_V },
	{ "w", KEY_W },
	{ "x", KEY_X },
	{ "y", KEY_Y },
	{ "z", KEY_Z },
	{ "0", KEY_0 },
	{ "1", KEY_1 },
	{ "2", KEY_2 },
	{ "3", KEY_3 },
	{ "4", KEY_4 },
	{ "5", KEY_5 },
	{ "6", KEY_6 },
	{ "7", KEY_7 },
	{ "8", KEY_8 },
	{ "9", KEY_9 },
	{ "f1", KEY_F1 },
	{ "f2", KEY_F2 },
	{ "f3", KEY_F3 },
	{ "f4", KEY_F4 },
	{ "f5", KEY_F5 },
	{ "f6", KEY_F6 },
	{ "f7", KEY_F7 },
	{ "f8", KEY_F8 },
	{ "f9", KEY_F9 },
	{ "f10", KEY_F10 },
	{ "f11", KEY_F11 },
	{ "f12", KEY_F12 },
	{ "enter", KEY_ENTER },
	{ "return", KEY_ENTER },
	{ "esc", KEY_ESC },
	{ "escape", KEY_ESC },
	{ "tab", KEY_TAB },
	{ "space", KEY_SPACE },
	{ "backspace", KEY_BACKSPACE },
	{ "insert", KEY_INSERT },
	{ "delete", KEY_DELETE },
	{ "home", KEY_HOME },
	{ "end", KEY_END },
	{ "pageup", KEY_PAGEUP },
	{ "pagedown", KEY_PAGEDOWN },
	{ "up", KEY_UP },
	{ "down", KEY_DOWN },
	{ "left", KEY_LEFT },
	{ "right", KEY_RIGHT },
	{ "minus", KEY_MINUS },
	{ "equal", KEY_EQUAL },
	{ "leftbrace", KEY_LEFTBRACE },
	{ "rightbrace", KEY_RIGHTBRACE },
	{ "semicolon", KEY_SEMICOLON },
	{ "apostrophe", KEY_APOSTROPHE },
	{ "grave", KEY_GRAVE },
	{ "backslash", KEY_BACKSLASH },
	{ "comma", KEY_COMMA },
	{ "dot", KEY_DOT },
	{ "slash", KEY_SLASH },
	{ "leftshift", KEY_LEFTSHIFT },
	{ "rightshift", KEY_RIGHTSHIFT },
	{ "leftctrl", KEY_LEFTCTRL },
	{ "rightctrl", KEY_RIGHTCTRL },
	{ "leftalt", KEY_LEFTALT },
	{ "rightalt", KEY_RIGHTALT },
	{ "leftmeta", KEY_LEFTMETA },
	{ "rightmeta", KEY_RIGHTMETA },
	{ "capslock", KEY_CAPSLOCK },
	{ "numlock", KEY_NUMLOCK },
	{ "scrolllock", KEY_SCROLLLOCK },
	{ "sysrq", KEY_SYSRQ },
	{ "pause", KEY_PAUSE },
	{ "kp0", KEY_KP0 },
	{ "kp1", KEY_KP1 },
	{ "kp2", KEY_KP2 },
	{ "kp3", KEY_KP3 },
	{ "kp4", KEY_KP4 },
	{ "kp5", KEY_KP5 },
	{ "kp6", KEY_KP6 },
	{ "kp7", KEY_KP7 },
	{ "kp8", KEY_KP8 },
	{ "kp9", KEY_KP9 },
	{ "kpenter", KEY_KPENTER },
	{ "kpplus", KEY_KPPLUS },
	{ "kpminus", KEY_KPMINUS },
	/* Steering wheel, knob and media keys. */
	{ "volumeup", KEY_VOLUMEUP },
	{ "volumedown", KEY_VOLUMEDOWN },
	{ "mute", KEY_MUTE },
	{ "playpause", KEY_PLAYPAUSE },
	{ "nextsong", KEY_NEXTSONG },
	{ "previoussong", KEY_PREVIOUSSONG },
	{ "stopcd", KEY_STOPCD },
	{ "phone", KEY_PHONE },
	{ "voicecommand", KEY_VOICECOMMAND },
	{ "menu", KEY_MENU },
	{ "back", KEY_BACK },
	{ "homepage", KEY_HOMEPAGE },
	{ "power", KEY_POWER },
};

uint16_t scenario_key_code(const char *name)
{
	if (strncasecmp(name, "KEY_", 4) == 0)
		name += 4;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcasecmp(keys[i].name, name) == 0)
			return keys[i].code;
	}
	return 0;
}

const char *scenario_key_name_at(size_t i)
{
	return i < ARRAY_SIZE(keys) ? keys[i].name : NULL;
}
