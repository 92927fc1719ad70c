/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-help-window.h"

#include <string.h>

struct _LkHelpWindow
{
  AdwWindow parent_instance;

  GtkTextView *text_view;
  GtkTextBuffer *text;
};

G_DEFINE_FINAL_TYPE (LkHelpWindow, lk_help_window, ADW_TYPE_WINDOW)

/* Takes the marks *…*, **…** and `…` out of a line and sets what they enclose in their way. */
static void
append_line (LkHelpWindow *self, const char *line, const char *line_tag)
{
  static const struct
  {
    const char *mark;
    const char *tag;
  } marks[] = { { "**", "strong" }, { "*", "emphasis" }, { "`", "code" } };
  const char *tag = NULL;
  GtkTextIter end;

  while (*line != '\0')
    {
      gsize length = strcspn (line, "*`");

      gtk_text_buffer_get_end_iter (self->text, &end);
      gtk_text_buffer_insert_with_tags_by_name (self->text, &end, line, (int) length,
                                                tag != NULL ? tag : line_tag,
                                                tag != NULL ? line_tag : NULL, NULL);
      line += length;
      for (guint i = 0; i < G_N_ELEMENTS (marks); i++)
        if (g_str_has_prefix (line, marks[i].mark))
          {
            tag = tag == NULL ? marks[i].tag : NULL;
            line += strlen (marks[i].mark);
            break;
          }
    }
}

/* The text in the first of the user's languages that there is one for, else in English; to be
 * freed. */
static GBytes *
load_text (void)
{
  const char *const *languages = g_get_language_names ();
  GBytes *bytes = NULL;

  for (guint i = 0; languages[i] != NULL && bytes == NULL; i++)
    {
      g_autofree char *name = g_strdup_printf ("/org/latchkey/Latchkey/help.%s.md", languages[i]);

      bytes = g_resources_lookup_data (name, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    }
  return bytes != NULL ? bytes
                       : g_resources_lookup_data ("/org/latchkey/Latchkey/help.md",
                                                  G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
}

static void
fill (LkHelpWindow *self)
{
  g_autoptr (GBytes) bytes = load_text ();
  g_auto (GStrv) lines = NULL;

  g_return_if_fail (bytes != NULL);

  lines = g_strsplit (g_bytes_get_data (bytes, NULL), "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *line = lines[i];

      if (*line == '\0')
        continue; /* the tags know the distances */
      if (g_str_has_prefix (line, "# "))
        append_line (self, line + 2, "title");
      else if (g_str_has_prefix (line, "## "))
        append_line (self, line + 3, "heading");
      else if (g_str_has_prefix (line, "- "))
        {
          append_line (self, "• ", "item");
          append_line (self, line + 2, "item");
        }
      else
        append_line (self, line, "body");
      if (lines[i + 1] != NULL)
        append_line (self, "\n", "body");
    }
}

void
lk_help_window_present (GtkWindow *parent)
{
  gtk_window_present (g_object_new (LK_TYPE_HELP_WINDOW, "transient-for", parent, NULL));
}

static void
lk_help_window_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), LK_TYPE_HELP_WINDOW);

  G_OBJECT_CLASS (lk_help_window_parent_class)->dispose (object);
}

static void
lk_help_window_class_init (LkHelpWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_help_window_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-help-window.ui");
  gtk_widget_class_bind_template_child (widget_class, LkHelpWindow, text_view);
  gtk_widget_class_bind_template_child (widget_class, LkHelpWindow, text);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
lk_help_window_init (LkHelpWindow *self)
{
  GtkTextIter start;

  gtk_widget_init_template (GTK_WIDGET (self));
  fill (self);
  gtk_text_buffer_get_start_iter (self->text, &start);
  gtk_text_buffer_place_cursor (self->text, &start);
}
