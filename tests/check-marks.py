#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails when a text that a person sees is not marked for translation: check-marks.py ROOT. It knows
the usual places: what an error is made of, what a dialog or a row is given, the properties of .ui
files that are shown or read out. Names, numbers and what is only put together need no mark."""
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

FOLDERS = ["app", "core", "ui"]
# Protocols, which have no language: the lab and the servers. And what only developers start.
UNTRANSLATED = re.compile(
    r"core/lab/|app/lab/|core/gateway/lk-gateway(-upstream)?\.c|core/net/lk-server|ui/lk-shot\.c")
PROTOCOL = re.compile(r"^The request|^Item %u of the request|is nobody's$")  # the gateway's answers
CALLS = re.compile(
    r"\b(g_set_error|g_set_error_literal|g_error_new|g_error_new_literal|lk_error_set_remote"
    r"|lk_link_fail|lk_ctl_say|lk_ctl_print|lk_ctl_fail_usage|lk_gateway_cli_set_usage"
    r"|gtk_label_set_(?:text|label)|gtk_widget_set_tooltip_text|gtk_button_set_label"
    r"|adw_toast_new|adw_message_dialog_new|adw_message_dialog_add_response"
    r"|adw_preferences_row_set_title|adw_action_row_set_subtitle|adw_status_page_set_\w+"
    r"|gtk_window_set_title|g_strdup_printf|g_string_append_printf|g_string_append|g_strdup)"
    r" \(")
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
SENTENCE = re.compile(r"[A-Za-z]{2,}[,:;]? [a-z]{2,}[,:;.]? [a-z]{2,}|%[a-z][,:]? [a-z]{2,} [a-z]{2,}")
SQL = re.compile(r"\b(SELECT|FROM|WHERE|AND|OR|SET|VALUES|JOIN|LIMIT)\b")
COMMENT = re.compile(r"/\*.*?\*/", re.S)
SHOWN = {"label", "title", "subtitle", "tooltip-text", "description", "placeholder-text", "heading",
         "body", "icon-tooltip-text", "primary-icon-tooltip-text", "secondary-icon-tooltip-text"}
WORD = re.compile(r"[A-Za-z]{2,}")

faults = []


def find_end(text, start):
    """The place behind the bracket that closes the one before @start, texts left aside."""
    depth, i = 1, start
    while depth > 0 and i < len(text):
        string = STRING.match(text, i)
        if string:
            i = string.end()
            continue
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        i += 1
    return i


def drop_marked(call):
    """A call's arguments without what is marked, and without calls that judge for themselves."""
    while True:
        mark = re.search(r"\b(_|N_|C_|NC_|ngettext|g_dngettext|g_warning|g_debug|strstr|"
                         r"g_str_has_prefix|g_str_equal) \(", call)
        if not mark:
            return call
        call = call[: mark.start()] + call[find_end(call, mark.end()):]


def check_source(path, name):
    text = COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), path.read_text("utf-8"))
    for call in CALLS.finditer(text):
        arguments = drop_marked(text[call.end(): find_end(text, call.end())])
        for group in re.finditer(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*', arguments):
            said = "".join(STRING.findall(group.group()))
            if SENTENCE.search(said) and not SQL.search(said) and not PROTOCOL.search(said):
                line = text.count("\n", 0, call.start()) + 1
                faults.append(f"{name}:{line}: “{said}” is not marked")


def check_template(path, name):
    for element in ElementTree.parse(path).getroot().iter():
        shown = (element.tag == "property" and element.get("name") in SHOWN) or \
            (element.tag == "attribute" and element.get("name") == "label") or \
            (element.tag == "item" and element.text)
        text = (element.text or "").strip()
        if (shown and WORD.search(text) and element.get("translatable") not in ("yes", "true") and
                not len(element) and element.get("bind-source") is None):
            faults.append(f"{name}: “{text}” is not translatable")


def main():
    root = pathlib.Path(sys.argv[1])
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.suffix == ".c" and not UNTRANSLATED.match(name):
                check_source(path, name)
            elif path.suffix == ".ui":
                check_template(path, name)
    print("\n".join(faults) or "marks ok")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
