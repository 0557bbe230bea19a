# SPDX-License-Identifier: Apache-2.0
dyno_test(unit_ui_input SOURCES test_ui_input.c LINK dyno_uicore)
dyno_test(unit_ui_view SOURCES test_ui_view.c LINK dyno_uicore)
dyno_test(unit_ui_link SOURCES test_ui_link.c LINK dyno_uicore)
dyno_test(unit_ui_manifest SOURCES test_ui_manifest.c LINK dyno_uicore)
dyno_test(unit_ui_watch SOURCES test_ui_watch.c LINK dyno_uicore)
